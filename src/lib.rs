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
    pub use optim::{
        self, Adam, AdamW, Constant, Cosine, Exponential, InverseTime, Optimizer, ParameterGroup, Schedule,
        Sgd, StepDecay, clip_global_norm, clip_value,
    };
}
