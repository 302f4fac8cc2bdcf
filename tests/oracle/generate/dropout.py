"""Dropout."""

import torch.nn.functional as F

from common import case, draw


def cases():
    for p, training in ((0.0, True), (1.0, True), (0.5, False)):
        run = lambda x: F.dropout(x, p, training)
        name = f"p = {p}, {'training' if training else 'evaluation'}"
        case(name, "dropout", run, [draw(6)], p=p, training=training)
