//! Reverse-mode automatic differentiation, recorded as it is computed.
//!
//! A [`Tape`] records the operations on its [`Tensor`]s as ordinary code runs, and replays them backward. What
//! comes from a tape is recorded on it; everything else is just computed. There is no global state: no mode to
//! switch, nothing to reset.
//!
//! * [`Tensor`]: an n-dimensional array of `f32` or `f64`, perhaps on a tape. Its operations are methods and
//!   operators; their functions stand in [`ops`].
//! * [`Tape::variable`], [`Tape::constant`] and [`Tape::watch`] put a value on a tape: as a leaf that wants a
//!   gradient, as one that does not, as the value of a [`Parameter`].
//! * [`Tensor::backward`] gives [`Gradients`] and drains the tape; [`Replay`] keeps the record, or records the
//!   backward pass too, for derivatives of any order.
//! * [`Function`] is what an operation is: write your own, and prove it with [`check`].
//! * [`transform`] gives derivatives of functions: gradients, Jacobians, Hessians and products with them, nested
//!   to any depth.
//! * [`graph`] shows a record as a table, a summary, a picture or an interactive page; [`Tape::scope`] says to which
//!   part of a model its operations belong.
//! * [`audit`] finds the parameters that get no gradient, and where it is lost; [`Tape::detect_anomaly`] stops at
//!   the first NaN; [`Tape::profiled`] measures; [`Tensor::on_gradient`] looks at gradients as they arrive.
//!
//! ```
//! use wengert::prelude::*;
//!
//! let tape = Tape::new();
//! let x = tape.variable(Tensor::<f64>::from_vec([2], vec![0.5, 2.0]));
//! let y = (x.square() + x.exp()).sum(..);
//! let grads = y.backward();
//! assert_eq!(grads.get(&x).unwrap().to_vec(), [1.0 + 0.5f64.exp(), 4.0 + 2f64.exp()]);
//! ```
#![deny(unsafe_code)]

mod anomaly;
pub mod audit;
pub mod check;
mod checkpoint;
#[doc(hidden)]
pub mod files;
pub mod filters;
mod float;
pub mod function;
mod gradients;
pub mod graph;
mod hook;
mod indices;
pub(crate) mod kernels;
mod mask;
#[cfg(feature = "mutation")]
mod mutation;
mod node;
mod observe;
pub mod ops;
mod parameter;
pub mod pool;
pub mod profile;
mod recorded;
mod replay;
mod scope;
mod shape;
mod tape;
mod tensor;
pub mod transform;
mod value;

pub use checkpoint::checkpoint;
pub use float::Float;
pub use function::Function;
pub use gradients::{Differentiable, Gradients};
pub use hook::{GradientHook, HookResult};
pub use indices::Indices;
pub use kernels::simd::vectorized;
pub use mask::Mask;
pub use ops::{
    BagMode, Conv1dOptions, Conv2dOptions, Conv3dOptions, ConvTranspose1dOptions, ConvTranspose2dOptions,
    ConvTranspose3dOptions, Epilogue, Interpolate, Interpolation, PadMode, Padding, Patches, Pool1d, Pool2d,
    Pool3d, RecurrentOptions, RecurrentWeights, Reduction,
};
pub use ops::{
    BceOptions, BceWithLogitsOptions, ContrastiveOptions, CosineEmbeddingOptions, CrossEntropyOptions,
    CtcOptions, FocalOptions, GaussianNllOptions, HingeEmbeddingOptions, HuberOptions, KlDivOptions,
    MarginRankingOptions, MultiMarginOptions, NllOptions, PoissonNllOptions, SmoothL1Options,
    SoftmaxFocalOptions, TripletOptions,
};
pub use parameter::{Parameter, ParameterId};
pub use replay::Replay;
pub use scope::Scope;
pub use shape::{Axes, Shape, ShapeError, Shapes, keepdim};
pub use tape::{Tape, WeakTape};
pub use tensor::{Tensor, apply, try_apply};
pub use value::Value;
