"""Writes schedules.json.gz: the rates that PyTorch's schedulers give, optax's where PyTorch has none, and a
formula evaluated by numpy where neither has it.

    python optim/tests/oracle/schedules.py
"""

import warnings

import jax
import numpy
import optax
import pack
import torch
from torch.optim import lr_scheduler, swa_utils

jax.config.update("jax_enable_x64", True)
warnings.filterwarnings("ignore")

STEPS = 60


def optimizer(lr):
    parameter = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    return torch.optim.SGD([parameter], lr=lr, momentum=0.9)


def run(opt, scheduler, steps, key="lr"):
    """The rate before each step; a scheduler stands at step 0 once it is made."""
    values = []
    for step in range(steps):
        values.append(float(opt.param_groups[0][key]))
        opt.step()
        # Some must not be asked for a rate after their end.
        if step + 1 < steps:
            scheduler.step()
    return values


def torch_case(kind, options, make, lr=None, steps=STEPS, key="lr"):
    """`make` gives the scheduler of an optimizer at the rate `lr`, which is among the options by default."""
    opt = optimizer(options.get("lr", 0.1) if lr is None else lr)
    return {"kind": kind, "options": options, "rates": run(opt, make(opt), steps, key)}


def formula(kind, options, rate, steps=STEPS):
    """`rate` is a function of the step, given as a float64."""
    values = [float(rate(numpy.float64(t))) for t in range(steps)]
    return {"kind": kind, "options": options, "rates": values}


def named(options, *names):
    return {name: options[name] for name in names if name in options}


def simple(kind, scheduler, *settings, steps=STEPS):
    """A scheduler of PyTorch whose arguments are the options, but for the rate."""
    for options in settings:
        arguments = {name: value for name, value in options.items() if name != "lr"}
        yield torch_case(kind, options, lambda opt: scheduler(opt, **arguments), steps=steps)


def cosine():
    # PyTorch's rises again after T_max, ours stays.
    for options in (
        {"lr": 0.1, "T_max": 60},
        {"lr": 2.5, "T_max": 75, "eta_min": 0.3},
        {"lr": 3e-4, "T_max": 59, "eta_min": 1e-6},
    ):
        arguments = {name: value for name, value in options.items() if name != "lr"}
        yield torch_case(
            "cosine",
            options,
            lambda opt: lr_scheduler.CosineAnnealingLR(opt, **arguments),
            steps=min(STEPS, options["T_max"] + 1),
        )


def polynomial():
    yield from simple(
        "polynomial",
        lr_scheduler.PolynomialLR,
        {"lr": 0.1},
        {"lr": 0.4, "total_iters": 40, "power": 2.0},
        {"lr": 0.03, "total_iters": 70, "power": 0.9},
    )
    # PyTorch's ends at 0 always.
    for options in (
        {"lr": 0.1, "total_iters": 50, "power": 2.0, "end": 0.01},
        {"lr": 0.01, "total_iters": 33, "power": 0.5, "end": 0.2},
        {"lr": 1.0, "total_iters": 59, "power": 3.0, "end": 0.5},
    ):
        schedule = optax.polynomial_schedule(
            options["lr"], options["end"], options["power"], options["total_iters"]
        )
        yield formula("polynomial", options, schedule)


def cyclic():
    settings = (
        {"base_lr": 0.01, "max_lr": 0.1},
        {"base_lr": 0.001, "max_lr": 0.5, "step_size_up": 7},
        {"base_lr": 0.1, "max_lr": 0.2, "step_size_up": 9, "step_size_down": 4, "mode": "triangular2"},
        {"base_lr": 0.02, "max_lr": 0.9, "step_size_up": 3, "step_size_down": 11, "mode": "triangular2"},
        {"base_lr": 0.0, "max_lr": 1.0, "step_size_up": 5, "mode": "exp_range", "gamma": 0.97},
        {"base_lr": 0.3, "max_lr": 0.4, "step_size_up": 8, "step_size_down": 20, "mode": "exp_range", "gamma": 0.5},
    )
    for options in settings:
        yield torch_case("cyclic", options, lambda opt: lr_scheduler.CyclicLR(opt, **options))
    for options in (
        {},
        {"base_momentum": 0.5, "max_momentum": 0.99, "step_size_up": 8, "step_size_down": 5},
        {"step_size_up": 6, "mode": "triangular2"},
    ):
        yield torch_case(
            "cyclic_momentum",
            options,
            lambda opt: lr_scheduler.CyclicLR(opt, base_lr=0.1, max_lr=0.2, **options),
            key="momentum",
        )


