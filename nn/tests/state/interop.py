"""Exchanges weights with PyTorch in both directions, by hand: python interop.py

PyTorch writes the state of a network in every format; the ignored test `interop` loads each, computes with it and
saves it; PyTorch loads what was saved, strictly, and compares it bit for bit, and the outputs within rounding.
"""

import os
import pathlib
import subprocess
import tempfile

import numpy as np
import torch
from safetensors.torch import load_file, save_file

FILES = ["state.pt", "protocol5.pt", "state.safetensors", "plain.npz", "compressed.npz", "checkpoint.pth"]


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.bn = torch.nn.BatchNorm2d(4)
        self.lstm = torch.nn.LSTM(4, 5, batch_first=True)
        self.head = torch.nn.Sequential(torch.nn.Linear(5, 6), torch.nn.ReLU(), torch.nn.Linear(6, 2))

    def forward(self, x):
        x = self.bn(self.conv(x)).relu().reshape(2, 4, 16).transpose(1, 2)
        return self.head(self.lstm(x)[0].mean(1))


def main():
    torch.manual_seed(0)
    net = Net()
    x = torch.randn(2, 3, 6, 6)
    for _ in range(3):  # Running statistics that are not the first ones.
        net(torch.randn(2, 3, 6, 6))
    net.eval()
    # A layout that is not row-major.
    net.conv.weight.data = net.conv.weight.data.to(memory_format=torch.channels_last)
    state = net.state_dict()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        arrays = {name: value.numpy() for name, value in state.items()}
        torch.save(state, folder / "state.pt")
        torch.save(state, folder / "protocol5.pt", pickle_protocol=5)
        save_file({name: value.contiguous() for name, value in state.items()}, folder / "state.safetensors")
        np.savez(folder / "plain.npz", **arrays)
        np.savez_compressed(folder / "compressed.npz", **arrays)
        model = torch.nn.DataParallel(net).state_dict()
        optimizer = torch.optim.SGD(net.parameters(), 0.1).state_dict()
        torch.save({"epoch": 1, "model": model, "optimizer": optimizer}, folder / "checkpoint.pth")
        np.save(folder / "input.npy", x.numpy())
        command = ["cargo", "test", "-p", "wengert-nn", "--test", "state", "--", "--ignored", "interop::interop"]
        subprocess.run(command, env=os.environ | {"WENGERT_INTEROP": str(folder)}, check=True)
        compared = 0
        for element, dtype in [("f32", torch.float32), ("f64", torch.float64)]:
            expected = net.to(dtype)(x.to(dtype)).detach()
            for file in FILES:
                loaded = load_file(folder / f"{file}.{element}.safetensors")
                other = Net().to(dtype)
                other.load_state_dict(loaded, strict=True)
                for name, value in net.state_dict().items():
                    assert loaded[name].dtype == value.dtype, (file, name, loaded[name].dtype)
                    assert torch.equal(loaded[name], value), (file, name)
                    compared += 1
                output = load_file(folder / f"{file}.{element}.output.safetensors")[""]
                tolerance = 1e-5 if element == "f32" else 1e-12
                assert torch.allclose(output, expected, rtol=tolerance, atol=tolerance), file
    print(f"{len(FILES)} formats, {compared} tensors: the same bits there and back, and the same outputs")


main()
