//! Networks that say what a picture shows.
//!
//! Each family has a configuration with a constructor for each network of its paper, and the same constructors, with a
//! number of classes, on the model: `ResNetConfig::resnet50().in_channels(1)` and `ResNet::resnet50(10, &mut rng)`. All
//! are [`Stages`](crate::Stages): chains of named layers. Where torchvision has the network, its files load strictly.

mod alexnet;
mod configured;
mod googlenet;
mod preprocessing;
mod resnet;
mod vgg;

pub use alexnet::{AlexNet, AlexNetConfig};
pub use googlenet::{
    BasicConv2d, GoogLeNet, GoogLeNetConfig, GoogLeNetOutputs, Inception, InceptionAux, InceptionConfig,
};
pub use preprocessing::{Preprocessing, Resampling};
pub use resnet::{BlockForm, ResNet, ResNetConfig, ResidualBlock, Shortcut, Stem};
pub use vgg::{Vgg, VggConfig};
