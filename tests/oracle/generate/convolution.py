"""Convolution."""

import torch.nn.functional as F

from common import case, draw


def cases():
    def conv(name, x, w, bias=False, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
        inputs = [draw(*x, key="x"), draw(*w, key="w")] + ([draw(w[0], key="b")] if bias else [])
        options = dict(stride=list(stride), padding=list(padding), dilation=list(dilation), groups=groups)
        run = lambda x, w, b=None: F.conv2d(x, w, b, stride, padding, dilation, groups)
        case(name, "conv2d", run, inputs, **options)

    conv("plain", (2, 1, 3, 3), (2, 1, 2, 2))
    conv("bias", (1, 2, 3, 4), (3, 2, 2, 2), bias=True)
    conv("one tap", (1, 3, 2, 2), (2, 3, 1, 1), bias=True)
    conv("one tap, stride 2", (1, 2, 3, 3), (2, 2, 1, 1), stride=(2, 2))
    conv("3 × 3 with padding 1", (1, 2, 4, 4), (2, 2, 3, 3), padding=(1, 1), bias=True)
    conv("3 × 3, stride 2, padding 1", (1, 2, 5, 5), (1, 2, 3, 3), stride=(2, 2), padding=(1, 1))
    conv("a remainder that no step reaches", (1, 1, 6, 5), (2, 1, 3, 2), stride=(2, 2))
    conv("stride larger than the kernel", (1, 1, 5, 5), (1, 1, 2, 2), stride=(3, 3))
    conv("uneven everything", (1, 2, 5, 6), (2, 2, 3, 2), stride=(2, 1), padding=(2, 1), dilation=(1, 2), bias=True)
    conv("dilation 2", (1, 1, 5, 5), (2, 1, 3, 3), dilation=(2, 2))
    conv("dilation 2, padding 2, stride 2", (1, 1, 5, 5), (2, 1, 3, 3), stride=(2, 2), padding=(2, 2), dilation=(2, 2))
    conv("padding larger than the kernel", (1, 1, 2, 2), (1, 1, 2, 2), padding=(3, 3))
    conv("two groups", (1, 4, 3, 3), (2, 2, 2, 2), groups=2, bias=True)
    conv("two groups, wider", (2, 2, 3, 3), (4, 1, 2, 2), groups=2)
    conv("depthwise", (1, 3, 4, 4), (3, 1, 3, 3), groups=3, padding=(1, 1), bias=True)
    conv("depthwise with multiplier, stride 2", (1, 2, 4, 4), (4, 1, 3, 3), groups=2, padding=(1, 1), stride=(2, 2))
    conv("groups, dilation, stride", (1, 2, 5, 5), (2, 1, 2, 2), groups=2, dilation=(2, 2), stride=(2, 2))
    conv("kernel as large as the picture", (2, 1, 3, 3), (2, 1, 3, 3))
    conv("7 × 9 with 3 × 3", (1, 3, 7, 9), (4, 3, 3, 3), padding=(1, 1), bias=True)
    conv("rows", (1, 1, 1, 6), (2, 1, 1, 3), padding=(0, 1), bias=True)
    conv("columns", (1, 1, 6, 1), (2, 1, 3, 1), stride=(2, 1))
    conv("five pictures", (5, 1, 3, 3), (1, 1, 2, 2), bias=True)
    conv("5 × 5 with padding 2", (1, 1, 5, 5), (1, 1, 5, 5), padding=(2, 2))
