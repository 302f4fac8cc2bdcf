//! Adam that does not trust its averages before they are.

use autodiff::Float;

use crate::descent::Descent;
use crate::rule::decay::Decay;
use crate::rule::moments::{Moments, moment_options};
use crate::rule::{Rule, Step};

/// RAdam: Adam whose scaling is turned on, by degrees, once the average of squares has enough to go by.
///
/// With learning rate α and weight decay λ, at the t-th update (t = 1, 2, …) of a parameter with gradient g:
///
/// - d = g + λ·x
/// - m ← β₁·m + (1−β₁)·d
/// - v ← β₂·v + (1−β₂)·d²
/// - ρ∞ = 2/(1−β₂) − 1, ρ = ρ∞ − 2t·β₂ᵗ/(1−β₂ᵗ)
/// - x ← x − α · m/(1−β₁ᵗ) · r·√(1−β₂ᵗ) / (√v + ε) with
///   r = √((ρ−4)(ρ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρ)) if ρ > 5, otherwise x ← x − α · m/(1−β₁ᵗ)
///
/// With [`decoupled_weight_decay`](RAdam::decoupled_weight_decay) d = g, and x ← x − α·λ·x comes first.
///
/// Defaults: β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0 in the gradient, as in PyTorch, whose α is 1e-3 where none
/// is given.
///
/// L. Liu et al., "On the variance of the adaptive learning rate and beyond" (2020).
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::scalar(3.0));
/// let mut radam = RAdam::new([w.clone()], 0.125);
/// radam.step(&(Tape::new().watch(&w) * 4.0).backward());
/// // The first steps are those of momentum.
/// assert!((w.value().item() - 2.5).abs() < 1e-12);
/// ```
pub type RAdam<T = f32> = Descent<RAdamRule, T>;

/// The arithmetic of [`RAdam`].
#[derive(Clone, Debug, Default)]
pub struct RAdamRule {
    moments: Moments,
    decoupled: bool,
}

moment_options!(RAdamRule);

impl<T: Float> Descent<RAdamRule, T> {
    /// Sets whether the weight decay is decoupled from the gradient, as in [`AdamW`](crate::AdamW)
    /// (default: no).
    pub fn decoupled_weight_decay(mut self, decoupled: bool) -> Self {
        self.rule.decoupled = decoupled;
        self
    }
}

impl RAdamRule {
    /// r·√(1−β₂ᵗ), once the average of squares is to be used.
    #[inline(always)]
    fn rectification(&self, step: &Step) -> Option<f64> {
        let t = (step.updates + 1) as f64;
        let beta2 = self.moments.beta2;
        let (_, correction) = self.moments.corrections(step);
        let limit = 2.0 / (1.0 - beta2) - 1.0;
        let length = limit - 2.0 * t * beta2.powf(t) / correction;
        let variance = (length - 4.0) * (length - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * length);
        (length > 5.0).then(|| (variance * correction).sqrt())
    }
}

impl Rule for RAdamRule {
    const NAME: &'static str = "RAdam";

    fn state(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn hyper_parameters(&self) -> Vec<(&'static str, f64)> {
        let mut options = self.moments.hyper_parameters();
        options.push(("decoupled_weight_decay", f64::from(self.decoupled)));
        options
    }

    #[inline(always)]
    fn update<T: Float>(&self, step: &Step, x: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
        let [m, v] = state else { unreachable!("two tensors of state") };
        let rate = step.learning_rate / self.moments.corrections(step).0;
        let rectification = self.rectification(step);
        let scales = rectification.is_some();
        let rate = T::from_f64(rate * rectification.unwrap_or(1.0));
        let factors = self.moments.factors();
        let decay = Decay::new(step, self.decoupled);
        for (((x, &g), m), v) in x.iter_mut().zip(gradient).zip(m.iter_mut()).zip(v.iter_mut()) {
            let d = decay.gradient(g, *x);
            factors.average(m, d);
            factors.average_square(v, d);
            let scale = if scales { v.sqrt() + factors.eps } else { T::one() };
            *x = decay.kept(*x) - rate * *m / scale;
        }
    }
}
