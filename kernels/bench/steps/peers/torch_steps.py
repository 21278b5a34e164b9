"""Times whole networks of PyTorch for the steps command, which speaks the line protocol of serve.go."""
import gzip
import json
import sys
import time

import numpy as np
import torch
from torch import nn

threads, form = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(threads)
layout = torch.contiguous_format if form == "nchw" else torch.channels_last
FASHION = "/usr/share/datasets/fashion-mnist/train-"


def value(n, seed):
    h = np.arange(n, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    return (h & np.uint32(0xFFFF)).astype(np.float32) / 32768 - 1


class Block(nn.Module):
    def __init__(self, cin, cout, width, groups, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(cin, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, cout, 1, bias=False), nn.BatchNorm2d(cout)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if cin != cout or stride > 1:
            self.downsample = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        y += x if self.downsample is None else self.downsample(x)
        return self.relu(y)


def build(s):
    k = s["stem_kernel"]
    layers = [nn.Conv2d(s["in"], s["stem"], k, 2 if k == 7 else 1, k // 2, bias=False), nn.BatchNorm2d(s["stem"]), nn.ReLU(inplace=True)]
    if k == 7:
        layers.append(nn.MaxPool2d(3, 2, 1))
    cin = s["stem"]
    for i, n in enumerate(s["blocks"]):
        for j in range(n):
            width = s["cardinality"] * (s["base_width"] << i)
            layers.append(Block(cin, s["widths"][i], width, s["cardinality"], 2 if i and not j else 1))
            cin = s["widths"][i]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(cin, s["classes"])]
    return nn.Sequential(*layers).to(memory_format=layout)


def one_batch(w):
    shape = (w["batch"], w["spec"]["in"], w["size"], w["size"])
    x = torch.from_numpy(value(int(np.prod(shape)), 1)).reshape(shape).contiguous(memory_format=layout)
    return x, torch.arange(w["batch"]) % w["spec"]["classes"]


def fashion_batches(batch):
    with gzip.open(FASHION + "images-idx3-ubyte.gz") as f:
        images = torch.from_numpy(np.frombuffer(f.read(), np.uint8, offset=16).copy()).reshape(-1, 1, 28, 28)
    with gzip.open(FASHION + "labels-idx1-ubyte.gz") as f:
        labels = torch.from_numpy(np.frombuffer(f.read(), np.uint8, offset=8).astype(np.int64))
    while True:
        for index in torch.randperm(len(labels)).split(batch):
            if len(index) == batch:
                yield images[index].float().div_(255).contiguous(memory_format=layout), labels[index]


def trainer(w):
    model = build(w["spec"]).train()
    opt = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, nesterov=True, weight_decay=5e-4)
    loss_of = nn.CrossEntropyLoss()
    if w["fashion"]:
        batches = fashion_batches(w["batch"])
    else:
        same = one_batch(w)
        batches = iter(lambda: same, None)

    def step():
        x, y = next(batches)
        opt.zero_grad(set_to_none=True)
        loss = loss_of(model(x), y)
        loss.backward()
        opt.step()
        return loss.item()

    return step


def predictor(w):
    model = build(w["spec"]).eval()
    x, _ = one_batch(w)
    if form == "frozen":
        with torch.no_grad():
            model = torch.jit.optimize_for_inference(torch.jit.trace(model, x))

    def step():
        with torch.no_grad():
            return model(x)

    return step


print("torch", torch.__version__, form, flush=True)
step = None
for line in sys.stdin:
    verb, _, rest = line.strip().partition(" ")
    try:
        if verb == "prepare":
            w = json.loads(rest)
            step = trainer(w) if w["train"] else predictor(w)
            for _ in range(3):
                step()
            print("ok", flush=True)
        elif verb == "time":
            took, end = [], time.perf_counter() + float(rest)
            while len(took) < 2 or time.perf_counter() < end:
                t0 = time.perf_counter()
                step()
                took.append(time.perf_counter() - t0)
            print("ok", sorted(took)[len(took) // 2], flush=True)
    except Exception as e:  # the peer refuses a workload: that is an answer
        print("error", str(e).replace("\n", " "), flush=True)
