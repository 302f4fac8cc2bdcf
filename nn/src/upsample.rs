//! Resampling as a layer.

use autodiff::{Float, Interpolate, Tensor};
use serde::{Deserialize, Serialize};

use crate::{Layer, Module};

/// Resamples rows [batch, channels, length], pictures [batch, channels, height, width] or volumes
/// [batch, channels, depth, height, width] to a size or by a scale factor. As in PyTorch the batch must be there.
///
/// In a file it is its [`Interpolate`].
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f64>::from_vec([1, 1, 2], vec![0.0, 4.0]);
/// assert_eq!(Upsample::new(Interpolate::scale_factor(2.0)).forward(&x).to_vec(), [0.0, 0.0, 4.0, 4.0]);
/// let linear: Upsample = serde_json::from_str(r#"{"size": 3, "mode": "linear", "align_corners": true}"#).unwrap();
/// assert_eq!(linear.forward(&x).to_vec(), [0.0, 2.0, 4.0]);
/// ```
///
/// # Panics
/// In `forward`, where [`Tensor::interpolate`] does.
#[derive(Clone, Debug, PartialEq, Module, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Upsample {
    #[module(skip)]
    to: Interpolate,
}

impl Upsample {
    /// To a size or by a scale factor.
    pub fn new(to: Interpolate) -> Self {
        Self { to }
    }
}

impl<T: Float> Layer<T> for Upsample {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.interpolate(self.to.clone())
    }
}
