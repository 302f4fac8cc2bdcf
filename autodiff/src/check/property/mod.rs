//! Property-based proofs: an operation, a function or a module against thousands of random cases (feature
//! `proptest`).
//!
//! A [`Battery`] draws cases with [proptest](https://docs.rs/proptest): shapes, options, values without ties,
//! and how each input lies in memory. It puts every case through all that an operation should hold, and shrinks
//! one that fails to the smallest shape that still does. The table of Wengert's own operations is proved by it.
//!
//! ```
//! use wengert::autodiff::check::property::{Battery, cases, pair};
//! use wengert::prelude::*;
//!
//! fn squared_distance<T: Float>(x: &[Tensor<T>], _: &()) -> Tensor<T> {
//!     (&x[0] - &x[1]).square().sum(-1)
//! }
//!
//! # fn at_least_rank_1((shapes, ()): &(Vec<Vec<usize>>, ())) -> bool { shapes.iter().any(|s| !s.is_empty()) }
//! // Two inputs whose shapes broadcast together, with elements in −2..2.
//! # use proptest::strategy::Strategy;
//! let cases = || cases(pair().prop_filter("there is an axis", at_least_rank_1), -2.0..=2.0);
//! Battery::new().cases(16).operation("distance", cases, squared_distance::<f64>, squared_distance::<f32>);
//! ```
//!
//! As a test of its own, for a function that is generic over the element type,
//! [`property_test!`](crate::property_test) writes both instances.

mod case;
mod function;
mod fused;
mod run;
mod strategies;

use std::fmt::Debug;
use std::sync::Arc;

use proptest::strategy::{BoxedStrategy, Strategy};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::{Check, IntoOutputs};
use crate::Tensor;
use case::Case;

pub use case::{Input, Layout};
pub use strategies::{
    Cases, Plan, axis, broadcastable, cases, full_shape, off, one, one_with, order, pair, shape, size, some,
    triple, up_to, with_zeros,
};

/// Small cases from the fixed seed.
const CASES: u32 = 64;
/// Large cases beside them; more small ones bring more by the root of their number.
const LARGE_CASES: u32 = 3;

/// How an operation is proved: the gradient check of each case, how many cases, from which seed.
///
/// For each small case, with outputs y:
/// - the gradients of y + y²/4 are right to the first and second order and in forward mode, on inputs that lie in
///   memory as the case says (the square lets the second order reach the rules of linear operations too);
/// - two calls give the same bits, and a recorded replay the plain one's gradients; fused functions give the
///   outputs of their composed forms;
/// - views give the results of row-major copies, `f32` nearly those of `f64`, with gradients.
///
/// For each large case, of 2¹³ to 2¹⁷ elements: the same along random directions, and that one thread and three
/// give the same bits.
///
/// The environment variable `WENGERT_CASES` sets the number of small cases and draws them from a random seed, which
/// is printed; `WENGERT_SEED` repeats that one.
#[derive(Clone, Debug)]
pub struct Battery {
    check: Check,
    cases: u32,
    seed: u64,
}

impl Default for Battery {
    fn default() -> Self {
        Self::new()
    }
}

impl Battery {
    /// 64 small and 3 large cases, checked to the second order on an evaluating tape.
    pub const fn new() -> Self {
        Self { check: Check::new().order(2), cases: CASES, seed: 7 }
    }

