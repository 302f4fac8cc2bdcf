"""Writes optimizers.json.gz: trajectories of PyTorch's optimizers, and of optax's Lion, in double precision.

    python optim/tests/oracle/optimizers.py

Each case has a name, an optimizer, its options by PyTorch's names, and the ten numbers of the parameters after
some of the 50 steps. `optimizers.rs` walks the same way. The keys that are no options of PyTorch:

    cosine             cosine annealing of the learning rate over so many steps
    averaged_momentum  momentum of this factor at the learning rate lr·(1 − factor)
    second_group       b and c in a group of their own, with these options
"""

import jax
import numpy as np
import optax
import torch

from pack import write

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)

STEPS = 50
KEPT = [1, 2, 3, 5, 10, 20, 35, 50]


def parameters():
    A = [[0.5, -1.2], [0.3, 0.8], [-0.7, 0.1]]
    b = [0.2, -0.4, 0.9]
    c = 1.5
    return [torch.tensor(x, requires_grad=True) for x in (A, b, c)]


def loss(k, A, b, c):
    """That of step k. Every fifth step the second column of A has a gradient of exactly 0; c has one in the
    odd steps only."""
    u = torch.tensor([np.cos(1.3 * k + 0.2), 0.0 if k % 5 == 3 else np.sin(0.7 * k + 0.5)])
    y = torch.tensor([0.3, -0.5, 0.8])
    value = ((A @ u + b).tanh() - y).square().sum() + 0.1 * (A[:, 0] @ b).square()
    if k % 2 == 1:
        value = value + 0.3 * (c - b[0]).square()
    return value


def valley(A, b, c):
    """Rosenbrock's function of ten numbers."""
    x = torch.cat([A.flatten(), b, c.reshape(1)])
    return (10 * (x[1:] - x[:-1].square()).square() + (1 - x[:-1]).square()).sum()


class Lion:
    """optax's, one for each parameter, so that one without a gradient is left alone."""

    def __init__(self, groups, maximize=False, **options):
        self.maximize = maximize
        rename = {"lr": "learning_rate"}
        self.rule = optax.lion(**{rename.get(key, key): value for key, value in options.items()})
        self.parameters = groups
        self.states = [self.rule.init(p.detach().numpy()) for p in groups]

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        for i, p in enumerate(self.parameters):
            if p.grad is not None:
                g = p.grad.numpy() * (-1.0 if self.maximize else 1.0)
                updates, self.states[i] = self.rule.update(g, self.states[i], p.detach().numpy())
                p.data += torch.from_numpy(np.array(updates))


class Rprop(torch.optim.Rprop):
    """PyTorch's, with a weight decay in the gradient."""

    def __init__(self, groups, weight_decay=0.0, **options):
        super().__init__(groups, **options)
        self.decay = weight_decay

    def step(self):
        for p in self.param_groups[0]["params"]:
            if p.grad is not None:
                p.grad.add_(p.detach(), alpha=self.decay)
        super().step()


def flat(ps):
    return torch.cat([p.detach().flatten() for p in ps]).tolist()


def run(optimizer, options):
    options = dict(options)
    ps = parameters()
    groups = ps
    if second := options.pop("second_group", None):
        groups = [{"params": ps[:1]}, {"params": ps[1:], **second}]
    if factor := options.pop("averaged_momentum", None):
        options |= {"momentum": factor, "lr": options["lr"] * (1 - factor)}
    cosine = options.pop("cosine", None)
    make = {"Lion": Lion, "Rprop": Rprop}.get(optimizer) or getattr(torch.optim, optimizer)
    optimizer = make(groups, **options)
    schedule = cosine and torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, cosine)
    kept = []
    for k in range(STEPS):
        if isinstance(optimizer, torch.optim.LBFGS):
            sign = -1.0 if options.get("maximize") else 1.0

            def closure():
                optimizer.zero_grad()
                value = sign * valley(*ps)
                value.backward()
                return value

            optimizer.step(closure)
        else:
            optimizer.zero_grad()
            loss(k, *ps).backward()
            optimizer.step()
        if schedule:
            schedule.step()
        if k + 1 in KEPT:
            kept.append(flat(ps))
    assert all(np.isfinite(kept[-1])), (optimizer, options)
    return kept


CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.05, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.02, "maximize": True}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.4}),
    ("SGD", {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.01, "momentum": 0.7, "weight_decay": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.2, "averaged_momentum": 0.75, "weight_decay": 0.02}),
    ("SGD", {"lr": 0.1, "momentum": 0.5, "second_group": {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.1}}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.3, "lr_decay": 0.05, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.2, "initial_accumulator_value": 0.5, "eps": 1e-3}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.01, "maximize": True}),
    ("Adadelta", {"lr": 1.0}),
    ("Adadelta", {"lr": 0.5, "rho": 0.7, "eps": 1e-3}),
    ("Adadelta", {"lr": 2.0, "rho": 0.95, "eps": 1e-4, "weight_decay": 0.1}),
    ("Adadelta", {"lr": 1.0, "eps": 1e-4, "weight_decay": 0.01, "maximize": True}),
    ("RMSprop", {"lr": 0.01}),
    ("RMSprop", {"lr": 0.02, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.8}),
    ("RMSprop", {"lr": 0.02, "alpha": 0.8, "centered": True, "eps": 1e-2}),
    ("RMSprop", {"lr": 0.01, "centered": True, "momentum": 0.5, "weight_decay": 0.05, "eps": 1e-3}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.5, "weight_decay": 0.05, "maximize": True}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.05, "betas": [0.8, 0.95], "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "betas": [0.7, 0.8], "amsgrad": True}),
    ("Adam", {"lr": 0.02, "amsgrad": True, "weight_decay": 0.05, "maximize": True}),
    ("Adam", {"lr": 0.1, "cosine": 50}),
    ("Adam", {"lr": 0.1, "second_group": {"lr": 0.01, "betas": [0.5, 0.9], "amsgrad": True, "maximize": True}}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "betas": [0.7, 0.9], "eps": 1e-4, "weight_decay": 0.3}),
    ("AdamW", {"lr": 0.05, "betas": [0.7, 0.8], "amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.02, "weight_decay": 0.05, "maximize": True}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "second_group": {"weight_decay": 0.0}}),
    ("Adamax", {"lr": 0.05}),
    ("Adamax", {"lr": 0.05, "betas": [0.8, 0.9], "eps": 1e-2, "weight_decay": 0.1}),
    ("Adamax", {"lr": 0.02, "weight_decay": 0.01, "maximize": True}),
    ("NAdam", {"lr": 0.05}),
    ("NAdam", {"lr": 0.05, "betas": [0.8, 0.95], "eps": 1e-3, "momentum_decay": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.02, "weight_decay": 0.2, "decoupled_weight_decay": True}),
    ("NAdam", {"lr": 0.02, "weight_decay": 0.02, "momentum_decay": 0.0, "maximize": True}),
    ("RAdam", {"lr": 0.05}),
    ("RAdam", {"lr": 0.05, "betas": [0.8, 0.95], "eps": 1e-3, "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.02, "betas": [0.9, 0.98], "weight_decay": 0.2, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.02, "betas": [0.5, 0.6], "weight_decay": 0.02, "maximize": True}),
    ("Rprop", {"lr": 0.01}),
    ("Rprop", {"lr": 0.05, "etas": [0.4, 1.5], "step_sizes": [1e-3, 0.1], "weight_decay": 0.1}),
    ("Rprop", {"lr": 0.01, "etas": [0.7, 1.1], "step_sizes": [1e-4, 0.05], "maximize": True}),
    ("Lion", {"lr": 0.02}),
    ("Lion", {"lr": 0.01, "b1": 0.8, "b2": 0.95, "weight_decay": 0.3}),
    ("Lion", {"lr": 0.01, "b1": 0.95, "b2": 0.98, "weight_decay": 0.0}),
    ("Lion", {"lr": 0.01, "weight_decay": 0.1, "maximize": True}),
    ("LBFGS", {"lr": 0.02, "max_iter": 3}),
    ("LBFGS", {"lr": 0.05, "max_iter": 4, "max_eval": 3, "history_size": 3, "tolerance_change": 1e-4}),
    ("LBFGS", {"lr": 1.0, "max_iter": 1, "line_search_fn": "strong_wolfe"}),
    ("LBFGS", {"lr": 0.5, "max_iter": 2, "history_size": 3, "line_search_fn": "strong_wolfe"}),
    ("LBFGS", {"lr": 3.0, "max_iter": 5, "max_eval": 4, "line_search_fn": "strong_wolfe"}),
    ("LBFGS", {"lr": 1.0, "tolerance_grad": 1e-2, "tolerance_change": 1e-3, "line_search_fn": "strong_wolfe"}),
    ("LBFGS", {"lr": 1.0, "max_iter": 2, "line_search_fn": "strong_wolfe", "maximize": True}),
    ("LBFGS", {"lr": 0.02, "max_iter": 2, "maximize": True}),
]

if __name__ == "__main__":
    cases = []
    for optimizer, options in CASES:
        after = run(optimizer, options)
        cases.append({"optimizer": optimizer, "options": options, "after": after})
        print(optimizer, options, [round(x, 3) for x in after[-1]])
    versions = {"torch": torch.__version__, "optax": optax.__version__}
    write("optimizers.json.gz", {**versions, "kept": KEPT, "count": len(cases), "cases": cases})
