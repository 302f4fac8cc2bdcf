//! Activations made of straight pieces, and one of parabolas.

use super::super::curve::{Curve, Slope, curves};
use super::super::{Clamp, map, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::shape::{ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

curves!(Hardsigmoid, Hardswish, Hardshrink, Softshrink, Threshold);

/// x/6 + ½, brought into [0, 1]. Rule: dx = dy/6 where −3 < x < 3, else 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hardsigmoid;

impl<T: Float> Curve<T> for Hardsigmoid {
    fn names(self) -> [&'static str; 2] {
        ["hardsigmoid", "hardsigmoid_backward"]
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        let three = T::from_f64(3.0);
        let between = (x + three) / T::from_f64(6.0);
        let low = if x <= -three { T::zero() } else { between };
        if x >= three { T::one() } else { low }
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        if x.abs() < T::from_f64(3.0) { g / T::from_f64(6.0) } else { T::zero() }
    }

    fn curvature(self, _: &Tensor<T>) -> Option<Tensor<T>> {
        None
    }
}

/// x·hardsigmoid(x): 0 up to −3, x from 3 on, x(x + 3)/6 between. Rule: dx = 0, dy, (x/3 + ½)·dy in the three
/// pieces; 0 at −3, dy at 3.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hardswish;

impl<T: Float> Curve<T> for Hardswish {
    fn names(self) -> [&'static str; 2] {
        ["hardswish", "hardswish_backward"]
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        let three = T::from_f64(3.0);
        let between = x * (x + three) / T::from_f64(6.0);
        let low = if x <= -three { T::zero() } else { x };
        if x.abs() < three { between } else { low }
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        let three = T::from_f64(3.0);
        let between = g * (x / three + T::from_f64(0.5));
        let low = if x <= -three { T::zero() } else { g };
        if x.abs() < three { between } else { low }
    }

    fn curvature(self, x: &Tensor<T>) -> Option<Tensor<T>> {
        Some(x.abs().lt(3.0).to_tensor() * (1.0 / 3.0))
    }
}

/// 0 where −λ ≤ x ≤ λ, x elsewhere. Rule: dx = 0 or dy.
#[derive(Clone, Copy, Debug)]
pub struct Hardshrink {
    /// The bound λ.
    pub lambda: f64,
}

impl<T: Float> Curve<T> for Hardshrink {
    fn names(self) -> [&'static str; 2] {
        ["hardshrink", "hardshrink_backward"]
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        if x.abs() <= T::from_f64(self.lambda) { T::zero() } else { x }
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        if x.abs() <= T::from_f64(self.lambda) { T::zero() } else { g }
    }

    fn curvature(self, _: &Tensor<T>) -> Option<Tensor<T>> {
        None
    }
}

/// x brought nearer to 0 by λ, and 0 where −λ ≤ x ≤ λ. Rule: dx = 0 there, dy elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Softshrink {
    /// The distance λ.
    pub lambda: f64,
}

impl<T: Float> Curve<T> for Softshrink {
    fn names(self) -> [&'static str; 2] {
        ["softshrink", "softshrink_backward"]
    }

    fn check(self) -> Result<(), ShapeError> {
        if self.lambda >= 0.0 {
            return Ok(());
        }
        Err(ShapeError::new(format!("lambda {} is negative or NaN", self.lambda)))
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        let lambda = T::from_f64(self.lambda);
        if x.abs() <= lambda { T::zero() } else { x - lambda.copysign(x) }
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        if x.abs() <= T::from_f64(self.lambda) { T::zero() } else { g }
    }

    fn curvature(self, _: &Tensor<T>) -> Option<Tensor<T>> {
        None
    }
}

/// x where x > threshold, a fixed value elsewhere. Rule: dx = dy or 0.
#[derive(Clone, Copy, Debug)]
pub struct Threshold {
    /// What x must be above to stay.
    pub threshold: f64,
    /// What stands elsewhere.
    pub value: f64,
}

impl<T: Float> Curve<T> for Threshold {
    fn names(self) -> [&'static str; 2] {
        ["threshold", "threshold_backward"]
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        if x <= T::from_f64(self.threshold) { T::from_f64(self.value) } else { x }
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        if x <= T::from_f64(self.threshold) { T::zero() } else { g }
    }

    fn curvature(self, _: &Tensor<T>) -> Option<Tensor<T>> {
        None
    }
}

impl<T: Float> Tensor<T> {
    /// min(max(x, 0), 6). The derivative is 0 at both bounds.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![-1.0, 2.5, 7.0]);
    /// assert_eq!(x.relu6().to_vec(), [0.0, 2.5, 6.0]);
    /// ```
    #[track_caller]
    pub fn relu6(&self) -> Self {
        self.hardtanh(0.0, 6.0)
    }

    /// Each element brought into [lo, hi] (usual bounds: −1 and 1), under the name it has as an activation. The
    /// derivative is 0 at both bounds. See [`clamp`](Self::clamp).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![-2.0, 0.5, 3.0]);
    /// assert_eq!(x.hardtanh(-1.0, 1.0).to_vec(), [-1.0, 0.5, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If lo > hi, or one of them is NaN.
    #[track_caller]
    pub fn hardtanh(&self, lo: f64, hi: f64) -> Self {
        apply_one(Clamp { lo, hi }, &[self])
    }

    /// x/6 + ½, brought into [0, 1]: a sigmoid of straight pieces. The derivative is 0 at ±3.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![-4.0, 1.5, 4.0]);
    /// assert_eq!(x.hardsigmoid().to_vec(), [0.0, 0.75, 1.0]);
    /// ```
    #[track_caller]
    pub fn hardsigmoid(&self) -> Self {
        apply_one(Hardsigmoid, &[self])
    }

    /// x·hardsigmoid(x), near [`silu`](Self::silu) without an exponential (Howard et al. 2019, MobileNetV3). The
    /// derivative is 0 at −3 and 1 at 3.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![-4.0, 1.0, 4.0]);
    /// assert_eq!(x.hardswish().to_vec(), [0.0, 4.0 / 6.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn hardswish(&self) -> Self {
        apply_one(Hardswish, &[self])
    }

    /// 0 where −λ ≤ x ≤ λ, x elsewhere (usual λ: 0.5).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![-2.0, 0.5, 3.0]);
    /// assert_eq!(x.hardshrink(0.5).to_vec(), [-2.0, 0.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn hardshrink(&self, lambda: f64) -> Self {
        apply_one(Hardshrink { lambda }, &[self])
    }

    /// x brought nearer to 0 by λ, and 0 where −λ ≤ x ≤ λ (usual λ: 0.5): what minimizes ½(y − x)² + λ|y|.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![-2.0, 0.5, 3.0]);
    /// assert_eq!(x.softshrink(0.5).to_vec(), [-1.5, 0.0, 2.5]);
    /// ```
    ///
    /// # Panics
    /// If λ is negative or NaN.
    #[track_caller]
    pub fn softshrink(&self, lambda: f64) -> Self {
        apply_one(Softshrink { lambda }, &[self])
    }

    /// x where x > threshold, `value` elsewhere.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![0.1, 3.0]);
    /// assert_eq!(x.threshold(0.1, -20.0).to_vec(), [-20.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn threshold(&self, threshold: f64, value: f64) -> Self {
        apply_one(Threshold { threshold, value }, &[self])
    }
}
