//! What every row proves of its operation.

use std::fmt::Debug;
use std::sync::{Arc, LazyLock};

use proptest::strategy::{BoxedStrategy, Strategy};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use rayon::{ThreadPool, ThreadPoolBuilder};
use wengert::autodiff::check::Check;
use wengert::prelude::*;

use crate::case::{Case, Input, Run};
use crate::strategies::{self, Cases};

/// An operation at one element type.
pub(crate) type Operation<T, O> = fn(&[Tensor<T>], &O) -> Vec<Tensor<T>>;

/// Cases a row from the fixed seed.
const CASES: u32 = 64;
/// Large cases a row, for each 64 small ones.
const LARGE_CASES: u32 = 3;

/// How far results may lie apart, relative to the largest element.
struct Tolerance {
    /// On views and on contiguous copies: another order of a sum.
    views: f64,
    /// In `f32` and in `f64`.
    single: f64,
    /// Gradients in `f32` and in `f64`.
    single_gradient: f64,
}

const SMALL: Tolerance = Tolerance { views: 1e-12, single: 2e-5, single_gradient: 2e-4 };
const LARGE: Tolerance = Tolerance { views: 1e-10, single: 2e-4, single_gradient: 2e-3 };

/// Proves an operation on cases from a fixed seed, or on `WENGERT_CASES` of them from a random one.
///
/// For each small case: the gradients of y + y²/4 are right to the first and second order, on inputs that lie as
/// the case says (the square lets the second order reach the rules of linear operations too); a recorded
/// replay gives the plain one's gradients; contiguous copies give the views' results; `f32` gives nearly the
/// `f64` results and gradients. For each large case the same along random directions, and that one thread
/// and three give the same bits.
pub(crate) fn prove<O: Debug + Clone + Send + Sync + 'static>(
    name: &str,
    check: Check,
    cases: impl Fn() -> Cases<O>,
    double: Operation<f64, O>,
    single: Operation<f32, O>,
) {
    let whole = move |(inputs, options): (Vec<Input>, O)| {
        let (a, b) = (options.clone(), options.clone());
        Case {
            inputs,
            options: format!("{options:?}"),
            double: Arc::new(move |x| double(x, &a)),
            single: Arc::new(move |x| single(x, &b)),
        }
    };
    let (small, large) = (cases().prop_map(whole).boxed(), strategies::large(cases).prop_map(whole).boxed());
    let (count, seed) = match std::env::var("WENGERT_CASES") {
        Ok(n) => (n.parse().expect("WENGERT_CASES is a number of cases"), random_seed(name)),
        Err(_) => (CASES, [7; 32]),
    };
    prove_cases(name, seed, count, &small, &|case| prove_small(&check, case));
    prove_cases(name, seed, (count * LARGE_CASES).div_ceil(CASES), &large, &|case| prove_large(&check, case));
}

/// Not generic: the runner is compiled once, not for every row.
fn prove_cases(
    name: &str,
    seed: [u8; 32],
    cases: u32,
    strategy: &BoxedStrategy<Case>,
    prove: &dyn Fn(&Case) -> Result<(), String>,
) {
    let config = Config {
        cases,
        failure_persistence: None,
        max_global_rejects: 1 << 16,
        max_local_rejects: 1 << 20,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    match runner.run(strategy, |case| prove(&case).map_err(TestCaseError::fail)) {
        Ok(()) => {}
        Err(TestError::Fail(reason, case)) => {
            panic!("{name}: {reason}\nthe smallest case that fails:\n{case:?}")
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

/// A seed from the system's clock and randomness, printed so that a failure can be run again.
fn random_seed(name: &str) -> [u8; 32] {
    let number = match std::env::var("WENGERT_SEED") {
        Ok(seed) => seed.parse().expect("WENGERT_SEED is a whole number"),
        Err(_) => rand::random::<u64>(),
    };
    println!("{name}: WENGERT_SEED={number}");
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    seed
}

fn prove_small(check: &Check, case: &Case) -> Result<(), String> {
    prove_gradients(check, case)?;
    prove_results(check, case, &SMALL)
}

fn prove_large(check: &Check, case: &Case) -> Result<(), String> {
    prove_gradients(&check.clone().directions(2), case)?;
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

/// A row of the table: a test of the operation's name.
///
/// `row!(name, cases, |x, options: Options| result)`, where `x` is the slice of the inputs and the result is
/// a tensor, or an array, vector or tuple of tensors, and is compiled for `f32` and `f64`. A check in front
/// of the cases replaces the default second-order one.
#[macro_export]
macro_rules! row {
    ($name:ident, $cases:expr, |$x:ident| $result:expr) => {
        $crate::row!($name, ::wengert::autodiff::check::Check::new().order(2), $cases, |$x, _o: ()| $result);
    };
    ($name:ident, $cases:expr, |$x:ident, $o:ident: $options:ty| $result:expr) => {
        $crate::row!($name, ::wengert::autodiff::check::Check::new().order(2), $cases, |$x, $o: $options| {
            $result
        });
    };
    ($name:ident, $check:expr, $cases:expr, |$x:ident, $o:ident: $options:ty| $result:expr) => {
        #[test]
        fn $name() {
            #[allow(clippy::ptr_arg)] // An option may be a vector.
            fn run<T: ::wengert::prelude::Float>(
                $x: &[::wengert::prelude::Tensor<T>],
                $o: &$options,
            ) -> Vec<::wengert::prelude::Tensor<T>> {
                ::wengert::autodiff::check::IntoOutputs::into_outputs($result)
            }
            $crate::proof::prove(stringify!($name), $check, || $cases, run::<f64>, run::<f32>);
        }
    };
}
