"""Writes what torchvision makes of pictures, and PIL of picture files, for the tests of Wengert's.

    pip install torch==2.15.0 torchvision==0.29.2 numpy pillow
    python data/tests/pictures/oracle/generate.py

The file is committed; `cargo test` only reads it (data/tests/pictures/oracle/mod.rs). A case holds an operation, its
options, a picture [c, h, w] (or a batch) and the result; a file its bytes (in hexadecimal) and its pixels [h, w, 3].
"""

import gzip
import io
import json
import pathlib
import zlib

import numpy as np
import PIL.Image
import PIL.ImageOps
import torch
import torchvision
from torchvision.transforms.v2 import InterpolationMode, functional as F

torch.set_num_threads(1)
MODES = {"bilinear": InterpolationMode.BILINEAR, "nearest": InterpolationMode.NEAREST}
cases, files = [], []


def picture(*shape, key=""):
    """Values in 0..1, the same at every run, with 16 bits so that they are short."""
    rng = np.random.default_rng(zlib.crc32(f"{shape} {key}".encode()))
    return torch.tensor(rng.integers(0, 65, shape) / 64, dtype=torch.float32)


def array(t):
    return {"shape": list(t.shape), "values": [float(f"{x:.8g}") for x in t.flatten().tolist()]}


def case(op, x, y, **options):
    cases.append({"op": op, "options": options, "input": array(x), "output": array(y)})


SHAPES = [(1, 8, 8), (3, 7, 10), (3, 1, 1), (1, 9, 1), (2, 1, 6)]
COLOURS = [(3, 6, 7), (1, 5, 4), (3, 1, 1)]

