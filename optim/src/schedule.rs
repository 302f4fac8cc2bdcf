//! The learning rate as a function of the step.
//!
//! A schedule is a pure function, so it has no state to save: a resumed optimizer knows its step and
//! therefore its rate. Steps count from 0, and each is one call of [`step`](crate::Optimizer::step), one
//! mini-batch. A formula in epochs is one in steps through [`Schedule::per_epoch`]. The one exception is
//! [`ReduceOnPlateau`], which listens to a metric.
//!
//! | schedule | rate at step t |
//! | --- | --- |
//! | a number, [`Constant`] | α |
//! | [`InverseTime`] | α₀ / (1 + r·t) |
//! | [`InverseSqrt`] | k / √(t + 1) |
//! | [`Exponential`] | α₀·γᵗ |
//! | [`Polynomial`] | from α₀ to α₁ along (1 − t/T)ᵖ |
//! | [`LinearRamp`] | from α₀ to α₁ in equal parts |
//! | [`StepDecay`], [`MultiStep`] | α₀, times γ every n steps, or at given steps |
//! | [`Piecewise`] | a table, its points joined or not |
//! | [`Cosine`], [`CosineRestarts`] | half a period of a cosine, once or again and again |
//! | [`Cyclic`] | up and down between two rates, in triangles |
//! | [`OneCycle`] | up, and down to almost nothing |
//! | [`Noam`] | the Transformer's: up in equal parts, then down with 1/√t |
//! | [`from_fn`] | any closure |
//!
//! They are put together by the methods of [`Schedule`]:
//!
//! ```
//! use wengert::prelude::*;
//!
//! // 5 epochs of warm-up, a cosine over 90, then a small constant rate; all in epochs of 100 steps.
//! let schedule = Cosine::new(0.4, 90).warmup(5).then(95, 1e-3).per_epoch(100);
//! assert_eq!(schedule.at(500), 0.4);
//! assert_eq!(schedule.at(20_000), 1e-3);
//! ```

mod anneal;
mod check;
mod compose;
mod cosine;
mod cyclic;
mod decay;
mod function;
mod noam;
mod one_cycle;
mod plateau;
mod polynomial;
mod staircase;
mod swa;

use std::sync::Arc;

pub use anneal::Anneal;
pub use compose::{Clamp, PerEpoch, Scale, Then, Warmup};
pub use cosine::{Cosine, CosineRestarts};
pub use cyclic::{Cyclic, CyclicMode};
pub use decay::{Constant, Exponential, InverseSqrt, InverseTime};
pub use function::{FromFn, from_fn};
pub use noam::Noam;
pub use one_cycle::{OneCycle, OneCycleMomentum};
pub use plateau::{PlateauMode, PlateauState, PlateauThreshold, ReduceOnPlateau};
pub use polynomial::{LinearRamp, Polynomial};
pub use staircase::{MultiStep, Piecewise, StepDecay};
pub use swa::SwaSchedule;

/// A learning rate as a pure function of the step.
///
/// A number is the constant one. [`from_fn`] makes one of a closure.
///
/// ```
/// use wengert::prelude::*;
///
/// // 5 steps of warm-up, then a cosine over 100 steps.
/// let schedule = Cosine::new(0.6, 100).warmup(5);
/// let rates: Vec<f64> = [0, 1, 4, 5, 55, 105, 1000].map(|step| schedule.at(step)).into();
/// assert!(rates.iter().zip([0.1, 0.2, 0.5, 0.6, 0.3, 0.0, 0.0]).all(|(a, b)| (a - b).abs() < 1e-12));
/// ```
pub trait Schedule: Send + Sync {
    /// The rate of a step, the first of which is step 0. It must be finite and not negative.
    fn at(&self, step: u64) -> f64;

    /// This schedule for `steps` steps, then another from its own step 0 on: see [`Then`].
    fn then<S: Schedule>(self, steps: u64, next: S) -> Then<Self, S>
    where
        Self: Sized,
    {
        Then::new(self, steps, next)
    }

    /// This schedule after a linear rise over `steps` steps: see [`Warmup`].
    fn warmup(self, steps: u64) -> Warmup<Self>
    where
        Self: Sized,
    {
        Warmup::new(steps, self)
    }

    /// This schedule times a number, or times another schedule: see [`Scale`].
    ///
    /// # Panics
    /// If the factor begins with a number that is negative or not finite.
    #[track_caller]
    fn scale<F: Schedule>(self, factor: F) -> Scale<Self, F>
    where
        Self: Sized,
    {
        Scale::new(self, factor)
    }

    /// This schedule, cut to \[`minimum`, `maximum`\]: see [`Clamp`].
    ///
    /// # Panics
    /// If a bound is negative or NaN, the minimum is infinite, or it is more than the maximum.
    #[track_caller]
    fn clamp(self, minimum: f64, maximum: f64) -> Clamp<Self>
    where
        Self: Sized,
    {
        Clamp::new(self, minimum, maximum)
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

    /// This schedule up to step `start`, then a short way to the constant rate at which weights are averaged:
    /// see [`SwaSchedule`].
    ///
    /// # Panics
    /// If the rate is negative or not finite.
    #[track_caller]
    fn swa(self, start: u64, rate: f64) -> SwaSchedule<Self>
    where
        Self: Sized,
    {
        SwaSchedule::new(self, start, rate)
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
