//! Adagrad: steps scaled by all gradients so far.

use autodiff::Float;

use crate::descent::Descent;
use crate::group::non_negative;
use crate::rule::decay::Decay;
use crate::rule::{Rule, Step};

/// Adagrad: each element's steps shrink with the sum of its squared gradients.
///
/// With learning rate α, weight decay λ and learning rate decay η, at the t-th update (t = 1, 2, …) of a
/// parameter with gradient g:
///
/// - d = g + λ·x
/// - s ← s + d²
/// - x ← x − α/(1 + (t−1)·η) · d/(√s + ε)
///
/// Defaults: η = 0, s = 0 at first, ε = 1e-10, λ = 0, as in PyTorch, whose α is 1e-2 where none is given.
///
/// J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and stochastic
/// optimization" (2011).
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::scalar(1.0));
/// let mut adagrad = Adagrad::new([w.clone()], 0.5).initial_accumulator_value(9.0);
/// adagrad.step(&(Tape::new().watch(&w) * 4.0).backward());
/// assert!((w.value().item() - 0.6).abs() < 1e-10); // 1 − 0.5 · 4/√(9 + 16)
/// ```
pub type Adagrad<T = f32> = Descent<AdagradRule, T>;

/// The arithmetic of [`Adagrad`].
#[derive(Clone, Debug)]
pub struct AdagradRule {
    lr_decay: f64,
    initial_accumulator_value: f64,
    eps: f64,
}

impl Default for AdagradRule {
    fn default() -> Self {
        Self { lr_decay: 0.0, initial_accumulator_value: 0.0, eps: 1e-10 }
    }
}

impl<T: Float> Descent<AdagradRule, T> {
    /// Sets η, by which the learning rate falls with the count of updates (default 0).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn lr_decay(mut self, lr_decay: f64) -> Self {
        self.rule.lr_decay = non_negative("Adagrad::lr_decay", lr_decay);
        self
    }

    /// Sets what the sum of squares begins with (default 0).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn initial_accumulator_value(mut self, value: f64) -> Self {
        self.rule.initial_accumulator_value = non_negative("Adagrad::initial_accumulator_value", value);
        self
    }

    /// Sets ε, which keeps the denominator from zero (default 1e-10).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn eps(mut self, eps: f64) -> Self {
        self.rule.eps = non_negative("Adagrad::eps", eps);
        self
    }
}

impl Rule for AdagradRule {
    const NAME: &'static str = "Adagrad";

    fn state(&self) -> &'static [&'static str] {
        &["sum"]
    }

    fn initial(&self, _: &'static str, _: &Step) -> f64 {
        self.initial_accumulator_value
    }

    fn hyper_parameters(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("lr_decay", self.lr_decay),
            ("initial_accumulator_value", self.initial_accumulator_value),
            ("eps", self.eps),
        ]
    }

    #[inline(always)]
    fn update<T: Float>(&self, step: &Step, x: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
        let [sum] = state else { unreachable!("one tensor of state") };
        let rate = T::from_f64(step.learning_rate / (1.0 + step.updates as f64 * self.lr_decay));
        let eps = T::from_f64(self.eps);
        let decay = Decay::in_gradient(step);
        for ((x, &g), sum) in x.iter_mut().zip(gradient).zip(sum.iter_mut()) {
            let d = decay.gradient(g, *x);
            *sum += d * d;
            *x -= rate * d / (sum.sqrt() + eps);
        }
    }
}
