//! The mean of each window.

use autodiff::ops::Pool;
use autodiff::{Float, Tensor};
use serde::{Deserialize, Serialize};

use super::{check_no_dilation, check_window, with_window};
use crate::config::Check;
use crate::{ConfigError, Layer, Module};

/// The mean of each window of rows [batch, channels, length].
pub type AvgPool1d = AvgPool<1>;

/// The mean of each window of pictures [batch, channels, height, width].
pub type AvgPool2d = AvgPool<2>;

/// The mean of each window of volumes [batch, channels, depth, height, width].
pub type AvgPool3d = AvgPool<3>;

/// The mean of each window over `D` spatial axes of [batch, channels, …] or [channels, …]. Padding counts as zeros,
/// unless the window's `count_include_pad` is false; `divisor_override` is divided by in place of the number of
/// elements.
///
/// In a file it is its window: see [`Pool`].
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::ones([1, 3, 8, 8]);
/// assert_eq!(AvgPool2d::new(2).forward(&x).shape(), [1, 3, 4, 4]);
/// let corner = |count| AvgPool2d::new(Pool2d::new(3).padding(1).count_include_pad(count)).forward(&x).to_vec()[0];
/// assert_eq!((corner(true), corner(false)), (4.0 / 9.0, 1.0));
/// ```
///
/// # Panics
/// In `forward`, if the input has other axes or the window does not fit into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module, Serialize, Deserialize)]
#[serde(try_from = "Pool<D>", into = "Pool<D>")]
pub struct AvgPool<const D: usize> {
    #[module(skip)]
    window: Pool<D>,
}

with_window!(
    AvgPool,
    ["AvgPool1d", "AvgPool2d", "AvgPool3d"],
    check_window,
    check_no_dilation,
    check_divisor
);

fn check_divisor<const D: usize>(check: &Check, window: &Pool<D>) -> Result<(), ConfigError> {
    check.positive("divisor_override", window.divisor_override.unwrap_or(1))
}

macro_rules! forward {
    ($($D:literal: $pool:ident),*) => {$(
        impl<T: Float> Layer<T> for AvgPool<$D> {
            fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
                x.$pool(self.window)
            }
        }
    )*};
}

forward!(1: avg_pool1d, 2: avg_pool2d, 3: avg_pool3d);
