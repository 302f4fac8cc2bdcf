//! Normalization layers.

mod after;
mod batch;
mod group;
mod instance;
mod layer;
mod local_response;
mod normalized_shape;
mod rms;
mod running;
mod update_bn;

pub use self::batch::{BatchNorm, BatchNorm1d, BatchNorm2d, BatchNorm3d, BatchNormConfig};
pub use self::group::{GroupNorm, GroupNormConfig};
pub use self::instance::{InstanceNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, InstanceNormConfig};
pub use self::layer::{LayerNorm, LayerNormConfig};
pub use self::local_response::{LocalResponseNorm, LocalResponseNormConfig};
pub use self::normalized_shape::NormalizedShape;
pub use self::rms::{RmsNorm, RmsNormConfig};
pub(crate) use self::running::scale_and_shift;
pub use self::update_bn::{update_bn, update_bn_with};

use autodiff::{Float, Parameter, Tensor};

use crate::ConfigError;
use crate::config::Check;

/// The ε that PyTorch adds to a variance.
fn default_eps() -> f64 {
    1e-5
}

/// The share of a batch in running statistics.
fn default_momentum() -> f64 {
    0.1
}

fn check_eps(check: &Check, eps: f64) -> Result<(), ConfigError> {
    check.that(eps >= 0.0 && eps.is_finite(), "eps", eps, "a number from 0 on")
}

fn check_momentum(check: &Check, momentum: f64) -> Result<(), ConfigError> {
    check.that((0.0..=1.0).contains(&momentum), "momentum", momentum, "a number in 0..=1")
}

/// A weight of ones and a bias of zeros, as far as the layer has them.
fn affine<T: Float>(
    shape: &[usize],
    weight: bool,
    bias: bool,
) -> (Option<Parameter<T>>, Option<Parameter<T>>) {
    let parameter = |x| Parameter::new(Tensor::full(shape, x));
    (weight.then(|| parameter(1.0)), (weight && bias).then(|| parameter(0.0)))
}

/// The axes of an input of `spatial` axes without a batch, in words.
fn axes(spatial: usize) -> &'static str {
    match spatial {
        1 => "channels, length",
        2 => "channels, height, width",
        3 => "channels, depth, height, width",
        _ => "channels, …",
    }
}
