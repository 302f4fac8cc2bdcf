//! Define-by-run automatic differentiation and neural networks in plain Rust.
//!
//! A [`Tape`](autodiff::Tape) records the operations on its tensors as ordinary code runs, and replays them
//! backward. On it stand modules ([`nn`]), optimizers ([`optim`]), data sets ([`data`]), metrics ([`train`]) and
//! models ([`models`]). This package is the one to depend on; it holds nothing of its own but the [`prelude`].
//!
//! ```
//! use wengert::prelude::*;
//!
//! let tape = Tape::new();
//! let x = tape.variable(Tensor::<f64>::from_vec([2], vec![1.0, 2.0]));
//! let y = (&x * &x).sum(..);
//! assert_eq!(y.item(), 5.0);
//! assert_eq!(y.backward().get(&x).unwrap().to_vec(), [2.0, 4.0]);
//! ```

pub use autodiff;
pub use data;
pub use models;
pub use nn;
pub use optim;
pub use train;

pub use ndarray;
pub use rand;

/// What most programs need: `use wengert::prelude::*;`.
pub mod prelude {
    pub use autodiff::{
        self, BagMode, Conv1dOptions, Conv2dOptions, Conv3dOptions, ConvTranspose1dOptions,
        ConvTranspose2dOptions, ConvTranspose3dOptions, Float, Function, Gradients, Indices, Interpolate,
        Interpolation, Mask, PadMode, Padding, Parameter, Patches, Pool1d, Pool2d, Pool3d, RecurrentOptions,
        RecurrentWeights, Reduction, Replay, Tape, Tensor, keepdim,
    };
    pub use autodiff::{
        BceOptions, BceWithLogitsOptions, ContrastiveOptions, CosineEmbeddingOptions, CrossEntropyOptions,
        CtcOptions, FocalOptions, GaussianNllOptions, HingeEmbeddingOptions, HuberOptions, KlDivOptions,
        MarginRankingOptions, MultiMarginOptions, NllOptions, PoissonNllOptions, SmoothL1Options,
        SoftmaxFocalOptions, TripletOptions,
    };
    pub use data::{Batch, Batches, Dataset};
    pub use models::{LeNet5, LeNet5Config, LogisticRegression, Mlp, MlpConfig};
    pub use nn::{
        self, Activation, AvgPool2d, BatchNorm1d, BatchNorm2d, BatchNorm3d, BatchNormConfig, Buffer, Conv1d,
        Conv1dConfig, Conv2d, Conv2dConfig, Conv3d, Conv3dConfig, ConvTranspose1d, ConvTranspose1dConfig,
        ConvTranspose2d, ConvTranspose2dConfig, ConvTranspose3d, ConvTranspose3dConfig, Dropout, Flatten,
        GroupNorm, GroupNormConfig, Init, Inspect, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d,
        InstanceNormConfig, Layer, LayerNorm, LayerNormConfig, LeakyRelu, Linear, LinearConfig,
        LocalResponseNorm, LocalResponseNormConfig, LogSoftmax, MaxPool2d, Module, PaddingMode, Relu,
        RmsNorm, RmsNormConfig, Sequential, Sigmoid, Softmax, StateDict, Tanh,
    };
    pub use nn::{AveragedModel, Averaging, Ensemble};
    pub use nn::{
        DeepRnn, Gru, GruCell, GruCellConfig, GruConfig, Lstm, LstmCell, LstmCellConfig, LstmConfig,
        Nonlinearity, Rnn, RnnCell, RnnCellConfig, RnnConfig, pad_sequence, unpad_sequence,
    };
    pub use optim::schedule::{
        Anneal, Constant, Cosine, CosineRestarts, Cyclic, CyclicMode, Exponential, InverseSqrt, InverseTime,
        LinearRamp, MultiStep, Noam, OneCycle, Piecewise, PlateauMode, PlateauThreshold, Polynomial,
        ReduceOnPlateau, Schedule, StepDecay,
    };
    pub use optim::{
        self, AccumulatedGradients, Adam, AdamW, Ewa, MaxNorm, Optimizer, ParameterGroup, Sgd, clip_adaptive,
        clip_global_norm, clip_norm, clip_value,
    };
    pub use rand::{Rng, RngExt, SeedableRng, rngs::ChaCha8Rng};
}

/// The README's code is compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
