"""Trigonometric and hyperbolic functions, angles and distances."""

import torch

from common import INF, NAN, case, draw, positive


def cases():
    for op in ("sin", "cos", "tan", "atan", "sinh", "cosh", "asinh"):
        function = getattr(torch, op)
        case("[2, 3]", op, function, [draw(2, 3)])
        case("[19]", op, function, [draw(19, scale=0.75)])
        case("small", op, function, [draw(6, scale=2.0**-16)])
        case("[0]", op, function, [draw(0)])
    for op in ("asin", "acos", "atanh"):
        function = getattr(torch, op)
        case("[2, 3]", op, function, [draw(2, 3, scale=0.5)])
        case("[19]", op, function, [draw(19, scale=0.25)])
        case("[0]", op, function, [draw(0)])
        # The second derivative is an infinity; PyTorch's way to it leads through NaN.
        case("at the ends and outside", op, function, [[-1.0, 1.0, 2.0, NAN]], singular=["second"])
    case("[2, 3]", "acosh", torch.acosh, [positive(2, 3) + 1])
    case("large", "acosh", torch.acosh, [[2.0, 1024.0, 2.0**20]])
    case("below 1", "acosh", torch.acosh, [[0.5, NAN]])
    for op in ("sin", "cos"):
        case("large, infinity, NaN", op, getattr(torch, op), [[1000.0, -512.5, INF, NAN]])
    case("infinity, NaN", "atan", torch.atan, [[1024.0, NAN]])
    for op, function in {"atan2": torch.atan2, "hypot": torch.hypot}.items():
        for a, b in (((2, 3), (2, 3)), ((2, 1), (3,)), ((), (4,)), ((0, 3), (3,))):
            inputs = [draw(*a, key="a"), draw(*b, key="b")]
            case(f"{list(a)} with {list(b)}", op, function, inputs)
        on_axes = [[0.0, 0.0, 1.0, -1.0, -0.0], [1.0, -1.0, 0.0, 0.0, -2.0]]
        case("on the axes", op, function, on_axes)
        case("large and small", op, function, [[2.0**60, 2.0**-60], [2.0**60, 2.0**-60]], singular=["second"])
