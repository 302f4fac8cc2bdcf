//! What holds for optimizers, schedules, clipping, accumulated gradients and averages whatever the numbers, and
//! what is refused.

mod accumulation;
mod averages;
mod bad_input;
mod clipping;
mod convergence;
mod every;
mod optimizers;
mod panics;
mod plateau;
mod refusals;
mod resume;
mod schedules;
mod stepping;
mod training;
