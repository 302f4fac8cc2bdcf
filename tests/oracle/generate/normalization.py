"""Normalizations."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from common import case, draw, positive


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

    # Large enough for the rectifier to see both signs, and for blocks of lanes with a rest.
    for shape in ((3, 2, 5), (2, 3, 1, 11), (5, 2), (1, 2, 37)):
        for slope in (0.0, 0.25, 1.0):
            for residual in (False, True):

                def rectified(z, r):
                    return F.leaky_relu(z + r[0] if r else z, slope)

                def norm(x, w, b, *r):
                    axes = [a for a in range(x.ndim) if a != 1]
                    z = F.batch_norm(x, None, None, w, b, training=True, eps=0.125)
                    return rectified(z, r), x.mean(axes), x.var(axes, correction=0)

                def scaled(x, w, b, *r):
                    by_channel = [1, -1] + [1] * (x.ndim - 2)
                    return rectified(x * w.reshape(by_channel) + b.reshape(by_channel), r)

                inputs = [draw(*shape), draw(shape[1], key="w"), draw(shape[1], key="b")]
                inputs += [draw(*shape, key="r")] * residual
                name = f"{list(shape)}, slope {slope}" + ", residual" * residual
                case(name, "batch_norm_rectified", norm, inputs, eps=0.125, slope=slope)
                case(name, "channel_affine", scaled, inputs, slope=slope)

    def affine(shape, weight, bias):
        return [draw(*shape, key="w")] * weight + [draw(*shape, key="b")] * bias

    def given(inputs, weight, bias):
        rest = iter(inputs)
        return next(rest) if weight else None, next(rest) if bias else None

    for shape, trailing in (((3,), 1), ((2, 4), 1), ((2, 3, 2), 1), ((2, 3, 2), 2), ((2, 2), 2), ((2, 1), 1), ((0, 3), 1), ((2, 37), 1)):
        size = shape[len(shape) - trailing :]
        for weight, bias, eps in ((1, 1, 1e-5), (0, 0, 0.125), (1, 0, 0.125), (0, 1, 1e-5)):
            if math.prod(shape) > 12 and not (weight and bias):
                continue
            # Of one element nothing is left but rounding, and of two the gradient vanishes with epsilon.
            if math.prod(size) == 1:
                continue
            eps = 0.125 if math.prod(size) == 2 else eps
            run = lambda x, *rest: F.layer_norm(x, size, *given(rest, weight, bias), eps)
            if bias and not weight:
                # PyTorch's second derivative fails where there is a bias alone.
                run = lambda x, b: F.layer_norm(x, size, None, None, eps) + b
            options = dict(normalized_shape=list(size), weight=bool(weight), bias=bool(bias), eps=eps)
            name = f"{list(shape)} over {list(size)}, weight {weight}, bias {bias}, eps {eps}"
            case(name, "layer_norm", run, [draw(*shape)] + affine(size, weight, bias), **options)
        for weight, eps in ((1, 1e-5), (0, 0.125), (1, None)):
            if eps != 0.125 and math.prod(size) == 1:
                continue
            # Single precision has another default.
            epsilon = 2.0**-23 if eps is None else eps
            run = lambda x, *rest: F.rms_norm(x, size, *rest, epsilon)
            run = run if weight else lambda x: F.rms_norm(x, size, None, epsilon)
            options = dict(normalized_shape=list(size), weight=bool(weight), eps=eps)
            name = f"{list(shape)} over {list(size)}, weight {weight}, eps {eps}"
            case(name, "rms_norm", run, [draw(*shape)] + affine(size, weight, 0), **options)
    far = draw(2, 4) + np.array([[64.0], [-64.0]])
    run = lambda x: F.layer_norm(x, (4,), None, None, 1e-3)
    case("means far from 0", "layer_norm", run, [far], normalized_shape=[4], weight=False, bias=False, eps=1e-3)
    for shape, groups in (((2, 6), 2), ((1, 4, 3), 2), ((2, 2, 2, 2), 1), ((2, 2, 2, 2), 2), ((1, 6, 2), 3), ((0, 2, 3), 1)):
        for weight, bias, eps in ((1, 1, 1e-5), (0, 0, 0.125), (1, 0, 0.125), (0, 1, 1e-5)):
            if shape != (1, 4, 3) and weight != bias:
                continue
            run = lambda x, *rest: F.group_norm(x, groups, *given(rest, weight, bias), eps)
            options = dict(groups=groups, weight=bool(weight), bias=bool(bias), eps=eps)
            name = f"{list(shape)} in {groups}, weight {weight}, bias {bias}, eps {eps}"
            case(name, "group_norm", run, [draw(*shape)] + affine(shape[1:2], weight, bias), **options)
    for shape in ((2, 2, 3), (1, 3, 2, 2), (2, 1, 3)):
        for weight, bias, eps in ((1, 1, 1e-5), (0, 0, 0.125)):

            def instance(x, *rest):
                y = F.instance_norm(x, None, None, *given(rest, weight, bias), eps=eps)
                axes = list(range(2, x.ndim))
                return y, x.mean(axes), x.var(axes, correction=0)

            options = dict(weight=bool(weight), bias=bool(bias), eps=eps)
            name = f"{list(shape)}, weight {weight}, bias {bias}, eps {eps}"
            case(name, "instance_norm", instance, [draw(*shape)] + affine(shape[1:2], weight, bias), **options)
    for shape in ((3, 2), (2, 2, 2), (1, 2, 2, 1), (0, 2)):
        for weight, bias in ((1, 1), (0, 0), (1, 0)):
            # In formulas: PyTorch does not differentiate its running statistics.
            def running(x, mean, var, *rest):
                w, b = given(rest, weight, bias)
                of = lambda t: t.reshape([-1] + [1] * (x.ndim - 2))
                y = (x - of(mean)) / torch.sqrt(of(var) + 1e-5)
                y = y if w is None else y * of(w)
                y = y if b is None else y + of(b)
                plain = F.batch_norm(x, mean.detach(), var.detach(), w, b, training=False, eps=1e-5)
                assert torch.allclose(y, plain, atol=1e-12)
                return y

            inputs = [draw(*shape), draw(2, key="mean"), positive(2)] + affine((2,), weight, bias)
            options = dict(weight=bool(weight), bias=bool(bias), eps=1e-5)
            name = f"{list(shape)}, weight {weight}, bias {bias}"
            case(name, "batch_norm_with", running, inputs, **options)
    for shape, size, alpha, beta, k in (
        ((1, 4, 2), 1, 1e-4, 0.75, 1.0),
        ((1, 4, 2), 2, 0.5, 0.75, 1.0),
        ((1, 6, 1), 3, 1.0, 0.75, 2.0),
        ((2, 5, 1, 1), 4, 1.0, 0.5, 1.0),
        ((1, 7, 1), 5, 5e-4, 0.75, 2.0),
        ((1, 7, 1), 5, 2.0, 1.25, 0.5),
        ((1, 3, 2), 6, 1.0, 0.75, 1.0),
        ((1, 3, 2), 9, 1.0, 1.0, 1.0),
        ((1, 1, 3), 4, 1.0, 0.75, 1.0),
        ((1, 12, 1), 3, 1.0, 0.75, 1.0),
        ((0, 3, 2), 2, 1.0, 0.75, 1.0),
    ):
        run = lambda x: F.local_response_norm(x, size, alpha, beta, k)
        options = dict(size=size, alpha=alpha, beta=beta, k=k)
        name = f"{list(shape)}, size {size}, alpha {alpha}, beta {beta}, k {k}"
        case(name, "local_response_norm", run, [draw(*shape)], **options)
