"""Writes the values that PyTorch gives for the layers of Wengert, one packed file a family.

    pip install torch==2.15.0 numpy
    python nn/tests/oracle/generate [FAMILY ...]

The files are committed; `cargo test` only reads them (nn/tests/oracle/main.rs). A case holds a layer, its options, its
state dict, batches of inputs (five if it has buffers), and in double precision: the output for the first batch in
evaluation and in training mode, the gradients of sum(w * y) there by inputs and parameters, the buffers after training
passes over all, and the first batch's output in evaluation mode after that.
"""

import importlib
import pathlib
import sys

# One module a family.
for module in sorted(pathlib.Path(__file__).parent.glob("[a-z]*.py")):
    if module.stem != "common" and (len(sys.argv) == 1 or module.stem in sys.argv[1:]):
        importlib.import_module(module.stem).cases().write()
