//! Layer normalization.

use autodiff::{Float, Parameter, Tensor};
use serde::{Deserialize, Serialize};

use super::{NormalizedShape, affine, check_eps, default_eps};
use crate::config::{Check, expect, yes};
use crate::layer::on_tape_of;
use crate::{ConfigError, Layer, Module};

/// Layer normalization over the trailing axes: y = w·(x − μ)/√(σ² + ε) + b with the mean μ and the biased variance
/// σ² of each slice, and w and b of the slice's shape.
///
/// After Ba, Kiros and Hinton, "Layer normalization" (2016).
///
/// ```
/// use wengert::prelude::*;
///
/// let norm = LayerNorm::<f64>::new(2);
/// let y = norm.forward(&Tensor::from_vec([2, 2], vec![1.0, 3.0, 10.0, 30.0]));
/// assert!((y - Tensor::from_vec([2, 2], vec![-1.0, 1.0, -1.0, 1.0])).abs().max(..).item() < 1e-5);
/// assert_eq!(LayerNorm::<f64>::new([3, 4]).weight.unwrap().shape(), [3, 4]);
/// ```
///
/// # Panics
/// In `forward`, if the input's shape does not end with the normalized one.
#[derive(Clone, Debug, Module)]
pub struct LayerNorm<T: Float = f32> {
    /// w of the normalized shape, if the layer is affine.
    pub weight: Option<Parameter<T>>,
    /// b of the normalized shape, if the layer is affine and has one.
    pub bias: Option<Parameter<T>>,
    #[module(skip)]
    normalized_shape: NormalizedShape,
    eps: f64,
}

impl<T: Float> LayerNorm<T> {
    /// The layer with PyTorch's defaults: ε = 1e-5, affine with a bias.
    ///
    /// # Panics
    /// If the shape has no axes or one without elements.
    #[track_caller]
    pub fn new(normalized_shape: impl Into<NormalizedShape>) -> Self {
        LayerNormConfig::new(normalized_shape).init()
    }
}

impl<T: Float> Layer<T> for LayerNorm<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.normalized_shape.check_input("LayerNorm", x.shape());
        let (weight, bias) = (on_tape_of(self.weight.as_ref(), x), on_tape_of(self.bias.as_ref(), x));
        x.layer_norm(self.normalized_shape.sizes(), weight.as_ref(), bias.as_ref(), self.eps)
    }
}

/// What a [`LayerNorm`] is built from.
///
/// ```
/// use wengert::prelude::*;
///
/// let norm = LayerNormConfig::new(512).eps(1e-6).bias(false).init::<f32>();
/// assert_eq!(norm.parameter_count(), 512);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerNormConfig {
    normalized_shape: NormalizedShape,
    #[serde(default = "default_eps")]
    eps: f64,
    #[serde(default = "yes")]
    elementwise_affine: bool,
    #[serde(default = "yes")]
    bias: bool,
}

impl LayerNormConfig {
    /// Over trailing axes of these sizes.
    pub fn new(normalized_shape: impl Into<NormalizedShape>) -> Self {
        Self {
            normalized_shape: normalized_shape.into(),
            eps: default_eps(),
            elementwise_affine: true,
            bias: true,
        }
    }

    /// What is added to the variance, ε (default: 1e-5).
    pub fn eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// Whether the layer has a weight, first 1, and a bias, first 0, for each element (default: yes).
    pub fn elementwise_affine(mut self, affine: bool) -> Self {
        self.elementwise_affine = affine;
        self
    }

    /// Whether an affine layer has a bias (default: yes).
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// The layer.
    ///
    /// # Panics
    /// If the shape has no axes or one without elements, or ε is negative or not finite.
    #[track_caller]
    pub fn init<T: Float>(&self) -> LayerNorm<T> {
        expect(self.try_init())
    }

    /// The layer, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self) -> Result<LayerNorm<T>, ConfigError> {
        let check = Check("LayerNormConfig");
        let normalized_shape = self.normalized_shape.clone();
        normalized_shape.check(&check)?;
        check_eps(&check, self.eps)?;
        let (weight, bias) = affine(normalized_shape.sizes(), self.elementwise_affine, self.bias);
        Ok(LayerNorm { weight, bias, normalized_shape, eps: self.eps })
    }
}
