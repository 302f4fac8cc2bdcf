"""Exchanges weights with torchvision, by hand: python models/tests/vision/interop.py [NAME ...]

    pip install torch==2.15.0 torchvision==0.29.2 numpy safetensors

Each network is initialized by torchvision with a seed, saved as a `.pth` and a safetensors file, and run: logits in
evaluation mode, and the gradients of the loss in training mode without dropout. The ignored test `interop` loads both
files strictly and compares: all within 1e-4 in single precision.

A ReLU that rounding turns on or off changes gradients by far more than rounding does, and a network with batch
normalization as torchvision initializes it has some at any pictures: PyTorch's own gradients in single precision are off
by up to 5e-2. So such a network is exchanged twice. As it is, its gradients are compared in double precision, within 1e-9;
with scales and shifts of the normalizations that keep ReLUs away from zero (see generate/networks.py), in single precision.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).parent / "generate"))
from networks import RESNETS, VGGS, build, loss, weight  # noqa: E402

TRIES = 20


def train(network, x, labels):
    network.train().zero_grad()
    loss(network(x), labels).backward()
    # A copy: to convert the network converts its gradients in their place.
    return {key: p.grad.double().clone() for key, p in network.named_parameters()}


def largest_error(a, b):
    scale = max(g.norm() for g in b.values())
    return max(((a[k] - b[k]).norm() / max(b[k].norm(), 1e-3 * scale)).item() for k in b)


def keep_relus_away_from_zero(network):
    state = network.state_dict()
    for module, layer in network.named_modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            for key, parameter in layer.named_parameters():
                parameter.data.copy_(weight(f"{module}.{key}", tuple(parameter.shape), state))


def exchange(name, single):
    torch.manual_seed(1)
    network = build(name, dropout=0.0)
    if single:
        keep_relus_away_from_zero(network)
    side, batch = (64, 2) if name == "alexnet" else (96, 4) if name == "googlenet" else (64 if "res" in name else 32, 4)
    for _ in range(2):  # Running statistics that are not the first ones.
        with torch.no_grad():
            network.train()(torch.randn(batch, 3, side, side))
    state = {key: value.clone() for key, value in network.state_dict().items()}
    labels = torch.arange(batch) * 37 % 1000
    for _ in range(TRIES if single else 1):
        x = torch.randn(batch, 3, side, side)
        network.double().load_state_dict(state)
        exact = train(network, x.double(), labels)
        network.float().load_state_dict(state)
        error = largest_error(train(network, x, labels), exact)
        if error < 2e-5:
            break
    network.double().load_state_dict(state)
    with torch.no_grad():
        logits = network.eval()(x.double())
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        torch.save(state, folder / "state.pth")
        save_file({key: value.contiguous() for key, value in state.items()}, folder / "state.safetensors")
        save_file({"pictures": x, "logits": logits}, folder / "run.safetensors")
        save_file({key: value.contiguous() for key, value in exact.items()}, folder / "gradients.safetensors")
        (folder / "case.json").write_text(json.dumps({"name": name, "single": single, "error": error}))
        command = ["cargo", "test", "-q", "-p", "wengert-models", "--test", "vision", "--"]
        command += ["--ignored", "--exact", "--nocapture", "interop::interop"]
        subprocess.run(command, env=os.environ | {"WENGERT_INTEROP": str(folder)}, check=True)


for name in sys.argv[1:] or ["alexnet", *VGGS, *RESNETS, "googlenet"]:
    exchange(name, single=True)
    if name != "alexnet" and (name.endswith("bn") or not name.startswith("vgg")):
        exchange(name, single=False)
