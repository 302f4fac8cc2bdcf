//! Root-mean-square normalization.

use autodiff::{Float, Parameter, Tensor};
use serde::{Deserialize, Serialize};

use super::{NormalizedShape, affine, check_eps};
use crate::config::{Check, expect, yes};
use crate::layer::on_tape_of;
use crate::{ConfigError, Layer, Module};

/// Root-mean-square normalization over the trailing axes: y = w·x/√(mean x² + ε) for each slice, with w of the
/// slice's shape. PyTorch's `RMSNorm`.
///
/// After Zhang and Sennrich, "Root mean square layer normalization" (2019).
///
/// ```
/// use wengert::prelude::*;
///
/// let norm = RmsNorm::<f64>::new(2);
/// let y = norm.forward(&Tensor::from_vec([2, 2], vec![2.0, -2.0, 5.0, 5.0]));
/// assert!((y - Tensor::from_vec([2, 2], vec![1.0, -1.0, 1.0, 1.0])).abs().max(..).item() < 1e-12);
/// ```
///
/// # Panics
/// In `forward`, if the input's shape does not end with the normalized one.
#[derive(Clone, Debug, Module)]
pub struct RmsNorm<T: Float = f32> {
    /// w of the normalized shape, if the layer is affine.
    pub weight: Option<Parameter<T>>,
    #[module(skip)]
    normalized_shape: NormalizedShape,
    eps: Option<f64>,
}

impl<T: Float> RmsNorm<T> {
    /// The layer with PyTorch's defaults: ε the distance of 1 from the next number of the element type, affine.
    ///
    /// # Panics
    /// If the shape has no axes or one without elements.
    #[track_caller]
    pub fn new(normalized_shape: impl Into<NormalizedShape>) -> Self {
        RmsNormConfig::new(normalized_shape).init()
    }
}

impl<T: Float> Layer<T> for RmsNorm<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.normalized_shape.check_input("RmsNorm", x.shape());
        x.rms_norm(self.normalized_shape.sizes(), on_tape_of(self.weight.as_ref(), x).as_ref(), self.eps)
    }
}

/// What an [`RmsNorm`] is built from.
///
/// ```
/// use wengert::prelude::*;
///
/// let norm = RmsNormConfig::new(512).eps(1e-6).init::<f32>();
/// assert_eq!(norm.parameter_count(), 512);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RmsNormConfig {
    normalized_shape: NormalizedShape,
    #[serde(default)]
    eps: Option<f64>,
    #[serde(default = "yes")]
    elementwise_affine: bool,
}

impl RmsNormConfig {
    /// Over trailing axes of these sizes.
    pub fn new(normalized_shape: impl Into<NormalizedShape>) -> Self {
        Self { normalized_shape: normalized_shape.into(), eps: None, elementwise_affine: true }
    }

    /// What is added to the mean square, ε, or `None` for the distance of 1 from the next number of the element
    /// type (default).
    pub fn eps(mut self, eps: impl Into<Option<f64>>) -> Self {
        self.eps = eps.into();
        self
    }

    /// Whether the layer has a weight, first 1, for each element (default: yes).
    pub fn elementwise_affine(mut self, affine: bool) -> Self {
        self.elementwise_affine = affine;
        self
    }

    /// The layer.
    ///
    /// # Panics
    /// If the shape has no axes or one without elements, or ε is negative or not finite.
    #[track_caller]
    pub fn init<T: Float>(&self) -> RmsNorm<T> {
        expect(self.try_init())
    }

    /// The layer, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self) -> Result<RmsNorm<T>, ConfigError> {
        let check = Check("RmsNormConfig");
        let normalized_shape = self.normalized_shape.clone();
        normalized_shape.check(&check)?;
        check_eps(&check, self.eps.unwrap_or_default())?;
        let (weight, _) = affine(normalized_shape.sizes(), self.elementwise_affine, false);
        Ok(RmsNorm { weight, normalized_shape, eps: self.eps })
    }
}
