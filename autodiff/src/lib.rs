//! The tape of Wengert.
#![deny(unsafe_code)]

pub mod check;
mod float;
pub mod function;
mod gradients;
pub mod graph;
mod indices;
pub(crate) mod kernels;
pub mod ops;
mod parameter;
pub mod pool;
mod replay;
mod shape;
mod tape;
mod tensor;
mod value;

pub use float::Float;
pub use function::Function;
pub use gradients::{Differentiable, Gradients};
pub use indices::{Indices, Mask};
pub use kernels::simd::vectorized;
pub use ops::{Conv2dOptions, Pool2d, Reduction};
pub use parameter::{Parameter, ParameterId};
pub use replay::Replay;
pub use shape::{Axes, Shape, ShapeError, Shapes, keepdim};
pub use tape::{Tape, WeakTape};
pub use tensor::{Tensor, apply, try_apply};
pub use value::Value;
