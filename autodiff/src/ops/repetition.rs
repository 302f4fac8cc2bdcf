//! Tensors repeated: each of these is a reshape, a broadcast and a reshape, which carry the gradient.

use super::IndexSelect;
use crate::Float;
use crate::indices::Indices;
use crate::shape::{Shape, ShapeError, refuse};
use crate::tensor::{Tensor, apply_one};

/// How often [`Tensor::repeat_interleave`] repeats each slice: all of them as often, or each as often as a
/// number of its own says.
#[derive(Clone, Debug)]
pub enum Repeats {
    /// All this often.
    All(usize),
    /// Slice i as often as number i of a row says; one number stands for all.
    Each(Indices),
}

impl From<usize> for Repeats {
    fn from(n: usize) -> Self {
        Self::All(n)
    }
}

impl From<&Indices> for Repeats {
    fn from(counts: &Indices) -> Self {
        Self::Each(counts.detach())
    }
}

impl Repeats {
    /// The slices of an axis of `n`, repeated.
    fn slices(&self, axis: usize, n: usize) -> Result<Indices, ShapeError> {
        let Self::Each(counts) = self else { unreachable!("one number needs no indices") };
        let numbers = counts.as_slice();
        if counts.shape().len() > 1 || (numbers.len() != n && numbers.len() != 1) {
            return Err(ShapeError::new(format!(
                "the numbers of repeats {:?} are not [{n}], one for each element of axis {axis}",
                counts.shape()
            )));
        }
        let mut total = 0i64;
        for i in 0..n {
            let count = numbers[if numbers.len() == 1 { 0 } else { i }];
            if count < 0 {
                return Err(ShapeError::new(format!("element {i} of axis {axis} is repeated {count} times")));
            }
            total = total.saturating_add(count);
        }
        if total > isize::MAX as i64 / 8 {
            return Err(ShapeError::new(format!("{total} repeats are more than the address space holds")));
        }
        let mut slices = Vec::with_capacity(total as usize);
        for i in 0..n {
            let count = numbers[if numbers.len() == 1 { 0 } else { i }];
            slices.extend(std::iter::repeat_n(i as i64, count as usize));
        }
        Ok(slices.into())
    }
}

/// The order of the axes that [`Tensor::meshgrid`] makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MeshIndexing {
    /// Axis a of the grids belongs to row a of coordinates (the default).
    #[default]
    Ij,
    /// Axis 0 belongs to the second row and axis 1 to the first, as in a picture with x before y.
    Xy,
}

impl<T: Float> Tensor<T> {
    /// The elements repeated to a larger shape, as [`broadcast_to`](Self::broadcast_to) does, where −1 keeps the
    /// size of an axis.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 1], vec![1.0, 2.0]);
    /// assert_eq!(x.expand([-1, 2]).to_vec(), [1.0, 1.0, 2.0, 2.0]);
    /// assert_eq!(x.expand([3, -1, -1]).shape(), [3, 2, 1]);
    /// ```
    ///
    /// # Panics
    /// If the shape does not broadcast to the other, or the size of a new axis is negative.
    #[track_caller]
    pub fn expand(&self, sizes: impl AsRef<[isize]>) -> Self {
        match expanded(self.shape(), sizes.as_ref()) {
            Ok(shape) => self.broadcast_to(shape),
            Err(error) => refuse(error.of("expand", &[self.shape()])),
        }
    }

    /// The tensor laid side by side `repeats[a]` times along each axis a; with more numbers than axes, the first
    /// ones make new leading axes.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
    /// assert_eq!(x.repeat([2]).to_vec(), [1.0, 2.0, 1.0, 2.0]);
    /// assert_eq!(x.repeat([3, 1]).shape(), [3, 2]);
    /// ```
    ///
    /// # Panics
    /// If there are fewer numbers than axes.
    #[track_caller]
    pub fn repeat(&self, repeats: impl AsRef<[usize]>) -> Self {
        let repeats = repeats.as_ref();
        let Some(new) = repeats.len().checked_sub(self.ndim()) else {
            refuse(
                ShapeError::new(format!(
                    "{} numbers of repeats were given for a tensor of rank {}",
                    repeats.len(),
                    self.ndim()
                ))
                .of("repeat", &[self.shape()]),
            )
        };
        let (mut apart, mut wide, mut joined) = (Shape::new(), Shape::new(), Shape::new());
        for (a, &times) in repeats.iter().enumerate() {
            apart.push(1);
            wide.push(times);
            joined.push(times);
            if a >= new {
                let n = self.shape()[a - new];
                apart.push(n);
                wide.push(n);
                joined[a] = times.saturating_mul(n);
            }
        }
        self.reshape(apart).broadcast_to(wide).reshape(joined)
    }

