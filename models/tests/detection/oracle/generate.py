"""Writes the losses of the first three YOLOs and their gradients on small random cases.

    pip install torch==2.15.0
    python models/tests/detection/oracle/generate.py

The file yolo.json.gz is committed; `cargo test` only reads it (models/tests/detection/oracle.rs). The losses are written
from the papers and Darknet's description, cell by cell and without any array operation, in double precision; PyTorch
gives the gradients of their sum.
"""

import gzip
import json
import math
import pathlib
import random

import torch

rng = random.Random(20161225)


def edges(cx, cy, w, h):
    return [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]


def area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def least(a, b):
    return a if a <= b else b


def most(a, b):
    return a if a >= b else b


def intersection(a, b):
    w = least(a[2], b[2]) - most(a[0], b[0])
    h = least(a[3], b[3]) - most(a[1], b[1])
    return w * h if w > 0 and h > 0 else 0.0 * (w + h)


def iou(a, b):
    common = intersection(a, b)
    return common / (area(a) + area(b) - common)


def number(x):
    return x.item() if isinstance(x, torch.Tensor) else x


def around(a, b):
    return [least(a[0], b[0]), least(a[1], b[1]), most(a[2], b[2]), most(a[3], b[3])]


def giou(a, b):
    common = intersection(a, b)
    union = area(a) + area(b) - common
    hull = area(around(a, b))
    return common / union - (hull - union) / hull


def diou(a, b):
    hull = around(a, b)
    diagonal = (hull[2] - hull[0]) ** 2 + (hull[3] - hull[1]) ** 2
    dx = (a[0] + a[2] - b[0] - b[2]) / 2
    dy = (a[1] + a[3] - b[1] - b[3]) / 2
    return iou(a, b) - (dx * dx + dy * dy) / diagonal


def ciou(a, b):
    angle = lambda box: torch.atan(torch.as_tensor((box[2] - box[0]) / (box[3] - box[1]), dtype=torch.float64))
    v = 4 / math.pi**2 * (angle(b) - angle(a)) ** 2
    alpha = number(v) / (1 - number(iou(a, b)) + number(v))
    return diou(a, b) - alpha * v


OVERLAPS = {"iou": iou, "giou": giou, "diou": diou, "ciou": ciou}


def cross_entropy(logit, target):
    p = torch.sigmoid(logit)
    return -target * torch.log(p) - (1 - target) * torch.log(1 - p)


def shape_iou(a, b):
    common = min(a[0], b[0]) * min(a[1], b[1])
    return common / (a[0] * a[1] + b[0] * b[1] - common)


