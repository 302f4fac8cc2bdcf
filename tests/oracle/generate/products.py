"""Matrix products."""

import torch
import torch.nn.functional as F

from common import case, draw


def cases():
    for a, b in (
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((1, 1), (1, 1)),
        ((2, 2, 3), (3, 2)),
        ((2, 2, 3), (2, 3, 2)),
        ((2, 3), (2, 3, 2)),
        ((2, 1, 2, 3), (2, 3, 1)),
        ((2, 1, 1, 2), (1, 3, 2, 2)),
        ((2, 2, 3), (3,)),
        ((3,), (2, 3, 2)),
        ((2, 0), (0, 3)),
        ((0, 2), (2, 3)),
        ((2, 0, 2), (2, 2, 1)),
        ((5, 7), (7, 6)),
        ((9, 17), (17, 10)),
    ):
        case(f"{list(a)} by {list(b)}", "matmul", torch.matmul, [draw(*a, key="a"), draw(*b, key="b")])
    transposed = lambda a, b: a.transpose(-1, -2) @ b.transpose(-1, -2)
    case("of transposes", "matmul_transposed", transposed, [draw(3, 2, key="a"), draw(4, 3, key="b")])
    case("of batches of transposes", "matmul_transposed", transposed, [draw(2, 3, 2, key="a"), draw(2, 2, 3, key="b")])
    case("with itself", "matmul_self", lambda a: a @ a, [draw(3, 3)])
    for x in ((3,), (2, 3), (2, 2, 3), (0, 3), (1, 3)):
        w, b = draw(4, 3, key="w"), draw(4, key="b")
        case(f"{list(x)} with bias", "linear", F.linear, [draw(*x), w, b])
        case(f"{list(x)} without bias", "linear", F.linear, [draw(*x), w])
