"""Recurrent layers."""

import torch

from common import case, draw


def cases():
    def run(name, layers, bias, steps, batch, features, hidden, op="lstm", scale=1.0):
        module = torch.nn.LSTM(features, hidden, layers, bias=bias)
        names = [n for n, _ in module.named_parameters()]
        shapes = [tuple(p.shape) for p in module.parameters()]

        def lstm(x, h, c, *parameters):
            values = dict(zip(names, parameters))
            y, (h, c) = torch.func.functional_call(module, values, (x, (h, c)))
            return (y, h, c) if op == "lstm" else (h,) if op == "lstm_hidden" else (c,)

        state = (layers, batch, hidden)
        inputs = [draw(steps, batch, features, scale=scale), draw(*state, key="h"), draw(*state, key="c")]
        inputs += [draw(*s, key=n) for n, s in zip(names, shapes)]
        case(name, op, lstm, inputs, layers=layers, bias=bias)

    run("one layer", 1, False, 3, 2, 3, 2)
    run("one layer, bias", 1, True, 3, 2, 3, 2)
    run("two layers", 2, False, 3, 2, 2, 2)
    run("two layers, bias", 2, True, 3, 1, 2, 2)
    run("one step", 1, True, 1, 2, 2, 3)
    run("one of everything", 1, True, 1, 1, 1, 1)
    run("long", 1, True, 12, 1, 1, 2)
    run("saturated", 1, True, 3, 1, 2, 1, scale=64.0)
    run("the last hidden state alone", 2, True, 2, 1, 2, 2, op="lstm_hidden")
    run("the last cell state alone", 1, True, 2, 2, 2, 2, op="lstm_cell")
