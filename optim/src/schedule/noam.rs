//! The Transformer's schedule.

use super::Schedule;
use super::check::{non_negative, positive, steps};

/// The Transformer's schedule: k·d^(−1/2)·min(s^(−1/2), s·w^(−3/2)) at s = t + 1. It rises in equal parts for w
/// steps, to k/√(d·w), and then falls with the square root of the step.
///
/// A. Vaswani et al., "Attention is all you need" (2017), with d = 512, w = 4000 and k = 1.
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = Noam::new(512, 4000);
/// let peak = 1.0 / (512.0f64 * 4000.0).sqrt();
/// assert!((schedule.at(3999) / peak - 1.0).abs() < 1e-15);
/// assert!((schedule.at(1999) / peak - 0.5).abs() < 1e-15);
/// assert!((schedule.at(15_999) / peak - 0.5).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noam {
    model_size: f64,
    warmup_steps: f64,
    factor: f64,
}

impl Noam {
    /// The width of the model, d, and the steps of the rise, w.
    ///
    /// # Panics
    /// If one is 0.
    #[track_caller]
    pub fn new(model_size: usize, warmup_steps: u64) -> Self {
        Self {
            model_size: positive("Noam::new (the model's size)", model_size as f64),
            warmup_steps: steps("Noam::new (the warm-up)", warmup_steps) as f64,
            factor: 1.0,
        }
    }

    /// Sets the factor k (default 1).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = non_negative("Noam::factor", factor);
        self
    }
}

impl Schedule for Noam {
    fn at(&self, step: u64) -> f64 {
        let s = step as f64 + 1.0;
        let w = self.warmup_steps;
        self.factor / self.model_size.sqrt() * (1.0 / s.sqrt()).min(s / (w * w.sqrt()))
    }
}
