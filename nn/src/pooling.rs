//! Pooling layers.
//!
//! They hold nothing that learns: each is its own configuration, which is checked when it is made or read.

mod adaptive;
mod average;
mod max;
mod norm;
mod unpool;

use autodiff::ops::Pool;

pub use self::adaptive::{
    AdaptiveAvgPool, AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AdaptiveMaxPool,
    AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d,
};
pub use self::average::{AvgPool, AvgPool1d, AvgPool2d, AvgPool3d};
pub use self::max::{MaxPool, MaxPool1d, MaxPool2d, MaxPool3d};
pub use self::norm::{LpPool, LpPool1d, LpPool2d, LpPool3d};
pub use self::unpool::{MaxUnpool, MaxUnpool1d, MaxUnpool2d, MaxUnpool3d};
use crate::ConfigError;
use crate::config::Check;

/// The name of a layer in `D` dimensions.
const fn name<const D: usize>(names: [&'static str; 3]) -> &'static str {
    assert!(1 <= D && D <= 3, "pooling has one to three dimensions");
    names[D - 1]
}

/// What must be true of a window, whatever is done with it.
fn check_window<const D: usize>(check: &Check, window: &Pool<D>) -> Result<(), ConfigError> {
    let sizes = [("kernel", window.kernel), ("stride", window.stride), ("dilation", window.dilation)];
    for (field, sizes) in sizes {
        check.all_positive(field, &sizes)?;
    }
    check.that(
        (0..D).all(|axis| window.padding[axis] <= window.kernel[axis] / 2),
        "padding",
        format_args!("{:?}", window.padding),
        format_args!("at most half of the kernel, which is {:?}", window.kernel),
    )
}

/// Only averages have a divisor.
fn check_no_divisor<const D: usize>(check: &Check, window: &Pool<D>) -> Result<(), ConfigError> {
    check.that(window.count_include_pad, "count_include_pad", false, "none: nothing is divided")?;
    let divisor = window.divisor_override;
    check.that(divisor.is_none(), "divisor_override", divisor.unwrap_or(0), "none: nothing is divided")
}

/// Only maxima have a dilation.
fn check_no_dilation<const D: usize>(check: &Check, window: &Pool<D>) -> Result<(), ConfigError> {
    let dilation = window.dilation;
    check.that(dilation == [1; D], "dilation", format_args!("{dilation:?}"), "1 on each axis")
}

/// A layer that has a window and nothing else, with what must be true of it.
macro_rules! with_window {
    ($Layer:ident, $names:expr, $($check:path),+) => {
        impl<const D: usize> $Layer<D> {
            const NAME: &str = crate::pooling::name::<D>($names);

            /// With a window of one extent, which it moves by, or any [`Pool`].
            ///
            /// # Panics
            /// If a size, a stride or a dilation of the window is 0, the padding is more than half of it, or it has
            /// an option that means nothing here.
            #[track_caller]
            pub fn new(window: impl Into<Pool<D>>) -> Self {
                crate::config::expect(Self::try_new(window))
            }

            /// The same for a window that comes from outside the program.
            ///
            /// # Errors
            /// Where [`new`](Self::new) panics.
            pub fn try_new(window: impl Into<Pool<D>>) -> Result<Self, crate::ConfigError> {
                let (window, check) = (window.into(), crate::config::Check(Self::NAME));
                $($check(&check, &window)?;)+
                Ok(Self { window })
            }

            /// The window.
            pub fn window(&self) -> Pool<D> {
                self.window
            }
        }

        impl<const D: usize> TryFrom<Pool<D>> for $Layer<D> {
            type Error = crate::ConfigError;

            fn try_from(window: Pool<D>) -> Result<Self, crate::ConfigError> {
                Self::try_new(window)
            }
        }

        impl<const D: usize> From<$Layer<D>> for Pool<D> {
            fn from(layer: $Layer<D>) -> Self {
                layer.window
            }
        }
    };
}

use with_window;
