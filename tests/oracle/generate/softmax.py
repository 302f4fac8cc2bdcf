"""Softmax and its logarithm."""

import torch

from common import INF, NAN, case, draw


class LogSumExp(torch.autograd.Function):
    """Along the last axis, with the softmax as gradient.

    PyTorch's gradient is exp(x - y), in which y has been rounded: for x = [2**100, 2**100] it is [1, 1].
    """

    @staticmethod
    def forward(cx, x):
        cx.save_for_backward(x)
        return torch.logsumexp(x, -1)

    @staticmethod
    def backward(cx, dy):
        return torch.softmax(cx.saved_tensors[0], -1) * dy.unsqueeze(-1)


def cases():
    for op, function in {"softmax": torch.softmax, "log_softmax": torch.log_softmax}.items():
        for shape, axis in (((3,), 0), ((2, 3), 0), ((2, 3), 1), ((2, 3, 2), 1), ((2, 3, 2), -3), ((3, 1), 1), ((2, 9), -1)):
            case(f"{list(shape)} along {axis}", op, lambda x: function(x, axis), [draw(*shape)], axis=axis)
        along = lambda x: function(x, -1)
        case("[2, 37]", op, along, [draw(2, 37)], axis=-1)
        case("[19, 3] along 0", op, lambda x: function(x, 0), [draw(19, 3)], axis=0)
        case("[0, 3]", op, along, [draw(0, 3)], axis=-1)
        case("[3, 0]", op, along, [draw(3, 0)], axis=-1)
        case("huge", op, along, [[[1000.0, 999.0, -1000.0], [2.0**100, 2.0**100, 0.0]]], axis=-1)
        case("a part of -inf", op, along, [[[0.5, -INF, 1.0], [-INF, -INF, 2.0]]], axis=-1)
        case("-inf alone", op, along, [[[-INF, -INF], [0.0, 1.0]]], axis=-1)
        case("+inf and NaN", op, along, [[[INF, 0.0], [NAN, 1.0]]], axis=-1)
    op = "logsumexp"
    for shape, axes, keep in (
        ((3,), [0], False),
        ((2, 3), [0], False),
        ((2, 3), [1], True),
        ((2, 3, 2), [0, 2], False),
        ((2, 3, 2), [-1, 0], True),
        ((2, 3, 2), None, False),
        ((2, 3, 2), [1], False),
        ((3, 1), [1], False),
    ):
        over = list(range(len(shape))) if axes is None else axes
        name = f"{list(shape)} over {axes}{' kept' if keep else ''}"
        case(name, op, lambda x: torch.logsumexp(x, over, keep), [draw(*shape)], axes=axes, keepdim=keep)
    huge = [[1000.0, 999.0, -1000.0], [2.0**100, 2.0**100, 0.0]]
    case("huge", op, LogSumExp.apply, [huge], axes=[-1], keepdim=False)
    last = lambda x: torch.logsumexp(x, -1)
    case("a part of -inf", op, last, [[[0.5, -INF, 1.0], [-INF, -INF, 2.0]]], axes=[-1], keepdim=False)
    case("-inf alone", op, last, [[[-INF, -INF], [0.0, 1.0]]], axes=[-1], keepdim=False)
    case("+inf and NaN", op, LogSumExp.apply, [[[INF, 0.0], [NAN, 1.0]]], axes=[-1], keepdim=False)
    case("[0, 3]", op, last, [draw(0, 3)], axes=[-1], keepdim=False)
    case("[3, 0]", op, last, [draw(3, 0)], axes=[-1], keepdim=False)
