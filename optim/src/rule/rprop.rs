//! Rprop: step sizes by the gradients' signs alone.

use autodiff::Float;

use crate::descent::Descent;
use crate::rule::decay::Decay;
use crate::rule::{Rule, Step, sign};

/// Rprop: each element has a step size of its own, which grows while its gradient keeps its sign.
///
/// For gradients of the whole data set: their magnitude plays no part, and the noise of small batches would
/// drive the steps to nothing. With weight decay λ, at gradient g after the gradient p of the update before
/// (0 at first) and with a step size s, which is the learning rate at a parameter's first update:
///
/// - d = g + λ·x
/// - s ← min(max(η·s, s₋), s₊) with η = η₊ if d·p > 0, η₋ if d·p < 0, 1 if d·p = 0
/// - d ← 0 if d·p < 0
/// - x ← x − s·sign(d), and p ← d
///
/// The learning rate does nothing after the first update.
///
/// Defaults: η₋ = 0.5, η₊ = 1.2, s₋ = 1e-6, s₊ = 50, λ = 0, as in PyTorch, whose learning rate is 1e-2 where
/// none is given and which has no weight decay here.
///
/// M. Riedmiller and H. Braun, "A direct adaptive method for faster backpropagation learning: the RPROP
/// algorithm" (1993).
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::scalar(3.0));
/// let mut rprop = Rprop::new([w.clone()], 0.5).etas(0.5, 2.0);
/// for expected in [2.5, 1.5, -0.5, -0.5, 0.5] {
///     rprop.step(&Tape::new().watch(&w).square().backward());
///     assert_eq!(w.value().item(), expected);
/// }
/// ```
pub type Rprop<T = f32> = Descent<RpropRule, T>;

/// The arithmetic of [`Rprop`].
#[derive(Clone, Debug)]
pub struct RpropRule {
    etas: (f64, f64),
    step_sizes: (f64, f64),
}

impl Default for RpropRule {
    fn default() -> Self {
        Self { etas: (0.5, 1.2), step_sizes: (1e-6, 50.0) }
    }
}

impl<T: Float> Descent<RpropRule, T> {
    /// Sets η₋ and η₊, by which a step size shrinks and grows (default 0.5 and 1.2).
    ///
    /// # Panics
    /// If not 0 < η₋ < 1 < η₊, or η₊ is infinite.
    #[track_caller]
    pub fn etas(mut self, minus: f64, plus: f64) -> Self {
        if !(0.0 < minus && minus < 1.0 && 1.0 < plus && plus.is_finite()) {
            panic!("Rprop::etas: expected 0 < η₋ < 1 < η₊, found η₋ = {minus} and η₊ = {plus}");
        }
        self.rule.etas = (minus, plus);
        self
    }

    /// Sets the least and the largest step size (default 1e-6 and 50).
    ///
    /// # Panics
    /// If not 0 ≤ least ≤ largest, or the largest is infinite.
    #[track_caller]
    pub fn step_sizes(mut self, least: f64, largest: f64) -> Self {
        if !(0.0 <= least && least <= largest && largest.is_finite()) {
            panic!("Rprop::step_sizes: expected 0 ≤ least ≤ largest, found {least} and {largest}");
        }
        self.rule.step_sizes = (least, largest);
        self
    }
}

impl Rule for RpropRule {
    const NAME: &'static str = "Rprop";

    fn state(&self) -> &'static [&'static str] {
        &["prev", "step_size"]
    }

    fn initial(&self, name: &'static str, step: &Step) -> f64 {
        if name == "step_size" { step.learning_rate } else { 0.0 }
    }

    fn hyper_parameters(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("etaminus", self.etas.0),
            ("etaplus", self.etas.1),
            ("step_size_min", self.step_sizes.0),
            ("step_size_max", self.step_sizes.1),
        ]
    }

    #[inline(always)]
    fn update<T: Float>(&self, step: &Step, x: &mut [T], gradient: &[T], state: &mut [&mut [T]]) {
        let [previous, size] = state else { unreachable!("two tensors of state") };
        let (shrink, grow) = (T::from_f64(self.etas.0), T::from_f64(self.etas.1));
        let (least, largest) = (T::from_f64(self.step_sizes.0), T::from_f64(self.step_sizes.1));
        let decay = Decay::in_gradient(step);
        let state = previous.iter_mut().zip(size.iter_mut());
        for ((x, &g), (previous, size)) in x.iter_mut().zip(gradient).zip(state) {
            let d = decay.gradient(g, *x);
            // Of the signs, for the product of small gradients may be rounded to 0.
            let agreement = sign(d) * sign(*previous);
            let turned = agreement < T::zero();
            let eta = if turned { shrink } else { grow };
            let scaled = if agreement == T::zero() { *size } else { eta * *size };
            let scaled = if scaled < least { least } else { scaled };
            *size = if scaled > largest { largest } else { scaled };
            *previous = if turned { T::zero() } else { d };
            *x -= *size * sign(*previous);
        }
    }
}
