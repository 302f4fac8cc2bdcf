"""Products by name, diagonals, and Einstein's summation."""

import torch

from common import case, draw


def cases():
    for n in (3, 1, 0):
        case(f"[{n}]", "dot", torch.dot, [draw(n, key="a"), draw(n, key="b")])
    for m, n in ((2, 3), (1, 1), (0, 2), (2, 0)):
        case(f"[{m}, {n}]", "mv", torch.mv, [draw(m, n), draw(n, key="v")])
        case(f"[{m}] by [{n}]", "outer", torch.outer, [draw(m, key="a"), draw(n, key="b")])
        case(f"[{m}, {n}]", "trace", torch.trace, [draw(m, n)])
    for b, m, k, n in ((2, 2, 3, 4), (1, 1, 1, 1), (0, 2, 3, 2), (2, 2, 0, 3)):
        case(f"[{b}, {m}, {k}] by [{b}, {k}, {n}]", "bmm", torch.bmm, [draw(b, m, k, key="a"), draw(b, k, n, key="b")])
    for x in ((2, 4), (4,), (1, 1), (2, 1)):
        for beta, alpha in ((1.0, 1.0), (0.5, -2.0)):
            run = lambda x, a, b: torch.addmm(x, a, b, beta=beta, alpha=alpha)
            inputs = [draw(*x, key="x"), draw(2, 3, key="a"), draw(3, 4, key="b")]
            case(f"{list(x)}, beta {beta}, alpha {alpha}", "addmm", run, inputs, beta=beta, alpha=alpha)
    for x in ((2, 2, 4), (4,), (2, 1, 1)):
        for beta, alpha in ((1.0, 1.0), (-1.0, 0.5)):
            run = lambda x, a, b: torch.baddbmm(x, a, b, beta=beta, alpha=alpha)
            inputs = [draw(*x, key="x"), draw(2, 2, 3, key="a"), draw(2, 3, 4, key="b")]
            case(f"{list(x)}, beta {beta}, alpha {alpha}", "baddbmm", run, inputs, beta=beta, alpha=alpha)

    def gram(x):
        rows = x.flatten(2)
        return rows @ rows.transpose(1, 2)

    for shape in ((2, 3, 2, 2), (1, 2, 5), (1, 1, 1, 1), (2, 2, 0, 3)):
        case(f"{list(shape)}", "gram_matrix", gram, [draw(*shape)])
    for shape, offset, a, b in (
        ((3, 3), 0, 0, 1),
        ((2, 4), 1, 0, 1),
        ((2, 4), -1, 0, 1),
        ((2, 4), -5, 0, 1),
        ((2, 3, 4), 0, 1, 2),
        ((2, 3, 4), 1, 2, 0),
        ((2, 3, 4), -1, -1, -2),
        ((2, 0), 0, 0, 1),
    ):
        run = lambda x: torch.diagonal(x, offset, a, b)
        case(f"{offset} of {list(shape)}, {a} and {b}", "diagonal", run, [draw(*shape)], offset=offset, a=a, b=b)
    for shape, offset, a, b in (((3,), 0, -2, -1), ((2,), 1, 0, 1), ((2, 2), -1, 0, 2), ((2, 3), 0, 2, 1), ((0,), 1, 0, 1)):
        run = lambda x: torch.diag_embed(x, offset, a, b)
        case(f"{list(shape)} at {offset}, {a} and {b}", "diag_embed", run, [draw(*shape)], offset=offset, a=a, b=b)

    for equation, *shapes in (
        ("ij->ji", (2, 3)),
        ("ij->", (2, 3)),
        ("ij->j", (2, 3)),
        ("ii", (3, 3)),
        ("ii->i", (3, 3)),
        ("iij->ji", (2, 2, 3)),
        ("bA", (2, 3)),
        ("...ii->...i", (2, 3, 3)),
        ("i...->...", (2, 3)),
        ("", ()),
        ("ij,jk->ik", (2, 3), (3, 4)),
        ("ij,jk", (2, 3), (3, 4)),
        ("ij,kj->ki", (2, 3), (4, 3)),
        ("ji,jk->ik", (3, 2), (3, 4)),
        ("i,i", (3,), (3,)),
        ("i,j->ij", (2,), (3,)),
        ("i,j->ji", (2,), (3,)),
        ("ij,ij->ij", (2, 3), (2, 3)),
        ("ij,ij->i", (2, 3), (2, 3)),
        ("ij,j->ij", (2, 3), (3,)),
        ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)),
        ("bhqd,bhkd->bhqk", (1, 2, 2, 3), (1, 2, 3, 3)),
        ("nchw,ndhw->ncd", (2, 2, 2, 2), (2, 3, 2, 2)),
        ("ijk,jil->kl", (2, 3, 2), (3, 2, 2)),
        ("ij,kl->", (2, 3), (2, 2)),
        ("iij,jk->ik", (2, 2, 3), (3, 2)),
        ("ij,jk->ik", (2, 1), (3, 2)),
        ("ab,ba", (2, 3), (1, 2)),
        ("...ij,...jk->...ik", (2, 2, 3), (3, 2)),
        ("...i,ij->j", (2, 2, 3), (3, 2)),
        ("i...,j...", (2, 3), (2, 3)),
        ("... i, ... i -> ...", (2, 1, 3), (2, 3)),
        (",ij", (), (2, 2)),
        ("ij,jk->ik", (2, 0), (0, 3)),
        ("ij,jk,kl->il", (2, 3), (3, 2), (2, 2)),
    ):
        inputs = [draw(*shape, key=str(i)) for i, shape in enumerate(shapes)]
        name = f"{equation} of {', '.join(str(list(s)) for s in shapes)}"
        case(name, "einsum", lambda *x: torch.einsum(equation, *x), inputs, equation=equation)
