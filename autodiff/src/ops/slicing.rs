//! Parts of tensors and tensors of parts: slicing, padding, joining.

use ndarray::{Axis, Slice as Part};
use smallvec::{SmallVec, smallvec};

use super::{check_axis, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::shape::{Shape, ShapeError, Shapes, refuse, resolve_axis};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Slice, Place, Concat, Pad);

/// Some of the elements along one axis, without a copy. Rule: dx = dy placed among zeros.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// The axis.
    pub axis: usize,
    /// From where to where, and in which steps.
    pub part: Part,
}

impl Slice {
    /// The first and last bound as numbers within the axis.
    fn bounds(&self, n: usize) -> Result<(usize, usize), ShapeError> {
        let outside = |i: isize| {
            ShapeError::new(format!("index {i} is out of range for axis {} of {n} elements", self.axis))
        };
        let resolve = |i: isize| {
            let at = if i < 0 { i + n as isize } else { i };
            if (0..=n as isize).contains(&at) { Ok(at as usize) } else { Err(outside(i)) }
        };
        if self.part.step == 0 {
            return Err(ShapeError::new(format!("the step along axis {} is 0", self.axis)));
        }
        let start = resolve(self.part.start)?;
        let end = self.part.end.map_or(Ok(n), resolve)?;
        Ok((start, end.max(start)))
    }

    fn sliced_shape(&self, shape: &[usize]) -> Result<Shape, ShapeError> {
        let mut shape = Shape::from_slice(shape);
        check_axis(self.axis, &shape)?;
        let (start, end) = self.bounds(shape[self.axis])?;
        shape[self.axis] = (end - start).div_ceil(self.part.step.unsigned_abs());
        Ok(shape)
    }

    /// The same part with its bounds written out.
    fn resolved(&self, n: usize) -> Part {
        let (start, end) = self.bounds(n).expect("checked by output_shapes");
        Part::new(start as isize, Some(end as isize), self.part.step)
    }
}

impl<T: Float> Function<T> for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(smallvec![self.sliced_shape(inputs[0])?])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        inputs[0].sliced(self.axis, self.resolved(inputs[0].shape()[self.axis])).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let place = Place { slice: *self, shape: Shape::from_slice(cx.input_shape(0)) };
        single(apply_one(place, &[only(grads)]))
    }
}

/// The elements placed among zeros where a slice of a larger tensor would take them from. Rule: dx = dy
/// sliced.
#[derive(Clone, Debug)]
struct Place {
    slice: Slice,
    shape: Shape,
}

impl<T: Float> Function<T> for Place {
    fn name(&self) -> &'static str {
        "slice_backward"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        debug_assert_eq!(&self.slice.sliced_shape(&self.shape)?[..], inputs[0]);
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let mut out = Value::full(&self.shape, T::zero());
        let part = self.slice.resolved(self.shape[self.slice.axis]);
        out.view_mut().slice_axis_mut(Axis(self.slice.axis), part).assign(&inputs[0].view());
        out.into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(self.slice, &[only(grads)]))
    }
}

/// Several tensors one after the other along an axis. Rule: each takes its part of dy.
#[derive(Clone, Copy, Debug)]
pub struct Concat {
    /// The axis.
    pub axis: usize,
}

