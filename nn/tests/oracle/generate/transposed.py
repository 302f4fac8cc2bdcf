from common import Family
from convolution import build
from torch import nn

SIZES = {1: (5,), 2: (3, 4), 3: (3, 2, 3)}

# Options by name, and the output's size where it is given.
CASES = [
    ("defaults", {}, None),
    ("stride, no bias", {"stride": 2, "bias": False}, None),
    ("padding", {"padding": 1, "stride": 2}, None),
    ("output padding", {"padding": 1, "stride": 3, "output_padding": 2}, None),
    ("output padding below the dilation", {"dilation": 2, "output_padding": 1}, None),
    ("groups", {"groups": 2, "dilation": 2, "stride": 2}, None),
    ("output size", {"stride": 3, "padding": 1}, lambda n: (n - 1) * 3 + 2),
]

OF_PICTURES = [
    (
        "everything",
        {"kernel": [3, 2], "stride": [2, 1], "padding": [1, 0], "output_padding": [1, 0], "dilation": [1, 2], "groups": 2},
        None,
    ),
]


def cases():
    family = Family("transposed")
    for d, sizes in SIZES.items():
        name = f"ConvTranspose{d}d"
        layer = getattr(nn, name)
        for what, options, size in CASES + (OF_PICTURES if d == 2 else []):
            options = {"in_channels": 4, "out_channels": 2, "kernel": 3 if d < 3 else 2, **options}
            module = build(layer, options)
            if size is None:
                family.case(name, what, module, options, (2 if d < 3 else 1, 4, *sizes))
            else:
                to = [size(n) for n in sizes]
                forward = lambda m, x: m(x, output_size=to)
                family.case(name, what, module, {**options, "output_size": to}, (2, 4, *sizes), forward=forward)
            if what == "defaults":
                family.case(name, f"{what}, no batch", build(layer, options), options, (4, *sizes))
    return family
