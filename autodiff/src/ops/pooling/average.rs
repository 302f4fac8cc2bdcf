//! Averages of windows, and norms, which are built of them.

use smallvec::{SmallVec, smallvec};

use super::super::{one, only, single};
use super::window::{AdaptiveSizes, Pool, Pool1d, Pool2d, Pool3d, Windows};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::pool2d;
use crate::kernels::scratch::Scratch;
use crate::shape::{Shape, ShapeError, Shapes, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(AvgPool, AvgPoolBackward);

/// The mean of each window. It is linear: its rule spreads dy evenly over the windows, and the rule of that
/// is the mean again.
#[derive(Clone, Copy, Debug)]
pub struct AvgPool {
    /// The windows.
    pub windows: Windows,
}

impl Windows {
    /// Whether an average counts the padding, and what it divides by in place of the number of elements.
    fn divisor(&self) -> (bool, Option<usize>) {
        self.pool().map_or((false, None), |pool| (pool.count_include_pad, pool.divisor_override))
    }
}

/// What the pass over the depth divides by: nothing more where the first pass has divided by a given number.
fn divisor_of_depth(divisor: Option<usize>) -> Option<usize> {
    divisor.map(|_| 1)
}

impl<T: Float> Function<T> for AvgPool {
    fn name(&self) -> &'static str {
        self.windows.name([
            "avg_pool1d",
            "avg_pool2d",
            "avg_pool3d",
            "adaptive_avg_pool1d",
            "adaptive_avg_pool2d",
            "adaptive_avg_pool3d",
        ])
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        if self.windows.pool().is_some_and(|pool| pool.dilation != [1; 3]) {
            return Err(ShapeError::new("an average has no dilation"));
        }
        Ok(smallvec![self.windows.passes(inputs[0])?.output])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        let passes = self.windows.passes(x.shape()).expect("checked by output_shapes");
        let (count, divisor) = self.windows.divisor();
        Value::build(&passes.output, |y| {
            let x = x.as_slice().expect("row-major");
            match &passes.depth {
                None => pool2d::average(&passes.plane, count, divisor, x, y),
                Some(depth) => {
                    let mut slices = Scratch::new(depth.planes() * depth.input_plane());
                    pool2d::average(&passes.plane, count, divisor, x, &mut slices);
                    pool2d::average(depth, count, divisor_of_depth(divisor), &slices, y);
                }
            }
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let spread = AvgPoolBackward { windows: self.windows, shape: Shape::from_slice(cx.input_shape(0)) };
        single(apply_one(spread, &[only(grads)]))
    }
}

/// The adjoint of [`AvgPool`].
#[derive(Clone, Debug)]
struct AvgPoolBackward {
    windows: Windows,
    shape: Shape,
}

impl<T: Float> Function<T> for AvgPoolBackward {
    fn name(&self) -> &'static str {
        "avg_pool_backward"
    }

    fn output_shapes(&self, _: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let dy = inputs[0].contiguous();
        let passes = self.windows.passes(&self.shape).expect("checked by the forward pass");
        let (count, divisor) = self.windows.divisor();
        Value::build(&self.shape, |dx| {
            let dy = dy.as_slice().expect("row-major");
            match &passes.depth {
                None => pool2d::average_gradient(&passes.plane, count, divisor, dy, dx),
                Some(depth) => {
                    let mut slices = Scratch::new(depth.planes() * depth.input_plane());
                    pool2d::average_gradient(depth, count, divisor_of_depth(divisor), dy, &mut slices);
                    pool2d::average_gradient(&passes.plane, count, divisor, &slices, dx);
                }
            }
        })
        .into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(AvgPool { windows: self.windows }, &[only(grads)]))
    }
}

/// The axes of [N, C, …] after the second.
#[track_caller]
pub(super) fn global_axes(name: &'static str, shape: &[usize]) -> SmallVec<[isize; 4]> {
    if shape.len() < 3 {
        refuse(
            ShapeError::new("the input is not [batch, channels, …] with one axis more").of(name, &[shape]),
        );
    }
    (2..shape.len() as isize).collect()
}

