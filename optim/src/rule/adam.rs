//! Adam, and Adam with decoupled weight decay.

use autodiff::Float;

use crate::descent::Descent;
use crate::rule::decay::Decay;
use crate::rule::moments::{Moments, moment_options};
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
/// With [`amsgrad`](Adam::amsgrad) the largest v so far stands in the last line instead of v.
///
/// Defaults: β₁ = 0.9, β₂ = 0.999, ε = 1e-8, λ = 0, as in PyTorch, whose α is 1e-3 where none is given.
///
/// D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization" (2015); AMSGrad: S. J. Reddi, S. Kale
/// and S. Kumar, "On the convergence of Adam and beyond" (2018).
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
/// ε = 1e-8, λ = 0.01, as in PyTorch, whose α is 1e-3 where none is given.
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
#[derive(Clone, Debug, Default)]
pub struct AdamRule<const DECOUPLED: bool> {
    moments: Moments,
    amsgrad: bool,
}

moment_options!(AdamRule<DECOUPLED>, const DECOUPLED);

impl<const DECOUPLED: bool, T: Float> Descent<AdamRule<DECOUPLED>, T> {
    /// Sets whether the largest average of the gradient's square so far scales the step (default: no).
    pub fn amsgrad(mut self, amsgrad: bool) -> Self {
        self.rule.amsgrad = amsgrad;
        self
    }
}

impl<const DECOUPLED: bool> Rule for AdamRule<DECOUPLED> {
    const NAME: &'static str = if DECOUPLED { "AdamW" } else { "Adam" };

    const WEIGHT_DECAY: f64 = if DECOUPLED { 1e-2 } else { 0.0 };

    fn state(&self) -> &'static [&'static str] {
        if self.amsgrad { &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"] } else { &["exp_avg", "exp_avg_sq"] }
    }

    fn hyper_parameters(&self) -> Vec<(&'static str, f64)> {
        let mut options = self.moments.hyper_parameters();
        options.push(("amsgrad", f64::from(self.amsgrad)));
        options
    }

    #[inline(always)]
    fn update<T: Float>(&self, step: &Step, x: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
        let (correction1, correction2) = self.moments.corrections(step);
        let rate = T::from_f64(step.learning_rate / correction1);
        let unbiased = T::from_f64(1.0 / correction2.sqrt());
        let factors = self.moments.factors();
        let decay = Decay::new(step, DECOUPLED);
        match state {
            [m, v] => {
                for (((x, &g), m), v) in x.iter_mut().zip(gradient).zip(m.iter_mut()).zip(v.iter_mut()) {
                    let d = decay.gradient(g, *x);
                    factors.average(m, d);
                    factors.average_square(v, d);
                    *x = decay.kept(*x) - rate * *m / (v.sqrt() * unbiased + factors.eps);
                }
            }
            [m, v, largest] => {
                let state = m.iter_mut().zip(v.iter_mut()).zip(largest.iter_mut());
                for ((x, &g), ((m, v), largest)) in x.iter_mut().zip(gradient).zip(state) {
                    let d = decay.gradient(g, *x);
                    factors.average(m, d);
                    factors.average_square(v, d);
                    *largest = if *v > *largest { *v } else { *largest };
                    *x = decay.kept(*x) - rate * *m / (largest.sqrt() * unbiased + factors.eps);
                }
            }
            _ => unreachable!("two or three tensors of state"),
        }
    }
}
