"""Slices and elements replaced, or added to, where indices and masks say."""

from common import case, draw, ids, indices


def mask(*shape, key=""):
    return ids(2, *shape, key=f"mask {key}")


def held(option):
    return indices(option).bool()


def cases():
    for shape, axis, chosen, alpha in (
        ((4,), 0, ids(4, 6), 1.0),
        ((3, 2), 0, ids(3, 5), -0.5),
        ((3, 4), 1, ids(4, 2), 2.0),
        ((2, 3, 2), -2, ids(3, 4), 1.0),
        ((2, 3), 1, ids(3, 0), 1.0),
    ):
        source = list(shape)
        source[axis] = len(chosen["values"])
        inputs = [draw(*shape), draw(*source, key="source")]
        run = lambda x, s: x.index_add(axis, indices(chosen), s, alpha=alpha)
        name = f"{list(shape)} along {axis}, alpha {alpha}"
        case(name, "index_add", run, inputs, axis=axis, indices=chosen, alpha=alpha)
    for shape, axis, values in (((4,), 0, [2, 0]), ((3, 2), 0, [1]), ((3, 4), -1, [3, 1, 0]), ((2, 3, 2), 1, [2, 0]), ((2, 3), 1, [])):
        source = list(shape)
        source[axis] = len(values)
        chosen = {"shape": [len(values)], "values": values}
        run = lambda x, s: x.index_copy(axis, indices(chosen), s)
        inputs = [draw(*shape), draw(*source, key="source")]
        case(f"{list(shape)} along {axis}", "index_copy", run, inputs, axis=axis, indices=chosen)
        run = lambda x: x.index_fill(axis, indices(chosen), 1.5)
        case(f"{list(shape)} along {axis}", "index_fill", run, [draw(*shape)], axis=axis, indices=chosen, value=1.5)
    for shape, where in (((5,), (5,)), ((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((3,), (2, 3)), ((0, 2), (2,)), ((), (3,))):
        option = mask(*where)
        run = lambda x: x.masked_select(held(option))
        case(f"{list(shape)} by {list(where)}", "masked_select", run, [draw(*shape)], mask=option)
    none = {"shape": [3], "values": [0, 0, 0]}
    case("nothing", "masked_select", lambda x: x.masked_select(held(none)), [draw(3)], mask=none)
    for shape, where, more in (((5,), (5,), 0), ((2, 3), (2, 3), 2), ((2, 3), (3,), 1), ((2, 3), (2, 1), 0), ((0, 2), (2,), 1)):
        option = mask(*where)
        count = int(held(option).expand(shape).sum())
        run = lambda x, s: x.masked_scatter(held(option), s)
        inputs = [draw(*shape), draw(count + more, key="source")]
        case(f"{list(shape)} by {list(where)}, {more} more", "masked_scatter", run, inputs, mask=option)
