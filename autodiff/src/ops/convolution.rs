//! Convolution in two dimensions, with its two gradients as functions.

use smallvec::smallvec;

use super::{one, only};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::conv2d::{self, Conv2dGeometry};
use crate::shape::{Shape, ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Conv2d, Conv2dInputGradient, Conv2dWeightGradient);

/// A size for each of the two spatial axes, height before width: one number for both, or a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pair(pub [usize; 2]);

impl From<usize> for Pair {
    fn from(n: usize) -> Self {
        Self([n, n])
    }
}

impl From<[usize; 2]> for Pair {
    fn from(pair: [usize; 2]) -> Self {
        Self(pair)
    }
}

impl From<(usize, usize)> for Pair {
    fn from((height, width): (usize, usize)) -> Self {
        Self([height, width])
    }
}

/// How a kernel moves over the picture: stride, padding, dilation, groups.
///
/// ```
/// use wengert::prelude::*;
///
/// let options = Conv2dOptions::new().stride(2).padding((1, 0)).groups(2);
/// let x = Tensor::<f32>::zeros([1, 4, 9, 9]);
/// let w = Tensor::zeros([6, 2, 3, 3]);
/// assert_eq!(x.conv2d(&w, None, options).shape(), [1, 6, 5, 4]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2dOptions {
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
    pub(crate) dilation: [usize; 2],
    pub(crate) groups: usize,
}

impl Default for Conv2dOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl Conv2dOptions {
    /// Stride 1, no padding, dilation 1, one group.
    pub const fn new() -> Self {
        Self { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 }
    }

    /// The step from one position of the kernel to the next (default: 1).
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        self.stride = stride.into().0;
        self
    }

    /// Zeros added on each side of the picture (default: 0).
    pub fn padding(mut self, padding: impl Into<Pair>) -> Self {
        self.padding = padding.into().0;
        self
    }

    /// The distance between neighbouring taps of the kernel (default: 1).
    pub fn dilation(mut self, dilation: impl Into<Pair>) -> Self {
        self.dilation = dilation.into().0;
        self
    }

    /// Into how many groups the channels are divided, each convolved by itself (default: 1).
    pub const fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// The geometry for a picture and a weight of these shapes.
    fn geometry(&self, x: &[usize], w: &[usize]) -> Result<Conv2dGeometry, ShapeError> {
        let fail = |detail: String| Err(ShapeError::new(detail));
        let &[batch, in_channels, height, width] = x else {
            return fail(format!("the input {x:?} is not [batch, channels, height, width]"));
        };
        let &[out_channels, in_group, kernel_height, kernel_width] = w else {
            return fail(format!(
                "the weight {w:?} is not [out channels, in channels / groups, height, width]"
            ));
        };
        if self.stride.contains(&0) || self.dilation.contains(&0) || self.groups == 0 {
            return fail(format!(
                "stride {:?}, dilation {:?} and groups {} must be at least 1",
                self.stride, self.dilation, self.groups
            ));
        }
        if !in_channels.is_multiple_of(self.groups) {
            return fail(format!(
                "axis 1 of the input has {in_channels} channels, which do not divide into {} groups",
                self.groups
            ));
        }
        if !out_channels.is_multiple_of(self.groups) {
            return fail(format!(
                "axis 0 of the weight has {out_channels} channels, which do not divide into {} groups",
                self.groups
            ));
        }
        if in_group != in_channels / self.groups {
            return fail(format!(
                "axis 1 of the weight has {in_group} channels, the input has {in_channels} in {} groups",
                self.groups
            ));
        }
        let geometry = Conv2dGeometry {
            batch,
            in_channels,
            height,
            width,
            out_channels,
            kernel: [kernel_height, kernel_width],
            stride: self.stride,
            padding: self.padding,
            dilation: self.dilation,
            groups: self.groups,
        };
        for (axis, n) in [height, width].into_iter().enumerate() {
            let kernel = geometry.kernel[axis];
            let extent =
                conv2d::output_extent(n, kernel, self.stride[axis], self.padding[axis], self.dilation[axis]);
            if extent.is_none() {
                return fail(format!(
                    "the kernel of {kernel} with dilation {} does not fit into axis {} of {n} with padding {}",
                    self.dilation[axis],
                    axis + 2,
                    self.padding[axis]
                ));
            }
        }
        Ok(geometry)
    }
}

