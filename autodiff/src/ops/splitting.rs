//! A tensor in parts along an axis.

use ndarray::Slice as Part;
use smallvec::SmallVec;

use super::{Concat, check_axis};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::shape::{Shape, ShapeError, Shapes, refuse};
use crate::tensor::{Tensor, apply_one, apply_several};
use crate::value::Value;

builtin!(Split);

/// All parts of a tensor along an axis, one after the other, without a copy. Rule: dx = the parts' dy joined,
/// zeros for those without.
///
/// As one function of many outputs it makes one gradient of the input's size, where a slice for each part would
/// make as many as there are parts.
#[derive(Clone, Debug)]
pub struct Split {
    /// The axis.
    pub axis: usize,
    /// The sizes of the parts, whose sum is the size of the axis.
    pub sizes: SmallVec<[usize; 4]>,
}

impl Split {
    /// The shape of the part of a size.
    fn part(&self, shape: &[usize], size: usize) -> Shape {
        let mut part = Shape::from_slice(shape);
        part[self.axis] = size;
        part
    }
}

impl<T: Float> Function<T> for Split {
    fn name(&self) -> &'static str {
        "split"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let shape = inputs[0];
        check_axis(self.axis, shape)?;
        let sum = self.sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size));
        if sum != Some(shape[self.axis]) {
            return Err(ShapeError::new(format!(
                "the sizes {:?} do not add up to the {} elements of axis {}",
                &self.sizes[..],
                shape[self.axis],
                self.axis
            )));
        }
        Ok(self.sizes.iter().map(|&size| self.part(shape, size)).collect())
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let mut start = 0;
        Outputs::several(self.sizes.iter().map(|&size| {
            let end = start + size as isize;
            inputs[0].sliced(self.axis, Part::from(std::mem::replace(&mut start, end)..end))
        }))
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let whole = |(grad, &size): (&Option<Tensor<T>>, &usize)| {
            grad.clone().unwrap_or_else(|| Tensor::zeros(self.part(cx.input_shape(0), size)))
        };
        let parts: SmallVec<[Tensor<T>; 4]> = grads.iter().zip(&self.sizes).map(whole).collect();
        let parts: SmallVec<[&Tensor<T>; 4]> = parts.iter().collect();
        super::single(apply_one(Concat { axis: self.axis }, &parts))
    }
}

/// How [`Tensor::split`] cuts an axis: into parts of one size, of which the last may be smaller, or into parts
/// of sizes of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SplitSizes {
    /// Parts of this size.
    Each(usize),
    /// Parts of these sizes.
    These(Vec<usize>),
}

impl From<usize> for SplitSizes {
    fn from(size: usize) -> Self {
        Self::Each(size)
    }
}

impl<const N: usize> From<[usize; N]> for SplitSizes {
    fn from(sizes: [usize; N]) -> Self {
        Self::These(sizes.to_vec())
    }
}

impl From<&[usize]> for SplitSizes {
    fn from(sizes: &[usize]) -> Self {
        Self::These(sizes.to_vec())
    }
}

impl SplitSizes {
    fn of(self, axis: usize, n: usize) -> Result<SmallVec<[usize; 4]>, ShapeError> {
        match self {
            Self::These(sizes) => Ok(sizes.into()),
            Self::Each(size) if n <= size => Ok([n].into_iter().collect()),
            Self::Each(0) => {
                Err(ShapeError::new(format!("parts of 0 elements do not make up the {n} of axis {axis}")))
            }
            Self::Each(size) => Ok((0..n).step_by(size).map(|start| size.min(n - start)).collect()),
        }
    }
}

impl<T: Float> Tensor<T> {
    /// All parts of the tensor along an axis, without a copy: parts of one size, of which the last may be
    /// smaller, or parts of the sizes given.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([5], vec![0.0, 1.0, 2.0, 3.0, 4.0]);
    /// let parts = x.split(2, 0);
    /// assert_eq!(parts.iter().map(Tensor::len).collect::<Vec<_>>(), [2, 2, 1]);
    /// let parts = x.split([1, 4], 0);
    /// assert_eq!(parts[1].to_vec(), [1.0, 2.0, 3.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, the size is 0 and the axis is not empty, or the sizes do not add up to the
    /// axis.
    #[track_caller]
    pub fn split(&self, sizes: impl Into<SplitSizes>, axis: isize) -> Vec<Self> {
        let axis = self.axis("split", axis);
        match sizes.into().of(axis, self.shape()[axis]) {
            Ok(sizes) => self.parts(axis, sizes),
            Err(error) => refuse(error.of("split", &[self.shape()])),
        }
    }

    /// The tensor in at most `chunks` parts along an axis, without a copy. All have the size n / `chunks`
    /// rounded up, but the last may be smaller; so there may be fewer parts than asked for.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let sizes = |n: usize, chunks| -> Vec<usize> {
    ///     Tensor::<f32>::zeros([n]).chunk(chunks, 0).iter().map(Tensor::len).collect()
    /// };
    /// assert_eq!(sizes(7, 3), [3, 3, 1]);
    /// assert_eq!(sizes(6, 4), [2, 2, 2]);
    /// assert_eq!(sizes(0, 2), [0, 0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or `chunks` is 0.
    #[track_caller]
    pub fn chunk(&self, chunks: usize, axis: isize) -> Vec<Self> {
        let axis = self.axis("chunk", axis);
        if chunks == 0 {
            refuse(ShapeError::new("there must be at least one chunk").of("chunk", &[self.shape()]));
        }
        match self.shape()[axis] {
            0 => self.parts(axis, SmallVec::from_elem(0, chunks)),
            n => self.split(n.div_ceil(chunks), axis as isize),
        }
    }

    /// The slices along an axis, which is removed, without a copy: the inverse of [`stack`](Self::stack).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// let columns = x.unbind(1);
    /// assert_eq!((columns[0].to_vec(), columns[1].to_vec()), (vec![1.0, 3.0], vec![2.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn unbind(&self, axis: isize) -> Vec<Self> {
        let axis = self.axis("unbind", axis);
        let mut parts = self.parts(axis, SmallVec::from_elem(1, self.shape()[axis]));
        for part in &mut parts {
            *part = part.squeeze(axis as isize);
        }
        parts
    }

    /// `length` elements along an axis from `start` on, without a copy; a negative start counts from the end.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(x.narrow(0, 1, 2).to_vec(), [1.0, 2.0]);
    /// assert_eq!(x.narrow(0, -1, 1).to_vec(), [3.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or shorter than the part.
    #[track_caller]
    pub fn narrow(&self, axis: isize, start: isize, length: usize) -> Self {
        let axis = self.axis("narrow", axis);
        let n = self.shape()[axis];
        let first = if start < 0 { start + n as isize } else { start };
        if first < 0 || first as usize > n || length > n - first as usize {
            refuse(
                ShapeError::new(format!(
                    "axis {axis} of {n} elements does not hold {length} from {start} on"
                ))
                .of("narrow", &[self.shape()]),
            );
        }
        self.slice(axis as isize, first..first + length as isize)
    }

    #[track_caller]
    fn parts(&self, axis: usize, sizes: SmallVec<[usize; 4]>) -> Vec<Self> {
        if sizes.is_empty() && self.shape()[axis] == 0 {
            return Vec::new();
        }
        apply_several(Split { axis, sizes }, &[self]).into_iter().collect()
    }
}
