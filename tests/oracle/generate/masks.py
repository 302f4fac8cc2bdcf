"""Masks: elements chosen by them, their logic, and what they say of numbers."""

import torch

from common import INF, NAN, case, draw


def cases():
    choose = lambda a, b: torch.where(a > b, a, b)
    for a, b in (((2, 3), (2, 3)), ((2, 1), (3,)), ((), (2, 2)), ((3,), (2, 3)), ((0, 3), (3,))):
        case(f"{list(a)} or {list(b)}", "where", choose, [draw(*a, key="a"), draw(*b, key="b")])
    number = lambda x: torch.where(x > 0, x, torch.tensor(0.5)) * torch.where(x > 0, torch.tensor(2.0), x)
    case("a number", "where_number", number, [draw(2, 3)])
    # A gradient does not reach what was not chosen.
    shut = lambda x: torch.where(x > 0, torch.tensor(NAN), x * 3)
    case("what was not chosen", "where_shut", shut, [[1.0, -2.0, 0.0]])
    for shape, c in (((2, 3), -INF), ((2, 3), 0.5), ((2, 2, 3), -1.0), ((0, 3), 0.0)):
        fill = lambda x: x.masked_fill(x > 0.25, c)
        case(f"{list(shape)} with {c}", "masked_fill", lambda x: fill(x).clamp(-9, 9), [draw(*shape)], c=str(c))
    outer = lambda x, m: x.masked_fill(m.detach() > 0, -1.0)
    case("[2, 3] by [3]", "masked_fill_by", outer, [draw(2, 3, key="x"), draw(3, key="m")])
    case("[2, 2, 3] by [2, 1]", "masked_fill_by", outer, [draw(2, 2, 3, key="x"), draw(2, 1, key="m")])
    edges = [[1.0, NAN, INF], [-INF, -0.0, 2.0]]
    for op in ("isnan", "isinf", "isfinite"):
        case("[2, 3]", op, getattr(torch, op), [edges])
        case("[0]", op, getattr(torch, op), [draw(0)])
    logic = {
        "and": lambda a, b: (a > 0) & (b > 0),
        "or": lambda a, b: (a > 0) | (b > 0),
        "xor": lambda a, b: (a > 0) ^ (b > 0),
        "not": lambda a: ~(a > 0),
    }
    for op, function in logic.items():
        count = 1 if op == "not" else 2
        case("[2, 4]", f"mask_{op}", function, [draw(2, 4, key=k) for k in "ab"[:count]])
        case("[3, 1] with [4]", f"mask_{op}", function, [draw(3, 1, key="a"), draw(4, key="b")][:count])
    for op in ("any", "all"):
        for shape, axes, keep in (((2, 3), [1], False), ((2, 3), [0], True), ((2, 3, 2), [0, -1], False), ((2, 0), [1], False), ((2, 3), None, False)):
            over = tuple(range(len(shape))) if axes is None else tuple(axes)
            holds = lambda x: getattr(torch, op)(x > -0.5, dim=over, keepdim=keep)
            name = f"{list(shape)} over {axes}{' kept' if keep else ''}"
            case(name, op, holds, [draw(*shape)], axes=axes, keepdim=keep)
    case("[2, 3]", "count", lambda x: torch.count_nonzero(x > 0), [draw(2, 3)])