    /// The tensor laid side by side, as [`repeat`](Self::repeat) does; with fewer numbers than axes, they belong
    /// to the last ones.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 1], vec![1.0, 2.0]);
    /// assert_eq!(x.tile([2]).to_vec(), [1.0, 1.0, 2.0, 2.0]);
    /// assert_eq!(x.tile([2, 1, 1]).shape(), [2, 2, 1]);
    /// ```
    #[track_caller]
    pub fn tile(&self, repeats: impl AsRef<[usize]>) -> Self {
        let given = repeats.as_ref();
        let mut repeats = Shape::from_elem(1, self.ndim().saturating_sub(given.len()));
        repeats.extend_from_slice(given);
        self.repeat(repeats)
    }

    /// Each slice along an axis repeated, one copy after the other: a number of times, or each as often as
    /// [`Indices`] say. Without an axis the elements are taken in row-major order.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
    /// assert_eq!(x.repeat_interleave(2, 0).to_vec(), [1.0, 1.0, 2.0, 2.0]);
    /// assert_eq!(x.repeat_interleave(&Indices::from([3, 1]), 0).to_vec(), [1.0, 1.0, 1.0, 2.0]);
    /// assert_eq!(Tensor::<f32>::ones([2, 2]).repeat_interleave(2, None).shape(), [8]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or the numbers are negative or not as many as the axis has elements.
    #[track_caller]
    pub fn repeat_interleave(&self, repeats: impl Into<Repeats>, axis: impl Into<Option<isize>>) -> Self {
        let Some(axis) = axis.into() else {
            return self.reshape([self.len()]).repeat_interleave(repeats, 0);
        };
        let axis = self.axis("repeat_interleave", axis);
        let repeats = repeats.into();
        let Repeats::All(times) = repeats else {
            return match repeats.slices(axis, self.shape()[axis]) {
                Ok(indices) => apply_one(IndexSelect { axis, indices }, &[self]),
                Err(error) => refuse(error.of("repeat_interleave", &[self.shape()])),
            };
        };
        let (mut wide, mut joined) = (Shape::from_slice(self.shape()), Shape::from_slice(self.shape()));
        wide.insert(axis + 1, times);
        joined[axis] = joined[axis].saturating_mul(times);
        self.unsqueeze(axis as isize + 1).broadcast_to(wide).reshape(joined)
    }

    /// Grids of coordinates: for rows of n₀, n₁, … numbers as many tensors [n₀, n₁, …], of which the a-th holds
    /// the a-th row's number of each point.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// use wengert::autodiff::ops::MeshIndexing;
    ///
    /// let (a, b) = (Tensor::<f64>::from_vec([2], vec![1.0, 2.0]), Tensor::from_vec([3], vec![3.0, 4.0, 5.0]));
    /// let grids = Tensor::meshgrid(&[&a, &b], MeshIndexing::Ij);
    /// assert_eq!(grids[0].to_vec(), [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]);
    /// assert_eq!(grids[1].to_vec(), [3.0, 4.0, 5.0, 3.0, 4.0, 5.0]);
    /// assert_eq!(Tensor::meshgrid(&[&a, &b], MeshIndexing::Xy)[0].shape(), [3, 2]);
    /// ```
    ///
    /// # Panics
    /// If a tensor has more than one axis.
    #[track_caller]
    pub fn meshgrid(tensors: &[&Self], indexing: MeshIndexing) -> Vec<Self> {
        if let Some(other) = tensors.iter().find(|x| x.ndim() > 1) {
            refuse(ShapeError::new("coordinates are rows of rank 1").of("meshgrid", &[other.shape()]));
        }
        let place = |a: usize| match indexing {
            MeshIndexing::Xy if a < 2 && tensors.len() > 1 => 1 - a,
            _ => a,
        };
        let grid: Shape = (0..tensors.len()).map(|axis| tensors[place(axis)].len()).collect();
        let mut grids = Vec::with_capacity(tensors.len());
        for (a, x) in tensors.iter().enumerate() {
            let mut shape = Shape::from_elem(1, grid.len());
            shape[place(a)] = x.len();
            // Not in a closure, which would hide the caller's line.
            grids.push(x.reshape(shape).broadcast_to(&grid));
        }
        grids
    }
}

/// The sizes with each −1 replaced by the size it keeps.
fn expanded(shape: &[usize], sizes: &[isize]) -> Result<Shape, ShapeError> {
    let new = sizes.len().checked_sub(shape.len()).ok_or_else(|| {
        ShapeError::new(format!("{sizes:?} has fewer axes than the tensor of rank {}", shape.len()))
    })?;
    let size = |(a, &size): (usize, &isize)| match usize::try_from(size) {
        Ok(size) => Ok(size),
        Err(_) if size == -1 && a >= new => Ok(shape[a - new]),
        Err(_) => Err(ShapeError::new(format!("the size {size} of axis {a} of {sizes:?} is none"))),
    };
    sizes.iter().enumerate().map(size).collect()
}
