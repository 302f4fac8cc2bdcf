//! The greatest element of each window.

use autodiff::ops::Pool;
use autodiff::{Float, Indices, Tensor};
use serde::{Deserialize, Serialize};

use super::{check_no_divisor, check_window, with_window};
use crate::{Layer, Module};

/// The maximum of each window of rows [batch, channels, length].
pub type MaxPool1d = MaxPool<1>;

/// The maximum of each window of pictures [batch, channels, height, width].
pub type MaxPool2d = MaxPool<2>;

/// The maximum of each window of volumes [batch, channels, depth, height, width].
pub type MaxPool3d = MaxPool<3>;

/// The maximum of each window over `D` spatial axes of [batch, channels, …] or [channels, …]. The first of equal
/// elements gets the gradient; padding is never the maximum.
///
/// In a file it is its window: see [`Pool`].
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::zeros([1, 3, 9, 9]);
/// assert_eq!(MaxPool2d::new(2).forward(&x).shape(), [1, 3, 4, 4]);
/// assert_eq!(MaxPool2d::new(Pool2d::new(3).stride(2).padding(1)).forward(&x).shape(), [1, 3, 5, 5]);
/// let layer: MaxPool2d = serde_json::from_str(r#"{"kernel": 3, "stride": 2, "ceil_mode": true}"#).unwrap();
/// assert_eq!(layer.forward(&x).shape(), [1, 3, 4, 4]);
/// ```
///
/// # Panics
/// In `forward`, if the input has other axes or the window does not fit into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module, Serialize, Deserialize)]
#[serde(try_from = "Pool<D>", into = "Pool<D>")]
pub struct MaxPool<const D: usize> {
    #[module(skip)]
    window: Pool<D>,
}

with_window!(MaxPool, ["MaxPool1d", "MaxPool2d", "MaxPool3d"], check_window, check_no_divisor);

macro_rules! forward {
    ($($D:literal: $pool:ident $with_indices:ident),*) => {$(
        impl<T: Float> Layer<T> for MaxPool<$D> {
            fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
                x.$pool(self.window)
            }
        }

        impl MaxPool<$D> {
            /// The maxima, and where they stand among the axes pooled, counted row by row: what
            /// [`MaxUnpool`](crate::MaxUnpool) takes.
            ///
            /// # Panics
            /// As `forward`.
            #[track_caller]
            pub fn forward_with_indices<T: Float>(&self, x: &Tensor<T>) -> (Tensor<T>, Indices) {
                x.$with_indices(self.window)
            }
        }
    )*};
}

forward!(
    1: max_pool1d max_pool1d_with_indices,
    2: max_pool2d max_pool2d_with_indices,
    3: max_pool3d max_pool3d_with_indices
);
