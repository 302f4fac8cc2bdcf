"""Activations."""

import torch
import torch.nn.functional as F

from common import INF, NAN, case, draw


def cases():
    large = [-1000.0, -40.0, -0.0, 0.0, 40.0, 1000.0]
    case("[2, 4]", "relu", torch.relu, [draw(2, 4)])
    case("kink, infinity, NaN", "relu", torch.relu, [[0.0, -0.0, INF, -INF, NAN]])
    for slope in (0.01, 0.25, -0.5):
        leaky = lambda x: F.leaky_relu(x, slope)
        case(f"slope {slope}", "leaky_relu", leaky, [draw(2, 4)], slope=slope)
    for lower, upper in ((1 / 8, 1 / 3), (-0.5, 0.25)):
        mean = lambda x: F.rrelu(x, lower, upper)
        case(f"evaluated, {lower} to {upper}", "rrelu", mean, [draw(2, 4)], lower=lower, upper=upper)
    leaky = lambda x: F.leaky_relu(x, 0.125)
    case("kink, infinity, NaN", "leaky_relu", leaky, [[0.0, -0.0, INF, -INF, NAN]], slope=0.125)
    # PyTorch's softplus is x itself from 20 on; the logarithm of the sigmoid has no such step.
    softplus = lambda x: -F.logsigmoid(-x)
    for op, function in {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": softplus}.items():
        case("[2, 4]", op, function, [draw(2, 4)])
        case("small", op, function, [draw(6, scale=2.0**-16)])
        case("large", op, function, [large])
        case("[67]", op, function, [draw(67, scale=4)])
        case("middling", op, function, [draw(6, scale=8)])
    for op in ("tanh", "sigmoid"):
        case("infinity, NaN", op, getattr(torch, op), [[INF, -INF, NAN]])
    smooth = {
        "log_sigmoid": F.logsigmoid,
        "silu": F.silu,
        "mish": F.mish,
        "gelu": F.gelu,
        "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
        "softsign": F.softsign,
        "tanhshrink": F.tanhshrink,
    }
    for op, function in smooth.items():
        case("[2, 4]", op, function, [draw(2, 4)])
        case("[35]", op, function, [draw(35, scale=4)])
        case("large", op, function, [[-40.0, -0.0, 0.0, 40.0]])
        case("[3, 0]", op, function, [draw(3, 0)])
    for beta, threshold in ((2.0, 20.0), (0.5, 1.0), (-1.0, 20.0), (4.0, 3.0)):
        softplus = lambda x: F.softplus(x, beta, threshold)
        options = {"beta": beta, "threshold": threshold}
        case(f"beta {beta}, threshold {threshold}", "softplus_with", softplus, [draw(8, scale=2)], **options)
    kinked = [0.0, -0.0, 0.5, -0.5, INF, -40.0]
    for op, function in {"elu": F.elu, "celu": F.celu}.items():
        for alpha in (1.0, 0.5, 2.0):
            run = lambda x: function(x, alpha)
            case(f"alpha {alpha}", op, run, [draw(8, scale=2)], alpha=alpha)
        case("kink", op, lambda x: function(x, 0.5), [kinked], alpha=0.5)
    case("[8]", "selu", F.selu, [draw(8, scale=2)])
    case("kink", "selu", F.selu, [kinked])
    case("[8]", "relu6", F.relu6, [draw(8, scale=4)])
    case("kinks", "relu6", F.relu6, [[0.0, 6.0, -INF, INF]])
    for lo, hi in ((-1.0, 1.0), (0.25, 1.5)):
        case(f"{lo} to {hi}", "hardtanh", lambda x: F.hardtanh(x, lo, hi), [draw(8)], lo=lo, hi=hi)
    case("kinks", "hardtanh", lambda x: F.hardtanh(x, -1.0, 1.0), [[-1.0, 1.0, INF, -INF]], lo=-1.0, hi=1.0)
    # PyTorch's gradient of hardsigmoid has the sixth of single precision.
    steps = {"hardsigmoid": lambda x: F.relu6(x + 3) / 6, "hardswish": F.hardswish}
    for op, function in steps.items():
        case("[9]", op, function, [draw(9, scale=2)])
        case("kinks", op, function, [[-3.0, 3.0, 0.0, -100.0, 100.0]])
    case("NaN", "hardswish", F.hardswish, [[NAN, 1.0]])
    for op, function in {"hardshrink": F.hardshrink, "softshrink": F.softshrink}.items():
        for bound in (0.5, 0.0, 1.25):
            case(f"lambda {bound}", op, lambda x: function(x, bound), [draw(8)], **{"lambda": bound})
        kinks = [0.5, -0.5, 0.0, INF, -INF, NAN]
        case("kinks, infinity, NaN", op, lambda x: function(x, 0.5), [kinks], **{"lambda": 0.5})
    for bound, value in ((0.1, 20.0), (-0.5, 0.0)):
        cut = lambda x: F.threshold(x, bound, value)
        case(f"{bound} to {value}", "threshold", cut, [draw(8)], threshold=bound, value=value)
    cut = lambda x: F.threshold(x, 0.5, 7.0)
    case("step, infinity, NaN", "threshold", cut, [[0.5, INF, -INF, NAN]], threshold=0.5, value=7.0)
    for shape, weight in (((2, 3), (3,)), ((2, 3), (1,)), ((4,), (1,)), ((2, 3, 2), (3,)), ((2, 2, 1, 2), (2,)), ((0, 3), (3,))):
        inputs = [draw(*shape, key="x"), draw(*weight, key="w")]
        case(f"{list(shape)} by {list(weight)}", "prelu", F.prelu, inputs)
    # The slope's share of the derivative at 0, which PyTorch leaves out of the second one.
    case("kink, infinity", "prelu", F.prelu, [[0.0, INF, -INF], [0.25]], singular=["second"])
    for shape, axis in (((4,), 0), ((2, 6), -1), ((4, 3), 0), ((2, 4, 3), 1), ((2, 0), 1)):
        case(f"{list(shape)} along {axis}", "glu", lambda x: F.glu(x, axis), [draw(*shape)], axis=axis)
