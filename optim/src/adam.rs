//! Adam, and Adam with decoupled weight decay.

use autodiff::Float;

use crate::descent::Descent;
use crate::group::{averaging_factor, non_negative};
use crate::rule::{Rule, Step};

/// Adam: steps scaled by averages of the gradient and of its square.
///
/// With learning rate α and weight decay λ, at the t-th update (t = 1, 2, …) of a parameter with gradient g:
///
/// - d = g + λ·x
/// - m ← β₁·m + (1−β₁)·d
/// - v ← β₂·v + (1−β₂)·d²
/// - x ← x − α · m/(1−β₁ᵗ) / (√(v/(1−β₂ᵗ)) + ε)
///
/// Defaults: β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0, as in PyTorch.
///
/// D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization" (2015).
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::from_vec([2], vec![5.0, -300.0]));
/// let mut adam = Adam::new([w.clone()], 0.1).betas(0.9, 0.99);
/// let tape = Tape::new();
/// adam.step(&tape.watch(&w).square().sum(..).backward());
/// // The first step is α in each element, whatever the gradient's magnitude.
/// let moved = w.value().to_vec();
/// assert!((moved[0] - 4.9).abs() < 1e-8 && (moved[1] + 299.9).abs() < 1e-8);
/// ```
pub type Adam<T = f32> = Descent<AdamRule<false>, T>;

/// Adam with decoupled weight decay: x ← x − α·λ·x first, then the step of [`Adam`] with d = g.
///
/// The decay is not rescaled by the gradient's averages, as it is in Adam. Defaults: β₁ = 0.9, β₂ = 0.999,
/// ε = 1e-8, λ = 0.01, as in PyTorch.
///
/// I. Loshchilov and F. Hutter, "Decoupled weight decay regularization" (2019).
///
/// ```
/// use wengert::prelude::*;
///
/// let weight = Parameter::new(Tensor::<f32>::ones([3, 2]));
/// let bias = Parameter::new(Tensor::zeros([3]));
/// let adamw = AdamW::new([weight], Cosine::new(1e-3, 10_000).warmup(500))
///     .weight_decay(0.05)
///     .add_group(ParameterGroup::new([bias]).weight_decay(0.0));
/// assert_eq!(adamw.step_count(), 0);
/// ```
pub type AdamW<T = f32> = Descent<AdamRule<true>, T>;

/// The arithmetic of [`Adam`], and with `DECOUPLED` that of [`AdamW`].
#[derive(Clone, Debug)]
pub struct AdamRule<const DECOUPLED: bool> {
    beta1: f64,
    beta2: f64,
    eps: f64,
}

impl<const DECOUPLED: bool> Default for AdamRule<DECOUPLED> {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8 }
    }
}

impl<const DECOUPLED: bool, T: Float> Descent<AdamRule<DECOUPLED>, T> {
    /// Sets β₁ and β₂, the factors of the averages of the gradient and of its square (default 0.9, 0.999).
    ///
    /// # Panics
    /// If one does not lie in \[0, 1).
    #[track_caller]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.rule.beta1 = averaging_factor("Adam::betas (β₁)", beta1);
        self.rule.beta2 = averaging_factor("Adam::betas (β₂)", beta2);
        self
    }

    /// Sets ε, which keeps the denominator from zero (default 1e-8).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn eps(mut self, eps: f64) -> Self {
        self.rule.eps = non_negative("Adam::eps", eps);
        self
    }
}

impl<const DECOUPLED: bool> Rule for AdamRule<DECOUPLED> {
    const NAME: &'static str = if DECOUPLED { "AdamW" } else { "Adam" };

    const WEIGHT_DECAY: f64 = if DECOUPLED { 1e-2 } else { 0.0 };

    fn state(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn hyper_parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("beta1", self.beta1), ("beta2", self.beta2), ("eps", self.eps)]
    }

    #[inline(always)]
    fn update<T: Float>(&self, step: &Step, x: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
        let [m, v] = state else { unreachable!("two tensors of state") };
        let t = (step.updates + 1) as f64;
        let rate = T::from_f64(step.learning_rate / (1.0 - self.beta1.powf(t)));
        let root = T::from_f64((1.0 - self.beta2.powf(t)).sqrt());
        let (beta2, eps) = (T::from_f64(self.beta2), T::from_f64(self.eps));
        let (new1, new2) = (T::from_f64(1.0 - self.beta1), T::from_f64(1.0 - self.beta2));
        let decay = T::from_f64(step.weight_decay);
        // Without decay the parameter must not enter the gradient: 0·∞ is no number.
        let coupled = !DECOUPLED && step.weight_decay != 0.0;
        let shrink = T::from_f64(1.0 - step.learning_rate * step.weight_decay);
        for (((x, &g), m), v) in x.iter_mut().zip(gradient).zip(m.iter_mut()).zip(v.iter_mut()) {
            let d = if coupled { g + decay * *x } else { g };
            *m += (d - *m) * new1;
            *v = *v * beta2 + d * d * new2;
            let kept = if DECOUPLED { *x * shrink } else { *x };
            *x = kept - rate * *m / (v.sqrt() / root + eps);
        }
    }
}
