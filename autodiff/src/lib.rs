//! The tape of Wengert.

mod float;
pub(crate) mod kernels;
pub mod pool;
mod tape;

pub use float::Float;
