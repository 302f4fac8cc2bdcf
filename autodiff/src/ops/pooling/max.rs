//! The greatest element of each window, and where it stands.

use smallvec::smallvec;

use super::super::{one, only, single};
use super::window::{AdaptiveSizes, Pool1d, Pool2d, Pool3d, Windows};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::indices::Indices;
use crate::kernels::pool2d;
use crate::shape::{Shape, ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one, apply_with_indices};
use crate::value::Value;

builtin!(MaxPool, ScatterPlanes, GatherPlanes);

/// The greatest element of each window, and its position among the axes pooled, counted row by row. The
/// first of equal elements is taken; NaN before all. Rule: dy is added where the maxima were.
#[derive(Clone, Copy, Debug)]
pub struct MaxPool {
    /// The windows.
    pub windows: Windows,
}

impl<T: Float> Function<T> for MaxPool {
    fn name(&self) -> &'static str {
        self.windows.name([
            "max_pool1d",
            "max_pool2d",
            "max_pool3d",
            "adaptive_max_pool1d",
            "adaptive_max_pool2d",
            "adaptive_max_pool3d",
        ])
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(smallvec![self.windows.passes(inputs[0])?.output])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        let passes = self.windows.passes(x.shape()).expect("checked by output_shapes");
        let mut positions = vec![0i64; passes.output.iter().product()];
        let y = Value::build(&passes.output, |y| {
            let x = x.as_slice().expect("row-major");
            match &passes.depth {
                None => pool2d::max(&passes.plane, x, y, &mut positions),
                Some(depth) => pool2d::max_of_volumes(&passes.plane, depth, x, y, &mut positions),
            }
        });
        let positions = Indices::from_vec(&passes.output, positions);
        cx.save_indices(positions.clone());
        Outputs::from(y).with_indices(positions)
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let shape = Shape::from_slice(cx.input_shape(0));
        let planes = shape[..shape.len() - self.windows.dims()].iter().product();
        single(apply_one(ScatterPlanes { shape, planes, positions: cx.indices(0) }, &[only(grads)]))
    }
}

/// Elements added among zeros at positions within their planes, where there is one. Rule: dx = dy gathered
/// from there.
#[derive(Clone, Debug)]
pub(super) struct ScatterPlanes {
    pub(super) shape: Shape,
    /// How many planes (or rows, or volumes) there are.
    pub(super) planes: usize,
    pub(super) positions: Indices,
}

impl<T: Float> Function<T> for ScatterPlanes {
    fn name(&self) -> &'static str {
        "max_pool_backward"
    }

    fn output_shapes(&self, _: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let (dy, positions) = (inputs[0].contiguous(), self.positions.as_slice());
        Value::build(&self.shape, |dx| {
            pool2d::scatter_planes(self.planes, dy.as_slice().expect("row-major"), positions, dx);
        })
        .into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let gather = GatherPlanes { planes: self.planes, positions: self.positions.clone() };
        single(apply_one(gather, &[only(grads)]))
    }
}

/// The elements at positions within their planes, 0 where there is none. Rule: dx = dy scattered there.
#[derive(Clone, Debug)]
pub(super) struct GatherPlanes {
    pub(super) planes: usize,
    pub(super) positions: Indices,
}

impl<T: Float> Function<T> for GatherPlanes {
    fn name(&self) -> &'static str {
        "max_pool_gather"
    }

    fn output_shapes(&self, _: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(self.positions.shape()))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let (x, positions) = (inputs[0].contiguous(), &self.positions);
        Value::build(positions.shape(), |y| {
            let x = x.as_slice().expect("row-major");
            pool2d::gather_planes(self.planes, x, positions.as_slice(), y);
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (planes, positions) = (self.planes, self.positions.clone());
        let shape = Shape::from_slice(cx.input_shape(0));
        single(apply_one(ScatterPlanes { shape, planes, positions }, &[only(grads)]))
    }
}

/// The maxima and their positions.
#[track_caller]
fn with_indices<T: Float>(x: &Tensor<T>, windows: Windows) -> (Tensor<T>, Indices) {
    let (mut y, positions) = apply_with_indices(MaxPool { windows }, &[x]);
    (y.remove(0), positions.expect("a maximum has a position"))
}

