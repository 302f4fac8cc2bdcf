//! The p-norm of each window.

use autodiff::ops::{Pool, Sizes};
use autodiff::{Float, Tensor};
use serde::{Deserialize, Serialize};

use super::{check_no_dilation, check_no_divisor, check_window, name};
use crate::config::{Check, expect};
use crate::{ConfigError, Layer, Module};

/// The p-norm of each window of rows [batch, channels, length].
pub type LpPool1d = LpPool<1>;

/// The p-norm of each window of pictures [batch, channels, height, width].
pub type LpPool2d = LpPool<2>;

/// The p-norm of each window of volumes [batch, channels, depth, height, width].
pub type LpPool3d = LpPool<3>;

/// The p-norm of each window over `D` spatial axes of [batch, channels, …] or [channels, …]: y = (Σ xᵖ)^(1/p).
///
/// As in PyTorch there are no absolute values, so an odd p wants an input that is not negative; and the gradient of a
/// window of zeros is NaN for p > 1. The window has no padding and no dilation. In a file it is a map of `norm_type`
/// (p), `kernel`, and perhaps `stride` and `ceil_mode`.
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f64>::from_vec([1, 4], vec![3.0, -4.0, 6.0, 8.0]);
/// assert_eq!(LpPool1d::new(2.0, 2).forward(&x).to_vec(), [5.0, 10.0]);
/// let layer: LpPool1d = serde_json::from_str(r#"{"norm_type": 2, "kernel": 2, "stride": 1}"#).unwrap();
/// assert_eq!(layer.forward(&x).shape(), [1, 3]);
/// ```
///
/// # Panics
/// In `forward`, if the input has other axes or the window does not fit into it.
#[derive(Clone, Copy, Debug, PartialEq, Module, Serialize, Deserialize)]
#[serde(try_from = "Form<D>", into = "Form<D>")]
pub struct LpPool<const D: usize> {
    norm_type: f64,
    #[module(skip)]
    window: Pool<D>,
}

impl<const D: usize> LpPool<D> {
    const NAME: &str = name::<D>(["LpPool1d", "LpPool2d", "LpPool3d"]);

    /// With p, and a window of one extent, which it moves by, or any [`Pool`].
    ///
    /// # Panics
    /// If p is not a positive number, a size or a stride of the window is 0, or it has padding, dilation or a divisor.
    #[track_caller]
    pub fn new(norm_type: f64, window: impl Into<Pool<D>>) -> Self {
        expect(Self::try_new(norm_type, window))
    }

    /// The same for a window that comes from outside the program.
    ///
    /// # Errors
    /// Where [`new`](Self::new) panics.
    pub fn try_new(norm_type: f64, window: impl Into<Pool<D>>) -> Result<Self, ConfigError> {
        let (window, check) = (window.into(), Check(Self::NAME));
        check.that(norm_type > 0.0 && norm_type.is_finite(), "norm_type", norm_type, "a positive number")?;
        check_window(&check, &window)?;
        check_no_dilation(&check, &window)?;
        check_no_divisor(&check, &window)?;
        let padding = window.padding;
        check.that(padding == [0; D], "padding", format_args!("{padding:?}"), "0 on each axis")?;
        Ok(Self { norm_type, window })
    }
}

/// What a file says of the layer.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form<const D: usize> {
    norm_type: f64,
    #[serde(alias = "kernel_size")]
    kernel: Sizes<D>,
    #[serde(default)]
    stride: Option<Sizes<D>>,
    #[serde(default)]
    ceil_mode: bool,
}

impl<const D: usize> TryFrom<Form<D>> for LpPool<D> {
    type Error = ConfigError;

    fn try_from(form: Form<D>) -> Result<Self, ConfigError> {
        let window =
            Pool::new(form.kernel).stride(form.stride.unwrap_or(form.kernel)).ceil_mode(form.ceil_mode);
        Self::try_new(form.norm_type, window)
    }
}

impl<const D: usize> From<LpPool<D>> for Form<D> {
    fn from(layer: LpPool<D>) -> Self {
        let Pool { kernel, stride, ceil_mode, .. } = layer.window;
        Self { norm_type: layer.norm_type, kernel: Sizes(kernel), stride: Some(Sizes(stride)), ceil_mode }
    }
}

macro_rules! forward {
    ($($D:literal: $pool:ident),*) => {$(
        impl<T: Float> Layer<T> for LpPool<$D> {
            fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
                x.$pool(self.norm_type, self.window)
            }
        }
    )*};
}

forward!(1: lp_pool1d, 2: lp_pool2d, 3: lp_pool3d);