/// (Σ xᵖ)^(1/p) over the windows, as k times their mean.
#[track_caller]
fn lp_pool<T: Float, const D: usize>(name: &'static str, x: &Tensor<T>, p: f64, pool: Pool<D>) -> Tensor<T> {
    let refused = if !(p > 0.0 && p.is_finite()) {
        format!("the exponent {p} is not a positive number")
    } else if pool.padding != [0; D] {
        format!("the windows have padding {:?}", pool.padding)
    } else if pool.divisor_override.is_some() {
        "a norm has no divisor".into()
    } else {
        let mean = apply_one(AvgPool { windows: Windows::sliding(pool) }, &[&x.pow(p)]);
        return (mean * pool.kernel.iter().product::<usize>() as f64).pow(p.recip());
    };
    refuse(ShapeError::new(refused).of(name, &[x.shape()]))
}

impl<T: Float> Tensor<T> {
    /// The mean of each window of rows [N, C, L] or [C, L]:
    /// y\[p\] = Σ over r of x\[p·stride + r − padding\], divided by the window's size.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 1, 4], vec![1.0, 3.0, 2.0, 6.0]);
    /// assert_eq!(x.avg_pool1d(2).to_vec(), [2.0, 4.0]);
    /// assert_eq!(x.avg_pool1d(Pool1d::new(2).padding(1)).to_vec(), [0.5, 2.5, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has another rank, the window does not fit into the padded row, a size, stride or the
    /// divisor is 0, the window is dilated, or the padding is more than half of the window.
    #[track_caller]
    pub fn avg_pool1d(&self, window: impl Into<Pool1d>) -> Self {
        apply_one(AvgPool { windows: Windows::sliding(window.into()) }, &[self])
    }

