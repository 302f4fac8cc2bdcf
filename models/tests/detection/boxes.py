"""Writes what torchvision makes of boxes: overlaps with gradients, suppression, matches.

    pip install torch torchvision==0.29.2 numpy
    python models/tests/detection/boxes.py

The file is committed; `cargo test` only reads it (models/tests/detection/torchvision.rs). Boxes and scores are not
stored: `Random` draws them, here and there alike.
"""

import gzip
import json
import pathlib

import torch
from torchvision import ops
from torchvision.models.detection._utils import Matcher


class Random:
    """The upper 31 bits of a linear congruential generator modulo 2^64 (Knuth's MMIX)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % n


def box(rng, place, side):
    x, y = rng.below(place), rng.below(place)
    return [x, y, x + 1 + rng.below(side), y + 1 + rng.below(side)]


def boxes(rng, n, place, side):
    return [box(rng, place, side) for _ in range(n)]


def weights(*shape):
    count = int(torch.tensor(shape).prod())
    return (torch.arange(count, dtype=torch.float64) * 7 % 11 / 4 - 1.125).reshape(shape)


def measured(function, a, b):
    """Values, and the gradients of their weighted sum."""
    a, b = (x.clone().requires_grad_() for x in (a, b))
    y = function(a, b)
    (y * weights(*y.shape)).sum().backward()
    return [x.flatten().tolist() for x in (y.detach(), a.grad, b.grad)]


def overlaps():
    """Of 40 pairs, one by one (as losses) and the first 6 with the last 7. Odd sevenths keep edges from tying."""
    rng = Random(1)
    a = torch.tensor(boxes(rng, 40, 60, 50), dtype=torch.float64)
    b = torch.tensor(boxes(rng, 40, 60, 50), dtype=torch.float64) + torch.tensor([1, 2, 3, 4]) / 7
    losses = {
        "giou": lambda a, b: ops.generalized_box_iou_loss(a, b, eps=0),
        "diou": lambda a, b: ops.distance_box_iou_loss(a, b, eps=0),
        "ciou": lambda a, b: ops.complete_box_iou_loss(a, b, eps=0),
    }
    pairwise = {
        "iou": ops.box_iou,
        "giou": ops.generalized_box_iou,
        "diou": lambda a, b: ops.distance_box_iou(a, b, eps=0),
        "ciou": lambda a, b: ops.complete_box_iou(a, b, eps=0),
    }
    return {
        "losses": {name: measured(f, a, b) for name, f in losses.items()},
        "pairwise": {name: measured(f, a[:6], b[-7:]) for name, f in pairwise.items()},
    }


def suppression():
    """Of 1,000 sets: what `nms` and `batched_nms` keep. Even sets are of f64, odd ones of f32; few scores, so many tie."""
    kept = []
    for seed in range(1000):
        rng = Random(seed)
        dtype = [torch.float64, torch.float32][seed % 2]
        n = 1 + rng.below(60 if seed % 50 else 400)
        places = torch.tensor(boxes(rng, n, 60, 50), dtype=dtype)
        scores = torch.tensor([rng.below(32) for _ in range(n)], dtype=dtype) / 32
        classes = torch.tensor([rng.below(3) for _ in range(n)])
        threshold = [0.5, 0.3, 0.7, 0.25, 1 / 3][rng.below(5)]
        kept.append(
            [
                ops.nms(places, scores, threshold).tolist(),
                ops.batched_nms(places, scores, classes, threshold).tolist(),
            ]
        )
    return kept


def matches():
    """Of 60 sets: RetinaNet's matches; -1 is background and -2 between the thresholds."""
    found = []
    for seed in range(60):
        rng = Random(seed)
        objects = boxes(rng, 1 + rng.below(4), 50, 40)
        # An anchor over all, so that each object is touched.
        anchors = [[0, 0, 100, 100]] + boxes(rng, 1 + rng.below(30), 50, 40)
        iou = ops.box_iou(*(torch.tensor(x, dtype=torch.float64) for x in (objects, anchors)))
        found.append(Matcher(0.5, 0.4, allow_low_quality_matches=seed % 2 == 0)(iou).tolist())
    return found


data = {"overlaps": overlaps(), "suppression": suppression(), "matches": matches()}
text = json.dumps(data, separators=(",", ":"), allow_nan=False)
path = pathlib.Path(__file__).with_name("boxes.json.gz")
path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
print(f"{path.name}: {path.stat().st_size} bytes of {len(text)}")
