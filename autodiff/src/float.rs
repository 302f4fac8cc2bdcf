//! The two element types a tensor can have.

use std::fmt::{Debug, Display};
use std::iter::Sum;

use crate::kernels::math::Math;
use crate::kernels::product::Product;
use crate::pool::Pooled;
use crate::recorded::Recorded;

/// An element of a tensor: `f32` or `f64`.
///
/// The trait is sealed: kernels, buffer pools and tapes exist for these two types only.
///
/// ```
/// use wengert::prelude::*;
///
/// fn half<T: Float>() -> T {
///     T::from_f64(0.5)
/// }
/// assert_eq!(half::<f32>(), 0.5);
/// ```
pub trait Float:
    ndarray::NdFloat + Default + Sum + Debug + Display + Math + Product + Pooled + Recorded + private::Sealed
{
    /// The name of the type as Rust writes it: `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// The nearest value of this type to an `f64`.
    fn from_f64(x: f64) -> Self;

    /// This value as an `f64`, exactly.
    fn to_f64(self) -> f64;
}

mod private {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

impl Float for f32 {
    const NAME: &'static str = "f32";

    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x as f32
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Float for f64 {
    const NAME: &'static str = "f64";

    #[inline(always)]
    fn from_f64(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}
