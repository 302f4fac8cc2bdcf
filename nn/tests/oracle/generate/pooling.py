from common import Family
from torch import nn

SIZES = {1: (9,), 2: (6, 7), 3: (4, 5, 4)}


def torch_options(options):
    """Our options as PyTorch's: lists are tuples, the kernel is called kernel_size."""
    return {
        {"kernel": "kernel_size"}.get(key, key): tuple(x) if isinstance(x, list) else x for key, x in options.items()
    }


MAX = [
    ("defaults", {"kernel": 2}),
    ("stride and padding", {"kernel": 3, "stride": 2, "padding": 1}),
    ("ceil mode", {"kernel": 3, "stride": 2, "ceil_mode": True}),
    ("dilation", {"kernel": 2, "stride": 1, "dilation": 2}),
]
AVERAGE = [
    ("defaults", {"kernel": 2}),
    ("stride and padding", {"kernel": 3, "stride": 2, "padding": 1}),
    ("ceil mode", {"kernel": 3, "stride": 2, "padding": 1, "ceil_mode": True}),
    ("padding not counted", {"kernel": 3, "stride": 2, "padding": 1, "count_include_pad": False}),
    ("padding not counted, ceil mode", {"kernel": 2, "stride": 3, "padding": 1, "ceil_mode": True, "count_include_pad": False}),
]
DIVISOR = [("divisor", {"kernel": 2, "divisor_override": 3}), ("divisor and padding", {"kernel": 3, "padding": 1, "divisor_override": 5})]
NORM = [
    ("2", {"norm_type": 2, "kernel": 2}),
    ("1", {"norm_type": 1, "kernel": 3, "stride": 2}),
    ("4, ceil mode", {"norm_type": 4, "kernel": 2, "stride": 1, "ceil_mode": True}),
]
# Of pictures, where the axes differ.
PICTURES = {
    "MaxPool": [("by axis", {"kernel": [3, 2], "stride": [2, 1], "padding": [1, 0], "dilation": [1, 2]})],
    "AvgPool": [("by axis", {"kernel": [3, 2], "stride": [2, 1], "padding": [1, 0]})],
    "LpPool": [("by axis", {"norm_type": 2, "kernel": [2, 3], "stride": [1, 2]})],
}


def cases():
    family = Family("pooling")
    for d, sizes in SIZES.items():
        shape = (2, 2, *sizes) if d < 3 else (1, 2, *sizes)

        def add(kind, name, options, shape=shape, **extra):
            layer = f"{kind}{d}d"
            module = getattr(nn, layer.replace("Lp", "LP"))(**torch_options(options), **extra)
            family.case(layer, name, module, options, shape)

        for kind, listed in [("MaxPool", MAX), ("AvgPool", AVERAGE + (DIVISOR if d > 1 else [])), ("LpPool", NORM)]:
            for name, options in listed + (PICTURES[kind] if d == 2 else []):
                add(kind, name, options)
            add(kind, "no batch", listed[0][1], shape[1:])
        add("MaxPool", "with indices", {"kernel": 3, "stride": 2, "padding": 1}, return_indices=True)

        to = {1: [4], 2: [4, 3], 3: [3, 2, 4]}[d]
        for kind in ["AdaptiveAvgPool", "AdaptiveMaxPool"]:
            add(kind, "one", {"output_size": 1})
            add(kind, "sizes", {"output_size": to})
            add(kind, "more than there are", {"output_size": [n + 2 for n in sizes]})
            add(kind, "no batch", {"output_size": to}, shape[1:])
            if d > 1:
                add(kind, "kept", {"output_size": [None, *to[1:]]})
        add("AdaptiveMaxPool", "with indices", {"output_size": to}, return_indices=True)

        # The maxima of windows that do not overlap, put back.
        layer = f"MaxUnpool{d}d"
        pool = getattr(nn, f"MaxPool{d}d")(2, return_indices=True)
        for name, given in [("defaults", None), ("output size", list(sizes))]:
            unpool = getattr(nn, layer)(2)
            # Windows that leave elements out do not tell the size.
            of = shape if given else (*shape[:2], *(n // 2 * 2 for n in sizes))
            options = {"kernel": 2, **({"output_size": given} if given else {})}

            def forward(m, x):
                y, indices = pool(x)
                return m(y, indices, output_size=given and [*x.shape[:-d], *given])

            family.case(layer, name, unpool, options, of, forward=forward)
    return family
