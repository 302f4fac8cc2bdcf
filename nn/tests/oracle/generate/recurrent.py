import torch
from common import Family
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


class ResetBefore(nn.GRU):
    """The GRU whose reset gate acts before the product of the state, which PyTorch does not have: each sequence by
    itself, step by step."""

    def direction(self, x, h, layer, side):
        w, u, b, c = (
            getattr(self, f"{name}_l{layer}{side}").chunk(3) if self.bias or name.startswith("weight") else (0.0,) * 3
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        states = []
        for x_t in x.flip(0) if side else x:
            r, z = (torch.sigmoid(x_t @ w[k].T + b[k] + h @ u[k].T + c[k]) for k in (0, 1))
            n = torch.tanh(x_t @ w[2].T + b[2] + (r * h) @ u[2].T + c[2])
            h = (1 - z) * n + z * h
            states.append(h)
        states = torch.stack(states)
        return (states.flip(0) if side else states), h

    def forward(self, packed, state=None):
        x, lengths = pad_packed_sequence(packed)
        sides = ("", "_reverse") if self.bidirectional else ("",)
        if state is None:
            state = torch.zeros(self.num_layers * len(sides), len(lengths), self.hidden_size)
        sequences, lasts = [], []
        for n, length in enumerate(lengths):
            y, last = x[:length, n], []
            for layer in range(self.num_layers):
                found = [
                    self.direction(y, state[layer * len(sides) + d, n], layer, side) for d, side in enumerate(sides)
                ]
                y = torch.cat([states for states, _ in found], 1)
                last += [h for _, h in found]
            sequences.append(y)
            lasts.append(torch.stack(last))
        y = nn.utils.rnn.pad_sequence(sequences)
        return pack_padded_sequence(y, lengths, enforce_sorted=False), torch.stack(lasts, 1)


class Deep(nn.Module):
    """Layers on each step of recurrent ones."""

    def __init__(self, recurrent, dense):
        super().__init__()
        self.recurrent, self.dense = recurrent, dense

    def forward(self, packed, state=None):
        y, last = self.recurrent(packed, state)
        return PackedSequence(self.dense(y.data), y.batch_sizes, y.sorted_indices, y.unsorted_indices), last


KINDS = {
    "Rnn": nn.RNN,
    "Rnn, relu": lambda *a, **o: nn.RNN(*a, nonlinearity="relu", **o),
    "Gru": nn.GRU,
    "Gru, reset before": ResetBefore,
    "Lstm": nn.LSTM,
    "Lstm, projected": lambda *a, **o: nn.LSTM(*a, proj_size=1, **o),
}
OPTIONS = {
    "Rnn, relu": {"nonlinearity": "relu"},
    "Gru, reset before": {"reset_after": False},
    "Lstm, projected": {"proj_size": 1},
}


def run(lengths, batch_first, steps):
    """A forward pass over sequences of these lengths."""

    def forward(module, x, *state):
        state = state if len(state) == 2 else state[0] if state else None
        packed = pack_padded_sequence(x, torch.tensor(lengths), batch_first, enforce_sorted=False)
        y, last = module(packed, state)
        return pad_packed_sequence(y, batch_first, total_length=steps)[0], last

    return forward


def sequences(family, kind, name, features=2, hidden=2, layers=1, batch=2, steps=3, lengths=None, state=False, deep=False,
              **options):
    """A case; a batch of None is one sequence without an axis for it."""
    module = KINDS[kind](features, hidden, layers, **options)
    config = {"input_size": features, "hidden_size": hidden, "num_layers": layers, **options, **OPTIONS.get(kind, {})}
    both, batch_first = options.get("bidirectional", False), options.get("batch_first", False)
    if deep:
        width = 2 if both else 1
        module = Deep(module, nn.Sequential(nn.Linear(width * hidden, 3), nn.Tanh(), nn.Linear(3, 2)))
    kept = () if batch is None else (batch,)
    inputs = [(*kept, steps, features) if batch_first else (steps, *kept, features)]
    if state:
        entries = layers * (2 if both else 1)
        inputs.append((entries, *kept, 1 if kind == "Lstm, projected" else hidden))
        if kind.startswith("Lstm"):
            inputs.append((entries, *kept, hidden))
    forward = lambda m, x, *s: m(x, s if len(s) == 2 else s[0] if s else None)
    if lengths or deep or kind == "Gru, reset before":
        forward = run(lengths or [steps] * batch, batch_first, steps)
    layer = ("Deep" if deep else "") + kind.split(",")[0]
    given = {"config": config, "lengths": lengths}
    random = options.get("dropout", 0) > 0
    family.case(layer, f"{kind}, {name}", module, given, *inputs, random=random, forward=forward)


def cells(family, layer, name, module, *states, **options):
    config = {"input_size": 3, "hidden_size": 2, **options}
    forward = lambda m, x, *s: m(x, s if len(s) == 2 else s[0] if s else None)
    family.case(layer, name, module(3, 2, **options), {"config": config, "lengths": None}, *states, forward=forward)


def cases():
    family = Family("recurrent")
    for k, kind in enumerate(KINDS):
        # Every combination of layers, directions and lengths, and with them every one of the other options, another for
        # each kind.
        for i in range(8):
            layers, both, several = 1 + i % 2, i // 2 % 2 == 1, i // 4 == 1
            others = [3, 5, 0, 6, 4, 7, 1, 2][(i + 3 * k) % 8]
            options = {"bidirectional": both, "batch_first": others & 1 == 1, "bias": others & 2 == 2}
            state = others & 4 == 4
            lengths = [2, 3, 1] if several else None
            name = f"{layers=} {both=} {lengths=} batch_first={options['batch_first']} bias={options['bias']} {state=}"
            sequences(family, kind, name, layers=layers, batch=3 if several else 2, lengths=lengths, state=state, **options)
        sequences(family, kind, "longer than all lengths", lengths=[1, 2], steps=3, features=1, bidirectional=True)
        sequences(family, kind, "one step", steps=1, batch=1, features=1, state=True)
        if kind != "Gru, reset before":
            sequences(family, kind, "no batch", batch=None, layers=2, bidirectional=True, state=True, features=1)
            sequences(family, kind, "no batch, batch first", batch=None, batch_first=True)
            sequences(family, kind, "dropout", layers=2, dropout=0.5, steps=2, batch=1)
    for kind in ("Rnn", "Gru", "Lstm"):
        sequences(family, kind, "deep", layers=2, deep=True, state=True, features=1)
        sequences(family, kind, "deep, lengths", deep=True, lengths=[2, 1, 3], batch=3, batch_first=True,
                  bidirectional=True, features=1)
    for bias in (False, True):
        for layer, module, states in (("RnnCell", nn.RNNCell, 1), ("GruCell", nn.GRUCell, 1), ("LstmCell", nn.LSTMCell, 2)):
            cells(family, layer, f"{bias=}, no state", module, (4, 3), bias=bias)
            cells(family, layer, f"{bias=}", module, (4, 3), *[(4, 2)] * states, bias=bias)
            cells(family, layer, f"{bias=}, no batch", module, (3,), *[(2,)] * states, bias=bias)
        cells(family, "RnnCell", f"{bias=}, relu", nn.RNNCell, (4, 3), (4, 2), bias=bias, nonlinearity="relu")
    return family