    /// The mean of each window of pictures [N, C, H, W] or [C, H, W].
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 1, 2, 4], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    /// assert_eq!(x.avg_pool2d(2).to_vec(), [3.5, 5.5]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has another rank, the window does not fit into the padded picture, a size, stride or the
    /// divisor is 0, the window is dilated, or the padding is more than half of the window.
    #[track_caller]
    pub fn avg_pool2d(&self, window: impl Into<Pool2d>) -> Self {
        apply_one(AvgPool { windows: Windows::sliding(window.into()) }, &[self])
    }

    /// The mean of each window of volumes [N, C, D, H, W] or [C, D, H, W].
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 2, 2], vec![1.0, 2.0, 3.0, 4.0, 8.0, 7.0, 6.0, 5.0]);
    /// assert_eq!(x.avg_pool3d(2).to_vec(), [4.5]);
    /// assert_eq!(x.avg_pool3d((1, 2, 2)).to_vec(), [2.5, 6.5]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has another rank, the window does not fit into the padded volume, a size, stride or the
    /// divisor is 0, the window is dilated, or the padding is more than half of the window.
    #[track_caller]
    pub fn avg_pool3d(&self, window: impl Into<Pool3d>) -> Self {
        apply_one(AvgPool { windows: Windows::sliding(window.into()) }, &[self])
    }

    /// Rows [N, C, L] or [C, L] pooled to a length by the mean of each window ⌊i·n/m⌋ .. ⌈(i+1)·n/m⌉ of n
    /// elements into m. `None` keeps the length.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 5], vec![1.0, 3.0, 2.0, 5.0, 8.0]);
    /// assert_eq!(x.adaptive_avg_pool1d(2).to_vec(), [2.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has another rank, a row is empty, or the size is 0.
    #[track_caller]
    pub fn adaptive_avg_pool1d(&self, size: impl Into<AdaptiveSizes<1>>) -> Self {
        apply_one(AvgPool { windows: Windows::adaptive(size.into()) }, &[self])
    }

    /// Pictures [N, C, H, W] or [C, H, W] pooled to a size by the mean of each window, which is
    /// ⌊i·n/m⌋ .. ⌈(i+1)·n/m⌉ along an axis of n elements pooled to m. `None` keeps an axis.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 3], vec![1.0, 2.0, 3.0, 6.0, 5.0, 4.0]);
    /// assert_eq!(x.adaptive_avg_pool2d(1).to_vec(), [3.5]);
    /// assert_eq!(x.adaptive_avg_pool2d([None, Some(2)]).to_vec(), [1.5, 2.5, 5.5, 4.5]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has another rank, a picture is empty, or a size is 0.
    #[track_caller]
    pub fn adaptive_avg_pool2d(&self, size: impl Into<AdaptiveSizes<2>>) -> Self {
        apply_one(AvgPool { windows: Windows::adaptive(size.into()) }, &[self])
    }

    /// Volumes [N, C, D, H, W] or [C, D, H, W] pooled to a size by the mean of each window, which is
    /// ⌊i·n/m⌋ .. ⌈(i+1)·n/m⌉ along an axis of n elements pooled to m. `None` keeps an axis.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::zeros([2, 3, 7, 5, 4]);
    /// assert_eq!(x.adaptive_avg_pool3d([Some(2), None, Some(3)]).shape(), [2, 3, 2, 5, 3]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has another rank, a volume is empty, or a size is 0.
    #[track_caller]
    pub fn adaptive_avg_pool3d(&self, size: impl Into<AdaptiveSizes<3>>) -> Self {
        apply_one(AvgPool { windows: Windows::adaptive(size.into()) }, &[self])
    }

    /// The mean of each channel of [N, C, …] (Lin et al., Network in network, 2014): a tensor [N, C].
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 1, 2], vec![1.0, 2.0, 4.0, 3.0]);
    /// assert_eq!(x.global_avg_pool().to_vec(), [1.5, 3.5]);
    /// ```
    ///
    /// # Panics
    /// If the rank is below 3.
    #[track_caller]
    pub fn global_avg_pool(&self) -> Self {
        let axes = global_axes("global_avg_pool", self.shape());
        self.mean(&axes[..])
    }

    /// The p-norm of each window of rows [N, C, L] or [C, L]: y = (Σ xᵖ)^(1/p).
    ///
    /// As in PyTorch there are no absolute values, so an odd p wants an input that is not negative; the
    /// gradient of a window of zeros is NaN for p > 1; and in ceil mode a last window of which only a part
    /// lies in the input counts as if the rest were like that part.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 4], vec![3.0, -4.0, 6.0, 8.0]);
    /// assert_eq!(x.lp_pool1d(2.0, 2).to_vec(), [5.0, 10.0]);
    /// ```
    ///
    /// # Panics
    /// If p is not a positive number, the window has padding, dilation or a divisor, or as
    /// [`avg_pool1d`](Self::avg_pool1d).
    #[track_caller]
    pub fn lp_pool1d(&self, p: f64, window: impl Into<Pool1d>) -> Self {
        lp_pool("lp_pool1d", self, p, window.into())
    }

    /// The p-norm of each window of pictures [N, C, H, W] or [C, H, W], as [`lp_pool1d`](Self::lp_pool1d).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 2], vec![1.0, 1.0, 1.0, 1.0]);
    /// assert_eq!(x.lp_pool2d(2.0, 2).to_vec(), [2.0]);
    /// ```
    ///
    /// # Panics
    /// If p is not a positive number, the window has padding, dilation or a divisor, or as
    /// [`avg_pool2d`](Self::avg_pool2d).
    #[track_caller]
    pub fn lp_pool2d(&self, p: f64, window: impl Into<Pool2d>) -> Self {
        lp_pool("lp_pool2d", self, p, window.into())
    }

    /// The p-norm of each window of volumes [N, C, D, H, W] or [C, D, H, W], as
    /// [`lp_pool1d`](Self::lp_pool1d).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 1, 2], vec![3.0, 6.0, 4.0, 8.0]);
    /// assert_eq!(x.lp_pool3d(2.0, (2, 1, 1)).to_vec(), [5.0, 10.0]);
    /// ```
    ///
    /// # Panics
    /// If p is not a positive number, the window has padding, dilation or a divisor, or as
    /// [`avg_pool3d`](Self::avg_pool3d).
    #[track_caller]
    pub fn lp_pool3d(&self, p: f64, window: impl Into<Pool3d>) -> Self {
        lp_pool("lp_pool3d", self, p, window.into())
    }
}
