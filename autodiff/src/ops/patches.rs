//! Sliding windows: along one axis, and as the patches of pictures.

use serde::{Deserialize, Serialize};
use smallvec::smallvec;

use super::{IndexSelect, only, single};
use super::{Pair, Sizes};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::conv2d::Conv2dGeometry;
use crate::kernels::conv3d::output_extent;
use crate::kernels::patches as kernel;
use crate::shape::{Shape, ShapeError, Shapes, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Unfold, Fold);

/// The patches of a picture: their size, and how they lie on it.
///
/// A number or a pair stands for patches of that size at every place. In a file it is a map of the fields, of which all
/// but `kernel` may be left out.
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::zeros([1, 3, 8, 8]);
/// assert_eq!(x.unfold(3).shape(), [1, 27, 36]);
/// assert_eq!(x.unfold(Patches::new(3).padding(1).stride(2)).shape(), [1, 27, 16]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patches {
    /// Their height and width.
    #[serde(alias = "kernel_size")]
    pub kernel: Pair,
    /// The distance between neighbouring elements of a patch.
    #[serde(default = "one")]
    pub dilation: Pair,
    /// Zeros on each side of the picture.
    #[serde(default = "zero")]
    pub padding: Pair,
    /// The step from one patch to the next.
    #[serde(default = "one")]
    pub stride: Pair,
}

fn zero() -> Pair {
    Sizes([0, 0])
}

fn one() -> Pair {
    Sizes([1, 1])
}

impl Patches {
    /// Patches of a size at every place.
    pub fn new(kernel: impl Into<Pair>) -> Self {
        Self { kernel: kernel.into(), dilation: one(), padding: zero(), stride: one() }
    }

    /// The distance between neighbouring elements of a patch (default: 1).
    pub fn dilation(mut self, dilation: impl Into<Pair>) -> Self {
        self.dilation = dilation.into();
        self
    }

    /// Zeros on each side of the picture (default: 0).
    pub fn padding(mut self, padding: impl Into<Pair>) -> Self {
        self.padding = padding.into();
        self
    }

    /// The step from one patch to the next (default: 1).
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        self.stride = stride.into();
        self
    }

    /// The sizes for planes of a height and a width.
    fn geometry(&self, planes: usize, [height, width]: [usize; 2]) -> Result<Conv2dGeometry, ShapeError> {
        let mut output = [0; 2];
        for (axis, n) in [height, width].into_iter().enumerate() {
            let [kernel, stride] = [self.kernel.0[axis], self.stride.0[axis]];
            let (padding, dilation) = (self.padding.0[axis], self.dilation.0[axis]);
            let both = isize::try_from(padding).map(|p| [p, p]);
            let extent = both.ok().and_then(|both| output_extent(n, kernel, stride, both, dilation));
            let Some(extent) = extent else {
                return Err(ShapeError::new(format!(
                    "no patch of {kernel} with stride {stride} and dilation {dilation} fits into the {} {n} with \
                     padding {padding}",
                    ["height", "width"][axis]
                )));
            };
            output[axis] = extent;
        }
        Ok(Conv2dGeometry {
            batch: 1,
            in_channels: planes,
            height,
            width,
            out_channels: 1,
            kernel: self.kernel.0,
            stride: self.stride.0,
            padding: self.padding.0,
            dilation: self.dilation.0,
            output,
            groups: 1,
        })
    }

    fn taps(&self) -> usize {
        self.kernel.0[0].saturating_mul(self.kernel.0[1])
    }
}

impl From<usize> for Patches {
    fn from(kernel: usize) -> Self {
        Self::new(kernel)
    }
}

impl From<[usize; 2]> for Patches {
    fn from(kernel: [usize; 2]) -> Self {
        Self::new(kernel)
    }
}

impl From<(usize, usize)> for Patches {
    fn from(kernel: (usize, usize)) -> Self {
        Self::new(kernel)
    }
}

/// The patches of pictures as columns (im2col): [N, C, H, W] → [N, C·kₕ·k_w, L] with the L patches in row-major
/// order, or the same without N. Rule: dx = dy folded.
#[derive(Clone, Copy, Debug)]
pub struct Unfold {
    /// The patches.
    pub patches: Patches,
}

impl<T: Float> Function<T> for Unfold {
    fn name(&self) -> &'static str {
        "unfold"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let (outer, [c, h, w]) = match *inputs[0] {
            [n, c, h, w] => (Some(n), [c, h, w]),
            [c, h, w] => (None, [c, h, w]),
            _ => return Err(ShapeError::new("the input is not [batch, channels, height, width]")),
        };
        let [p, q] = self.patches.geometry(c, [h, w])?.output;
        let sizes = [c.saturating_mul(self.patches.taps()), p.saturating_mul(q)];
        Ok(smallvec![outer.into_iter().chain(sizes).collect()])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        let [ref outer @ .., h, w] = *x.shape() else { unreachable!("checked by output_shapes") };
        let g = self.patches.geometry(outer.iter().product(), [h, w]).expect("checked by output_shapes");
        let [p, q] = g.output;
        let mut shape = Shape::from_slice(outer);
        *shape.last_mut().expect("channels") *= self.patches.taps();
        shape.push(p * q);
        Value::build(&shape, |out| kernel::unfold(&g, x.as_slice().expect("row-major"), out)).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let [.., height, width] = *cx.input_shape(0) else { unreachable!("checked by output_shapes") };
        single(apply_one(Fold { output_size: [height, width], patches: self.patches }, &[only(grads)]))
    }
}

