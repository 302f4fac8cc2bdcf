"""Shapes and the order of axes."""

import torch
import torch.nn.functional as F

from common import case, draw


def cases():
    for old, new in (((2, 3), (3, 2)), ((4,), (2, 1, 2)), ((1, 1), ()), ((0, 3), (3, 0, 2)), ((2, 3), (6,))):
        case(f"{list(old)} to {list(new)}", "reshape", lambda x: x.reshape(new), [draw(*old)], shape=list(new))
    for shape, axis in (((2, 3, 2), 1), ((2, 3, 2), 0), ((2, 3), 1), ((2, 0, 2), 1)):
        case(f"{list(shape)} from {axis}", "flatten_from", lambda x: x.flatten(axis), [draw(*shape)], axis=axis)
    case("[2, 3] from 2", "flatten_from", lambda x: x.unsqueeze(2), [draw(2, 3)], axis=2)
    for axes in ([2, 0, 1], [0, 2, 1], [-1, 1, 0], [0, 1, 2]):
        case(f"by {axes}", "permute", lambda x: x.permute(axes), [draw(2, 3, 4)], axes=axes)
    case("a permuted product", "permute_then_square", lambda x: x.permute(1, 0).square(), [draw(2, 3)], axes=[1, 0])
    for a, b in ((0, 1), (-1, 0), (1, 1)):
        case(f"{a} and {b}", "transpose", lambda x: x.transpose(a, b), [draw(2, 3, 2)], a=a, b=b)
    for shape, axis in (((2, 1), 1), ((1, 3), 0), ((2, 1, 2), -2)):
        case(f"{list(shape)} at {axis}", "squeeze", lambda x: x.squeeze(axis), [draw(*shape)], axis=axis)
    for axis in (0, 1, -1):
        case(f"[2, 3] at {axis}", "unsqueeze", lambda x: x.unsqueeze(axis), [draw(2, 3)], axis=axis)
    for old, new in (((3,), (2, 3)), ((2, 1), (2, 3)), ((), (2, 2)), ((1, 2, 1), (2, 2, 3)), ((1,), (0,)), ((2,), (2,))):
        run = lambda x: x.broadcast_to(new)
        case(f"{list(old)} to {list(new)}", "broadcast_to", run, [draw(*old)], shape=list(new))
    for axis, start, end, step in (
        (0, 1, 3, 1),
        (1, 0, None, 2),
        (1, -3, None, 1),
        (1, 1, -1, 3),
        (0, 2, 2, 1),
        (0, 0, None, 7),
        (1, 0, None, -1),
        (1, 1, None, -2),
        (0, 0, 3, -2),
    ):

        def sliced(x):
            part = [slice(None), slice(None)]
            part[axis] = slice(start, end)
            part, steps = x[tuple(part)], [slice(None), slice(None)]
            steps[axis] = slice(None, None, abs(step))
            return (part.flip(axis) if step < 0 else part)[tuple(steps)]

        name = f"axis {axis}, {start} to {end} by {step}"
        case(name, "slice", sliced, [draw(4, 5)], axis=axis, start=start, end=end, step=step)
    for axis, index in ((0, 1), (1, -1), (-1, 0)):
        case(f"axis {axis}, {index}", "select", lambda x: x.select(axis, index), [draw(3, 4)], axis=axis, index=index)
    for axis, shapes in (
        (0, [(1, 2), (2, 2), (3, 2)]),
        (1, [(2, 1), (2, 3)]),
        (-1, [(2, 2, 1), (2, 2, 2)]),
        (0, [(3,)]),
        (0, [(0, 2), (2, 2)]),
    ):
        xs = [draw(*s, key=str(i)) for i, s in enumerate(shapes)]
        case(f"{[list(s) for s in shapes]} along {axis}", "concat", lambda *xs: torch.cat(xs, axis), xs, axis=axis)
    for axis, shape in ((0, (2, 2)), (1, (2, 2)), (-1, (2, 2)), (0, ())):
        xs = [draw(*shape, key=str(i)) for i in range(3)]
        case(f"3 × {list(shape)} at {axis}", "stack", lambda *xs: torch.stack(xs, axis), xs, axis=axis)
    for shape, widths, value in (
        ((3,), [(1, 2)], 0.0),
        ((2, 3), [(0, 1), (2, 0)], 1.5),
        ((3, 4), [(-1, 0), (0, -2)], 0.0),
        ((3, 4), [(-1, 2), (1, -2)], -0.5),
        ((2, 2), [(0, 0), (0, 0)], 9.0),
        ((1, 2, 2), [(1, 0), (0, 1), (1, 1)], 0.0),
    ):
        pairs = [w for pair in reversed(widths) for w in pair]
        run = lambda x: F.pad(x, pairs, value=value)
        case(f"{list(shape)} by {widths}", "pad", run, [draw(*shape)], widths=widths, value=value)
