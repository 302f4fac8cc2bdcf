"""Padding by what the tensor holds; padding by a constant stands among the parts of a tensor."""

import torch.nn.functional as F

from common import case, draw

# PyTorch pads the last axes by reflection and replication only where there are more before them.
MODES = {"reflect": (1, 2, 3), "replicate": (1, 2, 3), "circular": (1, 2, 3)}


def cases():
    for mode, ranks in MODES.items():
        for shape, widths in (
            ((1, 4), [(2, 1)]),
            ((2, 3), [(1, 2)]),
            ((1, 3, 4), [(2, 1), (1, 2)]),
            ((1, 3, 4), [(0, 2), (2, 0)]),
            ((1, 4, 4), [(-1, 1), (2, -1)]),
            ((1, 3, 4), [(-1, -1), (-2, 1)]),
            ((1, 2, 2, 3), [(1, 0), (0, 1), (2, 1)]),
        ):
            assert len(widths) in ranks
            pairs = [w for pair in reversed(widths) for w in pair]
            # PyTorch wants a batch and channels, or channels at least; here they have no border.
            run = lambda x: F.pad(x[None], pairs, mode=mode)[0]
            whole = [(0, 0)] * (len(shape) - len(widths)) + widths
            case(f"{mode}, {list(shape)} by {widths}", "pad_mode", run, [draw(*shape)], widths=whole, mode=mode)
