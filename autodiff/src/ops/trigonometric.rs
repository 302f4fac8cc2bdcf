//! Trigonometric and hyperbolic functions and their inverses, angles and distances.

use smallvec::smallvec;

use super::elementwise::elementwise;
use super::{map, map2, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::shape::{ShapeError, Shapes, broadcast};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Asinh, Acosh, Atanh, Atan2, Hypot);

elementwise! {
    /// sin x. Rule: dx = cos x·dy.
    Sin, "sin", |x| x.sin(), saves save_input, |cx, dy| dy * cx.input(0).cos()
}

elementwise! {
    /// cos x. Rule: dx = −sin x·dy.
    Cos, "cos", |x| x.cos(), saves save_input, |cx, dy| -(dy * cx.input(0).sin())
}

elementwise! {
    /// tan x. Rule: dx = (1 + y²)·dy.
    Tan, "tan", |x| x.tan(), saves save_output, |cx, dy| dy * (cx.output(0).square() + 1.0)
}

elementwise! {
    /// The angle in [−π/2, π/2] whose sine is x. Rule: dx = dy / √(1 − x²).
    Asin, "asin", |x| x.asin(), saves save_input, |cx, dy| dy * one_minus_square(&cx.input(0)).rsqrt()
}

elementwise! {
    /// The angle in [0, π] whose cosine is x. Rule: dx = −dy / √(1 − x²).
    Acos, "acos", |x| x.acos(), saves save_input, |cx, dy| -(dy * one_minus_square(&cx.input(0)).rsqrt())
}

elementwise! {
    /// The angle in (−π/2, π/2) whose tangent is x. Rule: dx = dy / (1 + x²).
    Atan, "atan", |x| x.atan(), saves save_input, |cx, dy| dy / (cx.input(0).square() + 1.0)
}

elementwise! {
    /// sinh x = (eˣ − e⁻ˣ)/2. Rule: dx = cosh x·dy.
    Sinh, "sinh", |x| x.sinh(), saves save_input, |cx, dy| dy * cx.input(0).cosh()
}

elementwise! {
    /// cosh x = (eˣ + e⁻ˣ)/2. Rule: dx = sinh x·dy.
    Cosh, "cosh", |x| x.cosh(), saves save_input, |cx, dy| dy * cx.input(0).sinh()
}

elementwise! {
    /// The inverse of sinh: ln(x + √(x² + 1)). Rule: dx = dy / √(1 + x²).
    Asinh, "asinh", |x| x.asinh(), saves save_input,
    |cx, dy| dy / cx.input(0).hypot(&Tensor::scalar(1.0))
}

elementwise! {
    /// The inverse of cosh on x ≥ 1: ln(x + √(x² − 1)). Rule: dx = dy / √(x² − 1).
    Acosh, "acosh",
    // From x − 1, with all digits near 1; in two roots, since x² may overflow.
    |x| {
        let above = x - T::one();
        let y = (above + above.sqrt() * (x + T::one()).sqrt()).vln_1p();
        if x > T::from_f64(1e30) { x.vln() + T::from_f64(std::f64::consts::LN_2) } else { y }
    },
    saves save_input,
    |cx, dy| {
        let x = cx.input(0);
        dy * ((&x - 1.0).rsqrt() * (x + 1.0).rsqrt())
    }
}

elementwise! {
    /// The inverse of tanh on (−1, 1): ½·ln((1 + x)/(1 − x)). Rule: dx = dy / (1 − x²).
    Atanh, "atanh", |x| x.atanh(), saves save_input, |cx, dy| dy / one_minus_square(&cx.input(0))
}

/// 1 − x², with its digits near ±1.
fn one_minus_square<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    (1.0 - x) * (x + 1.0)
}

/// √(a² + b²), broadcast. Rule: da = a/c·dc, db = b/c·dc; 0 where c = 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hypot;

/// √(a² + b²) as a divisor: 1 where it is 0, so that a/c and b/c are 0 there.
fn divisor<T: Float>(c: Tensor<T>) -> Tensor<T> {
    let zero = map(
        &c.value,
        #[inline(always)]
        |c| if c == T::zero() { T::one() } else { T::zero() },
    );
    c + Tensor::from(zero)
}

impl<T: Float> Function<T> for Hypot {
    fn name(&self) -> &'static str {
        "hypot"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(smallvec![broadcast(inputs[0], inputs[1])?])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        for i in 0..2 {
            if cx.needs(i) {
                cx.save_input(i);
            }
        }
        cx.save_output(0);
        map2(inputs[0], inputs[1], |a, b| a.hypot(b)).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (dc, c) = (only(grads), divisor(cx.output(0)));
        (0..2).map(|i| cx.needs(i).then(|| dc * (cx.input(i) / &c))).collect()
    }
}

