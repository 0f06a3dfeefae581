"""Numbers of torchvision's ResNet that test/models/backbones/resnet.test.ts holds ours to: python tools/golden/resnet.py > FILE

Weights and pictures are made by a formula that both sides compute exactly, so that no weights need to be stored.
"""
import json

import numpy as np
import torch
import torchvision


def numbers(count: int, seed: int) -> np.ndarray:
    """`count` numbers from -0.5 to 0.5."""
    i = np.arange(count, dtype=np.uint64)
    return ((i * 2654435761 + seed * 40503) % 2**32) / 2**32 - 0.5


def fill(model: torch.nn.Module) -> None:
    tensors = [(n, t) for n, t in model.state_dict().items() if not n.endswith("num_batches_tracked")]
    for seed, (name, tensor) in enumerate(tensors):
        u = numbers(tensor.numel(), seed + 1)
        if tensor.ndim > 1:
            values = u * 2 * np.sqrt(3 / (tensor.numel() / tensor.shape[0]))
        elif name.endswith("running_var") or name.endswith("weight"):
            values = 1 + u / 2
        else:
            values = u / 5
        tensor.copy_(torch.from_numpy(values.astype(np.float32).reshape(tensor.shape)))


def golden(name: str) -> dict:
    model = getattr(torchvision.models, name)(num_classes=10).eval()
    with torch.no_grad():
        fill(model)
        x = torch.from_numpy(numbers(2 * 3 * 64 * 96, 1000).astype(np.float32) * 4).reshape(2, 64, 96, 3).permute(0, 3, 1, 2)
        y = model.maxpool(model.relu(model.bn1(model.conv1(x))))
        maps = []
        for layer in (model.layer1, model.layer2, model.layer3, model.layer4):
            y = layer(y)
            flat = y.permute(0, 2, 3, 1).reshape(-1).double()
            maps.append({"shape": list(y.permute(0, 2, 3, 1).shape), "norm": flat.norm().item(), "first": flat[:6].tolist()})
        return {"maps": maps, "logits": model(x).double().tolist()}


print(json.dumps({name: golden(name) for name in ("resnet18", "resnet50")}))
