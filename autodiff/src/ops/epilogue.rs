//! Convolutions and linear layers with what follows them, as one operation.

use smallvec::{SmallVec, smallvec};

use super::{Convolution, Linear, only, rectifier_gradient};
use crate::Float;
use crate::function::{Backward, Builtin, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::epilogue as kernel;
use crate::shape::{Shape, ShapeError, Shapes, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Finished<Convolution>, Finished<Linear>);

/// What follows a product z in the same operation: y = rectified(scale·z + bias + residual), where rectified(z) is z for
/// z > 0 and slope·z elsewhere.
///
/// A convolution with a bias and a ReLU, a sum with a shortcut, a batch normalization with statistics that are given:
/// one after the other each would read and write all results again. A convolution's results are finished while they are
/// in the cache, where the processor has vectors for it.
///
/// ```
/// # use wengert::prelude::*;
/// let x = Tensor::<f64>::from_vec([1, 2], vec![1.0, 2.0]);
/// let (w, b) = (Tensor::from_vec([2, 2], vec![1.0, 0.0, 0.0, -1.0]), Tensor::from_vec([2], vec![0.5, 0.5]));
/// let y = x.linear_fused(&w, Epilogue::new().bias(&b).slope(0.1));
/// assert_eq!(y.to_vec(), x.linear(&w, Some(&b)).leaky_relu(0.1).to_vec());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Epilogue<'a, T: Float = f32> {
    scale: Option<&'a Tensor<T>>,
    bias: Option<&'a Tensor<T>>,
    residual: Option<&'a Tensor<T>>,
    slope: f64,
}

impl<'a, T: Float> Epilogue<'a, T> {
    /// Nothing: y = z.
    pub fn new() -> Self {
        Self { scale: None, bias: None, residual: None, slope: 1.0 }
    }

    /// A factor for each output channel.
    pub fn scale(mut self, scale: impl Into<Option<&'a Tensor<T>>>) -> Self {
        self.scale = scale.into();
        self
    }

    /// A summand for each output channel.
    pub fn bias(mut self, bias: impl Into<Option<&'a Tensor<T>>>) -> Self {
        self.bias = bias.into();
        self
    }

    /// A summand of the shape of the result.
    pub fn residual(mut self, residual: impl Into<Option<&'a Tensor<T>>>) -> Self {
        self.residual = residual.into();
        self
    }

    /// The factor of negative results, from 0 on: 0 for a ReLU, 1 (the default) to leave them.
    pub fn slope(mut self, slope: f64) -> Self {
        self.slope = slope;
        self
    }

    /// The residual, which must have the shape of the result, as rows.
    #[track_caller]
    pub(super) fn residual_rows(
        &self,
        result: &[usize],
        rows: [usize; 2],
        shapes: [&[usize]; 2],
    ) -> Option<Tensor<T>> {
        let residual = self.residual?;
        if residual.shape() != result {
            refuse(wrong_residual(residual.shape(), result).of("linear_fused", &shapes));
        }
        Some(residual.reshape(rows))
    }

    /// Applies a product with this behind it.
    #[track_caller]
    pub(super) fn apply<F: Builtin>(self, product: F, x: &Tensor<T>, weight: &Tensor<T>) -> Tensor<T>
    where
        Finished<F>: Builtin,
    {
        let mut inputs: SmallVec<[&Tensor<T>; 5]> = smallvec![x, weight];
        inputs.extend(self.scale.into_iter().chain(self.bias).chain(self.residual));
        if self.scale.is_none() && self.residual.is_none() && self.slope == 1.0 {
            return apply_one(product, &inputs);
        }
        let (scaled, biased) = (self.scale.is_some(), self.bias.is_some());
        apply_one(Finished { product, scaled, biased, slope: self.slope }, &inputs)
    }
}

impl<T: Float> Default for Epilogue<'_, T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A function of x, w and perhaps a bias, linear in x and w, that an epilogue may follow.
pub(super) trait Followed<T: Float>: Function<T> + Builtin + Copy {
    /// The name with an epilogue.
    fn fused_name(&self) -> &'static str;

    /// The axis of the output channels in a result with so many axes.
    fn channel_axis(&self, rank: usize) -> usize;

    /// The result, finished.
    fn finished(
        &self,
        x: &Value<T>,
        w: &Value<T>,
        bias: Option<&Value<T>>,
        epilogue: &kernel::Epilogue<'_, T>,
    ) -> Value<T>;

    /// dx and dw, where they are needed, for the gradient of the result.
    fn gradients(&self, cx: &Backward<'_, T>, dz: &Tensor<T>) -> [Option<Tensor<T>>; 2];
}

/// y = rectified(scale·z + b + r) for the product z of x and w.
///
/// Inputs x, w and, where there are some, scale and b by channel and r like y. With dz = dy where y > 0, slope·dy
/// elsewhere: dx and dw are the product's for scale·dz, dscale = Σ dz·z, db = Σ dz, dr = dz.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished<F> {
    product: F,
    scaled: bool,
    biased: bool,
    slope: f64,
}

