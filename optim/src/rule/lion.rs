//! Lion: the sign of the momentum.

use autodiff::Float;

use crate::descent::Descent;
use crate::group::averaging_factor;
use crate::rule::decay::Decay;
use crate::rule::{Rule, Step, sign};

/// Lion: a step of the same size in every element, by the sign of a momentum.
///
/// With learning rate α and weight decay λ, at gradient g:
///
/// - c = β₁·m + (1−β₁)·g
/// - x ← x − α·(sign(c) + λ·x)
/// - m ← β₂·m + (1−β₂)·g
///
/// A learning rate 3 to 10 times smaller than that of [`AdamW`](crate::AdamW), and a weight decay as many
/// times larger, do about the same.
///
/// Defaults: β₁ = 0.9, β₂ = 0.99, λ = 1e-3, as in optax.
///
/// X. Chen et al., "Symbolic discovery of optimization algorithms" (2023).
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::from_vec([3], vec![4.0, -400.0, 0.0]));
/// let mut lion = Lion::new([w.clone()], 0.5).weight_decay(0.0);
/// lion.step(&Tape::new().watch(&w).square().sum(..).backward());
/// assert_eq!(w.value().to_vec(), [3.5, -399.5, 0.0]);
/// ```
pub type Lion<T = f32> = Descent<LionRule, T>;

/// The arithmetic of [`Lion`].
#[derive(Clone, Debug)]
pub struct LionRule {
    beta1: f64,
    beta2: f64,
}

impl Default for LionRule {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.99 }
    }
}

impl<T: Float> Descent<LionRule, T> {
    /// Sets β₁ and β₂: how much of the momentum is in the step, and how much of it stays (default 0.9 and
    /// 0.99).
    ///
    /// # Panics
    /// If one does not lie in \[0, 1).
    #[track_caller]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.rule.beta1 = averaging_factor("Lion::betas (β₁)", beta1);
        self.rule.beta2 = averaging_factor("Lion::betas (β₂)", beta2);
        self
    }
}

impl Rule for LionRule {
    const NAME: &'static str = "Lion";

    const WEIGHT_DECAY: f64 = 1e-3;

    fn state(&self) -> &'static [&'static str] {
        &["exp_avg"]
    }

    fn hyper_parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("beta1", self.beta1), ("beta2", self.beta2)]
    }

    #[inline(always)]
    fn update<T: Float>(&self, step: &Step, x: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
        let [m] = state else { unreachable!("one tensor of state") };
        let rate = T::from_f64(step.learning_rate);
        let (keep1, new1) = (T::from_f64(self.beta1), T::from_f64(1.0 - self.beta1));
        let (keep2, new2) = (T::from_f64(self.beta2), T::from_f64(1.0 - self.beta2));
        let decay = Decay::decoupled(step);
        for ((x, &g), m) in x.iter_mut().zip(gradient).zip(m.iter_mut()) {
            let c = keep1 * *m + new1 * g;
            *m = keep2 * *m + new2 * g;
            *x = decay.kept(*x) - rate * sign(c);
        }
    }
}
