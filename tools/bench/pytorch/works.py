"""The works that are timed: each maker takes a job and a mode, and gives a function that does the work once.

A job is { network, mode: train|forward, batch, height, width }. Modes: `default` and `channels_last` are PyTorch as it is,
`amp` is channels last in float16 with loss scaling, on a GPU; `compile` is torch.compile, `frozen` is torch.compile with weights as constants and channels last (inference only).
"""

from contextlib import nullcontext

import torch
from torch.nn import functional as F

from detection import detect, detection_loss, make_anchors, normalise
from twin import VARIANTS, CmtClassifier, RetinaNet


def make_work(job, mode):
    torch.manual_seed(0)
    network = job["network"]
    if network == "retinanet_resnet50":
        return torchvision_detector(job, mode)
    if network.startswith("retinanet_"):
        return detector(job, mode)
    return classifier(job, mode)


def make_network(name):
    if name == "resnet50":
        from torchvision.models import resnet50

        return resnet50()
    if name.startswith("retinanet_"):
        return RetinaNet(**VARIANTS[name.removeprefix("retinanet_")])
    return CmtClassifier(**VARIANTS[name])


def prepared(model, job, mode):
    """The network in its layout and mode, and what to call in place of it."""
    model.train(job["mode"] == "train")
    if mode in ("channels_last", "frozen", "amp"):
        model = model.to(memory_format=torch.channels_last)
    if mode == "frozen":
        import torch._inductor.config as inductor

        inductor.freezing = True
    return model, torch.compile(model) if mode in ("compile", "frozen") else model


def laid_out(images, mode):
    return images.contiguous(memory_format=torch.channels_last if mode in ("channels_last", "frozen", "amp") else torch.contiguous_format)


def precision(mode):
    return torch.autocast("cuda", torch.float16) if mode == "amp" else nullcontext()


def training(model, loss, mode):
    optimizer = torch.optim.AdamW(model.parameters(), 1e-7, fused=True)
    scaler = torch.amp.GradScaler("cuda", enabled=mode == "amp")

    def step():
        optimizer.zero_grad(set_to_none=True)
        with precision(mode):
            value = loss()
        scaler.scale(value).backward()
        scaler.step(optimizer)
        scaler.update()
        return value.item()

    return step


def classifier(job, mode):
    model, call = prepared(make_network(job["network"]), job, mode)
    images = laid_out(torch.randn(job["batch"], 3, job["height"], job["width"]), mode)
    targets = torch.arange(job["batch"])
    if job["mode"] == "train":
        return training(model, lambda: F.cross_entropy(call(images), targets), mode)
    return inference(lambda: call(images), mode)


def detector(job, mode):
    model, call = prepared(make_network(job["network"]), job, mode)
    batch, height, width = job["batch"], job["height"], job["width"]
    pixels = torch.randint(256, (batch, height, width, 3), dtype=torch.uint8)
    anchors = make_anchors(height, width)
    network = lambda: call(laid_out(normalise(pixels), mode))
    if job["mode"] == "train":
        total = sum(len(level) for level in anchors)
        labels = torch.full((batch, total), model.classes)
        labels[:, ::97] = -1
        labels[:, ::501] = torch.randint(model.classes, labels[:, ::501].shape)
        deltas = torch.randn(batch, total, 4)
        return training(model, lambda: detection_loss(network(), labels, deltas), mode)
    return inference(lambda: detect(network(), anchors, (height, width), threshold=0), mode)


def torchvision_detector(job, mode):
    from torchvision.models.detection import retinanet_resnet50_fpn

    sides = dict(min_size=min(job["height"], job["width"]), max_size=max(job["height"], job["width"]))
    limits = dict(score_thresh=0.0, topk_candidates=1000, detections_per_img=100)
    model = retinanet_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=80, **sides, **limits
    )
    model, call = prepared(model, job, mode)
    images = [laid_out(torch.rand(1, 3, job["height"], job["width"]), mode)[0] for _ in range(job["batch"])]
    corner = torch.tensor([job["width"], job["height"]]) * 0.7 * torch.rand(8, 2)
    boxes = torch.cat((corner, corner + 20 + 60 * torch.rand(8, 2)), 1)
    targets = [dict(boxes=boxes, labels=torch.arange(8)) for _ in images]
    if job["mode"] == "train":
        return training(model, lambda: sum(call(images, targets).values()), mode)
    return inference(lambda: call(images), mode)


def inference(work, mode):
    def run():
        with torch.inference_mode(), precision(mode):
            return work()

    return run


def multiply_accumulates(work, batch):
    """Of one picture: convolutions and products of matrices, counted while `work` runs."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() / 2 / batch