impl From<()> for Conv2dOptions {
    fn from((): ()) -> Self {
        Self::new()
    }
}

fn output_shape(g: &Conv2dGeometry) -> Shape {
    let [p, q] = g.output();
    Shape::from_slice(&[g.batch, g.out_channels, p, q])
}

/// y = x ⋆ w + b, cross-correlation, for inputs x, w and perhaps b.
///
/// y\[n, k, p, q\] = b\[k\] + Σ x\[n, c, s·p + d·r − pad, s·q + d·t − pad\]·w\[k, c, r, t\] over the channels c of
/// k's group and the taps r, t. Rule: dx and dw by the two functions below, db = Σ dy over n, p, q.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conv2d {
    /// Stride, padding, dilation, groups.
    pub options: Conv2dOptions,
}

impl<T: Float> Function<T> for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let g = self.options.geometry(inputs[0], inputs[1])?;
        if let Some(&bias) = inputs.get(2)
            && bias != [g.out_channels]
        {
            return Err(ShapeError::new(format!(
                "the bias {bias:?} is not [{}], one number for each output channel",
                g.out_channels
            )));
        }
        Ok(smallvec![output_shape(&g)])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        if cx.needs(0) {
            cx.save_input(1);
        }
        if cx.needs(1) {
            cx.save_input(0);
        }
        let (x, w) = (inputs[0].contiguous(), inputs[1].contiguous());
        let b = inputs.get(2).map(|b| b.contiguous());
        let g = self.options.geometry(x.shape(), w.shape()).expect("checked by output_shapes");
        Value::build(&output_shape(&g), |y| {
            let b = b.as_ref().map(|b| b.as_slice().expect("row-major"));
            conv2d::forward(&g, x.as_slice().expect("row-major"), w.as_slice().expect("row-major"), b, y);
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let dy = only(grads);
        let options = self.options;
        let mut out: InputGradients<T> = smallvec![
            cx.needs(0).then(|| {
                let shape = Shape::from_slice(cx.input_shape(0));
                apply_one(Conv2dInputGradient { options, shape }, &[dy, &cx.input(1)])
            }),
            cx.needs(1).then(|| {
                let shape = Shape::from_slice(cx.input_shape(1));
                apply_one(Conv2dWeightGradient { options, shape }, &[&cx.input(0), dy])
            }),
        ];
        if cx.inputs() == 3 {
            out.push(cx.needs(2).then(|| dy.sum([0, 2, 3])));
        }
        out
    }
}

/// The gradient of a convolution's input, which is the transposed convolution of dy with w. It is linear in
/// both: its rule is a convolution and a weight gradient.
#[derive(Clone, Debug)]
pub struct Conv2dInputGradient {
    /// Stride, padding, dilation, groups of the convolution.
    pub options: Conv2dOptions,
    /// The shape of the convolution's input.
    pub shape: Shape,
}

/// dy must have the shape of the convolution's output.
fn check_output(g: &Conv2dGeometry, dy: &[usize]) -> Result<(), ShapeError> {
    let expected = output_shape(g);
    if dy == &expected[..] {
        return Ok(());
    }
    Err(ShapeError::new(format!("the gradient {dy:?} has not the shape of the output, {:?}", &expected[..])))
}

