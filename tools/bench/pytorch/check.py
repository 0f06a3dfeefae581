"""Holds the twin to the numbers of the CMT authors' network: python check.py FOLDER, which has the parity data of the tests."""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from twin import CmtClassifier

MINI = dict(dims=(16, 32, 64, 128), stem=8, depths=(1, 2, 2, 1), ratio=3.6, size=64, classes=10, width=64)


def relative(found, wanted):
    return ((found - wanted).norm() / wanted.norm()).item()


def check(folder, fused):
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


if __name__ == "__main__":
    worst = {}
    for fused in (False, True):
        errors = check(Path(sys.argv[1]), fused)
        name = max(errors, key=errors.get)
        worst["fused" if fused else "plain"] = {"checked": len(errors), "worst": name, "error": errors[name]}
    print(json.dumps(worst))
    sys.exit(any(result["error"] > 1e-3 for result in worst.values()))
