"""Writes operations.json.gz: what PyTorch says about each operation of Wengert.

    pip install torch==2.15.0 numpy
    python tests/oracle/generate

The file is committed; `cargo test` only reads it (tests/oracle/main.rs). A case holds an operation, its options,
its inputs, and in double precision

    outputs     y of each differentiable output, `integers` of the others,
    first       g = d/dx sum(w * y) for each input x,
    second      d/dx sum(v * g) for each input x,

with the fixed weights w and v of `weights` and `directions` in common.py, which the reader computes too. Inputs are
multiples of 1/512, so that single precision holds them exactly. A gradient of zeros is written as 0, one that does not exist
as null, and one that is not to be compared, because it stands at a pole, as "singular".
"""

import gzip
import importlib
import json
import pathlib

import torch

from common import CASES

# One module a family.
for module in sorted(pathlib.Path(__file__).parent.glob("[a-z]*.py")):
    if module.stem != "common":
        importlib.import_module(module.stem).cases()

lines = ",\n".join(json.dumps(c, allow_nan=False, separators=(",", ":"), ensure_ascii=False) for c in CASES)
head = f'"torch":{json.dumps(torch.__version__.split("+")[0])},"count":{len(CASES)}'
target = pathlib.Path(__file__).parent.with_name("operations.json.gz")
# Without a time, so that the same cases give the same file.
target.write_bytes(gzip.compress(f"{{{head},\"cases\":[\n{lines}\n]}}\n".encode(), mtime=0))
print(f"{len(CASES)} cases of {len({c['op'] for c in CASES})} operations, {target.stat().st_size / 1000:.0f} kB")
