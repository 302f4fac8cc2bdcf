//! The three functions of a convolution, a set closed under differentiation.

use smallvec::smallvec;

use super::options::{ConvOptions, ConvTransposeOptions};
use super::window::Window;
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::conv3d::{self, Conv3dGeometry};
use crate::kernels::epilogue::Epilogue;
use crate::ops::epilogue::Followed;
use crate::ops::{one, only};
use crate::shape::{Shape, ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Convolution, ConvolutionTranspose, ConvolutionWeightGradient);

/// y = x ⋆ w + b, cross-correlation in one to three dimensions, for inputs x, w and perhaps b.
///
/// y\[n, k, p\] = b\[k\] + Σ x\[n, c, s·p + d·r − pad\]·w\[k, c, r\] over the channels c of k's group and the taps r,
/// where p, r, s, d and pad stand for all spatial axes. Rule: dx and dw by the two functions below, db = Σ dy over
/// n and p.
#[derive(Clone, Copy, Debug)]
pub struct Convolution {
    window: Window,
}

impl Convolution {
    /// A convolution with these options.
    pub fn new<const D: usize>(options: impl Into<ConvOptions<D>>) -> Self {
        Self { window: options.into().into() }
    }
}

/// The transposed convolution of dy with w (and perhaps b added), which is the gradient of a convolution's input.
///
/// dx\[n, c, s·p + d·r − pad\] = b\[c\] + Σ dy\[n, k, p\]·w\[k, c, r\] over the channels k of c's group and all p and
/// r that meet there. It is linear in both: its rule is a convolution and a weight gradient.
#[derive(Clone, Debug)]
pub struct ConvolutionTranspose {
    window: Window,
    /// The shape of the result; the smallest one if it is left open.
    shape: Option<Shape>,
}

impl ConvolutionTranspose {
    /// A transposed convolution with these options.
    pub fn new<const D: usize>(options: impl Into<ConvTransposeOptions<D>>) -> Self {
        Self { window: options.into().into(), shape: None }
    }

    /// The gradient of the input, of this shape, of a convolution with these options.
    pub fn input_gradient<const D: usize>(options: impl Into<ConvOptions<D>>, shape: &[usize]) -> Self {
        Self { window: options.into().into(), shape: Some(Shape::from_slice(shape)) }
    }

    /// The shape of the result for dy and w of these shapes.
    fn shape(&self, dy: &[usize], w: &[usize]) -> Result<Shape, ShapeError> {
        match &self.shape {
            Some(shape) => Ok(shape.clone()),
            None => self.window.transposed_shape(dy, w),
        }
    }
}

/// The gradient of a convolution's weight, for inputs x and dy. It is linear in both: its rule is an input
/// gradient and a convolution.
#[derive(Clone, Debug)]
pub struct ConvolutionWeightGradient {
    window: Window,
    /// The shape of the convolution's weight.
    shape: Shape,
}

impl ConvolutionWeightGradient {
    /// The gradient of the weight, of this shape, of a convolution with these options.
    pub fn new<const D: usize>(options: impl Into<ConvOptions<D>>, shape: &[usize]) -> Self {
        Self { window: options.into().into(), shape: Shape::from_slice(shape) }
    }
}

/// The floating-point operations of a convolution with results [N, K, ..] and a weight [K, ..]: each result is a
/// sum of as many products as one output channel has weights, those with padding included.
fn products(results: &[usize], weight: &[usize]) -> u64 {
    2 * (results.iter().product::<usize>() * weight[1..].iter().product::<usize>()) as u64
}

/// The same for the gradients of the input and the weight, and the sums of the bias's.
fn gradient_flops(products: u64, results: &[usize], needs: &[bool]) -> u64 {
    let gradients = needs[..2].iter().filter(|&&needs| needs).count() as u64;
    let bias = if needs.get(2) == Some(&true) { results.iter().product::<usize>() } else { 0 };
    gradients * products + bias as u64
}

