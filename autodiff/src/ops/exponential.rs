//! Exponentials, logarithms and inverse powers.

use std::f64::consts::{LN_2, LN_10};

use super::elementwise::elementwise;
use super::{Mul, map, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::shape::{ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Exp2, Expm1, Log1p, Log2, Log10, Rsqrt, Recip);

elementwise! {
    /// 2ˣ. Rule: dx = ln 2·y·dy.
    Exp2, "exp2", |x| x.exp2(), saves save_output,
    |cx, dy| apply_one(Mul { factor: LN_2 }, &[dy, &cx.output(0)])
}

elementwise! {
    /// eˣ − 1. Rule: dx = eˣ·dy, whose digits y + 1 would not have for negative x.
    Expm1, "expm1", |x| x.vexp_m1(), saves save_input, |cx, dy| dy * cx.input(0).exp()
}

elementwise! {
    /// ln(1 + x). Rule: dx = dy / (1 + x).
    Log1p, "log1p", |x| x.vln_1p(), saves save_input, |cx, dy| dy / (cx.input(0) + 1.0)
}

elementwise! {
    /// log₂ x. Rule: dx = dy / (x·ln 2).
    Log2, "log2", |x| x.vlog2(), saves save_input, |cx, dy| dy / (cx.input(0) * LN_2)
}

elementwise! {
    /// log₁₀ x. Rule: dx = dy / (x·ln 10).
    Log10, "log10", |x| x.vlog10(), saves save_input, |cx, dy| dy / (cx.input(0) * LN_10)
}

elementwise! {
    /// 1/√x. Rule: dx = −½·y³·dy.
    Rsqrt, "rsqrt", |x| T::one() / x.sqrt(), saves save_output,
    |cx, dy| {
        let y = cx.output(0);
        apply_one(Mul { factor: -0.5 }, &[dy, &(y.square() * &y)])
    }
}

elementwise! {
    /// 1/x. Rule: dx = −y²·dy.
    Recip, "recip", |x| T::one() / x, saves save_output,
    |cx, dy| apply_one(Mul { factor: -1.0 }, &[dy, &cx.output(0).square()])
}

impl<T: Float> Tensor<T> {
    /// 2ˣ.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(10.0).exp2().item(), 1024.0);
    /// ```
    #[track_caller]
    pub fn exp2(&self) -> Self {
        apply_one(Exp2, &[self])
    }

    /// eˣ − 1, with all its digits near 0.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(1e-20).expm1().item(), 1e-20);
    /// ```
    #[track_caller]
    pub fn expm1(&self) -> Self {
        apply_one(Expm1, &[self])
    }

    /// ln(1 + x), with all its digits near 0: −∞ at −1, NaN below.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(1e-20).log1p().item(), 1e-20);
    /// ```
    #[track_caller]
    pub fn log1p(&self) -> Self {
        apply_one(Log1p, &[self])
    }

    /// The logarithm to base 2: −∞ at 0, NaN below.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(0.125).log2().item(), -3.0);
    /// ```
    #[track_caller]
    pub fn log2(&self) -> Self {
        apply_one(Log2, &[self])
    }

    /// The logarithm to base 10: −∞ at 0, NaN below.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(1000.0).log10().item(), 3.0);
    /// ```
    #[track_caller]
    pub fn log10(&self) -> Self {
        apply_one(Log10, &[self])
    }

    /// 1/√x: ∞ at 0, NaN below. Its gradient at 0 is −∞.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(4.0).rsqrt().item(), 0.5);
    /// ```
    #[track_caller]
    pub fn rsqrt(&self) -> Self {
        apply_one(Rsqrt, &[self])
    }

    /// 1/x, PyTorch's `reciprocal`.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(4.0).recip().item(), 0.25);
    /// ```
    #[track_caller]
    pub fn recip(&self) -> Self {
        apply_one(Recip, &[self])
    }
}
