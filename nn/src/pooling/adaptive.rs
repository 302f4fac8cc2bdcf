//! Poolings to a size.

use autodiff::ops::AdaptiveSizes;
use autodiff::{Float, Indices, Tensor};
use serde::{Deserialize, Serialize};

use super::name;
use crate::config::{Check, expect};
use crate::{ConfigError, Layer, Module};

/// What a file says of an adaptive pooling.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form<const D: usize> {
    output_size: AdaptiveSizes<D>,
}

macro_rules! adaptive {
    (
        $what:literal, $(#[$doc:meta])* $Layer:ident,
        $($D:literal $Alias:ident $names:literal: $pool:ident over $axes:literal),*
    ) => {
        $(
            #[doc = concat!("Pools ", $axes, " to a size by the ", $what, " of each window.")]
            pub type $Alias = $Layer<$D>;
        )*

        $(#[$doc])*
        ///
        /// In a file it is a map of `output_size`: a number, or an array with a number or null for each axis.
        ///
        /// # Panics
        /// In `forward`, if the input has other axes or an axis is empty.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Module, Serialize, Deserialize)]
        #[serde(try_from = "Form<D>", into = "Form<D>")]
        pub struct $Layer<const D: usize> {
            #[module(skip)]
            output_size: AdaptiveSizes<D>,
        }

        impl<const D: usize> $Layer<D> {
            const NAME: &str = name::<D>([$($names),*]);

            /// To a size: one number for all axes, or an array with one, or `None`, for each.
            ///
            /// # Panics
            /// If a size is 0.
            #[track_caller]
            pub fn new(output_size: impl Into<AdaptiveSizes<D>>) -> Self {
                expect(Self::try_new(output_size))
            }

            /// The same for a size that comes from outside the program.
            ///
            /// # Errors
            /// A size is 0.
            pub fn try_new(output_size: impl Into<AdaptiveSizes<D>>) -> Result<Self, ConfigError> {
                let output_size = output_size.into();
                Check(Self::NAME).that(
                    !output_size.0.contains(&Some(0)),
                    "output_size",
                    format_args!("{:?}", output_size.0),
                    "at least 1 on each axis",
                )?;
                Ok(Self { output_size })
            }

            /// The size of each axis of the output; `None` for that of the input.
            pub fn output_size(&self) -> [Option<usize>; D] {
                self.output_size.0
            }
        }

        impl<const D: usize> TryFrom<Form<D>> for $Layer<D> {
            type Error = ConfigError;

            fn try_from(form: Form<D>) -> Result<Self, ConfigError> {
                Self::try_new(form.output_size)
            }
        }

        impl<const D: usize> From<$Layer<D>> for Form<D> {
            fn from(layer: $Layer<D>) -> Self {
                Self { output_size: layer.output_size }
            }
        }

        $(
            impl<T: Float> Layer<T> for $Layer<$D> {
                fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
                    x.$pool(self.output_size)
                }
            }
        )*
    };
}

adaptive!(
    "mean",
    /// Pools `D` spatial axes of [batch, channels, …] or [channels, …] to a size by the mean of each window, which is
    /// ⌊i·n/m⌋ .. ⌈(i+1)·n/m⌉ along an axis of n elements pooled to m. `None` keeps an axis.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f32>::zeros([2, 512, 7, 5]);
    /// assert_eq!(AdaptiveAvgPool2d::new(1).forward(&x).shape(), [2, 512, 1, 1]);
    /// assert_eq!(AdaptiveAvgPool2d::new([Some(3), None]).forward(&x).shape(), [2, 512, 3, 5]);
    /// ```
    AdaptiveAvgPool,
    1 AdaptiveAvgPool1d "AdaptiveAvgPool1d": adaptive_avg_pool1d over "rows [batch, channels, length]",
    2 AdaptiveAvgPool2d "AdaptiveAvgPool2d": adaptive_avg_pool2d over "pictures [batch, channels, height, width]",
    3 AdaptiveAvgPool3d "AdaptiveAvgPool3d": adaptive_avg_pool3d over "volumes [batch, channels, depth, height, width]"
);

adaptive!(
    "maximum",
    /// Pools `D` spatial axes of [batch, channels, …] or [channels, …] to a size by the maximum of each window, which
    /// is ⌊i·n/m⌋ .. ⌈(i+1)·n/m⌉ along an axis of n elements pooled to m. `None` keeps an axis.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([1, 5], vec![1.0, 3.0, 2.0, 5.0, 8.0]);
    /// let pool = AdaptiveMaxPool1d::new(2);
    /// assert_eq!(pool.forward(&x).to_vec(), [3.0, 8.0]);
    /// assert_eq!(pool.forward_with_indices(&x).1.to_vec(), [1, 4]);
    /// ```
    AdaptiveMaxPool,
    1 AdaptiveMaxPool1d "AdaptiveMaxPool1d": adaptive_max_pool1d over "rows [batch, channels, length]",
    2 AdaptiveMaxPool2d "AdaptiveMaxPool2d": adaptive_max_pool2d over "pictures [batch, channels, height, width]",
    3 AdaptiveMaxPool3d "AdaptiveMaxPool3d": adaptive_max_pool3d over "volumes [batch, channels, depth, height, width]"
);

macro_rules! with_indices {
    ($($D:literal: $pool:ident),*) => {$(
        impl AdaptiveMaxPool<$D> {
            /// The maxima, and where they stand among the axes pooled, counted row by row.
            ///
            /// # Panics
            /// As `forward`.
            #[track_caller]
            pub fn forward_with_indices<T: Float>(&self, x: &Tensor<T>) -> (Tensor<T>, Indices) {
                x.$pool(self.output_size)
            }
        }
    )*};
}

with_indices!(
    1: adaptive_max_pool1d_with_indices,
    2: adaptive_max_pool2d_with_indices,
    3: adaptive_max_pool3d_with_indices
);