/// dx of a convolution of an input of a shape.
fn input_gradient<T: Float>(window: Window, shape: &[usize], dy: &Tensor<T>, w: &Tensor<T>) -> Tensor<T> {
    let shape = Some(Shape::from_slice(shape));
    apply_one(ConvolutionTranspose { window, shape }, &[dy, w])
}

/// dw of a convolution with a weight of a shape.
fn weight_gradient<T: Float>(window: Window, shape: &[usize], x: &Tensor<T>, dy: &Tensor<T>) -> Tensor<T> {
    let shape = Shape::from_slice(shape);
    apply_one(ConvolutionWeightGradient { window, shape }, &[x, dy])
}

/// db: the sum of dy over all axes but that of the channels.
fn bias_gradient<T: Float>(window: Window, dy: &Tensor<T>) -> Tensor<T> {
    let rank = dy.ndim() as isize;
    let channels = rank - window.dims as isize - 1;
    let axes: Vec<isize> = (0..rank).filter(|&axis| axis != channels).collect();
    dy.sum(&axes[..])
}

/// What a function of two inputs, linear in each, needs for its rule.
fn save_others<T: Float>(cx: &mut Forward<'_, T>) {
    if cx.needs(0) {
        cx.save_input(1);
    }
    if cx.needs(1) {
        cx.save_input(0);
    }
}

fn check_bias(bias: Option<&&[usize]>, channels: usize) -> Result<(), ShapeError> {
    match bias {
        Some(&bias) if bias != [channels] => Err(ShapeError::new(format!(
            "the bias {bias:?} is not [{channels}], one number for each output channel"
        ))),
        _ => Ok(()),
    }
}

/// dy must have the shape of the convolution's output.
fn check_output(window: &Window, g: &Conv3dGeometry, x: &[usize], dy: &[usize]) -> Result<(), ShapeError> {
    let expected = window.output_shape(g, x);
    if dy == &expected[..] {
        return Ok(());
    }
    Err(ShapeError::new(format!("the gradient {dy:?} has not the shape of the output, {:?}", &expected[..])))
}

/// The inputs in row-major order.
fn contiguous<T: Float>(inputs: &[&Value<T>]) -> (Value<T>, Value<T>, Option<Value<T>>) {
    (inputs[0].contiguous(), inputs[1].contiguous(), inputs.get(2).map(|b| b.contiguous()))
}

fn elements<T: Float>(x: &Value<T>) -> &[T] {
    x.as_slice().expect("row-major")
}

impl<T: Float> Function<T> for Convolution {
    fn name(&self) -> &'static str {
        ["conv1d", "conv2d", "conv3d"][self.window.dims - 1]
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let g = self.window.geometry(inputs[0], inputs[1])?;
        check_bias(inputs.get(2), g.out_channels)?;
        Ok(smallvec![self.window.output_shape(&g, inputs[0])])
    }

    fn flops(&self, inputs: &[&[usize]], outputs: &[&[usize]]) -> u64 {
        products(outputs[0], inputs[1])
    }

    fn backward_flops(&self, inputs: &[&[usize]], outputs: &[&[usize]], needs: &[bool]) -> u64 {
        gradient_flops(products(outputs[0], inputs[1]), outputs[0], needs)
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        save_others(cx);
        self.finished(inputs[0], inputs[1], inputs.get(2).copied(), &Epilogue::NONE).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let dy = only(grads);
        let mut out: InputGradients<T> = self.gradients(cx, dy).into_iter().collect();
        if cx.inputs() == 3 {
            out.push(cx.needs(2).then(|| bias_gradient(self.window, dy)));
        }
        out
    }
}

