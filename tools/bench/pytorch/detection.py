"""What stands around the detector's network: pixels before it, loss or boxes after it. Constants are those of cmtdet's defaults."""

import math

import torch
from torch.nn import functional as F

STRIDES = (8, 16, 32, 64, 128)
MEAN, DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
MAX_LOG_RATIO = math.log(1000 / 16)


def normalise(pixels):
    """[B, H, W, 3] uint8 → [B, 3, H, W]; in memory the channels stay last, which both layouts of the network can take."""
    images = (pixels.float() - torch.tensor(MEAN)) / torch.tensor(DEVIATION)
    return images.permute(0, 3, 1, 2)


def make_anchors(height, width):
    """Of each level [H·W·A, 4] xyxy: row, column, ratio, scale; centres at corners of cells (offset 0)."""
    levels = []
    for stride in STRIDES:
        sides = [stride * 4 * 2 ** (i / 3) for i in range(3)]
        sizes = torch.tensor([(side / math.sqrt(ratio), side * math.sqrt(ratio)) for ratio in (0.5, 1, 2) for side in sides])
        rows, columns = (torch.arange(math.ceil(length / stride)) * float(stride) for length in (height, width))
        y, x = torch.meshgrid(rows, columns, indexing="ij")
        centres = torch.stack((x, y), -1)[:, :, None]  # [H, W, 1, 2]
        levels.append(torch.cat((centres - sizes / 2, centres + sizes / 2), -1).reshape(-1, 4))
    return levels


def decode(anchors, deltas):
    """[..., 4], [..., 4] → boxes [..., 4] xyxy."""
    sides = anchors[..., 2:] - anchors[..., :2]
    centres = (anchors[..., :2] + anchors[..., 2:]) / 2 + deltas[..., :2] * sides
    half = sides * deltas[..., 2:].clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO).exp() / 2
    return torch.cat((centres - half, centres + half), -1)


def detect(outputs, anchors, size, threshold=0.05, top_k=1000, iou=0.5, most=100):
    """For each picture: boxes [D, 4], scores [D], labels [D], best first. `size` is (height, width) of input and original."""
    from torchvision.ops import batched_nms

    scores, labels, boxes = [], [], []
    for logits, deltas, grid in zip(*outputs, anchors):
        classes = logits.shape[-1]
        best, index = logits.flatten(1).topk(min(top_k, logits[0].numel()))  # [B, k]
        anchor = index // classes
        boxes.append(decode(grid[anchor], deltas.gather(1, anchor[..., None].expand(-1, -1, 4))))
        scores.append(best.sigmoid())
        labels.append(index % classes)
    scores, labels, boxes = (torch.cat(parts, 1) for parts in (scores, labels, boxes))
    height, width = size
    boxes = torch.minimum(boxes.clamp(min=0), torch.tensor([width, height, width, height], dtype=boxes.dtype))
    found = []
    for s, l, b in zip(scores, labels, boxes):
        keep = (s > threshold) & (b[:, 2:] > b[:, :2]).all(-1)
        s, l, b = s[keep], l[keep], b[keep]
        best = batched_nms(b, s, l, iou)[:most]
        found.append((b[best], s[best], l[best]))
    return found


def focal_loss(logits, labels, alpha=0.25, gamma=2.0):
    """Sum over anchors that count; labels [B, R]: 0 … K-1, K for background, -1 for neither."""
    classes = logits.shape[-1]
    counts = labels >= 0
    targets = F.one_hot(labels.clamp(min=0), classes + 1)[..., :classes].to(logits.dtype)
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    p = logits.sigmoid()
    wrong = p + targets - 2 * p * targets
    weight = alpha * targets + (1 - alpha) * (1 - targets)
    return (weight * wrong**gamma * entropy)[counts].sum()


def detection_loss(outputs, labels, targets):
    """Focal loss and L1 of the deltas of foreground anchors, by the number of those (at least one a picture)."""
    logits, deltas = (torch.cat(levels, 1) for levels in outputs)
    foreground = (labels >= 0) & (labels < logits.shape[-1])
    boxes = (deltas[foreground] - targets[foreground]).abs().sum()
    return (focal_loss(logits, labels) + boxes) / foreground.sum(1).clamp(min=1).sum()
