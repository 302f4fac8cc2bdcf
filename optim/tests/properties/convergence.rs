//! Every optimizer on two functions: how near it comes to the minimum, in a table.

use wengert::prelude::*;

/// Σ (wᵢ − i)², least at (0, 1).
fn parabola(w: &Tensor<f64>) -> Tensor<f64> {
    (w - &Tensor::from_vec([2], vec![0.0, 1.0])).square().sum(..)
}

/// (1 − a)² + 100 (b − a²)², least at (1, 1).
fn rosenbrock(w: &Tensor<f64>) -> Tensor<f64> {
    let (a, b) = (w.slice(0, 0..1), w.slice(0, 1..2));
    ((1.0 - &a).square() + (b - a.square()).square() * 100.0).sum(..)
}

type Function = fn(&Tensor<f64>) -> Tensor<f64>;
type Make = fn(Parameter<f64>) -> Box<dyn Optimizer<f64>>;

#[test]
fn each_comes_to_the_minimum() {
    #[rustfmt::skip]
    let table: [(&str, Function, [f64; 2], usize, Make); 12] = [
        ("sgd", parabola, [0.0, 1.0], 200, |p| Box::new(Sgd::new([p], 0.1))),
        ("sgd, inverse time", parabola, [0.0, 1.0], 400, |p| Box::new(Sgd::new([p], InverseTime::new(0.3, 0.01)))),
        ("momentum", parabola, [0.0, 1.0], 400, |p| Box::new(Sgd::new([p], 0.05).momentum(0.9))),
        ("averaged", parabola, [0.0, 1.0], 400, |p| Box::new(Sgd::new([p], 0.5).averaged_momentum(0.9))),
        ("nesterov", parabola, [0.0, 1.0], 400, |p| Box::new(Sgd::new([p], 0.05).momentum(0.9).nesterov(true))),
        ("adam", parabola, [0.0, 1.0], 1000, |p| Box::new(Adam::new([p], Cosine::new(0.1, 1000)))),
        ("adamw", parabola, [0.0, 1.0], 1000, |p| Box::new(AdamW::new([p], Cosine::new(0.1, 1000)).weight_decay(0.0))),
        ("sgd", rosenbrock, [1.0, 1.0], 50_000, |p| Box::new(Sgd::new([p], 1e-3))),
        ("momentum", rosenbrock, [1.0, 1.0], 10_000, |p| Box::new(Sgd::new([p], 5e-4).momentum(0.9))),
        ("nesterov", rosenbrock, [1.0, 1.0], 10_000, |p| Box::new(Sgd::new([p], 5e-4).momentum(0.9).nesterov(true))),
        ("adam", rosenbrock, [1.0, 1.0], 10_000, |p| Box::new(Adam::new([p], Cosine::new(0.05, 10_000)))),
        ("adamw", rosenbrock, [1.0, 1.0], 10_000, |p| Box::new(AdamW::new([p], Cosine::new(0.05, 10_000)).weight_decay(0.0))),
    ];
    for (name, function, minimum, steps, make) in table {
        let w = Parameter::new(Tensor::from_vec([2], vec![-1.0, 1.5]));
        let mut optimizer = make(w.clone());
        for _ in 0..steps {
            let tape = Tape::new();
            optimizer.step(&function(&tape.watch(&w)).backward());
        }
        let end = w.value().to_vec();
        let far = end.iter().zip(minimum).map(|(x, m)| (x - m).abs()).fold(0.0, f64::max);
        assert!(far < 1e-3, "{name}: ends at {end:?}, the minimum is at {minimum:?}");
    }
}