impl<T: Float> Followed<T> for Convolution {
    fn fused_name(&self) -> &'static str {
        ["conv1d_fused", "conv2d_fused", "conv3d_fused"][self.window.dims - 1]
    }

    fn channel_axis(&self, rank: usize) -> usize {
        rank - self.window.dims - 1
    }

    fn finished(
        &self,
        x: &Value<T>,
        w: &Value<T>,
        bias: Option<&Value<T>>,
        epilogue: &Epilogue<'_, T>,
    ) -> Value<T> {
        let (x, w, b) = (x.contiguous(), w.contiguous(), bias.map(Value::contiguous));
        let g = self.window.geometry(x.shape(), w.shape()).expect("checked by output_shapes");
        Value::build(&self.window.output_shape(&g, x.shape()), |y| {
            conv3d::forward(&g, elements(&x), elements(&w), b.as_ref().map(elements), epilogue, y);
        })
    }

    fn gradients(&self, cx: &Backward<'_, T>, dy: &Tensor<T>) -> [Option<Tensor<T>>; 2] {
        [
            cx.needs(0).then(|| input_gradient(self.window, cx.input_shape(0), dy, &cx.input(1))),
            cx.needs(1).then(|| weight_gradient(self.window, cx.input_shape(1), &cx.input(0), dy)),
        ]
    }
}

impl<T: Float> Function<T> for ConvolutionTranspose {
    fn name(&self) -> &'static str {
        match self.shape {
            None => ["conv_transpose1d", "conv_transpose2d", "conv_transpose3d"][self.window.dims - 1],
            Some(_) => ["conv1d_input_gradient", "conv2d_input_gradient", "conv3d_input_gradient"]
                [self.window.dims - 1],
        }
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let shape = self.shape(inputs[0], inputs[1])?;
        let g = self.window.geometry(&shape, inputs[1])?;
        check_output(&self.window, &g, &shape, inputs[0])?;
        check_bias(inputs.get(2), g.in_channels)?;
        Ok(smallvec![shape])
    }

    fn flops(&self, inputs: &[&[usize]], _: &[&[usize]]) -> u64 {
        products(inputs[0], inputs[1])
    }

    fn backward_flops(&self, inputs: &[&[usize]], outputs: &[&[usize]], needs: &[bool]) -> u64 {
        gradient_flops(products(inputs[0], inputs[1]), outputs[0], needs)
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        save_others(cx);
        let (dy, w, b) = contiguous(inputs);
        let shape = self.shape(dy.shape(), w.shape()).expect("checked by output_shapes");
        let g = self.window.geometry(&shape, w.shape()).expect("checked by output_shapes");
        Value::build(&shape, |dx| {
            conv3d::input_gradient(&g, elements(&dy), elements(&w), b.as_ref().map(elements), dx);
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (g, window) = (only(grads), self.window);
        let mut out: InputGradients<T> = smallvec![
            cx.needs(0).then(|| apply_one(Convolution { window }, &[g, &cx.input(1)])),
            cx.needs(1).then(|| weight_gradient(window, cx.input_shape(1), g, &cx.input(0))),
        ];
        if cx.inputs() == 3 {
            out.push(cx.needs(2).then(|| bias_gradient(window, g)));
        }
        out
    }
}

impl<T: Float> Function<T> for ConvolutionWeightGradient {
    fn name(&self) -> &'static str {
        ["conv1d_weight_gradient", "conv2d_weight_gradient", "conv3d_weight_gradient"][self.window.dims - 1]
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let g = self.window.geometry(inputs[0], &self.shape)?;
        check_output(&self.window, &g, inputs[0], inputs[1])?;
        Ok(one(&self.shape))
    }

    fn flops(&self, inputs: &[&[usize]], _: &[&[usize]]) -> u64 {
        products(inputs[1], &self.shape)
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        save_others(cx);
        let (x, dy, _) = contiguous(inputs);
        let g = self.window.geometry(x.shape(), &self.shape).expect("checked by output_shapes");
        Value::build(&self.shape, |dw| {
            conv3d::weight_gradient(&g, elements(&x), elements(&dy), dw);
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (g, window) = (only(grads), self.window);
        smallvec![
            cx.needs(0).then(|| input_gradient(window, cx.input_shape(0), &cx.input(1), g)),
            cx.needs(1).then(|| apply_one(Convolution { window }, &[&cx.input(0), g])),
        ]
    }
}
