"""Losses."""

import numpy as np
import torch.nn.functional as F

from common import INF, case, draw, ids, indices, positive


def cases():
    reductions = ("mean", "sum", "none")
    for shape in ((3, 4), (1, 2), (2, 3, 2), (2, 3, 2, 2), (3, 1), (2, 21)):
        labels = ids(shape[1], shape[0], *shape[2:])
        probabilities = positive(*shape, key="p")
        if len(shape) == 2:
            probabilities = np.round(probabilities / probabilities.sum(1, keepdims=True) * 512) / 512
        for reduction in reductions:
            run = lambda x: F.cross_entropy(x, indices(labels), reduction=reduction)
            case(f"{list(shape)} {reduction}", "cross_entropy", run, [draw(*shape)], labels=labels, reduction=reduction)
            run = lambda x, p: F.cross_entropy(x, p, reduction=reduction)
            inputs = [draw(*shape), probabilities]
            case(f"{list(shape)} {reduction}", "cross_entropy_probabilities", run, inputs, reduction=reduction)
    huge = [[1000.0, -1000.0, 0.0], [-2.0**100, 2.0**100, 0.0], [0.0, 1.0, -INF]]
    labels = {"shape": [3], "values": [1, 1, 0]}
    for reduction in reductions:
        run = lambda x: F.cross_entropy(x, indices(labels), reduction=reduction)
        case(f"huge {reduction}", "cross_entropy", run, [huge], labels=labels, reduction=reduction)
    labels = {"shape": [1], "values": [2]}
    run = lambda x: F.cross_entropy(x, indices(labels), reduction="none")
    case("the label's logit is -inf", "cross_entropy", run, [[[0.0, 1.0, -INF]]], labels=labels, reduction="none")
    none = {"shape": [0], "values": []}
    run = lambda x: F.cross_entropy(x, indices(none), reduction="sum")
    case("[0, 3] sum", "cross_entropy", run, [draw(0, 3)], labels=none, reduction="sum")
    for reduction in reductions:
        for op, function in {
            "binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits,
            "mse": F.mse_loss,
        }.items():
            run = lambda x, y: function(x, y, reduction=reduction)
            for shape in ((5,), (2, 3), ()):
                target = np.clip(positive(*shape, key="y") / 2, 0, 1) if op != "mse" else draw(*shape, key="y")
                case(f"{list(shape)} {reduction}", op, run, [draw(*shape), target], reduction=reduction)
            inputs = [[1000.0, -1000.0, 40.0, -40.0, 0.0], [1.0, 0.0, 0.0, 1.0, 0.5]]
            case(f"large {reduction}", op, run, inputs, reduction=reduction)