/// Patches added where they lie on a picture (col2im): [N, C·kₕ·k_w, L] → [N, C, H, W], or the same without N.
/// Rule: dx = dy unfolded.
#[derive(Clone, Copy, Debug)]
pub struct Fold {
    /// The picture's height and width.
    pub output_size: [usize; 2],
    /// The patches.
    pub patches: Patches,
}

impl<T: Float> Function<T> for Fold {
    fn name(&self) -> &'static str {
        "fold"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let (outer, [rows, places]) = match *inputs[0] {
            [n, rows, places] => (Some(n), [rows, places]),
            [rows, places] => (None, [rows, places]),
            _ => return Err(ShapeError::new("the input is not [batch, channels × kernel, patches]")),
        };
        let [height, width] = self.output_size;
        let [p, q] = self.patches.geometry(1, self.output_size)?.output;
        let taps = self.patches.taps();
        if rows % taps != 0 {
            return Err(ShapeError::new(format!(
                "its {rows} rows are no multiple of the {taps} elements of a patch"
            )));
        }
        if p.checked_mul(q) != Some(places) {
            return Err(ShapeError::new(format!(
                "it has {places} patches, but {p} by {q} of them lie on a picture of {height} by {width}"
            )));
        }
        Ok(smallvec![outer.into_iter().chain([rows / taps, height, width]).collect()])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        let [ref outer @ .., _] = *x.shape() else { unreachable!("checked by output_shapes") };
        let mut shape = Shape::from_slice(outer);
        *shape.last_mut().expect("rows") /= self.patches.taps();
        let planes = shape.iter().product();
        shape.extend(self.output_size);
        let g = self.patches.geometry(planes, self.output_size).expect("checked by output_shapes");
        Value::build(&shape, |out| kernel::fold(&g, x.as_slice().expect("row-major"), out)).into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(Unfold { patches: self.patches }, &[only(grads)]))
    }
}

impl<T: Float> Tensor<T> {
    /// The patches of pictures as columns (im2col), zeros in the padding: [N, C, H, W] → [N, C·kₕ·k_w, L], where L
    /// counts the patches in row-major order; also without N.
    ///
    /// A convolution is the product of its weights [K, C·kₕ·k_w] with this. Sliding windows along one axis are
    /// [`windows`](Self::windows).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 1, 2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// let columns = x.unfold([2, 2]);
    /// assert_eq!(columns.shape(), [1, 4, 2]);
    /// assert_eq!(columns.to_vec(), [1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 5.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If the input has another rank, or no patch fits.
    #[track_caller]
    pub fn unfold(&self, patches: impl Into<Patches>) -> Self {
        apply_one(Unfold { patches: patches.into() }, &[self])
    }

    /// Patches added where they lie on pictures of a height and a width (col2im): [N, C·kₕ·k_w, L] →
    /// [N, C, H, W]; also without N. What lies in the padding is left out.
    ///
    /// It is the adjoint of [`unfold`](Self::unfold), not its inverse: elements of several patches are their sum.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let columns = Tensor::<f64>::ones([1, 4, 2]);
    /// assert_eq!(columns.fold([2, 3], [2, 2]).to_vec(), [1.0, 2.0, 1.0, 1.0, 2.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the input has another rank, or not the rows and patches of such pictures.
    #[track_caller]
    pub fn fold(&self, output_size: impl Into<Pair>, patches: impl Into<Patches>) -> Self {
        apply_one(Fold { output_size: output_size.into().0, patches: patches.into() }, &[self])
    }

    /// All windows of `size` elements along an axis, one every `step`: the axis counts the windows, and a new last
    /// axis their elements. It is what PyTorch calls `Tensor.unfold`.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([5], vec![0.0, 1.0, 2.0, 3.0, 4.0]);
    /// let windows = x.windows(0, 3, 2);
    /// assert_eq!(windows.shape(), [2, 3]);
    /// assert_eq!(windows.to_vec(), [0.0, 1.0, 2.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(Tensor::<f32>::zeros([4, 6, 2]).windows(1, 2, 1).shape(), [4, 5, 2, 2]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or shorter than a window, or the step is 0.
    #[track_caller]
    pub fn windows(&self, axis: isize, size: usize, step: usize) -> Self {
        let axis = self.axis("windows", axis);
        let n = self.shape()[axis];
        if step == 0 || size > n {
            refuse(
                ShapeError::new(format!(
                    "windows of {size} with step {step} do not fit into axis {axis} of {n} elements"
                ))
                .of("windows", &[self.shape()]),
            );
        }
        let count = (n - size) / step + 1;
        let elements = (0..count).flat_map(|i| i * step..i * step + size).map(|i| i as i64).collect();
        let indices = crate::Indices::from_vec([count, size], elements);
        apply_one(IndexSelect { axis, indices }, &[self]).movedim([axis as isize + 1], [-1])
    }
}
