//! Signs and whole numbers, which have no gradient, and fractional parts.
//!
//! These functions are flat wherever they have a derivative. Their results are constants: they want no gradient,
//! and nothing is recorded. Where a gradient should pass as if nothing had been rounded (the straight-through
//! estimator of Bengio, Léonard and Courville 2013), add what rounding changed as a constant:
//!
//! ```
//! use wengert::prelude::*;
//!
//! let tape = Tape::new();
//! let x = tape.variable(Tensor::<f64>::from_vec([2], vec![0.3, 1.8]));
//! let y = &x + (x.round() - &x).detach();
//! assert_eq!(y.to_vec(), [0.0, 2.0]);
//! assert_eq!(y.square().sum(..).backward().get(&x).unwrap().to_vec(), [0.0, 4.0]);
//! ```

use smallvec::smallvec;

use super::{map, one};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::shape::{ShapeError, Shapes};
use crate::tape::Place;
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Flat);

/// A function with a derivative of 0. It is only applied to constants.
#[derive(Clone, Copy, Debug)]
enum Flat {
    Sign,
    Floor,
    Ceil,
    Round,
    Trunc,
}

/// −1, 0 or 1 by the sign; 0 for NaN.
#[inline(always)]
fn sign<T: Float>(x: T) -> T {
    let negative = if x < T::zero() { -T::one() } else { T::zero() };
    if x > T::zero() { T::one() } else { negative }
}

impl<T: Float> Function<T> for Flat {
    fn name(&self) -> &'static str {
        match self {
            Self::Sign => "sign",
            Self::Floor => "floor",
            Self::Ceil => "ceil",
            Self::Round => "round",
            Self::Trunc => "trunc",
        }
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0];
        match self {
            Self::Sign => map(x, sign),
            Self::Floor => map(x, T::floor),
            Self::Ceil => map(x, T::ceil),
            Self::Round => map(x, T::vround),
            Self::Trunc => map(x, T::trunc),
        }
        .into()
    }

    fn backward(&self, _: &Backward<'_, T>, _: &[Option<Tensor<T>>]) -> InputGradients<T> {
        smallvec![None]
    }
}

/// The result as a constant on the input's tape.
#[track_caller]
fn constant<T: Float>(flat: Flat, x: &Tensor<T>) -> Tensor<T> {
    x.cut(Function::<T>::name(&flat));
    let place = x.place.as_ref().map(|place| Place { tape: place.tape.clone(), slot: None });
    Tensor { place, ..apply_one(flat, &[&x.value.clone().into()]) }
}

impl<T: Float> Tensor<T> {
    /// −1, 0 or 1 by the sign of each element; 0 for NaN. The result is a constant: it wants no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![-2.0, 0.0, 0.5]);
    /// assert_eq!(x.sign().to_vec(), [-1.0, 0.0, 1.0]);
    /// ```
    #[track_caller]
    pub fn sign(&self) -> Self {
        constant(Flat::Sign, self)
    }

    /// The largest whole number not above x. The result is a constant: it wants no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(-1.5).floor().item(), -2.0);
    /// ```
    #[track_caller]
    pub fn floor(&self) -> Self {
        constant(Flat::Floor, self)
    }

    /// The smallest whole number not below x. The result is a constant: it wants no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(-1.5).ceil().item(), -1.0);
    /// ```
    #[track_caller]
    pub fn ceil(&self) -> Self {
        constant(Flat::Ceil, self)
    }

    /// The nearest whole number; halves go to the even one. The result is a constant: it wants no gradient. For one
    /// that passes gradients straight through, write `&x + (x.round() - &x).detach()`.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![0.5, 1.5, -2.5, 2.6]);
    /// assert_eq!(x.round().to_vec(), [0.0, 2.0, -2.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn round(&self) -> Self {
        constant(Flat::Round, self)
    }

    /// The nearest number with so many decimals, PyTorch's `round` with `decimals`; a negative number of decimals
    /// rounds to tens, hundreds and so on. The result is a constant: it wants no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![0.126, 1234.0]);
    /// assert_eq!(x.round_to(2).to_vec(), [0.13, 1234.0]);
    /// assert_eq!(x.round_to(-2).to_vec(), [0.0, 1200.0]);
    /// ```
    #[track_caller]
    pub fn round_to(&self, decimals: i32) -> Self {
        // Powers of ten above 1, which are exact: multiplied on one side and divided by on the other.
        let power = 10f64.powi(decimals.saturating_abs());
        if decimals < 0 { (self / power).round() * power } else { (self * power).round() / power }
    }

    /// The whole number next to x on the side of 0. The result is a constant: it wants no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(-1.5).trunc().item(), -1.0);
    /// ```
    #[track_caller]
    pub fn trunc(&self) -> Self {
        constant(Flat::Trunc, self)
    }

    /// x − trunc(x), the part after the point, with the sign of x. Its gradient is dy.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(-1.5).frac().item(), -0.5);
    /// ```
    #[track_caller]
    pub fn frac(&self) -> Self {
        self - self.trunc()
    }
}
