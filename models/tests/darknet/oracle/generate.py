"""Writes networks.json.gz: small networks, weights files for them, and what Darknet computes with these.

    python3 models/tests/darknet/oracle/generate.py

It needs NumPy alone, and shares nothing with the library. Each layer is Darknet's C program for a processor in plain
loops over flat buffers; the weights are put into their buffers byte by byte in the order in which Darknet reads them.
All sums are in double precision.
"""

import gzip
import json
import math
import struct
from pathlib import Path

import numpy as np


def parse(text):
    sections = []
    for line in text.splitlines():
        line = "".join(line.split())
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            sections.append((line[1:-1], {}))
        else:
            key, value = line.split("=", 1)
            sections[-1][1][key] = value
    return sections


def activate(x, name):
    if name == "linear":
        return x
    if name == "leaky":
        return x if x > 0 else 0.1 * x
    if name == "logistic":
        return 1 / (1 + math.exp(-x))
    if name == "relu":
        return x if x > 0 else 0.0
    if name == "tanh":
        return math.tanh(x)
    raise ValueError(name)


class Weights:
    """Reads a weights file as load_weights_upto of Darknet does."""

    def __init__(self, data):
        self.data, self.at = data, 12
        major, minor, _ = struct.unpack("<iii", data[:12])
        if major * 10 + minor >= 2 and major < 1000 and minor < 1000:
            self.at += 8
        else:
            self.at += 4
        self.transpose = major > 1000 or minor > 1000

    def take(self, n):
        numbers = struct.unpack(f"<{n}f", self.data[self.at : self.at + 4 * n])
        self.at += 4 * n
        return list(numbers)


def transpose_matrix(a, rows, cols):
    out = [0.0] * (rows * cols)
    for x in range(rows):
        for y in range(cols):
            out[y * rows + x] = a[x * cols + y]
    return out


class Layer:
    """Shapes as Darknet's `layer`, and the output of one picture."""

    def __init__(self, c, h, w):
        self.c, self.h, self.w = c, h, w
        self.output = None

    def size(self):
        return self.c * self.h * self.w


def normalize(x, channels, spatial, scales, biases, mean, variance, epsilon):
    out = list(x)
    for f in range(channels):
        for i in range(spatial):
            at = f * spatial + i
            if epsilon == "outside":
                value = (x[at] - mean[f]) / (math.sqrt(variance[f]) + 0.000001)
            else:
                value = (x[at] - mean[f]) / math.sqrt(variance[f] + 0.00001)
            out[at] = value * scales[f] + biases[f]
    return out


