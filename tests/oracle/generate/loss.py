"""Losses of labels and of single elements."""

import itertools

import numpy as np
import torch
import torch.nn.functional as F

from common import INF, case, draw, ids, indices, positive

REDUCTIONS = ("mean", "sum", "none")
# One reduction to each combination of options, in turn.
TURNS = itertools.cycle(REDUCTIONS)


def probabilities(*shape, key="p"):
    p = positive(*shape, key=key)
    return np.round(p / p.sum(1, keepdims=True) * 512) / 512 if p.ndim == 2 else p


def class_labels():
    for shape in ((3, 4), (1, 2), (2, 3, 2), (2, 3, 2, 2), (3, 1), (2, 21)):
        labels = ids(shape[1], shape[0], *shape[2:])
        for reduction in REDUCTIONS:
            run = lambda x: F.cross_entropy(x, indices(labels), reduction=reduction)
            case(f"{list(shape)} {reduction}", "cross_entropy", run, [draw(*shape)], labels=labels, reduction=reduction)
            run = lambda x, p: F.cross_entropy(x, p, reduction=reduction)
            inputs = [draw(*shape), probabilities(*shape)]
            case(f"{list(shape)} {reduction}", "cross_entropy_probabilities", run, inputs, reduction=reduction)
    huge = [[1000.0, -1000.0, 0.0], [-2.0**100, 2.0**100, 0.0], [0.0, 1.0, -INF]]
    labels = {"shape": [3], "values": [1, 1, 0]}
    for reduction in REDUCTIONS:
        run = lambda x: F.cross_entropy(x, indices(labels), reduction=reduction)
        case(f"huge {reduction}", "cross_entropy", run, [huge], labels=labels, reduction=reduction)
    labels = {"shape": [1], "values": [2]}
    run = lambda x: F.cross_entropy(x, indices(labels), reduction="none")
    case("the label's logit is -inf", "cross_entropy", run, [[[0.0, 1.0, -INF]]], labels=labels, reduction="none")
    none = {"shape": [0], "values": []}
    run = lambda x: F.cross_entropy(x, indices(none), reduction="sum")
    case("[0, 3] sum", "cross_entropy", run, [draw(0, 3)], labels=none, reduction="sum")


def class_options():
    weights = [0.5, 2.0, 1.25, 0.0]
    for shape, values in (
        ((4, 3), [2, 0, 0, 1]),
        ((2, 3, 2), [0, 1, 2, 2]),
        ((3,), [1]),
        ((3, 4), [3, -100, 1]),
        ((2, 3, 2), [-100, 1, -100, 2]),
    ):
        classes = shape[0] if len(shape) == 1 else shape[1]
        of_labels = [] if len(shape) == 1 else [shape[0], *shape[2:]]
        labels = {"shape": of_labels, "values": values}
        for weight in (None, weights[:classes]):
            w = weight and torch.tensor(weight)
            name = f"{list(shape)} {values}, weight {weight}"
            for _ in range(2):
                reduction = next(TURNS)
                common = dict(weight=weight, ignore_index=-100, reduction=reduction)
                run = lambda x: F.nll_loss(x, indices(labels), w, reduction=reduction)
                case(f"{name}, {reduction}", "nll_loss", run, [-positive(*shape)], labels=labels, **common)
            for smoothing in (0.25, 1.0) if weight is None else (0.25, 0.0):
                reduction = next(TURNS)
                common = dict(weight=weight, ignore_index=-100, reduction=reduction)
                run = lambda x: F.cross_entropy(x, indices(labels), w, reduction=reduction, label_smoothing=smoothing)
                full = f"{name}, smoothing {smoothing}, {reduction}"
                case(full, "cross_entropy_with", run, [draw(*shape)], labels=labels, smoothing=smoothing, **common)
    labels = {"shape": [4], "values": [2, 0, 1, 1]}
    for reduction in REDUCTIONS:
        common = dict(weight=None, ignore_index=1, reduction=reduction)
        run = lambda x: F.cross_entropy(x, indices(labels), ignore_index=1, reduction=reduction)
        case(f"a class ignored, {reduction}", "cross_entropy_with", run, [draw(4, 3)], labels=labels, smoothing=0.0, **common)
        run = lambda x: F.nll_loss(x, indices(labels), ignore_index=1, reduction=reduction)
        case(f"a class ignored, {reduction}", "nll_loss", run, [draw(4, 3)], labels=labels, **common)
        for shape, weight, smoothing in (((3, 3), None, 0.25), ((3, 3), weights[:3], 0.0), ((2, 3, 2), weights[:3], 0.25), ((3,), weights[:3], 0.25)):
            w = None if weight is None else torch.tensor(weight)
            p = probabilities(*shape) if len(shape) > 1 else np.array([0.25, 0.5, 0.25])
            run = lambda x, p: F.cross_entropy(x, p, w, reduction=reduction, label_smoothing=smoothing)
            name = f"{list(shape)}, weight {weight}, smoothing {smoothing}, {reduction}"
            options = dict(weight=weight, smoothing=smoothing, reduction=reduction)
            case(name, "cross_entropy_probabilities_with", run, [draw(*shape), p], **options)
    # Not one label counts: 0/0.
    labels = {"shape": [2], "values": [-100, -100]}
    run = lambda x: F.nll_loss(x, indices(labels))
    options = dict(labels=labels, weight=None, ignore_index=-100, reduction="mean")
    case("nothing counts", "nll_loss", run, [draw(2, 3)], **options)


