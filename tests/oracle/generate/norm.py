"""Products, norms, deviations, and what is measured with them."""

import torch
import torch.nn.functional as F

from common import INF, NAN, case, draw


def cases():
    axis_sets = [((4,), None, False), ((3, 2), [0], False), ((2, 3), [1], True), ((2, 3, 2), [0, 2], False), ((), None, False)]

    def over(shape, axes):
        return tuple(range(len(shape))) if axes is None else tuple(axes)

    def prod(x, axes, keep):
        for axis in sorted(axes, reverse=True):
            x = x.prod(axis, True)
        return x if keep else x.squeeze(tuple(axes)) if axes else x

    def named(shape, axes, keep):
        return f"{list(shape)} over {axes}{' kept' if keep else ''}"

    for shape, axes, keep in axis_sets:
        run = lambda x: prod(x, over(shape, axes), keep)
        case(named(shape, axes, keep), "prod", run, [draw(*shape)], axes=axes, keepdim=keep)
    zeros = [[1.5, 0.0, -2.0], [0.0, 2.0, 0.0], [2.0, -1.0, 0.5], [0.0, 0.0, 0.0]]
    for axes in ([0], [1], [0, 1]):
        case(f"zeros over {axes}", "prod", lambda x: prod(x, axes, False), [zeros], axes=axes, keepdim=False)
    case("one zero of [4]", "prod", torch.prod, [[2.0, 0.0, 3.0, -1.5]], axes=None, keepdim=False)
    case("two zeros of [4]", "prod", torch.prod, [[2.0, 0.0, 3.0, 0.0]], axes=None, keepdim=False)
    case("[0, 3] over [0]", "prod", lambda x: x.prod(0), [draw(0, 3)], axes=[0], keepdim=False)
    case("[0, 3] over [1]", "prod", lambda x: x.prod(1), [draw(0, 3)], axes=[1], keepdim=False)

    norm = torch.linalg.vector_norm
    for p in (2.0, 1.0, 0.0, INF, -INF, 3.0, 2.5, 1.5, 0.5, -1.0):
        options = dict(p="inf" if p == INF else "-inf" if p == -INF else p)
        for shape, axes, keep in axis_sets[:4]:
            run = lambda x: norm(x, p, over(shape, axes), keep)
            case(f"{p} of {named(shape, axes, keep)}", "norm", run, [draw(*shape)], axes=axes, keepdim=keep, **options)
        # Where PyTorch's second derivatives at an element 0, or at the zero vector, are NaN, Wengert's are 0: the table's tests say so.
        if p not in (2.5, 1.5, 0.5, -1.0):
            run = lambda x: norm(x, p, 1)
            case(f"{p} with zeros", "norm", run, [[[0.0, 1.0, -2.0], [3.0, 0.0, 0.0]]], axes=[1], keepdim=False, **options)
        if p in (1.0, 0.0, INF, -INF, 3.0):
            case(f"{p} of zeros", "norm", lambda x: norm(x, p), [[0.0, 0.0, 0.0]], axes=None, keepdim=False, **options)
    case("ties", "norm", lambda x: norm(x, INF, 1), [[[2.0, -2.0, 1.0], [1.0, 1.0, 1.0]]], p="inf", axes=[1], keepdim=False)
    case("NaN and infinity", "norm", lambda x: norm(x, 2, 1), [[[NAN, 1.0], [INF, 1.0]]], p=2.0, axes=[1], keepdim=False)
    case("[0, 3] over [0]", "norm", lambda x: norm(x, 2, 0), [draw(0, 3)], p=2.0, axes=[0], keepdim=False)

    for shape, axes, keep in axis_sets[:4]:
        for correction in (0, 1):
            options = dict(axes=axes, keepdim=keep, correction=correction)
            name = f"{named(shape, axes, keep)}, correction {correction}"
            arguments = dict(dim=over(shape, axes), correction=correction, keepdim=keep)
            case(name, "std", lambda x: torch.std(x, **arguments), [draw(*shape)], **options)
            case(name, "std_mean", lambda x: torch.std_mean(x, **arguments), [draw(*shape)], **options)
            case(name, "var_mean", lambda x: torch.var_mean(x, **arguments), [draw(*shape)], **options)
    case("of equal elements", "std", lambda x: x.std(1), [[[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]]], axes=[1], keepdim=False, correction=1)
    case("a mean far from 0", "std", lambda x: x.std(), [draw(6) + 4096], axes=None, keepdim=False, correction=1)

    for a, b, axis in (((2, 3), (2, 3), 1), ((2, 3), (3,), -1), ((2, 1, 3), (4, 3), 2), ((3, 2), (3, 1), 0), ((3,), (3,), 0)):
        for eps in (1e-8, 0.5):
            run = lambda a, b: F.cosine_similarity(a, b, axis, eps)
            # Above the bound both agree; below, PyTorch differentiates the norm that it has replaced by the bound.
            case(f"{list(a)} and {list(b)} along {axis}, eps {eps}", "cosine_similarity", run, [draw(*a, key="a"), draw(*b, key="b")], axis=axis, eps=eps)
    for p in (2.0, 1.0, 3.0, INF):
        for keep in (False, True):
            run = lambda a, b: F.pairwise_distance(a, b, p, 1e-6, keep)
            options = dict(p="inf" if p == INF else p, eps=1e-6, keepdim=keep)
            case(f"{p} of [2, 3] and [3]{' kept' if keep else ''}", "pairwise_distance", run, [draw(2, 3), draw(3)], **options)
    run = lambda a, b: F.pairwise_distance(a, b)
    case("of equal vectors", "pairwise_distance", run, [[[1.0, 2.0]], [[1.0, 2.0]]], p=2.0, eps=1e-6, keepdim=False)
    for p in (2.0, 1.0, 3.0, INF):
        for eps in (1e-12, 2.0):
            run = lambda x: F.normalize(x, p, 1, eps)
            options = dict(p="inf" if p == INF else p, axis=1, eps=eps)
            case(f"{p} of [2, 3], eps {eps}", "normalize", run, [draw(2, 3)], **options)
    case("along 0", "normalize", lambda x: F.normalize(x, 2.0, 0), [draw(3, 2)], p=2.0, axis=0, eps=1e-12)
