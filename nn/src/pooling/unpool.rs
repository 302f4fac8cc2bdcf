//! What undoes a pooling by maxima, as far as that goes.

use autodiff::ops::{Pool, Sizes};
use autodiff::{Float, Indices, Tensor};
use serde::{Deserialize, Serialize};

use super::{check_no_dilation, check_no_divisor, check_window, with_window};
use crate::Module;

/// The inverse of [`MaxPool1d`](crate::MaxPool1d), with zeros in place of what is lost.
pub type MaxUnpool1d = MaxUnpool<1>;

/// The inverse of [`MaxPool2d`](crate::MaxPool2d), with zeros in place of what is lost.
pub type MaxUnpool2d = MaxUnpool<2>;

/// The inverse of [`MaxPool3d`](crate::MaxPool3d), with zeros in place of what is lost.
pub type MaxUnpool3d = MaxUnpool<3>;

/// The maxima of a pooling over `D` spatial axes put back where they stood, among zeros: y\[indices\[i\]\] = x\[i\]
/// within each plane. Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014).
///
/// Where windows overlap, an index can occur several times: the last of these elements stays, and only it gets a
/// gradient.
///
/// ```
/// use wengert::prelude::*;
///
/// let (pool, unpool) = (MaxPool2d::new(2), MaxUnpool2d::new(2));
/// let x = Tensor::<f64>::from_vec([1, 2, 2], vec![1.0, 9.0, 3.0, 4.0]);
/// let (y, indices) = pool.forward_with_indices(&x);
/// assert_eq!(unpool.forward(&y, &indices).to_vec(), [0.0, 9.0, 0.0, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module, Serialize, Deserialize)]
#[serde(try_from = "Pool<D>", into = "Pool<D>")]
pub struct MaxUnpool<const D: usize> {
    #[module(skip)]
    window: Pool<D>,
}

with_window!(
    MaxUnpool,
    ["MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"],
    check_window,
    check_no_divisor,
    check_no_dilation
);

macro_rules! forward {
    ($($D:literal: $unpool:ident),*) => {$(
        impl MaxUnpool<$D> {
            /// The maxima where the indices say; an axis of n elements becomes one of
            /// (n − 1)·stride − 2·padding + kernel.
            ///
            /// # Panics
            /// If the input has other axes, the indices another shape, or an index lies outside its plane.
            #[track_caller]
            pub fn forward<T: Float>(&self, x: &Tensor<T>, indices: &Indices) -> Tensor<T> {
                x.$unpool(indices, self.window, None)
            }

            /// The same to these sizes along the spatial axes, each less than a stride away from that.
            ///
            /// # Panics
            /// As [`forward`](Self::forward), or if a size lies further away.
            #[track_caller]
            pub fn forward_with<T: Float>(
                &self,
                x: &Tensor<T>,
                indices: &Indices,
                output_size: impl Into<Sizes<$D>>,
            ) -> Tensor<T> {
                x.$unpool(indices, self.window, Some(output_size.into().0))
            }
        }
    )*};
}

forward!(1: max_unpool1d, 2: max_unpool2d, 3: max_unpool3d);
