//! A factor and a summand for each channel.

use smallvec::{SmallVec, smallvec};

use super::rectified::{channels, check_rectified, composed_rectified, residual_gradient, rows};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors, builtin};
use crate::kernels::batch_norm::{self as kernel, Rectified};
use crate::kernels::channels::Channels;
use crate::kernels::epilogue::Rectifier;
use crate::shape::{Shape, ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(ChannelAffine);

/// y = rectified(z), z = a·x + b (+ r), with a factor a and a summand b for each channel; fused.
///
/// Inputs x [N, C, …], a \[C\], b \[C\] and perhaps r like x. With dz = dy where z > 0, slope·dy elsewhere:
/// da = Σ dz·x, db = Σ dz, dx = a·dz, dr = dz.
#[derive(Clone, Copy, Debug)]
pub struct ChannelAffine {
    /// The factor of negative z: 1 to leave it as it is, 0 for a ReLU; not negative.
    pub slope: f64,
}

impl<T: Float> Function<T> for ChannelAffine {
    fn name(&self) -> &'static str {
        "channel_affine"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let x = inputs[0];
        channels(x, [("scale", inputs[1]), ("shift", inputs[2])])?;
        check_rectified(self.slope, x, inputs.get(3).copied())?;
        Ok(smallvec![Shape::from_slice(x)])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        let [x, scale, shift] = [0, 1, 2].map(|i: usize| inputs[i].contiguous());
        let residual = inputs.get(3).map(|residual| residual.contiguous());
        if self.slope != 1.0 && residual.is_some() {
            // It tells the sign of z.
            cx.save_output(0);
        }
        let c = Channels::of(x.shape());
        let origin = vec![T::zero(); c.channels];
        Value::build(x.shape(), |y| {
            let (coefficients, residual) =
                ([&origin, rows(&scale), rows(&shift)], residual.as_ref().map(rows));
            kernel::normalize(c, rows(&x), coefficients, residual, Rectifier::new(self.slope), y);
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let [x, scale, shift] = [0, 1, 2].map(|i: usize| cx.input(i).value.contiguous());
        let c = Channels::of(x.shape());
        let residual = cx.inputs() == 4;
        let dy = grads[0].as_ref().expect("a rule is called when a gradient has arrived").value.contiguous();
        let dy = if residual && self.slope != 1.0 { residual_gradient(cx, self.slope, &dy) } else { dy };
        let rectified = (!residual && self.slope != 1.0).then(|| Rectified {
            rectifier: Rectifier::new(self.slope),
            scale: rows(&scale),
            offset: rows(&shift),
        });
        let dx = cx.needs(0).then(|| {
            let dx = |dx: &mut [T]| kernel::scale(c, rows(&x), rows(&dy), rows(&scale), rectified, dx);
            Value::build(x.shape(), dx).into()
        });
        let sums = (cx.needs(1) || cx.needs(2)).then(|| {
            let origin = vec![T::zero(); c.channels];
            let (mut db, mut da) = (origin.clone(), origin.clone());
            kernel::sums(c, rows(&x), &origin, rows(&dy), rectified, &mut db, &mut da);
            [da, db].map(|sums| Tensor::from_vec([c.channels], sums))
        });
        let [da, db] = sums.map_or([None, None], |sums| sums.map(Some));
        let mut gradients = smallvec![dx, da, db];
        if residual {
            gradients.push(Some(dy.into()));
        }
        gradients
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

impl<T: Float> Composed<T> for ChannelAffine {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let x = &inputs[0];
        let mut by_channel = Shape::from_elem(1, x.ndim());
        by_channel[1] = x.shape()[1];
        let z = x * inputs[1].reshape(&by_channel) + inputs[2].reshape(&by_channel);
        smallvec![composed_rectified(z, inputs.get(3), self.slope)]
    }
}

impl<T: Float> Tensor<T> {
    /// scale·x + shift by channel of [N, C, …], to which a residual like the input is added where there is one, and of
    /// which negative values are multiplied by `slope`: 0 is a ReLU after it, 1 leaves them. In one pass.
    ///
    /// This is batch normalization with statistics that are given: scale = w/√(σ² + ε), shift = b − μ·scale.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 2], vec![1.0, -1.0, 1.0, -1.0]);
    /// let (scale, shift) = (Tensor::from_vec([2], vec![2.0, 3.0]), Tensor::from_vec([2], vec![0.0, 1.0]));
    /// assert_eq!(x.channel_affine(&scale, &shift, None, 1.0).to_vec(), [2.0, -2.0, 4.0, -2.0]);
    /// assert_eq!(x.channel_affine(&scale, &shift, Some(&x), 0.0).to_vec(), [3.0, 0.0, 5.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the input has fewer than two axes, scale and shift are not \[C\], the residual has another shape, or the slope
    /// is negative or not finite.
    #[track_caller]
    pub fn channel_affine(&self, scale: &Self, shift: &Self, residual: Option<&Self>, slope: f64) -> Self {
        let inputs: SmallVec<[&Self; 4]> = [self, scale, shift].into_iter().chain(residual).collect();
        apply_one(ChannelAffine { slope }, &inputs)
    }
}