def binary():
    name = "binary_cross_entropy_with_logits"
    for reduction in REDUCTIONS:
        for op, function in {name: F.binary_cross_entropy_with_logits, "mse_loss": F.mse_loss}.items():
            run = lambda x, y: function(x, y, reduction=reduction)
            for shape in ((5,), (2, 3), ()):
                target = np.clip(positive(*shape, key="y") / 2, 0, 1) if op == name else draw(*shape, key="y")
                case(f"{list(shape)} {reduction}", op, run, [draw(*shape), target], reduction=reduction)
            inputs = [[1000.0, -1000.0, 40.0, -40.0, 0.0], [1.0, 0.0, 0.0, 1.0, 0.5]]
            case(f"large {reduction}", op, run, inputs, reduction=reduction)
        # What is not known is left out before PyTorch sees it.
        known = {"shape": [2, 3], "values": [1, 0, 1, 1, 0, 0]}
        mask = indices(known).bool()

        def masked(function):
            def run(x, y):
                if reduction != "none":
                    return function(x[mask], y[mask], reduction=reduction)
                return torch.zeros(2, 3).masked_scatter(mask, function(x[mask], y[mask], reduction="none"))

            return run

        p, y = np.round(positive(2, 3) / 2.5 * 512) / 512, np.round(positive(2, 3, key="y") / 2.5 * 512) / 512
        options = dict(weight=None, known=known, reduction=reduction)
        case(f"known in part, {reduction}", "binary_cross_entropy", masked(F.binary_cross_entropy), [p, y], **options)
        run = masked(F.binary_cross_entropy_with_logits)
        case(f"known in part, {reduction}", f"{name}_and", run, [draw(2, 3), y], pos_weight=None, **options)
    for shape, of_weight in (((2, 3), [3]), ((3, 2), [3, 1]), ((4,), [4])):
        p, y = positive(*shape, key="p") / 2.5, positive(*shape, key="y") / 2.5
        p, y = np.round(p * 512) / 512, np.round(y * 512) / 512
        w, q = positive(*of_weight, key="w"), positive(*of_weight, key="q")
        for weight, positives in ((None, None), (w, None), (None, q), (w, q)):
            shapes = f"weight {weight is not None and of_weight}, pos_weight {positives is not None and of_weight}"
            t = lambda v: None if v is None else torch.tensor(v)
            of = lambda v: None if v is None else {"shape": of_weight, "values": v.flatten().tolist()}
            reduction = next(TURNS)
            options = dict(weight=of(weight), known=None, reduction=reduction)
            full = f"{list(shape)} {shapes}, {reduction}"
            if positives is None:
                run = lambda x, y: F.binary_cross_entropy(x, y, t(weight), reduction=reduction)
                case(full, "binary_cross_entropy", run, [p, y], **options)
            run = lambda x, y: F.binary_cross_entropy_with_logits(x, y, t(weight), reduction=reduction, pos_weight=t(positives))
            case(full, f"{name}_and", run, [draw(*shape), y], pos_weight=of(positives), **options)


def focal(x, y, alpha, gamma, reduction):
    p = torch.sigmoid(x)
    cost = F.binary_cross_entropy_with_logits(x, y, reduction="none")
    loss = cost * (p * (1 - y) + (1 - p) * y) ** gamma
    if alpha is not None:
        loss = (alpha * y + (1 - alpha) * (1 - y)) * loss
    return reduce(loss, reduction)


def reduce(loss, reduction):
    return loss.mean() if reduction == "mean" else loss.sum() if reduction == "sum" else loss


