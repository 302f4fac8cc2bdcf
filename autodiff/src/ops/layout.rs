//! Other shapes of the same elements: reshaping, permuting, broadcasting.

use smallvec::{SmallVec, smallvec};

use super::{one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::copy;
use crate::shape::{Shape, ShapeError, Shapes, broadcasts_to, checked_len, refuse, resolve_axis};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Reshape, Permute, BroadcastTo);

/// The same elements in row-major order under another shape. Rule: dx = dy reshaped back.
#[derive(Clone, Debug)]
pub struct Reshape {
    /// The new shape.
    pub shape: Shape,
}

impl<T: Float> Function<T> for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let (from, to) = (checked_len(inputs[0])?, checked_len(&self.shape)?);
        if from != to {
            return Err(ShapeError::new(format!(
                "{from} elements do not fill the shape {:?} of {to}",
                &self.shape[..]
            )));
        }
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        inputs[0].reshaped(&self.shape).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(only(grads).reshape(cx.input_shape(0)))
    }
}

/// The axes in another order, without a copy. Rule: dx = dy permuted back.
#[derive(Clone, Debug)]
pub struct Permute {
    /// For each axis of the result, the axis of the input that becomes it.
    pub axes: SmallVec<[usize; 4]>,
}

impl<T: Float> Function<T> for Permute {
    fn name(&self) -> &'static str {
        "permute"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let rank = inputs[0].len();
        let mut seen = self.axes.clone();
        seen.sort_unstable();
        if !seen.iter().copied().eq(0..rank) {
            return Err(ShapeError::new(format!("{:?} is no order of the {rank} axes", &self.axes[..])));
        }
        Ok(smallvec![self.axes.iter().map(|&a| inputs[0][a]).collect()])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        inputs[0].permuted(&self.axes).into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let mut inverse: SmallVec<[usize; 4]> = smallvec![0; self.axes.len()];
        for (to, &from) in self.axes.iter().enumerate() {
            inverse[from] = to;
        }
        single(apply_one(Permute { axes: inverse }, &[only(grads)]))
    }
}

/// The elements repeated along axes of size 1 and along new leading axes. Rule: dx = dy summed over those
/// axes.
#[derive(Clone, Debug)]
pub struct BroadcastTo {
    /// The new shape.
    pub shape: Shape,
}

impl<T: Float> Function<T> for BroadcastTo {
    fn name(&self) -> &'static str {
        "broadcast_to"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        if !broadcasts_to(inputs[0], &self.shape) {
            return Err(ShapeError::new(format!(
                "the shape does not broadcast to {:?}; aligned at the last axis, sizes must be equal or 1",
                &self.shape[..]
            )));
        }
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].view();
        let x = x.broadcast(&self.shape[..]).expect("checked by output_shapes");
        Value::build(&self.shape, |out| copy::copy_strided(x, out)).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(only(grads).sum_to(cx.input_shape(0)))
    }
}

impl<T: Float> Tensor<T> {
    /// The same elements in row-major order under another shape; without a copy unless this tensor is a
    /// permuted or sliced view.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::zeros([2, 6]);
    /// assert_eq!(x.reshape([3, 4]).shape(), [3, 4]);
    /// ```
    ///
    /// # Panics
    /// If the shape holds another number of elements.
    #[track_caller]
    pub fn reshape(&self, shape: impl AsRef<[usize]>) -> Self {
        let shape = shape.as_ref();
        if shape == self.shape() {
            return self.clone();
        }
        apply_one(Reshape { shape: Shape::from_slice(shape) }, &[self])
    }

