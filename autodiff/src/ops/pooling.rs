//! Pooling in two dimensions: maxima with their positions, and averages.

use smallvec::smallvec;

use super::convolution::Pair;
use super::{one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::indices::Indices;
use crate::kernels::pool2d::{self, Pool2dGeometry};
use crate::shape::{Shape, ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one, apply_with_indices};
use crate::value::Value;

builtin!(MaxPool2d, ScatterPlanes, GatherPlanes, AvgPool2d, AvgPool2dBackward);

/// A pooling window: its size, and how it moves over the picture.
///
/// A number or a pair stands for a window that moves by its own size.
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::zeros([1, 3, 9, 9]);
/// assert_eq!(x.max_pool2d(2).shape(), [1, 3, 4, 4]);
/// assert_eq!(x.max_pool2d(Pool2d::new(3).stride(2).padding(1)).shape(), [1, 3, 5, 5]);
/// assert_eq!(x.avg_pool2d(Pool2d::new(2).ceil_mode(true)).shape(), [1, 3, 5, 5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pool2d {
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
    pub(crate) dilation: [usize; 2],
    pub(crate) ceil_mode: bool,
    pub(crate) count_include_pad: bool,
    pub(crate) divisor_override: Option<usize>,
}

impl Pool2d {
    /// A window that moves by its own size, without padding.
    pub fn new(kernel: impl Into<Pair>) -> Self {
        let kernel = kernel.into().0;
        Self {
            kernel,
            stride: kernel,
            padding: [0, 0],
            dilation: [1, 1],
            ceil_mode: false,
            count_include_pad: true,
            divisor_override: None,
        }
    }

    /// The step from one window to the next (default: the window's size).
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        self.stride = stride.into().0;
        self
    }

    /// Elements added on each side of the picture, at most half of the window (default: 0). A maximum never
    /// takes them, an average takes them as zeros.
    pub fn padding(mut self, padding: impl Into<Pair>) -> Self {
        self.padding = padding.into().0;
        self
    }

    /// The distance between neighbouring elements of a window (default: 1); for maxima only.
    pub fn dilation(mut self, dilation: impl Into<Pair>) -> Self {
        self.dilation = dilation.into().0;
        self
    }

    /// Whether a last window that reaches over the edge counts, as long as it begins before it (default:
    /// no).
    pub const fn ceil_mode(mut self, ceil_mode: bool) -> Self {
        self.ceil_mode = ceil_mode;
        self
    }

    /// Whether an average divides by the padding's elements too (default: yes).
    pub const fn count_include_pad(mut self, count: bool) -> Self {
        self.count_include_pad = count;
        self
    }

    /// What an average divides by, in place of the number of elements.
    pub const fn divisor_override(mut self, divisor: usize) -> Self {
        self.divisor_override = Some(divisor);
        self
    }

    fn geometry(&self, x: &[usize]) -> Result<Pool2dGeometry, ShapeError> {
        let fail = |detail: String| Err(ShapeError::new(detail));
        let &[batch, channels, height, width] = x else {
            return fail(format!("the input {x:?} is not [batch, channels, height, width]"));
        };
        if self.kernel.contains(&0) || self.stride.contains(&0) || self.dilation.contains(&0) {
            return fail(format!(
                "window {:?}, stride {:?} and dilation {:?} must be at least 1",
                self.kernel, self.stride, self.dilation
            ));
        }
        if self.divisor_override == Some(0) {
            return fail("the divisor is 0".into());
        }
        let geometry = Pool2dGeometry {
            planes: batch * channels,
            height,
            width,
            kernel: self.kernel,
            stride: self.stride,
            padding: self.padding,
            dilation: self.dilation,
            ceil_mode: self.ceil_mode,
        };
        for (axis, n) in [height, width].into_iter().enumerate() {
            let (kernel, padding, dilation) = (self.kernel[axis], self.padding[axis], self.dilation[axis]);
            if padding > kernel / 2 {
                return fail(format!(
                    "the padding {padding} of axis {} is more than half of the window of {kernel}",
                    axis + 2
                ));
            }
            let stride = self.stride[axis];
            if pool2d::output_extent(n, kernel, stride, padding, dilation, self.ceil_mode).is_none() {
                return fail(format!(
                    "the window of {kernel} with dilation {dilation} does not fit into axis {} of {n} with \
                     padding {padding}",
                    axis + 2
                ));
            }
        }
        Ok(geometry)
    }

    fn pooled(&self, x: &[usize]) -> Result<Shape, ShapeError> {
        let [p, q] = self.geometry(x)?.output();
        Ok(Shape::from_slice(&[x[0], x[1], p, q]))
    }
}

impl From<usize> for Pool2d {
    fn from(kernel: usize) -> Self {
        Self::new(kernel)
    }
}

impl From<[usize; 2]> for Pool2d {
    fn from(kernel: [usize; 2]) -> Self {
        Self::new(kernel)
    }
}

impl From<(usize, usize)> for Pool2d {
    fn from(kernel: (usize, usize)) -> Self {
        Self::new(kernel)
    }
}

/// The largest element of each window, and its position within its plane. The first of equal elements is
/// taken; NaN before all. Rule: dy is added where the maxima were.
#[derive(Clone, Copy, Debug)]
pub struct MaxPool2d {
    /// The window.
    pub window: Pool2d,
}

