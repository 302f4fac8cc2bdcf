//! The two places where a weight decay acts.

use autodiff::Float;

use crate::rule::Step;

/// A weight decay λ at learning rate α: in the gradient, g + λ·x, or decoupled from it, x ← x − α·λ·x.
#[derive(Clone, Copy)]
pub(super) struct Decay<T> {
    factor: T,
    // Without decay the parameter must not enter the gradient: 0·∞ is no number.
    in_gradient: bool,
    kept: T,
}

impl<T: Float> Decay<T> {
    #[inline(always)]
    pub(super) fn in_gradient(step: &Step) -> Self {
        let factor = T::from_f64(step.weight_decay);
        Self { factor, in_gradient: step.weight_decay != 0.0, kept: T::one() }
    }

    #[inline(always)]
    pub(super) fn decoupled(step: &Step) -> Self {
        let kept = T::from_f64(1.0 - step.learning_rate * step.weight_decay);
        Self { factor: T::zero(), in_gradient: false, kept }
    }

    /// Decoupled or not.
    #[inline(always)]
    pub(super) fn new(step: &Step, decoupled: bool) -> Self {
        if decoupled { Self::decoupled(step) } else { Self::in_gradient(step) }
    }

    /// The gradient that the algorithm sees.
    #[inline(always)]
    pub(super) fn gradient(self, g: T, x: T) -> T {
        if self.in_gradient { g + self.factor * x } else { g }
    }

    /// The element that the algorithm changes.
    #[inline(always)]
    pub(super) fn kept(self, x: T) -> T {
        x * self.kept
    }
}
