"""The workloads of benches/workloads in PyTorch on the CPU.

python bench.py resnet18 --threads 2 --form tuned

A process measures one workload. The form `eager` is what a user writes first; `tuned` has channels-last networks and
fused optimizers; `compile` is `torch.compile`.
"""

import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
import torchvision
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from measure import Measure, parse  # noqa: E402


def mlp_model():
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))


def lenet5_model():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
    )


class Block(nn.Module):
    """The basic block of a ResNet, with a 1×1 convolution where shapes change."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity()
        if stride != 1 or inputs != outputs:
            conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


def resnet20_model():
    layers, inputs = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
    for outputs in (16, 32, 64):
        for block in range(3):
            layers.append(Block(inputs, outputs, 2 if outputs != 16 and block == 0 else 1))
            inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


class Characters(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.embedding = nn.Embedding(96, 64)
        self.recurrent = kind(64, 256, 2, batch_first=True)
        self.head = nn.Linear(256, 96)

    def forward(self, ids):
        return self.head(self.recurrent(self.embedding(ids))[0])


def small_yolo():
    def block(inputs, outputs):
        conv = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        return [conv, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.1)]

    layers, inputs = [], 3
    for outputs in (16, 32, 64, 128, 256, 512):
        layers += block(inputs, outputs)
        if outputs != 512:
            layers.append(nn.MaxPool2d(2))
        inputs = outputs
    return nn.Sequential(*layers, *block(512, 512), *block(512, 512), nn.Conv2d(512, 125, 1))


def labels(classes, *shape):
    return torch.randint(0, classes, shape)


class Bench:
    """Runs workloads in one of the forms."""

    def __init__(self, measure, form):
        self.measure, self.tuned, self.compiled = measure, form == "tuned", form == "compile"

    def sgd(self, model):
        return torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, fused=self.tuned or None)

    def adam(self, model):
        return torch.optim.Adam(model.parameters(), lr=1e-4, fused=self.tuned or None)

    def prepared(self, model, x):
        if self.tuned and x.dim() == 4:
            model, x = model.to(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
        return (torch.compile(model) if self.compiled else model), x

    def train(self, workload, model, optimizer, x, y, loss=F.cross_entropy):
        model.train()
        optimizer = optimizer(model)
        model, x = self.prepared(model, x)

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss(model(x), y).backward()
            optimizer.step()

        self.measure.report(workload, self.measure.time(step))

    def infer(self, workload, model, x):
        model.eval()
        model, x = self.prepared(model, x)
        with torch.no_grad():
            self.measure.report(workload, self.measure.time(lambda: model(x)))

    def mlp(self):
        self.train("a_mlp_b128", mlp_model(), self.adam, torch.rand(128, 784), labels(10, 128))

    def lenet5(self):
        self.train("b_lenet5_b64", lenet5_model(), self.sgd, torch.rand(64, 1, 28, 28), labels(10, 64))

    def lenet5_infer(self):
        self.infer("b_lenet5_infer_b64", lenet5_model(), torch.rand(64, 1, 28, 28))

    def resnet20(self):
        self.train("c_resnet20_b64", resnet20_model(), self.sgd, torch.rand(64, 3, 32, 32), labels(10, 64))

    def resnet18(self):
        model = torchvision.models.resnet18()
        self.train("d_resnet18_train_b8", model, self.sgd, torch.rand(8, 3, 224, 224), labels(1000, 8))

    def resnet18_b1(self):
        self.infer("d_resnet18_infer_b1", torchvision.models.resnet18(), torch.rand(1, 3, 224, 224))

    def resnet18_b8(self):
        self.infer("d_resnet18_infer_b8", torchvision.models.resnet18(), torch.rand(8, 3, 224, 224))

    def characters(self, workload, kind):
        def loss(logits, y):
            return F.cross_entropy(logits.reshape(-1, 96), y.reshape(-1))

        self.train(workload, Characters(kind), self.adam, labels(96, 32, 64), labels(96, 32, 64), loss)

    def lstm(self):
        self.characters("e_lstm_b32_t64", nn.LSTM)

    def gru(self):
        self.characters("f_gru_b32_t64", nn.GRU)

    def googlenet(self):
        def loss(outputs, y):
            auxiliary = F.cross_entropy(outputs.aux_logits1, y) + F.cross_entropy(outputs.aux_logits2, y)
            return F.cross_entropy(outputs.logits, y) + 0.3 * auxiliary

        model = torchvision.models.googlenet(aux_logits=True, init_weights=False, weights=None, num_classes=1000)
        self.train("g_googlenet_train_b4", model, self.sgd, torch.rand(4, 3, 224, 224), labels(1000, 4), loss)

    def yolo(self):
        def loss(y, target):
            return ((y - target) ** 2).sum() * 1e-4

        x, target = torch.rand(2, 3, 416, 416), torch.rand(2, 125, 13, 13)
        self.train("h_tinyyolo_train_b2", small_yolo(), self.sgd, x, target, loss)

    def yolo_b1(self):
        self.infer("h_tinyyolo_infer_b1", small_yolo(), torch.rand(1, 3, 416, 416))

    def ops(self):
        """A chain of 10,000 operations on few elements: recorded, replayed, and not recorded."""
        length = 10_000
        for size in (1, 64):
            a, b = torch.full((size,), 0.9), torch.full((size,), 0.1)
            start = torch.rand(size, requires_grad=True)

            def chain():
                x = start
                for _ in range(length // 3):
                    x = x * a
                    x = x + b
                    x = torch.tanh(x)
                for _ in range(length % 3):
                    x = torch.tanh(x)
                return x.sum()

            forward, backward, unrecorded = [], [], []
            for _ in range(15):
                begin = time.perf_counter()
                y = chain()
                forward.append(time.perf_counter() - begin)
                start.grad = None
                begin = time.perf_counter()
                y.backward()
                backward.append(time.perf_counter() - begin)
                with torch.no_grad():
                    begin = time.perf_counter()
                    chain()
                    unrecorded.append(time.perf_counter() - begin)
            for name, times in (("fwd", forward), ("bwd", backward), ("fwd_nograd", unrecorded)):
                # The first three warm up.
                self.measure.report(f"i_ops10k_n{size}_{name}", times[3:], operations=length)

    def conv(self):
        """Convolutions with bias, forward alone, and with the gradients of input, weight and bias."""
        for name, batch, inputs, side, outputs, kernel, stride, padding in CONVOLUTIONS:
            layer = nn.Conv2d(inputs, outputs, kernel, stride, padding)
            x = torch.rand(batch, inputs, side, side, requires_grad=True)
            places = (side + 2 * padding - kernel) // stride + 1
            gradient = torch.rand(batch, outputs, places, places)
            flop = 2 * batch * outputs * places**2 * inputs * kernel**2
            with torch.no_grad():
                times = self.measure.time_briefly(lambda: layer(x))
            self.measure.report(f"j_conv_{name}_fwd", times, flop=flop)

            def step():
                x.grad = layer.weight.grad = layer.bias.grad = None
                layer(x).backward(gradient)

            self.measure.report(f"j_conv_{name}_fwdbwd", self.measure.time_briefly(step), flop=3 * flop)

    def elementwise(self):
        """Four operations one after the other on 64 MB, cheap ones and those with exponentials."""
        x = torch.rand(16 << 20)
        moved = 4 * 2 * 4 * x.numel()
        with torch.no_grad():
            times = self.measure.time_briefly(lambda: (x * 0.5 + 0.25).relu().sqrt())
            self.measure.report("k_chain4_64mb", times, moved=moved)
            times = self.measure.time_briefly(lambda: x.exp().log().tanh().sigmoid())
            self.measure.report("k_chain4_exponential_64mb", times, moved=moved)

    def matmul(self):
        for n in (256, 512, 1024):
            a, b = torch.rand(n, n), torch.rand(n, n)
            with torch.no_grad():
                times = self.measure.time_briefly(lambda: a @ b)
            self.measure.report(f"l_matmul_{n}", times, flop=2 * n**3)


# Name, batch, input channels, side, output channels, kernel, stride, padding.
CONVOLUTIONS = [
    ("N8C64_56_K64_3x3", 8, 64, 56, 64, 3, 1, 1),
    ("N8C128_28_K128_3x3", 8, 128, 28, 128, 3, 1, 1),
    ("N8C512_7_K512_3x3", 8, 512, 7, 512, 3, 1, 1),
    ("N8C256_14_K1024_1x1", 8, 256, 14, 1024, 1, 1, 0),
    ("N8C3_224_K64_7x7s2", 8, 3, 224, 64, 7, 2, 3),
    ("N64C1_28_K6_5x5", 64, 1, 28, 6, 5, 1, 2),
]

WORKLOADS = [
    "mlp", "lenet5", "lenet5-infer", "resnet20", "resnet18", "resnet18-b1", "resnet18-b8", "lstm", "gru", "googlenet",
    "yolo", "yolo-b1", "ops", "conv", "elementwise", "matmul",
]

if __name__ == "__main__":
    options = parse(__doc__, WORKLOADS, ["eager", "tuned", "compile"])
    torch.set_num_threads(options.threads)
    torch.set_num_interop_threads(1)
    torch.manual_seed(0)
    measure = Measure(f"torch-{options.form}", options.threads, options.seconds)
    getattr(Bench(measure, options.form), options.workload.replace("-", "_"))()
