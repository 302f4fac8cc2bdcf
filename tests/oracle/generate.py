"""Writes operations.json: what PyTorch says about each operation of Wengert.

    pip install torch==2.15.0 numpy
    python tests/oracle/generate.py

The file is committed; `cargo test` only reads it (tests/oracle/main.rs). A case holds an operation, its options,
its inputs, and in double precision

    outputs     y of each differentiable output, `integers` of the others,
    first       g = d/dx sum(w * y) for each input x,
    second      d/dx sum(v * g) for each input x,

with the fixed weights w and v of `weights` and `directions`, which the reader computes too. Inputs are multiples
of 1/512, so that single precision holds them exactly. A gradient of zeros is written as 0, one that does not exist
as null, and one that is not to be compared, because it stands at a pole, as "singular".
"""

import json
import math
import pathlib
import zlib

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
NAN, INF = math.nan, math.inf
CASES, NAMES = [], set()


def weights(count, start=0):
    k = np.arange(start, start + count)
    return (k * 7 + 3) % 11 / 4 - 1.125


def directions(count, start=0):
    k = np.arange(start, start + count)
    return (k * 5 + 1) % 13 / 8 - 0.6875


def dot(tensors, sequence):
    """The sum of all elements of the tensors, weighted by one running sequence."""
    total, start = torch.zeros(()), 0
    for t in tensors:
        w = torch.tensor(sequence(t.numel(), start)).reshape(t.shape)
        total, start = total + (t * w).sum(), start + t.numel()
    return total


def number(x):
    if math.isnan(x):
        return "NaN"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    return int(x) if x == int(x) and abs(x) < 2**53 else x


def array(t):
    return {"shape": list(t.shape), "values": [number(x) for x in t.detach().flatten().tolist()]}


def gradient(g):
    if g is None:
        return None
    return 0 if bool((g == 0).all()) else array(g)


def case(name, op, function, inputs, singular=(), **options):
    """Records one case. The function gives a tensor or several; those of integers have no gradient."""
    full = f"{op}: {name}"
    assert full not in NAMES, full
    NAMES.add(full)
    xs = [torch.tensor(np.asarray(x, dtype=np.float64)).requires_grad_() for x in inputs]
    for x in xs:
        finite = x[torch.isfinite(x)].detach()
        assert bool((finite.float().double() == finite).all()), full
    results = function(*xs)
    results = results if isinstance(results, tuple) else (results,)
    outputs = [y for y in results if y.is_floating_point()]
    integers = [y for y in results if not y.is_floating_point()]
    first = second = [None] * len(xs)
    f = dot(outputs, weights)
    if f.requires_grad:
        first = torch.autograd.grad(f, xs, create_graph=True, allow_unused=True)
        linked = [g for g in first if g is not None]
        s = dot(linked, directions)
        second = [torch.zeros_like(x) for x in xs]
        if s.requires_grad:
            found = torch.autograd.grad(s, xs, allow_unused=True)
            second = [z if g is None else g for g, z in zip(found, second)]
    CASES.append(
        {
            "name": full,
            "op": op,
            "options": options,
            "inputs": [array(x) for x in xs],
            "outputs": [array(y) for y in outputs],
            "integers": [array(y.long()) for y in integers],
            "first": [gradient(g) for g in first] if "first" not in singular else ["singular"] * len(xs),
            "second": [gradient(g) for g in second] if "second" not in singular else ["singular"] * len(xs),
        }
    )


def draw(*shape, scale=1.0, key=""):
    """Distinct numbers in (-2, 2), none of them 0, the same at every run."""
    n = math.prod(shape)
    rng = np.random.default_rng(zlib.crc32(f"{shape} {key}".encode()))
    grid = 128 if n <= 128 else 1024
    picked = rng.permutation(grid)[:n]
    return ((2 * picked + 1 - grid) / grid * 2 * scale).reshape(shape)


def positive(*shape, key=""):
    return np.abs(draw(*shape, key=key)) + 0.25


def ids(bound, *shape, key=""):
    rng = np.random.default_rng(zlib.crc32(f"ids {bound} {shape} {key}".encode()))
    return {"shape": list(shape), "values": rng.integers(0, bound, math.prod(shape)).tolist()}


def indices(option):
    return torch.tensor(option["values"], dtype=torch.long).reshape(option["shape"])


