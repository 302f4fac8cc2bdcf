//! Running totals along an axis: sums, products, sums of exponentials, extrema.

use ndarray::Slice as Part;

use super::{Choice, Pick, Slice, check_axis, one, only, single};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors, builtin};
use crate::indices::Indices;
use crate::kernels::layout::Along;
use crate::kernels::scan;
use crate::shape::{ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(CumSum, CumProd, LogCumSumExp);

/// The running totals of a value along an axis.
fn run<T: Float, R: scan::Running>(what: R, x: &Value<T>, axis: usize, reverse: bool) -> Value<T> {
    let (x, along) = (x.contiguous(), Along::axis(x.shape(), axis));
    Value::build(x.shape(), |out| {
        scan::scan(what, x.as_slice().expect("row-major"), along, reverse, out);
    })
}

/// yᵢ = Σ xⱼ over j ≤ i along an axis; over j ≥ i if reversed. Rule: dx = the running sums of dy from the other
/// end.
#[derive(Clone, Copy, Debug)]
pub struct CumSum {
    /// The axis.
    pub axis: usize,
    /// Whether the sums run from the last element to the first.
    pub reverse: bool,
}

impl<T: Float> Function<T> for CumSum {
    fn name(&self) -> &'static str {
        "cumsum"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        check_axis(self.axis, inputs[0])?;
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        run(scan::Sums, inputs[0], self.axis, self.reverse).into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(Self { reverse: !self.reverse, ..*self }, &[only(grads)]))
    }
}

/// A value as rows along an axis: with the axis last, in row-major order.
fn as_rows<T: Float>(x: &Value<T>, axis: usize) -> Value<T> {
    let last = x.shape().len() - 1;
    let mut order: Vec<usize> = (0..=last).collect();
    order.remove(axis);
    order.push(axis);
    x.permuted(&order).contiguous()
}

/// Rows along an axis put back.
fn from_rows<T: Float>(x: &Value<T>, axis: usize) -> Value<T> {
    let last = x.shape().len() - 1;
    let mut order: Vec<usize> = (0..last).collect();
    order.insert(axis, last);
    x.permuted(&order)
}

/// The adjoint of a running total, computed on rows: `adjoint(x, dy, n, dx)`.
fn adjoint<T: Float>(
    axis: usize,
    x: &Value<T>,
    dy: &Value<T>,
    adjoint: impl FnOnce(&[T], &[T], usize, &mut [T]),
) -> Tensor<T> {
    let n = x.shape()[axis];
    let (x, dy) = (as_rows(x, axis), as_rows(dy, axis));
    let dx = Value::build(x.shape(), |dx| {
        adjoint(x.as_slice().expect("row-major"), dy.as_slice().expect("row-major"), n, dx);
    });
    from_rows(&dx, axis).into()
}

/// Running totals in tensor operations: in each round every element is joined with the one `step` before it,
/// which by then holds the total of `step` elements. It takes log₂ n rounds.
fn doubling<T: Float>(
    x: &Tensor<T>,
    axis: usize,
    join: impl Fn(&Tensor<T>, &Tensor<T>) -> Tensor<T>,
) -> Tensor<T> {
    let n = x.shape()[axis];
    let part = |y: &Tensor<T>, from: usize, to: usize| {
        let part = Part::new(from as isize, Some(to as isize), 1);
        apply_one(Slice { axis, part }, &[y])
    };
    let (mut y, mut step) = (x.clone(), 1);
    while step < n {
        let joined = join(&part(&y, 0, n - step), &part(&y, step, n));
        y = Tensor::concat(&[&part(&y, 0, step), &joined], axis as isize);
        step *= 2;
    }
    y
}

/// yᵢ = Π xⱼ over j ≤ i along an axis; fused.
///
/// dxᵢ = Σ dyₖ·Π xⱼ over k ≥ i and over j ≤ k, j ≠ i, which is the product of all before i times
/// sᵢ = dyᵢ + xᵢ₊₁·sᵢ₊₁. Nothing is divided by, so that zeros are like other numbers.
#[derive(Clone, Copy, Debug)]
pub struct CumProd {
    /// The axis.
    pub axis: usize,
}

