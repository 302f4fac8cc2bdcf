//! What holds for schedules, clipping, accumulated gradients and averages whatever the numbers, and what is
//! refused.
//! What holds for optimizers, schedules, clipping, accumulated gradients and averages, whatever the numbers.

mod accumulation;
mod averages;
mod bad_input;
mod clipping;
mod panics;
mod convergence;
mod every;
mod optimizers;
mod plateau;
mod refusals;
mod resume;
mod schedules;
mod stepping;
mod training;
mod wrong_programs;
