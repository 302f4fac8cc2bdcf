//! Sums, means, extrema and variances over axes.

use ndarray::ArrayViewD;
use smallvec::smallvec;

use super::{map2, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::indices::Indices;
use crate::kernels::reduce;
use crate::shape::{Axes, Shape, ShapeError, Shapes, broadcasts_to, reduced, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Sum, SumTo, Extremum);

/// The sum over a set of axes. Rule: dx = dy spread over those axes.
#[derive(Clone, Debug)]
pub struct Sum {
    /// The axes summed over.
    pub axes: Axes,
}

/// The gradient of a reduction with its axes put back with size 1.
fn with_reduced_axes<T: Float>(dy: &Tensor<T>, shape: &[usize], axes: &Axes) -> Tensor<T> {
    let axes = axes.resolve(shape.len()).expect("checked by output_shapes");
    dy.reshape(reduced(shape, &axes, true))
}

impl<T: Float> Function<T> for Sum {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let axes = self.axes.resolve(inputs[0].len())?;
        Ok(smallvec![reduced(inputs[0], &axes, self.axes.keeps_dims())])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0];
        let axes = self.axes.resolve(x.shape().len()).expect("checked by output_shapes");
        let shape = reduced(x.shape(), &axes, self.axes.keeps_dims());
        Value::build(&shape, |out| reduce::sum(x.view(), &axes, out)).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let shape = cx.input_shape(0);
        single(with_reduced_axes(only(grads), shape, &self.axes).broadcast_to(shape))
    }
}

/// The sum over the axes along which a smaller shape was broadcast. Rule: dx = dy broadcast again.
#[derive(Clone, Debug)]
struct SumTo {
    shape: Shape,
}

impl<T: Float> Function<T> for SumTo {
    fn name(&self) -> &'static str {
        "sum_to"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        if !broadcasts_to(&self.shape, inputs[0]) {
            return Err(ShapeError::new(format!("{:?} does not broadcast to the input", &self.shape[..])));
        }
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        Value::build(&self.shape, |out| reduce::sum_to(inputs[0].view(), &self.shape, out)).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(only(grads).broadcast_to(cx.input_shape(0)))
    }
}

/// The largest (or smallest) element over a set of axes. Rule: dy is divided evenly among the elements
/// that equal the extremum.
#[derive(Clone, Debug)]
pub struct Extremum {
    /// The axes reduced.
    pub axes: Axes,
    /// Whether the largest is taken, not the smallest.
    pub largest: bool,
}

impl<T: Float> Function<T> for Extremum {
    fn name(&self) -> &'static str {
        if self.largest { "max" } else { "min" }
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let axes = self.axes.resolve(inputs[0].len())?;
        let shape = reduced(inputs[0], &axes, self.axes.keeps_dims());
        if let Some(axis) = axes.iter().find(|&&a| inputs[0][a] == 0)
            && !shape.contains(&0)
        {
            return Err(ShapeError::new(format!("axis {axis} is empty and has no extremum")));
        }
        Ok(smallvec![shape])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        cx.save_output(0);
        let x = inputs[0];
        let axes = self.axes.resolve(x.shape().len()).expect("checked by output_shapes");
        let shape = reduced(x.shape(), &axes, self.axes.keeps_dims());
        Value::build(&shape, |out| match self.largest {
            true => reduce::max(x.view(), &axes, out),
            false => reduce::min(x.view(), &axes, out),
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let x = cx.input(0).detach();
        let y = with_reduced_axes(&cx.output(0).detach(), x.shape(), &self.axes);
        let dy = with_reduced_axes(only(grads), x.shape(), &self.axes);
        // NaN is an extremum too: the element that made it is found by being NaN itself.
        let chosen = Tensor::from(map2(
            &x.value,
            &y.value,
            #[inline(always)]
            |x, y| {
                if x == y || (x.is_nan() && y.is_nan()) { T::one() } else { T::zero() }
            },
        ));
        let axes = self.axes.resolve(x.ndim()).expect("checked by output_shapes");
        let axes: Vec<isize> = axes.iter().map(|&a| a as isize).collect();
        let count = chosen.sum(crate::shape::keepdim(&axes[..]));
        single(dy * (chosen / count))
    }
}

impl<T: Float> Tensor<T> {
    /// The sum over a set of axes: `..` (all), one axis, an array of axes, or [`keepdim`](crate::keepdim)
    /// of these.
    ///
    /// Sums are taken in blocks in a fixed order, so that rounding errors grow slowly and the bits do not
    /// depend on the number of threads.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.sum(..).item(), 10.0);
    /// assert_eq!(x.sum(0).to_vec(), [4.0, 6.0]);
    /// assert_eq!(x.sum(keepdim(-1)).shape(), [2, 1]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn sum(&self, axes: impl Into<Axes>) -> Self {
        apply_one(Sum { axes: axes.into() }, &[self])
    }

