"""Recurrent layers and their cells."""

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from common import case, draw

MODULES = {
    "rnn_tanh": lambda *a, **o: torch.nn.RNN(*a, nonlinearity="tanh", **o),
    "rnn_relu": lambda *a, **o: torch.nn.RNN(*a, nonlinearity="relu", **o),
    "gru": torch.nn.GRU,
    "lstm": torch.nn.LSTM,
    "lstm_hidden": torch.nn.LSTM,
    "lstm_cell_state": torch.nn.LSTM,
}


def options(bias=False, bidirectional=False, batch_first=False, lengths=None, projection=False, state=True, before=False):
    return dict(
        bias=bias, bidirectional=bidirectional, batch_first=batch_first, lengths=lengths, projection=projection,
        state=state, reset_after=not before,
    )


def layers(name, op, count=1, steps=3, batch=2, features=2, hidden=2, scale=1.0, unbatched=False, **given):
    o = options(**given)
    projected = {"proj_size": 1} if o["projection"] else {}
    module = MODULES[op](
        features, hidden, count, bias=o["bias"], batch_first=o["batch_first"], bidirectional=o["bidirectional"],
        **projected,
    )
    names = [n for n, _ in module.named_parameters()]
    shapes = [tuple(p.shape) for p in module.parameters()]
    entries = count * (2 if o["bidirectional"] else 1)
    kept = () if unbatched else (batch,)
    states = [draw(entries, *kept, 1 if projected else hidden, key="h")]
    states += [draw(entries, *kept, hidden, key="c")] if op.startswith("lstm") else []
    states = states if o["state"] else []

    def run(x, *rest):
        state, parameters = rest[: len(states)], rest[len(states) :]
        state = tuple(state) if len(state) > 1 else state[0] if state else None
        if o["lengths"]:
            x = pack_padded_sequence(x, torch.tensor(o["lengths"]), o["batch_first"], enforce_sorted=False)
        y, last = torch.func.functional_call(module, dict(zip(names, parameters)), (x, state))
        if o["lengths"]:
            y, _ = pad_packed_sequence(y, o["batch_first"], total_length=steps)
        last = last if isinstance(last, tuple) else (last,)
        return {"lstm_hidden": last[:1], "lstm_cell_state": last[1:]}.get(op, (y, *last))

    sequence = (steps, *kept, features)
    if o["batch_first"] and not unbatched:
        sequence = (batch, steps, features)
    inputs = [draw(*sequence, scale=scale, key="x"), *states]
    inputs += [draw(*s, scale=0.5, key=n) for n, s in zip(names, shapes)]
    case(name, op, run, inputs, **o)


def reset_before(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    """The GRU step of Cho et al., which PyTorch does not have."""
    w, u = w_ih.chunk(3), w_hh.chunk(3)
    b, c = (v.chunk(3) if v is not None else (0.0, 0.0, 0.0) for v in (b_ih, b_hh))
    r = torch.sigmoid(x @ w[0].T + b[0] + h @ u[0].T + c[0])
    z = torch.sigmoid(x @ w[1].T + b[1] + h @ u[1].T + c[1])
    n = torch.tanh(x @ w[2].T + b[2] + (r * h) @ u[2].T + c[2])
    return (1 - z) * n + z * h


def cells(op, function, gates):
    for name, batch, bias in (("a batch", (2,), False), ("a batch, biases", (3,), True), ("no batch, biases", (), True)):
        shown = [draw(*batch, 2, key=key) for key in ("h", "c")[: 2 if op == "lstm_cell" else 1]]
        shapes = [(gates * 2, 3), (gates * 2, 2)] + ([(gates * 2,)] * 2 if bias else [])
        weights = [draw(*s, scale=0.5, key=f"w{i}") for i, s in enumerate(shapes)]
        def run(x, *rest):
            states, weights = rest[: len(shown)], rest[len(shown) :]
            rows = tuple(s.reshape(-1, 2) for s in states)
            out = function(x.reshape(-1, 3), rows if len(rows) > 1 else rows[0], *weights)
            out = out if isinstance(out, tuple) else (out,)
            return tuple(y.reshape(s.shape) for y, s in zip(out, states))

        case(name, op, run, [draw(*batch, 3, key="x"), *shown, *weights], bias=bias, projection=False)


def cases():
    for op in ("rnn_tanh", "rnn_relu", "gru", "lstm"):
        layers("one layer", op, features=3)
        layers("biases", op, bias=True, features=3)
        layers("no state", op, bias=True, state=False)
        layers("two layers", op, 2, bias=True, batch=1)
        layers("both directions", op, bidirectional=True)
        layers("both directions, biases, two layers", op, 2, bias=True, bidirectional=True, steps=2, features=1)
        layers("one step, one of everything", op, bias=True, steps=1, batch=1, features=1, hidden=1)
        layers("batch first", op, bias=True, batch_first=True, batch=3, steps=2)
        layers("no batch", op, bias=True, unbatched=True)
        layers("no batch, both directions, batch first", op, unbatched=True, bidirectional=True, batch_first=True)
        layers("lengths", op, bias=True, lengths=[2, 4, 3], steps=4, batch=3, features=1)
        layers("lengths, both directions", op, lengths=[1, 3], bidirectional=True, features=1)
        layers("lengths, both directions, two layers, batch first, no state", op, 2, lengths=[2, 1, 2], batch=3,
               bidirectional=True, batch_first=True, state=False, hidden=1, features=1)
        layers("lengths shorter than the sequence", op, bias=True, lengths=[2, 2], steps=3, features=1)
        layers("long", op, bias=True, steps=10, batch=1, features=1)
    layers("saturated", "lstm", bias=True, batch=1, hidden=1, scale=64.0)
    layers("projection", "lstm", bias=True, projection=True)
    layers("projection, two layers, both directions", "lstm", 2, projection=True, bidirectional=True, batch=1, steps=2)
    layers("projection, lengths", "lstm", bias=True, projection=True, lengths=[1, 3])
    layers("projection, no batch", "lstm", projection=True, unbatched=True)
    layers("two layers", "lstm_hidden", 2, bias=True, steps=2, batch=1)
    layers("two layers", "lstm_cell_state", 2, bias=True, steps=2, batch=1)

    def before(x, h, *weights):
        states = [h[0]]
        for step in x:
            states.append(reset_before(step, states[-1], *weights))
        return torch.stack(states[1:]), states[-1][None]

    for bias in (False, True):
        shapes = [(6, 3), (6, 2)] + ([(6,)] * 2 if bias else [])
        weights = [draw(*s, scale=0.5, key=f"w{i}") for i, s in enumerate(shapes)]
        name = "reset before the product" + (", biases" if bias else "")
        inputs = [draw(3, 2, 3, key="x"), draw(1, 2, 2, key="h"), *weights]
        case(name, "gru", before, inputs, **options(bias=bias, before=True))
    cells("rnn_tanh_cell", torch.rnn_tanh_cell, 1)
    cells("rnn_relu_cell", torch.rnn_relu_cell, 1)
    cells("gru_cell", torch.gru_cell, 3)
    cells("gru_cell_reset_before", reset_before, 3)
    cells("lstm_cell", torch.lstm_cell, 4)
