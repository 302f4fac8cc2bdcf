//! Functions of each element: powers, roots, exponentials, bounds.

use smallvec::smallvec;

use super::curve::{Curve, Slope, curves};
use super::{Mul, map, map2, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::shape::{ShapeError, Shapes, broadcast};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(PowScalar, Pow, Share, Exp, Ln, Sqrt, Square, Abs, Maximum, Minimum);
curves!(Clamp);

/// Declares a function of one element: its name, its value, what it keeps and its rule.
macro_rules! elementwise {
    ($(#[$doc:meta])* $name:ident, $text:literal, |$x:ident| $value:expr, saves $save:ident, |$cx:ident, $dy:ident| $rule:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $name;

        impl<T: Float> Function<T> for $name {
            fn name(&self) -> &'static str {
                $text
            }

            fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
                Ok(one(inputs[0]))
            }

            fn is_elementwise(&self) -> bool {
                true
            }

            fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
                cx.$save(0);
                map(inputs[0], #[inline(always)] |$x| $value).into()
            }

            fn backward(&self, $cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
                let $dy = only(grads);
                single($rule)
            }
        }
    };
}
pub(super) use elementwise;

elementwise! {
    /// eˣ. Rule: dx = y·dy.
    Exp, "exp", |x| x.vexp(), saves save_output, |cx, dy| dy * cx.output(0)
}

elementwise! {
    /// ln x. Rule: dx = dy / x.
    Ln, "ln", |x| x.vln(), saves save_input, |cx, dy| dy / cx.input(0)
}

elementwise! {
    /// √x. Rule: dx = dy / 2y.
    Sqrt, "sqrt", |x| x.sqrt(), saves save_output, |cx, dy| dy * 0.5 / cx.output(0)
}

elementwise! {
    /// x². Rule: dx = 2x·dy.
    Square, "square", |x| x * x, saves save_input,
    |cx, dy| apply_one(Mul { factor: 2.0 }, &[dy, &cx.input(0)])
}

elementwise! {
    /// |x|. Rule: dx = sign(x)·dy, with sign(0) = sign(NaN) = 0.
    Abs, "abs", |x| x.abs(), saves save_input,
    |cx, dy| dy * cx.input(0).sign()
}

/// xᵖ for a number p. Rule: dx = p·xᵖ⁻¹·dy, 0 for p = 0.
#[derive(Clone, Copy, Debug)]
pub struct PowScalar {
    /// The exponent p.
    pub exponent: f64,
}

impl<T: Float> Function<T> for PowScalar {
    fn name(&self) -> &'static str {
        "pow"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        let p = self.exponent;
        if p == 1.0 {
            map(inputs[0], |x| x).into()
        } else if p.fract() == 0.0 && p.abs() <= 64.0 {
            let n = p as i32;
            map(
                inputs[0],
                #[inline(always)]
                move |x| x.powi(n),
            )
            .into()
        } else {
            let p = T::from_f64(p);
            map(inputs[0], move |x| x.powf(p)).into()
        }
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let p = self.exponent;
        if p == 0.0 {
            return single(Tensor::zeros(cx.input_shape(0)));
        }
        let power = apply_one(PowScalar { exponent: p - 1.0 }, &[&cx.input(0)]);
        single(apply_one(Mul { factor: p }, &[only(grads), &power]))
    }
}

/// aᵇ element by element, broadcast. Rule: da = b·aᵇ⁻¹·dc (0 where b = 0), db = c·ln a·dc (0 where a = 0
/// and b ≥ 0).
#[derive(Clone, Copy, Debug, Default)]
pub struct Pow;

