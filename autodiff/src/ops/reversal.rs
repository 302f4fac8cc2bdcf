//! The elements of an axis in another order: backward, or around the end.

use ndarray::Slice as Part;
use smallvec::SmallVec;

use super::{check_axis, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::arrange;
use crate::kernels::layout::Along;
use crate::shape::{Axes, ShapeError, Shapes, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Flip, Roll);

/// The elements in reverse order along some axes, without a copy. Rule: dx = dy flipped.
#[derive(Clone, Debug)]
pub struct Flip {
    /// The axes.
    pub axes: SmallVec<[usize; 4]>,
}

impl<T: Float> Function<T> for Flip {
    fn name(&self) -> &'static str {
        "flip"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        for &axis in &self.axes {
            check_axis(axis, inputs[0])?;
        }
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let backward = Part::new(0, None, -1);
        self.axes.iter().fold(inputs[0].clone(), |x, &axis| x.sliced(axis, backward)).into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(self.clone(), &[only(grads)]))
    }
}

/// The elements moved along an axis; those that go over the end come in at the start: y\[(i + s) mod n\] = x\[i\].
/// Rule: dx = dy rolled back.
#[derive(Clone, Copy, Debug)]
pub struct Roll {
    /// The axis.
    pub axis: usize,
    /// How far, s.
    pub shift: isize,
}

impl<T: Float> Function<T> for Roll {
    fn name(&self) -> &'static str {
        "roll"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        check_axis(self.axis, inputs[0])?;
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        let along = Along::axis(x.shape(), self.axis);
        let shift = self.shift.checked_rem_euclid(along.n as isize).unwrap_or(0) as usize;
        Value::build(x.shape(), |out| {
            arrange::roll(x.as_slice().expect("row-major"), along, shift, out);
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        // As a shift within the axis, whose negative always exists.
        let n = cx.input_shape(0)[self.axis] as isize;
        let shift = -self.shift.checked_rem_euclid(n).unwrap_or(0);
        single(apply_one(Self { shift, ..*self }, &[only(grads)]))
    }
}

impl<T: Float> Tensor<T> {
    /// The elements in reverse order along some axes. No element is copied.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.flip(1).to_vec(), [2.0, 1.0, 4.0, 3.0]);
    /// assert_eq!(x.flip([0, 1]).to_vec(), [4.0, 3.0, 2.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn flip(&self, axes: impl Into<Axes>) -> Self {
        match axes.into().resolve(self.ndim()) {
            Ok(axes) => apply_one(Flip { axes }, &[self]),
            Err(error) => refuse(error.of("flip", &[self.shape()])),
        }
    }

    /// The elements moved by `shifts[i]` along `axes[i]`; those that go over the end come in at the start. With
    /// one shift and no axis, all elements are moved in row-major order.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.roll([1], [1]).to_vec(), [3.0, 1.0, 2.0, 6.0, 4.0, 5.0]);
    /// assert_eq!(x.roll([1, -1], [0, 1]).to_vec(), [5.0, 6.0, 4.0, 2.0, 3.0, 1.0]);
    /// assert_eq!(x.roll([1], []).to_vec(), [6.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// If there are not as many shifts as axes, or an axis is out of range.
    #[track_caller]
    pub fn roll(&self, shifts: impl AsRef<[isize]>, axes: impl AsRef<[isize]>) -> Self {
        let (shifts, axes) = (shifts.as_ref(), axes.as_ref());
        if let (&[shift], []) = (shifts, axes) {
            let flat = self.reshape([self.len()]);
            return apply_one(Roll { axis: 0, shift }, &[&flat]).reshape(self.shape());
        }
        if shifts.len() != axes.len() || shifts.is_empty() {
            let (shifts, axes) = (shifts.len(), axes.len());
            refuse(
                ShapeError::new(format!("{shifts} shifts were given for {axes} axes"))
                    .of("roll", &[self.shape()]),
            );
        }
        let mut rolled = self.clone();
        for (&shift, &axis) in shifts.iter().zip(axes) {
            rolled = apply_one(Roll { axis: self.axis("roll", axis), shift }, &[&rolled]);
        }
        rolled
    }
}
