"""Writes what torchvision's networks give, small enough to be committed.

    pip install torch==2.15.0 torchvision==0.29.2 numpy
    python models/tests/vision/generate

`cargo test` only reads the file (models/tests/vision/parity.rs). Weights and pictures are a formula's, which both sides
compute. A case holds the keys and shapes of the state dict and, in double precision, the logits in evaluation mode, and
the loss and its gradients by all parameters in training mode, without dropout. Of a tensor the norm is kept, and its
products with four fixed vectors of +-1: the mean square of their errors estimates the square of the error's norm.

In single precision a rounding could turn a ReLU on or off, or the maximum of a window to another place, which changes the
gradients of all layers below by about 1/sqrt(elements): far more than 1e-4, and a deep network has millions of both. The
weights keep ReLUs away from that behind batch normalizations (see `weight`). Of the pictures several are tried until the
two largest elements of each window are far enough apart, and PyTorch's own gradients in single precision, with and without
oneDNN, are within 6e-5 of those in double precision.
"""

import gzip
import json
import pathlib

import numpy as np
import torch

from networks import RESNETS, VGGS, build, clear_maxima, fill, hashed, pictures, rounds_alike, train

SEEDS = 2000


def sketch(t):
    x = t.detach().double().numpy().ravel()
    bits = hashed(0x5EED, x.size)

    def product(j):
        return sum(
            x[i : i + 2**20] @ (1.0 - 2.0 * ((bits[i : i + 2**20] >> np.uint32(28 + j)) & np.uint32(1)))
            for i in range(0, x.size, 2**20)
        )

    return [float(f"{y:.11g}") for y in [np.linalg.norm(x), *(product(j) for j in range(4))]]


def case(name, side, batch, classes=10, hidden=4096):
    with torch.device("meta"):
        network = build(name, classes, hidden, dropout=0.0)
    network = network.to_empty(device="cpu")
    labels = torch.arange(batch) * 7 % classes
    for seed in range(1, SEEDS + 1):
        x = pictures(seed, batch, side)
        fill(network.float())
        if not clear_maxima(network.double(), x.double()):
            continue
        fill(network.float())
        value, gradients = train(network.double(), x.double(), labels)
        if rounds_alike(network, x, labels, gradients, lambda: fill(network.float())):
            break
    else:
        raise SystemExit(f"{name}: rounding turns something at every one of {SEEDS} pictures")
    network.zero_grad()
    fill(network.float())
    logits = network.double().eval()(x.double())
    print(f"{name}: pictures {seed}, loss {value:.4f}", flush=True)
    return {
        "name": name,
        "side": side,
        "batch": batch,
        "classes": classes,
        "hidden": hidden,
        "state": {key: list(t.shape) for key, t in network.state_dict().items()},
        "seed": seed,
        "logits": sketch(logits),
        "loss": value,
        "gradients": {key: sketch(g) for key, g in gradients.items()},
    }


def cases():
    yield case("alexnet", 64, 2)
    yield case("googlenet", 64, 2)
    for name in VGGS:
        yield case(name, 32, 4 if name.endswith("bn") else 2, hidden=64)
    for name in RESNETS:
        yield case(name, 64, 4)
    yield case("vgg16", 32, 1, classes=1000)


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
