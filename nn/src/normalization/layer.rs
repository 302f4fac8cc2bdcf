//! Layer normalization, and the shape that it and root-mean-square normalization take.

use autodiff::{Float, Parameter, Tensor};
use serde::{Deserialize, Serialize};

use super::{affine, check_eps, default_eps, yes};
use crate::config::{Check, expect};
use crate::layer::on_tape_of;
use crate::{ConfigError, Layer, Module};

/// The sizes of the trailing axes that are normalized together: from one size, an array, a slice or a vector.
///
/// A configuration file may also give one size as a plain number.
///
/// ```
/// use wengert::nn::NormalizedShape;
///
/// assert_eq!(NormalizedShape::from(8), NormalizedShape::from([8]));
/// assert_eq!(serde_json::from_str::<NormalizedShape>("8")?, NormalizedShape::from([8]));
/// assert_eq!(NormalizedShape::from([2, 3]).sizes(), [2, 3]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "OneOrMany")]
pub struct NormalizedShape(Vec<usize>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(usize),
    Many(Vec<usize>),
}

impl From<OneOrMany> for NormalizedShape {
    fn from(shape: OneOrMany) -> Self {
        match shape {
            OneOrMany::One(size) => size.into(),
            OneOrMany::Many(sizes) => sizes.into(),
        }
    }
}

impl From<usize> for NormalizedShape {
    fn from(size: usize) -> Self {
        Self(vec![size])
    }
}

impl<const N: usize> From<[usize; N]> for NormalizedShape {
    fn from(sizes: [usize; N]) -> Self {
        Self(sizes.to_vec())
    }
}

impl From<&[usize]> for NormalizedShape {
    fn from(sizes: &[usize]) -> Self {
        Self(sizes.to_vec())
    }
}

impl From<Vec<usize>> for NormalizedShape {
    fn from(sizes: Vec<usize>) -> Self {
        Self(sizes)
    }
}

impl NormalizedShape {
    /// The sizes, the last axis last.
    pub fn sizes(&self) -> &[usize] {
        &self.0
    }

    pub(super) fn check(&self, check: &Check) -> Result<(), ConfigError> {
        let found = format_args!("{:?}", self.0);
        check.that(!self.0.is_empty(), "normalized_shape", found, "at least one axis")?;
        check.that(!self.0.contains(&0), "normalized_shape", found, "sizes of at least 1")?;
        check.fits("weight", &self.0)
    }

    #[track_caller]
    pub(super) fn check_input(&self, layer: &str, input: &[usize]) {
        assert!(input.ends_with(&self.0), "{layer}: the input {input:?} does not end with {:?}", self.0);
    }
}

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