impl<T: Float> Function<T> for Conv2dInputGradient {
    fn name(&self) -> &'static str {
        "conv2d_input_gradient"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        check_output(&self.options.geometry(&self.shape, inputs[1])?, inputs[0])?;
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        if cx.needs(0) {
            cx.save_input(1);
        }
        if cx.needs(1) {
            cx.save_input(0);
        }
        let (dy, w) = (inputs[0].contiguous(), inputs[1].contiguous());
        let g = self.options.geometry(&self.shape, w.shape()).expect("checked by output_shapes");
        Value::build(&self.shape, |dx| {
            conv2d::input_gradient(
                &g,
                dy.as_slice().expect("row-major"),
                w.as_slice().expect("row-major"),
                dx,
            );
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let g = only(grads);
        let options = self.options;
        smallvec![
            cx.needs(0).then(|| apply_one(Conv2d { options }, &[g, &cx.input(1)])),
            cx.needs(1).then(|| {
                let shape = Shape::from_slice(cx.input_shape(1));
                apply_one(Conv2dWeightGradient { options, shape }, &[g, &cx.input(0)])
            }),
        ]
    }
}

/// The gradient of a convolution's weight, for inputs x and dy. It is linear in both: its rule is an input
/// gradient and a convolution.
#[derive(Clone, Debug)]
pub struct Conv2dWeightGradient {
    /// Stride, padding, dilation, groups of the convolution.
    pub options: Conv2dOptions,
    /// The shape of the convolution's weight.
    pub shape: Shape,
}

impl<T: Float> Function<T> for Conv2dWeightGradient {
    fn name(&self) -> &'static str {
        "conv2d_weight_gradient"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        check_output(&self.options.geometry(inputs[0], &self.shape)?, inputs[1])?;
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        if cx.needs(0) {
            cx.save_input(1);
        }
        if cx.needs(1) {
            cx.save_input(0);
        }
        let (x, dy) = (inputs[0].contiguous(), inputs[1].contiguous());
        let g = self.options.geometry(x.shape(), &self.shape).expect("checked by output_shapes");
        Value::build(&self.shape, |dw| {
            conv2d::weight_gradient(
                &g,
                x.as_slice().expect("row-major"),
                dy.as_slice().expect("row-major"),
                dw,
            );
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let g = only(grads);
        let options = self.options;
        smallvec![
            cx.needs(0).then(|| {
                let shape = Shape::from_slice(cx.input_shape(0));
                apply_one(Conv2dInputGradient { options, shape }, &[&cx.input(1), g])
            }),
            cx.needs(1).then(|| apply_one(Conv2d { options }, &[&cx.input(0), g])),
        ]
    }
}

impl<T: Float> Tensor<T> {
    /// Convolution of pictures [N, C, H, W] with a weight [K, C / groups, R, S] and perhaps a bias \[K\], as
    /// cross-correlation: the kernel is not flipped. The result is [N, K, P, Q] with
    /// P = ⌊(H + 2·padding − dilation·(R − 1) − 1) / stride⌋ + 1, and Q likewise.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f32>::ones([1, 1, 3, 3]);
    /// let w = Tensor::ones([1, 1, 2, 2]);
    /// assert_eq!(x.conv2d(&w, None, ()).to_vec(), [4.0; 4]);
    /// let same = Conv2dOptions::new().padding(1);
    /// assert_eq!(x.conv2d(&Tensor::ones([1, 1, 3, 3]), None, same).shape(), [1, 1, 3, 3]);
    /// ```
    ///
    /// # Panics
    /// If the shapes are not these, the channels do not divide into the groups, the kernel is larger than
    /// the padded picture, or stride, dilation or groups is 0.
    #[track_caller]
    pub fn conv2d(&self, weight: &Self, bias: Option<&Self>, options: impl Into<Conv2dOptions>) -> Self {
        let function = Conv2d { options: options.into() };
        match bias {
            Some(bias) => apply_one(function, &[self, weight, bias]),
            None => apply_one(function, &[self, weight]),
        }
    }
}
