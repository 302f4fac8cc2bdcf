//! Adadelta: steps in the parameter's own unit.

use autodiff::Float;

use crate::descent::Descent;
use crate::group::{averaging_factor, non_negative};
use crate::rule::decay::Decay;
use crate::rule::{Rule, Step};

/// Adadelta: the gradient times the recent steps' magnitude over the recent gradients'.
///
/// With learning rate α and weight decay λ, at gradient g:
///
/// - d = g + λ·x
/// - v ← ρ·v + (1−ρ)·d²
/// - Δ = √(u + ε) / √(v + ε) · d
/// - u ← ρ·u + (1−ρ)·Δ²
/// - x ← x − α·Δ
///
/// Defaults: ρ = 0.9, ε = 1e-6, λ = 0, as in PyTorch, whose α is 1 where none is given.
///
/// M. D. Zeiler, "ADADELTA: an adaptive learning rate method" (2012).
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::scalar(1.0));
/// let mut adadelta = Adadelta::new([w.clone()], 1.0).rho(0.75).eps(1.0);
/// adadelta.step(&(Tape::new().watch(&w) * 4.0).backward());
/// assert!((w.value().item() - (1.0 - 4.0 / 5.0_f64.sqrt())).abs() < 1e-12); // v = 16/4
/// ```
pub type Adadelta<T = f32> = Descent<AdadeltaRule, T>;

/// The arithmetic of [`Adadelta`].
#[derive(Clone, Debug)]
pub struct AdadeltaRule {
    rho: f64,
    eps: f64,
}

impl Default for AdadeltaRule {
    fn default() -> Self {
        Self { rho: 0.9, eps: 1e-6 }
    }
}

impl<T: Float> Descent<AdadeltaRule, T> {
    /// Sets ρ, the factor of both averages (default 0.9).
    ///
    /// # Panics
    /// If it does not lie in \[0, 1).
    #[track_caller]
    pub fn rho(mut self, rho: f64) -> Self {
        self.rule.rho = averaging_factor("Adadelta::rho", rho);
        self
    }

    /// Sets ε, which gets the first steps going (default 1e-6).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn eps(mut self, eps: f64) -> Self {
        self.rule.eps = non_negative("Adadelta::eps", eps);
        self
    }
}

impl Rule for AdadeltaRule {
    const NAME: &'static str = "Adadelta";

    fn state(&self) -> &'static [&'static str] {
        &["square_avg", "acc_delta"]
    }

    fn hyper_parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("rho", self.rho), ("eps", self.eps)]
    }

    #[inline(always)]
    fn update<T: Float>(&self, step: &Step, x: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
        let [v, u] = state else { unreachable!("two tensors of state") };
        let rate = T::from_f64(step.learning_rate);
        let (rho, new, eps) = (T::from_f64(self.rho), T::from_f64(1.0 - self.rho), T::from_f64(self.eps));
        let decay = Decay::in_gradient(step);
        for (((x, &g), v), u) in x.iter_mut().zip(gradient).zip(v.iter_mut()).zip(u.iter_mut()) {
            let d = decay.gradient(g, *x);
            *v = rho * *v + new * d * d;
            let delta = (*u + eps).sqrt() / (*v + eps).sqrt() * d;
            *u = rho * *u + new * delta * delta;
            *x -= rate * delta;
        }
    }
}