impl<T: Float> Function<T> for Pow {
    fn name(&self) -> &'static str {
        "pow"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(smallvec![broadcast(inputs[0], inputs[1])?])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        cx.save_input(1);
        if cx.needs(1) {
            cx.save_output(0);
        }
        map2(inputs[0], inputs[1], |a, b| a.powf(b)).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (dc, a, b) = (only(grads), cx.input(0), cx.input(1));
        let da =
            cx.needs(0).then(|| {
                // 0⁰ would become 0·0⁻¹: the exponent stays 0 there, and the factor b makes the gradient 0.
                let step = map2(&a.value, &b.value, |a, b| {
                    if a == T::zero() && b == T::zero() { T::zero() } else { T::one() }
                });
                let power = apply_one(Pow, &[&a, &(&b - Tensor::from(step))]);
                dc * &b * power
            });
        let db =
            cx.needs(1).then(|| {
                // ln 0 is replaced by 0 where 0ᵇ is 0 or 1, so that 0·−∞ does not arise.
                let zero = map2(&a.value, &b.value, |a, b| {
                    if a == T::zero() && b >= T::zero() { T::one() } else { T::zero() }
                });
                dc * cx.output(0) * (&a + Tensor::from(zero)).ln()
            });
        smallvec![da, db]
    }
}

/// The larger of a and b, broadcast; NaN if either is. Rule: the gradient goes to the larger, half to each
/// where they are equal, and whole to both where the result is NaN.
#[derive(Clone, Copy, Debug, Default)]
pub struct Maximum;

/// The smaller of a and b, broadcast; NaN if either is. Rule: the gradient goes to the smaller, half to
/// each where they are equal, and whole to both where the result is NaN.
#[derive(Clone, Copy, Debug, Default)]
pub struct Minimum;

macro_rules! extremum {
    ($name:ident, $text:literal, $wins:tt) => {
        impl<T: Float> Function<T> for $name {
            fn name(&self) -> &'static str {
                $text
            }

            fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
                Ok(smallvec![broadcast(inputs[0], inputs[1])?])
            }

            fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
                cx.save_input(0);
                cx.save_input(1);
                // A comparison with NaN is false, so that b is taken; the first test catches a = NaN.
                map2(inputs[0], inputs[1], #[inline(always)] |a, b| {
                    if a != a || a $wins b { a } else { b }
                })
                .into()
            }

            fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
                let (dc, a, b) = (only(grads), cx.input(0), cx.input(1));
                let half = T::from_f64(0.5);
                let share = |own: &Tensor<T>, other: &Tensor<T>| {
                    let weight = map2(&own.value, &other.value, #[inline(always)] move |own, other| {
                        if own == other {
                            half
                        } else if other $wins own {
                            T::zero()
                        } else {
                            T::one()
                        }
                    });
                    apply_one(Share, &[dc, &weight.into()])
                };
                smallvec![cx.needs(0).then(|| share(&a, &b)), cx.needs(1).then(|| share(&b, &a))]
            }
        }
    };
}

extremum!(Maximum, "maximum", >);
extremum!(Minimum, "minimum", <);

/// The share w·g of a gradient g that a weight w lets through, and 0 where w = 0 even if g is infinite or NaN.
/// It is linear in g and flat in w.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share;

impl<T: Float> Function<T> for Share {
    fn name(&self) -> &'static str {
        "share"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(smallvec![broadcast(inputs[0], inputs[1])?])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(1);
        map2(
            inputs[0],
            inputs[1],
            #[inline(always)]
            |g, w| if w == T::zero() { T::zero() } else { w * g },
        )
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        smallvec![Some(apply_one(Share, &[only(grads), &cx.input(1)])), None]
    }
}

/// Each element brought into [lo, hi]; NaN stays NaN. Rule: dx = dy where lo < x < hi, else 0.
#[derive(Clone, Copy, Debug)]
pub struct Clamp {
    /// The lower bound.
    pub lo: f64,
    /// The upper bound.
    pub hi: f64,
}

impl<T: Float> Curve<T> for Clamp {
    fn names(self) -> [&'static str; 2] {
        ["clamp", "clamp_backward"]
    }

    fn check(self) -> Result<(), ShapeError> {
        if self.lo <= self.hi {
            return Ok(());
        }
        Err(ShapeError::new(format!("the bounds {} to {} are no interval", self.lo, self.hi)))
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        let (lo, hi) = (T::from_f64(self.lo), T::from_f64(self.hi));
        let x = if x < lo { lo } else { x };
        if x > hi { hi } else { x }
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        let inside = x > T::from_f64(self.lo) && x < T::from_f64(self.hi);
        if inside { g } else { T::zero() }
    }

