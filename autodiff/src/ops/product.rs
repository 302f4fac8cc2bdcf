//! Products over axes.

use smallvec::smallvec;

use super::{Slice, only, single};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors, builtin};
use crate::kernels::{reduce, scan};
use crate::shape::{Axes, Shape, ShapeError, Shapes, reduced};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Prod);

/// The product over a set of axes; fused.
///
/// dxᵢ = dy·Π xⱼ over j ≠ i, as products of all before i and of all after. Nothing is divided by, so that zeros
/// are like other numbers.
#[derive(Clone, Debug)]
pub struct Prod {
    /// The axes multiplied over.
    pub axes: Axes,
}

/// The axes in an order that leaves some of them last, and the inverse order.
fn moved_last(rank: usize, axes: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).collect();
    order.extend(axes);
    let mut inverse = vec![0; rank];
    for (to, &from) in order.iter().enumerate() {
        inverse[from] = to;
    }
    (order, inverse)
}

impl<T: Float> Function<T> for Prod {
    fn name(&self) -> &'static str {
        "prod"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let axes = self.axes.resolve(inputs[0].len())?;
        Ok(smallvec![reduced(inputs[0], &axes, self.axes.keeps_dims())])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0];
        let axes = self.axes.resolve(x.shape().len()).expect("checked by output_shapes");
        let shape = reduced(x.shape(), &axes, self.axes.keeps_dims());
        Value::build(&shape, |out| reduce::product_over(x.view(), &axes, out)).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (x, dy) = (cx.input(0).value, only(grads).value.contiguous());
        let rank = x.shape().len();
        let axes = self.axes.resolve(rank).expect("checked by output_shapes");
        let n = axes.iter().map(|&axis| x.shape()[axis]).product();
        let (order, inverse) = moved_last(rank, &axes);
        let x = x.permuted(&order).contiguous();
        let dx = Value::build(x.shape(), |dx| {
            if !dx.is_empty() {
                let (x, dy) = (x.as_slice().expect("row-major"), dy.as_slice().expect("row-major"));
                scan::prod_backward(x, dy, n, dx);
            }
        });
        single(dx.permuted(&inverse).into())
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

impl<T: Float> Composed<T> for Prod {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let shape = reduced(
            inputs[0].shape(),
            &self.axes.resolve(inputs[0].ndim()).expect("checked by output_shapes"),
            self.axes.keeps_dims(),
        );
        let mut x = inputs[0].rows_over("prod", &self.axes);
        if x.shape()[1] == 0 {
            // Linked to x, which has a gradient of no elements.
            return smallvec![(x.sum(1) + 1.0).reshape(shape)];
        }
        // The one half times the other, until one element is left: a tree of products.
        while x.shape()[1] > 1 {
            let n = x.shape()[1] as isize;
            let part = |from: isize, to: isize| {
                let part = ndarray::Slice::new(from, Some(to), 1);
                apply_one(Slice { axis: 1, part }, &[&x])
            };
            let half = part(0, n / 2) * part(n / 2, n / 2 * 2);
            x = if n % 2 == 0 { half } else { Tensor::concat(&[&half, &part(n - 1, n)], 1) };
        }
        smallvec![x.reshape(shape)]
    }
}

impl<T: Float> Tensor<T> {
    /// The elements over a set of axes as rows of a matrix, one row for each result of a reduction.
    #[track_caller]
    pub(super) fn rows_over(&self, operation: &'static str, axes: &Axes) -> Self {
        let axes = match axes.resolve(self.ndim()) {
            Ok(axes) => axes,
            Err(error) => crate::shape::refuse(error.of(operation, &[self.shape()])),
        };
        let (order, _) = moved_last(self.ndim(), &axes);
        let n = axes.iter().map(|&axis| self.shape()[axis]).product();
        let rows = reduced(self.shape(), &axes, false).iter().product();
        let order: Vec<isize> = order.into_iter().map(|axis| axis as isize).collect();
        let moved = if order.is_sorted() { self.clone() } else { self.permute(order) };
        moved.reshape(Shape::from_slice(&[rows, n]))
    }

    /// The product over a set of axes: `..` (all), one axis, an array of axes, or [`keepdim`](crate::keepdim) of
    /// these; 1 where there is nothing to multiply. Its gradient is exact where there are zeros, too.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.prod(..).item(), 24.0);
    /// assert_eq!(x.prod(0).to_vec(), [3.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn prod(&self, axes: impl Into<Axes>) -> Self {
        apply_one(Prod { axes: axes.into() }, &[self])
    }
}
