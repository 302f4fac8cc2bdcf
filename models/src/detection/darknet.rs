//! Darknet's files: networks (`.cfg`) and their weights (`.weights`).
//!
//! A [`Cfg`] is what a `.cfg` file says, checked: each layer has its options and its shape. From it a
//! [`DarknetNet`] is built, which computes what Darknet does, up to the raw maps of its detection heads. Weights go
//! into it with [`DarknetWeights`], and so they go into the models of the zoo whose layers stand in the same order.
//!
//! ```
//! use wengert::models::detection::darknet::{Cfg, DarknetWeights, Version};
//! use wengert::prelude::*;
//!
//! let cfg = Cfg::parse(
//!     "[net]
//!     width=32
//!     height=32
//!     channels=3
//!
//!     [convolutional]
//!     batch_normalize=1
//!     filters=8
//!     size=3
//!     stride=2
//!     pad=1
//!     activation=leaky
//!
//!     [convolutional]
//!     filters=21
//!     size=1
//!     activation=linear
//!
//!     [yolo]
//!     mask=0,1,2
//!     anchors=4,4, 8,8, 12,16
//!     num=3
//!     classes=2",
//! )?;
//! assert_eq!(cfg.layers()[0].output(), [8, 16, 16]);
//! let net = cfg.init::<f32>(&mut ChaCha8Rng::seed_from_u64(0));
//! let outputs = net.heads(&Tensor::zeros([1, 3, 32, 32]));
//! assert_eq!((outputs[0].layer, outputs[0].map.shape()), (2, &[1, 21, 16, 16][..]));
//!
//! let bytes = net.weights_bytes(Version::default(), 0);
//! assert_eq!(bytes.len() as u64, cfg.weights_size());
//! net.load_weights_bytes(&bytes)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cfg;
mod net;
mod reorg;
mod weights;

pub use self::cfg::{
    Cfg, CfgError, CfgLayer, ConnectedOptions, ConvolutionalOptions, DetectionOptions, DropoutOptions,
    Ignored, MaxPoolOptions, NetOptions, RegionOptions, ReorgOptions, RouteOptions, Section, ShortcutOptions,
    SoftmaxOptions, UpsampleOptions, YoloOptions,
};
pub use self::net::{DarknetNet, Epsilon, HeadOutput};
pub use self::reorg::{reorg, reorg_reverse};
pub use self::weights::{DarknetLayer, DarknetWeights, Loaded, Version, WeightsError};