def arithmetic():
    operators = {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
    }
    pairs = [
        ((2, 3), (2, 3)),
        ((2, 3), (3,)),
        ((2, 1), (1, 3)),
        ((), (2, 2)),
        ((3, 1, 2), (2, 1)),
        ((0, 3), (1, 3)),
        ((1,), (1,)),
    ]
    for op, function in operators.items():
        for a, b in pairs:
            case(f"{list(a)} with {list(b)}", op, function, [draw(*a, key="a"), draw(*b, key="b")])
    # The second derivative is an infinity; PyTorch's way to it leads through NaN.
    by_zero = [[1.0, -1.0, 0.0], [0.0, 0.0, 0.0]]
    case("by zero", "div", operators["div"], by_zero, singular=["second"])
    case("infinities", "add", operators["add"], [[INF, INF, 1.0], [-INF, INF, NAN]])
    numbers = {
        "add_number": lambda x, c: x + c,
        "sub_number": lambda x, c: x - c,
        "mul_number": lambda x, c: x * c,
        "div_number": lambda x, c: x / c,
        "number_add": lambda x, c: c + x,
        "number_sub": lambda x, c: c - x,
        "number_mul": lambda x, c: c * x,
        "number_div": lambda x, c: c / x,
    }
    for op, function in numbers.items():
        for c in (2.5, -1.0, 1.0):
            case(f"c = {c}", op, lambda x: function(x, c), [draw(2, 3)], c=c)
    case("[2, 3]", "neg", lambda x: -x, [draw(2, 3)])
    case("x twice", "mul_self", lambda x: x * x, [draw(4)])
    case("half a product", "detach", lambda x: x.detach() * x, [draw(4)])


def elementwise():
    case("[2, 3]", "exp", torch.exp, [draw(2, 3)])
    case("extremes", "exp", torch.exp, [[-INF, -80.0, 0.0, 80.0, INF, NAN]])
    case("[2, 3]", "ln", torch.log, [positive(2, 3)])
    case("at and below 0", "ln", torch.log, [[0.0, -1.0, INF, NAN]])
    case("[2, 3]", "sqrt", torch.sqrt, [positive(2, 3)])
    case("at and below 0", "sqrt", torch.sqrt, [[0.0, -1.0, INF]])
    case("[2, 3]", "square", torch.square, [draw(2, 3)])
    case("[2, 3]", "abs", torch.abs, [draw(2, 3)])
    case("kink, infinity, NaN", "abs", torch.abs, [[0.0, -0.0, -INF, INF, NAN]])
    case("[0]", "exp", torch.exp, [draw(0)])
    case("[67]", "exp", torch.exp, [draw(67, scale=4)])
    case("[67]", "ln", torch.log, [positive(67)])
    case("of powers of 2", "ln", torch.log, [2.0 ** np.arange(-60, 61, 20)])
    for p in (2, 3, -1, -2, 1, 0, 5):
        case(f"p = {p}", "pow_integer", lambda x: x**p, [draw(5)], p=p)
    for p in (0.5, 2.5, -1.5, 0.0, 1.0, 2.0, 100.0):
        case(f"p = {p}", "pow_number", lambda x: x**p, [positive(5)], p=p)
    case("negative bases, p = 0.5", "pow_number", lambda x: x**0.5, [[-1.0, 0.0, 4.0]], p=0.5)
    case("zero base, p = 2", "pow_number", lambda x: x**2.0, [[0.0, -1.0, 4.0]], p=2.0)
    case("zero base, p = 1", "pow_number", lambda x: x**1.0, [[0.0, -1.0, 4.0]], p=1.0)
    case("zero base, p = -1", "pow_number", lambda x: x**-1.0, [[0.0, -1.0, 4.0]], p=-1.0)
    power = lambda a, b: a**b
    case("[2, 3] to [3]", "pow", power, [positive(2, 3), draw(3)])
    case("[2, 1] to [1, 2]", "pow", power, [positive(2, 1), draw(1, 2)])
    case("negative bases", "pow", power, [[-2.0, -2.0, -1.5], [2.0, 3.0, -1.0]])
    # The mixed second derivative of x ** 2 and x ** 3 at 0 is 0; PyTorch's way to it leads through NaN.
    case("zero base", "pow", power, [[0.0, 0.0], [2.0, 3.0]], singular=["second"])
    for op, function in {"maximum": torch.maximum, "minimum": torch.minimum}.items():
        case("[2, 3] with [3]", op, function, [draw(2, 3, key="a"), draw(3, key="b")])
        case("[2, 1] with [1, 3]", op, function, [draw(2, 1, key="a"), draw(1, 3, key="b")])
        case("ties", op, function, [[1.0, 2.0, 0.0, -1.0], [1.0, 1.0, 0.0, 3.0]])
        case("NaN", op, function, [[NAN, 1.0, NAN, INF], [1.0, NAN, NAN, INF]])
    for lo, hi in ((-1.0, 1.0), (0.25, 0.5), (0.0, 0.0)):
        case(f"{lo} to {hi}", "clamp", lambda x: x.clamp(lo, hi), [draw(8)], lo=lo, hi=hi)
    # An infinite gradient stops where nothing passes.
    shut = [-1.0, 0.0, 4.0]
    case("before a square root", "relu_sqrt", lambda x: torch.relu(x).sqrt(), [shut])
    case("before a square root", "clamp_sqrt", lambda x: x.clamp(0.0, 9.0).sqrt(), [shut])
    maximum = lambda x, y: torch.maximum(x, y).sqrt() + torch.minimum(x, -y).abs().sqrt()
    case("before a square root", "maximum_sqrt", maximum, [[-1.0, 4.0, -2.0], [0.0, 0.0, 1.0]])
    case("at the bounds, NaN", "clamp", lambda x: x.clamp(-1, 1), [[-1.0, 1.0, NAN, INF, -INF]], lo=-1.0, hi=1.0)


