"""Pooling."""

import torch
import torch.nn.functional as F

from common import INF, NAN, case, draw, positive


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
    other_dimensions()
    adaptive()
    unpooling()
    norms()


def window(kernel, stride=None, padding=None, dilation=None, ceil=False):
    zeros, ones = [0] * len(kernel), [1] * len(kernel)
    return dict(
        kernel=kernel,
        stride=stride or kernel,
        padding=padding or zeros,
        dilation=dilation or ones,
        ceil_mode=ceil,
    )


def other_dimensions():
    maxima = {1: F.max_pool1d, 3: F.max_pool3d}
    averages = {1: F.avg_pool1d, 3: F.avg_pool3d}
    inputs = {1: draw(2, 2, 7), 3: draw(1, 1, 3, 3, 4)}
    windows = {
        1: {
            "2": window([2]),
            "3, stride 2, padding 1": window([3], [2], [1]),
            "3, stride 1": window([3], [1]),
            "2, stride 3, ceil": window([2], [3], ceil=True),
            "3, stride 2, padding 1, ceil": window([3], [2], [1], ceil=True),
            "2, dilation 3": window([2], [1], dilation=[3]),
        },
        3: {
            "2": window([2, 2, 2]),
            "3, stride 2, padding 1": window([3, 3, 3], [2, 2, 2], [1, 1, 1]),
            "2, stride 1": window([2, 2, 2], [1, 1, 1]),
            "2 by 1 by 3, stride 1 by 2 by 2, ceil": window([2, 1, 3], [1, 2, 2], ceil=True),
            "3 by 2 by 2, stride 2, padding 1 by 0 by 1, ceil": window([3, 2, 2], [2, 2, 2], [1, 0, 1], ceil=True),
            "2, dilation 2 by 1 by 3": window([2, 2, 2], [1, 1, 1], dilation=[2, 1, 3]),
        },
    }
    for d, x in inputs.items():
        for name, o in windows[d].items():
            arguments = (o["kernel"], o["stride"], o["padding"], o["dilation"], o["ceil_mode"])
            run = lambda x: maxima[d](x, *arguments, return_indices=True)
            case(name, f"max_pool{d}d_with_indices", run, [x], **o)
            if name == "2":
                case(name, f"max_pool{d}d", lambda x: maxima[d](x, *arguments), [x], **o)
            if max(o["dilation"]) > 1:
                continue
            o = {k: v for k, v in o.items() if k != "dilation"}
            for count in (True, False):
                for divisor in (None, 3) if d == 3 and count else (None,):
                    rest = (divisor,) if d == 3 else ()
                    run = lambda x: averages[d](x, o["kernel"], o["stride"], o["padding"], o["ceil_mode"], count, *rest)
                    how = f"{'' if count else ', padding not counted'}{f', divided by {divisor}' if divisor else ''}"
                    options = dict(o, count_include_pad=count, divisor_override=divisor)
                    case(f"{name}{how}", f"avg_pool{d}d", run, [x], **options)
    one, three = windows[1]["3, stride 2, padding 1"], windows[3]["2, stride 1"]
    flat = lambda o: (o["kernel"], o["stride"], o["padding"], o["dilation"], o["ceil_mode"])
    special = [1.0, 1.0, NAN, 2.0, NAN, -INF, INF, INF, -INF, -INF, -INF, 0.0]
    run = lambda x: F.max_pool1d(x, *flat(one), return_indices=True)
    case("no batch, ties, NaN and infinities", "max_pool1d_with_indices", run, [[special]], **one)
    run = lambda x: F.max_pool3d(x, *flat(three), return_indices=True)
    case("no batch", "max_pool3d_with_indices", run, [draw(2, 2, 2, 3)], **three)
    values = [[[[[1.0, 1.0, 2.0], [2.0, 1.0, NAN]], [[1.0, NAN, 0.0], [2.0, 2.0, 2.0]], [[3.0, 3.0, 3.0]] * 2]]]
    case("ties and NaN", "max_pool3d_with_indices", run, [values], **three)
    two = window([2, 2])
    run = lambda x: F.max_pool2d(x, *flat(two), return_indices=True)
    case("no batch", "max_pool2d_with_indices", run, [draw(2, 4, 4)], **two)
    average = dict({k: v for k, v in two.items() if k != "dilation"}, count_include_pad=True, divisor_override=None)
    case("no batch", "avg_pool2d", lambda x: F.avg_pool2d(x, 2), [draw(2, 4, 4)], **average)


