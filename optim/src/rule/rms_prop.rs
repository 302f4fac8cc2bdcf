//! RMSprop: steps scaled by the recent gradients' root mean square.

use autodiff::Float;

use crate::descent::Descent;
use crate::group::{averaging_factor, non_negative};
use crate::rule::decay::Decay;
use crate::rule::{Rule, Step};

/// RMSprop: the gradient over the root of the average of its square.
///
/// With learning rate lr and weight decay λ, at gradient g:
///
/// - d = g + λ·x
/// - v ← α·v + (1−α)·d²
/// - r = √v + ε; [`centered`](RmsProp::centered) m ← α·m + (1−α)·d and r = √(v − m²) + ε
/// - x ← x − lr·d/r; with [`momentum`](RmsProp::momentum) μ > 0, b ← μ·b + d/r and x ← x − lr·b
///
/// Defaults: α = 0.99, ε = 1e-8, λ = 0, μ = 0, not centred, as in PyTorch, whose learning rate is 1e-2 where
/// none is given.
///
/// T. Tieleman and G. Hinton, "Lecture 6.5: rmsprop" (2012); centred: A. Graves, "Generating sequences with
/// recurrent neural networks" (2013).
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::scalar(1.0));
/// let mut rms_prop = RmsProp::new([w.clone()], 0.25).alpha(0.75).eps(0.0).momentum(0.5);
/// rms_prop.step(&(Tape::new().watch(&w) * 4.0).backward());
/// assert_eq!(w.value().item(), 0.5); // v = 16/4
/// ```
pub type RmsProp<T = f32> = Descent<RmsPropRule, T>;

/// The arithmetic of [`RmsProp`].
#[derive(Clone, Debug)]
pub struct RmsPropRule {
    alpha: f64,
    eps: f64,
    momentum: f64,
    centered: bool,
}

impl Default for RmsPropRule {
    fn default() -> Self {
        Self { alpha: 0.99, eps: 1e-8, momentum: 0.0, centered: false }
    }
}

impl<T: Float> Descent<RmsPropRule, T> {
    /// Sets α, the factor of the averages (default 0.99).
    ///
    /// # Panics
    /// If it does not lie in \[0, 1).
    #[track_caller]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.rule.alpha = averaging_factor("RmsProp::alpha", alpha);
        self
    }

    /// Sets ε, which keeps the denominator from zero (default 1e-8).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn eps(mut self, eps: f64) -> Self {
        self.rule.eps = non_negative("RmsProp::eps", eps);
        self
    }

    /// Sets the momentum μ (default 0: none).
    ///
    /// # Panics
    /// If it does not lie in \[0, 1).
    #[track_caller]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.rule.momentum = averaging_factor("RmsProp::momentum", momentum);
        self
    }

    /// Sets whether the gradient's variance takes the place of its mean square (default: no).
    pub fn centered(mut self, centered: bool) -> Self {
        self.rule.centered = centered;
        self
    }
}

/// The rule's numbers as elements of a tensor.
#[derive(Clone, Copy)]
struct Factors<T> {
    alpha: T,
    new: T,
    eps: T,
}

impl<T: Float> Factors<T> {
    /// The average v of the square takes `d` in; the result is `d` over its root.
    #[inline(always)]
    fn scaled(self, d: T, v: &mut T) -> T {
        *v = self.alpha * *v + self.new * d * d;
        d / (v.sqrt() + self.eps)
    }

    /// The same about the gradient's average m, which takes `d` in too.
    #[inline(always)]
    fn centered(self, d: T, v: &mut T, m: &mut T) -> T {
        *v = self.alpha * *v + self.new * d * d;
        *m += (d - *m) * self.new;
        let variance = *v - *m * *m;
        // Rounding can bring a variance of nearly zero below it.
        let variance = if variance < T::zero() { T::zero() } else { variance };
        d / (variance.sqrt() + self.eps)
    }
}

impl Rule for RmsPropRule {
    const NAME: &'static str = "RmsProp";

    fn state(&self) -> &'static [&'static str] {
        match (self.centered, self.momentum > 0.0) {
            (false, false) => &["square_avg"],
            (false, true) => &["square_avg", "momentum_buffer"],
            (true, false) => &["square_avg", "grad_avg"],
            (true, true) => &["square_avg", "grad_avg", "momentum_buffer"],
        }
    }

    fn hyper_parameters(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("alpha", self.alpha),
            ("eps", self.eps),
            ("momentum", self.momentum),
            ("centered", f64::from(self.centered)),
        ]
    }

    #[inline(always)]
    fn update<T: Float>(&self, step: &Step, x: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
        let decay = Decay::in_gradient(step);
        let rate = T::from_f64(step.learning_rate);
        let momentum = T::from_f64(self.momentum);
        let factors = Factors {
            alpha: T::from_f64(self.alpha),
            new: T::from_f64(1.0 - self.alpha),
            eps: T::from_f64(self.eps),
        };
        let x = x.iter_mut().zip(gradient);
        match state {
            [v] => {
                for ((x, &g), v) in x.zip(v.iter_mut()) {
                    *x -= rate * factors.scaled(decay.gradient(g, *x), v);
                }
            }
            [v, b] if !self.centered => {
                for ((x, &g), (v, b)) in x.zip(v.iter_mut().zip(b.iter_mut())) {
                    *b = momentum * *b + factors.scaled(decay.gradient(g, *x), v);
                    *x -= rate * *b;
                }
            }
            [v, m] => {
                for ((x, &g), (v, m)) in x.zip(v.iter_mut().zip(m.iter_mut())) {
                    *x -= rate * factors.centered(decay.gradient(g, *x), v, m);
                }
            }
            [v, m, b] => {
                for ((x, &g), ((v, m), b)) in x.zip(v.iter_mut().zip(m.iter_mut()).zip(b.iter_mut())) {
                    *b = momentum * *b + factors.centered(decay.gradient(g, *x), v, m);
                    *x -= rate * *b;
                }
            }
            _ => unreachable!("one to three tensors of state"),
        }
    }
}
