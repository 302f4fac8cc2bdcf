//! One kernel for every plane, as in image processing.

use ndarray::Slice;

use super::Conv2dOptions;
use crate::Float;
use crate::shape::{ShapeError, refuse};
use crate::tensor::Tensor;

impl<T: Float> Tensor<T> {
    /// Cross-correlation of each plane of [..., H, W] with one kernel [R, S]:
    /// y\[i, j\] = Σ x\[i + r, j + s\]·k\[r, s\]. The kernels of [`filters`](crate::filters) are meant for it.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::from_vec([2, 3], vec![1.0, 2.0, 4.0, 1.0, 3.0, 9.0]);
    /// let difference = Tensor::from_vec([1, 2], vec![1.0, -1.0]);
    /// assert_eq!(x.correlate2d(&difference, ()).to_vec(), [-1.0, -2.0, -2.0, -6.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has no planes, the kernel is not [R, S] or does not fit into the padded plane, a stride or
    /// dilation is 0, or there are several groups.
    #[track_caller]
    pub fn correlate2d(&self, kernel: &Self, options: impl Into<Conv2dOptions>) -> Self {
        filter("correlate2d", self, kernel, options.into(), false)
    }

    /// Convolution in the sense of mathematics of each plane of [..., H, W] with one kernel [R, S], which is
    /// cross-correlation with the kernel flipped along both axes: y\[i, j\] = Σ x\[i + r, j + s\]·k\[R−1−r, S−1−s\].
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let mut impulse = vec![0.0; 25];
    /// impulse[12] = 1.0;
    /// let impulse = Tensor::<f32>::from_vec([5, 5], impulse);
    /// let kernel = Tensor::from_vec([3, 3], (1..10).map(|k| k as f32).collect());
    /// // The answer to an impulse is the kernel; correlation gives it flipped.
    /// assert_eq!(impulse.convolve2d(&kernel, ()).to_vec(), kernel.to_vec());
    /// let flipped = [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0];
    /// assert_eq!(impulse.correlate2d(&kernel, ()).to_vec(), flipped);
    /// ```
    ///
    /// # Panics
    /// As [`correlate2d`](Self::correlate2d).
    #[track_caller]
    pub fn convolve2d(&self, kernel: &Self, options: impl Into<Conv2dOptions>) -> Self {
        filter("convolve2d", self, kernel, options.into(), true)
    }
}

/// What must be true before the planes are pictures of a convolution, which checks the rest.
fn check(x: &[usize], kernel: &[usize], options: &Conv2dOptions) -> Result<(), ShapeError> {
    if x.len() < 2 {
        return Err(ShapeError::new(format!("the input {x:?} is not [..., height, width]")));
    }
    if kernel.len() != 2 {
        return Err(ShapeError::new(format!("the kernel {kernel:?} is not [height, width]")));
    }
    if options.groups != 1 {
        return Err(ShapeError::new(format!("one kernel does not divide into {} groups", options.groups)));
    }
    Ok(())
}

#[track_caller]
fn filter<T: Float>(
    name: &'static str,
    x: &Tensor<T>,
    kernel: &Tensor<T>,
    options: Conv2dOptions,
    flipped: bool,
) -> Tensor<T> {
    if let Err(error) = check(x.shape(), kernel.shape(), &options) {
        refuse(error.of(name, &[x.shape(), kernel.shape()]));
    }
    let (leading, plane) = x.shape().split_at(x.ndim() - 2);
    let planes = x.reshape([leading.iter().product(), 1, plane[0], plane[1]]);
    let backward = Slice::new(0, None, -1);
    let kernel = if flipped { kernel.slice(0, backward).slice(1, backward) } else { kernel.clone() };
    let y = planes.conv2d(&kernel.unsqueeze(0).unsqueeze(0), None, options);
    let shape: Vec<usize> = leading.iter().chain(&y.shape()[2..]).copied().collect();
    y.reshape(shape)
}