def activation():
    large = [-1000.0, -40.0, -0.0, 0.0, 40.0, 1000.0]
    case("[2, 4]", "relu", torch.relu, [draw(2, 4)])
    case("kink, infinity, NaN", "relu", torch.relu, [[0.0, -0.0, INF, -INF, NAN]])
    for slope in (0.01, 0.25, -0.5):
        leaky = lambda x: F.leaky_relu(x, slope)
        case(f"slope {slope}", "leaky_relu", leaky, [draw(2, 4)], slope=slope)
    leaky = lambda x: F.leaky_relu(x, 0.125)
    case("kink, infinity, NaN", "leaky_relu", leaky, [[0.0, -0.0, INF, -INF, NAN]], slope=0.125)
    # PyTorch's softplus is x itself from 20 on; the logarithm of the sigmoid has no such step.
    softplus = lambda x: -F.logsigmoid(-x)
    for op, function in {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "softplus": softplus}.items():
        case("[2, 4]", op, function, [draw(2, 4)])
        case("small", op, function, [draw(6, scale=2.0**-16)])
        case("large", op, function, [large])
        case("[67]", op, function, [draw(67, scale=4)])
        case("middling", op, function, [draw(6, scale=8)])
    for op in ("tanh", "sigmoid"):
        case("infinity, NaN", op, getattr(torch, op), [[INF, -INF, NAN]])


class LogSumExp(torch.autograd.Function):
    """Along the last axis, with the softmax as gradient.

    PyTorch's gradient is exp(x - y), in which y has been rounded: for x = [2**100, 2**100] it is [1, 1].
    """

    @staticmethod
    def forward(cx, x):
        cx.save_for_backward(x)
        return torch.logsumexp(x, -1)

    @staticmethod
    def backward(cx, dy):
        return torch.softmax(cx.saved_tensors[0], -1) * dy.unsqueeze(-1)


def softmax():
    for op, function in {"softmax": torch.softmax, "log_softmax": torch.log_softmax}.items():
        for shape, axis in (((3,), 0), ((2, 3), 0), ((2, 3), 1), ((2, 3, 2), 1), ((2, 3, 2), -3), ((3, 1), 1), ((2, 9), -1)):
            case(f"{list(shape)} along {axis}", op, lambda x: function(x, axis), [draw(*shape)], axis=axis)
        along = lambda x: function(x, -1)
        case("[2, 37]", op, along, [draw(2, 37)], axis=-1)
        case("[19, 3] along 0", op, lambda x: function(x, 0), [draw(19, 3)], axis=0)
        case("[0, 3]", op, along, [draw(0, 3)], axis=-1)
        case("[3, 0]", op, along, [draw(3, 0)], axis=-1)
        case("huge", op, along, [[[1000.0, 999.0, -1000.0], [2.0**100, 2.0**100, 0.0]]], axis=-1)
        case("a part of -inf", op, along, [[[0.5, -INF, 1.0], [-INF, -INF, 2.0]]], axis=-1)
        case("-inf alone", op, along, [[[-INF, -INF], [0.0, 1.0]]], axis=-1)
        case("+inf and NaN", op, along, [[[INF, 0.0], [NAN, 1.0]]], axis=-1)
    op = "logsumexp"
    for shape, axes, keep in (
        ((3,), [0], False),
        ((2, 3), [0], False),
        ((2, 3), [1], True),
        ((2, 3, 2), [0, 2], False),
        ((2, 3, 2), [-1, 0], True),
        ((2, 3, 2), None, False),
        ((2, 3, 2), [1], False),
        ((3, 1), [1], False),
    ):
        over = list(range(len(shape))) if axes is None else axes
        name = f"{list(shape)} over {axes}{' kept' if keep else ''}"
        case(name, op, lambda x: torch.logsumexp(x, over, keep), [draw(*shape)], axes=axes, keepdim=keep)
    huge = [[1000.0, 999.0, -1000.0], [2.0**100, 2.0**100, 0.0]]
    case("huge", op, LogSumExp.apply, [huge], axes=[-1], keepdim=False)
    last = lambda x: torch.logsumexp(x, -1)
    case("a part of -inf", op, last, [[[0.5, -INF, 1.0], [-INF, -INF, 2.0]]], axes=[-1], keepdim=False)
    case("-inf alone", op, last, [[[-INF, -INF], [0.0, 1.0]]], axes=[-1], keepdim=False)
    case("+inf and NaN", op, LogSumExp.apply, [[[INF, 0.0], [NAN, 1.0]]], axes=[-1], keepdim=False)
    case("[0, 3]", op, last, [draw(0, 3)], axes=[-1], keepdim=False)
    case("[3, 0]", op, last, [draw(3, 0)], axes=[-1], keepdim=False)


