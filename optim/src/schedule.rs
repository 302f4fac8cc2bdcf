//! The learning rate as a function of the step.
//!
//! A schedule is a pure function, so it has no state to save: a resumed optimizer knows its step and
//! therefore its rate. Steps count from 0, and each is one call of [`step`](crate::Optimizer::step), one
//! mini-batch. A formula in epochs is one in steps through [`Schedule::per_epoch`].

use std::f64::consts::PI;
use std::fmt::{self, Debug};
use std::sync::Arc;

use crate::group::non_negative;

/// A learning rate as a pure function of the step.
///
/// A number is the constant one. [`from_fn`] makes one of a closure.
///
/// ```
/// use wengert::prelude::*;
///
/// // 5 steps of warm-up, then a cosine over 100 steps.
/// let schedule = Cosine::new(0.6, 100).warm_up(5);
/// let rates: Vec<f64> = [0, 1, 4, 5, 55, 105, 1000].map(|step| schedule.at(step)).into();
/// assert!(rates.iter().zip([0.1, 0.2, 0.5, 0.6, 0.3, 0.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-12));
/// ```
pub trait Schedule: Send + Sync {
    /// The rate of a step, the first of which is step 0. It must be finite and not negative.
    fn at(&self, step: u64) -> f64;

    /// This schedule after a linear rise over `steps` steps: see [`WarmUp`].
    fn warm_up(self, steps: u64) -> WarmUp<Self>
    where
        Self: Sized,
    {
        WarmUp::new(steps, self)
    }

    /// This schedule as a function of the epoch, of `steps_per_epoch` steps each: see [`PerEpoch`].
    ///
    /// # Panics
    /// If an epoch has no steps.
    #[track_caller]
    fn per_epoch(self, steps_per_epoch: u64) -> PerEpoch<Self>
    where
        Self: Sized,
    {
        PerEpoch::new(steps_per_epoch, self)
    }
}

impl Schedule for f64 {
    fn at(&self, _: u64) -> f64 {
        *self
    }
}

impl<S: Schedule + ?Sized> Schedule for Box<S> {
    fn at(&self, step: u64) -> f64 {
        (**self).at(step)
    }
}

impl<S: Schedule + ?Sized> Schedule for Arc<S> {
    fn at(&self, step: u64) -> f64 {
        (**self).at(step)
    }
}

/// A schedule from a closure; see [`from_fn`].
#[derive(Clone)]
pub struct FromFn<F>(F);

/// A schedule from a closure.
///
/// ```
/// use wengert::optim::schedule::{self, Schedule};
///
/// // k/√epoch, epochs counted from 1.
/// let schedule = schedule::from_fn(|epoch| 0.1 / (epoch as f64 + 1.0).sqrt()).per_epoch(50);
/// assert_eq!(schedule.at(49), 0.1);
/// assert_eq!(schedule.at(150), 0.05);
/// ```
pub fn from_fn<F: Fn(u64) -> f64 + Send + Sync>(f: F) -> FromFn<F> {
    FromFn(f)
}

impl<F: Fn(u64) -> f64 + Send + Sync> Schedule for FromFn<F> {
    fn at(&self, step: u64) -> f64 {
        (self.0)(step)
    }
}

impl<F> Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn(..)")
    }
}

/// The same rate α at every step. Where it is not wrapped, the number itself will do.
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = Constant::new(0.1).warm_up(9);
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

/// Exponential decay: α₀·γᵗ.
///
/// ```
/// use wengert::prelude::*;
///
/// // 0.95 to the number of the epoch, in epochs of 100 steps.
/// let schedule = Exponential::new(0.2, 0.95).per_epoch(100);
/// assert_eq!(schedule.at(99), 0.2);
/// assert_eq!(schedule.at(100), 0.2 * 0.95);
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
    /// If α₀ is negative or not finite, or γ does not lie in \[0, 1\].
    #[track_caller]
    pub fn new(initial: f64, gamma: f64) -> Self {
        Self {
            initial: non_negative("Exponential::new (the initial rate)", initial),
            gamma: factor("Exponential::new", gamma),
        }
    }
}

