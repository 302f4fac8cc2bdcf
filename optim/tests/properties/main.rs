//! What holds for schedules, clipping, accumulated gradients and averages, whatever the numbers.

mod accumulation;
mod averages;
mod clipping;
mod plateau;
mod refusals;
mod schedules;
