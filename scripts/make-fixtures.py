"""What PyTorch says, for packages/conformance/fixtures. Run it after a sample changed:

    /usr/bin/python3 scripts/make-fixtures.py            # all of them
    /usr/bin/python3 scripts/make-fixtures.py layers     # those named: ops, layers, models

It needs Node, the installed workspace, and Debian's python3-torch (1.13).
"""

import functools
import json
import math
import pathlib
import re
import subprocess
import sys

import torch
import torch.nn.functional as F

from fixtures.attention import attention
from fixtures.hashed import classes, incoming, packed, uniform
from fixtures.layers import layers
from fixtures.losses import losses
from fixtures.optimizers import optimizers, schedules
from fixtures.rnn import recurrent
from fixtures.state import state

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "packages/conformance/fixtures"
DTYPES = {"float32": torch.float64, "float64": torch.float64, "int32": torch.int32, "bool": torch.bool}

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


# ── ops ──


def decoded(value):
    """JSON has no infinities: they come as { "number": "-Infinity" }."""
    if isinstance(value, dict) and set(value) == {"number"}:
        return float(value["number"].replace("Infinity", "inf"))
    return value


def snake(name):
    return re.sub("([A-Z])", lambda m: "_" + m.group(1).lower(), name)


def answer(expression, case):
    function = eval(expression, {"torch": torch, "F": F, "math": math, "functools": functools})
    leaves = []
    for spec in case["inputs"]:
        leaf = torch.tensor(spec["values"]).to(DTYPES[spec["dtype"]]).reshape(spec["shape"])
        leaf = leaf.expand(spec.get("expandTo", spec["shape"])).clone()
        leaves.append(leaf.requires_grad_(leaf.is_floating_point()))
    args = list(case["args"])
    options = {}
    if args and isinstance(args[-1], dict):
        options = {snake(key): value for key, value in args.pop().items()}
    result = function(*leaves, *args, **options)
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    stored = {"case": case["index"], "outputs": [{"shape": list(y.shape), "data": packed(y.detach())} for y in outputs]}
    wanted = [x for x in leaves if x.requires_grad]
    floats = [(y, incoming(y.shape, k)) for k, y in enumerate(outputs) if y.is_floating_point()]
    if wanted and floats:
        reached = [(y, dy) for y, dy in floats if y.requires_grad]
        total = sum((y * dy).sum() for y, dy in reached)
        grads = torch.autograd.grad(total, wanted, allow_unused=True) if reached else [None] * len(wanted)
        stored["gradients"] = [packed(torch.zeros_like(x) if g is None else g) for x, g in zip(wanted, grads)]
    return stored


def ops():
    dump = subprocess.run(["node", str(ROOT / "scripts/dump-samples.mjs")], check=True, capture_output=True, text=True).stdout
    answers = {}
    errors = []
    for question in json.loads(dump, object_hook=decoded):
        cases = []
        for case in question["cases"]:
            try:
                cases.append(answer(question["expression"], case))
            except Exception as error:
                errors.append(f"{question['name']}, case {case['index']}: {type(error).__name__}: {error}")
        answers[question["name"]] = {"hash": question["hash"], "cases": cases}
    if errors:
        raise SystemExit("\n".join(errors))
    return answers


# ── models ──


def fill(model):
    """Weights in ±1/√fan-in, biases in ±0.1; the scales of batch norm around 1."""
    with torch.no_grad():
        for k, parameter in enumerate(model.parameters()):
            fan_in = math.prod(parameter.shape[1:])
            scale = 1 / math.sqrt(fan_in) if parameter.ndim > 1 else 0.1
            parameter.copy_(uniform(k + 1, parameter.shape, scale))
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.add_(1)
    return model


def small_cnn():
    nn = torch.nn
    return fill(
        nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(1568, 128), nn.ReLU(), nn.Linear(128, 10),
        )
    )