def focal_losses():
    for alpha, gamma in ((0.25, 2.0), (None, 2.0), (0.75, 1.0), (0.5, 0.0), (0.25, 3.5)):
        for _ in range(2):
            reduction = next(TURNS)
            run = lambda x, y: focal(x, y, alpha, gamma, reduction)
            options = dict(alpha=alpha, gamma=gamma, reduction=reduction)
            name = f"alpha {alpha}, gamma {gamma}, {reduction}"
            y = np.round(positive(2, 3, key="y") / 2.5 * 512) / 512
            case(f"{name}, probabilities", "sigmoid_focal_loss", run, [draw(2, 3), y], **options)
            case(f"{name}, labels", "sigmoid_focal_loss", run, [draw(2, 2, scale=4), [[0.0, 1.0], [1.0, 0.0]]], **options)

            def softmax(x):
                cost = F.cross_entropy(x, indices(labels), reduction="none")
                return reduce((1 - torch.exp(-cost)) ** gamma * cost, reduction)

            labels = ids(3, 4)
            if alpha is not None:
                case(f"gamma {gamma}, {reduction}", "softmax_focal_loss", softmax, [draw(4, 3)], labels=labels, gamma=gamma, reduction=reduction)


def regression():
    x, y = draw(2, 3, key="x"), draw(2, 3, key="y")
    for reduction in REDUCTIONS:
        run = lambda x, y: F.l1_loss(x, y, reduction=reduction)
        case(f"{reduction}", "l1_loss", run, [x, y], reduction=reduction)
        for beta in (1.0, 0.5, 4.0, 0.0):
            run = lambda x, y: F.smooth_l1_loss(x, y, reduction=reduction, beta=beta)
            case(f"beta {beta}, {reduction}", "smooth_l1_loss", run, [x, y], beta=beta, reduction=reduction)
        for delta in (1.0, 0.5, 4.0):
            run = lambda x, y: F.huber_loss(x, y, reduction=reduction, delta=delta)
            case(f"delta {delta}, {reduction}", "huber_loss", run, [x, y], delta=delta, reduction=reduction)
        for log_input in (True, False):
            for full in (True, False):
                arguments = dict(log_input=log_input, full=full, eps=1 / 64, reduction=reduction)
                run = lambda x, y: F.poisson_nll_loss(x, y, **arguments)
                inputs = [x if log_input else np.abs(x), np.abs(y)]
                case(f"log_input {log_input}, full {full}, {reduction}", "poisson_nll_loss", run, inputs, **arguments)
        for full in (True, False):
            for shape in ((2, 3), (2, 1)):
                run = lambda x, y, v: F.gaussian_nll_loss(x, y, v, full=full, reduction=reduction)
                inputs = [x, y, positive(*shape, key="v")]
                case(f"variance {list(shape)}, full {full}, {reduction}", "gaussian_nll_loss", run, inputs, full=full, eps=1e-6, reduction=reduction)
        for log_target in (True, False):
            for kind in (reduction, "batchmean"):
                if kind == "batchmean" and reduction != "mean":
                    continue
                run = lambda x, y: F.kl_div(x, y, reduction=kind, log_target=log_target)
                inputs = [-positive(2, 3, key="x"), -positive(2, 3, key="y") if log_target else positive(2, 3, key="y")]
                options = dict(log_target=log_target, batch_mean=kind == "batchmean", reduction=reduction)
                case(f"log_target {log_target}, {kind}", "kl_div", run, inputs, **options)
    case("equal", "l1_loss", lambda x, y: F.l1_loss(x, y), [[1.0, 2.0], [1.0, -2.0]], reduction="mean")
    run = lambda x, y: F.smooth_l1_loss(x, y, reduction="sum")
    case("equal", "smooth_l1_loss", run, [[1.0, 2.0], [1.0, -2.0]], beta=1.0, reduction="sum")
    infinite = [[INF, -INF, 1.0], [0.0, 0.0, INF]]
    case("infinite", "huber_loss", lambda x, y: F.huber_loss(x, y, reduction="none"), infinite, delta=1.0, reduction="none")
    run = lambda x: F.kl_div(x, torch.tensor([0.0, 0.5]), reduction="none")
    case("a probability of 0", "kl_div_of", run, [[-1.0, -2.0]], target=[0.0, 0.5])
    run = lambda x, y, v: F.gaussian_nll_loss(x, y, v, eps=0.5)
    case("small variances", "gaussian_nll_loss", run, [x[0], y[0], [0.25, 0.0, 1.0]], full=False, eps=0.5, reduction="mean")


def cases():
    class_labels()
    class_options()
    binary()
    focal_losses()
    regression()
