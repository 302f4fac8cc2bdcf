"""Losses of scores and of embeddings that are to keep a margin."""

import torch
import torch.nn.functional as F

from common import INF, case, draw, ids, indices
from loss import REDUCTIONS, TURNS, reduce


def cases():
    for reduction in REDUCTIONS:
        signs = {"shape": [2, 3], "values": [1, -1, -1, 1, 1, -1]}
        t = indices(signs).double()
        run = lambda x: reduce(torch.relu(1 - t * x), reduction)
        case(reduction, "hinge_loss", run, [draw(2, 3)], labels=signs, reduction=reduction)
        for margin in (1.0, 0.5):
            run = lambda x: F.hinge_embedding_loss(x, t, margin=margin, reduction=reduction)
            case(f"margin {margin}, {reduction}", "hinge_embedding_loss", run, [draw(2, 3)], labels=signs, margin=margin, reduction=reduction)
        for margin in (0.0, 0.5):
            run = lambda a, b: F.margin_ranking_loss(a, b, t, margin=margin, reduction=reduction)
            inputs = [draw(2, 3, key="a"), draw(2, 3, key="b")]
            case(f"margin {margin}, {reduction}", "margin_ranking_loss", run, inputs, labels=signs, margin=margin, reduction=reduction)
    for p, margin, weight in ((1, 1.0, None), (2, 1.0, None), (1, 0.5, [0.5, 2.0, 1.0, 0.25]), (2, 2.0, [0.5, 2.0, 1.0, 0.25])):
        for shape in ((3, 4), (4,)):
            reduction = next(TURNS)
            labels = ids(4, *shape[:-1])
            w = None if weight is None else torch.tensor(weight)

            def run(x):
                # PyTorch's own has no second derivative: it is asked whether this is the same.
                y = indices(labels).reshape(-1, 1)
                rows = x.reshape(-1, 4)
                terms = torch.relu(margin - rows.gather(1, y) + rows) ** p
                terms = terms * (1 if w is None else w[y])
                losses = (terms.scatter(1, y, 0.0).sum(1) / 4).reshape(shape[:-1])
                mine = reduce(losses, reduction)
                theirs = F.multi_margin_loss(x, indices(labels), p, margin, w, reduction=reduction)
                assert torch.allclose(mine, theirs, rtol=1e-13)
                return mine

            options = dict(labels=labels, p=p, margin=margin, weight=weight, reduction=reduction)
            case(f"{list(shape)}, p {p}, margin {margin}, weight {weight}, {reduction}", "multi_margin_loss", run, [draw(*shape)], **options)
    for shape in ((4, 3), (3,)):
        signs = {"shape": list(shape[:-1]), "values": [1, -1, -1, 1] if len(shape) == 2 else [-1]}
        a, b = draw(*shape, key="a"), draw(*shape, key="b")
        for margin in (0.0, 0.25, -0.5):
            reduction = next(TURNS)
            name = f"{list(shape)}, {reduction}"
            run = lambda a, b: F.cosine_embedding_loss(a, b, indices(signs), margin=margin, reduction=reduction)
            case(f"{name}, margin {margin}", "cosine_embedding_loss", run, [a, b], labels=signs, margin=margin, reduction=reduction)
        unlike = {"shape": signs["shape"], "values": [(1 - s) // 2 for s in signs["values"]]}
        for margin in (1.0, 4.0):
            reduction = next(TURNS)
            name = f"{list(shape)}, {reduction}"

            def run(a, b):
                y, distance = indices(unlike), torch.linalg.vector_norm(a - b, dim=-1)
                return reduce((1 - y) * distance**2 / 2 + y * torch.relu(margin - distance) ** 2 / 2, reduction)

            case(f"{name}, margin {margin}", "contrastive_loss", run, [a, b], labels=unlike, margin=margin, reduction=reduction)
        c = draw(*shape, key="c")
        for p, margin, eps, swap in ((2.0, 1.0, 1e-6, False), (2.0, 4.0, 1e-6, True), (1.0, 2.0, 1e-6, True), (3.0, 1.5, 1 / 64, False), (INF, 1.5, 1e-6, False), (2.0, 2.0, 0.0, False)):
            reduction = next(TURNS)
            name = f"{list(shape)}, {reduction}"
            run = lambda a, b, c: F.triplet_margin_loss(a, b, c, margin=margin, p=p, eps=eps, swap=swap, reduction=reduction)
            options = dict(margin=margin, p=None if p == INF else p, eps=eps, swap=swap, squared=False, reduction=reduction)
            case(f"{name}, margin {margin}, p {p}, eps {eps}, swap {swap}", "triplet_margin_loss", run, [a, b, c], **options)
        for margin, swap in ((0.25, False), (4.0, False), (4.0, True)):
            reduction = next(TURNS)
            name = f"{list(shape)}, {reduction}"

            def run(a, b, c):
                square = lambda x, y: ((x - y) ** 2).sum(-1)
                far = torch.minimum(square(a, c), square(b, c)) if swap else square(a, c)
                return reduce(torch.relu(square(a, b) - far + margin), reduction)

            options = dict(margin=margin, p=2.0, eps=1e-6, swap=swap, squared=True, reduction=reduction)
            case(f"{name}, squared, margin {margin}, swap {swap}", "triplet_margin_loss", run, [a, b, c], **options)