impl<T: Float> Tensor<T> {
    /// The greatest element of each window of rows [N, C, L] or [C, L]:
    /// y\[p\] = max over r of x\[p·stride + r·dilation − padding\].
    ///
    /// Of equal elements the first takes the gradient; where there is a NaN the last one is the maximum. The
    /// padding is never taken.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 1, 5], vec![1.0, 3.0, 2.0, 5.0, 4.0]);
    /// assert_eq!(x.max_pool1d(2).to_vec(), [3.0, 5.0]);
    /// assert_eq!(x.max_pool1d(Pool1d::new(3).stride(1)).to_vec(), [3.0, 5.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has another rank, the window does not fit into the padded row, a size or stride is 0, or
    /// the padding is more than half of the window.
    #[track_caller]
    pub fn max_pool1d(&self, window: impl Into<Pool1d>) -> Self {
        apply_one(MaxPool { windows: Windows::sliding(window.into()) }, &[self])
    }

    /// The same, with the position of each maximum in its row: −1 for a dilated window all of whose elements
    /// are padding, whose maximum is −∞.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 1, 4], vec![1.0, 3.0, 2.0, 5.0]);
    /// let (y, positions) = x.max_pool1d_with_indices(2);
    /// assert_eq!((y.to_vec(), positions.to_vec()), (vec![3.0, 5.0], vec![1, 3]));
    /// ```
    ///
    /// # Panics
    /// As [`max_pool1d`](Self::max_pool1d).
    #[track_caller]
    pub fn max_pool1d_with_indices(&self, window: impl Into<Pool1d>) -> (Self, Indices) {
        with_indices(self, Windows::sliding(window.into()))
    }

    /// The greatest element of each window of pictures [N, C, H, W] or [C, H, W]. Of equal elements the first
    /// takes the gradient; where there is a NaN the last one is the maximum.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 1, 2, 4], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    /// assert_eq!(x.max_pool2d(2).to_vec(), [6.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has another rank, the window does not fit into the padded picture, a size or stride is
    /// 0, or the padding is more than half of the window.
    #[track_caller]
    pub fn max_pool2d(&self, window: impl Into<Pool2d>) -> Self {
        apply_one(MaxPool { windows: Windows::sliding(window.into()) }, &[self])
    }

    /// The same, with the position of each maximum within its plane, row by row: −1 for a dilated window all of
    /// whose elements are padding, whose maximum is −∞.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 1, 2, 2], vec![1.0, 9.0, 3.0, 4.0]);
    /// let (y, positions) = x.max_pool2d_with_indices(2);
    /// assert_eq!((y.item(), positions.to_vec()), (9.0, vec![1]));
    /// ```
    ///
    /// # Panics
    /// As [`max_pool2d`](Self::max_pool2d).
    #[track_caller]
    pub fn max_pool2d_with_indices(&self, window: impl Into<Pool2d>) -> (Self, Indices) {
        with_indices(self, Windows::sliding(window.into()))
    }

    /// The greatest element of each window of volumes [N, C, D, H, W] or [C, D, H, W]. Of equal elements the
    /// first takes the gradient; where there is a NaN the last one is the maximum.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 2, 2], vec![1.0, 2.0, 3.0, 4.0, 8.0, 7.0, 6.0, 5.0]);
    /// assert_eq!(x.max_pool3d(2).to_vec(), [8.0]);
    /// assert_eq!(x.max_pool3d((2, 1, 1)).to_vec(), [8.0, 7.0, 6.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has another rank, the window does not fit into the padded volume, a size or stride is 0,
    /// or the padding is more than half of the window.
    #[track_caller]
    pub fn max_pool3d(&self, window: impl Into<Pool3d>) -> Self {
        apply_one(MaxPool { windows: Windows::sliding(window.into()) }, &[self])
    }

    /// The same, with the position of each maximum within its volume, plane by plane and row by row: −1 for a
    /// dilated window all of whose elements are padding, whose maximum is −∞.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 1, 2], vec![1.0, 9.0, 3.0, 4.0]);
    /// let (y, positions) = x.max_pool3d_with_indices((2, 1, 1));
    /// assert_eq!((y.to_vec(), positions.to_vec()), (vec![3.0, 9.0], vec![2, 1]));
    /// ```
    ///
    /// # Panics
    /// As [`max_pool3d`](Self::max_pool3d).
    #[track_caller]
    pub fn max_pool3d_with_indices(&self, window: impl Into<Pool3d>) -> (Self, Indices) {
        with_indices(self, Windows::sliding(window.into()))
    }

