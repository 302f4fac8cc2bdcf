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
mod buffer;
#[cfg(feature = "proptest")]
pub mod check;
mod config;
mod convolution;
mod dropout;
mod ensemble;
mod flatten;
mod folding;
pub mod init;
mod inspect;
mod layer;
mod linear;
pub mod module;
mod normalization;
mod pooling;
pub mod recurrent;
pub mod regularization;
mod sequential;
mod state;
mod summary;

pub use activation::{Activation, LeakyRelu, LogSoftmax, Relu, Sigmoid, Softmax, Tanh};
pub use autodiff::Parameter;
pub use averaged::{AveragedModel, Averaging};
pub use buffer::Buffer;
pub use config::ConfigError;
pub use convolution::{
    Conv, Conv1d, Conv1dConfig, Conv2d, Conv2dConfig, Conv3d, Conv3dConfig, ConvConfig, PaddingMode,
};
pub use convolution::{
    ConvTranspose, ConvTranspose1d, ConvTranspose1dConfig, ConvTranspose2d, ConvTranspose2dConfig,
    ConvTranspose3d, ConvTranspose3dConfig, ConvTransposeConfig,
};
pub use dropout::Dropout;
pub use ensemble::Ensemble;
pub use flatten::Flatten;
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
pub use pooling::{AvgPool2d, MaxPool2d};
pub use recurrent::{
    DeepRnn, Gru, GruCell, GruCellConfig, GruConfig, Lstm, LstmCell, LstmCellConfig, LstmConfig,
    Nonlinearity, Rnn, RnnCell, RnnCellConfig, RnnConfig, pad_sequence, unpad_sequence,
};
pub use sequential::Sequential;
pub use state::{Entry, LoadError, LoadReport, MisShaped, SaveError, StateDict};
pub use summary::{Part, Summary, summary, summary_with};