def reduction():
    axis_sets = [
        ((4,), None, False),
        ((2, 3), [0], False),
        ((2, 3), [1], True),
        ((2, 3, 2), [0, 2], False),
        ((2, 3, 2), [-2], False),
        ((2, 3, 2), [2, 0], True),
        ((2, 3, 2), None, True),
        ((2, 1, 3), [1], False),
        ((), None, False),
    ]

    def over(shape, axes):
        return tuple(range(len(shape))) if axes is None else tuple(axes)

    functions = {
        "sum": lambda x, axes, keep: x.sum(axes, keep),
        "mean": lambda x, axes, keep: x.mean(axes, keep),
        "max": lambda x, axes, keep: x.amax(axes, keep),
        "min": lambda x, axes, keep: x.amin(axes, keep),
    }
    for op, function in functions.items():
        for shape, axes, keep in axis_sets:
            name = f"{list(shape)} over {axes}{' kept' if keep else ''}"
            run = lambda x: function(x, over(shape, axes), keep)
            case(name, op, run, [draw(*shape)], axes=axes, keepdim=keep)
    for op in ("sum", "mean"):
        run = functions[op]
        case("[0, 3] over [0]", op, lambda x: run(x, (0,), False), [draw(0, 3)], axes=[0], keepdim=False)
        case("[0, 3] over [1]", op, lambda x: run(x, (1,), False), [draw(0, 3)], axes=[1], keepdim=False)
        case("NaN and infinity", op, lambda x: run(x, (1,), False), [[[NAN, 1.0], [INF, 1.0]]], axes=[1], keepdim=False)
    long = draw(2, 300)
    case("[2, 300] over [1]", "sum", lambda x: x.sum(1), [long], axes=[1], keepdim=False)
    ties = [[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [0.0, -0.0, -1.0]]
    # amax gives NaN to a whole slice that holds one; max() over all elements gives the gradient to the NaNs,
    # and that is what Wengert does over any axes.
    nans = [[1.0, NAN, 3.0], [NAN, 2.0, NAN], [INF, -INF, 1.0]]
    for op, alone in {"max": torch.max, "min": torch.min}.items():
        run = functions[op]
        for axes in ([1], [0], [0, 1]):
            case(f"ties over {axes}", op, lambda x: run(x, tuple(axes), False), [ties], axes=axes, keepdim=False)
        rows = lambda x: torch.stack([alone(row) for row in x])
        case("NaN over [1]", op, rows, [nans], axes=[1], keepdim=False)
        case("NaN over all", op, alone, [nans], axes=None, keepdim=False)
        case("[0, 3] over [1]", op, lambda x: run(x, (1,), False), [draw(0, 3)], axes=[1], keepdim=False)
    for shape, axes, keep in axis_sets[:-1]:
        for correction in (0, 1) if len(shape) < 3 else (1,):
            name = f"{list(shape)} over {axes}{' kept' if keep else ''}, correction {correction}"
            run = lambda x: x.var(over(shape, axes), correction=correction, keepdim=keep)
            case(name, "var", run, [draw(*shape)], axes=axes, keepdim=keep, correction=correction)
    for shape, correction in (((2, 3), 2), ((2, 3), 3), ((2, 3), 5), ((2, 0), 0)):
        run = lambda x: x.var(1, correction=correction)
        name = f"{list(shape)} over [1], correction {correction}"
        # Infinite values have no gradient worth comparing; PyTorch's is one of a negative divisor.
        singular = ["first", "second"] if correction >= shape[1] > 0 else []
        case(name, "var", run, [draw(*shape)], singular, axes=[1], keepdim=False, correction=correction)
    mean_far_away = draw(6) + 4096
    case("a mean far from 0", "var", lambda x: x.var(0, correction=1), [mean_far_away], axes=[0], keepdim=False, correction=1)
    for name, x, axis in (
        ("[2, 5] along 1", draw(2, 5), 1),
        ("[3, 2, 2] along 0", draw(3, 2, 2), 0),
        ("[3, 2, 2] along -2", draw(3, 2, 2), -2),
        ("ties", ties, 1),
        ("ties along 0", [[1.0, 2.0], [3.0, 2.0], [3.0, 2.0]], 0),
        ("NaN", nans, 1),
        ("NaN along 0", nans, 0),
        ("-inf alone", [[-INF, -INF]], 1),
        ("[3, 1] along 1", draw(3, 1), 1),
        ("[0, 3] along 1", draw(0, 3), 1),
    ):
        case(name, "argmax", lambda x: x.argmax(axis), [x], axis=axis)


def comparison():
    a, b = [[1.0, 2.0, NAN], [INF, -0.0, -INF]], [1.0, 0.0, 1.0]
    for op in ("eq", "ne", "lt", "le", "gt", "ge"):
        compare = getattr(torch, op)
        case("[2, 3] with [3]", op, lambda a, b: compare(a, b), [a, b], c=None)
        case("[2, 1] with [1, 2]", op, lambda a, b: compare(a, b), [[[1.0], [2.0]], [[2.0, 1.0]]], c=None)
        case("[2, 3] with a number", op, lambda x: compare(x, 1.0), [a], c=1.0)
        case("[0]", op, lambda x: compare(x, 1.0), [draw(0)], c=1.0)


def layout():
    for old, new in (((2, 3), (3, 2)), ((4,), (2, 1, 2)), ((1, 1), ()), ((0, 3), (3, 0, 2)), ((2, 3), (6,))):
        case(f"{list(old)} to {list(new)}", "reshape", lambda x: x.reshape(new), [draw(*old)], shape=list(new))
    for shape, axis in (((2, 3, 2), 1), ((2, 3, 2), 0), ((2, 3), 1), ((2, 0, 2), 1)):
        case(f"{list(shape)} from {axis}", "flatten_from", lambda x: x.flatten(axis), [draw(*shape)], axis=axis)
    case("[2, 3] from 2", "flatten_from", lambda x: x.unsqueeze(2), [draw(2, 3)], axis=2)
    for axes in ([2, 0, 1], [0, 2, 1], [-1, 1, 0], [0, 1, 2]):
        case(f"by {axes}", "permute", lambda x: x.permute(axes), [draw(2, 3, 4)], axes=axes)
    case("a permuted product", "permute_then_square", lambda x: x.permute(1, 0).square(), [draw(2, 3)], axes=[1, 0])
    for a, b in ((0, 1), (-1, 0), (1, 1)):
        case(f"{a} and {b}", "transpose", lambda x: x.transpose(a, b), [draw(2, 3, 2)], a=a, b=b)
    for shape, axis in (((2, 1), 1), ((1, 3), 0), ((2, 1, 2), -2)):
        case(f"{list(shape)} at {axis}", "squeeze", lambda x: x.squeeze(axis), [draw(*shape)], axis=axis)
    for axis in (0, 1, -1):
        case(f"[2, 3] at {axis}", "unsqueeze", lambda x: x.unsqueeze(axis), [draw(2, 3)], axis=axis)
    for old, new in (((3,), (2, 3)), ((2, 1), (2, 3)), ((), (2, 2)), ((1, 2, 1), (2, 2, 3)), ((1,), (0,)), ((2,), (2,))):
        run = lambda x: x.broadcast_to(new)
        case(f"{list(old)} to {list(new)}", "broadcast_to", run, [draw(*old)], shape=list(new))
    for axis, start, end, step in (
        (0, 1, 3, 1),
        (1, 0, None, 2),
        (1, -3, None, 1),
        (1, 1, -1, 3),
        (0, 2, 2, 1),
        (0, 0, None, 7),
        (1, 0, None, -1),
        (1, 1, None, -2),
        (0, 0, 3, -2),
    ):

        def sliced(x):
            part = [slice(None), slice(None)]
            part[axis] = slice(start, end)
            part, steps = x[tuple(part)], [slice(None), slice(None)]
            steps[axis] = slice(None, None, abs(step))
            return (part.flip(axis) if step < 0 else part)[tuple(steps)]

        name = f"axis {axis}, {start} to {end} by {step}"
        case(name, "slice", sliced, [draw(4, 5)], axis=axis, start=start, end=end, step=step)
    for axis, index in ((0, 1), (1, -1), (-1, 0)):
        case(f"axis {axis}, {index}", "select", lambda x: x.select(axis, index), [draw(3, 4)], axis=axis, index=index)
    for axis, shapes in (
        (0, [(1, 2), (2, 2), (3, 2)]),
        (1, [(2, 1), (2, 3)]),
        (-1, [(2, 2, 1), (2, 2, 2)]),
        (0, [(3,)]),
        (0, [(0, 2), (2, 2)]),
    ):
        xs = [draw(*s, key=str(i)) for i, s in enumerate(shapes)]
        case(f"{[list(s) for s in shapes]} along {axis}", "concat", lambda *xs: torch.cat(xs, axis), xs, axis=axis)
    for axis, shape in ((0, (2, 2)), (1, (2, 2)), (-1, (2, 2)), (0, ())):
        xs = [draw(*shape, key=str(i)) for i in range(3)]
        case(f"3 × {list(shape)} at {axis}", "stack", lambda *xs: torch.stack(xs, axis), xs, axis=axis)
    for shape, widths, value in (
        ((3,), [(1, 2)], 0.0),
        ((2, 3), [(0, 1), (2, 0)], 1.5),
        ((3, 4), [(-1, 0), (0, -2)], 0.0),
        ((3, 4), [(-1, 2), (1, -2)], -0.5),
        ((2, 2), [(0, 0), (0, 0)], 9.0),
        ((1, 2, 2), [(1, 0), (0, 1), (1, 1)], 0.0),
    ):
        pairs = [w for pair in reversed(widths) for w in pair]
        run = lambda x: F.pad(x, pairs, value=value)
        case(f"{list(shape)} by {widths}", "pad", run, [draw(*shape)], widths=widths, value=value)


def indexing():
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


def products():
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


def convolution():
    def conv(name, x, w, bias=False, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
        inputs = [draw(*x, key="x"), draw(*w, key="w")] + ([draw(w[0], key="b")] if bias else [])
        options = dict(stride=list(stride), padding=list(padding), dilation=list(dilation), groups=groups)
        run = lambda x, w, b=None: F.conv2d(x, w, b, stride, padding, dilation, groups)
        case(name, "conv2d", run, inputs, **options)

    conv("plain", (2, 1, 3, 3), (2, 1, 2, 2))
    conv("bias", (1, 2, 3, 4), (3, 2, 2, 2), bias=True)
    conv("one tap", (1, 3, 2, 2), (2, 3, 1, 1), bias=True)
    conv("one tap, stride 2", (1, 2, 3, 3), (2, 2, 1, 1), stride=(2, 2))
    conv("3 × 3 with padding 1", (1, 2, 4, 4), (2, 2, 3, 3), padding=(1, 1), bias=True)
    conv("3 × 3, stride 2, padding 1", (1, 2, 5, 5), (1, 2, 3, 3), stride=(2, 2), padding=(1, 1))
    conv("a remainder that no step reaches", (1, 1, 6, 5), (2, 1, 3, 2), stride=(2, 2))
    conv("stride larger than the kernel", (1, 1, 5, 5), (1, 1, 2, 2), stride=(3, 3))
    conv("uneven everything", (1, 2, 5, 6), (2, 2, 3, 2), stride=(2, 1), padding=(2, 1), dilation=(1, 2), bias=True)
    conv("dilation 2", (1, 1, 5, 5), (2, 1, 3, 3), dilation=(2, 2))
    conv("dilation 2, padding 2, stride 2", (1, 1, 5, 5), (2, 1, 3, 3), stride=(2, 2), padding=(2, 2), dilation=(2, 2))
    conv("padding larger than the kernel", (1, 1, 2, 2), (1, 1, 2, 2), padding=(3, 3))
    conv("two groups", (1, 4, 3, 3), (2, 2, 2, 2), groups=2, bias=True)
    conv("two groups, wider", (2, 2, 3, 3), (4, 1, 2, 2), groups=2)
    conv("depthwise", (1, 3, 4, 4), (3, 1, 3, 3), groups=3, padding=(1, 1), bias=True)
    conv("depthwise with multiplier, stride 2", (1, 2, 4, 4), (4, 1, 3, 3), groups=2, padding=(1, 1), stride=(2, 2))
    conv("groups, dilation, stride", (1, 2, 5, 5), (2, 1, 2, 2), groups=2, dilation=(2, 2), stride=(2, 2))
    conv("kernel as large as the picture", (2, 1, 3, 3), (2, 1, 3, 3))
    conv("7 × 9 with 3 × 3", (1, 3, 7, 9), (4, 3, 3, 3), padding=(1, 1), bias=True)
    conv("rows", (1, 1, 1, 6), (2, 1, 1, 3), padding=(0, 1), bias=True)
    conv("columns", (1, 1, 6, 1), (2, 1, 3, 1), stride=(2, 1))
    conv("five pictures", (5, 1, 3, 3), (1, 1, 2, 2), bias=True)
    conv("5 × 5 with padding 2", (1, 1, 5, 5), (1, 1, 5, 5), padding=(2, 2))


def pooling():
    def options(kernel, stride=None, padding=(0, 0), dilation=(1, 1), ceil=False, count=True, divisor=None):
        return dict(
            kernel=list(kernel),
            stride=list(stride or kernel),
            padding=list(padding),
            dilation=list(dilation),
            ceil_mode=ceil,
            count_include_pad=count,
            divisor_override=divisor,
        )

    def maximum(name, x, indices=False, **o):
        o = options(**o)
        arguments = (o["kernel"], o["stride"], o["padding"], o["dilation"], o["ceil_mode"])
        run = lambda x: F.max_pool2d(x, *arguments, return_indices=indices)
        for unused in ("count_include_pad", "divisor_override"):
            del o[unused]
        case(name, "max_pool2d_with_indices" if indices else "max_pool2d", run, [x], **o)

    windows = {
        "2": dict(kernel=(2, 2)),
        "3, stride 2, padding 1": dict(kernel=(3, 3), stride=(2, 2), padding=(1, 1)),
        "3, stride 1": dict(kernel=(3, 3), stride=(1, 1)),
        "2, stride 3": dict(kernel=(2, 2), stride=(3, 3)),
        "2 by 3, ceil": dict(kernel=(2, 3), ceil=True),
        "3, stride 2, ceil": dict(kernel=(3, 3), stride=(2, 2), ceil=True),
        "3, stride 2, padding 1, ceil": dict(kernel=(3, 3), stride=(2, 2), padding=(1, 1), ceil=True),
        "2, stride 3, padding 1, ceil": dict(kernel=(2, 2), stride=(3, 3), padding=(1, 1), ceil=True),
        "3 by 2, stride 1 by 2, padding 1 by 0": dict(kernel=(3, 2), stride=(1, 2), padding=(1, 0)),
        "1": dict(kernel=(1, 1)),
        "5": dict(kernel=(5, 5)),
    }
    dilated = {
        "2, dilation 2": dict(kernel=(2, 2), stride=(1, 1), dilation=(2, 2)),
        "3 by 2, dilation 2 by 3, padding 1": dict(kernel=(3, 2), stride=(2, 1), dilation=(2, 3), padding=(1, 1)),
        "2, dilation 3, ceil": dict(kernel=(2, 2), stride=(2, 2), dilation=(3, 3), ceil=True),
    }
    for name, window in {**windows, **dilated}.items():
        maximum(name, draw(1, 2, 5, 5), **window)
        maximum(name, draw(2, 1, 5, 5, key="i"), indices=True, **window)
    ties = [[[[1.0, 1.0, 2.0, 2.0], [1.0, 0.0, 2.0, 3.0], [0.0, 0.0, -1.0, -1.0], [0.0, -0.0, -1.0, -1.0]]]]
    infinite = [[[[-INF, -INF, 0.0, INF], [-INF, -INF, INF, 0.0]]]]
    nan = [[[[1.0, NAN, 2.0, 4.0], [NAN, 0.0, 3.0, NAN]]]]
    for name, x in (("ties", ties), ("infinities", infinite), ("NaN", nan)):
        maximum(name, x, indices=True, kernel=(2, 2))
    maximum("overlapping ties", ties, indices=True, kernel=(3, 3), stride=(1, 1), padding=(1, 1))
    maximum("overlapping NaN", nan, indices=True, kernel=(2, 2), stride=(1, 1), padding=(1, 1))

    def average(name, x, **o):
        o = options(**o)
        del o["dilation"]
        arguments = (o["kernel"], o["stride"], o["padding"], o["ceil_mode"], o["count_include_pad"], o["divisor_override"])
        case(name, "avg_pool2d", lambda x: F.avg_pool2d(x, *arguments), [x], **o)

    for name, window in windows.items():
        average(name, draw(1, 2, 5, 5), **window)
        if "padding" in window or "ceil" in window:
            average(f"{name}, padding not counted", draw(2, 1, 5, 5), count=False, **window)
            average(f"{name}, divided by 3", draw(1, 1, 5, 4), divisor=3, **window)
    average("divided by 7", draw(1, 1, 4, 4), kernel=(2, 2), divisor=7)
    average("NaN and infinity", [[[[NAN, 1.0, INF, 1.0], [1.0, 1.0, 1.0, 1.0]]]], kernel=(2, 2))


def losses():
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


def normalization():
    for shape in ((4, 2), (3, 2, 3), (2, 3, 2, 2), (1, 2, 2, 3), (2, 1, 3)):
        for eps in (1e-5, 0.125):

            def norm(x, w, b):
                y = F.batch_norm(x, None, None, w, b, training=True, eps=eps)
                axes = [a for a in range(x.ndim) if a != 1]
                return y, x.mean(axes), x.var(axes, correction=0)

            inputs = [draw(*shape), draw(shape[1], key="w"), draw(shape[1], key="b")]
            case(f"{list(shape)}, eps {eps}", "batch_norm", norm, inputs, eps=eps)
    y = lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True, eps=1e-3)
    case("y alone", "batch_norm_output", y, [draw(4, 2), draw(2, key="w"), draw(2, key="b")], eps=1e-3)
    shifted = draw(4, 2) + np.array([64.0, -64.0])
    case("a mean far from 0", "batch_norm_output", y, [shifted, draw(2, key="w"), draw(2, key="b")], eps=1e-3)


def recurrent():
    def run(name, layers, bias, steps, batch, features, hidden, op="lstm", scale=1.0):
        module = torch.nn.LSTM(features, hidden, layers, bias=bias)
        names = [n for n, _ in module.named_parameters()]
        shapes = [tuple(p.shape) for p in module.parameters()]

        def lstm(x, h, c, *parameters):
            values = dict(zip(names, parameters))
            y, (h, c) = torch.func.functional_call(module, values, (x, (h, c)))
            return (y, h, c) if op == "lstm" else (h,) if op == "lstm_hidden" else (c,)

        state = (layers, batch, hidden)
        inputs = [draw(steps, batch, features, scale=scale), draw(*state, key="h"), draw(*state, key="c")]
        inputs += [draw(*s, key=n) for n, s in zip(names, shapes)]
        case(name, op, lstm, inputs, layers=layers, bias=bias)

    run("one layer", 1, False, 3, 2, 3, 2)
    run("one layer, bias", 1, True, 3, 2, 3, 2)
    run("two layers", 2, False, 3, 2, 2, 2)
    run("two layers, bias", 2, True, 3, 1, 2, 2)
    run("one step", 1, True, 1, 2, 2, 3)
    run("one of everything", 1, True, 1, 1, 1, 1)
    run("long", 1, True, 12, 1, 1, 2)
    run("saturated", 1, True, 3, 1, 2, 1, scale=64.0)
    run("the last hidden state alone", 2, True, 2, 1, 2, 2, op="lstm_hidden")
    run("the last cell state alone", 1, True, 2, 2, 2, 2, op="lstm_cell")


def dropout():
    for p, training in ((0.0, True), (1.0, True), (0.5, False)):
        run = lambda x: F.dropout(x, p, training)
        name = f"p = {p}, {'training' if training else 'evaluation'}"
        case(name, "dropout", run, [draw(6)], p=p, training=training)


for family in (
    arithmetic, elementwise, activation, softmax, reduction, comparison, layout, indexing, products, convolution,
    pooling, losses, normalization, recurrent, dropout,
):
    family()

lines = ",\n".join(json.dumps(c, allow_nan=False, separators=(",", ":"), ensure_ascii=False) for c in CASES)
head = json.dumps(torch.__version__.split("+")[0])
target = pathlib.Path(__file__).with_name("operations.json")
target.write_text(f'{{"torch":{head},"cases":[\n{lines}\n]}}\n')
print(f"{len(CASES)} cases of {len({c['op'] for c in CASES})} operations, {target.stat().st_size / 1000:.0f} kB")
