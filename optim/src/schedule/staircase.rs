//! Rates that are constant for a while, then jump.

use super::check::{non_negative, steps};
use super::{Anneal, Schedule};

/// A staircase: α₀·γ^⌊t/n⌋, a fall by the factor γ every n steps. PyTorch's `StepLR`, where γ is 0.1 by
/// default.
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = StepDecay::new(0.8, 0.5, 30);
/// assert_eq!([0, 29, 30, 60].map(|step| schedule.at(step)), [0.8, 0.8, 0.4, 0.2]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepDecay {
    initial: f64,
    gamma: f64,
    every: u64,
}

impl StepDecay {
    /// The rate at step 0, α₀, the factor γ of each fall, and the steps n between two.
    ///
    /// # Panics
    /// If α₀ or γ is negative or not finite, or n is 0.
    #[track_caller]
    pub fn new(initial: f64, gamma: f64, every: u64) -> Self {
        Self {
            initial: non_negative("StepDecay::new (the initial rate)", initial),
            gamma: non_negative("StepDecay::new (the factor γ)", gamma),
            every: steps("StepDecay::new (between two falls)", every),
        }
    }
}

impl Schedule for StepDecay {
    fn at(&self, step: u64) -> f64 {
        self.initial * self.gamma.powf((step / self.every) as f64)
    }
}

/// A staircase with steps of any length: α₀·γᵏ, where k is the number of milestones that t has reached.
/// PyTorch's `MultiStepLR`, where γ is 0.1 by default.
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = MultiStep::new(0.8, 0.5, [30, 80]);
/// assert_eq!([0, 29, 30, 79, 80].map(|step| schedule.at(step)), [0.8, 0.8, 0.4, 0.4, 0.2]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MultiStep {
    initial: f64,
    gamma: f64,
    milestones: Vec<u64>,
}

impl MultiStep {
    /// The rate at step 0, α₀, the factor γ of each fall, and the steps at which it falls. One that is named
    /// twice counts twice.
    ///
    /// # Panics
    /// If α₀ or γ is negative or not finite, or a milestone lies before its predecessor.
    #[track_caller]
    pub fn new(initial: f64, gamma: f64, milestones: impl Into<Vec<u64>>) -> Self {
        let milestones = milestones.into();
        for pair in milestones.windows(2) {
            if pair[1] < pair[0] {
                panic!(
                    "MultiStep::new: milestone {} comes after {}; expected them in order",
                    pair[1], pair[0]
                );
            }
        }
        Self {
            initial: non_negative("MultiStep::new (the initial rate)", initial),
            gamma: non_negative("MultiStep::new (the factor γ)", gamma),
            milestones,
        }
    }
}

impl Schedule for MultiStep {
    fn at(&self, step: u64) -> f64 {
        let reached = self.milestones.partition_point(|&milestone| milestone <= step);
        self.initial * self.gamma.powf(reached as f64)
    }
}

/// A table of steps and rates: the rate of a step holds until the next step of the table, or goes over into
/// the next one's after [`joined`](Self::joined). The last rate holds for ever.
///
/// ```
/// use wengert::prelude::*;
///
/// let table = [(0, 0.1), (50, 0.3), (80, 0.0)];
/// let by_hand = Piecewise::new(table);
/// assert_eq!([0, 49, 50, 79, 80, 1000].map(|step| by_hand.at(step)), [0.1, 0.1, 0.3, 0.3, 0.0, 0.0]);
/// let lines = Piecewise::new(table).joined(Anneal::Linear);
/// assert!((lines.at(25) - 0.2).abs() < 1e-15 && (lines.at(60) - 0.2).abs() < 1e-15);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Piecewise {
    points: Vec<(u64, f64)>,
    joined: Option<Anneal>,
}

impl Piecewise {
    /// The steps, beginning with step 0, each with its rate.
    ///
    /// # Panics
    /// If the first step is not 0, a step does not lie after its predecessor, or a rate is negative or not
    /// finite.
    #[track_caller]
    pub fn new(points: impl Into<Vec<(u64, f64)>>) -> Self {
        let points = points.into();
        match points.first() {
            Some((0, _)) => {}
            Some((step, _)) => {
                panic!("Piecewise::new: expected a table from step 0 on, found one from {step} on")
            }
            None => panic!("Piecewise::new: expected a table from step 0 on, found none"),
        }
        for pair in points.windows(2) {
            let (before, after) = (pair[0].0, pair[1].0);
            if after <= before {
                panic!(
                    "Piecewise::new: step {after} comes after {before}; expected each step once and in order"
                );
            }
        }
        for (step, rate) in &points {
            non_negative(&format!("Piecewise::new (the rate of step {step})"), *rate);
        }
        Self { points, joined: None }
    }

    /// Joins the points of the table by straight lines or half cosines (default: not joined, each rate holds
    /// until the next).
    pub fn joined(mut self, way: Anneal) -> Self {
        self.joined = Some(way);
        self
    }
}

impl Schedule for Piecewise {
    fn at(&self, step: u64) -> f64 {
        let after = self.points.partition_point(|&(from, _)| from <= step);
        let (from, rate) = self.points[after - 1];
        match (self.joined, self.points.get(after)) {
            (Some(way), Some(&(to, next))) => {
                way.between(rate, next, (step - from) as f64 / (to - from) as f64)
            }
            _ => rate,
        }
    }
}
