//! Rates that are constant or fall by one formula for ever.

use super::Schedule;
use super::check::non_negative;

/// The same rate α at every step; the number itself does the same.
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = Constant::new(0.1).warmup(9);
/// assert_eq!(schedule.at(4), 0.05);
/// assert_eq!(schedule.at(9), 0.1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constant {
    rate: f64,
}

impl Constant {
    /// A constant rate.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn new(rate: f64) -> Self {
        Self { rate: non_negative("Constant::new (the rate)", rate) }
    }
}

impl From<f64> for Constant {
    #[track_caller]
    fn from(rate: f64) -> Self {
        Self::new(rate)
    }
}

impl Schedule for Constant {
    fn at(&self, _: u64) -> f64 {
        self.rate
    }
}

/// Inverse-time decay: α₀ / (1 + r·t).
///
/// ```
/// use wengert::prelude::*;
///
/// let rates = [1, 2, 3, 4].map(|epoch| InverseTime::new(0.2, 1.0).at(epoch));
/// let rounded = rates.map(|rate| (rate * 1000.0).round() / 1000.0);
/// assert_eq!(rounded, [0.1, 0.067, 0.05, 0.04]);
///
/// // The same by epochs of 90 steps.
/// assert_eq!(InverseTime::new(0.2, 1.0).per_epoch(90).at(359), rates[2]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseTime {
    initial: f64,
    decay: f64,
}

impl InverseTime {
    /// The rate at step 0, α₀, and the decay r.
    ///
    /// # Panics
    /// If one is negative or not finite.
    #[track_caller]
    pub fn new(initial: f64, decay: f64) -> Self {
        Self {
            initial: non_negative("InverseTime::new (the initial rate)", initial),
            decay: non_negative("InverseTime::new (the decay)", decay),
        }
    }
}

impl Schedule for InverseTime {
    fn at(&self, step: u64) -> f64 {
        self.initial / (1.0 + self.decay * step as f64)
    }
}

/// Decay with the square root of the number of the step, counted from 1: k / √(t + 1).
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = InverseSqrt::new(0.1).per_epoch(50);
/// assert_eq!(schedule.at(49), 0.1); // the first epoch
/// assert_eq!(schedule.at(150), 0.05); // the fourth
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseSqrt {
    initial: f64,
}

impl InverseSqrt {
    /// The rate at step 0, k. Where a formula says k·α₀/√t, it is their product.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn new(initial: f64) -> Self {
        Self { initial: non_negative("InverseSqrt::new (the initial rate)", initial) }
    }
}

impl Schedule for InverseSqrt {
    fn at(&self, step: u64) -> f64 {
        self.initial / (step as f64 + 1.0).sqrt()
    }
}

/// Exponential decay: α₀·γᵗ. PyTorch's `ExponentialLR`.
///
/// A factor above 1 makes it grow, as the search for a good rate wants it (L. N. Smith, "Cyclical learning
/// rates for training neural networks", 2017); [`clamp`](Schedule::clamp) says how far.
///
/// ```
/// use wengert::prelude::*;
///
/// // 0.95 to the number of the epoch, in epochs of 100 steps.
/// let schedule = Exponential::new(0.2, 0.95).per_epoch(100);
/// assert_eq!(schedule.at(99), 0.2);
/// assert_eq!(schedule.at(100), 0.2 * 0.95);
///
/// let search = Exponential::new(1e-6, 10.0).clamp(0.0, 1.0);
/// assert_eq!(search.at(1000), 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponential {
    initial: f64,
    gamma: f64,
}

impl Exponential {
    /// The rate at step 0, α₀, and the factor γ of each step.
    ///
    /// # Panics
    /// If one is negative or not finite.
    #[track_caller]
    pub fn new(initial: f64, gamma: f64) -> Self {
        Self {
            initial: non_negative("Exponential::new (the initial rate)", initial),
            gamma: non_negative("Exponential::new (the factor γ)", gamma),
        }
    }
}

impl Schedule for Exponential {
    fn at(&self, step: u64) -> f64 {
        self.initial * self.gamma.powf(step as f64)
    }
}