    /// The mean over a set of axes, NaN where there is nothing to average.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.mean(..).item(), 2.5);
    /// assert_eq!(x.mean(1).to_vec(), [1.5, 3.5]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn mean(&self, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        let n = self.count("mean", &axes);
        self.sum(axes) / n as f64
    }

    /// The largest element over a set of axes; NaN if one is. Elements that tie share the gradient evenly.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![1.0, 2.0, 4.0, 3.0]);
    /// assert_eq!(x.max(..).item(), 4.0);
    /// assert_eq!(x.max(0).to_vec(), [4.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range, named twice, or empty.
    #[track_caller]
    pub fn max(&self, axes: impl Into<Axes>) -> Self {
        apply_one(Extremum { axes: axes.into(), largest: true }, &[self])
    }

    /// The smallest element over a set of axes; NaN if one is. Elements that tie share the gradient evenly.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![1.0, 2.0, 4.0, 3.0]);
    /// assert_eq!(x.min(1).to_vec(), [1.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range, named twice, or empty.
    #[track_caller]
    pub fn min(&self, axes: impl Into<Axes>) -> Self {
        apply_one(Extremum { axes: axes.into(), largest: false }, &[self])
    }

    /// The variance over a set of axes, Σ(x − x̄)² / (n − correction).
    ///
    /// A correction of 1 gives the unbiased estimate of a sample, 0 the mean square deviation. With
    /// n ≤ correction the result is NaN or ∞.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.var(.., 1).item(), 5.0 / 3.0);
    /// assert_eq!(x.var(.., 0).item(), 1.25);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn var(&self, axes: impl Into<Axes>, correction: usize) -> Self {
        let axes = axes.into();
        let n = self.count("var", &axes);
        let centred = self - self.mean(crate::shape::keepdim(axes.clone()));
        centred.square().sum(axes) / n.saturating_sub(correction) as f64
    }

    /// The positions of the largest elements along an axis, which is removed. The first of equal elements
    /// is taken, NaN before all. Positions have no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 3], vec![1.0, 5.0, 5.0, 4.0, 3.0, 0.0]);
    /// assert_eq!(x.argmax(1).to_vec(), [1, 0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or empty.
    #[track_caller]
    pub fn argmax(&self, axis: isize) -> Indices {
        self.positions("argmax", axis, reduce::argmax)
    }

    /// The positions of the smallest elements along an axis, which is removed. The first of equal elements
    /// is taken, NaN before all. Positions have no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 3], vec![5.0, 1.0, 1.0, 4.0, 3.0, 0.0]);
    /// assert_eq!(x.argmin(1).to_vec(), [1, 2]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or empty.
    #[track_caller]
    pub fn argmin(&self, axis: isize) -> Indices {
        self.positions("argmin", axis, reduce::argmin)
    }

    #[track_caller]
    fn positions(
        &self,
        operation: &'static str,
        axis: isize,
        find: impl FnOnce(ArrayViewD<'_, T>, usize, &mut [i64]),
    ) -> Indices {
        let axis = self.axis(operation, axis);
        let shape = reduced(self.shape(), &[axis], false);
        if self.shape()[axis] == 0 && !shape.contains(&0) {
            let error = ShapeError::new(format!("axis {axis} is empty and has no extremum"));
            refuse(error.of(operation, &[self.shape()]));
        }
        self.cut(operation);
        let mut positions = vec![0; shape.iter().product()];
        find(self.view(), axis, &mut positions);
        Indices::from_vec(&shape, positions)
    }

    /// The sum over the axes along which `shape` would be broadcast to this tensor's: the gradient of a
    /// broadcast.
    #[track_caller]
    pub(crate) fn sum_to(&self, shape: &[usize]) -> Self {
        if self.shape() == shape {
            return self.clone();
        }
        apply_one(SumTo { shape: Shape::from_slice(shape) }, &[self])
    }

    /// How many elements each result of a reduction is made of.
    #[track_caller]
    fn count(&self, operation: &'static str, axes: &Axes) -> usize {
        match axes.resolve(self.ndim()) {
            Ok(axes) => axes.iter().map(|&a| self.shape()[a]).product(),
            Err(error) => refuse(error.of(operation, &[self.shape()])),
        }
    }
}
