"""Holds the twin to other networks' numbers. Prints a line of JSON; ends with 1 where they differ.

    python check.py authors FOLDER        the CMT authors' network; FOLDER has the parity data of the tests
    python check.py detector FILE         cmtdet's detector; FILE is what ../checkTwins.ts writes
"""

import json
import sys
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch.nn import functional as F

from detection import detect, detection_loss, make_anchors, normalise
from twin import CmtClassifier, RetinaNet

MINI = dict(dims=(16, 32, 64, 128), stem=8, depths=(1, 2, 2, 1), ratio=3.6, size=64, classes=10, width=64)


def relative(found, wanted):
    return ((found - wanted).norm() / wanted.norm()).item()


def check_authors(folder, fused):
    expected = load_file(folder / "expected.safetensors")
    model = CmtClassifier(**MINI, fused=fused)
    weights = load_file(folder / "checkpoint.safetensors")
    model.load_state_dict({name: value.float() if value.is_floating_point() else value for name, value in weights.items()})
    images = expected["input_nhwc"].permute(0, 3, 1, 2)
    errors = {}
    model.eval()
    with torch.no_grad():
        errors["logits"] = relative(model(images), expected["logits_eval"])
        for letter, found in zip("abcd", super(CmtClassifier, model).forward(images)):
            errors[f"stage {letter}"] = relative(found.permute(0, 2, 3, 1), expected[f"stage_{letter}_nhwc"])
    model.train()
    logits = model(images)
    errors["training logits"] = relative(logits, expected["logits_train"])
    F.cross_entropy(logits, expected["labels"]).backward()
    for name, parameter in model.named_parameters():
        wanted = expected.get(f"grad.{name}")
        if wanted is not None and wanted.norm() > 1e-6:
            errors[f"gradient {name}"] = relative(parameter.grad, wanted)
    return errors


def check_detector(file):
    """Head outputs, loss, gradient and boxes, from cmtdet's weights."""
    tensors = load_file(file)
    with safe_open(file, "pt") as opened:
        model = RetinaNet(**json.loads(opened.metadata()["network"]))
    weights = {name.removeprefix("weight/"): value for name, value in tensors.items() if name.startswith("weight/")}
    model.load_state_dict(weights)
    pixels = tensors["images"]
    images = normalise(pixels)
    height, width = pixels.shape[1:3]
    errors = {}
    model.eval()
    with torch.no_grad():
        outputs = model(images)
        for kind, levels in zip(("logits", "deltas"), outputs):
            for i, level in enumerate(levels):
                errors[f"{kind} {i}"] = relative(level, tensors[f"{kind}/{i}"])
        found = detect(outputs, make_anchors(height, width), (height, width), threshold=0)
    for i, (boxes, scores, labels) in enumerate(found):
        errors[f"scores of picture {i}"] = relative(scores, tensors[f"scores/{i}"])
        errors[f"labels of picture {i}"] = (labels != tensors[f"labels/{i}"]).float().mean().item()
        errors[f"boxes of picture {i}"] = relative(boxes, tensors[f"boxes/{i}"])
    model.train()
    loss = detection_loss(model(images), tensors["target labels"].long(), tensors["target deltas"])
    loss.backward()
    norm = torch.stack([parameter.grad.norm() for parameter in model.parameters()]).norm()
    errors["loss"] = relative(loss.detach(), tensors["loss"])
    errors["gradient's norm"] = relative(norm, tensors["gradient norm"])
    return errors


def worst_of(errors):
    name = max(errors, key=errors.get)
    return {"checked": len(errors), "worst": name, "error": errors[name]}


def main():
    subject, path = sys.argv[1], Path(sys.argv[2])
    if subject == "authors":
        limit = 1e-3
        worst = {("fused" if fused else "plain"): worst_of(check_authors(path, fused)) for fused in (False, True)}
    else:
        limit = 1e-4
        worst = {"detector": worst_of(check_detector(path))}
    print(json.dumps(worst))
    sys.exit(any(result["error"] > limit for result in worst.values()))


if __name__ == "__main__":
    main()
