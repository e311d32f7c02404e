"""PyTorch as a peer: `pytorch.py WORKLOAD THREADS INPUTS.safetensors`, answering on the IPC channel of Node's child_process."""
import json
import math
import os
import resource
import socket
import sys
import time

workload, threads, inputs_file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(threads)

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(threads)


def read_safetensors(path):
    raw = np.fromfile(path, np.uint8)
    header_bytes = int(raw[:8].view(np.uint64)[0])
    header = json.loads(raw[8 : 8 + header_bytes].tobytes())
    dtypes = {"F32": np.float32, "I32": np.int32}

    def tensor(entry):
        begin, end = (8 + header_bytes + offset for offset in entry["data_offsets"])
        return torch.from_numpy(raw[begin:end].copy().view(dtypes[entry["dtype"]]).reshape(entry["shape"]))

    return {name: tensor(entry) for name, entry in header.items() if name != "__metadata__"}


inputs = read_safetensors(inputs_file)


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc1 = nn.Linear(1568, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class CharLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(65, 128)
        self.lstm = nn.LSTM(128, 128, 2, batch_first=True)
        self.out = nn.Linear(128, 65)

    def forward(self, x):
        return self.out(self.lstm(self.embedding(x))[0])


def layer_norm(width):
    norm = nn.LayerNorm(width)
    norm.bias = None
    return norm


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = layer_norm(width), layer_norm(width)
        self.attn = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width, bias=False)
        self.fc = nn.Linear(width, 4 * width, bias=False)
        self.fcproj = nn.Linear(4 * width, width, bias=False)

    def forward(self, x, mask=None, past=None):
        batch, length, width = x.shape
        split = (part.view(batch, length, self.heads, -1).transpose(1, 2) for part in self.attn(self.ln1(x)).split(width, 2))
        q, k, v = split
        if past is not None:
            k, v = torch.cat((past[0], k), 2), torch.cat((past[1], v), 2)
        scores = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(width // self.heads))
        if mask is not None:
            scores = scores.masked_fill(mask, -math.inf)
        y = (F.softmax(scores, -1) @ v).transpose(1, 2).reshape(batch, length, width)
        x = x + self.proj(y)
        return x + self.fcproj(F.gelu(self.fc(self.ln2(x)), approximate="tanh")), (k, v)


class GPT(nn.Module):
    def __init__(self, block, layers, heads, width):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(65, width), nn.Embedding(block, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.lnf = layer_norm(width)
        self.register_buffer("mask", torch.triu(torch.ones(block, block, dtype=torch.bool), 1), persistent=False)

    def forward(self, idx):
        length = idx.shape[1]
        x = self.wte(idx) + self.wpe.weight[:length]
        for block in self.blocks:
            x, _ = block(x, self.mask[:length, :length])
        return F.linear(self.lnf(x), self.wte.weight)

    def decode(self, token, position, pasts):
        x = self.wte(token) + self.wpe(position)
        for i, block in enumerate(self.blocks):
            x, pasts[i] = block(x, None, pasts[i])
        return F.linear(self.lnf(x), self.wte.weight)[0, 0]


def loaded(model):
    model.load_state_dict({name: inputs[name] for name in model.state_dict()})
    return model


def cross_entropy(scores, target):
    return F.cross_entropy(scores.reshape(-1, scores.shape[-1]), target.reshape(-1))


def training(model, optimizer, batch_of):
    steps = 0

    def step():
        nonlocal steps
        x, y = batch_of(steps)
        steps += 1
        optimizer.zero_grad(set_to_none=True)
        loss = cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step, None


def windows(length):
    text, offsets, span = inputs["text"].long(), inputs["offsets"].long(), torch.arange(length)

    def batch_of(step):
        at = offsets[step % len(offsets)][:, None] + span
        return text[at], text[at + 1]

    return batch_of


def cnn_train():
    model, images, labels = loaded(CNN()), inputs["images"], inputs["labels"].long()

    def batch_of(step):
        first = step % 20 * 64
        return images[first : first + 64], labels[first : first + 64]

    return training(model, torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5), batch_of)


def lstm_train():
    model = loaded(CharLSTM())
    return training(model, torch.optim.Adam(model.parameters(), lr=2e-3), windows(50))


def gpt_train(block, layers, heads, width):
    model = loaded(GPT(block, layers, heads, width))
    groups = [
        dict(params=[p for p in model.parameters() if p.dim() >= 2], weight_decay=0.1),
        dict(params=[p for p in model.parameters() if p.dim() < 2], weight_decay=0.0),
    ]
    return training(model, torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99)), windows(block))


def output(compute):
    """A step that computes a tensor; its check is the root mean square."""
    result = None

    def step():
        nonlocal result
        with torch.no_grad():
            result = compute()

    return step, lambda: result.double().square().mean().sqrt().item()


def cnn_infer(count):
    model, images = loaded(CNN()).eval(), inputs["images"][:count].clone()
    return output(lambda: model(images))


def gpt_generate():
    model, tokens = loaded(GPT(64, 4, 4, 128)).eval(), []

    def step():
        tokens.clear()
        empty = torch.zeros(1, 4, 0, 32)
        pasts, token = [(empty, empty)] * 4, 0
        with torch.no_grad():
            for position in range(63):
                token = int(model.decode(torch.tensor([[token]]), torch.tensor([position]), pasts).argmax())
                tokens.append(token)

    return step, lambda: sum((i + 1) * token for i, token in enumerate(tokens))


def op(compute):
    return lambda: output(lambda: compute(**{name: inputs[name] for name in inputs if name in compute.__code__.co_varnames}))


workloads = {
    "cnn-train": cnn_train,
    "lstm-train": lstm_train,
    "gpt-train": lambda: gpt_train(64, 4, 4, 128),
    "gpt-big-train": lambda: gpt_train(256, 6, 6, 384),
    "cnn-infer-1": lambda: cnn_infer(1),
    "cnn-infer-256": lambda: cnn_infer(256),
    "gpt-generate": gpt_generate,
    "matmul": op(lambda a, b: a @ b),
    "gelu": op(lambda x: F.gelu(x * 1.5 + 0.25, approximate="tanh")),
    "softmax": op(lambda x: F.softmax(x, -1)),
    "layernorm": op(lambda x, weight, bias: F.layer_norm(x, (1024,), weight, bias)),
    "sum0": op(lambda x: x.sum(0)),
    "sum1": op(lambda x: x.sum(1)),
}


def run_turn(step, check, ms, at_least):
    times, losses, start = [], [], time.perf_counter()
    while len(times) < at_least or (time.perf_counter() - start) * 1e3 < ms:
        began = time.perf_counter()
        loss = step()
        times.append((time.perf_counter() - began) * 1e3)
        if check is None:
            losses.append(loss)
    if check is not None and times:
        losses.append(check())
    return dict(times=times, losses=losses, rssMb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def serve():
    channel = socket.socket(fileno=int(os.environ["NODE_CHANNEL_FD"]))
    step, check = workloads["matmul" if workload.startswith("matmul-") else workload]()
    for line in channel.makefile():
        turn = json.loads(line)
        try:
            answer = run_turn(step, check, turn["ms"], turn["atLeast"])
        except Exception as error:
            answer = dict(error=str(error))
        channel.sendall((json.dumps(answer) + "\n").encode())


serve()
