//! What sets one algorithm apart from another.

mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod decay;
mod lion;
mod moments;
mod nadam;
mod radam;
mod rms_prop;
mod rprop;
mod sgd;

use std::fmt::Debug;

use autodiff::Float;

pub use adadelta::{Adadelta, AdadeltaRule};
pub use adagrad::{Adagrad, AdagradRule};
pub use adam::{Adam, AdamRule, AdamW};
pub use adamax::{Adamax, AdamaxRule};
pub use lion::{Lion, LionRule};
pub use nadam::{NAdam, NAdamRule};
pub use radam::{RAdam, RAdamRule};
pub use rms_prop::{RmsProp, RmsPropRule};
pub use rprop::{Rprop, RpropRule};
pub use sgd::{Sgd, SgdRule};

/// An optimization algorithm: how the elements of one tensor follow from their gradient and their state.
///
/// [`Descent`](crate::Descent) does the rest, so a new algorithm is this arithmetic and a constructor.
///
/// ```
/// use wengert::autodiff::Float;
/// use wengert::optim::{Descent, Optimizer, Rule, Step};
/// use wengert::prelude::*;
///
/// /// x ← x − α·sign(g).
/// #[derive(Clone, Debug, Default)]
/// struct SignDescent;
///
/// impl Rule for SignDescent {
///     const NAME: &'static str = "SignDescent";
///     fn update<T: Float>(&self, step: &Step, x: &mut [T], gradient: &[T], _: &mut [&mut [T]]) {
///         let rate = T::from_f64(step.learning_rate);
///         for (x, &g) in x.iter_mut().zip(gradient) {
///             *x -= rate * g.signum();
///         }
///     }
/// }
///
/// let w = Parameter::new(Tensor::<f32>::scalar(1.0));
/// let mut optimizer = Descent::<SignDescent, _>::new([w.clone()], 0.25);
/// let tape = Tape::new();
/// optimizer.step(&tape.watch(&w).square().backward());
/// assert_eq!(w.value().item(), 0.75);
/// ```
pub trait Rule: Clone + Debug + Send + Sync + 'static {
    /// The algorithm's name, for messages and saved states.
    const NAME: &'static str;

    /// The weight decay λ of parameters for which nothing else is said.
    const WEIGHT_DECAY: f64 = 0.0;

    /// The names of the tensors kept for each parameter, each of its shape (default: none).
    fn state(&self) -> &'static [&'static str] {
        &[]
    }

    /// What all elements of one of those tensors are before the update that first needs it (default: 0).
    #[expect(unused_variables, reason = "the names are documentation")]
    fn initial(&self, name: &'static str, step: &Step) -> f64 {
        0.0
    }

    /// The name and the first value of a number kept for each parameter beside its tensors (default: none).
    fn scalar(&self) -> Option<(&'static str, f64)> {
        None
    }

    /// What that number is after this update, from [`Step::scalar`], which it was before (default: the same).
    fn next_scalar(&self, step: &Step) -> f64 {
        step.scalar
    }

    /// The algorithm's options by name. A saved state is resumed only under the same ones (default: none).
    fn hyper_parameters(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// Changes elements `x` by their `gradient`, and their `state`, in the order of [`state`](Self::state).
    ///
    /// All slices have one length. They may be any part of a tensor: an element must not depend on its
    /// neighbours. Mark the method `#[inline(always)]` to have its loop compiled for the widest vectors of
    /// the machine it runs on.
    fn update<T: Float>(&self, step: &Step, x: &mut [T], gradient: &[T], state: &mut [&mut [T]]);
}

/// What a [`Rule`] may know about the step that it takes part in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The learning rate α.
    pub learning_rate: f64,
    /// The weight decay λ.
    pub weight_decay: f64,
    /// How many times this parameter was updated before.
    pub updates: u64,
    /// The number that [`Rule::scalar`] names, as the updates before left it; 0 for rules without one.
    pub scalar: f64,
}

/// −1, 0 or 1 by the sign of `x`; NaN stays NaN.
#[inline(always)]
fn sign<T: Float>(x: T) -> T {
    if x > T::zero() {
        T::one()
    } else if x < T::zero() {
        -T::one()
    } else {
        x
    }
}
