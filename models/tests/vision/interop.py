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
from networks import GAP, RESNETS, VGGS, build, clear_maxima, largest_error, rounds_alike, train, weight  # noqa: E402

TRIES = 3000


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
    side, batch = (64, 4) if "res" in name else (64, 2) if name in ("alexnet", "googlenet") else (32, 4)
    for _ in range(2):  # Running statistics that are not the first ones.
        with torch.no_grad():
            network.train()(torch.randn(batch, 3, side, side))
    state = {key: value.clone() for key, value in network.state_dict().items()}
    labels = torch.arange(batch) * 37 % 1000

    def reset():
        network.float().load_state_dict(state)

    for _ in range(TRIES):
        x = torch.randn(batch, 3, side, side)
        reset()
        if single and not clear_maxima(network.double(), x.double(), GAP / 3, relus=True):
            continue
        reset()
        _, exact = train(network.double(), x.double(), labels)
        if not single or rounds_alike(network, x, labels, exact, reset):
            break
    else:
        raise SystemExit(f"{name}: rounding turns something at every one of {TRIES} pictures")
    reset()
    error = largest_error(train(network, x, labels)[1], exact)
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
        command = ["cargo", "test", "-q", "--test", "vision", "--"]
        command += ["--ignored", "--exact", "--nocapture", "interop::interop"]
        subprocess.run(command, env=os.environ | {"WENGERT_INTEROP": str(folder)}, check=True)


for name in sys.argv[1:] or ["alexnet", *VGGS, *RESNETS, "googlenet"]:
    exchange(name, single=True)
    if name != "alexnet" and (name.endswith("bn") or not name.startswith("vgg")):
        exchange(name, single=False)
