"""One measurement of the PyTorch twin, for tools/bench.ts: python step.py VARIANT BATCH train|forward STEPS default|channels_last|compile

Prints a line of JSON: seconds of each step after two that warm up, and the largest resident size in MB.
"""

import json
import resource
import sys
import time

import torch
from torch.nn import functional as F

from twin import VARIANTS, CmtClassifier

variant, batch, mode, steps, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5]
torch.manual_seed(0)
torch.set_num_threads(len(__import__("os").sched_getaffinity(0)))
spec = VARIANTS[variant]
model = CmtClassifier(**spec)
images = torch.randn(batch, 3, spec["size"], spec["size"])
targets = torch.arange(batch)
if kind == "channels_last":
    model, images = model.to(memory_format=torch.channels_last), images.to(memory_format=torch.channels_last)
call = torch.compile(model) if kind == "compile" else model
optimizer = torch.optim.AdamW(model.parameters(), 1e-4, fused=True)
model.train(mode == "train")


def train():
    optimizer.zero_grad(set_to_none=True)
    loss = F.cross_entropy(call(images), targets)
    loss.backward()
    optimizer.step()
    return loss.item()


@torch.inference_mode()
def forward():
    return call(images)


seconds = []
for step in range(steps + 2):
    started = time.perf_counter()
    train() if mode == "train" else forward()
    if step >= 2:
        seconds.append(time.perf_counter() - started)
print(json.dumps({"seconds": seconds, "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