impl<T: Float> Function<T> for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let Some(first) = inputs.first() else {
            return Err(ShapeError::new("there is nothing to join"));
        };
        let mut shape = Shape::from_slice(first);
        check_axis(self.axis, first)?;
        for (i, other) in inputs.iter().enumerate().skip(1) {
            if other.len() != shape.len() {
                return Err(ShapeError::new(format!(
                    "input {i} has rank {}, input 0 has {}",
                    other.len(),
                    shape.len()
                )));
            }
            let differs = |a: &usize| *a != self.axis && other[*a] != shape[*a];
            if let Some(axis) = (0..shape.len()).find(differs) {
                return Err(ShapeError::new(format!(
                    "axis {axis} has {} elements in input {i} and {} in input 0",
                    other[axis], shape[axis]
                )));
            }
            shape[self.axis] += other[self.axis];
        }
        Ok(smallvec![shape])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let mut shape = Shape::from_slice(inputs[0].shape());
        shape[self.axis] = inputs.iter().map(|x| x.shape()[self.axis]).sum();
        let inner: usize = shape[self.axis + 1..].iter().product();
        let parts: SmallVec<[Value<T>; 4]> = inputs.iter().map(|x| x.contiguous()).collect();
        Value::build(&shape, |out| {
            let row = shape[self.axis] * inner;
            if row == 0 {
                return;
            }
            for (o, out) in out.chunks_exact_mut(row).enumerate() {
                let mut rest = out;
                for part in &parts {
                    let n = part.shape()[self.axis] * inner;
                    let (here, after) = rest.split_at_mut(n);
                    here.copy_from_slice(&part.as_slice().expect("row-major")[o * n..(o + 1) * n]);
                    rest = after;
                }
            }
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let dy = only(grads);
        let mut start = 0;
        (0..cx.inputs())
            .map(|i| {
                let end = start + cx.input_shape(i)[self.axis] as isize;
                let part = Part::new(std::mem::replace(&mut start, end), Some(end), 1);
                cx.needs(i).then(|| apply_one(Slice { axis: self.axis, part }, &[dy]))
            })
            .collect()
    }
}

/// A tensor surrounded by a constant. Rule: dx = dy without the border.
#[derive(Clone, Debug)]
pub struct Pad {
    /// For each axis, how many elements are added before and after. Negative numbers take elements away.
    pub widths: SmallVec<[(isize, isize); 4]>,
    /// What is added.
    pub value: f64,
}

impl<T: Float> Function<T> for Pad {
    fn name(&self) -> &'static str {
        "pad"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let shape = inputs[0];
        if self.widths.len() != shape.len() {
            return Err(ShapeError::new(format!(
                "{} pairs of widths were given for a tensor of rank {}",
                self.widths.len(),
                shape.len()
            )));
        }
        let mut out = Shape::new();
        for (axis, (&n, &(before, after))) in shape.iter().zip(&self.widths).enumerate() {
            let size = (n as isize).checked_add(before).and_then(|s| s.checked_add(after));
            match size.and_then(|s| usize::try_from(s).ok()) {
                Some(size) => out.push(size),
                None => {
                    return Err(ShapeError::new(format!(
                        "axis {axis} of {n} elements cannot be padded by ({before}, {after})"
                    )));
                }
            }
        }
        Ok(smallvec![out])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0];
        let mut shape = Shape::new();
        let (mut from, mut to): (SmallVec<[Part; 4]>, SmallVec<[Part; 4]>) = (smallvec![], smallvec![]);
        for (&n, &(before, after)) in x.shape().iter().zip(&self.widths) {
            let size = n as isize + before + after;
            shape.push(size as usize);
            // The source's elements lie at `before..before + n` of the result, as far as it reaches.
            let start = before.clamp(0, size);
            let end = (before + n as isize).clamp(start, size);
            to.push(Part::from(start..end));
            from.push(Part::from(start - before..end - before));
        }
        let mut out = Value::full(&shape, T::from_f64(self.value));
        let source = x.view();
        let mut source = source;
        let mut target = out.view_mut();
        for axis in 0..shape.len() {
            if to[axis].start == to[axis].end.expect("written out") {
                return out.into();
            }
            source.slice_axis_inplace(Axis(axis), from[axis]);
            target.slice_axis_inplace(Axis(axis), to[axis]);
        }
        target.assign(&source);
        drop(target);
        out.into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let widths = self.widths.iter().map(|&(before, after)| (-before, -after)).collect();
        single(apply_one(Pad { widths, value: 0.0 }, &[only(grads)]))
    }
}

