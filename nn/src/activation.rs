//! Activations as layers.

use autodiff::{Float, Tensor};
use serde::{Deserialize, Serialize};

use crate::{Layer, Module};

/// max(x, 0).
#[derive(Clone, Copy, Debug, Default, Module)]
pub struct Relu;

impl<T: Float> Layer<T> for Relu {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.relu()
    }
}

/// x where x > 0, slope·x elsewhere.
#[derive(Clone, Copy, Debug, Module)]
pub struct LeakyRelu {
    /// The slope for negative x (default: 0.01).
    pub slope: f64,
}

impl LeakyRelu {
    /// With a slope for negative x.
    pub const fn new(slope: f64) -> Self {
        Self { slope }
    }
}

impl Default for LeakyRelu {
    fn default() -> Self {
        Self::new(0.01)
    }
}

impl<T: Float> Layer<T> for LeakyRelu {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.leaky_relu(self.slope)
    }
}

/// 1 / (1 + e⁻ˣ).
#[derive(Clone, Copy, Debug, Default, Module)]
pub struct Sigmoid;

impl<T: Float> Layer<T> for Sigmoid {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.sigmoid()
    }
}

/// The hyperbolic tangent.
#[derive(Clone, Copy, Debug, Default, Module)]
pub struct Tanh;

impl<T: Float> Layer<T> for Tanh {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.tanh()
    }
}

/// eˣⁱ / Σⱼ eˣʲ along an axis.
#[derive(Clone, Copy, Debug, Module)]
pub struct Softmax {
    /// The axis; negative ones count from the last (default: −1).
    pub axis: isize,
}

impl Softmax {
    /// Along an axis.
    pub const fn new(axis: isize) -> Self {
        Self { axis }
    }
}

impl Default for Softmax {
    fn default() -> Self {
        Self::new(-1)
    }
}

impl<T: Float> Layer<T> for Softmax {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.softmax(self.axis)
    }
}

/// xᵢ − ln Σⱼ eˣʲ along an axis.
#[derive(Clone, Copy, Debug, Module)]
pub struct LogSoftmax {
    /// The axis; negative ones count from the last (default: −1).
    pub axis: isize,
}

impl LogSoftmax {
    /// Along an axis.
    pub const fn new(axis: isize) -> Self {
        Self { axis }
    }
}

impl Default for LogSoftmax {
    fn default() -> Self {
        Self::new(-1)
    }
}

impl<T: Float> Layer<T> for LogSoftmax {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.log_softmax(self.axis)
    }
}

/// An elementwise activation chosen at run time, by a configuration for example.
///
/// ```
/// use wengert::nn::Activation;
/// use wengert::prelude::*;
///
/// let activation = Activation::LeakyRelu(0.1);
/// assert_eq!(activation.forward(&Tensor::<f64>::from_vec([2], vec![-1.0, 2.0])).to_vec(), [-0.1, 2.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Module, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activation {
    /// x itself.
    Identity,
    /// max(x, 0).
    #[default]
    Relu,
    /// x where x > 0, elsewhere x times this slope.
    LeakyRelu(f64),
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// The factor by which a layer before this activation has its weights' standard deviation raised so that
    /// the variance passes through: √2 for ReLU, √(2 / (1 + slope²)) for leaky ReLU, 5/3 for tanh, else 1, as
    /// in PyTorch. For [`Init::scaled`](crate::Init::scaled).
    pub fn gain(self) -> f64 {
        match self {
            Self::Identity | Self::Sigmoid => 1.0,
            Self::Relu => std::f64::consts::SQRT_2,
            Self::LeakyRelu(slope) => (2.0 / (1.0 + slope * slope)).sqrt(),
            Self::Tanh => 5.0 / 3.0,
        }
    }
}

impl<T: Float> Layer<T> for Activation {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        match *self {
            Self::Identity => x.clone(),
            Self::Relu => x.relu(),
            Self::LeakyRelu(slope) => x.leaky_relu(slope),
            Self::Sigmoid => x.sigmoid(),
            Self::Tanh => x.tanh(),
        }
    }
}