    /// Axis `axis` and all after it joined into one.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let images = Tensor::<f32>::zeros([8, 16, 5, 5]);
    /// assert_eq!(images.flatten_from(1).shape(), [8, 400]);
    /// ```
    ///
    /// # Panics
    /// If the axis is larger than the rank.
    #[track_caller]
    pub fn flatten_from(&self, axis: usize) -> Self {
        if axis > self.ndim() {
            refuse(
                ShapeError::new(format!("axis {axis} is out of range for a tensor of rank {}", self.ndim()))
                    .of("flatten_from", &[self.shape()]),
            );
        }
        let (kept, joined) = self.shape().split_at(axis);
        let mut shape = Shape::from_slice(kept);
        shape.push(joined.iter().product());
        self.reshape(shape)
    }

    /// The axes in another order: axis `axes[i]` becomes axis i. No element is copied.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let nchw = Tensor::<f32>::zeros([2, 3, 4, 5]);
    /// assert_eq!(nchw.permute([0, 2, 3, -3]).shape(), [2, 4, 5, 3]);
    /// ```
    ///
    /// # Panics
    /// If the numbers are not each axis once.
    #[track_caller]
    pub fn permute(&self, axes: impl AsRef<[isize]>) -> Self {
        let axes: Result<_, _> = axes.as_ref().iter().map(|&a| resolve_axis(a, self.ndim())).collect();
        match axes {
            Ok(axes) => apply_one(Permute { axes }, &[self]),
            Err(error) => refuse(error.of("permute", &[self.shape()])),
        }
    }

    /// Two axes exchanged. No element is copied.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f32>::zeros([2, 3, 4]).transpose(-1, -2).shape(), [2, 4, 3]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range.
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Self {
        let (a, b) = (self.axis("transpose", a), self.axis("transpose", b));
        let mut axes: SmallVec<[usize; 4]> = (0..self.ndim()).collect();
        axes.swap(a, b);
        apply_one(Permute { axes }, &[self])
    }

    /// The tensor without one axis, whose size is 1.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f32>::zeros([2, 1, 4]).squeeze(1).shape(), [2, 4]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or its size is not 1.
    #[track_caller]
    pub fn squeeze(&self, axis: isize) -> Self {
        let axis = self.axis("squeeze", axis);
        let size = self.shape()[axis];
        if size != 1 {
            refuse(
                ShapeError::new(format!("axis {axis} has {size} elements, not 1"))
                    .of("squeeze", &[self.shape()]),
            );
        }
        let mut shape = Shape::from_slice(self.shape());
        shape.remove(axis);
        self.reshape(shape)
    }

    /// The tensor with a new axis of size 1, which becomes axis `axis` of the result.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::zeros([2, 4]);
    /// assert_eq!(x.unsqueeze(0).shape(), [1, 2, 4]);
    /// assert_eq!(x.unsqueeze(-1).shape(), [2, 4, 1]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range for the result.
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Self {
        let axis = match resolve_axis(axis, self.ndim() + 1) {
            Ok(axis) => axis,
            Err(error) => refuse(error.of("unsqueeze", &[self.shape()])),
        };
        let mut shape = Shape::from_slice(self.shape());
        shape.insert(axis, 1);
        self.reshape(shape)
    }

    /// The elements repeated to a larger shape: axes of size 1 are stretched, leading axes are new.
    ///
    /// Operators broadcast by themselves; this makes a tensor of that shape.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 1], vec![1.0, 2.0]);
    /// assert_eq!(x.broadcast_to([2, 2]).to_vec(), [1.0, 1.0, 2.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the shape does not broadcast to the other.
    #[track_caller]
    pub fn broadcast_to(&self, shape: impl AsRef<[usize]>) -> Self {
        let shape = shape.as_ref();
        if shape == self.shape() {
            return self.clone();
        }
        apply_one(BroadcastTo { shape: Shape::from_slice(shape) }, &[self])
    }

    /// An axis of this tensor as a number below its rank.
    #[track_caller]
    pub(super) fn axis(&self, operation: &'static str, axis: isize) -> usize {
        match resolve_axis(axis, self.ndim()) {
            Ok(axis) => axis,
            Err(error) => refuse(error.of(operation, &[self.shape()])),
        }
    }
}
