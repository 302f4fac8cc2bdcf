"""Workloads of benches/workloads in JAX on the CPU: training steps under `jit`, pictures in NHWC.

python bench.py lstm --threads 2

JAX has as many threads as the process may use processors: who starts this says so, as benches/run.py does; `--threads`
is only what is printed. A process measures one workload.
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import optax
from jax import lax, random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from measure import Measure, parse  # noqa: E402

KEYS = iter(random.split(random.PRNGKey(0), 400))
SGD = optax.sgd(1e-3, momentum=0.9)
ADAM = optax.adam(1e-4)


def weight(*shape):
    return random.normal(next(KEYS), shape) * 0.05


def labels(classes, *shape):
    return random.randint(next(KEYS), shape, 0, classes)


def dense(inputs, outputs):
    return {"weight": weight(inputs, outputs), "bias": jnp.zeros(outputs)}


def linear(layer, x):
    return x @ layer["weight"] + layer["bias"]


def conv(kernel, x, stride=1, padding="SAME"):
    return lax.conv_general_dilated(x, kernel, (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def cross_entropy(logits, y):
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()


def train(measure, workload, parameters, state, loss, optimizer, batch):
    """`loss` gives the loss and the new state, such as running statistics."""

    def step(parameters, state, moments):
        (_, state), gradients = jax.value_and_grad(loss, has_aux=True)(parameters, state, batch)
        updates, moments = optimizer.update(gradients, moments, parameters)
        return optax.apply_updates(parameters, updates), state, moments

    step = jax.jit(step, donate_argnums=(0, 1, 2))
    carried = [parameters, state, optimizer.init(parameters)]

    def run():
        carried[:] = step(*carried)
        jax.block_until_ready(carried)

    measure.report(workload, measure.time(run))


def mlp(measure):
    parameters = [dense(784, 512), dense(512, 256), dense(256, 10)]

    def loss(layers, state, batch):
        x, y = batch
        for layer in layers[:-1]:
            x = jax.nn.relu(linear(layer, x))
        return cross_entropy(linear(layers[-1], x), y), state

    train(measure, "a_mlp_b128", parameters, 0, loss, ADAM, (weight(128, 784), labels(10, 128)))


def avg_pool(x):
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).mean((2, 4))


def lenet5(measure):
    parameters = {
        "c1": weight(5, 5, 1, 6), "b1": jnp.zeros(6),
        "c3": weight(5, 5, 6, 16), "b3": jnp.zeros(16),
        "dense": [dense(400, 120), dense(120, 84), dense(84, 10)],
    }

    def loss(p, state, batch):
        x, y = batch
        x = avg_pool(jnp.tanh(conv(p["c1"], x) + p["b1"]))
        x = avg_pool(jnp.tanh(conv(p["c3"], x, padding="VALID") + p["b3"]))
        x = x.reshape(x.shape[0], -1)
        for layer in p["dense"][:-1]:
            x = jnp.tanh(linear(layer, x))
        return cross_entropy(linear(p["dense"][-1], x), y), state

    train(measure, "b_lenet5_b64", parameters, 0, loss, SGD, (weight(64, 28, 28, 1), labels(10, 64)))


def batch_norm(p, state, x):
    mean = x.mean((0, 1, 2))
    variance = ((x - mean) ** 2).mean((0, 1, 2))
    y = (x - mean) * lax.rsqrt(variance + 1e-5) * p["weight"] + p["bias"]
    return y, {"mean": 0.9 * state["mean"] + 0.1 * mean, "var": 0.9 * state["var"] + 0.1 * variance}


def resnet20(measure):
    parameters, statistics, blocks = {"conv": weight(3, 3, 3, 16), "fc": dense(64, 10)}, {}, []

    def add_norm(name, channels):
        parameters[name] = {"weight": jnp.ones(channels), "bias": jnp.zeros(channels)}
        statistics[name] = {"mean": jnp.zeros(channels), "var": jnp.ones(channels)}

    add_norm("bn", 16)
    inputs = 16
    for outputs in (16, 32, 64):
        for i in range(3):
            name, stride = f"{outputs}.{i}.", 2 if outputs != 16 and i == 0 else 1
            parameters[name + "conv1"] = weight(3, 3, inputs, outputs)
            parameters[name + "conv2"] = weight(3, 3, outputs, outputs)
            add_norm(name + "bn1", outputs)
            add_norm(name + "bn2", outputs)
            projected = inputs != outputs
            if projected:
                parameters[name + "conv3"] = weight(1, 1, inputs, outputs)
                add_norm(name + "bn3", outputs)
            blocks.append((name, stride, projected))
            inputs = outputs

    def loss(p, statistics, batch):
        new = {}

        def norm(name, x):
            y, new[name] = batch_norm(p[name], statistics[name], x)
            return y

        x, y = batch
        x = jax.nn.relu(norm("bn", conv(p["conv"], x)))
        for name, stride, projected in blocks:
            h = jax.nn.relu(norm(name + "bn1", conv(p[name + "conv1"], x, stride, ((1, 1), (1, 1)))))
            h = norm(name + "bn2", conv(p[name + "conv2"], h))
            if projected:
                x = norm(name + "bn3", conv(p[name + "conv3"], x, stride, "VALID"))
            x = jax.nn.relu(h + x)
        return cross_entropy(linear(p["fc"], x.mean((1, 2))), y), new

    train(measure, "c_resnet20_b64", parameters, statistics, loss, SGD, (weight(64, 32, 32, 3), labels(10, 64)))


def characters(measure, workload, gates, cell, state):
    """An embedding, two recurrent layers of 256 units as scans over time, and a linear layer."""

    def layer(inputs):
        return {
            "input": weight(inputs, gates * 256), "hidden": weight(256, gates * 256),
            "bias": jnp.zeros(gates * 256), "hidden_bias": jnp.zeros(256),
        }

    parameters = {"embedding": weight(96, 64), "layers": [layer(64), layer(256)], "head": dense(256, 96)}

    def loss(p, unused, batch):
        ids, y = batch
        x = p["embedding"][ids.T]
        for q in p["layers"]:
            # One product for the inputs of all steps.
            _, x = lax.scan(lambda carried, z: cell(q, carried, z), state(ids.shape[0]), x @ q["input"] + q["bias"])
        return cross_entropy(linear(p["head"], x), y.T), unused

    train(measure, workload, parameters, 0, loss, ADAM, (labels(96, 32, 64), labels(96, 32, 64)))


def lstm(measure):
    def cell(q, carried, z):
        h, c = carried
        i, g, f, o = jnp.split(z + h @ q["hidden"], 4, 1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    characters(measure, "e_lstm_b32_t64", 4, cell, lambda n: (jnp.zeros((n, 256)), jnp.zeros((n, 256))))


def gru(measure):
    def cell(q, h, z):
        r, u, n = jnp.split(z, 3, 1)
        hr, hu, hn = jnp.split(h @ q["hidden"], 3, 1)
        r, u = jax.nn.sigmoid(r + hr), jax.nn.sigmoid(u + hu)
        n = jnp.tanh(n + r * (hn + q["hidden_bias"]))
        h = (1 - u) * n + u * h
        return h, h

    characters(measure, "f_gru_b32_t64", 3, cell, lambda n: jnp.zeros((n, 256)))


WORKLOADS = {"mlp": mlp, "lenet5": lenet5, "resnet20": resnet20, "lstm": lstm, "gru": gru}

if __name__ == "__main__":
    options = parse(__doc__, WORKLOADS)
    WORKLOADS[options.workload](Measure("jax", options.threads, options.seconds))
