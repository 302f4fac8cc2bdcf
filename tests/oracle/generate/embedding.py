"""Embeddings, and whole numbers as rows of zeros and ones."""

import math

import torch
import torch.nn.functional as F

from common import case, draw, ids, indices


def cases():
    for name, chosen, padding in (
        ("a row", ids(4, 6), None),
        ("one id", {"shape": [], "values": [3]}, None),
        ("a batch", ids(4, 2, 3), None),
        ("padding", ids(4, 3, 4, key="p"), 1),
        ("padding from the end", ids(4, 3, 4, key="p"), -2),
        ("padding alone", {"shape": [2], "values": [0, 0]}, 0),
    ):
        run = lambda w: F.embedding(indices(chosen), w, padding)
        case(name, "embedding", run, [draw(4, 2)], ids=chosen, padding_idx=padding)
        # Its gradient depends on the table, so that the second order reaches the rule's own rule.
        run = lambda w: F.embedding(indices(chosen), w, padding) ** 2
        case(name, "embedding_squared", run, [draw(4, 2)], ids=chosen, padding_idx=padding)

    def bag(name, chosen, mode, padding=None, weights=None, table=(4, 2)):
        def run(w, s=None):
            found = F.embedding_bag(indices(chosen), w, mode=mode, per_sample_weights=s, padding_idx=padding)
            if mode == "max":
                # The largest has no second derivative in PyTorch either.
                kept = (indices(chosen) != (w.shape[0] if padding is None else padding % w.shape[0]))[..., None]
                largest = F.embedding(indices(chosen), w).masked_fill(~kept, -math.inf).max(1).values
                largest = torch.where(kept.any(1), largest, 0.0)
                torch.testing.assert_close(largest, found)
                return largest
            if s is None:
                return found
            # A weighted sum has no second derivative in PyTorch: the same, written out.
            kept = torch.ones_like(s) if padding is None else (indices(chosen) != padding).double()
            sum = (F.embedding(indices(chosen), w, padding) * (s * kept)[..., None]).sum(1)
            torch.testing.assert_close(sum, found)
            return sum

        inputs = [draw(*table)] + ([weights] if weights is not None else [])
        case(name, "embedding_bag", run, inputs, ids=chosen, mode=mode, padding_idx=padding)

    for mode in ("sum", "mean", "max"):
        bag(f"{mode} of 3", ids(4, 2, 3), mode)
        bag(f"{mode} of 4 with padding", ids(4, 3, 4, key="p"), mode, padding=2)
        bag(f"{mode} of padding alone", {"shape": [2, 2], "values": [1, 1, 0, 1]}, mode, padding=-3)
        bag(f"{mode} of one", ids(4, 3, 1), mode)
    bag("weighted sum", ids(4, 2, 3), "sum", weights=draw(2, 3, key="s"))
    bag("weighted sum with padding", ids(4, 3, 4, key="p"), "sum", padding=2, weights=draw(3, 4, key="s"))

    for chosen in (ids(3, 4), ids(3, 2, 2), {"shape": [], "values": [1]}, ids(3, 0)):
        run = lambda x: x * F.one_hot(indices(chosen), 3)
        shape = chosen["shape"]
        case(f"of {shape}", "one_hot", run, [draw(*shape, 3)], ids=chosen, classes=3)
    for chosen in (
        {"shape": [3, 2], "values": [2, 0, 1, -1, -1, -1]},
        {"shape": [4], "values": [1, 1, 3, 0]},
        {"shape": [2, 1, 3], "values": [0, -1, 3, 2, 2, -1]},
    ):
        sets = indices(chosen)
        hot = torch.zeros(*chosen["shape"][:-1], 5).scatter_(-1, torch.where(sets < 0, 4, sets), 1.0)[..., :4]
        case(f"of {chosen['shape']}", "multi_hot", lambda x: x * hot, [draw(*hot.shape)], ids=chosen, classes=4)
    for shape, axis in (((3, 4), 1), ((3, 4), 0), ((2, 3, 2), -2), ((5,), 0)):
        hot = lambda x: x * F.one_hot(x.argmax(axis), x.shape[axis]).movedim(-1, axis)
        case(f"{list(shape)} along {axis}", "hardmax", hot, [draw(*shape)], axis=axis)
    ties = lambda x: x * F.one_hot(x.argmax(1), 3)
    case("ties", "hardmax", ties, [[[1.0, 2.0, 2.0], [0.0, 0.0, 0.0]]], axis=1)
