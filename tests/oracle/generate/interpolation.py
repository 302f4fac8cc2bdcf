"""Interpolation."""

import numpy as np
import torch.nn.functional as F

from common import case, draw


def cases():
    def to(name, mode, x, size=None, scale=None, align=False, recompute=False):
        smooth = mode in ("linear", "bilinear", "trilinear", "bicubic")
        corners = dict(align_corners=align) if smooth else {}
        rescale = dict(recompute_scale_factor=True) if recompute else {}
        run = lambda x: F.interpolate(x, size, scale, mode, **corners, **rescale)
        options = dict(mode=mode, size=size, scale_factor=scale, align_corners=align, recompute_scale_factor=recompute)
        case(f"{mode}, {list(np.shape(x))} {name}", "interpolate", run, [x], **options)

    row, picture, volume = (1, 2, 5), (1, 1, 3, 4), (1, 1, 2, 3, 2)
    for mode in ("nearest", "nearest-exact", "linear", "area"):
        to("to 9", mode, draw(*row), size=[9])
        to("to 3", mode, draw(*row), size=[3])
        to("to 1", mode, draw(*row), size=[1])
        to("to 5", mode, draw(*row), size=[5])
        to("to 3", mode, draw(2, 1, 1), size=[3])
        to("times 2", mode, draw(*row), scale=[2.0])
        to("times 1.3", mode, draw(*row), scale=[1.3])
        to("times 1.3, recomputed", mode, draw(*row), scale=[1.3], recompute=True)
        to("times 0.5", mode, draw(*row), scale=[0.5])
    for mode in ("nearest", "nearest-exact", "bilinear", "bicubic", "area"):
        to("to 5 by 7", mode, draw(*picture), size=[5, 7])
        to("to 2 by 3", mode, draw(2, 1, 5, 4), size=[2, 3])
        to("to 5 by 2", mode, draw(*picture), size=[5, 2])
        to("to 2 by 6", mode, draw(1, 2, 4, 3), size=[2, 6])
        to("times 2", mode, draw(*picture), scale=[2.0, 2.0])
        to("times 1.7 by 0.6", mode, draw(*picture), scale=[1.7, 0.6])
        to("times 1.7 by 0.6, recomputed", mode, draw(*picture), scale=[1.7, 0.6], recompute=True)
        to("to 3 by 7", mode, draw(1, 1, 1, 4), size=[3, 7])
        to("to 3 by 3", mode, draw(0, 1, 2, 2), size=[3, 3])
    for mode in ("nearest", "nearest-exact", "trilinear", "area"):
        to("to 3 by 4 by 3", mode, draw(*volume), size=[3, 4, 3])
        to("to 1 by 2 by 3", mode, draw(*volume), size=[1, 2, 3])
        to("times 1.5", mode, draw(*volume), scale=[1.5, 1.5, 1.5])
    for mode, x, size, scale in (
        ("linear", row, [9], [1.7]),
        ("bilinear", picture, [5, 3], [1.7, 2.0]),
        ("bicubic", picture, [5, 3], [1.7, 2.0]),
        ("trilinear", volume, [3, 2, 4], [1.5, 1.0, 2.0]),
    ):
        to(f"to {size}, corners aligned", mode, draw(*x), size=size, align=True)
        to(f"times {scale}, corners aligned", mode, draw(*x), scale=scale, align=True)
        to("to 1, corners aligned", mode, draw(*x), size=[1] * len(size), align=True)
