"""Sliding windows and patches."""

import torch
import torch.nn.functional as F

from common import case, draw

PATCHES = (
    ((1, 1, 3, 3), dict(kernel_size=(2, 2), dilation=(1, 1), padding=(0, 0), stride=(1, 1))),
    ((2, 2, 3, 2), dict(kernel_size=(2, 1), dilation=(1, 1), padding=(0, 1), stride=(1, 2))),
    ((1, 2, 4, 3), dict(kernel_size=(3, 2), dilation=(1, 2), padding=(1, 0), stride=(2, 1))),
    ((1, 1, 2, 3), dict(kernel_size=(1, 1), dilation=(1, 1), padding=(0, 0), stride=(1, 1))),
    ((1, 1, 3, 4), dict(kernel_size=(2, 2), dilation=(2, 2), padding=(2, 1), stride=(3, 2))),
    ((2, 3, 3), dict(kernel_size=(2, 2), dilation=(1, 1), padding=(1, 1), stride=(2, 2))),
)


def cases():
    for shape, options in PATCHES:
        text = ", ".join(f"{k} {list(v)}" for k, v in options.items())
        listed = {k: list(v) for k, v in options.items()}
        case(f"{list(shape)}, {text}", "unfold", lambda x: F.unfold(x, **options), [draw(*shape)], **listed)
        size = shape[-2:]
        columns = F.unfold(torch.zeros(shape), **options).shape
        run = lambda x: F.fold(x, size, **options)
        case(f"{list(columns)}, {text}", "fold", run, [draw(*columns)], output_size=list(size), **listed)
    for shape, axis, size, step in (
        ((5,), 0, 3, 1),
        ((5,), 0, 2, 2),
        ((4, 3), 0, 2, 1),
        ((2, 6), -1, 3, 2),
        ((2, 4, 2), 1, 2, 3),
        ((2, 3), 1, 3, 1),
        ((3, 0), 0, 2, 1),
        ((3,), 0, 0, 1),
    ):
        name = f"{list(shape)} along {axis}, {size} every {step}"
        run = lambda x: x.unfold(axis, size, step)
        case(name, "windows", run, [draw(*shape)], axis=axis, size=size, step=step)
