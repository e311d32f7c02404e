"""What PyTorch says, for packages/conformance/fixtures. Run it after a sample changed:

    /usr/bin/python3 scripts/make-fixtures.py

It needs Node, the installed workspace, and Debian's python3-torch (1.13).
"""

import base64
import functools
import json
import math
import pathlib
import re
import subprocess

import numpy as np
import torch
import torch.nn.functional as F

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "packages/conformance/fixtures"
DTYPES = {"float32": torch.float64, "float64": torch.float64, "int32": torch.int32, "bool": torch.bool}

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def packed(array):
    """Little-endian float32 in base64."""
    with np.errstate(over="ignore"):
        return base64.b64encode(np.asarray(array, dtype=np.float64).astype("<f4").tobytes()).decode()


# ── ops ──


def decoded(value):
    """JSON has no infinities: they come as { "number": "-Infinity" }."""
    if isinstance(value, dict) and set(value) == {"number"}:
        return float(value["number"].replace("Infinity", "inf"))
    return value


def snake(name):
    return re.sub("([A-Z])", lambda m: "_" + m.group(1).lower(), name)


def incoming(shape, k):
    """The gradient by output k: nothing that is all ones."""
    count = math.prod(shape)
    return torch.tensor([math.cos(1 + k + i) for i in range(count)]).reshape(shape)


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


def write(name, value):
    FIXTURES.mkdir(exist_ok=True)
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(entry, separators=(',', ':'))}" for key, entry in value.items())
    path = FIXTURES / name
    path.write_text("{\n" + lines + "\n}\n")
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    write("ops.json", ops())
