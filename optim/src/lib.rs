//! Optimizers, learning-rate schedules, gradient clipping and averages for Wengert.
//!
//! An optimizer changes parameters by the gradients of a tape. [`Sgd`], [`Adagrad`], [`Adadelta`],
//! [`RmsProp`], [`Adam`], [`AdamW`], [`Adamax`], [`NAdam`], [`RAdam`], [`Rprop`] and [`Lion`] treat each element
//! by itself. Each is a [`Rule`], the arithmetic of one tensor, run by [`Descent`], which holds what all have in
//! common: parameter groups, the count of steps, the [`Schedule`] of the learning rate, and the state of each
//! parameter, saved and resumed bit for bit. [`Lbfgs`] looks at all elements together, and at the loss as often
//! as it needs to.
//!
//! Gradients can be [clipped](clip_global_norm) on their way to the optimizer, or [collected](AccumulatedGradients)
//! from several micro-batches; [`Ewa`] averages losses and other numbers over time.
//!
//! ```
//! use wengert::prelude::*;
//!
//! // The least (x − 3)² + (y + 1)².
//! let target = Tensor::from_vec([2], vec![3.0, -1.0]);
//! let w = Parameter::new(Tensor::<f64>::zeros([2]));
//! let mut adam = Adam::new([w.clone()], Cosine::new(0.3, 200));
//! for _ in 0..200 {
//!     let tape = Tape::new();
//!     let loss = (tape.watch(&w) - &target).square().sum(..);
//!     adam.step(&loss.backward());
//! }
//! assert!((w.value() - target).abs().max(..).item() < 1e-3);
//! ```
#![deny(unsafe_code)]

mod accumulation;
mod archive;
mod average;
mod clip;
mod descent;
mod error;
mod group;
mod kernel;
mod lbfgs;
mod optimizer;
mod rule;
pub mod schedule;
mod state;

pub use accumulation::AccumulatedGradients;
pub use average::Ewa;
pub use clip::{AdaptiveClip, ClipNorm, clip_adaptive, clip_global_norm, clip_norm, clip_value};
pub use descent::Descent;
pub use error::{Error, StateProblem};
pub use group::{ParameterGroup, decays, partition_parameters};
pub use lbfgs::{Evaluation, Lbfgs, LineSearch};
pub use optimizer::Optimizer;
pub use rule::{
    Adadelta, AdadeltaRule, Adagrad, AdagradRule, Adam, AdamRule, AdamW, Adamax, AdamaxRule, Lion, LionRule,
    NAdam, NAdamRule, RAdam, RAdamRule, RmsProp, RmsPropRule, Rprop, RpropRule, Rule, Sgd, SgdRule, Step,
};
pub use schedule::{
    Anneal, Constant, Cosine, CosineRestarts, Cyclic, CyclicMode, Exponential, InverseSqrt, InverseTime,
    LinearRamp, MultiStep, Noam, OneCycle, Piecewise, PlateauMode, PlateauThreshold, Polynomial,
    ReduceOnPlateau, Schedule, StepDecay,
};
