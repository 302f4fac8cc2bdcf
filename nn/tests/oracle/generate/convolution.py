from common import Family
from torch import nn

# The sizes of an input with its spatial axes, by dimension.
SIZES = {1: (7,), 2: (5, 6), 3: (3, 4, 3)}

# Options by name, for every dimension; a list is one number an axis.
CASES = [
    ("defaults", {}),
    ("stride, no bias", {"stride": 2, "bias": False}),
    ("padding", {"padding": 1, "stride": 2}),
    ("dilation", {"dilation": 2, "padding": 2}),
    ("groups", {"groups": 2, "padding": 1}),
    ("same", {"padding": "same"}),
    ("same with an even reach", {"padding": "same", "kernel": 2, "dilation": 1}),
    ("valid", {"padding": "valid", "groups": 4, "out_channels": 8}),
    *((mode, {"padding": 2, "padding_mode": mode, "stride": 2}) for mode in ["reflect", "replicate", "circular"]),
    *(
        (f"same, {mode}", {"padding": "same", "kernel": 2, "dilation": 3, "padding_mode": mode})
        for mode in ["reflect", "replicate", "circular"]
    ),
]

# And of pictures, where the axes differ.
OF_PICTURES = [
    ("everything", {"kernel": [3, 2], "stride": [2, 1], "padding": [1, 0], "dilation": [1, 2], "groups": 2}),
    ("border by axis", {"kernel": [3, 2], "padding": [2, 1], "padding_mode": "reflect"}),
    ("same by axis", {"kernel": [2, 4], "padding": "same", "padding_mode": "circular"}),
    ("depthwise", {"groups": 4, "out_channels": 8, "padding": 1}),
    ("pointwise", {"kernel": 1}),
]


def build(layer, options):
    """PyTorch's layer of our options."""
    options = dict(options)
    tuples = {key: tuple(x) if isinstance(x, list) else x for key, x in options.items()}
    return layer(kernel_size=tuples.pop("kernel"), **tuples)


def cases():
    family = Family("convolution")
    for d, sizes in SIZES.items():
        layer = getattr(nn, f"Conv{d}d")
        for name, options in CASES + (OF_PICTURES if d == 2 else []):
            options = {"in_channels": 4, "out_channels": 4, "kernel": 3 if d < 3 else 2, **options}
            batch = 2 if d < 3 else 1
            family.case(f"Conv{d}d", name, build(layer, options), options, (batch, 4, *sizes))
            if name in ["defaults", "same, circular"]:
                family.case(f"Conv{d}d", f"{name}, no batch", build(layer, options), options, (4, *sizes))
    return family
