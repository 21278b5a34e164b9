"""Times convolutions of PyTorch for the compare command, which speaks the line protocol of peer.go."""
import os
import sys
import time

import numpy as np
import torch

threads, channels_last = int(sys.argv[1]), sys.argv[2] == "nhwc"
torch.set_num_threads(threads)


def value(n, seed):
    h = np.arange(n, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    return (h & np.uint32(0xFFFF)).astype(np.float32) / 32768 - 1


def tensor(shape, seed):
    t = torch.from_numpy(value(int(np.prod(shape)), seed)).reshape(shape)
    return t.contiguous(memory_format=torch.channels_last) if channels_last else t


def prepare(direction, n, ic, oc, g, h, w, k, s, p):
    oh, ow = (h + 2 * p - k) // s + 1, (w + 2 * p - k) // s + 1
    x, wt, dy = tensor((n, ic, h, w), 1), tensor((oc, ic // g, k, k), 2), tensor((n, oc, oh, ow), 3)
    if direction == "fwd":
        return lambda: torch.nn.functional.conv2d(x, wt, None, s, p, 1, g)
    mask = [direction == "bwd_d", direction == "bwd_w", False]
    pick = 0 if direction == "bwd_d" else 1
    return lambda: torch.ops.aten.convolution_backward(dy, x, wt, None, [s, s], [p, p], [1, 1], False, [0, 0], g, mask)[pick]


print("torch", torch.__version__, sys.argv[2], flush=True)
job = None
with torch.no_grad():
    for line in sys.stdin:
        verb, *args = line.split()
        try:
            if verb == "prepare":
                job = prepare(args[0], *map(int, args[1:]))
                job()
                print("ok", sys.argv[2], flush=True)
            elif verb == "time":
                best, total = 1e9, 0.0
                while total < float(args[0]):
                    t0 = time.perf_counter()
                    job()
                    t = time.perf_counter() - t0
                    best, total = min(best, t), total + t
                print("ok", best, flush=True)
            elif verb == "output":
                job().contiguous().numpy().tofile(args[0])
                print("ok", flush=True)
        except Exception as e:  # the peer refuses a shape: that is an answer
            print("error", str(e).replace("\n", " "), flush=True)