def one_cycle():
    settings = (
        {"max_lr": 0.1, "total_steps": 60},
        {"max_lr": 1.0, "total_steps": 55, "pct_start": 0.45, "anneal_strategy": "linear"},
        {"max_lr": 0.02, "total_steps": 60, "pct_start": 0.25, "three_phase": True, "div_factor": 10.0},
        {"max_lr": 0.5, "total_steps": 57, "anneal_strategy": "linear", "three_phase": True, "final_div_factor": 100.0},
        {"max_lr": 0.5, "total_steps": 51, "pct_start": 0.0, "div_factor": 4.0, "final_div_factor": 50.0},
        {"max_lr": 0.5, "total_steps": 53, "pct_start": 1.0},
    )
    for options in settings:
        yield torch_case(
            "one_cycle", options, lambda opt: lr_scheduler.OneCycleLR(opt, **options), steps=options["total_steps"]
        )
    for options in (
        {"total_steps": 60},
        {"total_steps": 60, "pct_start": 0.2, "anneal_strategy": "linear", "base_momentum": 0.5, "max_momentum": 0.9},
        {"total_steps": 58, "three_phase": True},
    ):
        yield torch_case(
            "one_cycle_momentum",
            options,
            lambda opt: lr_scheduler.OneCycleLR(opt, max_lr=0.1, **options),
            steps=options["total_steps"],
            key="momentum",
        )


def piecewise():
    for options in (
        {"table": [[0, 0.1], [20, 0.01], [45, 0.002]]},
        {"table": [[0, 1.0], [1, 0.25], [2, 0.5], [50, 3.0]]},
        {"table": [[0, 0.3]]},
    ):
        table = options["table"]
        starts, rates = [point[0] for point in table], [point[1] for point in table]
        rate = lambda t: rates[int(numpy.searchsorted(starts, t, side="right")) - 1]
        yield formula("piecewise", options, rate)
    for kind in ("linear", "cosine"):
        for table in (
            [[0, 0.1], [20, 0.4], [45, 0.002]],
            [[0, 1.0], [7, 0.25], [8, 0.5], [59, 3.0]],
            [[0, 0.2], [70, 0.7]],
        ):
            # optax counts in factors of the value before.
            factors = {step: rate / before for (_, before), (step, rate) in zip(table, table[1:])}
            schedule = optax.piecewise_interpolate_schedule(kind, table[0][1], factors)
            yield formula("piecewise", {"table": table, "joined": kind}, schedule)


def formulas():
    for options in ({"lr": 0.2, "decay": 1.0}, {"lr": 0.05, "decay": 0.01}, {"lr": 3.0, "decay": 7.5}):
        yield formula("inverse_time", options, lambda t: options["lr"] / (1 + options["decay"] * t))
    for options in ({"k": 0.1}, {"k": 2.0}, {"k": 3e-5}):
        yield formula("inverse_sqrt", options, lambda t: options["k"] / numpy.sqrt(t + 1))
    for options in (
        {"model_size": 512, "warmup_steps": 20},
        {"model_size": 64, "warmup_steps": 4000},
        {"model_size": 300, "warmup_steps": 1, "factor": 2.0},
    ):
        scale = options.get("factor", 1.0) * numpy.float64(options["model_size"]) ** -0.5
        warm = numpy.float64(options["warmup_steps"])
        yield formula("noam", options, lambda t: scale * min((t + 1) ** -0.5, (t + 1) * warm**-1.5))
    for options in ({"lr": 0.1}, {"lr": 0.0}, {"lr": 7.0}):
        yield formula("constant", options, optax.constant_schedule(options["lr"]))


def swa():
    """PyTorch's own use of it: epochs up to `swa_start` with the scheduler, then with the other."""
    for options in (
        {"lr": 0.1, "start": 0, "swa_lr": 0.02},
        {"lr": 0.1, "start": 30, "swa_lr": 0.05, "anneal_epochs": 5, "anneal_strategy": "linear"},
        {"lr": 0.2, "start": 21, "swa_lr": 0.3, "anneal_epochs": 20},
        {"lr": 0.2, "start": 25, "swa_lr": 0.01, "anneal_epochs": 1},
        {"lr": 0.2, "start": 0, "swa_lr": 0.01, "anneal_epochs": 0},
    ):
        opt = optimizer(options["lr"])
        before = lr_scheduler.ExponentialLR(opt, 0.98)
        after = swa_utils.SWALR(opt, **named(options, "swa_lr", "anneal_epochs", "anneal_strategy"))
        rates = []
        for epoch in range(STEPS):
            rates.append(opt.param_groups[0]["lr"])
            opt.step()
            (before if epoch < options["start"] else after).step()
        yield {"kind": "swa", "options": options, "rates": rates}


