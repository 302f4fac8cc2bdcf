//! The rate at which weights are averaged.

use super::check::non_negative;
use super::{Anneal, Schedule};

/// A schedule up to step s, then n steps from its rate there to a constant one, at which the weights of the
/// model are averaged: S(t) while t ≤ s, then from S(s) to α along a half cosine.
///
/// PyTorch's `SWALR` after another schedule, with its defaults: n = 10, along a cosine.
///
/// P. Izmailov et al., "Averaging weights leads to wider optima and better generalization" (2018).
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = Cosine::new(0.1, 100).swa(50, 0.03).steps(4);
/// assert!((schedule.at(50) - 0.05).abs() < 1e-15);
/// assert!((schedule.at(52) - 0.04).abs() < 1e-15);
/// assert_eq!([54, 1000].map(|step| schedule.at(step)), [0.03, 0.03]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SwaSchedule<S> {
    before: S,
    start: u64,
    rate: f64,
    steps: u64,
    anneal: Anneal,
}

impl<S: Schedule> SwaSchedule<S> {
    /// The schedule before, the step s at which the way to the constant rate begins, and that rate, α.
    ///
    /// # Panics
    /// If the rate is negative or not finite.
    #[track_caller]
    pub fn new(before: S, start: u64, rate: f64) -> Self {
        let rate = non_negative("SwaSchedule::new (the rate)", rate);
        Self { before, start, rate, steps: 10, anneal: Anneal::Cos }
    }

    /// Sets the steps of the way, PyTorch's `anneal_epochs` (default 10). With none the constant rate holds
    /// from step s on.
    pub fn steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// Sets the form of the way (default: half a cosine).
    pub fn anneal(mut self, anneal: Anneal) -> Self {
        self.anneal = anneal;
        self
    }
}

impl<S: Schedule> Schedule for SwaSchedule<S> {
    fn at(&self, step: u64) -> f64 {
        match step.checked_sub(self.start) {
            None => self.before.at(step),
            Some(since) if since >= self.steps => self.rate,
            Some(since) => {
                let share = since as f64 / self.steps as f64;
                self.anneal.between(self.before.at(self.start), self.rate, share)
            }
        }
    }
}
