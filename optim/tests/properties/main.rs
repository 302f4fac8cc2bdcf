//! What holds for schedules, clipping, accumulated gradients and averages whatever the numbers, and what is
//! refused.

mod accumulation;
mod averages;
mod bad_input;
mod clipping;
mod panics;
mod plateau;
mod refusals;
mod schedules;