for shape in SHAPES:
    x = picture(*shape)
    for size in [[8, 8], [3, 4], [13, 20], [1, 1], [shape[1], 5], [2, shape[2]]]:
        # There torchvision 0.29.2 gives the first row twice, and PIL does not.
        if (shape, size) != ((1, 9, 1), [2, 1]):
            case("resize", x, F.resize(x, size, antialias=True), size=size, how="antialiased")
        case("resize", x, F.resize(x, size, antialias=False), size=size, how="bilinear")
        case("resize", x, F.resize(x, size, InterpolationMode.NEAREST), size=size, how="nearest")
    for size in [4, 12]:
        case("shorter_side", x, F.resize(x, [size], antialias=True), size=size)
    case("horizontal_flip", x, F.horizontal_flip(x))
    case("vertical_flip", x, F.vertical_flip(x))
    for size in [[1, 1], [4, 5], [9, 12], [3, 20], [6, 6]]:
        case("center_crop", x, F.center_crop(x, size), size=size)
    for padding in [[1, 2, 3, 0], [0, 0, 0, 1]]:
        case("pad", x, F.pad(x, padding, fill=0.25), padding=padding, mode="constant")
        case("pad", x, F.pad(x, padding, padding_mode="edge"), padding=padding, mode="edge")
        if shape[1] > 2 and shape[2] > 3:
            case("pad", x, F.pad(x, padding, padding_mode="reflect"), padding=padding, mode="reflect")
            case("pad", x, F.pad(x, padding, padding_mode="symmetric"), padding=padding, mode="symmetric")
    for angle, translate, scale, shear in [
        (0.0, [0, 0], 1.0, [0.0, 0.0]),
        (30.0, [0, 0], 1.0, [0.0, 0.0]),
        (-12.5, [1, -2], 1.3, [0.0, 0.0]),
        (5.0, [0, 1], 0.7, [10.0, 0.0]),
        (-75.0, [2, 0], 0.9, [-8.0, 17.0]),
        (180.0, [0, 0], 2.5, [0.0, -20.0]),
    ]:
        options = dict(angle=angle, translate=translate, scale=scale, shear=shear)
        y = F.affine(x, interpolation=MODES["bilinear"], **options)
        case("affine", x, y, interpolation="bilinear", **options)
    # The nearest pixel is a matter of rounding where two are as near: an angle that avoids that.
    options = dict(angle=33.3, translate=[0.3, 0.1], scale=1.17, shear=[3.0, 1.0])
    case("affine", x, F.affine(x, interpolation=MODES["nearest"], **options), interpolation="nearest", **options)
    y = F.affine(x, interpolation=MODES["nearest"], fill=[0.7] * shape[0], **options)
    case("affine", x, y, interpolation="nearest", fill=0.7, **options)
    for start, end in [
        ([[0, 0], [9, 0], [9, 6], [0, 6]], [[1, 1], [8, 0], [9, 5], [0, 6]]),
        ([[0, 0], [9, 0], [9, 6], [0, 6]], [[3, 2], [7, 1], [9, 6], [1, 4]]),
        ([[1, 0], [6, 1], [7, 6], [0, 5]], [[0, 0], [7, 0], [7, 7], [0, 7]]),
    ]:
        case("perspective", x, F.perspective(x, start, end), start=start, end=end)
    if shape[1] > 3 and shape[2] > 3:
        for kernel, sigma in [([3, 3], [0.5, 0.5]), ([5, 3], [2.0, 0.8]), ([7, 7], [1.3, 1.3])]:
            case("gaussian_blur", x, F.gaussian_blur(x, kernel, sigma), kernel=kernel, sigma=sigma)
    c, h, w = shape
    d = (picture(2, h, w, key="displacement") - 0.5) * 4
    grid = torch.stack([d[0] * 2 / w, d[1] * 2 / h], -1)[None]
    case("elastic", x, F.elastic(x, grid), dx=array(d[0]), dy=array(d[1]))
    case("erase", x, F.erase(x, 0, 0, (h + 1) // 2, w, torch.tensor(0.3)), top=0, left=0, size=[(h + 1) // 2, w])

for shape in COLOURS:
    x = picture(*shape, key="colour")
    if shape[0] == 3:
        # Grey, black, white, and pixels whose greatest channels tie.
        for i, rgb in enumerate([[0.5, 0.5, 0.5], [0, 0, 0], [1, 1, 1], [0.75, 0.75, 0.25], [0.25, 0.75, 0.75], [0.75, 0.25, 0.75]]):
            if i < shape[2]:
                x[:, 0, i] = torch.tensor(rgb)
    for factor in [0.0, 0.4, 1.0, 1.7]:
        for op in ["adjust_brightness", "adjust_contrast", "adjust_saturation"]:
            case(op, x, getattr(F, op)(x, factor), factor=factor)
    for factor in [-0.5, -0.21, 0.0, 0.1, 0.34, 0.5]:
        case("adjust_hue", x, F.adjust_hue(x, factor), factor=factor)
    case("rgb_to_grayscale", x, F.rgb_to_grayscale(x))

for shape, size in [((2, 3, 7, 8), [4, 5]), ((1, 1, 5, 5), [5, 5]), ((3, 2, 6, 9), [1, 2])]:
    x = picture(*shape)
    case("five_crop", x, torch.stack(F.five_crop(x, size), 1).flatten(0, 1), size=size)
    case("ten_crop", x, torch.stack(F.ten_crop(x, size), 1).flatten(0, 1), size=size, vertical=False)
    case("ten_crop", x, torch.stack(F.ten_crop(x, size, True), 1).flatten(0, 1), size=size, vertical=True)


def file(name, image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    read = PIL.Image.open(out)
    shown = PIL.ImageOps.exif_transpose(read)
    # Over white, as Wengert has it.
    if shown.mode in ["LA", "RGBA"] or "transparency" in shown.info:
        shown = PIL.Image.alpha_composite(PIL.Image.new("RGBA", shown.size, "white"), shown.convert("RGBA"))
    pixels = np.asarray(shown.convert("RGB"))
    files.append(
        {
            "name": name,
            "bytes": out.getvalue().hex(),
            "shape": list(pixels.shape),
            "pixels": pixels.flatten().tolist(),
        }
    )


y, x = np.mgrid[0:13, 0:18]
smooth = np.stack([128 + 90 * np.sin(x / 5), 128 + 90 * np.cos(y / 4), 60 + 5 * x + 4 * y, 255 - 10 * x], -1).clip(0, 255)
rgba = PIL.Image.fromarray(smooth.astype(np.uint8), "RGBA")
rgb, gray = rgba.convert("RGB"), rgba.convert("RGB").convert("L")
file("PNG RGB", rgb, "PNG")
file("PNG RGBA", rgba, "PNG")
file("PNG L", gray, "PNG")
file("PNG LA", rgba.convert("LA"), "PNG")
file("PNG 1", gray.convert("1"), "PNG")
file("PNG P, 256 colours", rgb.convert("P", palette=PIL.Image.Palette.ADAPTIVE), "PNG")
file("PNG P, 4 colours", rgb.convert("P", palette=PIL.Image.Palette.ADAPTIVE, colors=4), "PNG", bits=2)
file("PNG P, one transparent", rgb.convert("P", palette=PIL.Image.Palette.ADAPTIVE, colors=9), "PNG", transparency=3)
for quality in [95, 75]:
    for sampling in [0, 1, 2]:
        file(f"JPEG {quality}, subsampling {sampling}", rgb, "JPEG", quality=quality, subsampling=sampling)
file("JPEG progressive", rgb, "JPEG", quality=90, progressive=True)
file("JPEG restarts", rgb, "JPEG", quality=90, restart_marker_blocks=1)
file("JPEG L", gray, "JPEG", quality=90)
file("JPEG CMYK", rgb.convert("CMYK"), "JPEG", quality=95)
for orientation in range(1, 9):
    exif = PIL.Image.Exif()
    exif[0x112] = orientation
    file(f"JPEG orientation {orientation}", rgb, "JPEG", quality=95, exif=exif, subsampling=0)
    file(f"PNG orientation {orientation}", rgb, "PNG", exif=exif)

here = pathlib.Path(__file__).parent
text = json.dumps({"torchvision": torchvision.__version__, "cases": cases, "files": files}, separators=(",", ":"))
with open(here / "torchvision.json.gz", "wb") as out, gzip.GzipFile("", "wb", 9, out, mtime=0) as packed:
    packed.write(text.encode())
print(len(cases), "cases", len(files), "files", (here / "torchvision.json.gz").stat().st_size, "bytes")
