//! Networks that say what a picture shows.
//!
//! Each family has a configuration with a constructor for each network of its paper, and the same constructors, with a
//! number of classes, on the model: `ResNetConfig::resnet50().in_channels(1)` and `ResNet::resnet50(10, &mut rng)`.
//! Darknet-19 and Darknet-53 are one network each: `Darknet19Config::new(10)` and `Darknet19::new(10, &mut rng)`. All
//! are [`Stages`](crate::Stages): chains of named layers. Where torchvision has the network, its files load strictly.

mod alexnet;
mod classifier;
mod darknet;
pub mod explain;
mod googlenet;
mod preprocessing;
mod resnet;
mod ten_crop;
mod vgg;

pub use alexnet::{AlexNet, AlexNetConfig};
pub use classifier::Classifier;
pub use darknet::{
    ConvBnLeaky, ConvBnLeakyConfig, Darknet19, Darknet19Backbone, Darknet19Config, Darknet53,
    Darknet53Backbone, Darknet53Config, DarknetResidual, DarknetStage,
};
pub(crate) use darknet::{SLOPE, widened};
pub use googlenet::{
    BasicConv2d, GoogLeNet, GoogLeNetConfig, GoogLeNetOutputs, Inception, InceptionAux, InceptionConfig,
};
pub use preprocessing::{Preprocessing, Resampling};
pub use resnet::{BlockForm, ResNet, ResNetConfig, ResidualBlock, Shortcut, Stem};
pub use ten_crop::ten_crop_probabilities;
pub use vgg::{Vgg, VggConfig};
