//! Elements picked by indices, and elements added where indices say.

use smallvec::smallvec;

use super::{check_axis, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::indices::Indices;
use crate::kernels::index;
use crate::kernels::layout::Along;
use crate::shape::{Shape, ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(IndexSelect, IndexAdd, Gather, ScatterAdd);

/// Picks slices along an axis: the axis is replaced by those of the indices. Rule: the slices of dy are
/// added where they came from.
#[derive(Clone, Debug)]
pub struct IndexSelect {
    /// The axis.
    pub axis: usize,
    /// Which slices, on no tape ([`Indices::detach`]).
    pub indices: Indices,
}

impl IndexSelect {
    fn selected(&self, shape: &[usize]) -> Shape {
        let (outer, inner) = (&shape[..self.axis], &shape[self.axis + 1..]);
        outer.iter().chain(self.indices.shape()).chain(inner).copied().collect()
    }
}

impl<T: Float> Function<T> for IndexSelect {
    fn name(&self) -> &'static str {
        "index_select"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        check_axis(self.axis, inputs[0])?;
        self.indices.check(inputs[0][self.axis], "index")?;
        Ok(smallvec![self.selected(inputs[0])])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let (x, ids) = (inputs[0].contiguous(), &self.indices);
        let along = Along::axis(x.shape(), self.axis);
        Value::build(&self.selected(x.shape()), |out| {
            index::index_select(x.as_slice().expect("row-major"), along, ids.as_slice(), out);
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let add = IndexAdd { select: self.clone(), shape: Shape::from_slice(cx.input_shape(0)) };
        single(apply_one(add, &[only(grads)]))
    }
}

/// The adjoint of [`IndexSelect`]: slices added among zeros. Rule: dx = the slices of dy.
#[derive(Clone, Debug)]
struct IndexAdd {
    select: IndexSelect,
    /// The shape selected from.
    shape: Shape,
}

impl<T: Float> Function<T> for IndexAdd {
    fn name(&self) -> &'static str {
        "index_add"
    }

    fn output_shapes(&self, _: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let (dy, ids) = (inputs[0].contiguous(), &self.select.indices);
        let along = Along::axis(&self.shape, self.select.axis);
        Value::build(&self.shape, |out| {
            out.fill(T::zero());
            index::index_add(dy.as_slice().expect("row-major"), along, ids.as_slice(), out);
        })
        .into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(self.select.clone(), &[only(grads)]))
    }
}

/// Picks one element for each index: y\[i…\] = x\[i… with the coordinate of the axis replaced by
/// indices\[i…\]\]. Rule: dx = the elements of dy added where they came from.
#[derive(Clone, Debug)]
pub struct Gather {
    /// The axis.
    pub axis: usize,
    /// The coordinates along it, on no tape ([`Indices::detach`]).
    pub indices: Indices,
}

/// Indices of the rank of `shape`, and no longer along the axes that are not indexed.
fn check_gather(indices: &Indices, axis: usize, shape: &[usize]) -> Result<(), ShapeError> {
    check_axis(axis, shape)?;
    let ids = indices.shape();
    if ids.len() != shape.len() {
        return Err(ShapeError::new(format!(
            "the indices of shape {ids:?} have rank {}, the tensor has {}",
            ids.len(),
            shape.len()
        )));
    }
    if let Some(a) = (0..ids.len()).find(|&a| a != axis && ids[a] > shape[a]) {
        return Err(ShapeError::new(format!(
            "the indices of shape {ids:?} have {} elements on axis {a}, the tensor has {}",
            ids[a], shape[a]
        )));
    }
    indices.check(shape[axis], "index")
}

impl<T: Float> Function<T> for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        check_gather(&self.indices, self.axis, inputs[0])?;
        Ok(one(self.indices.shape()))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let (x, ids) = (inputs[0].contiguous(), &self.indices);
        Value::build(ids.shape(), |out| {
            index::gather(
                x.as_slice().expect("row-major"),
                x.shape(),
                self.axis,
                ids.as_slice(),
                ids.shape(),
                out,
            );
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let add = ScatterAdd { axis: self.axis, indices: self.indices.clone() };
        single(apply_one(add, &[&Tensor::zeros(cx.input_shape(0)), only(grads)]))
    }
}

/// x with the elements of a source added: z\[i… with the coordinate of the axis replaced by indices\[i…\]\]
/// += source\[i…\]. Rule: dx = dz, dsource = dz gathered.
#[derive(Clone, Debug)]
pub struct ScatterAdd {
    /// The axis.
    pub axis: usize,
    /// The coordinates along it, on no tape ([`Indices::detach`]).
    pub indices: Indices,
}

impl<T: Float> Function<T> for ScatterAdd {
    fn name(&self) -> &'static str {
        "scatter_add"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        if inputs[1] != self.indices.shape() {
            return Err(ShapeError::new(format!(
                "the source has another shape than the indices, {:?}",
                self.indices.shape()
            )));
        }
        check_gather(&self.indices, self.axis, inputs[0])?;
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let (x, source, ids) = (inputs[0].contiguous(), inputs[1].contiguous(), &self.indices);
        Value::build(x.shape(), |out| {
            out.copy_from_slice(x.as_slice().expect("row-major"));
            index::scatter_add(
                source.as_slice().expect("row-major"),
                x.shape(),
                self.axis,
                ids.as_slice(),
                ids.shape(),
                out,
            );
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let dz = only(grads);
        let gather = || Gather { axis: self.axis, indices: self.indices.clone() };
        smallvec![cx.needs(0).then(|| dz.clone()), cx.needs(1).then(|| apply_one(gather(), &[dz]))]
    }
}

impl<T: Float> Tensor<T> {
    /// Slices along an axis, picked by indices; the axis is replaced by those of the indices. An index may
    /// occur any number of times.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let table = Tensor::<f64>::from_vec([3, 2], vec![0.0, 0.1, 1.0, 1.1, 2.0, 2.1]);
    /// let rows = table.index_select(0, &Indices::from([2, 0]));
    /// assert_eq!(rows.to_vec(), [2.0, 2.1, 0.0, 0.1]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range.
    #[track_caller]
    pub fn index_select(&self, axis: isize, indices: &Indices) -> Self {
        let axis = self.axis("index_select", axis);
        apply_one(IndexSelect { axis, indices: indices.detach() }, &[self])
    }

    /// One element for each index: for axis 1 of a matrix y\[i, j\] = x\[i, indices\[i, j\]\].
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 3], vec![0.0, 1.0, 2.0, 10.0, 11.0, 12.0]);
    /// let y = x.gather(1, &Indices::from_vec([2, 1], vec![2, 0]));
    /// assert_eq!(y.to_vec(), [2.0, 10.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, the indices' rank is another, or they are longer than the
    /// tensor on another axis.
    #[track_caller]
    pub fn gather(&self, axis: isize, indices: &Indices) -> Self {
        apply_one(Gather { axis: self.axis("gather", axis), indices: indices.detach() }, &[self])
    }

    /// This tensor with the elements of `source` added where the indices say: for axis 1 of a matrix
    /// z\[i, indices\[i, j\]\] += source\[i, j\].
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::zeros([3]);
    /// let z = x.scatter_add(0, &Indices::from([2, 0, 2]), &Tensor::from_vec([3], vec![1.0, 2.0, 3.0]));
    /// assert_eq!(z.to_vec(), [2.0, 0.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, the source's shape is not the indices', or these do not fit
    /// into the tensor.
    #[track_caller]
    pub fn scatter_add(&self, axis: isize, indices: &Indices, source: &Self) -> Self {
        let axis = self.axis("scatter_add", axis);
        apply_one(ScatterAdd { axis, indices: indices.detach() }, &[self, source])
    }
}
