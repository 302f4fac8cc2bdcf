"""Comparisons."""

import torch

from common import INF, NAN, case, draw


def cases():
    a, b = [[1.0, 2.0, NAN], [INF, -0.0, -INF]], [1.0, 0.0, 1.0]
    for op in ("eq", "ne", "lt", "le", "gt", "ge"):
        compare = getattr(torch, op)
        case("[2, 3] with [3]", op, lambda a, b: compare(a, b), [a, b], c=None)
        case("[2, 1] with [1, 2]", op, lambda a, b: compare(a, b), [[[1.0], [2.0]], [[2.0, 1.0]]], c=None)
        case("[2, 3] with a number", op, lambda x: compare(x, 1.0), [a], c=1.0)
        case("[0]", op, lambda x: compare(x, 1.0), [draw(0)], c=1.0)
