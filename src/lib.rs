//! Wengert.
pub use autodiff;
pub use data;
pub use models;
pub use nn;
pub use optim;
pub use train;

/// What most programs need.
pub mod prelude {
    pub use autodiff::{
        self, Conv2dOptions, Float, Function, Gradients, Indices, Mask, Parameter, Pool2d, Reduction, Replay,
        Tape, Tensor, keepdim,
    };
}
