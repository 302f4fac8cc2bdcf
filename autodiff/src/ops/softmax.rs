//! Softmax, its logarithm, and the logarithm of a sum of exponentials.

use smallvec::{SmallVec, smallvec};

use super::{check_axis, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::layout::Along;
use crate::kernels::softmax as kernel;
use crate::shape::{Axes, ShapeError, Shapes, keepdim, reduced, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Softmax, SoftmaxBackward, LogSoftmax, LogSoftmaxBackward, LogSumExp);

/// Runs a kernel on row-major elements along an axis.
fn along<T: Float>(x: &Value<T>, axis: usize, kernel: impl FnOnce(&[T], Along, &mut [T])) -> Value<T> {
    let (x, along) = (x.contiguous(), Along::axis(x.shape(), axis));
    Value::build(x.shape(), |out| kernel(x.as_slice().expect("row-major"), along, out))
}

/// The same for two tensors of the same shape.
fn along2<T: Float>(
    a: &Value<T>,
    b: &Value<T>,
    axis: usize,
    kernel: impl FnOnce(&[T], &[T], Along, &mut [T]),
) -> Value<T> {
    let (a, b, along) = (a.contiguous(), b.contiguous(), Along::axis(a.shape(), axis));
    Value::build(a.shape(), |out| {
        kernel(a.as_slice().expect("row-major"), b.as_slice().expect("row-major"), along, out);
    })
}

/// yᵢ = eˣⁱ / Σⱼ eˣʲ along an axis. Rule: dx = y ⊙ (dy − Σ y·dy).
#[derive(Clone, Copy, Debug)]
pub struct Softmax {
    /// The axis that sums to 1.
    pub axis: usize,
}

impl<T: Float> Function<T> for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        check_axis(self.axis, inputs[0])?;
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_output(0);
        along(inputs[0], self.axis, kernel::softmax).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(SoftmaxBackward { axis: self.axis }, &[&cx.output(0), only(grads)]))
    }
}

/// z = y ⊙ (g − Σ y·g) along an axis, for inputs y and g. It is symmetric in g and dz, so that its rule for
/// g is itself; for y it is dy = g ⊙ dz − dz·Σ y·g − g·Σ y·dz.
#[derive(Clone, Copy, Debug)]
struct SoftmaxBackward {
    axis: usize,
}

impl<T: Float> Function<T> for SoftmaxBackward {
    fn name(&self) -> &'static str {
        "softmax_backward"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        cx.save_input(1);
        along2(inputs[0], inputs[1], self.axis, kernel::softmax_backward).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (dz, y, g) = (only(grads), cx.input(0), cx.input(1));
        let axis = self.axis as isize;
        let dy = cx.needs(0).then(|| {
            let along_g = (&y * &g).sum(keepdim(axis));
            let along_dz = (&y * dz).sum(keepdim(axis));
            dz * (&g - along_g) - &g * along_dz
        });
        smallvec![dy, cx.needs(1).then(|| apply_one(*self, &[&y, dz]))]
    }
}

/// yᵢ = xᵢ − ln Σⱼ eˣʲ along an axis. Rule: dx = dy − eʸ·Σ dy.
#[derive(Clone, Copy, Debug)]
pub struct LogSoftmax {
    /// The axis whose exponentials sum to 1.
    pub axis: usize,
}

impl<T: Float> Function<T> for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        check_axis(self.axis, inputs[0])?;
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_output(0);
        along(inputs[0], self.axis, kernel::log_softmax).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(LogSoftmaxBackward { axis: self.axis }, &[&cx.output(0), only(grads)]))
    }
}

/// z = g − eʸ·Σ g along an axis, for inputs y and g. Rule: dy = −eʸ ⊙ dz·Σ g, dg = dz − Σ eʸ·dz.
#[derive(Clone, Copy, Debug)]
struct LogSoftmaxBackward {
    axis: usize,
}

impl<T: Float> Function<T> for LogSoftmaxBackward {
    fn name(&self) -> &'static str {
        "log_softmax_backward"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        cx.save_input(1);
        along2(inputs[0], inputs[1], self.axis, kernel::log_softmax_backward).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (dz, g) = (only(grads), cx.input(1));
        let axis = self.axis as isize;
        let weighted = cx.input(0).exp() * dz;
        smallvec![
            cx.needs(0).then(|| -(&weighted * g.sum(keepdim(axis)))),
            cx.needs(1).then(|| dz - weighted.sum(keepdim(axis))),
        ]
    }
}

/// ln Σ eˣ along the last axis. Rule: dx = softmax(x)·dy.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogSumExp;

impl<T: Float> Function<T> for LogSumExp {
    fn name(&self) -> &'static str {
        "logsumexp"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        match inputs[0] {
            [kept @ .., _] => Ok(one(kept)),
            [] => Err(ShapeError::new("a tensor of rank 0 has no last axis")),
        }
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        let x = inputs[0].contiguous();
        let axis = x.shape().len() - 1;
        let along = Along::axis(x.shape(), axis);
        Value::build(&x.shape()[..axis], |out| {
            kernel::logsumexp(x.as_slice().expect("row-major"), along, out)
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(cx.input(0).softmax(-1) * only(grads).unsqueeze(-1))
    }
}

impl<T: Float> Tensor<T> {
    /// Exponentials scaled to sum to 1 along an axis: yᵢ = eˣⁱ / Σⱼ eˣʲ.
    ///
    /// Stable for elements of any size; an element of −∞ becomes 0, an axis of nothing but −∞ becomes NaN.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![1000.0, 1000.0]);
    /// assert_eq!(x.softmax(-1).to_vec(), [0.5, 0.5]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Self {
        apply_one(Softmax { axis: self.axis("softmax", axis) }, &[self])
    }

    /// The logarithm of [`softmax`](Self::softmax), computed without leaving the logarithm:
    /// yᵢ = xᵢ − ln Σⱼ eˣʲ.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![0.0, 1000.0]);
    /// assert_eq!(x.log_softmax(0).to_vec(), [-1000.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Self {
        apply_one(LogSoftmax { axis: self.axis("log_softmax", axis) }, &[self])
    }

    /// ln Σ eˣ over a set of axes, stable for elements of any size; −∞ where all are.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![1000.0, 1000.0]);
    /// assert_eq!(x.logsumexp(..).item(), 1000.0 + 2f64.ln());
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn logsumexp(&self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        let over = match axes.resolve(self.ndim()) {
            Ok(over) => over,
            Err(error) => refuse(error.of("logsumexp", &[self.shape()])),
        };
        let shape = reduced(self.shape(), &over, axes.keeps_dims());
        // The axes summed over go last and become one.
        let kept = (0..self.ndim()).filter(|a| !over.contains(a));
        let order: SmallVec<[isize; 4]> = kept.chain(over.iter().copied()).map(|a| a as isize).collect();
        let last = self.permute(order).flatten_from(self.ndim() - over.len());
        apply_one(LogSumExp, &[&last]).reshape(shape)
    }
}
