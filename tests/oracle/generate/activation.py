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
