//! Stochastic gradient descent, with momentum and Nesterov's.

use autodiff::Float;

use crate::descent::Descent;
use crate::group::averaging_factor;
use crate::rule::decay::Decay;
use crate::rule::{Rule, Step};

/// Stochastic gradient descent.
///
/// With learning rate α, weight decay λ, momentum μ and dampening τ, at gradient g:
///
/// - d = g + λ·x
/// - v ← d at a parameter's first update, v ← μ·v + (1−τ)·d at the later ones
/// - x ← x − α·v, or x ← x − α·(d + μ·v) after Nesterov; x ← x − α·d if μ = 0
///
/// Defaults: μ = 0, τ = 0, λ = 0, not after Nesterov: x ← x − α·g. All as in PyTorch, whose α is 1e-3 where
/// none is given.
///
/// B. T. Polyak, "Some methods of speeding up the convergence of iteration methods" (1964);
/// Y. Nesterov, "A method for solving the convex programming problem with convergence rate O(1/k²)" (1983),
/// in the form of I. Sutskever et al., "On the importance of initialization and momentum in deep learning"
/// (2013).
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::scalar(1.0));
/// let mut sgd = Sgd::new([w.clone()], 0.25).momentum(0.5);
/// for expected in [0.5, 0.0] {
///     let tape = Tape::new();
///     sgd.step(&tape.watch(&w).square().backward()); // gradient 2w
///     assert_eq!(w.value().item(), expected);
/// }
/// ```
pub type Sgd<T = f32> = Descent<SgdRule, T>;

/// The arithmetic of [`Sgd`].
#[derive(Clone, Debug, Default)]
pub struct SgdRule {
    momentum: f64,
    dampening: f64,
    nesterov: bool,
    /// Whether the first update is dampened like the later ones.
    averaged: bool,
}

impl<T: Float> Descent<SgdRule, T> {
    /// Sets the momentum μ (default 0: none).
    ///
    /// # Panics
    /// If it does not lie in \[0, 1).
    #[track_caller]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.rule.momentum = averaging_factor("Sgd::momentum", momentum);
        self
    }

    /// Sets the momentum in the form of an exponentially weighted average that starts at 0:
    /// v ← β·v + (1−β)·d at every update, the first one too.
    ///
    /// It is [`momentum`](Self::momentum) at the learning rate α·(1−β).
    ///
    /// # Panics
    /// If β does not lie in \[0, 1), or after [`nesterov`](Self::nesterov).
    #[track_caller]
    pub fn averaged_momentum(mut self, beta: f64) -> Self {
        self.rule.momentum = averaging_factor("Sgd::averaged_momentum", beta);
        self.rule.dampening = beta;
        self.rule.averaged = true;
        self.rule.check("Sgd::averaged_momentum");
        self
    }

    /// Sets the dampening τ of the momentum (default 0).
    ///
    /// # Panics
    /// If it does not lie in \[0, 1\], or is not 0 after [`nesterov`](Self::nesterov).
    #[track_caller]
    pub fn dampening(mut self, dampening: f64) -> Self {
        if !(0.0..=1.0).contains(&dampening) {
            panic!("Sgd::dampening: expected a number in [0, 1], found {dampening}");
        }
        self.rule.dampening = dampening;
        self.rule.averaged = false;
        self.rule.check("Sgd::dampening");
        self
    }

    /// Sets whether the momentum is Nesterov's (default: no). Without momentum it changes nothing.
    ///
    /// # Panics
    /// If the momentum is dampened or averaged.
    #[track_caller]
    pub fn nesterov(mut self, nesterov: bool) -> Self {
        self.rule.nesterov = nesterov;
        self.rule.check("Sgd::nesterov");
        self
    }
}

impl SgdRule {
    #[track_caller]
    fn check(&self, place: &str) {
        if self.nesterov && self.dampening != 0.0 {
            panic!("{place}: Nesterov's momentum takes no dampening, found {}", self.dampening);
        }
    }
}

impl Rule for SgdRule {
    const NAME: &'static str = "Sgd";

    fn state(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["momentum_buffer"] }
    }

    fn hyper_parameters(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("momentum", self.momentum),
            ("dampening", self.dampening),
            ("nesterov", f64::from(self.nesterov)),
            ("averaged", f64::from(self.averaged)),
        ]
    }

    #[inline(always)]
    fn update<T: Float>(&self, step: &Step, x: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
        let rate = T::from_f64(step.learning_rate);
        let decay = Decay::in_gradient(step);
        let Some(velocity) = state.first_mut() else {
            for (x, &g) in x.iter_mut().zip(gradient) {
                *x -= rate * decay.gradient(g, *x);
            }
            return;
        };
        let first = step.updates == 0 && !self.averaged;
        let keep = T::from_f64(self.momentum);
        let add = T::from_f64(if first { 1.0 } else { 1.0 - self.dampening });
        for ((x, &g), v) in x.iter_mut().zip(gradient).zip(velocity.iter_mut()) {
            let d = decay.gradient(g, *x);
            *v = keep * *v + add * d;
            *x -= rate * if self.nesterov { d + keep * *v } else { *v };
        }
    }
}
