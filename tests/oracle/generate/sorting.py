"""Elements picked by their order.

PyTorch does not say which of equal elements it takes, except of a stable sort and of extrema; only these have ties.
"""

import torch

from common import INF, NAN, case, draw


def cases():
    ties = [[2.0, 1.0, 2.0, 1.0], [0.0, -0.0, 0.0, -1.0]]
    odd = [[2.0, NAN, -INF, NAN], [INF, 1.0, -1.0, NAN]]
    places = (((5,), 0), ((2, 4), 1), ((4, 2), 0), ((2, 3, 2), -2), ((3, 1), 1), ((0, 2), 0))
    for descending in (False, True):
        direction = "falling" if descending else "rising"
        options = dict(descending=descending)
        sort = lambda x, axis: tuple(torch.sort(x, dim=axis, descending=descending, stable=True))
        for shape, axis in places:
            case(f"{list(shape)} along {axis}, {direction}", "sort", lambda x: sort(x, axis), [draw(*shape)], axis=axis, **options)
        for name, x in (("ties", ties), ("NaN and infinities", odd)):
            case(f"{name}, {direction}", "sort", lambda x: sort(x, 1), [x], axis=1, **options)
            argsort = lambda x: torch.argsort(x, dim=1, descending=descending, stable=True)
            case(f"{name}, {direction}", "argsort", argsort, [x], axis=1, **options)

    def topk(name, x, k, axis, largest=True, in_order=True):
        def run(x):
            values, positions = torch.topk(x, k, axis, largest, True)
            if not in_order:
                positions = positions.sort(axis).values
                values = x.gather(axis, positions)
            return values, positions

        case(name, "topk", run, [x], k=k, axis=axis, largest=largest, sorted=in_order)

    for shape, k, axis in (((5,), 2, 0), ((2, 4), 3, 1), ((4, 2), 2, 0), ((2, 3, 2), 1, -2), ((2, 3), 3, 1), ((2, 3), 0, 1)):
        for largest in (True, False):
            for in_order in (True, False):
                name = f"{k} {'largest' if largest else 'smallest'} of {list(shape)} along {axis}"
                topk(name if in_order else f"{name}, unsorted", draw(*shape), k, axis, largest, in_order)
    topk("NaN", [[2.0, NAN, -INF, 1.0], [INF, 1.0, -1.0, NAN]], 2, 1)
    topk("NaN, smallest", [[2.0, NAN, -INF, 1.0], [INF, 1.0, -1.0, NAN]], 3, 1, largest=False)

    kept = {True: " kept", False: ""}
    for op, function in {"max_with_indices": torch.max, "min_with_indices": torch.min, "median_with_indices": torch.median}.items():
        for keep in (False, True):
            for shape, axis in places[:-1]:
                run = lambda x: tuple(function(x, axis, keep))
                case(f"{list(shape)} along {axis}{kept[keep]}", op, run, [draw(*shape)], axes=[axis], keepdim=keep)
        case("NaN and infinities", op, lambda x: tuple(function(x, 1)), [odd], axes=[1], keepdim=False)
        case("[0, 3] along 1", op, lambda x: tuple(function(x, 1)), [draw(0, 3)], axes=[1], keepdim=False)
        if op != "median_with_indices":
            case("ties", op, lambda x: tuple(function(x, 1)), [ties], axes=[1], keepdim=False)
    for shape in ((5,), (2, 3), (1,), ()):
        case(f"{list(shape)} over all", "median", torch.median, [draw(*shape)], axes=None, keepdim=False)
    case("NaN over all", "median", lambda x: x.flatten().median(0).values, [odd], axes=None, keepdim=False)
    case("[2, 3, 2] over [0, 2]", "median", lambda x: x.permute(1, 0, 2).flatten(1).median(1).values, [draw(2, 3, 2)], axes=[0, 2], keepdim=False)
    for k in (1, 3, 4):
        for keep in (False, True):
            run = lambda x: tuple(torch.kthvalue(x, k, 1, keep))
            case(f"number {k} of [2, 4]{kept[keep]}", "kthvalue", run, [draw(2, 4)], k=k, axes=[1], keepdim=keep)
    case("NaN", "kthvalue", lambda x: tuple(torch.kthvalue(x, 3, 1)), [[[2.0, NAN, -INF, 1.0]]], k=3, axes=[1], keepdim=False)
    for q in (0.0, 0.25, 0.5, 0.7, 1.0):
        case(f"{q} of [7]", "quantile", lambda x: torch.quantile(x, q), [draw(7)], q=q, axes=None, keepdim=False)
        run = lambda x: torch.quantile(x, q, 1, True)
        case(f"{q} of [2, 4, 2] along 1 kept", "quantile", run, [draw(2, 4, 2)], q=q, axes=[1], keepdim=True)
    case("NaN", "quantile", lambda x: torch.quantile(x, 0.5, 1), [[[1.0, 2.0, 4.0], [NAN, 1.0, 2.0]]], q=0.5, axes=[1], keepdim=False)
