"""Convolution."""

import torch.nn.functional as F

from common import case, draw


def conv(op, name, x, w, bias=False, stride=1, padding=0, dilation=1, groups=1):
    """A number stands for one of each axis; padding may be a name."""
    dims = len(w) - 2
    each = lambda n: n if isinstance(n, str) else list(n) if isinstance(n, tuple) else [n] * dims
    options = dict(stride=each(stride), padding=each(padding), dilation=each(dilation), groups=groups)
    inputs = [draw(*x, key="x"), draw(*w, key="w")] + ([draw(w[0], key="b")] if bias else [])
    case(name, op, lambda x, w, b=None: getattr(F, op)(x, w, b, **options), inputs, **options)


def transposed(op, name, x, w, bias=False, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
    dims = len(w) - 2
    each = lambda n: list(n) if isinstance(n, tuple) else [n] * dims
    options = dict(
        stride=each(stride),
        padding=each(padding),
        output_padding=each(output_padding),
        dilation=each(dilation),
        groups=groups,
    )
    inputs = [draw(*x, key="x"), draw(*w, key="w")] + ([draw(w[1] * groups, key="b")] if bias else [])
    case(name, op, lambda x, w, b=None: getattr(F, op)(x, w, b, **options), inputs, **options)


def filtered(op, name, x, kernel, stride=1, padding=0, dilation=1):
    """One kernel for every plane, which convolution flips."""
    options = dict(stride=[stride] * 2, padding=padding if isinstance(padding, str) else [padding] * 2, dilation=[dilation] * 2)

    def run(x, k):
        k = k.flip(0, 1) if op == "convolve2d" else k
        y = F.conv2d(x.reshape(-1, 1, *x.shape[-2:]), k[None, None], **options)
        return y.reshape(*x.shape[:-2], *y.shape[-2:])

    case(name, op, run, [draw(*x, key="x"), draw(*kernel, key="k")], groups=1, **options)


def filters():
    for op in ["correlate2d", "convolve2d"]:
        filtered(op, "one plane", (4, 5), (2, 3))
        filtered(op, "planes, padding 1, stride 2", (2, 3, 3), (3, 3), stride=2, padding=1)
        filtered(op, "same, dilated", (1, 2, 3, 3), (2, 2), padding="same", dilation=2)


def conv1d():
    run = lambda *arguments, **options: conv("conv1d", *arguments, **options)
    run("plain", (2, 2, 5), (3, 2, 3))
    run("bias, stride 2, padding 1", (1, 2, 6), (2, 2, 3), bias=True, stride=2, padding=1)
    run("one sequence", (2, 5), (2, 2, 2), bias=True)
    run("same, even kernel", (1, 1, 5), (2, 1, 4), padding="same", bias=True)
    run("same, dilation 3", (2, 1, 5), (1, 1, 2), padding="same", dilation=3)
    run("valid", (1, 2, 4), (1, 2, 2), padding="valid")
    run("dilation 2, stride 3, padding 4", (1, 2, 8), (2, 2, 3), dilation=2, stride=3, padding=4)
    run("two groups", (2, 4, 4), (2, 2, 2), groups=2, bias=True, padding=1)
    run("depthwise", (1, 3, 6), (3, 1, 3), groups=3, padding=1)
    run("one element", (2, 3, 1), (2, 3, 1), bias=True)
    run("a row of 40", (1, 1, 40), (1, 1, 5), padding=2)
    run("empty batch", (0, 2, 4), (3, 2, 2), bias=True)


def conv2d():
    run = lambda *arguments, **options: conv("conv2d", *arguments, **options)
    run("plain", (2, 1, 3, 3), (2, 1, 2, 2))
    run("bias", (1, 2, 3, 4), (3, 2, 2, 2), bias=True)
    run("one tap", (1, 3, 2, 2), (2, 3, 1, 1), bias=True)
    run("one tap, stride 2", (1, 2, 3, 3), (2, 2, 1, 1), stride=2)
    run("3 × 3 with padding 1", (1, 2, 4, 4), (2, 2, 3, 3), padding=1, bias=True)
    run("3 × 3, stride 2, padding 1", (1, 2, 5, 5), (1, 2, 3, 3), stride=2, padding=1)
    run("a remainder that no step reaches", (1, 1, 6, 5), (2, 1, 3, 2), stride=2)
    run("stride larger than the kernel", (1, 1, 5, 5), (1, 1, 2, 2), stride=3)
    run("uneven everything", (1, 2, 5, 6), (2, 2, 3, 2), stride=(2, 1), padding=(2, 1), dilation=(1, 2), bias=True)
    run("dilation 2", (1, 1, 5, 5), (2, 1, 3, 3), dilation=2)
    run("dilation 2, padding 2, stride 2", (1, 1, 5, 5), (2, 1, 3, 3), stride=2, padding=2, dilation=2)
    run("padding larger than the kernel", (1, 1, 2, 2), (1, 1, 2, 2), padding=3)
    run("two groups", (1, 4, 3, 3), (2, 2, 2, 2), groups=2, bias=True)
    run("two groups, wider", (2, 2, 3, 3), (4, 1, 2, 2), groups=2)
    run("depthwise", (1, 3, 4, 4), (3, 1, 3, 3), groups=3, padding=1, bias=True)
    run("depthwise with multiplier, stride 2", (1, 2, 4, 4), (4, 1, 3, 3), groups=2, padding=1, stride=2)
    run("groups, dilation, stride", (1, 2, 5, 5), (2, 1, 2, 2), groups=2, dilation=2, stride=2)
    run("kernel as large as the picture", (2, 1, 3, 3), (2, 1, 3, 3))
    run("7 × 9 with 3 × 3", (1, 3, 7, 9), (4, 3, 3, 3), padding=1, bias=True)
    run("rows", (1, 1, 1, 6), (2, 1, 1, 3), padding=(0, 1), bias=True)
    run("columns", (1, 1, 6, 1), (2, 1, 3, 1), stride=(2, 1))
    run("five pictures", (5, 1, 3, 3), (1, 1, 2, 2), bias=True)
    run("5 × 5 with padding 2", (1, 1, 5, 5), (1, 1, 5, 5), padding=2)
    run("one picture", (2, 3, 3), (2, 2, 2, 2), bias=True, padding=1)
    run("same, even and odd", (1, 1, 4, 4), (2, 1, 2, 3), padding="same", bias=True)
    run("same, dilated", (1, 1, 3, 4), (1, 1, 4, 2), padding="same", dilation=(1, 3))
    run("same, larger than the picture", (1, 2, 1, 2), (1, 2, 4, 5), padding="same")
    run("valid", (1, 1, 3, 3), (1, 1, 2, 2), padding="valid", stride=2)
    run("empty batch", (0, 2, 3, 3), (2, 2, 2, 2), padding="same")


def conv3d():
    run = lambda *arguments, **options: conv("conv3d", *arguments, **options)
    run("plain", (2, 1, 3, 3, 2), (2, 1, 2, 2, 2))
    run("padding 1", (1, 1, 2, 2, 3), (2, 1, 3, 3, 3), padding=1, bias=True)
    run("one volume", (1, 3, 2, 4), (2, 1, 2, 1, 2), bias=True)
    run("uneven everything", (1, 1, 4, 3, 5), (2, 1, 2, 3, 2), stride=(2, 1, 3), padding=(1, 2, 0), dilation=(2, 1, 1))
    run("two groups", (1, 2, 3, 2, 2), (4, 1, 2, 2, 1), groups=2, bias=True, padding=(1, 0, 0))
    run("same, even kernel", (1, 1, 3, 2, 3), (1, 1, 2, 3, 4), padding="same")
    run("same, dilated", (1, 1, 4, 2, 2), (1, 1, 3, 2, 1), padding="same", dilation=(2, 3, 1))
    run("valid", (1, 1, 2, 2, 3), (1, 1, 1, 2, 2), padding="valid")
    run("one tap", (2, 2, 2, 2, 2), (2, 2, 1, 1, 1), bias=True)
    run("along the depth", (1, 2, 5, 2, 2), (1, 2, 3, 1, 1), padding=(1, 0, 0), stride=(2, 1, 1))
    run("in each slice", (1, 2, 3, 3, 3), (1, 2, 1, 2, 2))
    run("padding larger than the kernel", (1, 1, 1, 2, 1), (1, 1, 1, 1, 2), padding=(2, 0, 1), bias=True)
    run("empty batch", (0, 1, 2, 2, 2), (2, 1, 2, 2, 2), bias=True)


def conv_transpose1d():
    run = lambda *arguments, **options: transposed("conv_transpose1d", *arguments, **options)
    run("plain", (2, 2, 3), (2, 3, 3))
    run("one sequence", (2, 4), (2, 1, 2), bias=True)
    run("stride 2, padding 1, output padding 1", (1, 2, 4), (2, 2, 3), stride=2, padding=1, output_padding=1)
    run("stride larger than the kernel", (1, 1, 3), (1, 2, 2), stride=4, output_padding=3, bias=True)
    run("output padding below the dilation", (1, 1, 3), (1, 1, 2), dilation=3, output_padding=2)
    run("output padding above the padding", (1, 1, 3), (1, 1, 3), dilation=2, stride=3, padding=1, output_padding=2)
    run("two groups", (1, 4, 3), (4, 2, 2), groups=2, bias=True, stride=2)
    run("depthwise", (2, 2, 3), (2, 1, 3), groups=2, padding=2)
    run("padding larger than the kernel", (1, 1, 8), (1, 1, 2), padding=3, bias=True)
    run("empty batch", (0, 2, 3), (2, 2, 2), bias=True)


def conv_transpose2d():
    run = lambda *arguments, **options: transposed("conv_transpose2d", *arguments, **options)
    run("plain", (1, 2, 2, 3), (2, 1, 2, 2))
    run("one picture", (1, 2, 2), (1, 2, 2, 3), bias=True)
    run("4 × 4, stride 2, padding 1", (1, 2, 3, 3), (2, 1, 4, 4), stride=2, padding=1, bias=True)
    run("3 × 3, stride 2, output padding 1", (1, 1, 2, 3), (1, 2, 3, 3), stride=2, padding=1, output_padding=1)
    run(
        "uneven everything",
        (1, 2, 2, 3),
        (2, 1, 3, 2),
        stride=(1, 3),
        padding=(1, 0),
        output_padding=(1, 2),
        dilation=(2, 1),
        bias=True,
    )
    run("two groups", (1, 2, 2, 2), (2, 2, 2, 2), groups=2, bias=True)
    run("depthwise, stride 2", (1, 2, 2, 2), (2, 1, 2, 2), groups=2, stride=2)
    run("one tap", (2, 2, 2, 2), (2, 3, 1, 1), bias=True)
    run("one pixel", (1, 3, 1, 1), (3, 1, 3, 3))
    run("empty batch", (0, 1, 2, 2), (1, 2, 2, 2))


def conv_transpose3d():
    run = lambda *arguments, **options: transposed("conv_transpose3d", *arguments, **options)
    run("plain", (1, 1, 2, 2, 2), (1, 2, 2, 2, 2), bias=True)
    run("one volume", (1, 2, 1, 2), (1, 1, 2, 2, 2))
    run("stride 2, padding 1, output padding 1", (1, 1, 2, 2, 1), (1, 1, 3, 3, 3), stride=2, padding=1, output_padding=1)
    run(
        "uneven everything",
        (1, 2, 2, 1, 2),
        (2, 1, 2, 2, 1),
        stride=(1, 2, 3),
        padding=(1, 0, 0),
        output_padding=(2, 1, 2),
        dilation=(3, 1, 1),
        bias=True,
    )
    run("two groups", (1, 2, 2, 2, 2), (2, 1, 2, 1, 2), groups=2, bias=True)
    run("one tap", (1, 2, 2, 2, 2), (2, 2, 1, 1, 1))
    run("empty batch", (0, 1, 1, 2, 2), (1, 1, 2, 2, 2), bias=True)


def cases():
    conv1d()
    conv2d()
    conv3d()
    conv_transpose1d()
    conv_transpose2d()
    conv_transpose3d()
    filters()
