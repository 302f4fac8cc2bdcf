//! The layers: PyTorch's numbers, gradients to every parameter, copies, freezing, wrong configurations.

mod activation;
mod buffer;
mod composition;
mod configuration;
mod convolution;
mod dropout;
mod embedding;
mod linear;
mod mistakes;
mod normalization;
mod pooling;
mod proofs;
mod recurrent;
mod shapes;

use wengert::prelude::*;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(3)
}

/// Element i is ((i·k) mod 11 − 5)/8.
fn ramp<T: Float>(shape: impl AsRef<[usize]>, k: usize) -> Tensor<T> {
    let n: usize = shape.as_ref().iter().product();
    Tensor::from_vec(shape, (0..n).map(|i| T::from_f64(((i * k % 11) as f64 - 5.0) / 8.0)).collect())
}

/// Parameter j is the ramp of step j + 2.
fn filled<M: Module<f64>>(module: M) -> M {
    module.parameters().iter().enumerate().for_each(|(j, p)| p.set(&ramp(p.shape(), j + 2)));
    module
}

#[track_caller]
fn close(found: &Tensor<f64>, expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.to_vec().into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-10, "found {found}, expected {expected}");
    }
}

/// Gradients reach every parameter on an evaluating and on a training tape, and none of them is zero.
fn gradients_flow(layer: &dyn Layer<f64>, input: &[usize]) {
    for tape in [Tape::new(), Tape::training(1)] {
        let x = tape.variable(ramp(input, 3));
        let y = layer.forward(&x);
        let grads = (&y * ramp(y.shape(), 7)).sum(..).backward();
        for (name, parameter) in layer.named_parameters() {
            let gradient = grads.get(&parameter).unwrap_or_else(|| panic!("{name} got no gradient"));
            assert_eq!(gradient.shape(), parameter.shape());
            assert!(gradient.view().iter().any(|&g| g != 0.0), "the gradient of {name} is zero");
            assert!(gradient.view().iter().all(|g| g.is_finite()));
        }
        assert!(grads.get(&x).is_some_and(|g| g.view().iter().any(|&g| g != 0.0)));
    }
}

/// The text with which a wrong program panics, and the line.
fn panic_of(f: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = std::panic::catch_unwind(f).expect_err("it should panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}
