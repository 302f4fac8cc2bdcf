from common import Family
import torch
from torch import nn

IDS = [[1, 4, 2, 1], [0, 1, 3, 0]]
FLAT = [1, 4, 2, 1, 0, 1, 3, 0, 2]
OFFSETS = [0, 3, 3, 8]


def cases():
    family = Family("embedding")
    plain = {"num_embeddings": 5, "embedding_dim": 3}

    def add(layer, name, options, *inputs, indices=(IDS,), forward=None):
        full = {**plain, **options}
        kept = {key: x for key, x in full.items() if key != "offsets"}
        family.case(layer, name, getattr(nn, layer)(**kept), full, *inputs, indices=indices, forward=forward, steps=2)

    add("Embedding", "defaults", {})
    add("Embedding", "one id", {}, indices=(3,))
    add("Embedding", "none", {}, indices=([],))
    add("Embedding", "padding", {"padding_idx": 1})
    add("Embedding", "padding from the end", {"padding_idx": -1})
    add("Embedding", "max_norm", {"max_norm": 0.7})
    add("Embedding", "max_norm, p = 1, padding", {"max_norm": 0.9, "norm_type": 1.0, "padding_idx": 0})
    add("Embedding", "by frequency", {"scale_grad_by_freq": True})
    add("Embedding", "by frequency, padding", {"scale_grad_by_freq": True, "padding_idx": 1})

    weighted = lambda m, w, ids: m(ids, per_sample_weights=w)
    offsets = torch.tensor(OFFSETS)
    from_offsets = lambda m, ids: m(ids, offsets)
    ending = lambda m, ids: m(ids, torch.tensor([*OFFSETS, len(FLAT)]))
    weighted_offsets = lambda m, w, ids: m(ids, offsets, per_sample_weights=w)
    for mode in ["mean", "sum", "max"]:
        kind = {"mode": mode}
        add("EmbeddingBag", mode, kind)
        add("EmbeddingBag", f"{mode}, padding", {**kind, "padding_idx": 1})
        add("EmbeddingBag", f"{mode}, nothing but padding", {**kind, "padding_idx": 1}, indices=([[1, 1], [1, 2]],))
        add("EmbeddingBag", f"{mode}, max_norm", {**kind, "max_norm": 0.7})
        add("EmbeddingBag", f"{mode}, offsets", {**kind, "offsets": OFFSETS}, indices=(FLAT,), forward=from_offsets)
        with_padding = {**kind, "offsets": OFFSETS, "padding_idx": 0}
        add("EmbeddingBag", f"{mode}, offsets, padding", with_padding, indices=(FLAT,), forward=from_offsets)
        with_end = {**kind, "offsets": [*OFFSETS, len(FLAT)], "include_last_offset": True}
        add("EmbeddingBag", f"{mode}, last offset", with_end, indices=(FLAT,), forward=ending)
    for mode in ["mean", "sum"]:
        options = {"mode": mode, "scale_grad_by_freq": True, "padding_idx": 4}
        add("EmbeddingBag", f"{mode}, by frequency", options)
        add("EmbeddingBag", f"{mode}, by frequency, offsets", {**options, "offsets": OFFSETS}, indices=(FLAT,), forward=from_offsets)
    add("EmbeddingBag", "weights", {"mode": "sum"}, (2, 4), forward=weighted)
    add("EmbeddingBag", "weights, padding, max_norm", {"mode": "sum", "padding_idx": 1, "max_norm": 0.8}, (2, 4), forward=weighted)
    options = {"mode": "sum", "offsets": OFFSETS, "padding_idx": 2}
    add("EmbeddingBag", "weights, offsets", options, (len(FLAT),), indices=(FLAT,), forward=weighted_offsets)
    return family