impl Schedule for Exponential {
    fn at(&self, step: u64) -> f64 {
        self.initial * self.gamma.powf(step as f64)
    }
}

/// A staircase: α₀·γ^⌊t/n⌋, a fall by the factor γ every n steps.
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
    /// If α₀ is negative or not finite, γ does not lie in \[0, 1\], or n is 0.
    #[track_caller]
    pub fn new(initial: f64, gamma: f64, every: u64) -> Self {
        if every == 0 {
            panic!("StepDecay::new: expected at least one step between two falls, found 0");
        }
        Self {
            initial: non_negative("StepDecay::new (the initial rate)", initial),
            gamma: factor("StepDecay::new", gamma),
            every,
        }
    }
}

impl Schedule for StepDecay {
    fn at(&self, step: u64) -> f64 {
        self.initial * self.gamma.powf((step / self.every) as f64)
    }
}

/// Half a period of a cosine: α_min + (α₀ − α_min)·(1 + cos(π·t/T))/2 up to step T, α_min from there on.
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
        if steps == 0 {
            panic!("Cosine::new: expected at least one step, found 0");
        }
        Self { initial: non_negative("Cosine::new (the initial rate)", initial), minimum: 0.0, steps }
    }

    /// Sets the rate at the end, α_min (default 0).
    ///
    /// # Panics
    /// If it is negative, not finite, or more than α₀.
    #[track_caller]
    pub fn minimum(mut self, minimum: f64) -> Self {
        self.minimum = non_negative("Cosine::minimum", minimum);
        if minimum > self.initial {
            panic!("Cosine::minimum: expected at most the initial rate {}, found {minimum}", self.initial);
        }
        self
    }
}

impl Schedule for Cosine {
    fn at(&self, step: u64) -> f64 {
        if step >= self.steps {
            return self.minimum;
        }
        let weight = 0.5 * (1.0 + (PI * (step as f64 / self.steps as f64)).cos());
        weight * self.initial + (1.0 - weight) * self.minimum
    }
}

/// A linear rise over n steps, then another schedule from its own step 0 on: α(0)·(t+1)/(n+1) while t < n,
/// then α(t−n).
///
/// P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour" (2017).
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = InverseTime::new(0.4, 1.0).warm_up(3);
/// let rates = [0, 1, 2, 3, 4].map(|step| schedule.at(step));
/// assert!(rates.iter().zip([0.1, 0.2, 0.3, 0.4, 0.2]).all(|(a, b)| (a - b).abs() < 1e-12));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp<S> {
    steps: u64,
    then: S,
}

impl<S: Schedule> WarmUp<S> {
    /// The steps n of the rise, and the schedule that follows it.
    pub fn new(steps: u64, then: S) -> Self {
        Self { steps, then }
    }
}

impl<S: Schedule> Schedule for WarmUp<S> {
    fn at(&self, step: u64) -> f64 {
        match step.checked_sub(self.steps) {
            Some(after) => self.then.at(after),
            None => self.then.at(0) * ((step as f64 + 1.0) / (self.steps as f64 + 1.0)),
        }
    }
}

/// A schedule that is a function of the epoch: α(⌊t/n⌋), with n steps to an epoch.
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
        if steps_per_epoch == 0 {
            panic!("PerEpoch::new: expected at least one step in an epoch, found 0");
        }
        Self { steps: steps_per_epoch, epochs }
    }
}

impl<S: Schedule> Schedule for PerEpoch<S> {
    fn at(&self, step: u64) -> f64 {
        self.epochs.at(step / self.steps)
    }
}

#[track_caller]
fn factor(place: &str, gamma: f64) -> f64 {
    if !(0.0..=1.0).contains(&gamma) {
        panic!("{place}: expected a factor γ in [0, 1], found {gamma}");
    }
    gamma
}
