"""Pooling."""

import torch.nn.functional as F

from common import INF, NAN, case, draw, indices


def cases():
    def options(kernel, stride=None, padding=(0, 0), dilation=(1, 1), ceil=False, count=True, divisor=None):
        return dict(
            kernel=list(kernel),
            stride=list(stride or kernel),
            padding=list(padding),
            dilation=list(dilation),
            ceil_mode=ceil,
            count_include_pad=count,
            divisor_override=divisor,
        )

    def maximum(name, x, indices=False, **o):
        o = options(**o)
        arguments = (o["kernel"], o["stride"], o["padding"], o["dilation"], o["ceil_mode"])
        run = lambda x: F.max_pool2d(x, *arguments, return_indices=indices)
        for unused in ("count_include_pad", "divisor_override"):
            del o[unused]
        case(name, "max_pool2d_with_indices" if indices else "max_pool2d", run, [x], **o)

    windows = {
        "2": dict(kernel=(2, 2)),
        "3, stride 2, padding 1": dict(kernel=(3, 3), stride=(2, 2), padding=(1, 1)),
        "3, stride 1": dict(kernel=(3, 3), stride=(1, 1)),
        "2, stride 3": dict(kernel=(2, 2), stride=(3, 3)),
        "2 by 3, ceil": dict(kernel=(2, 3), ceil=True),
        "3, stride 2, ceil": dict(kernel=(3, 3), stride=(2, 2), ceil=True),
        "3, stride 2, padding 1, ceil": dict(kernel=(3, 3), stride=(2, 2), padding=(1, 1), ceil=True),
        "2, stride 3, padding 1, ceil": dict(kernel=(2, 2), stride=(3, 3), padding=(1, 1), ceil=True),
        "3 by 2, stride 1 by 2, padding 1 by 0": dict(kernel=(3, 2), stride=(1, 2), padding=(1, 0)),
        "1": dict(kernel=(1, 1)),
        "5": dict(kernel=(5, 5)),
    }
    dilated = {
        "2, dilation 2": dict(kernel=(2, 2), stride=(1, 1), dilation=(2, 2)),
        "3 by 2, dilation 2 by 3, padding 1": dict(kernel=(3, 2), stride=(2, 1), dilation=(2, 3), padding=(1, 1)),
        "2, dilation 3, ceil": dict(kernel=(2, 2), stride=(2, 2), dilation=(3, 3), ceil=True),
    }
    for name, window in {**windows, **dilated}.items():
        maximum(name, draw(1, 2, 5, 5), **window)
        maximum(name, draw(2, 1, 5, 5, key="i"), indices=True, **window)
    ties = [[[[1.0, 1.0, 2.0, 2.0], [1.0, 0.0, 2.0, 3.0], [0.0, 0.0, -1.0, -1.0], [0.0, -0.0, -1.0, -1.0]]]]
    infinite = [[[[-INF, -INF, 0.0, INF], [-INF, -INF, INF, 0.0]]]]
    nan = [[[[1.0, NAN, 2.0, 4.0], [NAN, 0.0, 3.0, NAN]]]]
    for name, x in (("ties", ties), ("infinities", infinite), ("NaN", nan)):
        maximum(name, x, indices=True, kernel=(2, 2))
    maximum("overlapping ties", ties, indices=True, kernel=(3, 3), stride=(1, 1), padding=(1, 1))
    maximum("overlapping NaN", nan, indices=True, kernel=(2, 2), stride=(1, 1), padding=(1, 1))

    def average(name, x, **o):
        o = options(**o)
        del o["dilation"]
        arguments = (o["kernel"], o["stride"], o["padding"], o["ceil_mode"], o["count_include_pad"], o["divisor_override"])
        case(name, "avg_pool2d", lambda x: F.avg_pool2d(x, *arguments), [x], **o)

    for name, window in windows.items():
        average(name, draw(1, 2, 5, 5), **window)
        if "padding" in window or "ceil" in window:
            average(f"{name}, padding not counted", draw(2, 1, 5, 5), count=False, **window)
            average(f"{name}, divided by 3", draw(1, 1, 5, 4), divisor=3, **window)
    average("divided by 7", draw(1, 1, 4, 4), kernel=(2, 2), divisor=7)
    average("NaN and infinity", [[[[NAN, 1.0, INF, 1.0], [1.0, 1.0, 1.0, 1.0]]]], kernel=(2, 2))
