"""Reductions over axes."""

import torch

from common import INF, NAN, case, draw


def cases():
    axis_sets = [
        ((4,), None, False),
        ((2, 3), [0], False),
        ((2, 3), [1], True),
        ((2, 3, 2), [0, 2], False),
        ((2, 3, 2), [-2], False),
        ((2, 3, 2), [2, 0], True),
        ((2, 3, 2), None, True),
        ((2, 1, 3), [1], False),
        ((), None, False),
    ]

    def over(shape, axes):
        return tuple(range(len(shape))) if axes is None else tuple(axes)

    functions = {
        "sum": lambda x, axes, keep: x.sum(axes, keep),
        "mean": lambda x, axes, keep: x.mean(axes, keep),
        "max": lambda x, axes, keep: x.amax(axes, keep),
        "min": lambda x, axes, keep: x.amin(axes, keep),
    }
    for op, function in functions.items():
        for shape, axes, keep in axis_sets:
            name = f"{list(shape)} over {axes}{' kept' if keep else ''}"
            run = lambda x: function(x, over(shape, axes), keep)
            case(name, op, run, [draw(*shape)], axes=axes, keepdim=keep)
    for op in ("sum", "mean"):
        run = functions[op]
        case("[0, 3] over [0]", op, lambda x: run(x, (0,), False), [draw(0, 3)], axes=[0], keepdim=False)
        case("[0, 3] over [1]", op, lambda x: run(x, (1,), False), [draw(0, 3)], axes=[1], keepdim=False)
        case("NaN and infinity", op, lambda x: run(x, (1,), False), [[[NAN, 1.0], [INF, 1.0]]], axes=[1], keepdim=False)
    long = draw(2, 300)
    case("[2, 300] over [1]", "sum", lambda x: x.sum(1), [long], axes=[1], keepdim=False)
    ties = [[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [0.0, -0.0, -1.0]]
    # amax gives NaN to a whole slice that holds one; max() over all elements gives the gradient to the NaNs,
    # and that is what Wengert does over any axes.
    nans = [[1.0, NAN, 3.0], [NAN, 2.0, NAN], [INF, -INF, 1.0]]
    for op, alone in {"max": torch.max, "min": torch.min}.items():
        run = functions[op]
        for axes in ([1], [0], [0, 1]):
            case(f"ties over {axes}", op, lambda x: run(x, tuple(axes), False), [ties], axes=axes, keepdim=False)
        rows = lambda x: torch.stack([alone(row) for row in x])
        case("NaN over [1]", op, rows, [nans], axes=[1], keepdim=False)
        case("NaN over all", op, alone, [nans], axes=None, keepdim=False)
        case("[0, 3] over [1]", op, lambda x: run(x, (1,), False), [draw(0, 3)], axes=[1], keepdim=False)
    for shape, axes, keep in axis_sets[:-1]:
        for correction in (0, 1) if len(shape) < 3 else (1,):
            name = f"{list(shape)} over {axes}{' kept' if keep else ''}, correction {correction}"
            run = lambda x: x.var(over(shape, axes), correction=correction, keepdim=keep)
            case(name, "var", run, [draw(*shape)], axes=axes, keepdim=keep, correction=correction)
    for shape, correction in (((2, 3), 2), ((2, 3), 3), ((2, 3), 5), ((2, 0), 0)):
        run = lambda x: x.var(1, correction=correction)
        name = f"{list(shape)} over [1], correction {correction}"
        # Infinite values have no gradient worth comparing; PyTorch's is one of a negative divisor.
        singular = ["first", "second"] if correction >= shape[1] > 0 else []
        case(name, "var", run, [draw(*shape)], singular, axes=[1], keepdim=False, correction=correction)
    mean_far_away = draw(6) + 4096
    case("a mean far from 0", "var", lambda x: x.var(0, correction=1), [mean_far_away], axes=[0], keepdim=False, correction=1)
    for name, x, axis in (
        ("[2, 5] along 1", draw(2, 5), 1),
        ("[3, 2, 2] along 0", draw(3, 2, 2), 0),
        ("[3, 2, 2] along -2", draw(3, 2, 2), -2),
        ("ties", ties, 1),
        ("ties along 0", [[1.0, 2.0], [3.0, 2.0], [3.0, 2.0]], 0),
        ("NaN", nans, 1),
        ("NaN along 0", nans, 0),
        ("-inf alone", [[-INF, -INF]], 1),
        ("[3, 1] along 1", draw(3, 1), 1),
        ("[0, 3] along 1", draw(0, 3), 1),
    ):
        case(name, "argmax", lambda x: x.argmax(axis), [x], axis=axis)
