"""How a layer is asked of PyTorch and kept, and how inputs and parameters are drawn."""

import gzip
import json
import math
import pathlib
import zlib

import numpy as np
import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
STEPS = 5


def draw(*shape, key="", scale=1.0):
    """Numbers in (-2, 2) times the scale, the same at every run, none of them 0."""
    rng = np.random.default_rng(zlib.crc32(f"{shape} {key}".encode()))
    grid = max(128, 1 << math.prod(shape).bit_length() + 2)
    picked = rng.permutation(grid)[: math.prod(shape)]
    return ((2 * picked + 1 - grid) / grid * 2 * scale).reshape(shape)


def array(t):
    """The shape and values of a tensor. A whole number is written as one."""
    values = [int(x) if x == int(x) and abs(x) < 2**53 else x for x in t.detach().double().flatten().tolist()]
    return {"shape": list(t.shape), "values": values}


def weights(t):
    """The fixed weights of an output's elements in the loss; the reader computes them too."""
    k = np.arange(t.numel())
    return torch.tensor((k * 7 + 3) % 11 / 4 - 1.125).reshape(t.shape)


def tensors(results):
    """All tensors of a result, those in nested tuples in their order."""
    if isinstance(results, torch.Tensor):
        return [results]
    return [t for part in results for t in tensors(part)]


class Family:
    """The cases of one family of layers, written to one file."""

    def __init__(self, name):
        self.name, self.cases = name, []

    def case(self, layer, name, module, options, *inputs, indices=(), random=False, forward=None, steps=None):
        """Records a case.

        `inputs` are arrays or shapes to draw arrays of, `indices` integer arrays handed over after them.
        A layer whose forward pass draws at random in training is evaluated only.
        `forward(module, *inputs)` stands for calling the module. There are five steps if the module has buffers,
        one otherwise, unless `steps` are given.
        """
        full = f"{layer}: {name}"
        assert all(full != c["name"] for c in self.cases), full
        forward = forward or (lambda m, *xs: m(*xs))
        with torch.no_grad():
            for key, p in module.named_parameters():
                p.copy_(torch.tensor(draw(*p.shape, key=f"{full} {key}", scale=0.5)))
        state = {key: array(t) for key, t in module.state_dict().items()}
        ids = [torch.tensor(np.asarray(i, dtype=np.int64)) for i in indices]

        def step(i):
            xs = [
                torch.tensor(draw(*x, key=f"{full} {i} {k}") if isinstance(x, tuple) else np.asarray(x, float))
                for k, x in enumerate(inputs)
            ]
            return [x.requires_grad_() for x in xs]

        steps = steps or (STEPS if list(module.buffers()) else 1)
        steps = [step(i) for i in range(steps)]
        module.eval()
        evaluated = tensors(forward(module, *steps[0], *ids))
        module.train(not random)
        trained = tensors(forward(module, *steps[0], *ids))
        loss = sum((y * weights(y)).sum() for y in trained)
        wanted = [p for p in [*steps[0], *module.parameters()] if p.requires_grad]
        found = iter(torch.autograd.grad(loss, wanted, allow_unused=True) if loss.requires_grad else [None] * len(wanted))
        absent = lambda g: None if g is None else array(g)
        input_gradients = [absent(next(found)) for _ in steps[0]]
        gradients = {key: absent(next(found)) for key, p in module.named_parameters() if p.requires_grad}
        for xs in steps[1:]:
            forward(module, *xs, *ids)
        module.eval()
        self.cases.append(
            {
                "name": full,
                "layer": layer,
                "options": options,
                "state": state,
                "random": random,
                "inputs": [[array(x) for x in xs] for xs in steps],
                "indices": [array(i) for i in ids],
                "evaluated": [array(y) for y in evaluated],
                "trained": [array(y) for y in trained],
                "input_gradients": input_gradients,
                "gradients": gradients,
                "buffers": {key: array(t) for key, t in module.named_buffers()},
                "evaluated_after": [array(y) for y in tensors(forward(module, *steps[0], *ids))],
            }
        )

    def write(self):
        lines = ",\n".join(json.dumps(c, allow_nan=False, separators=(",", ":")) for c in self.cases)
        head = f'"torch":{json.dumps(torch.__version__.split("+")[0])},"count":{len(self.cases)}'
        target = pathlib.Path(__file__).parent.with_name(f"{self.name}.json.gz")
        # Without a time, so that the same cases give the same file.
        target.write_bytes(gzip.compress(f'{{{head},"cases":[\n{lines}\n]}}\n'.encode(), mtime=0))
        print(f"{self.name}: {len(self.cases)} cases, {target.stat().st_size / 1000:.0f} kB")
