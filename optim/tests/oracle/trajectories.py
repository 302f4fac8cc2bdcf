"""Prints the trajectories of tests/trajectories.rs: PyTorch on a small quadratic in double precision.

    python optim/tests/oracle/trajectories.py
"""

import torch
from torch.optim import SGD, Adam, AdamW

CASES = {
    "sgd": lambda p: SGD(p, lr=0.1),
    "sgd_weight_decay": lambda p: SGD(p, lr=0.1, weight_decay=0.05),
    "sgd_momentum": lambda p: SGD(p, lr=0.1, momentum=0.9),
    "sgd_dampening": lambda p: SGD(p, lr=0.1, momentum=0.9, dampening=0.4),
    "sgd_nesterov": lambda p: SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda p: Adam(p, lr=0.1),
    "adam_options": lambda p: Adam(p, lr=0.05, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.1),
    "adamw": lambda p: AdamW(p, lr=0.1),
    "adamw_weight_decay": lambda p: AdamW(p, lr=0.1, betas=(0.7, 0.9), weight_decay=0.3),
    "adam_cosine": lambda p: Adam(p, lr=0.1),
}

for name, make in CASES.items():
    w = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64, requires_grad=True)
    optimizer = make([w])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10) if name == "adam_cosine" else None
    print(f'    ("{name}", [')
    for step in range(1, 11):
        optimizer.zero_grad()
        a, b, c = w
        (2 * (a - 0.5) ** 2 + 0.25 * (b + 1) ** 2 + 0.5 * a * b + 0.1 * c**2).backward()
        optimizer.step()
        if schedule:
            schedule.step()
        if step in (1, 2, 5, 10):
            print("        [" + ", ".join(repr(x) for x in w.tolist()) + "],")
    print("    ]),")