def adaptive():
    inputs = {
        1: [((2, 2, 5), [3]), ((1, 1, 6), [3]), ((1, 2, 5), [1]), ((2, 5), [7]), ((1, 4), [None])],
        2: [
            ((1, 2, 5, 4), [3, 3]),
            ((2, 1, 4, 6), [2, 3]),
            ((1, 2, 3, 3), [1, 1]),
            ((1, 1, 5, 4), [None, 3]),
            ((2, 3, 4), [5, 2]),
            ((1, 1, 7, 5), [2, 5]),
        ],
        3: [
            ((1, 1, 3, 4, 5), [2, 3, 4]),
            ((1, 2, 2, 4, 2), [1, 2, 2]),
            ((1, 3, 2, 3), [None, 3, 1]),
            ((1, 1, 2, 2, 2), [3, 1, 4]),
        ],
    }
    maxima = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}
    averages = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}
    for d, shapes in inputs.items():
        for shape, size in shapes:
            name = f"{list(shape)} to {size}"
            sizes = [n if s is None else s for n, s in zip(shape[-d:], size)]
            run = lambda x: maxima[d](x, sizes, True)
            case(name, f"adaptive_max_pool{d}d_with_indices", run, [draw(*shape)], size=size)
            if shape == shapes[-1][0]:
                case(name, f"adaptive_max_pool{d}d", lambda x: maxima[d](x, sizes), [draw(*shape)], size=size)
            case(name, f"adaptive_avg_pool{d}d", lambda x: averages[d](x, sizes), [draw(*shape)], size=size)
    ties = [[[[1.0, 1.0, 2.0], [NAN, 2.0, 2.0], [NAN, 1.0, -INF]]]]
    run = lambda x: F.adaptive_max_pool2d(x, [2, 2], True)
    case("ties and NaN", "adaptive_max_pool2d_with_indices", run, [ties], size=[2, 2])
    x = [[[[INF, 1.0, 2.0], [1.0, 2.0, 2.0], [1.0, 1.0, NAN]]]]
    case("infinity and NaN", "adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, [2, 2]), [x], size=[2, 2])
    case("[2, 3, 2, 3]", "global_avg_pool", lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1), [draw(2, 3, 2, 3)])
    case("[2, 3, 2, 3]", "global_max_pool", lambda x: F.adaptive_max_pool2d(x, 1).flatten(1), [draw(2, 3, 2, 3)])


def unpooling():
    pools = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
    unpools = {1: F.max_unpool1d, 2: F.max_unpool2d, 3: F.max_unpool3d}

    def unpool(name, shape, o, size=None):
        d = len(o["kernel"])
        del o["dilation"], o["ceil_mode"]
        arguments = (o["kernel"], o["stride"], o["padding"])
        x = draw(*shape)
        # Where the maxima of another tensor stood.
        at = pools[d](torch.tensor(draw(*shape, key="at")), *arguments, return_indices=True)[1]
        y = draw(*at.shape, key="y")
        option = {"shape": list(at.shape), "values": at.flatten().tolist()}
        run = lambda y: unpools[d](y, at, *arguments, output_size=size)
        case(name, f"max_unpool{d}d", run, [y], indices=option, output_size=size, **o)

    unpool("2", (2, 1, 6), window([2]))
    unpool("2, to 7", (1, 7), window([2]), size=[7])
    unpool("2", (1, 2, 4, 4), window([2, 2]))
    unpool("2, to 5 by 5", (1, 2, 5, 5), window([2, 2]), size=[5, 5])
    unpool("2, to 4 by 5", (2, 4, 5), window([2, 2]), size=[4, 5])
    unpool("2 by 3, stride 3, padding 1", (1, 1, 6, 6), window([2, 3], [3, 3], [1, 1]), size=[6, 6])
    unpool("1 by 2, stride 2", (1, 1, 4, 4), window([1, 2], [2, 2]), size=[4, 4])
    unpool("2", (1, 1, 2, 4, 4), window([2, 2, 2]))
    unpool("1 by 2 by 2, to 2 by 3 by 5", (1, 2, 3, 5), window([1, 2, 2]), size=[2, 3, 5])


def norms():
    norms = {1: F.lp_pool1d, 2: F.lp_pool2d, 3: F.lp_pool3d}
    for d, p, shape, o in (
        (1, 2.0, (1, 2, 6), window([2])),
        (1, 1.5, (2, 6), window([3], [2], ceil=True)),
        (2, 2.0, (1, 2, 4, 4), window([2, 2])),
        (2, 3.0, (1, 1, 5, 4), window([3, 2], [2, 1], ceil=True)),
        (2, 1.0, (2, 3, 3), window([2, 2], [1, 1])),
        (3, 2.0, (1, 1, 2, 4, 3), window([2, 2, 2], [1, 2, 1])),
    ):
        del o["padding"], o["dilation"]
        sizes = o["kernel"][0] if d == 1 else o["kernel"]
        run = lambda x: norms[d](x, p, sizes, o["stride"], o["ceil_mode"])
        case(f"{list(shape)}, p = {p}", f"lp_pool{d}d", run, [positive(*shape)], p=p, **o)
