"""How a case is asked of PyTorch and kept, and how inputs are drawn."""

import math
import zlib

import numpy as np
import torch

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
    whole = x == int(x) and abs(x) < 2**53 and (x != 0 or math.copysign(1, x) > 0)
    return int(x) if whole else x


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