def normalised_cnn():
    nn = torch.nn
    return fill(
        nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.GELU(), nn.AvgPool2d(2), nn.Conv2d(4, 6, 3, stride=2, bias=False), nn.BatchNorm2d(6, momentum=0.3),
            nn.LeakyReLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(216, 10),
        )
    )


class ResidualBlock(torch.nn.Module):
    """conv, norm, relu, conv, norm, beside the input or its projection; then relu."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        nn = torch.nn
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        same = inputs == outputs and stride == 1
        self.downsample = None if same else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        nn = torch.nn
        self.conv1 = nn.Conv2d(1, 4, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(ResidualBlock(4, 4, 1), ResidualBlock(4, 4, 1))
        self.layer2 = nn.Sequential(ResidualBlock(4, 8, 2), ResidualBlock(8, 8, 1))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer2(self.layer1(x))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def res_net():
    return fill(ResNet())


def without_dropout(model):
    """Dropout draws other numbers here: it is checked in eval() alone."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.eval()


BATCH = 4


def batch(step):
    return uniform(1000 + step, (BATCH, 1, 28, 28), 1.0), classes(2000 + step, BATCH, 10)


def digest(tensors, most=64):
    """Of each tensor its norm, its sum, and at most `most` of its numbers, evenly spread."""
    digests = {}
    for name, x in tensors:
        flat = x.detach().double().flatten()
        stride = max(1, flat.numel() // most)
        digests[name] = {"norm": flat.norm().item(), "sum": flat.sum().item(), "entries": packed(flat[::stride][:most])}
    return digests


def train(make, optimize, steps):
    model = make()
    without_dropout(model)
    optimizer = optimize(model.parameters())
    losses = []
    for step in range(steps):
        x, target = batch(step)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return model, losses


def parity(make, kinds=("sgd", "momentum", "adam", "adamw"), most=64):
    model = make()
    without_dropout(model)
    x, target = batch(0)
    logits = model(x)
    loss = F.cross_entropy(logits, target)
    loss.backward()
    answer = {
        "logits": packed(logits.detach()),
        "loss": loss.item(),
        "gradients": digest(((name, p.grad) for name, p in model.named_parameters()), most),
        "training": {},
    }
    optimizers = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True),
        "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
        "adam": lambda p: torch.optim.Adam(p, lr=2e-3),
        "adamw": lambda p: torch.optim.AdamW(p, lr=2e-3),
    }
    for name, optimize in optimizers.items():
        if name not in kinds:
            continue
        model, losses = train(make, optimize, 10)
        state = [(key, value) for key, value in model.state_dict().items()]
        model.eval()
        with torch.no_grad():
            evaluated = model(batch(50)[0])
        answer["training"][name] = {"losses": losses, "state": digest(state, most), "evaluated": packed(evaluated)}
    return answer


def write(name, value):
    FIXTURES.mkdir(exist_ok=True)
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(entry, separators=(',', ':'))}" for key, entry in value.items())
    path = FIXTURES / name
    path.write_text("{\n" + lines + "\n}\n")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1024:.0f} KiB")


MAKERS = {
    "ops": ops,
    "attention": lambda: attention(uniform, classes, incoming, packed, digest),
    "layers": lambda: layers(ROOT),
    "losses": lambda: losses(uniform, classes, incoming, packed, snake),
    "optimizers": lambda: optimizers(uniform, classes, packed, snake),
    "schedules": lambda: schedules(snake),
    "rnn": lambda: recurrent(uniform, incoming, packed),
    "state": lambda: state(FIXTURES / "state.safetensors", uniform, packed),
    "models": lambda: {
        "smallCnn": parity(small_cnn),
        "normalisedCnn": parity(normalised_cnn),
        "resNet": parity(res_net, ("momentum", "adamw"), most=8),
    },
}

if __name__ == "__main__":
    for name in sys.argv[1:] or MAKERS:
        write(f"{name}.json", MAKERS[name]())
