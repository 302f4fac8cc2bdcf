//! The layer that does nothing.

use autodiff::{Float, Tensor};
use serde::{Deserialize, Serialize};

use crate::{Layer, Module};

/// y = x: stands where a layer was, or could be.
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::from_vec([2], vec![1.0, 2.0]);
/// assert_eq!(Identity.forward(&x).to_vec(), [1.0, 2.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module, Serialize, Deserialize)]
pub struct Identity;

impl<T: Float> Layer<T> for Identity {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.clone()
    }
}
