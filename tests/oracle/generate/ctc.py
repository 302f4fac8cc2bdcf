"""Connectionist temporal classification.

PyTorch's loss has no second derivative, and its first is meant to go through a log-softmax. So every case does, and
is asked of `in_tensor_operations`, after PyTorch's own loss and gradient were found to be the same.
"""

import torch
import torch.nn.functional as F

from common import case, draw, indices
from loss import REDUCTIONS

NEVER = -1e30


def in_tensor_operations(x, targets, blank, zero_infinity):
    """The loss of each example: x [steps, batch, classes], targets a list of (steps, labels)."""
    losses = []
    for n, (steps, labels) in enumerate(targets):
        states = [blank]
        for label in labels:
            states += [label, blank]
        skip = torch.tensor([0.0 if s > 1 and states[s] != blank and states[s] != states[s - 2] else NEVER for s in range(len(states))])
        alpha = torch.full((len(states),), NEVER)
        alpha[0] = 0.0
        never = torch.full((2,), NEVER)
        for t in range(steps):
            padded = torch.cat([never, alpha])
            ways = torch.stack([padded[2:], padded[1:-1], padded[:-2] + skip])
            alpha = torch.logsumexp(ways, 0) + x[t, n, states]
        loss = -torch.logsumexp(alpha[-2:], 0)
        if loss > 1e29:
            loss = torch.zeros(()) if zero_infinity else loss / 0.0
        losses.append(loss)
    return torch.stack(losses)


def cases():
    def run(name, shape, examples, blank=0, zero_infinity=False, padded=False, reductions=REDUCTIONS, scale=1.0):
        steps, classes = shape[0], shape[-1]
        alone = len(shape) == 2
        all_labels = [label for _, labels in examples for label in labels]
        if padded:
            longest = max(len(labels) for _, labels in examples) + 1
            rows = [labels + [blank] * (longest - len(labels)) for _, labels in examples]
            targets = {"shape": [len(examples), longest], "values": sum(rows, [])}
        else:
            targets = {"shape": [len(all_labels)], "values": all_labels}
        lengths = lambda values: {"shape": [] if alone else [len(values)], "values": values}
        input_lengths, target_lengths = lengths([t for t, _ in examples]), lengths([len(s) for _, s in examples])
        for reduction in reductions:

            def mine(x):
                losses = in_tensor_operations(x.log_softmax(-1).reshape(steps, -1, classes), examples, blank, zero_infinity)
                if reduction == "mean":
                    return (losses / torch.tensor([max(len(s), 1) for _, s in examples])).mean()
                return losses.sum() if reduction == "sum" else losses.reshape([] if alone else [-1])

            def theirs(x):
                arguments = [indices(o) for o in (targets, input_lengths, target_lengths)]
                return F.ctc_loss(x.log_softmax(-1), *arguments, blank=blank, reduction=reduction, zero_infinity=zero_infinity)

            inputs = draw(*shape, scale=scale)
            found = []
            for function in (mine, theirs):
                x = torch.tensor(inputs, requires_grad=True)
                y = function(x)
                found.append((y.detach(), torch.autograd.grad(y.sum(), x)[0]))
            for a, b in zip(*found):
                assert torch.allclose(a, b, rtol=1e-11, atol=1e-12, equal_nan=True), (name, a, b)
            options = dict(targets=targets, input_lengths=input_lengths, target_lengths=target_lengths)
            options |= dict(blank=blank, zero_infinity=zero_infinity, reduction=reduction)
            case(f"{name}, {reduction}", "ctc_loss_of_log_softmax", mine, [inputs], **options)

    run("one label", (2, 1, 2), [(2, [1])])
    run("lengths", (5, 3, 4), [(5, [1, 2]), (4, [3]), (3, [2, 1, 3])])
    run("lengths, in rows", (5, 3, 4), [(5, [1, 2]), (4, [3]), (3, [2, 1, 3])], padded=True)
    run("repeats", (6, 2, 3), [(6, [1, 1, 2]), (5, [2, 2, 2])])
    run("another blank", (5, 2, 4), [(5, [0, 0, 1]), (4, [3, 1])], blank=2)
    run("the last class is the blank", (4, 2, 3), [(4, [0, 1]), (4, [1, 1])], blank=2, padded=True)
    run("an empty target", (3, 2, 3), [(3, []), (3, [1])], padded=True)
    run("all targets empty", (3, 2, 3), [(3, []), (2, [])])
    run("as long as the target", (3, 1, 4), [(3, [1, 2, 3])])
    run("one example", (5, 3), [(4, [1, 2])])
    run("sure", (6, 2, 3), [(6, [1, 2, 1]), (4, [2, 2])], scale=4.0)
    run("impossible ones left out", (4, 3, 3), [(4, [1, 1, 1]), (4, [1, 2]), (1, [1, 2])], zero_infinity=True)
    run("nothing impossible to leave out", (4, 2, 3), [(4, [1, 2]), (3, [2])], zero_infinity=True, padded=True)
    run("impossible", (3, 1, 3), [(3, [1, 1])], reductions=("mean", "none"))