    /// The gradient check of each case (default: second order): its bounds, its steps, whether it trains.
    pub const fn check(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    /// The number of small cases (default: 64). Beside n small ones there are 3·√(n/64) large ones.
    pub const fn cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// The seed that cases are drawn from (default: 7).
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Proves an operation, given at both element types: a function of the inputs and the options that a case
    /// draws. It gives a tensor, or an array, vector or tuple of tensors.
    ///
    /// `cases` is called twice, for small and for large sizes: its strategies come from this module
    /// ([`cases`], [`shape`], [`size`], …), which know which are wanted.
    ///
    /// # Panics
    /// With the smallest case that fails, and what fails there.
    #[track_caller]
    pub fn operation<O, R, S>(
        &self,
        name: &str,
        cases: impl Fn() -> Cases<O>,
        double: impl Fn(&[Tensor<f64>], &O) -> R + Send + Sync + 'static,
        single: impl Fn(&[Tensor<f32>], &O) -> S + Send + Sync + 'static,
    ) where
        O: Debug + Clone + Send + Sync + 'static,
        R: IntoOutputs<f64>,
        S: IntoOutputs<f32>,
    {
        let (double, single) = (Arc::new(double), Arc::new(single));
        let whole = move |(inputs, options): (Vec<Input>, O)| {
            let (a, b) = (options.clone(), options.clone());
            let (double, single) = (double.clone(), single.clone());
            Case {
                inputs,
                options: format!("{options:?}"),
                double: Arc::new(move |x| double(x, &a).into_outputs()),
                single: Arc::new(move |x| single(x, &b).into_outputs()),
            }
        };
        let small = cases().prop_map(whole.clone()).boxed();
        let large = strategies::large(cases).prop_map(whole).boxed();
        let found = self.run(name, &small, &large);
        if let Err(failure) = found {
            panic!("{failure}");
        }
    }

    /// Not generic: proptest's runner is compiled once, not for every operation.
    fn run(
        &self,
        name: &str,
        small: &BoxedStrategy<Case>,
        large: &BoxedStrategy<Case>,
    ) -> Result<(), String> {
        let (count, seed) = match std::env::var("WENGERT_CASES") {
            Ok(n) => (n.parse().expect("WENGERT_CASES is a number of cases"), random_seed(name)),
            Err(_) => (self.cases, self.seed),
        };
        draw(name, seed, count, small, &|case| run::prove_small(&self.check, case))?;
        // Large cases take most of the time: their number grows by the root.
        let large_count = f64::from(LARGE_CASES) * (f64::from(count) / f64::from(CASES)).sqrt();
        draw(name, seed, large_count.ceil() as u32, large, &|case| run::prove_large(&self.check, case))
    }
}

/// Proves cases until one fails, and shrinks that one.
fn draw<C: Debug>(
    name: &str,
    seed: u64,
    cases: u32,
    strategy: &BoxedStrategy<C>,
    prove: &dyn Fn(&C) -> Result<(), String>,
) -> Result<(), String> {
    let config = Config {
        cases,
        failure_persistence: None,
        max_global_rejects: 1 << 16,
        max_local_rejects: 1 << 20,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    match runner.run(strategy, |case| prove(&case).map_err(TestCaseError::fail)) {
        Ok(()) => Ok(()),
        Err(TestError::Fail(reason, case)) => {
            Err(format!("{name}: {reason}\nthe smallest case that fails:\n{case:?}"))
        }
        Err(error) => Err(format!("{name}: {error}")),
    }
}

/// A seed from the system's randomness, printed so that a failure can be run again.
fn random_seed(name: &str) -> u64 {
    let seed = match std::env::var("WENGERT_SEED") {
        Ok(seed) => seed.parse().expect("WENGERT_SEED is a whole number"),
        Err(_) => rand::random(),
    };
    println!("{name}: WENGERT_SEED={seed}");
    seed
}

/// A test that proves an operation at both element types.
///
/// `property_test!(name, cases, |x, o: Options| result)`: `cases` is an expression of type
/// [`Cases`](crate::check::property::Cases), `x` the slice of the inputs, `o` a reference to the options, and the
/// result a tensor, or an array, vector or tuple of tensors; it is compiled for `f32` and `f64`. Without options,
/// `|x| result`. A [`Check`](crate::check::Check) in front of the cases replaces the default one of the second
/// order.
///
/// ```
/// use wengert::autodiff::check::property::{cases, one};
/// use wengert::autodiff::property_test;
///
/// property_test!(swish, cases(one(), -3.0..=3.0), |x| &x[0] * x[0].sigmoid());
/// ```
#[macro_export]
macro_rules! property_test {
    ($name:ident, $cases:expr, |$x:ident| $result:expr) => {
        $crate::property_test!($name, $crate::check::Check::new().order(2), $cases, |$x, _o: ()| $result);
    };
    ($name:ident, $cases:expr, |$x:ident, $o:ident: $options:ty| $result:expr) => {
        $crate::property_test!($name, $crate::check::Check::new().order(2), $cases, |$x, $o: $options| {
            $result
        });
    };
    ($name:ident, $check:expr, $cases:expr, |$x:ident, $o:ident: $options:ty| $result:expr) => {
        #[test]
        fn $name() {
            #[allow(clippy::ptr_arg)] // An option may be a vector.
            fn run<T: $crate::Float>($x: &[$crate::Tensor<T>], $o: &$options) -> Vec<$crate::Tensor<T>> {
                $crate::check::IntoOutputs::into_outputs($result)
            }
            let battery = $crate::check::property::Battery::new().check($check);
            battery.operation(stringify!($name), || $cases, run::<f64>, run::<f32>);
        }
    };
}
