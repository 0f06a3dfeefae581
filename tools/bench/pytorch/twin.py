"""The networks of cmtdet once more, in PyTorch, to measure against. Parameter names are those of the CMT authors' release.

Written from the paper (Guo et al., 2022, arXiv 2107.06263) and from the layout of the released checkpoints; `check.py` holds it
to the released network's numbers. Maps are NCHW.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

# Of `size`: the side of the pictures that the position bias is kept for.
VARIANTS = {
    "cmt_ti": dict(dims=(46, 92, 184, 368), stem=16, depths=(2, 2, 10, 2), ratio=3.6, size=160),
    "cmt_s": dict(dims=(64, 128, 256, 512), stem=32, depths=(3, 3, 16, 3), ratio=4, size=224),
}
HEADS = (1, 2, 4, 8)
REDUCTIONS = (8, 4, 2, 1)


class PatchAggregation(nn.Module):
    def __init__(self, inputs, channels):
        super().__init__()
        self.proj = nn.Conv2d(inputs, channels, 2, stride=2)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x):
        x = self.proj(x)
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Attention(nn.Module):
    """Queries of all tokens, keys and values of a map reduced by `reduction` in each direction.

    `fused` uses scaled_dot_product_attention; without it the product, softmax and product are written out as in the release.
    """

    def __init__(self, channels, heads, reduction, fused):
        super().__init__()
        self.heads, self.fused = heads, fused
        self.scale = (channels // heads) ** -0.5
        self.q = nn.Linear(channels, channels)
        self.k = nn.Linear(channels, channels)
        self.v = nn.Linear(channels, channels)
        self.proj = nn.Linear(channels, channels)
        self.sr = None
        if reduction > 1:
            reduce = nn.Conv2d(channels, channels, reduction, stride=reduction, groups=channels)
            self.sr = nn.Sequential(reduce, nn.BatchNorm2d(channels))

    def split(self, x):
        batch, tokens, channels = x.shape
        return x.view(batch, tokens, self.heads, channels // self.heads).transpose(1, 2)

    def forward(self, x, height, width, bias):
        batch, tokens, channels = x.shape
        reduced = x
        if self.sr is not None:
            image = x.transpose(1, 2).reshape(batch, channels, height, width)
            reduced = self.sr(image).flatten(2).transpose(1, 2)
        query, key, value = self.split(self.q(x)), self.split(self.k(reduced)), self.split(self.v(reduced))
        if self.fused:
            mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias.unsqueeze(0))
        else:
            mixed = (query @ key.transpose(2, 3) * self.scale + bias).softmax(-1) @ value
        return self.proj(mixed.transpose(1, 2).reshape(batch, tokens, channels))


class Irffn(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.GELU(), nn.BatchNorm2d(hidden))
        self.proj = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.proj_bn = nn.BatchNorm2d(hidden)
        self.conv2 = nn.Sequential(nn.Conv2d(hidden, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, x):
        x = self.conv1(x)
        x = self.proj_bn(F.gelu(x + self.proj(x)))
        return self.conv2(x)


class Block(nn.Module):
    def __init__(self, channels, heads, reduction, hidden, fused):
        super().__init__()
        self.proj = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm1 = nn.LayerNorm(channels, eps=1e-6)
        self.attn = Attention(channels, heads, reduction, fused)
        self.norm2 = nn.LayerNorm(channels, eps=1e-6)
        self.mlp = Irffn(channels, hidden)

    def forward(self, x, bias):
        x = x + self.proj(x)
        batch, channels, height, width = x.shape
        tokens = x.flatten(2).transpose(1, 2)  # [B, N, C]
        tokens = tokens + self.attn(self.norm1(tokens), height, width, bias)
        normal = self.norm2(tokens).transpose(1, 2).reshape(batch, channels, height, width)
        x = tokens.transpose(1, 2).reshape(batch, channels, height, width)
        return x + self.mlp(normal)


class Cmt(nn.Module):
    def __init__(self, dims, stem, depths, ratio, size, fused=True):
        super().__init__()
        for i in (1, 2, 3):
            conv = nn.Conv2d(3 if i == 1 else stem, stem, 3, stride=2 if i == 1 else 1, padding=1)
            setattr(self, f"stem_conv{i}", conv)
            setattr(self, f"stem_norm{i}", nn.BatchNorm2d(stem))
        inputs = stem
        for s, letter in enumerate("abcd"):
            side = size // 2 ** (s + 2)
            keys = side // REDUCTIONS[s]
            setattr(self, f"patch_embed_{letter}", PatchAggregation(inputs, dims[s]))
            setattr(self, f"relative_pos_{letter}", nn.Parameter(torch.randn(HEADS[s], side**2, keys**2)))
            hidden = int(dims[s] * ratio)
            blocks = [Block(dims[s], HEADS[s], REDUCTIONS[s], hidden, fused) for _ in range(depths[s])]
            setattr(self, f"blocks_{letter}", nn.ModuleList(blocks))
            inputs = dims[s]
        self.grid = size // 4

    def bias(self, s, letter, height, width):
        """The position bias for a map of this size: resampled by rows and columns, as cmtdet does."""
        bias = getattr(self, f"relative_pos_{letter}")
        side, reduction = self.grid // 2**s, REDUCTIONS[s]
        if (height, width) == (side, side):
            return bias
        heads, keys = bias.shape[0], side // reduction
        bias = bias.view(heads, side, side, keys * keys).permute(0, 3, 1, 2)
        bias = F.interpolate(bias, (height, width), mode="bilinear")  # [heads, keys², H, W]
        bias = bias.permute(0, 2, 3, 1).reshape(heads, height * width, keys, keys)
        bias = F.interpolate(bias, (height // reduction, width // reduction), mode="bilinear")
        return bias.reshape(heads, height * width, -1)

    def forward(self, x):
        for i in (1, 2, 3):
            x = getattr(self, f"stem_norm{i}")(F.gelu(getattr(self, f"stem_conv{i}")(x)))
        maps = []
        for s, letter in enumerate("abcd"):
            x = getattr(self, f"patch_embed_{letter}")(x)
            bias = self.bias(s, letter, *x.shape[2:])
            for block in getattr(self, f"blocks_{letter}"):
                x = block(x, bias)
            maps.append(x)
        return maps


class CmtClassifier(Cmt):
    def __init__(self, dims, classes=1000, width=1280, **others):
        super().__init__(dims=dims, **others)
        self._fc = nn.Conv2d(dims[3], width, 1)
        self._bn = nn.BatchNorm2d(width)
        self.head = nn.Linear(width, classes)

    def forward(self, x):
        x = F.silu(self._bn(self._fc(super().forward(x)[3])))
        return self.head(x.mean((2, 3)))


class RetinaNet(nn.Module):
    """CMT, a pyramid P3 … P7 (P6 from C5, P7 from P6), and a head of two branches with four convolutions each."""

    def __init__(self, dims, classes=80, channels=256, anchors=9, **others):
        super().__init__()
        self.backbone = Cmt(dims=dims, **others)
        self.classes = classes
        self.laterals = nn.ModuleList(nn.Conv2d(c, channels, 1) for c in dims[1:])
        self.outputs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in dims[1:])
        extras = [nn.Conv2d(c, channels, 3, stride=2, padding=1) for c in (dims[3], channels)]
        self.extras = nn.ModuleList(extras)
        self.class_branch, self.box_branch = (
            nn.Sequential(*[m for _ in range(4) for m in (nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU())])
            for _ in range(2)
        )
        self.classify = nn.Conv2d(channels, anchors * classes, 3, padding=1)
        self.regress = nn.Conv2d(channels, anchors * 4, 3, padding=1)
        nn.init.normal_(self.classify.weight, std=0.01)
        nn.init.constant_(self.classify.bias, -math.log(99))

    def forward(self, x):
        """[B, 3, H, W] → of each level, logits [B, H·W·A, K] and deltas [B, H·W·A, 4]."""
        features = self.backbone(x)[1:]
        merged = [lateral(f) for lateral, f in zip(self.laterals, features)]
        for i in (1, 0):
            merged[i] = merged[i] + F.interpolate(merged[i + 1], merged[i].shape[2:], mode="nearest")
        levels = [conv(m) for conv, m in zip(self.outputs, merged)]
        levels.append(self.extras[0](features[-1]))
        levels.append(self.extras[1](levels[-1]))
        flat = lambda map, last: map.permute(0, 2, 3, 1).reshape(map.shape[0], -1, last)
        logits = [flat(self.classify(self.class_branch(level)), self.classes) for level in levels]
        deltas = [flat(self.regress(self.box_branch(level)), 4) for level in levels]
        return logits, deltas
