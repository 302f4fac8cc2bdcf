"""Normalizations."""

import numpy as np
import torch.nn.functional as F

from common import case, draw


def cases():
    for shape in ((4, 2), (3, 2, 3), (2, 3, 2, 2), (1, 2, 2, 3), (2, 1, 3)):
        for eps in (1e-5, 0.125):

            def norm(x, w, b):
                y = F.batch_norm(x, None, None, w, b, training=True, eps=eps)
                axes = [a for a in range(x.ndim) if a != 1]
                return y, x.mean(axes), x.var(axes, correction=0)

            inputs = [draw(*shape), draw(shape[1], key="w"), draw(shape[1], key="b")]
            case(f"{list(shape)}, eps {eps}", "batch_norm", norm, inputs, eps=eps)
    y = lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True, eps=1e-3)
    case("y alone", "batch_norm_output", y, [draw(4, 2), draw(2, key="w"), draw(2, key="b")], eps=1e-3)
    shifted = draw(4, 2) + np.array([64.0, -64.0])
    case("a mean far from 0", "batch_norm_output", y, [shifted, draw(2, key="w"), draw(2, key="b")], eps=1e-3)