impl<T: Float> Function<T> for CumProd {
    fn name(&self) -> &'static str {
        "cumprod"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        check_axis(self.axis, inputs[0])?;
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        run(scan::Products, inputs[0], self.axis, false).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (x, dy) = (cx.input(0).value, &only(grads).value);
        single(adjoint(self.axis, &x, dy, scan::cumprod_backward))
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

impl<T: Float> Composed<T> for CumProd {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        [doubling(&inputs[0], self.axis, |a, b| a * b)].into_iter().collect()
    }
}

/// yᵢ = ln Σ eˣʲ over j ≤ i along an axis; fused.
///
/// dxᵢ = Σ dyₖ·e^(xᵢ − yₖ) over k ≥ i, which is e^(xᵢ − yᵢ)·rᵢ with rᵢ = dyᵢ + e^(yᵢ − yᵢ₊₁)·rᵢ₊₁.
#[derive(Clone, Copy, Debug)]
pub struct LogCumSumExp {
    /// The axis.
    pub axis: usize,
}

impl<T: Float> Function<T> for LogCumSumExp {
    fn name(&self) -> &'static str {
        "logcumsumexp"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        check_axis(self.axis, inputs[0])?;
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        run(scan::LogSums, inputs[0], self.axis, false).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (x, dy) = (cx.input(0).value, &only(grads).value);
        single(adjoint(self.axis, &x, dy, scan::logcumsumexp_backward))
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

impl<T: Float> Composed<T> for LogCumSumExp {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let join = |a: &Tensor<T>, b: &Tensor<T>| Tensor::stack(&[a, b], 0).logsumexp(0);
        [doubling(&inputs[0], self.axis, join)].into_iter().collect()
    }
}

impl<T: Float> Tensor<T> {
    /// The running sums along an axis: yᵢ = x₀ + … + xᵢ.
    ///
    /// They are added up in `f64` for both element types.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.cumsum(1).to_vec(), [1.0, 3.0, 6.0, 4.0, 9.0, 15.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Self {
        apply_one(CumSum { axis: self.axis("cumsum", axis), reverse: false }, &[self])
    }

    /// The running products along an axis: yᵢ = x₀·…·xᵢ. Its gradient is exact where there are zeros, too.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![2.0, 3.0, 0.0, 5.0]);
    /// assert_eq!(x.cumprod(0).to_vec(), [2.0, 6.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn cumprod(&self, axis: isize) -> Self {
        apply_one(CumProd { axis: self.axis("cumprod", axis) }, &[self])
    }

    /// The logarithms of the running sums of exponentials along an axis: yᵢ = ln(e^x₀ + … + e^xᵢ), for any size
    /// of x.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![1000.0, 1000.0]);
    /// assert_eq!(x.logcumsumexp(0).to_vec(), [1000.0, 1000.0 + 2f64.ln()]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn logcumsumexp(&self, axis: isize) -> Self {
        apply_one(LogCumSumExp { axis: self.axis("logcumsumexp", axis) }, &[self])
    }

    /// The largest element up to each along an axis, and its position: the last of equal elements. A NaN stays
    /// to the end. The gradient goes to the element at the position; positions have none.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![1.0, 3.0, 2.0, 4.0]);
    /// let (y, positions) = x.cummax(0);
    /// assert_eq!(y.to_vec(), [1.0, 3.0, 3.0, 4.0]);
    /// assert_eq!(positions.to_vec(), [0, 1, 1, 3]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn cummax(&self, axis: isize) -> (Self, Indices) {
        Pick { axis: self.axis("cummax", axis), choice: Choice::CumMax }.of(self)
    }

    /// The smallest element up to each along an axis, and its position: the last of equal elements. A NaN stays
    /// to the end. The gradient goes to the element at the position; positions have none.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![2.0, 3.0, 1.0, 4.0]);
    /// let (y, positions) = x.cummin(0);
    /// assert_eq!(y.to_vec(), [2.0, 2.0, 1.0, 1.0]);
    /// assert_eq!(positions.to_vec(), [0, 0, 2, 2]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn cummin(&self, axis: isize) -> (Self, Indices) {
        Pick { axis: self.axis("cummin", axis), choice: Choice::CumMin }.of(self)
    }
}