    fn curvature(self, _: &Tensor<T>) -> Option<Tensor<T>> {
        None
    }
}

/// An exponent of [`Tensor::pow`]: a number, or a tensor that broadcasts.
pub trait Exponent<T: Float> {
    #[doc(hidden)]
    #[track_caller]
    fn raise(self, base: &Tensor<T>) -> Tensor<T>;
}

impl<T: Float> Exponent<T> for f64 {
    #[track_caller]
    fn raise(self, base: &Tensor<T>) -> Tensor<T> {
        apply_one(PowScalar { exponent: self }, &[base])
    }
}

impl<T: Float> Exponent<T> for i32 {
    #[track_caller]
    fn raise(self, base: &Tensor<T>) -> Tensor<T> {
        f64::from(self).raise(base)
    }
}

impl<T: Float> Exponent<T> for &Tensor<T> {
    #[track_caller]
    fn raise(self, base: &Tensor<T>) -> Tensor<T> {
        apply_one(Pow, &[base, self])
    }
}

impl<T: Float> Tensor<T> {
    /// eˣ.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(0.0).exp().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn exp(&self) -> Self {
        apply_one(Exp, &[self])
    }

    /// The natural logarithm: −∞ at 0, NaN below.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(1.0).ln().item(), 0.0);
    /// ```
    #[track_caller]
    pub fn ln(&self) -> Self {
        apply_one(Ln, &[self])
    }

    /// √x. Its gradient at 0 is ∞.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(9.0).sqrt().item(), 3.0);
    /// ```
    #[track_caller]
    pub fn sqrt(&self) -> Self {
        apply_one(Sqrt, &[self])
    }

    /// x².
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(-3.0).square().item(), 9.0);
    /// ```
    #[track_caller]
    pub fn square(&self) -> Self {
        apply_one(Square, &[self])
    }

    /// |x|, whose gradient at 0 is 0.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(-3.0).abs().item(), 3.0);
    /// ```
    #[track_caller]
    pub fn abs(&self) -> Self {
        apply_one(Abs, &[self])
    }

    /// xᵖ for a number p, or for a tensor of exponents that broadcasts.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![2.0, 3.0]);
    /// assert_eq!(x.pow(2).to_vec(), [4.0, 9.0]);
    /// assert_eq!(x.pow(-1.0).to_vec(), [0.5, 1.0 / 3.0]);
    /// assert_eq!(x.pow(&x).to_vec(), [4.0, 27.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn pow(&self, exponent: impl Exponent<T>) -> Self {
        exponent.raise(self)
    }

    /// The larger of the two elements, broadcast. Where they are equal each takes half of the gradient;
    /// NaN wins.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![2.0, 3.0]);
    /// assert_eq!(x.maximum(&Tensor::scalar(2.5)).to_vec(), [2.5, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn maximum(&self, other: &Self) -> Self {
        apply_one(Maximum, &[self, other])
    }

    /// The smaller of the two elements, broadcast. Where they are equal each takes half of the gradient;
    /// NaN wins.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![2.0, 3.0]);
    /// assert_eq!(x.minimum(&Tensor::scalar(2.5)).to_vec(), [2.0, 2.5]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn minimum(&self, other: &Self) -> Self {
        apply_one(Minimum, &[self, other])
    }

    /// Each element brought into [lo, hi]. The gradient passes where lo < x < hi: at a bound it is 0, as that of
    /// [`relu`](Self::relu) at 0. An infinite bound does not bind.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![-2.0, 0.5, 3.0]);
    /// assert_eq!(x.clamp(-1.0, 1.0).to_vec(), [-1.0, 0.5, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If lo > hi, or one of them is NaN.
    #[track_caller]
    pub fn clamp(&self, lo: f64, hi: f64) -> Self {
        apply_one(Clamp { lo, hi }, &[self])
    }
}