/// The angle of the point (x, y) in [−π, π], of inputs y and x, broadcast. With r² = x² + y², rule:
/// dy = x/r²·dc, dx = −y/r²·dc; 0 at the origin.
#[derive(Clone, Copy, Debug, Default)]
pub struct Atan2;

impl<T: Float> Function<T> for Atan2 {
    fn name(&self) -> &'static str {
        "atan2"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(smallvec![broadcast(inputs[0], inputs[1])?])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        cx.save_input(1);
        map2(inputs[0], inputs[1], |y, x| y.atan2(x)).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        // Divided twice by r, since r² may overflow or vanish.
        let (dc, y, x) = (only(grads), cx.input(0), cx.input(1));
        let r = divisor(x.hypot(&y));
        let dc = dc / &r;
        smallvec![cx.needs(0).then(|| &dc * (&x / &r)), cx.needs(1).then(|| -(&dc * (&y / &r)))]
    }
}

impl<T: Float> Tensor<T> {
    /// The sine of x in radians.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(0.0).sin().item(), 0.0);
    /// ```
    #[track_caller]
    pub fn sin(&self) -> Self {
        apply_one(Sin, &[self])
    }

    /// The cosine of x in radians.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(0.0).cos().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn cos(&self) -> Self {
        apply_one(Cos, &[self])
    }

    /// The tangent of x in radians.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(1.0).tan().item(), 1f64.tan());
    /// ```
    #[track_caller]
    pub fn tan(&self) -> Self {
        apply_one(Tan, &[self])
    }

    /// The angle in [−π/2, π/2] whose sine is x; NaN outside [−1, 1]. Its gradient at ±1 is ∞.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(1.0).asin().item(), std::f64::consts::FRAC_PI_2);
    /// ```
    #[track_caller]
    pub fn asin(&self) -> Self {
        apply_one(Asin, &[self])
    }

    /// The angle in [0, π] whose cosine is x; NaN outside [−1, 1]. Its gradient at ±1 is −∞.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(-1.0).acos().item(), std::f64::consts::PI);
    /// ```
    #[track_caller]
    pub fn acos(&self) -> Self {
        apply_one(Acos, &[self])
    }

    /// The angle in [−π/2, π/2] whose tangent is x.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(f64::INFINITY).atan().item(), std::f64::consts::FRAC_PI_2);
    /// ```
    #[track_caller]
    pub fn atan(&self) -> Self {
        apply_one(Atan, &[self])
    }

    /// (eˣ − e⁻ˣ)/2.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(1e-20).sinh().item(), 1e-20);
    /// ```
    #[track_caller]
    pub fn sinh(&self) -> Self {
        apply_one(Sinh, &[self])
    }

    /// (eˣ + e⁻ˣ)/2.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(0.0).cosh().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn cosh(&self) -> Self {
        apply_one(Cosh, &[self])
    }

    /// The inverse of [`sinh`](Self::sinh): ln(x + √(x² + 1)).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(1e-20).asinh().item(), 1e-20);
    /// ```
    #[track_caller]
    pub fn asinh(&self) -> Self {
        apply_one(Asinh, &[self])
    }

    /// The inverse of [`cosh`](Self::cosh) on x ≥ 1: ln(x + √(x² − 1)); NaN below 1. Its gradient at 1 is ∞.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(1.0).acosh().item(), 0.0);
    /// ```
    #[track_caller]
    pub fn acosh(&self) -> Self {
        apply_one(Acosh, &[self])
    }

    /// The inverse of [`tanh`](Self::tanh): ½·ln((1 + x)/(1 − x)); ±∞ at ±1, NaN outside.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(1e-20).atanh().item(), 1e-20);
    /// ```
    #[track_caller]
    pub fn atanh(&self) -> Self {
        apply_one(Atanh, &[self])
    }

    /// The angle in [−π, π] of the point whose ordinate is this tensor's element and whose abscissa is the
    /// other's, broadcast. At the origin it is 0 or ±π by the signs of the zeros, and the gradient is 0.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let y = Tensor::<f64>::from_vec([3], vec![0.0, 1.0, -1.0]);
    /// let x = Tensor::from_vec([3], vec![-1.0, 0.0, 0.0]);
    /// let (pi, half) = (std::f64::consts::PI, std::f64::consts::FRAC_PI_2);
    /// assert_eq!(y.atan2(&x).to_vec(), [pi, half, -half]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn atan2(&self, other: &Self) -> Self {
        apply_one(Atan2, &[self, other])
    }

    /// √(a² + b²) of this tensor's elements and the other's, broadcast, without overflow. The gradient where both
    /// are 0 is 0.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let a = Tensor::<f64>::from_vec([2], vec![3.0, 3e300]);
    /// let b = Tensor::from_vec([2], vec![4.0, 4e300]);
    /// assert_eq!(a.hypot(&b).to_vec(), [5.0, 5e300]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn hypot(&self, other: &Self) -> Self {
        apply_one(Hypot, &[self, other])
    }
}
