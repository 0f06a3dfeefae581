"""Speed of a PyTorch DataLoader, for tools/bench-data.ts. Prints one JSON line: { mode: [pictures per second, CPU ms per picture] }.

    python data_loader.py detection|classification|recipe WORKERS REPEAT FILE...

`recipe` is classification with an operation of RandAugment on average, as in cmtdet's recipe: torchvision's operations, which are
much like timm's. Its bicubic rotations work on Pillow pictures alone.

Modes: `pil` decodes and resizes with Pillow, `io` with torchvision's own JPEG decoder and uint8 tensor resize. Each gives uint8
batches, as cmtdet does, and `float` ones, normalised by torchvision. The best of them is what cmtdet is measured against.
"""

import json
import os
import random
import sys
import time

import torch
from PIL import Image
from torchvision import io
from torchvision.transforms import InterpolationMode
from torchvision.transforms import v2 as T
from torchvision.transforms.v2 import functional as F

BATCH = 8
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def to_float(image):
    return F.normalize(F.to_dtype(image, torch.float32, scale=True), MEAN, STD)


class Pictures(torch.utils.data.Dataset):
    def __init__(self, files, task, decoder, as_float):
        self.files, self.task, self.decoder, self.as_float = files, task, decoder, as_float
        bicubic = InterpolationMode.BICUBIC
        self.crop = T.RandomResizedCrop(224, interpolation=bicubic, antialias=True)
        self.distort = T.RandomApply([T.RandAugment(1, 9, interpolation=bicubic)], 0.5)

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        file = self.files[index]
        if self.decoder == "pil":
            image = Image.open(file).convert("RGB")
        else:
            image = io.read_image(file, mode=io.ImageReadMode.RGB)
        if self.task == "detection":
            image = F.resize(image, [800], max_size=1333, interpolation=InterpolationMode.BILINEAR, antialias=True)
        else:
            image = self.crop(image)
        if random.random() < 0.5:
            image = F.horizontal_flip(image)
        if self.task == "recipe":
            image = self.distort(self.distort(image))
        if self.decoder == "pil":
            image = F.pil_to_tensor(image)
        return to_float(image) if self.as_float else image


def collate(images):
    """Pads to the largest of the batch, rounded up to 32, as torchvision's detectors do."""
    sides = [-(-max(image.shape[axis] for image in images) // 32) * 32 for axis in (1, 2)]
    batch = torch.zeros(len(images), 3, *sides, dtype=images[0].dtype)
    for place, image in zip(batch, images):
        place[:, : image.shape[1], : image.shape[2]].copy_(image)
    return batch


def cpu_seconds(pids):
    """Processor time that living processes have taken; Linux only."""
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def speed(files, task, decoder, as_float, workers):
    loader = torch.utils.data.DataLoader(
        Pictures(files, task, decoder, as_float),
        batch_size=BATCH,
        shuffle=True,
        num_workers=workers,
        collate_fn=collate if task == "detection" else None,
        persistent_workers=True,
    )
    for batch in loader:  # the first epoch starts the workers
        pass
    pids = [os.getpid(), *(worker.pid for worker in loader._iterator._workers)]
    start, start_cpu = time.perf_counter(), cpu_seconds(pids)
    count = 0
    for batch in loader:
        count += len(batch)
    seconds, cpu = time.perf_counter() - start, cpu_seconds(pids) - start_cpu
    return count / seconds, 1000 * cpu / count


def main():
    task, workers, repeat, *files = sys.argv[1:]
    files *= int(repeat)
    torch.set_num_threads(1)
    speeds = {
        f"{decoder} {'float' if as_float else 'uint8'}": speed(files, task, decoder, as_float, int(workers))
        for decoder in (("pil",) if task == "recipe" else ("pil", "io"))
        for as_float in (False, True)
    }
    print(json.dumps(speeds))


if __name__ == "__main__":
    main()