impl<T: Float> Function<T> for MaxPool2d {
    fn name(&self) -> &'static str {
        "max_pool2d"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(smallvec![self.window.pooled(inputs[0])?])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        let g = self.window.geometry(x.shape()).expect("checked by output_shapes");
        let shape = self.window.pooled(x.shape()).expect("checked by output_shapes");
        let mut positions = vec![0i64; shape.iter().product()];
        let y =
            Value::build(&shape, |y| pool2d::max(&g, x.as_slice().expect("row-major"), y, &mut positions));
        let positions = Indices::from_vec(&shape, positions);
        cx.save_indices(positions.clone());
        Outputs::from(y).with_indices(positions)
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let scatter = ScatterPlanes { shape: Shape::from_slice(cx.input_shape(0)), positions: cx.indices(0) };
        single(apply_one(scatter, &[only(grads)]))
    }
}

/// Elements added among zeros at positions within their planes. Rule: dx = dy gathered from there.
#[derive(Clone, Debug)]
struct ScatterPlanes {
    shape: Shape,
    positions: Indices,
}

impl<T: Float> Function<T> for ScatterPlanes {
    fn name(&self) -> &'static str {
        "max_pool2d_backward"
    }

    fn output_shapes(&self, _: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let (dy, positions) = (inputs[0].contiguous(), &self.positions);
        let planes = self.shape[0] * self.shape[1];
        Value::build(&self.shape, |dx| {
            pool2d::scatter_planes(planes, dy.as_slice().expect("row-major"), positions.as_slice(), dx);
        })
        .into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(GatherPlanes { positions: self.positions.clone() }, &[only(grads)]))
    }
}

/// The elements at positions within their planes. Rule: dx = dy scattered there.
#[derive(Clone, Debug)]
struct GatherPlanes {
    positions: Indices,
}

impl<T: Float> Function<T> for GatherPlanes {
    fn name(&self) -> &'static str {
        "max_pool2d_gather"
    }

    fn output_shapes(&self, _: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(self.positions.shape()))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let (x, positions) = (inputs[0].contiguous(), &self.positions);
        let planes = x.shape()[0] * x.shape()[1];
        Value::build(positions.shape(), |y| {
            pool2d::gather_planes(planes, x.as_slice().expect("row-major"), positions.as_slice(), y);
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let shape = Shape::from_slice(cx.input_shape(0));
        single(apply_one(ScatterPlanes { shape, positions: self.positions.clone() }, &[only(grads)]))
    }
}

/// The mean of each window. It is linear: its rule spreads dy evenly over the windows, and the rule of that
/// is the mean again.
#[derive(Clone, Copy, Debug)]
pub struct AvgPool2d {
    /// The window.
    pub window: Pool2d,
}

impl<T: Float> Function<T> for AvgPool2d {
    fn name(&self) -> &'static str {
        "avg_pool2d"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        if self.window.dilation != [1, 1] {
            return Err(ShapeError::new("an average has no dilation"));
        }
        Ok(smallvec![self.window.pooled(inputs[0])?])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        let g = self.window.geometry(x.shape()).expect("checked by output_shapes");
        let shape = self.window.pooled(x.shape()).expect("checked by output_shapes");
        let Pool2d { count_include_pad, divisor_override, .. } = self.window;
        Value::build(&shape, |y| {
            pool2d::average(&g, count_include_pad, divisor_override, x.as_slice().expect("row-major"), y);
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let spread = AvgPool2dBackward { window: self.window, shape: Shape::from_slice(cx.input_shape(0)) };
        single(apply_one(spread, &[only(grads)]))
    }
}

/// The adjoint of [`AvgPool2d`].
#[derive(Clone, Debug)]
struct AvgPool2dBackward {
    window: Pool2d,
    shape: Shape,
}

impl<T: Float> Function<T> for AvgPool2dBackward {
    fn name(&self) -> &'static str {
        "avg_pool2d_backward"
    }

    fn output_shapes(&self, _: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let dy = inputs[0].contiguous();
        let g = self.window.geometry(&self.shape).expect("checked by the forward pass");
        let Pool2d { count_include_pad, divisor_override, .. } = self.window;
        Value::build(&self.shape, |dx| {
            let dy = dy.as_slice().expect("row-major");
            pool2d::average_gradient(&g, count_include_pad, divisor_override, dy, dx);
        })
        .into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(AvgPool2d { window: self.window }, &[only(grads)]))
    }
}

impl<T: Float> Tensor<T> {
    /// The largest element of each window of pictures [N, C, H, W]. The first of equal elements takes the
    /// gradient.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 1, 2, 4], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    /// assert_eq!(x.max_pool2d(2).to_vec(), [6.0, 8.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has not rank 4, the window does not fit into the padded picture, a size or stride is 0,
    /// or the padding is more than half of the window.
    #[track_caller]
    pub fn max_pool2d(&self, window: impl Into<Pool2d>) -> Self {
        apply_one(MaxPool2d { window: window.into() }, &[self])
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
        let (mut y, positions) = apply_with_indices(MaxPool2d { window: window.into() }, &[self]);
        (y.remove(0), positions.expect("a maximum has a position"))
    }

    /// The mean of each window of pictures [N, C, H, W].
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 1, 2, 4], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    /// assert_eq!(x.avg_pool2d(2).to_vec(), [3.5, 5.5]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has not rank 4, the window does not fit into the padded picture, a size, stride or the
    /// divisor is 0, the window is dilated, or the padding is more than half of the window.
    #[track_caller]
    pub fn avg_pool2d(&self, window: impl Into<Pool2d>) -> Self {
        apply_one(AvgPool2d { window: window.into() }, &[self])
    }
}
