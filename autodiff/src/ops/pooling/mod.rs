//! Pooling in one, two and three dimensions: maxima with their positions, averages, and what undoes a maximum.

mod average;
mod max;
mod unpool;
mod window;

pub use average::*;
pub use max::*;
pub use unpool::*;
pub use window::*;
