//! What holds for optimizers, schedules, clipping, accumulated gradients and averages, whatever the numbers.

mod accumulation;
mod averages;
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
mod wrong_programs;
