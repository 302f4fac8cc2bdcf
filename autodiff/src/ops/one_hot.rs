//! Whole numbers as rows of zeros and ones.

use crate::indices::Indices;
use crate::kernels::layout::Along;
use crate::kernels::{reduce, vector};
use crate::shape::{ShapeError, checked_len, refuse};
use crate::value::Value;
use crate::{Float, Tensor};

impl Indices {
    /// Each index as a row of `classes` zeros with a 1 at its place: the shape gains an axis of that size at the end.
    /// The result has no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let y: Tensor = Indices::from([2, 0]).one_hot(3);
    /// assert_eq!(y.shape(), [2, 3]);
    /// assert_eq!(y.to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If an index is not in 0..classes.
    #[track_caller]
    pub fn one_hot<T: Float>(&self, classes: usize) -> Tensor<T> {
        if let Err(error) = self.check(classes, "index") {
            refuse(error.of("one_hot", &[self.shape()]));
        }
        rows_of_ones(self, 1, classes, self.shape())
    }

    /// Each set of labels as a row of `classes` zeros with a 1 for each label: the last axis, which lists the labels
    /// of a set, filled up with −1, becomes one of that size. A label may stand in a set more than once. The result
    /// has no gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let sets = Indices::from_vec([2, 2], vec![2, 0, 1, -1]);
    /// let y: Tensor = sets.multi_hot(3);
    /// assert_eq!(y.to_vec(), [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If there is no axis or a label is neither −1 nor in 0..classes.
    #[track_caller]
    pub fn multi_hot<T: Float>(&self, classes: usize) -> Tensor<T> {
        let wrong = |detail: String| ShapeError::new(detail).of("multi_hot", &[self.shape()]);
        let outside = |&id: &i64| id < -1 || id >= classes as i64;
        if let Some(at) = self.as_slice().iter().position(outside) {
            let label = self.as_slice()[at];
            refuse(wrong(format!("label {label} at position {at} is neither -1 nor in 0..{classes}")));
        }
        match self.shape() {
            [] => refuse(wrong("the labels have no axis that lists those of a set".into())),
            [outer @ .., n] => rows_of_ones(self, *n, classes, outer),
        }
    }
}

/// A row of `classes` elements for each `n` indices, with ones where they say.
#[track_caller]
fn rows_of_ones<T: Float>(ids: &Indices, n: usize, classes: usize, outer: &[usize]) -> Tensor<T> {
    let shape: Vec<usize> = outer.iter().copied().chain([classes]).collect();
    if let Err(error) = checked_len(&shape) {
        refuse(error);
    }
    let fill = |rows: &mut [T]| {
        vector::fill(rows, T::zero());
        for (at, &id) in ids.as_slice().iter().enumerate() {
            if id >= 0 {
                rows[at / n * classes + id as usize] = T::one();
            }
        }
    };
    Value::build(&shape, fill).into()
}

impl<T: Float> Tensor<T> {
    /// 1 at the largest element along an axis and 0 elsewhere, on no tape: the hard counterpart of
    /// [`softmax`](Self::softmax), which has no gradient. The first of equal elements is taken, NaN before all.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::from_vec([2, 3], vec![1.0, 5.0, 5.0, 4.0, 3.0, 0.0]);
    /// assert_eq!(x.hardmax(1).to_vec(), [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
    /// assert_eq!(x.hardmax(0).to_vec(), [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn hardmax(&self, axis: isize) -> Self {
        let axis = self.axis("hardmax", axis);
        self.cut("hardmax");
        let along = Along::axis(self.shape(), axis);
        if self.is_empty() {
            return self.value.clone().into();
        }
        let mut positions = vec![0; along.rows()];
        reduce::argmax(self.view(), axis, &mut positions);
        let fill = |out: &mut [T]| {
            vector::fill(out, T::zero());
            for (at, &position) in positions.iter().enumerate() {
                let (outer, inner) = (at / along.inner, at % along.inner);
                out[outer * along.slab() + position as usize * along.inner + inner] = T::one();
            }
        };
        Value::build(self.shape(), fill).into()
    }
}
