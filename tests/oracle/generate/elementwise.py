"""Functions of each element."""

import numpy as np
import torch

from common import INF, NAN, case, draw, positive


def cases():
    case("[2, 3]", "exp", torch.exp, [draw(2, 3)])
    case("extremes", "exp", torch.exp, [[-INF, -80.0, 0.0, 80.0, INF, NAN]])
    case("[2, 3]", "ln", torch.log, [positive(2, 3)])
    case("at and below 0", "ln", torch.log, [[0.0, -1.0, INF, NAN]])
    case("[2, 3]", "sqrt", torch.sqrt, [positive(2, 3)])
    case("at and below 0", "sqrt", torch.sqrt, [[0.0, -1.0, INF]])
    case("[2, 3]", "square", torch.square, [draw(2, 3)])
    case("[2, 3]", "abs", torch.abs, [draw(2, 3)])
    case("kink, infinity, NaN", "abs", torch.abs, [[0.0, -0.0, -INF, INF, NAN]])
    case("[0]", "exp", torch.exp, [draw(0)])
    case("[67]", "exp", torch.exp, [draw(67, scale=4)])
    case("[67]", "ln", torch.log, [positive(67)])
    case("of powers of 2", "ln", torch.log, [2.0 ** np.arange(-60, 61, 20)])
    for p in (2, 3, -1, -2, 1, 0, 5):
        case(f"p = {p}", "pow_integer", lambda x: x**p, [draw(5)], p=p)
    for p in (0.5, 2.5, -1.5, 0.0, 1.0, 2.0, 100.0):
        case(f"p = {p}", "pow_number", lambda x: x**p, [positive(5)], p=p)
    case("negative bases, p = 0.5", "pow_number", lambda x: x**0.5, [[-1.0, 0.0, 4.0]], p=0.5)
    case("zero base, p = 2", "pow_number", lambda x: x**2.0, [[0.0, -1.0, 4.0]], p=2.0)
    case("zero base, p = 1", "pow_number", lambda x: x**1.0, [[0.0, -1.0, 4.0]], p=1.0)
    case("zero base, p = -1", "pow_number", lambda x: x**-1.0, [[0.0, -1.0, 4.0]], p=-1.0)
    power = lambda a, b: a**b
    case("[2, 3] to [3]", "pow", power, [positive(2, 3), draw(3)])
    case("[2, 1] to [1, 2]", "pow", power, [positive(2, 1), draw(1, 2)])
    case("negative bases", "pow", power, [[-2.0, -2.0, -1.5], [2.0, 3.0, -1.0]])
    # The mixed second derivative of x ** 2 and x ** 3 at 0 is 0; PyTorch's way to it leads through NaN.
    case("zero base", "pow", power, [[0.0, 0.0], [2.0, 3.0]], singular=["second"])
    for op, function in {"maximum": torch.maximum, "minimum": torch.minimum}.items():
        case("[2, 3] with [3]", op, function, [draw(2, 3, key="a"), draw(3, key="b")])
        case("[2, 1] with [1, 3]", op, function, [draw(2, 1, key="a"), draw(1, 3, key="b")])
        case("ties", op, function, [[1.0, 2.0, 0.0, -1.0], [1.0, 1.0, 0.0, 3.0]])
        case("NaN", op, function, [[NAN, 1.0, NAN, INF], [1.0, NAN, NAN, INF]])
    for lo, hi in ((-1.0, 1.0), (0.25, 0.5), (0.0, 0.0)):
        case(f"{lo} to {hi}", "clamp", lambda x: x.clamp(lo, hi), [draw(8)], lo=lo, hi=hi)
    # An infinite gradient stops where nothing passes.
    shut = [-1.0, 0.0, 4.0]
    case("before a square root", "relu_sqrt", lambda x: torch.relu(x).sqrt(), [shut])
    case("before a square root", "clamp_sqrt", lambda x: x.clamp(0.0, 9.0).sqrt(), [shut])
    maximum = lambda x, y: torch.maximum(x, y).sqrt() + torch.minimum(x, -y).abs().sqrt()
    case("before a square root", "maximum_sqrt", maximum, [[-1.0, 4.0, -2.0], [0.0, 0.0, 1.0]])
    case("at the bounds, NaN", "clamp", lambda x: x.clamp(-1, 1), [[-1.0, 1.0, NAN, INF, -INF]], lo=-1.0, hi=1.0)
    functions = {
        "exp2": torch.exp2,
        "expm1": torch.expm1,
        "log1p": torch.log1p,
        "log2": torch.log2,
        "log10": torch.log10,
        "rsqrt": torch.rsqrt,
        "recip": torch.reciprocal,
        "erf": torch.erf,
        "erfc": torch.erfc,
    }
    for op, function in functions.items():
        over = positive if op in ("log2", "log10", "rsqrt", "recip") else draw
        x = over(2, 3) / 2 if op == "log1p" else over(2, 3)
        case("[2, 3]", op, function, [x])
        case("[19]", op, function, [positive(19)])
        case("[0]", op, function, [positive(0)])
    for op in ("expm1", "log1p", "erf", "erfc"):
        case("small", op, functions[op], [draw(6, scale=2.0**-16)])
    case("extremes", "expm1", torch.expm1, [[-INF, -30.0, 0.0, 30.0, INF, NAN]])
    case("at and below -1", "log1p", torch.log1p, [[-1.0, -2.0, 0.0, INF, NAN]])
    for op in ("log2", "log10", "rsqrt"):
        case("at and below 0", op, functions[op], [[0.0, -1.0, INF, NAN]])
    case("at 0", "recip", torch.reciprocal, [[0.0, -0.0, INF, NAN]])
    for op in ("erf", "erfc"):
        case("wide", op, functions[op], [[-6.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 4.0, 8.0]])
    case("of powers", "log2", torch.log2, [2.0 ** np.arange(-60, 61, 20)])
    weight = lambda a, b, w: torch.lerp(a, b, w)
    for a, b, w in (((2, 3), (2, 3), (2, 3)), ((2, 1), (3,), (2, 3)), ((3,), (2, 3), ()), ((0, 3), (3,), (1,))):
        inputs = [draw(*a, key="a"), draw(*b, key="b"), draw(*w, key="w")]
        case(f"{list(a)} to {list(b)} by {list(w)}", "lerp", weight, inputs, w=None)
    for w in (0.0, 0.25, 0.75, 1.0, -0.5):
        by = lambda a, b: torch.lerp(a, b, w)
        case(f"by {w}", "lerp", by, [draw(2, 3, key="a"), draw(3, key="b")], w=w)
    # Constants here, zero gradients in PyTorch.
    whole = [-2.5, -1.5, -0.5, -0.25, -0.0, 0.0, 0.5, 1.5, 1.75, 2.5, INF, -INF, NAN]
    for op in ("sign", "floor", "ceil", "round", "trunc"):
        case("halves, infinity, NaN", op, lambda x: getattr(torch, op)(x).detach(), [whole])
        case("[2, 3]", op, lambda x: getattr(torch, op)(x).detach(), [draw(2, 3, scale=4)])
    for decimals in (1, 2, -1, 0):
        rounded = lambda x: torch.round(x, decimals=decimals).detach()
        case(f"{decimals} decimals", "round_to", rounded, [draw(6, scale=16)], decimals=decimals)
    case("[2, 3]", "frac", torch.frac, [draw(2, 3, scale=2)])
    case("halves, NaN", "frac", torch.frac, [[-2.5, -0.5, 0.0, 1.0, 2.25, NAN]])
