"""Products with what follows them."""

import torch.nn.functional as F

from common import case, draw


def fused(op, name, x, w, run, scale=False, bias=False, residual=None, slope=1.0, **options):
    inputs = [draw(*x, key="x"), draw(*w, key="w")] + [draw(w[0], key="a")] * scale + [draw(w[0], key="b")] * bias
    inputs += [draw(*residual, key="r")] if residual else []
    # The channels are the last axis of a linear layer and the one before the taps of a convolution.
    by_channel = [w[0]] + [1] * max(len(w) - 2, 0)

    def y(x, w, *rest):
        rest = iter(rest)
        z = run(x, w)
        z = z * next(rest).reshape(by_channel) if scale else z
        z = z + next(rest).reshape(by_channel) if bias else z
        z = z + next(rest) if residual else z
        return F.leaky_relu(z, slope)

    case(name, op, y, inputs, scale=scale, bias=bias, residual=bool(residual), slope=slope, **options)


def cases():
    for name, tail in (
        ("a bias and a ReLU", dict(bias=True, slope=0.0)),
        ("a leaky ReLU", dict(slope=0.25)),
        ("a scale and a bias", dict(scale=True, bias=True)),
        ("a residual", dict(residual=True, slope=0.5)),
        ("all", dict(scale=True, bias=True, residual=True, slope=0.0)),
        ("a scale and a residual", dict(scale=True, residual=True, slope=0.25)),
    ):
        residual = lambda shape: dict(tail, residual=shape if tail.get("residual") else None)
        for x in ((3, 3), (2, 2, 3), (3,), (0, 3)):
            fused("linear_fused", f"{list(x)} with {name}", x, (4, 3), F.linear, **residual((*x[:-1], 4)))

        def conv(op, x, w, y, stride=1, padding=0, groups=1):
            dims = len(w) - 2
            options = dict(stride=[stride] * dims, padding=[padding] * dims, dilation=[1] * dims, groups=groups)
            run = lambda x, w: getattr(F, op)(x, w, **options)
            fused(f"{op}_fused", f"{list(x)} with {name}", x, w, run, **residual(y), **options)

        conv("conv1d", (2, 2, 5), (3, 2, 3), (2, 3, 5), padding=1)
        conv("conv2d", (1, 2, 3, 4), (3, 2, 2, 2), (1, 3, 2, 3))
        conv("conv2d", (2, 2, 5, 5), (2, 1, 3, 3), (2, 2, 3, 3), stride=2, padding=1, groups=2)
        conv("conv2d", (2, 3, 3), (2, 2, 1, 1), (2, 3, 3))
        conv("conv3d", (1, 1, 3, 2, 2), (2, 1, 2, 1, 2), (1, 2, 2, 2, 1))
