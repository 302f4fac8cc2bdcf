//! Activations chosen at run time.

use autodiff::{Float, Tensor};
use serde::{Deserialize, Serialize};

use crate::init::gain;
use crate::{Layer, Module};

/// An elementwise activation chosen at run time, by a configuration for example.
///
/// Each stands for the layer of its name, which says what it is.
///
/// ```
/// use wengert::nn::Activation;
/// use wengert::prelude::*;
///
/// let activation = Activation::LeakyRelu(0.1);
/// assert_eq!(activation.forward(&Tensor::<f64>::from_vec([2], vec![-1.0, 2.0])).to_vec(), [-0.1, 2.0]);
/// let read: Activation = serde_json::from_str(r#"{"hardtanh": {"min_val": 0.0, "max_val": 1.0}}"#)?;
/// assert_eq!(read, Activation::Hardtanh { min_val: 0.0, max_val: 1.0 });
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Panics
/// In `forward`, where the layer does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Module, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Activation {
    /// x itself.
    Identity,
    /// [`Relu`](crate::Relu).
    #[default]
    Relu,
    /// [`Relu6`](crate::Relu6).
    Relu6,
    /// [`LeakyRelu`](crate::LeakyRelu) with this negative slope.
    LeakyRelu(f64),
    /// [`Rrelu`](crate::Rrelu).
    Rrelu {
        /// The least slope for negative x.
        lower: f64,
        /// The greatest slope for negative x.
        upper: f64,
    },
    /// [`Elu`](crate::Elu) with this α.
    Elu(f64),
    /// [`Selu`](crate::Selu).
    Selu,
    /// [`Celu`](crate::Celu) with this α.
    Celu(f64),
    /// [`Gelu`](crate::Gelu), the exact one.
    Gelu,
    /// [`Gelu`](crate::Gelu) with a hyperbolic tangent.
    GeluTanh,
    /// [`Silu`](crate::Silu).
    Silu,
    /// [`Mish`](crate::Mish).
    Mish,
    /// [`Softplus`](crate::Softplus).
    Softplus {
        /// How sharp the bend is, β.
        beta: f64,
        /// The β·x from which on the function is x.
        threshold: f64,
    },
    /// [`Softsign`](crate::Softsign).
    Softsign,
    /// [`Sigmoid`](crate::Sigmoid).
    Sigmoid,
    /// [`LogSigmoid`](crate::LogSigmoid).
    LogSigmoid,
    /// [`Hardsigmoid`](crate::Hardsigmoid).
    Hardsigmoid,
    /// [`Hardswish`](crate::Hardswish).
    Hardswish,
    /// [`Hardtanh`](crate::Hardtanh).
    Hardtanh {
        /// The least value.
        min_val: f64,
        /// The greatest value.
        max_val: f64,
    },
    /// [`Hardshrink`](crate::Hardshrink) with this λ.
    Hardshrink(f64),
    /// [`Softshrink`](crate::Softshrink) with this λ.
    Softshrink(f64),
    /// [`Tanhshrink`](crate::Tanhshrink).
    Tanhshrink,
    /// [`Tanh`](crate::Tanh).
    Tanh,
    /// [`Threshold`](crate::Threshold).
    Threshold {
        /// What x is compared with.
        threshold: f64,
        /// What stands for an x that is not greater.
        value: f64,
    },
}

impl Activation {
    /// The factor by which a layer before this activation has its weights' standard deviation raised so that
    /// the variance passes through, as PyTorch's `calculate_gain` has it: √2 for ReLU, √(2 / (1 + slope²)) for leaky
    /// ReLU, 5/3 for tanh, 3/4 for SELU, 1 for the identity and the sigmoid. Those it does not know have 1 too. For
    /// [`Init::scaled`](crate::Init::scaled).
    pub fn gain(self) -> f64 {
        match self {
            Self::Relu => gain::RELU,
            Self::LeakyRelu(slope) => gain::leaky_relu(slope),
            Self::Tanh => gain::TANH,
            Self::Selu => gain::SELU,
            _ => gain::LINEAR,
        }
    }

    /// By what the activation multiplies negative values, if that is all it does: 0 for ReLU, the slope of a leaky ReLU
    /// from 0 on, 1 for the identity. For `forward_rectified` of [`Linear`](crate::Linear), [`Conv`](crate::Conv) and
    /// [`BatchNorm`](crate::BatchNorm).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// assert_eq!(Activation::LeakyRelu(0.1).rectifier_slope(), Some(0.1));
    /// assert_eq!(Activation::Tanh.rectifier_slope(), None);
    /// ```
    pub fn rectifier_slope(self) -> Option<f64> {
        match self {
            Self::Identity => Some(1.0),
            Self::Relu => Some(0.0),
            Self::LeakyRelu(slope) if slope.is_finite() && slope >= 0.0 => Some(slope),
            _ => None,
        }
    }
}

impl<T: Float> Layer<T> for Activation {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        match *self {
            Self::Identity => x.clone(),
            Self::Relu => x.relu(),
            Self::Relu6 => x.relu6(),
            Self::LeakyRelu(slope) => x.leaky_relu(slope),
            Self::Rrelu { lower, upper } => x.rrelu(lower, upper),
            Self::Elu(alpha) => x.elu(alpha),
            Self::Selu => x.selu(),
            Self::Celu(alpha) => x.celu(alpha),
            Self::Gelu => x.gelu(),
            Self::GeluTanh => x.gelu_tanh(),
            Self::Silu => x.silu(),
            Self::Mish => x.mish(),
            Self::Softplus { beta, threshold } => x.softplus_with(beta, threshold),
            Self::Softsign => x.softsign(),
            Self::Sigmoid => x.sigmoid(),
            Self::LogSigmoid => x.log_sigmoid(),
            Self::Hardsigmoid => x.hardsigmoid(),
            Self::Hardswish => x.hardswish(),
            Self::Hardtanh { min_val, max_val } => x.hardtanh(min_val, max_val),
            Self::Hardshrink(lambda) => x.hardshrink(lambda),
            Self::Softshrink(lambda) => x.softshrink(lambda),
            Self::Tanhshrink => x.tanhshrink(),
            Self::Tanh => x.tanh(),
            Self::Threshold { threshold, value } => x.threshold(threshold, value),
        }
    }
}
