//! Half periods of a cosine.

use super::check::{non_negative, steps};
use super::{Anneal, Schedule};

/// Half a period of a cosine: α_min + (α₀ − α_min)·(1 + cos(π·t/T))/2 up to step T, α_min from there on.
///
/// PyTorch's `CosineAnnealingLR` up to step T, after which PyTorch's rises again.
///
/// I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017), without the
/// restarts.
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = Cosine::new(1.0, 200).minimum(0.1);
/// assert_eq!(schedule.at(0), 1.0);
/// assert!((schedule.at(100) - 0.55).abs() < 1e-12);
/// assert_eq!(schedule.at(200), 0.1);
/// assert_eq!(schedule.at(1_000_000), 0.1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cosine {
    initial: f64,
    minimum: f64,
    steps: u64,
}

impl Cosine {
    /// The rate at step 0, α₀, and the step T from which on it is at its minimum, 0 unless set.
    ///
    /// # Panics
    /// If α₀ is negative or not finite, or T is 0.
    #[track_caller]
    pub fn new(initial: f64, steps: u64) -> Self {
        Self {
            initial: non_negative("Cosine::new (the initial rate)", initial),
            minimum: 0.0,
            steps: self::steps("Cosine::new", steps),
        }
    }

    /// Sets the rate at the end, α_min (default 0).
    ///
    /// # Panics
    /// If it is negative, not finite, or more than α₀.
    #[track_caller]
    pub fn minimum(mut self, minimum: f64) -> Self {
        self.minimum = checked_minimum("Cosine::minimum", minimum, self.initial);
        self
    }
}

impl Schedule for Cosine {
    fn at(&self, step: u64) -> f64 {
        if step >= self.steps {
            return self.minimum;
        }
        Anneal::Cos.between(self.initial, self.minimum, step as f64 / self.steps as f64)
    }
}

/// Half a period of a cosine, again and again: α_min + (α₀ − α_min)·(1 + cos(π·t/Tᵢ))/2, with t counted from
/// the last restart. The first period has T₀ steps, each later one as many times more as its predecessor.
///
/// PyTorch's `CosineAnnealingWarmRestarts`, with its defaults: all periods alike, α_min = 0.
///
/// I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).
///
/// ```
/// use wengert::prelude::*;
///
/// // Periods of 10, 20, 40… steps.
/// let schedule = CosineRestarts::new(0.2, 10).multiplier(2);
/// assert_eq!([0, 10, 30, 70].map(|step| schedule.at(step)), [0.2; 4]);
/// assert!((schedule.at(20) - 0.1).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineRestarts {
    initial: f64,
    minimum: f64,
    steps: u64,
    multiplier: u64,
}

impl CosineRestarts {
    /// The rate after each restart, α₀, and the steps of the first period, T₀.
    ///
    /// # Panics
    /// If α₀ is negative or not finite, or T₀ is 0.
    #[track_caller]
    pub fn new(initial: f64, steps: u64) -> Self {
        Self {
            initial: non_negative("CosineRestarts::new (the initial rate)", initial),
            minimum: 0.0,
            steps: self::steps("CosineRestarts::new", steps),
            multiplier: 1,
        }
    }

    /// Sets how many times longer each period is than the one before, PyTorch's `T_mult` (default 1).
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn multiplier(mut self, multiplier: u64) -> Self {
        if multiplier == 0 {
            panic!("CosineRestarts::multiplier: expected at least 1, found 0");
        }
        self.multiplier = multiplier;
        self
    }

    /// Sets the rate towards which each period falls, α_min (default 0).
    ///
    /// # Panics
    /// If it is negative, not finite, or more than α₀.
    #[track_caller]
    pub fn minimum(mut self, minimum: f64) -> Self {
        self.minimum = checked_minimum("CosineRestarts::minimum", minimum, self.initial);
        self
    }
}

impl Schedule for CosineRestarts {
    fn at(&self, step: u64) -> f64 {
        let (mut since, mut period) = (step, self.steps);
        if self.multiplier == 1 {
            since %= period;
        }
        while since >= period {
            since -= period;
            period = period.saturating_mul(self.multiplier);
        }
        Anneal::Cos.between(self.initial, self.minimum, since as f64 / period as f64)
    }
}

#[track_caller]
fn checked_minimum(place: &str, minimum: f64, initial: f64) -> f64 {
    if non_negative(place, minimum) > initial {
        panic!("{place}: expected at most the initial rate {initial}, found {minimum}");
    }
    minimum
}
