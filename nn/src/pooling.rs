//! Pooling layers.

use autodiff::{Float, Pool2d, Tensor};

use crate::{Layer, Module};

/// The maximum of each window of a picture [batch, channels, height, width].
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::zeros([1, 3, 9, 9]);
/// assert_eq!(MaxPool2d::new(2).forward(&x).shape(), [1, 3, 4, 4]);
/// assert_eq!(MaxPool2d::new(Pool2d::new(3).stride(2).padding(1)).forward(&x).shape(), [1, 3, 5, 5]);
/// ```
///
/// # Panics
/// In `forward`, if the window does not fit the picture.
#[derive(Clone, Copy, Debug, Module)]
pub struct MaxPool2d {
    #[module(skip)]
    window: Pool2d,
}

impl MaxPool2d {
    /// With a window of one extent, which it moves by, or any [`Pool2d`].
    pub fn new(window: impl Into<Pool2d>) -> Self {
        Self { window: window.into() }
    }
}

impl<T: Float> Layer<T> for MaxPool2d {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.max_pool2d(self.window)
    }
}

/// The mean of each window of a picture [batch, channels, height, width].
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::ones([1, 3, 8, 8]);
/// assert_eq!(AvgPool2d::new(2).forward(&x).shape(), [1, 3, 4, 4]);
/// ```
///
/// # Panics
/// In `forward`, if the window does not fit the picture.
#[derive(Clone, Copy, Debug, Module)]
pub struct AvgPool2d {
    #[module(skip)]
    window: Pool2d,
}

impl AvgPool2d {
    /// With a window of one extent, which it moves by, or any [`Pool2d`].
    pub fn new(window: impl Into<Pool2d>) -> Self {
        Self { window: window.into() }
    }
}

impl<T: Float> Layer<T> for AvgPool2d {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.avg_pool2d(self.window)
    }
}
