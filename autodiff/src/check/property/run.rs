//! What is proved of a case.

use std::sync::LazyLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::case::{Case, Run};
use super::fused;
use crate::check::Check;
use crate::{Float, Tensor};

/// How far results may lie apart, relative to the largest element.
struct Tolerance {
    /// On views and on contiguous copies: another order of a sum.
    views: f64,
    /// By a fused function and by its composed form.
    fused: f64,
    /// In `f32` and in `f64`.
    single: f64,
    /// Gradients in `f32` and in `f64`.
    single_gradient: f64,
}

const SMALL: Tolerance = Tolerance { views: 1e-12, fused: 1e-11, single: 2e-5, single_gradient: 2e-4 };
const LARGE: Tolerance = Tolerance { views: 1e-10, fused: 1e-9, single: 2e-4, single_gradient: 2e-3 };

pub(super) fn prove_small(check: &Check, case: &Case) -> Result<(), String> {
    prove_gradients(check, case)?;
    prove_fused(check, case, &SMALL)?;
    prove_results(check, case, &SMALL)
}

pub(super) fn prove_large(check: &Check, case: &Case) -> Result<(), String> {
    prove_gradients(&check.clone().directions(2), case)?;
    prove_fused(check, case, &LARGE)?;
    prove_results(check, case, &LARGE)?;
    let inputs = case.lay_out(&case.tensors());
    let in_pool = |threads: &ThreadPool| threads.install(|| run(check, &inputs, &case.double));
    static POOLS: LazyLock<[ThreadPool; 2]> =
        LazyLock::new(|| [1, 3].map(|n| ThreadPoolBuilder::new().num_threads(n).build().unwrap()));
    near("on one thread and on three", &in_pool(&POOLS[0]), &in_pool(&POOLS[1]), 0.0, 0.0)
}

fn prove_gradients(check: &Check, case: &Case) -> Result<(), String> {
    let f = |x: &[Tensor<f64>]| curved((case.double)(&case.lay_out(x)));
    let report = check.gradients(f, &case.tensors()).map_err(|error| error.to_string())?;
    if report.is_right() { Ok(()) } else { Err(report.to_string()) }
}

fn prove_fused(check: &Check, case: &Case, tolerance: &Tolerance) -> Result<(), String> {
    let tape = check.tape();
    let leaves: Vec<_> = case.tensors().iter().map(|x| tape.variable(x)).collect();
    (case.double)(&leaves);
    fused::agree_on(&tape, tolerance.fused)
}

fn prove_results(check: &Check, case: &Case, tolerance: &Tolerance) -> Result<(), String> {
    let inputs = case.tensors();
    let on_views = run(check, &case.lay_out(&inputs), &case.double);
    let on_copies = run(check, &inputs, &case.double);
    near("on views and on copies", &on_views, &on_copies, tolerance.views, tolerance.views)?;
    let narrow: Vec<Tensor<f32>> = inputs.iter().map(Tensor::cast).collect();
    let in_single = run(check, &case.lay_out(&narrow), &case.single);
    let Tolerance { single, single_gradient, .. } = *tolerance;
    near("in f32 and in f64", &in_single, &on_copies, single, single_gradient)
}

fn curved(outputs: Vec<Tensor<f64>>) -> Vec<Tensor<f64>> {
    outputs.iter().map(|y| y + y.square() * 0.25).collect()
}

/// Outputs, and the gradients of their weighted sum.
struct Found {
    outputs: Vec<Tensor<f64>>,
    gradients: Vec<Tensor<f64>>,
}

fn run<T: Float>(check: &Check, inputs: &[Tensor<T>], f: &Run<T>) -> Found {
    let tape = check.tape();
    let leaves: Vec<_> = inputs.iter().map(|x| tape.variable(x)).collect();
    let outputs = f(&leaves);
    // Weights 1, −2, 3, 1, −2, 3, …: the sum of a softmax has no gradient, this one has.
    let weighted = |y: &Tensor<T>| {
        let weights = (0..y.len()).map(|i| T::from_f64([1.0, -2.0, 3.0][i % 3])).collect();
        (y * Tensor::from_vec(y.shape(), weights)).sum(..)
    };
    let sum = outputs.iter().map(weighted).reduce(|a, b| a + b).expect("an operation has an output");
    let grads = sum.backward();
    let zeros = |x: &Tensor<T>| Tensor::zeros(x.shape());
    Found {
        outputs: outputs.iter().map(Tensor::cast).collect(),
        gradients: leaves.iter().map(|x| grads.get(x).map_or_else(|| zeros(x), Tensor::cast)).collect(),
    }
}

fn near(what: &str, a: &Found, b: &Found, outputs: f64, gradients: f64) -> Result<(), String> {
    for (name, a, b, tolerance) in
        [("output", &a.outputs, &b.outputs, outputs), ("gradient", &a.gradients, &b.gradients, gradients)]
    {
        for (i, (a, b)) in a.iter().zip(b).enumerate() {
            if a.shape() != b.shape() {
                return Err(format!("{name} {i} {what} has the shapes {:?} and {:?}", a.shape(), b.shape()));
            }
            let (a, b) = (a.to_vec(), b.to_vec());
            let scale = b.iter().fold(1.0, |m: f64, x| m.max(x.abs()));
            let apart = |(a, b): (&f64, &f64)| (a - b).abs() > tolerance * scale || a.is_nan() != b.is_nan();
            if let Some(at) = a.iter().zip(&b).position(apart) {
                return Err(format!("{name} {i} {what} is {} and {} at element {at}", a[at], b[at]));
            }
        }
    }
    Ok(())
}
