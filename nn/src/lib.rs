//! Neural-network modules on Wengert's tape.
//!
//! A [`Module`] is a tree of parameters and buffers with names; a [`Layer`] is a module that takes one tensor
//! to another. Names, layouts and defaults are PyTorch's. Layers hold no mode: the tape their input lies on
//! says whether a forward pass trains, and on no tape nothing is recorded.
//!
//! ```
//! use wengert::prelude::*;
//!
//! let mut rng = ChaCha8Rng::seed_from_u64(0);
//! let net = Sequential::<f32>::new()
//!     .push(Conv2dConfig::new(1, 8, 3).padding(1).init(&mut rng))
//!     .push(BatchNorm2d::new(8))
//!     .push(Relu)
//!     .push(MaxPool2d::new(2))
//!     .push(Flatten::new())
//!     .push(Linear::new(8 * 4 * 4, 10, &mut rng));
//! let images = Tensor::zeros([2, 1, 8, 8]);
//! assert_eq!(net.forward(&images).shape(), [2, 10]);
//!
//! let tape = Tape::training(0);
//! let loss = net.forward(&tape.constant(&images)).cross_entropy(&Indices::from_vec([2], vec![3, 7]));
//! let grads = loss.backward();
//! assert!(net.parameters().iter().all(|parameter| grads.get(parameter).is_some()));
//! ```

// The derive macro writes `::wengert_nn::Module`, which must mean this crate inside it too.
extern crate self as wengert_nn;

mod activation;
mod averaged;
mod bilinear;
mod buffer;
#[cfg(feature = "proptest")]
pub mod check;
mod config;
mod convolution;
mod dropout;
mod embedding;
mod ensemble;
mod flatten;
mod folding;
mod identity;
pub mod init;
mod inspect;
mod layer;
mod linear;
pub mod module;
mod normalization;
mod padding;
mod patches;
mod pooling;
pub mod recurrent;
pub mod regularization;
mod sequential;
mod shuffle;
mod similarity;
mod state;
mod summary;
mod upsample;

pub use activation::{
    Activation, Celu, Elu, Gelu, GeluApproximation, Glu, Hardshrink, Hardsigmoid, Hardswish, Hardtanh,
    LeakyRelu, LogSigmoid, LogSoftmax, Mish, Prelu, PreluConfig, Relu, Relu6, Rrelu, Selu, Sigmoid, Silu,
    Softmax, Softmax2d, Softmin, Softplus, Softshrink, Softsign, Tanh, Tanhshrink, Threshold,
};
pub use autodiff::Parameter;
pub use averaged::{AveragedModel, Averaging};
pub use bilinear::{Bilinear, BilinearConfig};
pub use buffer::Buffer;
pub use config::ConfigError;
pub use convolution::{
    Conv, Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, Conv3d, Conv3dConfig, ConvConfig, PaddingMode,
};
pub use convolution::{
    ConvTranspose, ConvTranspose1d, ConvTranspose1dConfig, ConvTranspose2d, ConvTranspose2dConfig,
    ConvTranspose3d, ConvTranspose3dConfig, ConvTransposeConfig,
};
pub use dropout::{AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout};
pub use embedding::{Embedding, EmbeddingBag, EmbeddingBagConfig, EmbeddingConfig};
pub use ensemble::Ensemble;
pub use flatten::{Flatten, Unflatten};
pub use identity::Identity;
pub use init::Init;
pub use inspect::Inspect;
pub use layer::{CloneLayer, Layer};
pub use linear::{Linear, LinearConfig};
#[doc(inline)]
pub use module::{Module, NoMatch, Visitor, VisitorMut};
pub use nn_derive::Module;
pub use normalization::{
    BatchNorm, BatchNorm1d, BatchNorm2d, BatchNorm3d, BatchNormConfig, GroupNorm, GroupNormConfig,
    InstanceNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, InstanceNormConfig, LayerNorm,
    LayerNormConfig, LocalResponseNorm, LocalResponseNormConfig, NormalizedShape, RmsNorm, RmsNormConfig,
    update_bn, update_bn_with,
};
pub use padding::{
    CircularPad, CircularPad1d, CircularPad2d, CircularPad3d, ConstantPad, ConstantPad1d, ConstantPad2d,
    ConstantPad3d, PadWidths, ReflectionPad, ReflectionPad1d, ReflectionPad2d, ReflectionPad3d,
    ReplicationPad, ReplicationPad1d, ReplicationPad2d, ReplicationPad3d, ZeroPad, ZeroPad1d, ZeroPad2d,
    ZeroPad3d,
};
pub use patches::{Fold, Unfold};
pub use pooling::{
    AdaptiveAvgPool, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AdaptiveMaxPool,
    AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d, AvgPool, AvgPool1d, AvgPool2d, AvgPool3d,
    LpPool, LpPool1d, LpPool2d, LpPool3d, MaxPool, MaxPool1d, MaxPool2d, MaxPool3d, MaxUnpool, MaxUnpool1d,
    MaxUnpool2d, MaxUnpool3d,
};
pub use recurrent::{
    DeepRnn, Gru, GruCell, GruCellConfig, GruConfig, Lstm, LstmCell, LstmCellConfig, LstmConfig,
    Nonlinearity, Rnn, RnnCell, RnnCellConfig, RnnConfig, pad_sequence, unpad_sequence,
};
pub use sequential::Sequential;
pub use shuffle::{ChannelShuffle, PixelShuffle, PixelUnshuffle};
pub use similarity::{CosineSimilarity, PairwiseDistance};
pub use state::{Entry, LoadError, LoadReport, MisShaped, SaveError, StateDict, write_whole};
pub use summary::{Part, Summary, summary, summary_with};
pub use upsample::Upsample;
