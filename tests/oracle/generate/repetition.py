"""Tensors repeated, turned around, cut and rearranged."""

import torch
import torch.nn.functional as F

from common import case, draw


def cases():
    for old, new in (((2, 1), (-1, 3)), ((3,), (2, -1)), ((1, 2), (2, 2, 2)), ((), (2,)), ((1,), (0,)), ((2, 1), (1, -1, -1))):
        run = lambda x: x.expand(new)
        case(f"{list(old)} to {list(new)}", "expand", run, [draw(*old)], sizes=list(new))
    for shape, times in (((2,), (3,)), ((2, 2), (2, 1)), ((2,), (2, 2)), ((1, 2), (2, 1, 3)), ((2,), (0,)), ((), (3,))):
        run = lambda x: x.repeat(times)
        case(f"{list(shape)} by {list(times)}", "repeat", run, [draw(*shape)], repeats=list(times))
    for shape, times in (((2, 2), (2,)), ((2,), (2, 2)), ((2, 1, 2), (2, 1)), ((3,), ()), ((2, 3), (1, 2))):
        run = lambda x: x.tile(times)
        case(f"{list(shape)} by {list(times)}", "tile", run, [draw(*shape)], repeats=list(times))
    for shape, times, axis in (((3,), 2, 0), ((2, 3), 2, 1), ((2, 3), 3, -2), ((2, 2), 2, None), ((2,), 0, 0), ((2, 2), 1, 0)):
        run = lambda x: x.repeat_interleave(times, axis)
        case(f"{list(shape)}, {times} along {axis}", "repeat_interleave", run, [draw(*shape)], repeats=times, axis=axis)
    for shape, times, axis in (((3,), (2, 0, 1), 0), ((2, 3), (1, 2, 3), 1), ((2, 3), (3, 1), -2), ((2, 2), (0, 1, 2, 1), None), ((3,), (2,), 0)):
        run = lambda x: x.repeat_interleave(torch.tensor(times), axis)
        option = {"shape": [len(times)], "values": list(times)}
        name = f"{list(shape)}, {list(times)} along {axis}"
        case(name, "repeat_interleave_each", run, [draw(*shape)], repeats=option, axis=axis)
    for shapes, indexing in ((((2,), (3,)), "ij"), (((2,), (3,)), "xy"), (((2,), (1,), (3,)), "ij"), (((2,), (3,), (2,)), "xy"), (((3,),), "xy"), (((2,), ()), "ij")):
        run = lambda *xs: torch.meshgrid(*xs, indexing=indexing)
        xs = [draw(*s, key=str(i)) for i, s in enumerate(shapes)]
        case(f"{[list(s) for s in shapes]}, {indexing}", "meshgrid", run, xs, indexing=indexing)
    for shape, axes in (((3,), (0,)), ((2, 3), (1,)), ((2, 3), (0, -1)), ((2, 2, 2), (2, 0)), ((2, 3), ()), ((0, 2), (0, 1))):
        run = lambda x: x.flip(axes)
        case(f"{list(shape)} over {list(axes)}", "flip", run, [draw(*shape)], axes=list(axes))
    for shape, shifts, axes in (
        ((4,), (1,), (0,)),
        ((2, 3), (-1,), (1,)),
        ((2, 3), (1, 2), (0, 1)),
        ((2, 3), (7, -5), (-1, 0)),
        ((2, 3), (1, 1), (1, 1)),
        ((2, 3), (2,), ()),
        ((0, 3), (2,), (0,)),
        ((0, 3), (1,), ()),
    ):
        run = lambda x: x.roll(shifts, axes)
        name = f"{list(shape)} by {list(shifts)} along {list(axes)}"
        case(name, "roll", run, [draw(*shape)], shifts=list(shifts), axes=list(axes))
    for shape, source, destination in (((2, 3, 2), (0,), (-1,)), ((2, 3, 2), (2, 0), (0, 1)), ((2, 3), (), ()), ((2, 1, 3, 2), (1, -1), (3, 1))):
        run = lambda x: x.movedim(source, destination)
        name = f"{list(shape)}, {list(source)} to {list(destination)}"
        case(name, "movedim", run, [draw(*shape)], source=list(source), destination=list(destination))
    for shape, factor in (((1, 4, 1, 2), 2), ((4, 2, 1), 2), ((2, 1, 4, 1, 1), 2), ((1, 2, 2), 1), ((1, 9, 1, 1), 3)):
        case(f"{list(shape)} by {factor}", "pixel_shuffle", lambda x: F.pixel_shuffle(x, factor), [draw(*shape)], factor=factor)
    for shape, factor in (((1, 1, 2, 4), 2), ((2, 2, 2), 2), ((1, 2, 3), 1), ((1, 1, 3, 3), 3), ((2, 1, 1, 2, 2), 2)):
        case(f"{list(shape)} by {factor}", "pixel_unshuffle", lambda x: F.pixel_unshuffle(x, factor), [draw(*shape)], factor=factor)
    for op in ("tril", "triu"):
        for shape, diagonal in (((3, 3), 0), ((2, 4), 1), ((4, 2), -1), ((3, 3), 5), ((3, 3), -5), ((2, 2, 3), 1), ((1, 1), 0), ((0, 2), 0)):
            run = lambda x: getattr(torch, op)(x, diagonal)
            case(f"{list(shape)}, {diagonal}", op, run, [draw(*shape)], diagonal=diagonal)
        cut = lambda x: getattr(torch, op)(x)
        case("an infinity and a NaN left out", op, cut, [[[1.0, float("inf")], [float("nan"), 2.0]]], diagonal=0)
    for shape, size, axis in (((5,), 2, 0), ((2, 4), 2, 1), ((3, 2), 5, 0), ((2, 3), 1, -1), ((0, 2), 3, 0)):
        run = lambda x: x.split(size, axis)
        case(f"{list(shape)}, {size} along {axis}", "split_each", run, [draw(*shape)], size=size, axis=axis)
    for shape, sizes, axis in (((5,), (2, 3), 0), ((2, 4), (1, 0, 3), 1), ((3, 2), (1, 2), -2), ((2,), (2,), 0)):
        run = lambda x: x.split(sizes, axis)
        case(f"{list(shape)}, {list(sizes)} along {axis}", "split", run, [draw(*shape)], sizes=list(sizes), axis=axis)
        # One part alone: zeros for the others.
        last = lambda x: x.split(sizes, axis)[-1].square()
        case(f"{list(shape)}, the last of {list(sizes)} along {axis}", "split_last", last, [draw(*shape)], sizes=list(sizes), axis=axis)
    for shape, chunks, axis in (((7,), 3, 0), ((2, 6), 4, 1), ((3, 2), 1, -1), ((2,), 5, 0), ((0, 2), 2, 0)):
        run = lambda x: x.chunk(chunks, axis)
        case(f"{list(shape)}, {chunks} along {axis}", "chunk", run, [draw(*shape)], chunks=chunks, axis=axis)
    for shape, axis in (((3,), 0), ((2, 3), 1), ((2, 1, 2), -2)):
        case(f"{list(shape)} along {axis}", "unbind", lambda x: x.unbind(axis), [draw(*shape)], axis=axis)
    for shape, axis, start, length in (((5,), 0, 1, 3), ((2, 4), 1, -2, 2), ((3, 2), 0, 3, 0), ((3, 2), -2, 0, 1)):
        run = lambda x: x.narrow(axis, start, length)
        name = f"{list(shape)} along {axis}, {length} from {start}"
        case(name, "narrow", run, [draw(*shape)], axis=axis, start=start, length=length)
