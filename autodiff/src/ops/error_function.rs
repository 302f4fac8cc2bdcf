//! The error function and its complement.

use std::f64::consts::FRAC_2_SQRT_PI;

use super::curve::{Curve, Slope, curves};
use super::{map, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::shape::{ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

curves!(Erf, Erfc);

/// erf x = 2/√π ∫₀ˣ e^(−t²) dt. Rule: dx = 2/√π·e^(−x²)·dy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Erf;

/// 1 − erf x. Rule: dx = −2/√π·e^(−x²)·dy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Erfc;

/// d/dx e^(−x²), which is 0 at ±∞ too.
fn gaussian_slope<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    let x = x.clamp(-1e2, 1e2);
    (-x.square()).exp() * x * -2.0
}

macro_rules! error_function {
    ($name:ident, $text:literal, $method:ident, $factor:expr) => {
        impl<T: Float> Curve<T> for $name {
            fn names(self) -> [&'static str; 2] {
                [$text, concat!($text, "_backward")]
            }

            #[inline(always)]
            fn value(self, x: T) -> T {
                x.$method()
            }

            #[inline(always)]
            fn pull(self, x: T, g: T) -> T {
                g * (T::from_f64($factor) * (-(x * x)).vexp())
            }

            fn curvature(self, x: &Tensor<T>) -> Option<Tensor<T>> {
                Some(gaussian_slope(x) * $factor)
            }
        }
    };
}

error_function!(Erf, "erf", verf, FRAC_2_SQRT_PI);
error_function!(Erfc, "erfc", verfc, -FRAC_2_SQRT_PI);

impl<T: Float> Tensor<T> {
    /// The error function 2/√π ∫₀ˣ e^(−t²) dt, from −1 to 1.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![0.0, 1.0, f64::INFINITY]);
    /// assert_eq!(x.erf().to_vec(), [0.0, 0.842_700_792_949_714_9, 1.0]);
    /// ```
    #[track_caller]
    pub fn erf(&self) -> Self {
        apply_one(Erf, &[self])
    }

    /// 1 − erf x, with all its digits where it is small.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let tail = Tensor::<f64>::scalar(10.0).erfc().item();
    /// assert!((tail / 2.088_487_583_762_545e-45 - 1.0).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn erfc(&self) -> Self {
        apply_one(Erfc, &[self])
    }
}
