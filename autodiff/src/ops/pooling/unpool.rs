//! What undoes a pooling by maxima, as far as that goes.

use smallvec::smallvec;

use super::super::{only, single};
use super::max::GatherPlanes;
use super::window::{Pool, Pool1d, Pool2d, Pool3d, last, planes_and_sizes};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::indices::Indices;
use crate::kernels::pool2d;
use crate::shape::{Shape, ShapeError, Shapes, checked_len};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(MaxUnpool);

/// Each element put at its position within its plane, and zeros elsewhere. Of several elements with one
/// position the last in row-major order stays. Rule: dx = dy gathered from there, 0 for elements that did not
/// stay.
#[derive(Clone, Debug)]
pub struct MaxUnpool {
    dims: usize,
    indices: Indices,
    /// The window of the pooling that is undone.
    window: Pool3d,
    output_size: Option<[usize; 3]>,
}

impl MaxUnpool {
    /// Undoes a pooling by this window, at the indices that it gave; to the size that follows from the window, or
    /// another.
    pub fn new<const D: usize>(indices: &Indices, window: Pool<D>, output_size: Option<[usize; D]>) -> Self {
        let (indices, window) = (indices.detach(), window.of_volumes());
        Self { dims: D, indices, window, output_size: output_size.map(|sizes| last(sizes, 1)) }
    }

    /// Along each axis (n − 1)·stride − 2·padding + window, or a given size less than a stride from it.
    fn unpooled(&self, x: &[usize]) -> Result<Shape, ShapeError> {
        let fail = |detail: String| Err(ShapeError::new(detail));
        let (lead, input) = planes_and_sizes(x, self.dims)?;
        let Pool { kernel, stride, padding, dilation, .. } = self.window;
        let first = 3 - self.dims;
        if kernel.contains(&0) || stride.contains(&0) {
            return fail(format!(
                "window {:?} and stride {:?} must be at least 1",
                &kernel[first..],
                &stride[first..]
            ));
        }
        if dilation != [1; 3] {
            return fail("a window that is undone has no dilation".into());
        }
        if self.indices.shape() != x {
            return fail(format!("the indices {:?} have not the shape of the input", self.indices.shape()));
        }
        let mut output = Shape::from_slice(lead);
        for i in first..3 {
            let (n, padding, stride, axis) = (input[i], padding[i], stride[i], lead.len() + i - first);
            let steps = n.checked_sub(1).and_then(|n| n.checked_mul(stride));
            let padded = steps.and_then(|n| n.checked_add(kernel[i]));
            let size = padded.and_then(|n| n.checked_sub(padding)?.checked_sub(padding));
            let Some(size) = size else {
                return fail(format!("axis {axis} of {n} windows with padding {padding} has no size"));
            };
            output.push(match self.output_size.map(|sizes| sizes[i]) {
                Some(wanted) if wanted.abs_diff(size) >= stride => {
                    return fail(format!(
                        "the output size {wanted} of axis {axis} is not less than a stride of {stride} from {size}"
                    ));
                }
                Some(wanted) => wanted,
                None => size,
            });
        }
        Ok(output)
    }
}

impl<T: Float> Function<T> for MaxUnpool {
    fn name(&self) -> &'static str {
        ["max_unpool1d", "max_unpool2d", "max_unpool3d"][self.dims - 1]
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let output = self.unpooled(inputs[0])?;
        checked_len(&output)?;
        self.indices.check(output[output.len() - self.dims..].iter().product(), "index")?;
        Ok(smallvec![output])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        let output = self.unpooled(x.shape()).expect("checked by output_shapes");
        let (lead, sizes) = output.split_at(output.len() - self.dims);
        let planes = lead.iter().product();
        let winners = pool2d::last_writers(planes, sizes.iter().product(), self.indices.as_slice());
        let y = Value::build(&output, |y| {
            pool2d::scatter_planes(planes, x.as_slice().expect("row-major"), &winners, y);
        });
        cx.save_indices(Indices::from_vec(x.shape(), winners));
        y.into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let x = cx.input_shape(0);
        let planes = x[..x.len() - self.dims].iter().product();
        single(apply_one(GatherPlanes { planes, positions: cx.indices(0) }, &[only(grads)]))
    }
}

impl<T: Float> Tensor<T> {
    /// The rows [N, C, L] or [C, L] that [`max_pool1d_with_indices`](Self::max_pool1d_with_indices) pooled, with
    /// zeros in place of what is lost. As [`max_unpool2d`](Self::max_unpool2d).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 5], vec![1.0, 3.0, 2.0, 5.0, 4.0]);
    /// let (y, positions) = x.max_pool1d_with_indices(2);
    /// assert_eq!(y.max_unpool1d(&positions, 2, Some([5])).to_vec(), [0.0, 3.0, 0.0, 5.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// As [`max_unpool2d`](Self::max_unpool2d).
    #[track_caller]
    pub fn max_unpool1d(
        &self,
        indices: &Indices,
        window: impl Into<Pool1d>,
        output_size: Option<[usize; 1]>,
    ) -> Self {
        apply_one(MaxUnpool::new(indices, window.into(), output_size), &[self])
    }

    /// The pictures [N, C, H, W] or [C, H, W] that
    /// [`max_pool2d_with_indices`](Self::max_pool2d_with_indices) pooled, with zeros in place of what is lost:
    /// y\[indices\[i\]\] = x\[i\] within each plane (Zeiler & Fergus, Visualizing and understanding
    /// convolutional networks, 2014).
    ///
    /// An axis of the result has (n − 1)·stride − 2·padding + window elements, or the size given, which may
    /// be less than a stride away from that. Where windows overlap, an index can occur several times: the
    /// last of these elements in row-major order stays, and only it gets a gradient. (PyTorch leaves open
    /// which one stays, and gives all of them a gradient.)
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 2], vec![1.0, 9.0, 3.0, 4.0]);
    /// let (y, positions) = x.max_pool2d_with_indices(2);
    /// assert_eq!(y.max_unpool2d(&positions, 2, None).to_vec(), [0.0, 9.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has another rank, the indices another shape, an index lies outside its plane, the
    /// window has dilation, a size or stride is 0, or the output size lies a stride or more away.
    #[track_caller]
    pub fn max_unpool2d(
        &self,
        indices: &Indices,
        window: impl Into<Pool2d>,
        output_size: Option<[usize; 2]>,
    ) -> Self {
        apply_one(MaxUnpool::new(indices, window.into(), output_size), &[self])
    }

    /// The volumes [N, C, D, H, W] or [C, D, H, W] that
    /// [`max_pool3d_with_indices`](Self::max_pool3d_with_indices) pooled, with zeros in place of what is lost.
    /// As [`max_unpool2d`](Self::max_unpool2d).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 1, 2], vec![1.0, 9.0, 3.0, 4.0]);
    /// let (y, positions) = x.max_pool3d_with_indices((2, 1, 1));
    /// assert_eq!(y.max_unpool3d(&positions, (2, 1, 1), None).to_vec(), [0.0, 9.0, 3.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// As [`max_unpool2d`](Self::max_unpool2d).
    #[track_caller]
    pub fn max_unpool3d(
        &self,
        indices: &Indices,
        window: impl Into<Pool3d>,
        output_size: Option<[usize; 3]>,
    ) -> Self {
        apply_one(MaxUnpool::new(indices, window.into(), output_size), &[self])
    }
}
