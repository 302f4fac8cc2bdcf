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
    pub use models::{LeNet5, LeNet5Config, LogisticRegression, Mlp, MlpConfig};
    pub use nn::{
        self, Activation, AvgPool2d, BatchNorm1d, BatchNorm2d, BatchNormConfig, Buffer, Conv2d, Conv2dConfig,
        Dropout, Flatten, Init, Layer, LeakyRelu, Linear, LinearConfig, LogSoftmax, Lstm, LstmConfig,
        MaxPool2d, Module, Relu, Sequential, Sigmoid, Softmax, Tanh,
    };
    pub use rand::{Rng, RngExt, SeedableRng, rngs::ChaCha8Rng};
}
