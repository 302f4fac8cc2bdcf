//! Adam with Nesterov's momentum.

use autodiff::Float;

use crate::descent::Descent;
use crate::group::non_negative;
use crate::rule::decay::Decay;
use crate::rule::moments::{Moments, moment_options};
use crate::rule::{Rule, Step};

/// NAdam: Adam that looks ahead by Nesterov's momentum, under a momentum that grows.
///
/// With learning rate α, weight decay λ and momentum decay ψ, at the t-th update (t = 1, 2, …) of a parameter
/// with gradient g:
///
/// - d = g + λ·x
/// - μₜ = β₁ · (1 − ½·0.96^(t·ψ))
/// - m ← β₁·m + (1−β₁)·d
/// - v ← β₂·v + (1−β₂)·d²
/// - m̂ = (1−μₜ)·d / (1 − μ₁⋯μₜ) + μₜ₊₁·m / (1 − μ₁⋯μₜ₊₁)
/// - x ← x − α · m̂ / (√(v/(1−β₂ᵗ)) + ε)
///
/// With [`decoupled_weight_decay`](NAdam::decoupled_weight_decay) d = g, and x ← x − α·λ·x comes first.
///
/// Defaults: β₁ = 0.9, β₂ = 0.999, ε = 1e-8, ψ = 4e-3, λ = 0 in the gradient, as in PyTorch, whose α is 2e-3
/// where none is given.
///
/// T. Dozat, "Incorporating Nesterov momentum into Adam" (2016).
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::scalar(3.0));
/// let mut nadam = NAdam::new([w.clone()], 0.1).weight_decay(1e-2).decoupled_weight_decay(true);
/// for _ in 0..300 {
///     nadam.step(&(Tape::new().watch(&w) - 2.0).square().backward());
/// }
/// assert!((w.value().item() - 2.0).abs() < 0.01);
/// ```
pub type NAdam<T = f32> = Descent<NAdamRule, T>;

/// The arithmetic of [`NAdam`].
#[derive(Clone, Debug)]
pub struct NAdamRule {
    moments: Moments,
    momentum_decay: f64,
    decoupled: bool,
}

impl Default for NAdamRule {
    fn default() -> Self {
        Self { moments: Moments::default(), momentum_decay: 4e-3, decoupled: false }
    }
}

moment_options!(NAdamRule);

impl<T: Float> Descent<NAdamRule, T> {
    /// Sets ψ, how fast the momentum grows to β₁ (default 4e-3).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn momentum_decay(mut self, momentum_decay: f64) -> Self {
        self.rule.momentum_decay = non_negative("NAdam::momentum_decay", momentum_decay);
        self
    }

    /// Sets whether the weight decay is decoupled from the gradient, as in [`AdamW`](crate::AdamW)
    /// (default: no).
    pub fn decoupled_weight_decay(mut self, decoupled: bool) -> Self {
        self.rule.decoupled = decoupled;
        self
    }
}

impl NAdamRule {
    /// μ at the update number t = 1, 2, ….
    #[inline(always)]
    fn momentum(&self, t: f64) -> f64 {
        self.moments.beta1 * (1.0 - 0.5 * 0.96_f64.powf(t * self.momentum_decay))
    }
}

impl Rule for NAdamRule {
    const NAME: &'static str = "NAdam";

    fn state(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn scalar(&self) -> Option<(&'static str, f64)> {
        Some(("mu_product", 1.0))
    }

    #[inline(always)]
    fn next_scalar(&self, step: &Step) -> f64 {
        step.scalar * self.momentum((step.updates + 1) as f64)
    }

    fn hyper_parameters(&self) -> Vec<(&'static str, f64)> {
        let mut options = self.moments.hyper_parameters();
        options.push(("momentum_decay", self.momentum_decay));
        options.push(("decoupled_weight_decay", f64::from(self.decoupled)));
        options
    }

    #[inline(always)]
    fn update<T: Float>(&self, step: &Step, x: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
        let [m, v] = state else { unreachable!("two tensors of state") };
        let t = (step.updates + 1) as f64;
        let (now, next) = (self.momentum(t), self.momentum(t + 1.0));
        let product = self.next_scalar(step);
        let of_gradient = T::from_f64(step.learning_rate * (1.0 - now) / (1.0 - product));
        let of_average = T::from_f64(step.learning_rate * next / (1.0 - product * next));
        let unbiased = T::from_f64(1.0 / self.moments.corrections(step).1.sqrt());
        let factors = self.moments.factors();
        let decay = Decay::new(step, self.decoupled);
        for (((x, &g), m), v) in x.iter_mut().zip(gradient).zip(m.iter_mut()).zip(v.iter_mut()) {
            let d = decay.gradient(g, *x);
            factors.average(m, d);
            factors.average_square(v, d);
            let ahead = of_gradient * d + of_average * *m;
            *x = decay.kept(*x) - ahead / (v.sqrt() * unbiased + factors.eps);
        }
    }
}
