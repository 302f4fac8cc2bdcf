from common import Family
from torch import nn

SIZES = {1: (5,), 2: (3, 4), 3: (3, 2, 4)}


def flat(widths, d):
    """Our pairs, outermost axis first, as PyTorch's numbers from the last axis on."""
    return widths if isinstance(widths, int) else tuple(n for pair in reversed(widths) for n in pair)


def cases():
    family = Family("shapes")
    options = lambda **options: options

    family.case("Flatten", "defaults", nn.Flatten(), {}, (2, 3, 2, 2))
    family.case("Flatten", "from and to", nn.Flatten(0, -2), options(start=0, end=-2), (2, 3, 2, 2))
    family.case("Flatten", "one axis", nn.Flatten(2, 2), options(start_dim=2, end_dim=2), (2, 3, 2))
    family.case("Unflatten", "sizes", nn.Unflatten(1, (2, 3)), options(axis=1, sizes=[2, 3]), (2, 6, 2))
    family.case("Unflatten", "one left open", nn.Unflatten(-1, (2, -1)), options(axis=-1, sizes=[2, -1]), (2, 6))
    family.case("Identity", "", nn.Identity(), None, (2, 3))
    family.case("PixelShuffle", "2", nn.PixelShuffle(2), options(upscale_factor=2), (2, 8, 2, 3))
    family.case("PixelShuffle", "3, no batch", nn.PixelShuffle(3), options(upscale_factor=3), (9, 2, 1))
    family.case("PixelUnshuffle", "2", nn.PixelUnshuffle(2), options(downscale_factor=2), (2, 2, 4, 6))
    family.case("PixelUnshuffle", "3, no batch", nn.PixelUnshuffle(3), options(downscale_factor=3), (1, 3, 6))
    family.case("ChannelShuffle", "2", nn.ChannelShuffle(2), options(groups=2), (2, 6, 2, 2))
    family.case("ChannelShuffle", "3, rows", nn.ChannelShuffle(3), options(groups=3), (1, 6, 4))

    by_axis = options(kernel=[2, 3], dilation=[2, 1], padding=[1, 0], stride=[1, 2])
    torch_by_axis = dict(kernel_size=(2, 3), dilation=(2, 1), padding=(1, 0), stride=(1, 2))
    family.case("Unfold", "2", nn.Unfold(2), options(kernel=2), (2, 2, 3, 4))
    family.case("Unfold", "by axis", nn.Unfold(**torch_by_axis), by_axis, (2, 2, 5, 7))
    family.case("Unfold", "no batch", nn.Unfold(2, stride=2), options(kernel=2, stride=2), (2, 4, 4))
    family.case("Fold", "2", nn.Fold((3, 4), 2), options(output_size=[3, 4], kernel=2), (2, 8, 6))
    places = (5 + 2 - 2 * 1 - 1 + 1) * ((7 - 2 - 1) // 2 + 1)
    family.case("Fold", "by axis", nn.Fold((5, 7), **torch_by_axis), options(output_size=[5, 7], **by_axis), (2, 12, places))
    family.case("Fold", "no batch", nn.Fold(4, 2, stride=2), options(output_size=4, kernel=2, stride=2), (8, 4))

    for d, sizes in SIZES.items():
        linear = {1: "linear", 2: "bilinear", 3: "trilinear"}[d]
        to = [n + 2 - axis for axis, n in enumerate(sizes)]
        listed = [
            ("nearest", options(scale_factor=2.0)),
            ("nearest, size", options(size=to)),
            ("nearest, smaller", options(scale_factor=0.6)),
            ("linear", options(scale_factor=2.0, mode=linear)),
            ("linear, size, corners", options(size=to, mode=linear, align_corners=True)),
            ("linear, factor not whole", options(scale_factor=1.7, mode=linear)),
            ("linear, recomputed", options(scale_factor=1.7, mode=linear, recompute_scale_factor=True)),
        ]
        if d == 2:
            listed += [
                ("cubic", options(size=to, mode="bicubic")),
                ("cubic, corners", options(scale_factor=[1.5, 2.0], mode="bicubic", align_corners=True)),
            ]
        for name, o in listed:
            torch_options = {key: tuple(x) if isinstance(x, list) else x for key, x in o.items()}
            family.case(f"Upsample{d}d", name, nn.Upsample(**torch_options), o, (2, 2, *sizes))

        uneven = [[1, 0], [0, 1], [1, 1]][:d] if d > 1 else [[2, 1]]
        cut = [[-1, 1]] * d
        for kind in ["ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad", "ConstantPad"]:
            layer = f"{kind}{d}d"
            value = {"value": 1.5} if kind == "ConstantPad" else {}
            add = lambda name, widths, shape: family.case(
                layer, name, getattr(nn, layer)(flat(widths, d), **value), {"padding": widths, **value}, shape
            )
            add("one width", 1, (1, 2, *sizes))
            add("by side", uneven, (1, 2, *sizes))
            add("no batch", uneven, (2, *sizes))
            if kind in ["ZeroPad", "ConstantPad"]:
                add("negative", cut, (1, 2, *sizes))
    return family