    /// Rows [N, C, L] or [C, L] pooled to a length by the maximum of each window ⌊i·n/m⌋ .. ⌈(i+1)·n/m⌉ of n
    /// elements into m. `None` keeps the length.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 5], vec![1.0, 3.0, 2.0, 5.0, 4.0]);
    /// assert_eq!(x.adaptive_max_pool1d(2).to_vec(), [3.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has another rank, a row is empty, or the size is 0.
    #[track_caller]
    pub fn adaptive_max_pool1d(&self, size: impl Into<AdaptiveSizes<1>>) -> Self {
        apply_one(MaxPool { windows: Windows::adaptive(size.into()) }, &[self])
    }

    /// The same, with the position of each maximum in its row.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 5], vec![1.0, 3.0, 2.0, 5.0, 4.0]);
    /// assert_eq!(x.adaptive_max_pool1d_with_indices(2).1.to_vec(), [1, 3]);
    /// ```
    ///
    /// # Panics
    /// As [`adaptive_max_pool1d`](Self::adaptive_max_pool1d).
    #[track_caller]
    pub fn adaptive_max_pool1d_with_indices(&self, size: impl Into<AdaptiveSizes<1>>) -> (Self, Indices) {
        with_indices(self, Windows::adaptive(size.into()))
    }

    /// Pictures [N, C, H, W] or [C, H, W] pooled to a size by the maximum of each window, which is
    /// ⌊i·n/m⌋ .. ⌈(i+1)·n/m⌉ along an axis of n elements pooled to m. `None` keeps an axis.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 3], vec![1.0, 2.0, 3.0, 6.0, 5.0, 4.0]);
    /// assert_eq!(x.adaptive_max_pool2d(1).to_vec(), [6.0]);
    /// assert_eq!(x.adaptive_max_pool2d([None, Some(2)]).to_vec(), [2.0, 3.0, 6.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has another rank, a picture is empty, or a size is 0.
    #[track_caller]
    pub fn adaptive_max_pool2d(&self, size: impl Into<AdaptiveSizes<2>>) -> Self {
        apply_one(MaxPool { windows: Windows::adaptive(size.into()) }, &[self])
    }

    /// The same, with the position of each maximum within its plane, row by row.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 3], vec![1.0, 2.0, 3.0, 6.0, 5.0, 4.0]);
    /// assert_eq!(x.adaptive_max_pool2d_with_indices([1, 2]).1.to_vec(), [3, 4]);
    /// ```
    ///
    /// # Panics
    /// As [`adaptive_max_pool2d`](Self::adaptive_max_pool2d).
    #[track_caller]
    pub fn adaptive_max_pool2d_with_indices(&self, size: impl Into<AdaptiveSizes<2>>) -> (Self, Indices) {
        with_indices(self, Windows::adaptive(size.into()))
    }

    /// Volumes [N, C, D, H, W] or [C, D, H, W] pooled to a size by the maximum of each window, which is
    /// ⌊i·n/m⌋ .. ⌈(i+1)·n/m⌉ along an axis of n elements pooled to m. `None` keeps an axis.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::zeros([2, 3, 7, 5, 4]);
    /// assert_eq!(x.adaptive_max_pool3d([Some(2), None, Some(3)]).shape(), [2, 3, 2, 5, 3]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has another rank, a volume is empty, or a size is 0.
    #[track_caller]
    pub fn adaptive_max_pool3d(&self, size: impl Into<AdaptiveSizes<3>>) -> Self {
        apply_one(MaxPool { windows: Windows::adaptive(size.into()) }, &[self])
    }

    /// The same, with the position of each maximum within its volume, plane by plane and row by row.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 1, 2], vec![1.0, 9.0, 3.0, 4.0]);
    /// assert_eq!(x.adaptive_max_pool3d_with_indices([1, 1, 2]).1.to_vec(), [2, 1]);
    /// ```
    ///
    /// # Panics
    /// As [`adaptive_max_pool3d`](Self::adaptive_max_pool3d).
    #[track_caller]
    pub fn adaptive_max_pool3d_with_indices(&self, size: impl Into<AdaptiveSizes<3>>) -> (Self, Indices) {
        with_indices(self, Windows::adaptive(size.into()))
    }

    /// The greatest element of each channel of [N, C, …]: a tensor [N, C].
    ///
    /// As [`max`](Self::max) over the axes after the second, whose gradient is shared by equal maxima.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 1, 2], vec![1.0, 2.0, 4.0, 3.0]);
    /// assert_eq!(x.global_max_pool().to_vec(), [2.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the rank is below 3, or an axis after the second is empty.
    #[track_caller]
    pub fn global_max_pool(&self) -> Self {
        let axes = super::average::global_axes("global_max_pool", self.shape());
        self.max(&axes[..])
    }
}