def compositions():
    for options in (
        {"lr": 0.4, "start_factor": 0.1, "warmup": 10, "T_max": 49},
        {"lr": 0.01, "start_factor": 1.0 / 3.0, "warmup": 5, "T_max": 54},
        {"lr": 1.0, "start_factor": 1e-3, "warmup": 33, "T_max": 30},
    ):
        opt = optimizer(options["lr"])
        first = lr_scheduler.LinearLR(opt, start_factor=options["start_factor"], total_iters=options["warmup"])
        second = lr_scheduler.CosineAnnealingLR(opt, options["T_max"])
        both = lr_scheduler.SequentialLR(opt, [first, second], [options["warmup"]])
        yield {"kind": "warmup_cosine", "options": options, "rates": run(opt, both, STEPS)}
    for options in (
        {"lr": 0.1, "n": 20, "gamma": 0.9},
        {"lr": 3.0, "n": 1, "gamma": 0.99},
        {"lr": 0.5, "n": 45, "gamma": 0.7},
    ):
        opt = optimizer(options["lr"])
        first = lr_scheduler.ConstantLR(opt, factor=0.5, total_iters=1000)
        second = lr_scheduler.ExponentialLR(opt, options["gamma"])
        both = lr_scheduler.SequentialLR(opt, [first, second], [options["n"]])
        yield {"kind": "constant_then_exponential", "options": options, "rates": run(opt, both, STEPS)}
    for options in (
        {"lr": 0.1, "factor": 0.25, "total_iters": 5, "gamma": 0.9},
        {"lr": 2.0, "factor": 0.5, "total_iters": 30, "gamma": 0.99},
        {"lr": 0.3, "factor": 0.1, "total_iters": 1, "gamma": 0.5},
    ):
        opt = optimizer(options["lr"])
        chained = lr_scheduler.ChainedScheduler(
            [
                lr_scheduler.ConstantLR(opt, factor=options["factor"], total_iters=options["total_iters"]),
                lr_scheduler.ExponentialLR(opt, gamma=options["gamma"]),
            ]
        )
        yield {"kind": "constant_times_exponential", "options": options, "rates": run(opt, chained, STEPS)}


def plateau():
    draw = numpy.random.default_rng(4)
    falling = numpy.exp(-numpy.arange(STEPS) / 8.0) + 0.05 * draw.standard_normal(STEPS)
    rising = 1 - falling
    settings = (
        ({"lr": 0.1}, numpy.ones(STEPS)),
        ({"lr": 0.4, "factor": 0.5, "patience": 2, "cooldown": 3}, falling),
        ({"lr": 0.4, "mode": "max", "factor": 0.3, "patience": 1, "min_lr": 0.01}, rising),
        ({"lr": 1.0, "factor": 0.7, "patience": 0, "threshold": 0.02, "threshold_mode": "abs"}, falling),
        (
            {"lr": 1.0, "mode": "max", "factor": 0.8, "patience": 3, "threshold": 0.05, "threshold_mode": "abs", "cooldown": 1},
            rising,
        ),
        ({"lr": 1e-6, "factor": 0.5, "patience": 4, "eps": 1e-7, "threshold": 0.1}, falling),
        ({"lr": 0.2, "mode": "max", "patience": 2, "factor": 0.5, "threshold": 0.3}, falling - 1),
    )
    for options, metrics in settings:
        opt = optimizer(options["lr"])
        scheduler = lr_scheduler.ReduceLROnPlateau(opt, **{k: v for k, v in options.items() if k != "lr"})
        # A few metrics that are no numbers: they are never better.
        metrics = [float(m) for m in metrics]
        metrics[17] = float("nan")
        rates = []
        for metric in metrics:
            scheduler.step(metric)
            rates.append(opt.param_groups[0]["lr"])
        metrics[17] = None
        yield {"kind": "plateau", "options": options, "metrics": metrics, "rates": rates}


def cases():
    yield from simple(
        "exponential",
        lr_scheduler.ExponentialLR,
        {"lr": 0.1, "gamma": 0.95},
        {"lr": 2.0, "gamma": 0.5},
        {"lr": 1e-6, "gamma": 1.2},
    )
    yield from simple(
        "linear",
        lr_scheduler.LinearLR,
        {"lr": 0.1},
        {"lr": 0.3, "start_factor": 0.01, "end_factor": 0.8, "total_iters": 50},
        {"lr": 0.5, "start_factor": 1.0, "end_factor": 0.0, "total_iters": 45},
    )
    yield from simple(
        "step",
        lr_scheduler.StepLR,
        {"lr": 0.1, "step_size": 30},
        {"lr": 0.7, "step_size": 7, "gamma": 0.5},
        {"lr": 3.0, "step_size": 1, "gamma": 0.9},
    )
    yield from simple(
        "multi_step",
        lr_scheduler.MultiStepLR,
        {"lr": 0.1, "milestones": [30, 50]},
        {"lr": 0.8, "milestones": [1, 5, 5, 40], "gamma": 0.5},
        {"lr": 0.2, "milestones": [], "gamma": 0.3},
    )
    yield from simple(
        "cosine_restarts",
        lr_scheduler.CosineAnnealingWarmRestarts,
        {"lr": 0.1, "T_0": 13},
        {"lr": 0.5, "T_0": 7, "T_mult": 2, "eta_min": 0.01},
        {"lr": 2.0, "T_0": 1, "T_mult": 3, "eta_min": 0.5},
    )
    yield from cosine()
    yield from polynomial()
    yield from cyclic()
    yield from one_cycle()
    yield from piecewise()
    yield from formulas()
    yield from swa()
    yield from compositions()
    yield from plateau()


pack.write("schedules.json.gz", list(cases()))
