"""torchvision's networks, and weights for them that need no file."""

import math
import zlib

import numpy as np
import torch
import torchvision

RESNETS = ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
RESNETS += ["resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2"]
VGGS = ["vgg11", "vgg13", "vgg16", "vgg19", "vgg11_bn", "vgg13_bn", "vgg16_bn", "vgg19_bn"]
# The least distance of a window's two largest elements, as a share of the elements' root mean square.
GAP = 4e-6


def build(name, classes=1000, hidden=4096, dropout=None):
    """A network; `hidden` features in the linear layers of VGG and AlexNet, dropout torchvision's unless given."""
    options = {"num_classes": classes}
    if name == "googlenet":
        options |= {"init_weights": True}
        options |= {} if dropout is None else {"dropout": dropout, "dropout_aux": dropout}
    elif name == "alexnet" or name.startswith("vgg"):
        options |= {} if dropout is None else {"dropout": dropout}
    network = getattr(torchvision.models, name)(weights=None, **options)
    if hidden != 4096:
        linear = [i for i, m in enumerate(network.classifier) if isinstance(m, torch.nn.Linear)]
        sizes = [network.classifier[linear[0]].in_features, hidden, hidden, classes]
        for i, inputs, outputs in zip(linear, sizes, sizes[1:]):
            network.classifier[i] = torch.nn.Linear(inputs, outputs)
    return network


def loss(outputs, labels):
    """The cross entropy, with 0.3 of those of GoogLeNet's auxiliary heads."""
    entropy = torch.nn.functional.cross_entropy
    if isinstance(outputs, torch.Tensor):
        return entropy(outputs, labels)
    auxiliary = entropy(outputs.aux_logits1, labels) + entropy(outputs.aux_logits2, labels)
    return entropy(outputs.logits, labels) + 0.3 * auxiliary


def hashed(seed, n):
    """n well-mixed numbers of 32 bits; the reader computes them too."""
    x = np.arange(n, dtype=np.uint32) * np.uint32(0x9E3779B9) + np.uint32(seed)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return x


def uniform(seed, n):
    """In -1..1, exact in single precision."""
    return (hashed(seed, n) >> np.uint32(8)).astype(np.float32) * np.float32(2**-23) - np.float32(1)


def weight(key, shape, keys):
    """The values under a key of a state dict of these keys, in single precision: He's deviation for weights.

    Behind a batch normalization every ReLU is on or off by a margin, as its scale takes nothing across its shift: else
    rounding would turn some, and gradients in single precision could not be compared. One channel in four is off, but
    none where residual branches end: so their sums stay positive."""
    u = uniform(zlib.crc32(key.encode()), math.prod(shape))
    if len(shape) > 1:
        u *= np.float32(math.sqrt(6 / math.prod(shape[1:])))
    elif key.endswith("running_var"):
        u = np.float32(1) + np.float32(0.5) * u
    elif key.endswith("weight"):
        u = np.float32(0.05 if ends_branch(key, keys) else 0.16) * (np.float32(1) + np.float32(0.1) * u)
    elif key.endswith("bias") and key.removesuffix("bias") + "running_mean" in keys:
        size = np.float32(0.1 if ends_branch(key, keys) else 1) * (np.float32(1) + np.float32(0.1) * u)
        off = (u < np.float32(-0.5)) & (not ends_branch(key, keys) and not is_added_to(key))
        u = np.where(off, -size, size)
    else:
        u *= np.float32(0.1)
    return torch.from_numpy(u.reshape(shape))


def ends_branch(key, keys):
    """Whether a normalization is the last of a residual branch."""
    return "bn3." in key or ("bn2." in key and key.replace("bn2.", "bn3.") not in keys)


def is_added_to(key):
    """Whether a residual branch is added to what a normalization gives."""
    return "downsample" in key or key.startswith("bn1.")


def fill(network):
    state = network.state_dict()
    with torch.no_grad():
        for key, value in state.items():
            value.copy_(weight(key, tuple(value.shape), state) if value.is_floating_point() else torch.tensor(3))


def pictures(seed, batch, side):
    return torch.from_numpy(uniform(seed, batch * 3 * side * side).reshape(batch, 3, side, side))


def train(network, x, labels):
    network.train().zero_grad()
    value = loss(network(x), labels)
    value.backward()
    # A copy: to convert the network converts its gradients in their place.
    return value.item(), {key: p.grad.double().clone() for key, p in network.named_parameters()}


def largest_error(a, b):
    scale = max(g.norm() for g in b.values())
    return max(((a[k] - b[k]).norm() / max(b[k].norm(), 1e-3 * scale)).item() for k in b)


def clear_maxima(network, x, gap=GAP, relus=False):
    """Whether in each window the two largest elements are far enough apart for rounding to leave their order; and with
    `relus` what ReLUs take far enough from zero."""
    least = []

    def look(pool, inputs):
        (y,) = inputs
        size, stride, padding = pool.kernel_size, pool.stride, pool.padding
        # Windows may reach over the end by what is left of a stride.
        y_padded = torch.nn.functional.pad(y, (padding, padding + stride, padding, padding + stride), value=-torch.inf)
        windows = y_padded.unfold(2, size, stride).unfold(3, size, stride).flatten(4)
        first = windows.amax(-1, keepdim=True)
        # Equal ones are copies of one element, by overlapping windows of a pooling before. And where a ReLU has left
        # nothing, no gradient passes.
        second = windows.masked_fill(windows == first, -torch.inf).amax(-1, keepdim=True)
        least.append(((first - second)[first > 0].min() / y.square().mean().sqrt()).item())

    def look_at_relu(_, inputs):
        least.append((inputs[0].abs().min() / inputs[0].square().mean().sqrt()).item())

    hooks = [m.register_forward_pre_hook(look) for m in network.modules() if isinstance(m, torch.nn.MaxPool2d)]
    if relus:
        every = [m for m in network.modules() if isinstance(m, torch.nn.ReLU)]
        hooks += [m.register_forward_pre_hook(look_at_relu) for m in every]
    with torch.no_grad():
        network.train()(x)
    for hook in hooks:
        hook.remove()
    return min(least, default=1) > gap


def rounds_alike(network, x, labels, exact, reset):
    """Whether both of PyTorch's ways to compute in single precision give nearly the `exact` gradients."""
    for library in (True, False):
        reset()
        with torch.backends.mkldnn.flags(enabled=library):
            if largest_error(train(network, x, labels)[1], exact) > 6e-5:
                return False
    return True
