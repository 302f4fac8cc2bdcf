import numpy as np
import torch
from common import Family
from torch import nn

# Both sides of every bend, and the bends.
WIDE = np.array([-50, -21, -6, -3, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 3, 6, 21, 50, 1.75, -1.75, 2.5])

# The options of a layer as PyTorch has them, and the name ours has.
RENAMED = {"dim": "axis", "init": "slope"}

ELEMENTWISE = [
    (nn.ReLU, [{}]),
    (nn.ReLU6, [{}]),
    (nn.LeakyReLU, [{}, {"negative_slope": 0.2}, {"negative_slope": -0.5}, {"negative_slope": 0.0}]),
    (nn.ELU, [{}, {"alpha": 0.3}, {"alpha": -0.5}]),
    (nn.SELU, [{}]),
    (nn.CELU, [{}, {"alpha": 0.3}, {"alpha": 2.0}]),
    (nn.GELU, [{}, {"approximate": "none"}, {"approximate": "tanh"}]),
    (nn.SiLU, [{}]),
    (nn.Mish, [{}]),
    (nn.Softplus, [{}, {"beta": 0.5}, {"beta": 3.0, "threshold": 2.0}]),
    (nn.Softsign, [{}]),
    (nn.Sigmoid, [{}]),
    (nn.LogSigmoid, [{}]),
    (nn.Hardsigmoid, [{}]),
    (nn.Hardswish, [{}]),
    (nn.Hardtanh, [{}, {"min_val": -0.5, "max_val": 3.0}]),
    (nn.Hardshrink, [{}, {"lambd": 1.0}, {"lambd": 0.0}]),
    (nn.Softshrink, [{}, {"lambd": 1.0}, {"lambd": 0.0}]),
    (nn.Tanhshrink, [{}]),
    (nn.Tanh, [{}]),
    (nn.Threshold, [{"threshold": 0.5, "value": -3.0}, {"threshold": -1.0, "value": 20.0}]),
]


# Where PyTorch's gradient has a constant of single precision, the same function of others.
EXACT = {
    nn.CELU: lambda m, x: torch.where(x > 0, x, m.alpha * torch.expm1(torch.where(x > 0, 0, x) / m.alpha)),
    nn.Hardsigmoid: lambda m, x: nn.functional.relu6(x + 3) / 6,
}


def cases():
    family = Family("activation")

    def case(module, options, *inputs, random=False):
        ours = {RENAMED.get(key, key): value for key, value in options.items()}
        told = [f"{key}={value}" for key, value in options.items()]
        told += [str(list(x)) if isinstance(x, tuple) else "wide" for x in inputs]
        family.case(module.__name__, ", ".join(told), module(**options), ours, *inputs, random=random, forward=EXACT.get(module))

    for module, settings in ELEMENTWISE:
        for options in settings:
            case(module, options, WIDE)
        case(module, settings[-1], (2, 3))
    for options in [{}, {"lower": -0.5, "upper": 1.0}]:
        case(nn.RReLU, options, WIDE, random=True)
    case(nn.PReLU, {}, (5,))
    case(nn.PReLU, {}, (2, 3, 2))
    for shape in [(2, 3), (2, 3, 2), (2, 3, 1, 2)]:
        case(nn.PReLU, {"num_parameters": 3, "init": 0.1}, shape)
    for module in [nn.Softmax, nn.Softmin, nn.LogSoftmax]:
        for dim in [0, 1, 2, -1, -2]:
            case(module, {"dim": dim}, (2, 3, 2))
        case(module, {"dim": -1}, WIDE)
    case(nn.Softmax2d, {}, (3, 2, 2))
    case(nn.Softmax2d, {}, (2, 3, 1, 2))
    case(nn.GLU, {}, (2, 4))
    for dim in [0, 1, -1]:
        case(nn.GLU, {"dim": dim}, (2, 4, 2))
    return family
