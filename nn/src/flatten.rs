//! Many axes made one.

use autodiff::{Float, Tensor};

use crate::{Layer, Module};

/// Joins all axes from one on: [batch, channels, height, width] to [batch, features].
///
/// ```
/// use wengert::prelude::*;
///
/// assert_eq!(Flatten::new().forward(&Tensor::<f32>::zeros([2, 3, 4, 5])).shape(), [2, 60]);
/// ```
#[derive(Clone, Copy, Debug, Module)]
pub struct Flatten {
    /// The first axis that is joined (default: 1).
    pub start: usize,
}

impl Flatten {
    /// From axis 1 on.
    pub const fn new() -> Self {
        Self { start: 1 }
    }
}

impl Default for Flatten {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Float> Layer<T> for Flatten {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.flatten_from(self.start)
    }
}
