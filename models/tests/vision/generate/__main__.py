"""Writes what torchvision's networks give, small enough to be committed.

    pip install torch==2.15.0 torchvision==0.29.2 numpy
    python models/tests/vision/generate

`cargo test` only reads the file (models/tests/vision/parity.rs). Weights and pictures are a formula's, which both sides
compute. A case holds the keys and shapes of the state dict and, in double precision, the logits in evaluation mode, and
the loss and its gradients by all parameters in training mode, without dropout. Of a tensor the norm is kept, and its
products with four fixed vectors of +-1: the mean square of their errors estimates the square of the error's norm.

In single precision a rounding can turn a ReLU on or off, or the maximum of a window to another place. One that is turned
changes the gradients of all layers below by about 1/sqrt(elements), far more than 1e-4, and a deep network has millions.
So several pictures are tried, and `single` says whether there are some at which PyTorch's own gradients in single
precision are within 2e-5 of those in double precision; the pictures are then those. (For these, rounding turned nothing.)
"""

import gzip
import json
import pathlib

import numpy as np
import torch

from networks import RESNETS, VGGS, build, fill, hashed, loss, pictures

SEEDS = 8


def sketch(t):
    x = t.detach().double().numpy().ravel()
    bits = hashed(0x5EED, x.size)

    def product(j):
        return sum(
            x[i : i + 2**20] @ (1.0 - 2.0 * ((bits[i : i + 2**20] >> np.uint32(28 + j)) & np.uint32(1)))
            for i in range(0, x.size, 2**20)
        )

    return [float(f"{y:.11g}") for y in [np.linalg.norm(x), *(product(j) for j in range(4))]]


def train(network, x, labels):
    network.train().zero_grad()
    value = loss(network(x), labels)
    value.backward()
    # A copy: to convert the network converts its gradients in their place.
    return value.item(), {key: p.grad.double().clone() for key, p in network.named_parameters()}


def largest_error(a, b):
    scale = max(g.norm() for g in b.values())
    return max(((a[k] - b[k]).norm() / max(b[k].norm(), 1e-3 * scale)).item() for k in b)


def case(name, side, batch, classes=10, hidden=4096, seeds=SEEDS):
    with torch.device("meta"):
        network = build(name, classes, hidden, dropout=0.0)
    network = network.to_empty(device="cpu")
    labels = torch.arange(batch) * 7 % classes
    found = None
    for seed in range(1, seeds + 1):
        x = pictures(seed, batch, side)
        fill(network.float())
        value, gradients = train(network.double(), x.double(), labels)
        if found is None:
            found = (seed, value, gradients, False)
        if seeds == 1:
            break
        fill(network.float())
        error = largest_error(train(network, x, labels)[1], gradients)
        if error < 2e-5:
            found = (seed, value, gradients, True)
            break
    seed, value, gradients, single = found
    network.zero_grad()
    fill(network.float())
    logits = network.double().eval()(pictures(seed, batch, side).double())
    scale = max(g.norm() for g in gradients.values())
    print(f"{name}: pictures {seed}, loss {value:.4f}, single {single}", flush=True)
    return {
        "name": name,
        "side": side,
        "batch": batch,
        "classes": classes,
        "hidden": hidden,
        "state": {key: list(t.shape) for key, t in network.state_dict().items()},
        "seed": seed,
        "single": single,
        "logits": sketch(logits),
        "loss": value,
        "gradients": {
            # The bias of a convolution before batch normalization has no effect.
            key: sketch(g) if g.norm() > 1e-12 * scale else [0.0] * 5
            for key, g in gradients.items()
        },
    }


def cases():
    yield case("alexnet", 64, 2)
    yield case("googlenet", 64, 4, seeds=1)
    for name in VGGS:
        normalized = name.endswith("bn")
        yield case(name, 32, 4 if normalized else 2, hidden=64, seeds=1 if normalized else SEEDS)
    for name in RESNETS:
        yield case(name, 32, 4, seeds=1)
    yield case("vgg16", 32, 1, classes=1000, seeds=2)


def write(lines):
    head = f'"torch":{json.dumps(torch.__version__.split("+")[0])},"count":{len(lines)}'
    text = ",\n".join(lines)
    target = pathlib.Path(__file__).parent.with_name("parity.json.gz")
    # Without a time, so that the same cases give the same file.
    target.write_bytes(gzip.compress(f'{{{head},"cases":[\n{text}\n]}}\n'.encode(), mtime=0))
    print(f"{target.stat().st_size / 1000:.0f} kB", flush=True)


lines = []
for one in cases():
    lines.append(json.dumps(one, allow_nan=False, separators=(",", ":")))
    write(lines)
