"""Writes clipping.json.gz: what PyTorch and optax make of gradients.

    python optim/tests/oracle/clipping.py

PyTorch adds 10⁻⁶ to the norm by which it divides. What is compared with it is the norm; the clipped gradients
are optax's, or divided by numpy.
"""

import jax
import numpy
import optax
import pack
import torch

jax.config.update("jax_enable_x64", True)

SHAPES = ([], [5], [4, 3], [3, 2, 3, 2])
# From a layout whose units are the first axis to optax's, whose units are the last.
TO_OPTAX = {0: (), 1: (0,), 2: (1, 0), 4: (2, 3, 1, 0)}


def draw(seed, scale):
    numbers = numpy.random.default_rng(seed)
    return [scale * numbers.standard_normal(shape) for shape in SHAPES]


def lists(arrays):
    return [numpy.asarray(array).reshape(-1).tolist() for array in arrays]


def units(array):
    return array.reshape(array.shape[0] if array.ndim > 1 else 1, -1)


def by_norm():
    for kind in ("global_norm", "norm"):
        for norm_type in (2.0, 1.0, 3.0, float("inf")):
            for seed, max_norm in ((1, 0.5), (2, 2.0), (3, 100.0)):
                gradients = draw(seed, 1.0)
                tensors = [torch.tensor(g) for g in gradients]
                together = torch.nn.utils.get_total_norm(tensors, norm_type).item()
                norms = [torch.nn.utils.get_total_norm([t], norm_type).item() for t in tensors]
                if kind == "global_norm":
                    norm, factors = together, [min(1.0, max_norm / together)] * len(gradients)
                    clipped = [g * f for g, f in zip(gradients, factors)]
                    if norm_type == 2.0:
                        clipped, _ = optax.clip_by_global_norm(max_norm).update(gradients, None)
                else:
                    norm = max(norms)
                    clipped = [g * min(1.0, max_norm / n) for g, n in zip(gradients, norms)]
                options = {"max_norm": max_norm, "norm_type": norm_type if norm_type < 10 else None}
                yield {
                    "kind": kind,
                    "options": options,
                    "gradients": lists(gradients),
                    "result": norm,
                    "clipped": lists(clipped),
                }


def by_value():
    for seed, limit in ((4, 0.1), (5, 1.0), (6, 50.0)):
        gradients = draw(seed, 1.0)
        parameters = [torch.zeros(shape, dtype=torch.float64, requires_grad=True) for shape in SHAPES]
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = torch.tensor(gradient)
        torch.nn.utils.clip_grad_value_(parameters, limit)
        clipped = [parameter.grad.numpy() for parameter in parameters]
        yield {
            "kind": "value",
            "options": {"limit": limit},
            "gradients": lists(gradients),
            "clipped": lists(clipped),
        }


def adaptive():
    settings = ({}, {"clipping": 0.3}, {"clipping": 1.0, "eps": 0.8}, {"clipping": 5.0})
    for seed, options in enumerate(settings, 7):
        gradients, values = draw(seed, 1.0), draw(seed + 100, 0.7)
        values[2][1] = 0.0
        there = lambda arrays: [jax.numpy.transpose(a, TO_OPTAX[a.ndim]) for a in arrays]
        back = lambda arrays: [numpy.transpose(a, numpy.argsort(TO_OPTAX[a.ndim])) for a in arrays]
        rule = optax.adaptive_grad_clip(options.get("clipping", 0.01), options.get("eps", 1e-3))
        clipped, _ = rule.update(there(gradients), rule.init(there(values)), there(values))
        clipped = back(clipped)
        changed = sum(int((units(a) != units(b)).any(1).sum()) for a, b in zip(gradients, clipped))
        yield {
            "kind": "adaptive",
            "options": options,
            "gradients": lists(gradients),
            "values": lists(values),
            "result": changed,
            "clipped": lists(clipped),
        }


pack.write("clipping.json.gz", {"shapes": SHAPES, "cases": [*by_norm(), *by_value(), *adaptive()]})
