//! Every optimizer on three losses: how low it comes, in a table.

use wengert::prelude::*;

use crate::optimizers::Minimizer;

/// Where the walks in the plane start.
const STARTS: [[f64; 2]; 3] = [[-1.0, 1.5], [-0.5, -0.5], [0.3, 2.0]];

/// A walk of several points at once: one optimizer, with a loss for each row of its parameter.
fn walk(optimizer: impl Fn(Vec<Parameter<f64>>) -> Box<dyn Minimizer<f64>>, steps: u64, loss: Plane) -> f64 {
    let w = Parameter::new(Tensor::from_vec([3, 2], STARTS.concat()));
    let mut optimizer = optimizer(vec![w.clone()]);
    (0..steps).for_each(|_| optimizer.minimize(&|| loss(&Tape::new().watch(&w)).sum(..)));
    loss(&w.value()).max(..).item()
}

/// The loss of each point, least at 0.
type Plane = fn(&Tensor<f64>) -> Tensor<f64>;

/// x² + (y − 1)².
fn parabola(w: &Tensor<f64>) -> Tensor<f64> {
    (w - &Tensor::from_vec([2], vec![0.0, 1.0])).square().sum(1)
}

/// (1 − x)² + 100 (y − x²)².
fn rosenbrock(w: &Tensor<f64>) -> Tensor<f64> {
    let (x, y) = (w.slice(1, 0..1), w.slice(1, 1..2));
    ((1.0 - &x).square() + (y - x.square()).square() * 100.0).sum(1)
}

/// The mean squared error of a small network that learns the product of two numbers, after some steps from
/// the initial values of a seed.
fn network(optimizer: impl Fn(Vec<Parameter<f64>>) -> Box<dyn Minimizer<f64>>, steps: u64, seed: u64) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let net =
        Sequential::new().push(Linear::new(2, 8, &mut rng)).push(Tanh).push(Linear::new(8, 1, &mut rng));
    let points = (0..16).flat_map(|i| [(1.7 * f64::from(i)).sin(), (2.9 * f64::from(i)).cos()]);
    let x = Tensor::from_vec([16, 2], points.collect());
    let target = x.slice(1, 0..1) * x.slice(1, 1..2);
    let loss = |x: &Tensor<f64>| (net.forward(x) - &target).square().mean(..);
    assert!(loss(&x).item() > 0.1, "nothing to learn");
    let mut optimizer = optimizer(net.parameters());
    (0..steps).for_each(|_| optimizer.minimize(&|| loss(&Tape::new().constant(&x))));
    loss(&x).item()
}

/// An optimizer at a learning rate, which it may lower over so many steps.
type Make = fn(Vec<Parameter<f64>>, f64, u64) -> Box<dyn Minimizer<f64>>;

struct Row {
    name: &'static str,
    make: Make,
    /// The learning rates on the parabola, on Rosenbrock's function and for the network.
    rates: [f64; 3],
    /// What the loss on Rosenbrock's function must fall below; at the starts it is 29 to 370.
    rosenbrock: f64,
}

#[rustfmt::skip]
fn table() -> Vec<Row> {
    let row = |name, rates, rosenbrock, make| Row { name, make, rates, rosenbrock };
    vec![
        row("sgd", [0.1, 2e-3, 0.3], 1e-3, |p, rate, _| Box::new(Sgd::new(p, rate))),
        row("sgd, inverse time", [0.3, 2e-3, 0.4], 0.1, |p, rate, n| Box::new(Sgd::new(p, InverseTime::new(rate, 2.0 / n as f64)))),
        row("momentum", [0.05, 5e-4, 0.05], 1e-6, |p, rate, _| Box::new(Sgd::new(p, rate).momentum(0.9))),
        row("averaged", [0.5, 5e-3, 0.5], 1e-6, |p, rate, _| Box::new(Sgd::new(p, rate).averaged_momentum(0.9))),
        row("nesterov", [0.05, 5e-4, 0.05], 1e-6, |p, rate, _| Box::new(Sgd::new(p, rate).momentum(0.9).nesterov(true))),
        row("adagrad", [0.5, 0.5, 0.2], 0.03, |p, rate, _| Box::new(Adagrad::new(p, rate))),
        row("adadelta", [1.0, 0.1, 10.0], 5e-3, |p, rate, n| Box::new(Adadelta::new(p, Cosine::new(rate, n)).eps(if rate > 5.0 { 1e-3 } else { 1e-4 }))),
        row("rmsprop", [0.05, 0.01, 0.01], 5e-4, |p, rate, n| Box::new(RmsProp::new(p, Cosine::new(rate, n)))),
        row("centred rmsprop with momentum", [0.05, 5e-3, 5e-3], 1e-7, |p, rate, n| Box::new(RmsProp::new(p, Cosine::new(rate, n)).centered(true).momentum(0.5))),
        row("adam", [0.1, 0.1, 0.05], 1e-4, |p, rate, n| Box::new(Adam::new(p, Cosine::new(rate, n)))),
        row("amsgrad", [0.1, 0.2, 0.05], 1e-4, |p, rate, n| Box::new(Adam::new(p, Cosine::new(rate, n)).amsgrad(true))),
        row("adamw", [0.1, 0.1, 0.05], 1e-4, |p, rate, n| Box::new(AdamW::new(p, Cosine::new(rate, n)).weight_decay(0.0))),
        row("adamax", [0.1, 0.2, 0.05], 1e-3, |p, rate, n| Box::new(Adamax::new(p, Cosine::new(rate, n)))),
        row("nadam", [0.1, 0.05, 0.05], 1e-2, |p, rate, n| Box::new(NAdam::new(p, Cosine::new(rate, n)))),
        // Its first steps are as long as the gradients.
        row("radam", [0.1, 0.05, 0.05], 0.03, |p, rate, n| Box::new(RAdam::new(p, Cosine::new(rate, n).warmup(n / 40)))),
        row("rprop", [0.1, 0.01, 0.01], 1e-5, |p, rate, _| Box::new(Rprop::new(p, rate))),
        row("lion", [0.05, 0.01, 0.01], 1e-4, |p, rate, n| Box::new(Lion::new(p, Cosine::new(rate, n)).weight_decay(0.0))),
    ]
}

#[test]
fn each_comes_to_the_minimum() {
    let mut failures = Vec::new();
    let mut below = |name: &str, on: &str, limit: f64, end: f64| {
        if end.is_nan() || end >= limit {
            failures.push(format!("{name}, {on}: ends at {end:e}, not below {limit:e}"));
        }
    };
    for Row { name, make, rates, rosenbrock: limit } in table() {
        below(name, "parabola", 1e-6, walk(|p| make(p, rates[0], 400), 400, parabola));
        below(name, "rosenbrock", limit, walk(|p| make(p, rates[1], 4000), 4000, rosenbrock));
        for seed in 0..3 {
            below(name, "network", 0.03, network(|p| make(p, rates[2], 300), 300, seed));
        }
    }
    let search: [(&str, Option<LineSearch>, f64); 2] =
        [("lbfgs with a line search", Some(LineSearch::StrongWolfe), 1.0), ("lbfgs", None, 0.3)];
    for (name, search, rate) in search {
        let make = |p| -> Box<dyn Minimizer<f64>> { Box::new(Lbfgs::new(p, rate).line_search_fn(search)) };
        below(name, "parabola", 1e-8, walk(make, 5, parabola));
        below(name, "rosenbrock", 1e-7, walk(make, 20, rosenbrock));
        for seed in 0..3 {
            below(name, "network", 3e-3, network(make, 5, seed));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