def convolutional(options, before, weights, epsilon):
    n, size = int(options["filters"]), int(options.get("size", 1))
    stride, groups = int(options.get("stride", 1)), int(options.get("groups", 1))
    pad = size // 2 if int(options.get("pad", 0)) else int(options.get("padding", 0))
    batch_normalize = int(options.get("batch_normalize", 0))
    biases = weights.take(n)
    if batch_normalize:
        scales, mean, variance = weights.take(n), weights.take(n), weights.take(n)
    taps = before.c // groups * size * size
    filters = weights.take(n * taps)
    if int(options.get("flipped", 0)):
        filters = transpose_matrix(filters, taps, n)
    layer = Layer(n, (before.h + 2 * pad - size) // stride + 1, (before.w + 2 * pad - size) // stride + 1)
    x = before.output
    out = []
    for f in range(n):
        group = f // (n // groups)
        for i in range(layer.h):
            for j in range(layer.w):
                total = 0.0
                for c in range(before.c // groups):
                    for k in range(size):
                        for m in range(size):
                            row, column = i * stride + k - pad, j * stride + m - pad
                            if not (0 <= row < before.h and 0 <= column < before.w):
                                continue
                            channel = group * (before.c // groups) + c
                            at = column + before.w * (row + before.h * channel)
                            total += filters[f * taps + (c * size + k) * size + m] * x[at]
                out.append(total)
    spatial = layer.h * layer.w
    if batch_normalize:
        out = normalize(out, n, spatial, scales, biases, mean, variance, epsilon)
    else:
        out = [value + biases[i // spatial] for i, value in enumerate(out)]
    layer.output = [activate(value, options.get("activation", "logistic")) for value in out]
    return layer


def connected(options, before, weights, epsilon):
    outputs, inputs = int(options["output"]), before.size()
    biases = weights.take(outputs)
    matrix = weights.take(outputs * inputs)
    if weights.transpose:
        matrix = transpose_matrix(matrix, inputs, outputs)
    batch_normalize = int(options.get("batch_normalize", 0))
    if batch_normalize:
        scales, mean, variance = weights.take(outputs), weights.take(outputs), weights.take(outputs)
    out = []
    for o in range(outputs):
        total = 0.0
        for i in range(inputs):
            total += matrix[o * inputs + i] * before.output[i]
        out.append(total)
    if batch_normalize:
        out = normalize(out, outputs, 1, scales, biases, mean, variance, epsilon)
    else:
        out = [value + bias for value, bias in zip(out, biases)]
    layer = Layer(outputs, 1, 1)
    layer.output = [activate(value, options.get("activation", "logistic")) for value in out]
    return layer


def maxpool(options, before):
    stride = int(options.get("stride", 1))
    size = int(options.get("size", stride))
    padding = int(options.get("padding", size - 1))
    layer = Layer(before.c, (before.h + padding - size) // stride + 1, (before.w + padding - size) // stride + 1)
    offset = -(padding // 2)
    layer.output = []
    for k in range(layer.c):
        for i in range(layer.h):
            for j in range(layer.w):
                largest = -math.inf
                for n in range(size):
                    for m in range(size):
                        row, column = offset + i * stride + n, offset + j * stride + m
                        if 0 <= row < before.h and 0 <= column < before.w:
                            largest = max(largest, before.output[column + before.w * (row + before.h * k)])
                layer.output.append(largest)
    return layer


def avgpool(before):
    layer = Layer(before.c, 1, 1)
    spatial = before.h * before.w
    layer.output = [sum(before.output[k * spatial : (k + 1) * spatial]) / spatial for k in range(before.c)]
    return layer


def route(options, index, layers):
    groups, group_id = int(options.get("groups", 1)), int(options.get("group_id", 0))
    at = [int(text) for text in options["layers"].split(",")]
    sources = [layers[i if i >= 0 else index + i] for i in at]
    layer = Layer(sum(source.c for source in sources) // groups, sources[0].h, sources[0].w)
    layer.output = []
    for source in sources:
        part = source.size() // groups
        layer.output += source.output[part * group_id : part * (group_id + 1)]
    return layer


def shortcut(options, index, layers):
    at = int(options["from"])
    other, before = layers[at if at >= 0 else index + at], layers[-1]
    layer = Layer(before.c, before.h, before.w)
    sums = [a + b for a, b in zip(before.output, other.output)]
    layer.output = [activate(value, options.get("activation", "linear")) for value in sums]
    return layer


def upsample(options, before):
    stride, scale = int(options.get("stride", 2)), float(options.get("scale", 1))
    layer = Layer(before.c, before.h * stride, before.w * stride)
    layer.output = [0.0] * layer.size()
    for k in range(before.c):
        for j in range(layer.h):
            for i in range(layer.w):
                source = k * before.w * before.h + (j // stride) * before.w + i // stride
                layer.output[k * layer.w * layer.h + j * layer.w + i] = scale * before.output[source]
    return layer


def reorg(options, before):
    """The loops of reorg_cpu, which calls the sizes of its input those of its output."""
    stride, reverse = int(options.get("stride", 1)), int(options.get("reverse", 0))
    if reverse:
        layer = Layer(before.c // stride**2, before.h * stride, before.w * stride)
    else:
        layer = Layer(before.c * stride**2, before.h // stride, before.w // stride)
    layer.output = [0.0] * before.size()
    few = before.c // stride**2
    for k in range(before.c):
        for j in range(before.h):
            for i in range(before.w):
                small = i + before.w * (j + before.h * k)
                offset, c2 = k // few, k % few
                w2, h2 = i * stride + offset % stride, j * stride + offset // stride
                large = w2 + before.w * stride * (h2 + before.h * stride * c2)
                if reverse:
                    layer.output[large] = before.output[small]
                else:
                    layer.output[small] = before.output[large]
    return layer


def softmax(options, before):
    groups, temperature = int(options.get("groups", 1)), float(options.get("temperature", 1))
    layer = Layer(before.c, before.h, before.w)
    layer.output = []
    n = before.size() // groups
    for g in range(groups):
        part = before.output[g * n : (g + 1) * n]
        largest = max(part)
        powers = [math.exp(x / temperature - largest / temperature) for x in part]
        layer.output += [power / sum(powers) for power in powers]
    return layer


def run(sections, weights, picture, epsilon):
    net = sections[0][1]
    start = Layer(int(net["channels"]), int(net["height"]), int(net["width"]))
    start.output = picture
    layers = []
    for index, (name, options) in enumerate(sections[1:]):
        before = layers[-1] if layers else start
        if name == "convolutional":
            layer = convolutional(options, before, weights, epsilon)
        elif name == "connected":
            layer = connected(options, before, weights, epsilon)
        elif name == "maxpool":
            layer = maxpool(options, before)
        elif name == "avgpool":
            layer = avgpool(before)
        elif name == "route":
            layer = route(options, index, layers)
        elif name == "shortcut":
            layer = shortcut(options, index, layers)
        elif name == "upsample":
            layer = upsample(options, before)
        elif name == "reorg":
            layer = reorg(options, before)
        elif name == "softmax":
            layer = softmax(options, before)
        elif name in ("dropout", "cost", "region", "yolo", "detection"):
            # In evaluation dropout does nothing, and of heads the maps are compared as they come.
            layer = Layer(before.c, before.h, before.w)
            layer.output = list(before.output)
        else:
            raise ValueError(name)
        layers.append(layer)
    return layers


class Counter(Weights):
    """Counts how many floats the layers ask for, and gives them ones."""

    def __init__(self):
        self.transpose, self.count = False, 0

    def take(self, n):
        self.count += n
        return [1.0] * n


def count(sections):
    """How many floats the layers read."""
    net, counter = sections[0][1], Counter()
    size = int(net["channels"]) * int(net["height"]) * int(net["width"])
    run(sections, counter, [0.0] * size, "inside")
    return counter.count


NET = "[net]\nwidth={}\nheight={}\nchannels={}\n"

CASES = {
    "poolings and region": (
        (0, 1, 0),
        NET.format(13, 9, 3)
        + """
        [convolutional]
        batch_normalize=1
        filters=6
        size=3
        stride=1
        pad=1
        activation=leaky
        [maxpool]
        size=2
        stride=2
        [maxpool]
        size=2
        stride=1
        [maxpool]
        size=3
        stride=2
        [convolutional]
        filters=14
        size=1
        activation=linear
        [region]
        anchors=1,2, 3.5,0.5
        classes=2
        coords=4
        num=2
        softmax=1
        """,
    ),
    "routes, shortcut, reorg, upsample and two scales": (
        (0, 2, 5),
        NET.format(12, 8, 2)
        + """
        # 0
        [convolutional]
        batch_normalize=1
        filters=8
        size=3
        stride=2
        pad=1
        activation=leaky
        [convolutional]
        batch_normalize=1
        filters=4
        size=1
        pad=1
        activation=leaky
        [convolutional]
        batch_normalize=1
        filters=8
        size=3
        pad=1
        activation=leaky
        [shortcut]
        from=-3
        activation=linear
        # 4
        [reorg]
        stride=2
        [convolutional]
        batch_normalize=1
        filters=8
        size=3
        padding=1
        activation=relu
        ; a comment of the other kind
        [route]
        layers=4
        [convolutional]
        filters=7
        size=1
        activation=linear
        [yolo]
        mask=1
        anchors=1,1, 2,2
        num=2
        classes=2
        # 9
        [route]
        layers=-3, 5
        [upsample]
        stride=2
        [route]
        layers=-1, 3
        groups=2
        group_id=1
        [reorg]
        stride=2
        reverse=1
        [convolutional]
        filters=7
        size=1
        activation=logistic
        [yolo]
        mask=0
        anchors=1,1, 2,2
        num=2
        classes=2
        """,
    ),
    "connected, groups and softmax": (
        (0, 2, 0),
        NET.format(6, 5, 4)
        + """
        [convolutional]
        batch_normalize=1
        groups=2
        filters=6
        size=3
        stride=2
        pad=1
        activation=tanh
        [convolutional]
        filters=4
        size=3
        padding=2
        flipped=1
        activation=leaky
        [upsample]
        stride=3
        scale=0.5
        [avgpool]
        [connected]
        batch_normalize=1
        output=6
        activation=leaky
        [dropout]
        probability=0.5
        [connected]
        output=6
        activation=linear
        [softmax]
        groups=2
        temperature=1.5
        [cost]
        type=sse
        """,
    ),
    "an old version's transposed matrices": (
        (1001, 0, 0),
        NET.format(4, 3, 2)
        + """
        [convolutional]
        filters=3
        size=3
        pad=1
        activation=leaky
        [connected]
        output=5
        [connected]
        batch_normalize=1
        output=28
        activation=linear
        [detection]
        classes=2
        coords=4
        side=2
        num=1
        """,
    ),
}


def header(version):
    major, minor, _ = version
    wide = major * 10 + minor >= 2 and major < 1000 and minor < 1000
    return struct.pack("<iii", *version) + (struct.pack("<Q", 2**40 + 7) if wide else struct.pack("<I", 32013312))


def main():
    random = np.random.default_rng(53)
    cases = []
    for name, (version, text) in CASES.items():
        sections = parse(text)
        n = count(sections)
        # Positive, as variances have to be, and small enough in some channels for ε to matter.
        numbers = random.integers(1, 64, n) / 64 * np.where(random.random(n) < 0.3, 2.0**-10, 1.0)
        data = header(version) + numbers.astype("<f4").tobytes()
        net = sections[0][1]
        shape = [2, int(net["channels"]), int(net["height"]), int(net["width"])]
        pictures = random.integers(-64, 65, shape) / 32
        outputs = {}
        for epsilon in ("inside", "outside"):
            runs = []
            for picture in pictures:
                weights = Weights(data)
                runs.append(run(sections, weights, list(picture.ravel()), epsilon))
                assert weights.at == len(data), (weights.at, len(data))
            outputs[epsilon] = [
                {
                    "shape": [2, one.c, one.h, one.w],
                    # Thirteen digits are more than the comparison asks for.
                    "values": [float(f"{x:.12e}") for x in one.output + two.output],
                }
                for one, two in zip(*runs)
            ]
        cases.append(
            {
                "name": name,
                "cfg": text,
                "weights": data.hex(),
                "input": {"shape": shape, "values": [float(x) for x in pictures.ravel()]},
                **outputs,
            }
        )
    path = Path(__file__).parent / "networks.json.gz"
    with gzip.GzipFile(path, "wb", mtime=0) as file:
        file.write(json.dumps(cases).encode())
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
