//! Local response normalization.

use autodiff::{Float, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::{Check, expect};
use crate::{ConfigError, Layer, Module};

/// Local response normalization of [batch, channels, …] across channels: y = x/(k + α/size·Σ x²)^β with the sum over
/// the `size` channels around each, as far as they exist.
///
/// After Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks" (2012).
/// Like PyTorch it divides α by the size, which they do not.
///
/// ```
/// use wengert::prelude::*;
///
/// let norm = LocalResponseNormConfig::new(2).alpha(2.0).beta(1.0).k(0.0).init();
/// let y = norm.forward(&Tensor::<f64>::from_vec([1, 2, 1], vec![1.0, 2.0]));
/// assert!((y - Tensor::from_vec([1, 2, 1], vec![1.0, 0.4])).abs().max(..).item() < 1e-12);
/// ```
///
/// # Panics
/// In `forward`, if the input has fewer than three axes.
#[derive(Clone, Copy, Debug, Module)]
pub struct LocalResponseNorm {
    size: usize,
    alpha: f64,
    beta: f64,
    k: f64,
}

impl LocalResponseNorm {
    /// The layer with PyTorch's defaults: α = 1e-4, β = 0.75, k = 1.
    ///
    /// # Panics
    /// If the size is 0.
    #[track_caller]
    pub fn new(size: usize) -> Self {
        LocalResponseNormConfig::new(size).init()
    }
}

impl<T: Float> Layer<T> for LocalResponseNorm {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.local_response_norm(self.size, self.alpha, self.beta, self.k)
    }
}

/// What a [`LocalResponseNorm`] is built from.
///
/// ```
/// use wengert::prelude::*;
///
/// // As in AlexNet's paper.
/// let alexnet = LocalResponseNormConfig::new(5).alpha(5e-4).k(2.0).init();
/// assert_eq!(alexnet.forward(&Tensor::<f32>::ones([1, 8, 4, 4])).shape(), [1, 8, 4, 4]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalResponseNormConfig {
    size: usize,
    #[serde(default = "default_alpha")]
    alpha: f64,
    #[serde(default = "default_beta")]
    beta: f64,
    #[serde(default = "default_k")]
    k: f64,
}

fn default_alpha() -> f64 {
    1e-4
}

fn default_beta() -> f64 {
    0.75
}

fn default_k() -> f64 {
    1.0
}

impl LocalResponseNormConfig {
    /// For a window of this many channels.
    pub fn new(size: usize) -> Self {
        Self { size, alpha: default_alpha(), beta: default_beta(), k: default_k() }
    }

    /// The factor α of the sum, before it is divided by the size (default: 1e-4).
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// The exponent β (default: 0.75).
    pub fn beta(mut self, beta: f64) -> Self {
        self.beta = beta;
        self
    }

    /// What is added to the sum, k (default: 1).
    pub fn k(mut self, k: f64) -> Self {
        self.k = k;
        self
    }

    /// The layer.
    ///
    /// # Panics
    /// If the size is 0, or another number is not finite.
    #[track_caller]
    pub fn init(&self) -> LocalResponseNorm {
        expect(self.try_init())
    }

    /// The layer, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init(&self) -> Result<LocalResponseNorm, ConfigError> {
        let check = Check("LocalResponseNormConfig");
        let Self { size, alpha, beta, k } = *self;
        check.positive("size", size)?;
        for (field, number) in [("alpha", alpha), ("beta", beta), ("k", k)] {
            check.that(number.is_finite(), field, number, "a finite number")?;
        }
        Ok(LocalResponseNorm { size, alpha, beta, k })
    }
}
