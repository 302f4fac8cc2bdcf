//! Adamax: Adam with the largest gradient in place of the mean square.

use autodiff::Float;

use crate::descent::Descent;
use crate::rule::decay::Decay;
use crate::rule::moments::{Moments, moment_options};
use crate::rule::{Rule, Step};

/// Adamax: steps scaled by the average gradient over the largest one, which fades.
///
/// With learning rate α and weight decay λ, at the t-th update (t = 1, 2, …) of a parameter with gradient g:
///
/// - d = g + λ·x
/// - m ← β₁·m + (1−β₁)·d
/// - u ← max(β₂·u, |d| + ε)
/// - x ← x − α/(1−β₁ᵗ) · m/u
///
/// Defaults: β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0, as in PyTorch, whose α is 2e-3 where none is given.
///
/// D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization" (2015), section 7.
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::scalar(3.0));
/// let mut adamax = Adamax::new([w.clone()], 0.5);
/// for expected in [2.5, 2.0] {
///     adamax.step(&(Tape::new().watch(&w) * 4.0).backward()); // the gradient is 4 each time
///     assert!((w.value().item() - expected).abs() < 1e-8);
/// }
/// ```
pub type Adamax<T = f32> = Descent<AdamaxRule, T>;

/// The arithmetic of [`Adamax`].
#[derive(Clone, Debug, Default)]
pub struct AdamaxRule {
    moments: Moments,
}

moment_options!(AdamaxRule);

impl Rule for AdamaxRule {
    const NAME: &'static str = "Adamax";

    fn state(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_inf"]
    }

    fn hyper_parameters(&self) -> Vec<(&'static str, f64)> {
        self.moments.hyper_parameters()
    }

    #[inline(always)]
    fn update<T: Float>(&self, step: &Step, x: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
        let [m, u] = state else { unreachable!("two tensors of state") };
        let (correction, _) = self.moments.corrections(step);
        let rate = T::from_f64(step.learning_rate / correction);
        let factors = self.moments.factors();
        let decay = Decay::in_gradient(step);
        for (((x, &g), m), u) in x.iter_mut().zip(gradient).zip(m.iter_mut()).zip(u.iter_mut()) {
            let d = decay.gradient(g, *x);
            factors.average(m, d);
            let (faded, new) = (*u * factors.beta2, d.abs() + factors.eps);
            *u = if faded > new { faded } else { new };
            *x -= rate * *m / *u;
        }
    }
}