def anchor_loss(case, maps):
    """YOLOv2's and v3's."""
    o, classes = case["options"], case["classes"]
    boxes_loss, objectness_loss, class_loss = 0.0, 0.0, 0.0
    width, height = case["size"]
    squared = lambda logit, target: 0.5 * (torch.sigmoid(logit) - target) ** 2
    of_objectness = squared if o["objectness"] == "squared_error" else cross_entropy
    for picture, objects in enumerate(case["objects"]):
        # Which box is to explain which object.
        explained = {}
        for x1, y1, x2, y2, label in objects:
            w, h, cx, cy = x2 - x1, y2 - y1, (x1 + x2) / 2, (y1 + y2) / 2
            best = (-1.0, None, None)
            for m, scale in enumerate(case["scales"]):
                for a, anchor in enumerate(scale["anchors"]):
                    overlap = shape_iou(anchor, (w, h))
                    if overlap > best[0]:
                        best = (overlap, m, a)
            _, m, a = best
            stride = case["scales"][m]["stride"]
            place = (m, a, int(cy // stride), int(cx // stride))
            if place not in explained:
                explained[place] = (x1, y1, x2, y2, label)
        for m, scale in enumerate(case["scales"]):
            stride = scale["stride"]
            for a, (pw, ph) in enumerate(scale["anchors"]):
                for row in range(height // stride):
                    for column in range(width // stride):
                        t = [maps[m][picture, a * (5 + classes) + entry, row, column] for entry in range(5 + classes)]
                        predicted = edges(
                            (column + torch.sigmoid(t[0])) * stride,
                            (row + torch.sigmoid(t[1])) * stride,
                            pw * torch.exp(t[2]),
                            ph * torch.exp(t[3]),
                        )
                        truth = explained.get((m, a, row, column))
                        if truth is None:
                            overlaps = [number(iou(predicted, one[:4])) for one in objects]
                            if not any(overlap > o["ignore_threshold"] for overlap in overlaps):
                                objectness_loss += o["noobject_scale"] * of_objectness(t[4], 0.0)
                            pull = 0.0
                            for entry, target in [(0, 0.5), (1, 0.5)]:
                                pull += (torch.sigmoid(t[entry]) - target) ** 2 / 2
                            boxes_loss += o["prior_scale"] * (pull + t[2] ** 2 / 2 + t[3] ** 2 / 2)
                            continue
                        x1, y1, x2, y2, label = truth
                        w, h = x2 - x1, y2 - y1
                        scale_of_box = o["coord_scale"]
                        if o["small_boxes"]:
                            scale_of_box *= 2 - w * h / (width * height)
                        x = (x1 + x2) / 2 / stride - column
                        y = (y1 + y2) / 2 / stride - row
                        sizes = (t[2] - math.log(w / pw)) ** 2 / 2 + (t[3] - math.log(h / ph)) ** 2 / 2
                        kind = o["box_loss"]
                        if kind == "squared_error":
                            one = (torch.sigmoid(t[0]) - x) ** 2 / 2 + (torch.sigmoid(t[1]) - y) ** 2 / 2 + sizes
                        elif kind == "cross_entropy":
                            one = cross_entropy(t[0], x) + cross_entropy(t[1], y) + sizes
                        else:
                            one = 1 - OVERLAPS[kind["overlap"]](predicted, truth[:4])
                        boxes_loss += scale_of_box * one
                        wanted = number(iou(predicted, truth[:4])) if o["rescore"] else 1.0
                        objectness_loss += o["object_scale"] * of_objectness(t[4], wanted)
                        if case["class_scores"] == "softmax":
                            total = sum(torch.exp(logit) for logit in t[5:])
                            class_loss += -o["class_scale"] * torch.log(torch.exp(t[5 + label]) / total)
                        else:
                            for c in range(classes):
                                class_loss += o["class_scale"] * cross_entropy(t[5 + c], 1.0 if c == label else 0.0)
    n = len(case["objects"])
    return [boxes_loss / n, objectness_loss / n, class_loss / n]


def grid_loss(case, maps):
    """The first YOLO's."""
    o, classes, count = case["options"], case["classes"], case["boxes"]
    rows, columns = case["grid"]
    width, height = case["size"]
    boxes_loss, confidence_loss, class_loss = 0.0, 0.0, 0.0
    for picture, objects in enumerate(case["objects"]):
        owners = {}
        for one in objects:
            cx, cy = (one[0] + one[2]) / 2, (one[1] + one[3]) / 2
            owners.setdefault((int(cy / height * rows), int(cx / width * columns)), one)
        for row in range(rows):
            for column in range(columns):
                y = maps[0][picture, row, column]
                truth = owners.get((row, column))
                responsible = None
                if truth is not None:
                    x1, y1, x2, y2, label = truth
                    shares = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height]
                    overlaps, distances = [], []
                    for b in range(count):
                        p = [number(v) for v in y[5 * b : 5 * b + 4]]
                        own = [(column + p[0]) / columns, (row + p[1]) / rows, p[2] ** 2, p[3] ** 2]
                        overlaps.append(iou(edges(*own), edges(*shares)))
                        distances.append(sum((s - t) ** 2 for s, t in zip(own, shares)))
                    if max(overlaps) > 0:
                        responsible = overlaps.index(max(overlaps))
                    else:
                        responsible = distances.index(min(distances))
                    wanted = overlaps[responsible] if o["rescore"] else 1.0
                    targets = [
                        shares[0] * columns - column,
                        shares[1] * rows - row,
                        math.sqrt(shares[2]),
                        math.sqrt(shares[3]),
                    ]
                    for entry in range(4):
                        boxes_loss += o["coord_scale"] * (y[5 * responsible + entry] - targets[entry]) ** 2
                    for c in range(classes):
                        class_loss += o["class_scale"] * (y[5 * count + c] - (1.0 if c == label else 0.0)) ** 2
                for b in range(count):
                    if b == responsible:
                        confidence_loss += o["object_scale"] * (y[5 * b + 4] - wanted) ** 2
                    else:
                        confidence_loss += o["noobject_scale"] * y[5 * b + 4] ** 2
    n = len(case["objects"])
    return [boxes_loss / n, confidence_loss / n, class_loss / n]


def some_objects(size, classes, counts):
    pictures = []
    for count in counts:
        objects = []
        for _ in range(count):
            w, h = rng.uniform(1, size[0] * 0.7), rng.uniform(1, size[1] * 0.7)
            cx, cy = rng.uniform(0, size[0]), rng.uniform(0, size[1])
            objects.append(edges(cx, cy, w, h) + [rng.randrange(classes)])
        pictures.append(objects)
    return pictures


def finish(case, maps, loss):
    maps = [torch.tensor(m, dtype=torch.float64, requires_grad=True) for m in maps]
    parts = loss(case, maps)
    sum(parts).backward()
    # Numbers are written to 17 digits: they are read to the last bit.
    case["maps"] = [{"shape": list(m.shape), "values": m.detach().flatten().tolist()} for m in maps]
    case["loss"] = [number(part) for part in parts]
    case["gradients"] = [m.grad.flatten().tolist() for m in maps]
    return case


def noise(shape, low, high):
    if not shape:
        return rng.uniform(low, high)
    return [noise(shape[1:], low, high) for _ in range(shape[0])]


def anchor_case(version, options, class_scores):
    classes = rng.randint(1, 4)
    base = rng.choice([4, 8])
    size = [base * 2 * rng.randint(1, 2), base * 2 * rng.randint(1, 2)]
    strides = [base] if version == "v2" else [base * 2, base]
    scales = [
        {"stride": s, "anchors": [[rng.uniform(2, 12), rng.uniform(2, 12)] for _ in range(rng.randint(1, 3))]}
        for s in strides
    ]
    counts = [rng.randint(0, 4) for _ in range(rng.randint(1, 3))]
    case = {
        "version": version,
        "classes": classes,
        "size": size,
        "scales": scales,
        "class_scores": class_scores,
        "options": options,
        "objects": some_objects(size, classes, counts),
    }
    shapes = [
        [len(counts), len(s["anchors"]) * (5 + classes), size[1] // s["stride"], size[0] // s["stride"]]
        for s in scales
    ]
    return finish(case, [noise(shape, -1.5, 1.5) for shape in shapes], anchor_loss)


def grid_case():
    classes, count = rng.randint(1, 4), rng.randint(1, 3)
    rows, columns = rng.randint(1, 4), rng.randint(1, 4)
    size = [rng.choice([16, 30]), rng.choice([16, 28])]
    counts = [rng.randint(0, 4) for _ in range(rng.randint(1, 3))]
    scale = lambda: rng.choice([0.5, 1.0, 5.0])
    case = {
        "version": "v1",
        "classes": classes,
        "size": size,
        "grid": [rows, columns],
        "boxes": count,
        "options": {
            "coord_scale": scale(),
            "object_scale": scale(),
            "noobject_scale": scale(),
            "class_scale": scale(),
            "rescore": rng.random() < 0.7,
        },
        "objects": some_objects(size, classes, counts),
    }
    return finish(case, [noise([len(counts), rows, columns, 5 * count + classes], -0.3, 1.0)], grid_loss)


def main():
    cases = [grid_case() for _ in range(16)]
    v2 = {
        "box_loss": "squared_error",
        "objectness": "squared_error",
        "rescore": True,
        "small_boxes": True,
        "ignore_threshold": 0.6,
        "coord_scale": 1.0,
        "object_scale": 5.0,
        "noobject_scale": 1.0,
        "class_scale": 1.0,
        "prior_scale": 0.0,
    }
    v3 = v2 | {
        "box_loss": "cross_entropy",
        "objectness": "cross_entropy",
        "rescore": False,
        "ignore_threshold": 0.5,
        "object_scale": 1.0,
    }
    for _ in range(8):
        cases.append(anchor_case("v2", v2, "softmax"))
        cases.append(anchor_case("v3", v3, "logistic"))
    for i in range(8):
        changed = {
            "prior_scale": 0.01,
            "small_boxes": i % 2 == 0,
            "coord_scale": rng.uniform(0.5, 3),
            "noobject_scale": rng.uniform(0.1, 1),
            "class_scale": rng.uniform(0.5, 3),
            "ignore_threshold": rng.uniform(0.1, 0.5),
            "rescore": i % 3 == 0,
        }
        cases.append(anchor_case("v2", v2 | changed, "softmax"))
        cases.append(anchor_case("v3", v3 | changed, "softmax" if i % 4 == 0 else "logistic"))
    for name in OVERLAPS:
        for version, options in [("v2", v2), ("v3", v3)]:
            scores = "softmax" if version == "v2" else "logistic"
            cases.append(anchor_case(version, options | {"box_loss": {"overlap": name}}, scores))
    file = {"torch": torch.__version__.split("+")[0], "count": len(cases), "cases": cases}
    path = pathlib.Path(__file__).parent / "yolo.json.gz"
    # Without a name and a time of writing in it: the same cases are the same bytes.
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(json.dumps(file, separators=(",", ":")).encode())
    print(f"{path.name}: {len(cases)} cases, {path.stat().st_size} bytes")


main()
