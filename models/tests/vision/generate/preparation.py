"""Writes what torchvision's preparation for ImageNet makes of small pictures: python preparation.py"""

import gzip
import json
import pathlib

import numpy as np
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

from networks import uniform

# Height, width, the shorter side, the cut: smaller, larger, as it is, odd rests, and a cut beyond the picture.
CASES = [(9, 9, 5, 4), (20, 13, 8, 6), (13, 20, 8, 7), (4, 6, 9, 8), (6, 4, 4, 3), (1, 7, 3, 2), (11, 12, 6, 9), (30, 7, 5, 5)]
CASES += [(8, 8, 8, 8), (5, 17, 6, 10)]
mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def case(height, width, resize, crop, name):
    x = torch.from_numpy(uniform(7, 3 * height * width).astype(np.float64) / 2 + 0.5).reshape(3, height, width)
    y = F.center_crop(F.resize(x, [resize], InterpolationMode(name), antialias=True), [crop])
    y = F.normalize(y, mean, std)
    preprocessing = {"resize": resize, "crop": crop, "mean": mean, "std": std, "interpolation": name}
    values = [float(f"{v:.15g}") for v in y.flatten().tolist()]
    return {"height": height, "width": width, "preprocessing": preprocessing, "values": values}


cases = [case(*c, name) for c in CASES for name in ["bilinear", "bicubic"]]
target = pathlib.Path(__file__).parent.with_name("preprocessing.json.gz")
lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
# Without a time, so that the same cases give the same file.
target.write_bytes(gzip.compress(f"[\n{lines}\n]\n".encode(), mtime=0))
