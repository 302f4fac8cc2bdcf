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
        ConvTranspose2dOptions, ConvTranspose3dOptions, Epilogue, Float, Function, Gradients, Indices,
        Interpolate, Interpolation, Mask, PadMode, Padding, Parameter, Patches, Pool1d, Pool2d, Pool3d,
        RecurrentOptions, RecurrentWeights, Reduction, Replay, Tape, Tensor, keepdim,
    };
    pub use autodiff::{
        BceOptions, BceWithLogitsOptions, ContrastiveOptions, CosineEmbeddingOptions, CrossEntropyOptions,
        CtcOptions, FocalOptions, GaussianNllOptions, HingeEmbeddingOptions, HuberOptions, KlDivOptions,
        MarginRankingOptions, MultiMarginOptions, NllOptions, PoissonNllOptions, SmoothL1Options,
        SoftmaxFocalOptions, TripletOptions,
    };
    pub use data::{Batch, Batches, Dataset};
    pub use models::detection::{
        Detector, TinyYolo, TinyYoloConfig, YoloV1, YoloV1Config, YoloV2, YoloV2Config, YoloV3, YoloV3Config,
        YoloV3Tiny, YoloV3TinyConfig,
    };
    pub use models::vision::{
        AlexNet, AlexNetConfig, Classifier, Darknet19, Darknet19Config, Darknet53, Darknet53Config,
        GoogLeNet, GoogLeNetConfig, Inception, InceptionConfig, ResNet, ResNetConfig, Vgg, VggConfig,
    };
    pub use models::{LeNet5, LeNet5Config, LogisticRegression, Mlp, MlpConfig, Stage, Stages};
    pub use nn::{
        self, Activation, BatchNorm1d, BatchNorm2d, BatchNorm3d, BatchNormConfig, Bilinear, BilinearConfig,
        Buffer, ChannelShuffle, Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, Conv3d, Conv3dConfig,
        ConvTranspose1d, ConvTranspose1dConfig, ConvTranspose2d, ConvTranspose2dConfig, ConvTranspose3d,
        ConvTranspose3dConfig, CosineSimilarity, Dropout, Embedding, EmbeddingBag, EmbeddingBagConfig,
        EmbeddingConfig, Flatten, Fold, GroupNorm, GroupNormConfig, Identity, Init, Inspect, InstanceNorm1d,
        InstanceNorm2d, InstanceNorm3d, InstanceNormConfig, Layer, LayerNorm, LayerNormConfig, LeakyRelu,
        Linear, LinearConfig, LocalResponseNorm, LocalResponseNormConfig, LogSoftmax, Module, PaddingMode,
        PairwiseDistance, PixelShuffle, PixelUnshuffle, Relu, RmsNorm, RmsNormConfig, Sequential, Sigmoid,
        Softmax, StateDict, Tanh, Unflatten, Unfold, Upsample,
    };
    pub use nn::{
        AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AdaptiveMaxPool1d, AdaptiveMaxPool2d,
        AdaptiveMaxPool3d, AvgPool1d, AvgPool2d, AvgPool3d, LpPool1d, LpPool2d, LpPool3d, MaxPool1d,
        MaxPool2d, MaxPool3d, MaxUnpool1d, MaxUnpool2d, MaxUnpool3d,
    };
    pub use nn::{
        AlphaDropout, Celu, Dropout1d, Dropout2d, Dropout3d, Elu, FeatureAlphaDropout, Gelu,
        GeluApproximation, Glu, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LogSigmoid, Mish, Prelu,
        PreluConfig, Relu6, Rrelu, Selu, Silu, Softmax2d, Softmin, Softplus, Softshrink, Softsign,
        Tanhshrink, Threshold,
    };
    pub use nn::{AveragedModel, Averaging, Ensemble};
    pub use nn::{
        CircularPad1d, CircularPad2d, CircularPad3d, ConstantPad1d, ConstantPad2d, ConstantPad3d,
        ReflectionPad1d, ReflectionPad2d, ReflectionPad3d, ReplicationPad1d, ReplicationPad2d,
        ReplicationPad3d, ZeroPad1d, ZeroPad2d, ZeroPad3d,
    };
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
        self, AccumulatedGradients, Adadelta, Adagrad, Adam, AdamW, Adamax, ClipNorm, Ewa, Lbfgs, LineSearch,
        Lion, NAdam, Optimizer, ParameterGroup, RAdam, RmsProp, Rprop, Sgd, clip_adaptive, clip_global_norm,
        clip_norm, clip_value,
    };
    pub use rand::{Rng, RngExt, SeedableRng, rngs::ChaCha8Rng};
}

/// The README's code is compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
