//! Slices along an axis added to, or replaced, where indices say.

use smallvec::smallvec;

use super::{Concat, IndexSelect, check_axis, one, only};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::indices::Indices;
use crate::kernels::index;
use crate::kernels::layout::Along;
use crate::shape::{Shape, ShapeError, Shapes, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(IndexAdd);

/// x with the slices of a source added along an axis: z\[.., indices\[i\], ..\] += source\[.., i, ..\]. Rule:
/// dx = dz, dsource = dz selected.
#[derive(Clone, Debug)]
pub struct IndexAdd {
    /// The axis.
    pub axis: usize,
    /// Where the slices go, on no tape ([`Indices::detach`]).
    pub indices: Indices,
}

/// A source of the shape that selecting the indices would give.
fn check_source(indices: &Indices, axis: usize, x: &[usize], source: &[usize]) -> Result<(), ShapeError> {
    check_axis(axis, x)?;
    indices.check(x[axis], "index")?;
    let expected: Shape = x[..axis].iter().chain(indices.shape()).chain(&x[axis + 1..]).copied().collect();
    if source == &expected[..] {
        return Ok(());
    }
    Err(ShapeError::new(format!(
        "the source is not {:?}, the shape of {:?} indices along axis {axis}",
        &expected[..],
        indices.shape()
    )))
}

impl<T: Float> Function<T> for IndexAdd {
    fn name(&self) -> &'static str {
        "index_add"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        check_source(&self.indices, self.axis, inputs[0], inputs[1])?;
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let (x, source) = (inputs[0].contiguous(), inputs[1].contiguous());
        let along = Along::axis(x.shape(), self.axis);
        Value::build(x.shape(), |out| {
            out.copy_from_slice(x.as_slice().expect("row-major"));
            index::index_add(source.as_slice().expect("row-major"), along, self.indices.as_slice(), out);
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let dz = only(grads);
        let select = || IndexSelect { axis: self.axis, indices: self.indices.clone() };
        smallvec![cx.needs(0).then(|| dz.clone()), cx.needs(1).then(|| apply_one(select(), &[dz]))]
    }
}

impl<T: Float> Tensor<T> {
    /// This tensor with the slices of `source`, times `alpha`, added along an axis where the indices say:
    /// z\[.., indices\[i\], ..\] += alpha·source\[.., i, ..\]. An index may occur any number of times. It is the
    /// counterpart of [`index_select`](Self::index_select).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::zeros([3]);
    /// let z = x.index_add(0, &Indices::from([2, 0, 2]), &Tensor::from_vec([3], vec![1.0, 2.0, 3.0]), 1.0);
    /// assert_eq!(z.to_vec(), [2.0, 0.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the source has not the shape that selecting the indices
    /// gives.
    #[track_caller]
    pub fn index_add(&self, axis: isize, indices: &Indices, source: &Self, alpha: f64) -> Self {
        let axis = self.axis("index_add", axis);
        let add = IndexAdd { axis, indices: indices.detach() };
        if alpha == 1.0 {
            apply_one(add, &[self, source])
        } else {
            apply_one(add, &[self, &(source * alpha)])
        }
    }

    /// This tensor with slices along an axis replaced by those of `source`: z\[.., indices\[i\], ..\] =
    /// source\[.., i, ..\]. Where an index occurs several times the last one counts.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::zeros([3]);
    /// let z = x.index_copy(0, &Indices::from([2, 0]), &Tensor::from_vec([2], vec![1.0, 2.0]));
    /// assert_eq!(z.to_vec(), [2.0, 0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or the source has not the shape that selecting the indices
    /// gives.
    #[track_caller]
    pub fn index_copy(&self, axis: isize, indices: &Indices, source: &Self) -> Self {
        let axis = self.axis("index_copy", axis);
        if let Err(error) = check_source(indices, axis, self.shape(), source.shape()) {
            refuse(error.of("index_copy", &[self.shape(), source.shape()]));
        }
        let n = self.shape()[axis] as i64;
        let mut picked: Vec<i64> = (0..n).collect();
        for (i, &at) in indices.as_slice().iter().enumerate() {
            picked[at as usize] = n + i as i64;
        }
        let mut flat = Shape::from_slice(self.shape());
        flat[axis] = indices.len();
        let both = apply_one(Concat { axis }, &[self, &source.reshape(flat)]);
        apply_one(IndexSelect { axis, indices: picked.into() }, &[&both])
    }

    /// This tensor with the slices along an axis that the indices name filled with a number.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let z = Tensor::<f64>::zeros([3]).index_fill(0, &Indices::from([2, 0]), 7.0);
    /// assert_eq!(z.to_vec(), [7.0, 0.0, 7.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range.
    #[track_caller]
    pub fn index_fill(&self, axis: isize, indices: &Indices, value: f64) -> Self {
        let axis = self.axis("index_fill", axis);
        let n = self.shape()[axis];
        if let Err(error) = indices.check(n, "index") {
            refuse(error.of("index_fill", &[self.shape()]));
        }
        let mut picked: Vec<i64> = (0..n as i64).collect();
        for &at in indices.as_slice() {
            picked[at as usize] = n as i64;
        }
        let mut slice = Shape::from_slice(self.shape());
        slice[axis] = 1;
        let both = apply_one(Concat { axis }, &[self, &Tensor::full(slice, value)]);
        apply_one(IndexSelect { axis, indices: picked.into() }, &[&both])
    }
}
