//! Activation functions.

mod exponential;
mod gated;
mod piecewise;
mod randomized;
mod smooth;

pub use exponential::*;
pub use gated::*;
pub use piecewise::*;
pub use smooth::*;

use smallvec::smallvec;

use super::elementwise::elementwise;
use super::{Mul, map, map2, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::shape::{ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(LeakyRelu, Gate, TanhBackward, SigmoidBackward, Tanh, Sigmoid);

/// x where x > 0, slope·x elsewhere. Rule: dx = dy where x > 0, slope·dy elsewhere; for slope 0 also dy where x
/// is NaN.
#[derive(Clone, Copy, Debug)]
pub struct LeakyRelu {
    /// The factor of negative elements; 0 for the plain rectifier.
    pub slope: f64,
}

impl<T: Float> Function<T> for LeakyRelu {
    fn name(&self) -> &'static str {
        if self.slope == 0.0 { "relu" } else { "leaky_relu" }
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(inputs[0]))
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        if self.slope == 0.0 {
            // The output tells where x > 0 as well, and the next layer keeps it anyway.
            cx.save_output(0);
            return map(
                inputs[0],
                #[inline(always)]
                // Written so that NaN, which compares with nothing, stays.
                |x| if x <= T::zero() { T::zero() } else { x },
            )
            .into();
        }
        cx.save_input(0);
        let slope = T::from_f64(self.slope);
        map(
            inputs[0],
            #[inline(always)]
            move |x| if x > T::zero() { x } else { slope * x },
        )
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let by = if self.slope == 0.0 { cx.output(0) } else { cx.input(0) };
        single(apply_one(Gate { slope: self.slope }, &[only(grads), &by]))
    }
}

/// g where s > 0, slope·g elsewhere: the gradient of the rectifiers. It is linear in g and flat in s.
///
/// With slope 0 it selects, for 0·g would be NaN where g is infinite, and NaN in s lets g through.
#[derive(Clone, Copy, Debug)]
struct Gate {
    slope: f64,
}

/// The gradient of the argument of a rectifier, whose result is y.
pub(super) fn rectifier_gradient<T: Float>(slope: f64, dy: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    apply_one(Gate { slope }, &[dy, y])
}

impl<T: Float> Function<T> for Gate {
    fn name(&self) -> &'static str {
        "relu_backward"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(inputs[0]))
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(1);
        if self.slope == 0.0 {
            return map2(
                inputs[0],
                inputs[1],
                #[inline(always)]
                |g, s| if s <= T::zero() { T::zero() } else { g },
            )
            .into();
        }
        let slope = T::from_f64(self.slope);
        map2(
            inputs[0],
            inputs[1],
            #[inline(always)]
            move |g, s| if s > T::zero() { g } else { slope * g },
        )
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        smallvec![Some(apply_one(*self, &[only(grads), &cx.input(1)])), None]
    }
}

elementwise! {
    /// tanh x. Rule: dx = (1 − y²)·dy.
    Tanh, "tanh", |x| x.vtanh(), saves save_output,
    |cx, dy| apply_one(TanhBackward, &[dy, &cx.output(0)])
}

/// (1 − y²)·g.
#[derive(Clone, Copy, Debug)]
struct TanhBackward;

impl<T: Float> Function<T> for TanhBackward {
    fn name(&self) -> &'static str {
        "tanh_backward"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(inputs[0]))
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        cx.save_input(1);
        map2(
            inputs[0],
            inputs[1],
            #[inline(always)]
            |g, y| (T::one() - y * y) * g,
        )
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (dz, g, y) = (only(grads), cx.input(0), cx.input(1));
        smallvec![
            cx.needs(0).then(|| apply_one(TanhBackward, &[dz, &y])),
            cx.needs(1).then(|| apply_one(Mul { factor: -2.0 }, &[dz, &(g * y)])),
        ]
    }
}

elementwise! {
    /// σ(x) = 1 / (1 + e⁻ˣ). Rule: dx = y(1 − y)·dy.
    Sigmoid, "sigmoid", |x| x.vsigmoid(), saves save_output,
    |cx, dy| apply_one(SigmoidBackward, &[dy, &cx.output(0)])
}

/// y(1 − y)·g.
#[derive(Clone, Copy, Debug)]
struct SigmoidBackward;

impl<T: Float> Function<T> for SigmoidBackward {
    fn name(&self) -> &'static str {
        "sigmoid_backward"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(inputs[0]))
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        cx.save_input(1);
        map2(
            inputs[0],
            inputs[1],
            #[inline(always)]
            |g, y| y * (T::one() - y) * g,
        )
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (dz, g, y) = (only(grads), cx.input(0), cx.input(1));
        smallvec![
            cx.needs(0).then(|| apply_one(SigmoidBackward, &[dz, &y])),
            cx.needs(1).then(|| dz * g * (1.0 - 2.0 * y)),
        ]
    }
}

impl<T: Float> Tensor<T> {
    /// max(x, 0), the rectified linear unit. The derivative at 0 is taken to be 0; NaN stays NaN.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![-2.0, 0.0, 3.0]);
    /// assert_eq!(x.relu().to_vec(), [0.0, 0.0, 3.0]);
    /// ```
    #[track_caller]
    pub fn relu(&self) -> Self {
        apply_one(LeakyRelu { slope: 0.0 }, &[self])
    }

    /// x where x > 0, slope·x elsewhere (usual slope: 0.01). The derivative at 0 is the slope.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![-2.0, 3.0]);
    /// assert_eq!(x.leaky_relu(0.01).to_vec(), [-0.02, 3.0]);
    /// ```
    #[track_caller]
    pub fn leaky_relu(&self, slope: f64) -> Self {
        apply_one(LeakyRelu { slope }, &[self])
    }

    /// tanh x = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(0.0).tanh().item(), 0.0);
    /// assert_eq!(Tensor::<f64>::scalar(1e3).tanh().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn tanh(&self) -> Self {
        apply_one(Tanh, &[self])
    }

    /// σ(x) = 1 / (1 + e⁻ˣ), the logistic function.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(0.0).sigmoid().item(), 0.5);
    /// ```
    #[track_caller]
    pub fn sigmoid(&self) -> Self {
        apply_one(Sigmoid, &[self])
    }
}
