//! Rates that go from one number to another in a given time.

use super::Schedule;
use super::check::{non_negative, positive, steps};

/// A polynomial: α₁ + (α₀ − α₁)·(1 − t/T)ᵖ up to step T, α₁ from there on.
///
/// PyTorch's `PolynomialLR`, which ends at 0; its default is p = 1, as here.
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = Polynomial::new(0.4, 10).power(2.0);
/// assert_eq!([0, 5, 10, 11].map(|step| schedule.at(step)), [0.4, 0.1, 0.0, 0.0]);
/// assert_eq!(Polynomial::new(0.4, 10).end(0.2).at(100), 0.2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Polynomial {
    initial: f64,
    end: f64,
    steps: u64,
    power: f64,
}

impl Polynomial {
    /// The rate at step 0, α₀, and the step T from which on it is at its end, 0 unless set.
    ///
    /// # Panics
    /// If α₀ is negative or not finite, or T is 0.
    #[track_caller]
    pub fn new(initial: f64, steps: u64) -> Self {
        Self {
            initial: non_negative("Polynomial::new (the initial rate)", initial),
            end: 0.0,
            steps: self::steps("Polynomial::new", steps),
            power: 1.0,
        }
    }

    /// Sets the power p (default 1).
    ///
    /// # Panics
    /// If it is not a finite number above 0.
    #[track_caller]
    pub fn power(mut self, power: f64) -> Self {
        self.power = positive("Polynomial::power", power);
        self
    }

    /// Sets the rate at the end, α₁ (default 0).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn end(mut self, end: f64) -> Self {
        self.end = non_negative("Polynomial::end", end);
        self
    }
}

impl Schedule for Polynomial {
    fn at(&self, step: u64) -> f64 {
        if step >= self.steps {
            return self.end;
        }
        let left = (self.steps - step) as f64 / self.steps as f64;
        let weight = left.powf(self.power);
        weight * self.initial + (1.0 - weight) * self.end
    }
}

/// A straight line: α₀ + (α₁ − α₀)·t/T up to step T, α₁ from there on.
///
/// PyTorch's `LinearLR` goes in this way from `start_factor` to `end_factor` times its rate, by default from
/// a third of it to all of it in 5 steps.
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = LinearRamp::new(0.1, 0.3, 4);
/// assert!((schedule.at(2) - 0.2).abs() < 1e-15);
/// assert_eq!(schedule.at(4), 0.3);
/// assert_eq!(schedule.at(1_000_000), 0.3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearRamp {
    initial: f64,
    end: f64,
    steps: u64,
}

impl LinearRamp {
    /// The rate at step 0, α₀, the rate at the end, α₁, and the step T at which it gets there.
    ///
    /// # Panics
    /// If a rate is negative or not finite, or T is 0.
    #[track_caller]
    pub fn new(initial: f64, end: f64, steps: u64) -> Self {
        Self {
            initial: non_negative("LinearRamp::new (the initial rate)", initial),
            end: non_negative("LinearRamp::new (the rate at the end)", end),
            steps: self::steps("LinearRamp::new", steps),
        }
    }
}

impl Schedule for LinearRamp {
    fn at(&self, step: u64) -> f64 {
        if step >= self.steps {
            return self.end;
        }
        let weight = step as f64 / self.steps as f64;
        (1.0 - weight) * self.initial + weight * self.end
    }
}
