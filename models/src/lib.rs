//! The model zoo of Wengert.
//!
//! Each family has a file: its configuration, a builder, and the paper it comes from. All models are modules,
//! so they save, load, freeze and clone like layers, and their parameters have PyTorch's names.

mod configured;
pub mod detection;
mod lenet;
mod logistic_regression;
mod mlp;
mod stages;
pub mod vision;

pub use lenet::{LeNet5, LeNet5Config};
pub use logistic_regression::LogisticRegression;
pub use mlp::{Mlp, MlpConfig};
pub use stages::{Stage, Stages};