fn wrong_residual(residual: &[usize], result: &[usize]) -> ShapeError {
    ShapeError::new(format!("the residual {residual:?} has not the shape of the result, {result:?}"))
}

/// Which input is which.
struct Places {
    scale: Option<usize>,
    bias: Option<usize>,
    residual: Option<usize>,
}

impl<F> Finished<F> {
    fn places(&self, inputs: usize) -> Places {
        let (scaled, biased) = (usize::from(self.scaled), usize::from(self.biased));
        let residual = 2 + scaled + biased;
        Places {
            scale: self.scaled.then_some(2),
            bias: self.biased.then_some(2 + scaled),
            residual: (inputs > residual).then_some(residual),
        }
    }
}

impl<T: Float, F: Followed<T>> Function<T> for Finished<F> {
    fn name(&self) -> &'static str {
        self.product.fused_name()
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let shapes = self.product.output_shapes(&inputs[..2])?;
        let shape = &shapes[0];
        let channels = shape[self.product.channel_axis(shape.len())];
        let places = self.places(inputs.len());
        for (name, place) in [("scale", places.scale), ("bias", places.bias)] {
            if let Some(place) = place
                && inputs[place] != [channels]
            {
                return Err(ShapeError::new(format!(
                    "the {name} {:?} is not [{channels}], one number for each output channel",
                    inputs[place]
                )));
            }
        }
        if let Some(place) = places.residual
            && inputs[place] != &shape[..]
        {
            return Err(wrong_residual(inputs[place], shape));
        }
        // As the elements have it.
        if !(T::from_f64(self.slope).is_finite() && self.slope >= 0.0) {
            return Err(ShapeError::new(format!("the slope {} is negative or not finite", self.slope)));
        }
        Ok(shapes)
    }

    fn flops(&self, inputs: &[&[usize]], outputs: &[&[usize]]) -> u64 {
        self.product.flops(&inputs[..2], outputs)
    }

    fn backward_flops(&self, inputs: &[&[usize]], outputs: &[&[usize]], needs: &[bool]) -> u64 {
        let again = self.scaled && needs[2];
        let product = if again { self.product.flops(&inputs[..2], outputs) } else { 0 };
        self.product.backward_flops(&inputs[..2], outputs, &needs[..2]) + product
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        let places = self.places(inputs.len());
        // The gradient of the scale needs the product, which is computed again.
        let again = places.scale.is_some_and(|scale| cx.needs(scale));
        for (input, other) in [(0, 1), (1, 0)] {
            if again || cx.needs(other) {
                cx.save_input(input);
            }
        }
        if let Some(scale) = places.scale
            && (cx.needs(0) || cx.needs(1))
        {
            cx.save_input(scale);
        }
        if self.slope != 1.0 {
            cx.save_output(0);
        }
        let input = |place: Option<usize>| place.map(|place| inputs[place].contiguous());
        let (scale, bias, residual) = (input(places.scale), input(places.bias), input(places.residual));
        let zeros = vec![T::zero(); scale.as_ref().map_or(0, Value::len)];
        let affine = scale.as_ref().map(|scale| {
            let shift = bias.as_ref().map_or(&zeros[..], |bias| bias.as_slice().expect("row-major"));
            [scale.as_slice().expect("row-major"), shift]
        });
        let bias = bias.as_ref().filter(|_| affine.is_none());
        let residual = residual.as_ref().map(|residual| residual.as_slice().expect("row-major"));
        let epilogue = kernel::Epilogue { affine, residual, slope: self.slope };
        self.product.finished(inputs[0], inputs[1], bias, &epilogue).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let dy = only(grads);
        let places = self.places(cx.inputs());
        let dz =
            if self.slope == 1.0 { dy.clone() } else { rectifier_gradient(self.slope, dy, &cx.output(0)) };
        let axis = self.product.channel_axis(dz.ndim());
        let by_channel = |x: &Tensor<T>| {
            let axes: SmallVec<[isize; 5]> =
                (0..dz.ndim()).filter(|&other| other != axis).map(|other| other as isize).collect();
            x.sum(&axes[..])
        };
        let scaled = places.scale.filter(|_| cx.needs(0) || cx.needs(1)).map(|scale| {
            let mut shape = Shape::from_elem(1, dz.ndim());
            shape[axis] = dz.shape()[axis];
            &dz * cx.input(scale).reshape(shape)
        });
        let [dx, dw] = self.product.gradients(cx, scaled.as_ref().unwrap_or(&dz));
        let mut gradients: InputGradients<T> = smallvec![dx, dw];
        if let Some(scale) = places.scale {
            gradients.push(cx.needs(scale).then(|| {
                let z = apply_one(self.product, &[&cx.input(0), &cx.input(1)]);
                by_channel(&(&dz * z))
            }));
        }
        if let Some(bias) = places.bias {
            gradients.push(cx.needs(bias).then(|| by_channel(&dz)));
        }
        if places.residual.is_some() {
            gradients.push(Some(dz));
        }
        gradients
    }
}