impl<T: Float> Tensor<T> {
    /// Some of the elements along an axis, without a copy: a range, or ndarray's `Slice` with a step.
    /// Negative bounds count from the end; a negative step goes backward through the part.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// use ndarray::Slice;
    ///
    /// let x = Tensor::<f64>::from_vec([5], vec![0.0, 1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.slice(0, 1..3).to_vec(), [1.0, 2.0]);
    /// assert_eq!(x.slice(0, -2..).to_vec(), [3.0, 4.0]);
    /// assert_eq!(x.slice(0, Slice::new(0, None, 2)).to_vec(), [0.0, 2.0, 4.0]);
    /// assert_eq!(x.slice(0, Slice::new(0, Some(3), -1)).to_vec(), [2.0, 1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or a bound is out of range.
    #[track_caller]
    pub fn slice(&self, axis: isize, part: impl Into<Part>) -> Self {
        let axis = self.axis("slice", axis);
        apply_one(Slice { axis, part: part.into() }, &[self])
    }

    /// The elements at one index of an axis, which is removed.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.select(1, -1).to_vec(), [2.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or the index is out of range.
    #[track_caller]
    pub fn select(&self, axis: isize, index: isize) -> Self {
        let at = self.axis("select", axis);
        let n = self.shape()[at] as isize;
        let start = if index < 0 { index + n } else { index };
        if !(0..n).contains(&start) {
            refuse(
                ShapeError::new(format!("index {index} is out of range for axis {at} of {n} elements"))
                    .of("select", &[self.shape()]),
            );
        }
        self.slice(at as isize, start..start + 1).squeeze(at as isize)
    }

    /// Tensors one after the other along an axis that exists.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let (a, b) = (Tensor::<f32>::zeros([2, 3]), Tensor::zeros([1, 3]));
    /// assert_eq!(Tensor::concat(&[&a, &b], 0).shape(), [3, 3]);
    /// ```
    ///
    /// # Panics
    /// If there is none, or if their shapes differ on another axis.
    #[track_caller]
    pub fn concat(tensors: &[&Self], axis: isize) -> Self {
        let Some(first) = tensors.first() else { panic!("concat: there is nothing to join") };
        let axis = first.axis("concat", axis);
        apply_one(Concat { axis }, tensors)
    }

    /// Tensors of the same shape side by side along a new axis.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let (a, b) = (Tensor::<f32>::zeros([2, 3]), Tensor::zeros([2, 3]));
    /// assert_eq!(Tensor::stack(&[&a, &b], 1).shape(), [2, 2, 3]);
    /// ```
    ///
    /// # Panics
    /// If there is none, or if their shapes differ.
    #[track_caller]
    pub fn stack(tensors: &[&Self], axis: isize) -> Self {
        let Some(first) = tensors.first() else { panic!("stack: there is nothing to join") };
        if let Some(i) = tensors.iter().position(|t| t.shape() != first.shape()) {
            refuse(
                ShapeError::new(format!("input {i} has another shape than input 0"))
                    .of("stack", &[first.shape(), tensors[i].shape()]),
            );
        }
        let axis = match resolve_axis(axis, first.ndim() + 1) {
            Ok(axis) => axis as isize,
            Err(error) => refuse(error.of("stack", &[first.shape()])),
        };
        let mut parts = SmallVec::<[Self; 4]>::new();
        for tensor in tensors {
            // Not in a closure, which would hide the caller's line.
            parts.push(tensor.unsqueeze(axis));
        }
        let parts: SmallVec<[&Self; 4]> = parts.iter().collect();
        Self::concat(&parts, axis)
    }

    /// The tensor with `widths[a] = (before, after)` elements of a constant added on axis a. Negative widths
    /// take elements away.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
    /// assert_eq!(x.pad([(1, 2)], 0.0).to_vec(), [0.0, 1.0, 2.0, 0.0, 0.0]);
    /// assert_eq!(x.pad([(-1, 1)], 9.0).to_vec(), [2.0, 9.0]);
    /// ```
    ///
    /// # Panics
    /// If there is not one pair for each axis, or more is taken away than there is.
    #[track_caller]
    pub fn pad(&self, widths: impl AsRef<[(isize, isize)]>, value: f64) -> Self {
        apply_one(Pad { widths: SmallVec::from_slice(widths.as_ref()), value }, &[self])
    }
}
