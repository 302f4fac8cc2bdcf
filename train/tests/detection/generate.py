"""Writes sets of objects and detections, and what pycocotools and a plain VOC evaluation make of them.

    pip install pycocotools==2.0.11 numpy
    python train/tests/detection/generate.py

The file is committed; `cargo test` only reads it (train/tests/detection/oracle.rs). An object is [picture, class, x, y,
width, height, crowd, difficult, area], a detection [picture, class, x, y, width, height, score in percent]. COCO knows
nothing of `difficult` and VOC nothing of `crowd`, so that each evaluation leaves the other's flag out. Pictures come in
the order of their numbers. -1 is what pycocotools gives where there is nothing to be found.
"""

import contextlib
import gzip
import io
import json
import pathlib
import random
from fractions import Fraction

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

SETS = 200


def draw(rng):
    """One set: classes, pictures, objects, detections."""
    classes, pictures = rng.randint(1, 4), rng.randint(1, 6)
    crowded = rng.random() < 0.06
    side = lambda: max(1, int(4 * 2 ** rng.uniform(0, 6.2)))
    objects, detections = [], []
    for picture in range(pictures):
        for _ in range(rng.choice([0, 1, 1, 2, 3, 5])):
            w, h = side(), side()
            w, h = (w, h) if rng.random() < 0.5 else (w, max(1, int(w * rng.uniform(0.5, 2))))
            x, y = rng.randint(0, 300), rng.randint(0, 300)
            area = w * h if rng.random() < 0.5 else max(1, int(w * h * rng.uniform(0.3, 1)))
            crowd, difficult = int(rng.random() < 0.12), int(rng.random() < 0.15)
            objects.append([picture, rng.randrange(classes), x, y, w, h, crowd, difficult, area])
            # Detections of it, of any quality; some of another class. Quarters of its sides give IoUs that tie.
            for _ in range(rng.choice([0, 1, 1, 2, 3])):
                if rng.random() < 0.3:
                    box = [x, y, max(1, w * rng.randint(2, 4) // 4), max(1, h * rng.randint(2, 4) // 4)]
                else:
                    jitter = lambda size: int(rng.gauss(0, 0.1) * size)
                    box = [x + jitter(w), y + jitter(h), max(1, w + jitter(w)), max(1, h + jitter(h))]
                kind = objects[-1][1] if rng.random() < 0.9 else rng.randrange(classes)
                detections.append([picture, kind, *box, rng.randint(6, 20) * 5])
        # Detections of nothing.
        for _ in range(rng.choice([0, 0, 1, 2, 4]) + (rng.choice([12, 110]) if crowded and picture < 2 else 0)):
            box = [rng.randint(0, 300), rng.randint(0, 300), side(), side()]
            detections.append([picture, rng.randrange(classes), *box, rng.randint(0, 16) * 5])
    rng.shuffle(detections)
    return classes, pictures, objects, detections


def coco(classes, pictures, objects, detections):
    """The twelve numbers, and the average precision of each class."""
    names = ["image_id", "category_id"]
    truth = COCO()
    truth.dataset = {
        "images": [{"id": p} for p in range(pictures)],
        "categories": [{"id": c} for c in range(classes)],
        "annotations": [
            # An id of 0 would be taken for no match.
            {**dict(zip(names, o)), "id": k + 1, "bbox": o[2:6], "iscrowd": o[6], "area": o[8]}
            for k, o in enumerate(objects)
        ],
    }
    truth.createIndex()
    found = COCO()
    found.dataset = {
        **truth.dataset,
        "annotations": [
            {**dict(zip(names, d)), "id": k + 1, "bbox": d[2:6], "iscrowd": 0, "area": d[4] * d[5], "score": d[6] / 100}
            for k, d in enumerate(detections)
        ],
    }
    found.createIndex()
    evaluation = COCOeval(truth, found, "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    of_class = evaluation.eval["precision"][:, :, :, 0, 2]
    of_class = [of_class[:, :, c] for c in range(classes)]
    return list(evaluation.stats), [float(p.mean()) if (p > -1).any() else -1 for p in of_class]


def overlap(a, b):
    """IoU as a fraction."""
    side = lambda k: max(0, min(a[k] + a[k + 2], b[k] + b[k + 2]) - max(a[k], b[k]))
    common = side(0) * side(1)
    return Fraction(common, a[2] * a[3] + b[2] * b[3] - common)


def voc(kind, threshold, objects, detections):
    """Average precision of a class by eleven points and by area, in fractions, told as the challenge tells it."""
    objects = [o for o in objects if o[1] == kind]
    wanted = sum(not o[7] for o in objects)
    if wanted == 0:
        return [-1, -1]
    found_already, right, points = set(), 0, []
    # Of equal scores that of the earlier picture is first, and in a picture the earlier one.
    for d in sorted((d for d in detections if d[1] == kind), key=lambda d: (-d[6], d[0])):
        there = [(overlap(d[2:6], o[2:6]), -k) for k, o in enumerate(objects) if o[0] == d[0]]
        iou, k = max(there, default=(-1, 0))
        if iou >= threshold and objects[-k][7]:
            continue
        if iou >= threshold and k not in found_already:
            found_already.add(k)
            right += 1
        points.append((Fraction(right, wanted), Fraction(right, len(points) + 1)))
    best = lambda recall: max((p for r, p in points if r >= recall), default=Fraction(0))
    eleven = sum(best(Fraction(k, 10)) for k in range(11)) / 11
    area = sum(best(Fraction(k, wanted)) for k in range(1, wanted + 1)) / wanted
    return [float(eleven), float(area)]


def main():
    rng = random.Random(2014)
    sets = []
    for _ in range(SETS):
        classes, pictures, objects, detections = drawn = draw(rng)
        with contextlib.redirect_stdout(io.StringIO()):
            summary, of_class = coco(*drawn)
        sets.append(
            {
                "classes": classes,
                "pictures": pictures,
                "objects": objects,
                "detections": detections,
                "coco": [float(f"{v:.9g}") for v in summary],
                "coco_classes": [float(f"{v:.9g}") for v in of_class],
                "voc": [
                    [[float(f"{v:.9g}") for v in voc(kind, Fraction(t, 10), objects, detections)] for t in (3, 5, 7)]
                    for kind in range(classes)
                ],
            }
        )
    text = json.dumps({"count": SETS, "iou_thresholds": thresholds(), "sets": sets}, separators=(",", ":"))
    path = pathlib.Path(__file__).with_name("sets.json.gz")
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    count = lambda what: sum(len(s[what]) for s in sets)
    print(f"{path.name}: {path.stat().st_size} bytes of {len(text)}; {count('objects')} objects, "
          f"{count('detections')} detections; {[sum(v == -1 for v in s) for s in zip(*(s['coco'] for s in sets))]} missing")


def thresholds():
    with contextlib.redirect_stdout(io.StringIO()):
        return [float(t) for t in COCOeval(iouType="bbox").params.iouThrs]


main()
