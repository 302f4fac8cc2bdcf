//! Schedules out of schedules.

use super::Schedule;
use super::check::{non_negative, share, steps};

/// One schedule for n steps, then another from its own step 0 on: S₁(t) while t < n, then S₂(t−n).
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = 0.1.then(20, LinearRamp::new(0.1, 0.0, 10)).then(30, 0.01);
/// assert_eq!([0, 19, 20].map(|step| schedule.at(step)), [0.1; 3]);
/// assert_eq!([25, 30, 1000].map(|step| schedule.at(step)), [0.05, 0.01, 0.01]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Then<A, B> {
    first: A,
    steps: u64,
    next: B,
}

impl<A: Schedule, B: Schedule> Then<A, B> {
    /// The first schedule, its steps n, and the schedule that follows it.
    pub fn new(first: A, steps: u64, next: B) -> Self {
        Self { first, steps, next }
    }
}

impl<A: Schedule, B: Schedule> Schedule for Then<A, B> {
    fn at(&self, step: u64) -> f64 {
        match step.checked_sub(self.steps) {
            Some(after) => self.next.at(after),
            None => self.first.at(step),
        }
    }
}

/// A linear rise over n steps, then another schedule from its own step 0 on: S(0)·(f + (1−f)·t/n) while
/// t < n, then S(t−n).
///
/// Unless set, the factor f at the beginning is 1/(n+1), and the rise goes in equal parts from the first step
/// on: S(0)·(t+1)/(n+1).
///
/// P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour" (2017).
///
/// ```
/// use wengert::prelude::*;
///
/// let close = |rates: [f64; 4], expected: [f64; 4]| rates.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15);
/// let schedule = InverseTime::new(0.4, 1.0).warmup(3);
/// assert!(close([0, 1, 2, 3].map(|step| schedule.at(step)), [0.1, 0.2, 0.3, 0.4]));
/// assert_eq!(schedule.at(4), 0.2);
/// let schedule = schedule.start_factor(0.25 / 4.0);
/// assert!(close([0, 1, 2, 3].map(|step| schedule.at(step)), [0.025, 0.15, 0.275, 0.4]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Warmup<S> {
    steps: u64,
    start_factor: Option<f64>,
    then: S,
}

impl<S: Schedule> Warmup<S> {
    /// The steps n of the rise, and the schedule that follows it.
    pub fn new(steps: u64, then: S) -> Self {
        Self { steps, start_factor: None, then }
    }

    /// Sets the part f of the schedule's first rate with which the rise begins (default 1/(n+1)).
    ///
    /// # Panics
    /// If it does not lie in \[0, 1\].
    #[track_caller]
    pub fn start_factor(mut self, factor: f64) -> Self {
        self.start_factor = Some(share("Warmup::start_factor", factor));
        self
    }
}

impl<S: Schedule> Schedule for Warmup<S> {
    fn at(&self, step: u64) -> f64 {
        if let Some(after) = step.checked_sub(self.steps) {
            return self.then.at(after);
        }
        let (t, n) = (step as f64, self.steps as f64);
        let factor = match self.start_factor {
            Some(start) => start + (1.0 - start) * (t / n),
            None => (t + 1.0) / (n + 1.0),
        };
        self.then.at(0) * factor
    }
}

/// The product of two schedules, the second of which is often a number: S(t)·k(t).
///
/// ```
/// use wengert::prelude::*;
///
/// assert_eq!(LinearRamp::new(0.0, 1.0, 4).scale(0.5).at(2), 0.25);
/// let both = Exponential::new(0.1, 0.9).scale(Piecewise::new([(0, 1.0), (100, 0.5)]));
/// assert_eq!(both.at(0), 0.1);
/// assert!((both.at(100) / (0.05 * 0.9f64.powi(100)) - 1.0).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale<S, F> {
    schedule: S,
    factor: F,
}

impl<S: Schedule, F: Schedule> Scale<S, F> {
    /// A schedule and its factor.
    ///
    /// # Panics
    /// If the factor begins with a number that is negative or not finite.
    #[track_caller]
    pub fn new(schedule: S, factor: F) -> Self {
        non_negative("Scale::new (the factor)", factor.at(0));
        Self { schedule, factor }
    }
}

impl<S: Schedule, F: Schedule> Schedule for Scale<S, F> {
    fn at(&self, step: u64) -> f64 {
        self.schedule.at(step) * self.factor.at(step)
    }
}

/// A schedule, cut to an interval: min(max(S(t), a), b).
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = Exponential::new(0.1, 0.5).clamp(0.01, f64::INFINITY);
/// assert_eq!([0, 1, 10].map(|step| schedule.at(step)), [0.1, 0.05, 0.01]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clamp<S> {
    schedule: S,
    minimum: f64,
    maximum: f64,
}

impl<S: Schedule> Clamp<S> {
    /// A schedule, the least rate a and the greatest b, which may be infinite.
    ///
    /// # Panics
    /// If a bound is negative or NaN, a is infinite, or it is more than b.
    #[track_caller]
    pub fn new(schedule: S, minimum: f64, maximum: f64) -> Self {
        non_negative("Clamp::new (the minimum)", minimum);
        if maximum.is_nan() || maximum < minimum {
            panic!("Clamp::new: expected a maximum of at least the minimum {minimum}, found {maximum}");
        }
        Self { schedule, minimum, maximum }
    }
}

impl<S: Schedule> Schedule for Clamp<S> {
    fn at(&self, step: u64) -> f64 {
        self.schedule.at(step).clamp(self.minimum, self.maximum)
    }
}

/// A schedule that is a function of the epoch: S(⌊t/n⌋), with n steps to an epoch.
///
/// With m examples in mini-batches of b, an epoch has ⌈m/b⌉ steps.
///
/// ```
/// use wengert::prelude::*;
///
/// let (examples, batch) = (1437_u64, 64);
/// let schedule = InverseTime::new(0.2, 1.0).per_epoch(examples.div_ceil(batch));
/// assert_eq!([0, 22, 23, 45, 46].map(|step| schedule.at(step)), [0.2, 0.2, 0.1, 0.1, 0.2 / 3.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerEpoch<S> {
    steps: u64,
    epochs: S,
}

impl<S: Schedule> PerEpoch<S> {
    /// The steps n of an epoch, and the schedule of the epochs, the first of which is epoch 0.
    ///
    /// # Panics
    /// If an epoch has no steps.
    #[track_caller]
    pub fn new(steps_per_epoch: u64, epochs: S) -> Self {
        Self { steps: steps("PerEpoch::new (in an epoch)", steps_per_epoch), epochs }
    }
}

impl<S: Schedule> Schedule for PerEpoch<S> {
    fn at(&self, step: u64) -> f64 {
        self.epochs.at(step / self.steps)
    }
}
