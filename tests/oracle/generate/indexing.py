"""Parts of a tensor, joined tensors, and lookups."""

import torch.nn.functional as F

from common import case, draw, ids, indices


def cases():
    for shape, axis, chosen in (
        ((4,), 0, ids(4, 6)),
        ((3, 2), 0, ids(3, 5)),
        ((3, 4), 1, ids(4, 2)),
        ((2, 3, 2), -2, ids(3, 4)),
        ((2, 3), 1, ids(3, 0)),
    ):
        run = lambda x: x.index_select(axis, indices(chosen))
        case(f"{list(shape)} along {axis}", "index_select", run, [draw(*shape)], axis=axis, indices=chosen)
    chosen = ids(5, 2, 3)
    run = lambda x: F.embedding(indices(chosen), x)
    case("indices of rank 2", "index_select", run, [draw(5, 2)], axis=0, indices=chosen)
    for shape, axis, chosen in (
        ((4,), 0, ids(4, 6)),
        ((3, 4), 1, ids(4, 3, 2)),
        ((3, 4), 0, ids(3, 5, 4)),
        ((3, 4), 0, ids(3, 2, 3)),
        ((2, 3, 2), 1, ids(3, 2, 4, 2)),
        ((2, 3), 1, ids(3, 0, 2)),
    ):
        name = f"{list(shape)} by {chosen['shape']} along {axis}"
        run = lambda x: x.gather(axis, indices(chosen))
        case(name, "gather", run, [draw(*shape)], axis=axis, indices=chosen)
        run = lambda x, s: x.scatter_add(axis, indices(chosen), s)
        source = draw(*chosen["shape"], key="source")
        case(name, "scatter_add", run, [draw(*shape), source], axis=axis, indices=chosen)
