//! Batch normalization: with the statistics of the batch, and with statistics that are given.

use smallvec::{SmallVec, smallvec};

use super::super::{map, map2};
use super::rectified::{channels, check_rectified, composed_rectified, residual_gradient, rows};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors, builtin};
use crate::kernels::batch_norm::{self as kernel, Rectified};
use crate::kernels::channels::Channels;
use crate::kernels::epilogue::Rectifier;
use crate::kernels::{reduce, term};
use crate::shape::{Shape, ShapeError, Shapes, keepdim, refuse};
use crate::tensor::{Tensor, apply_several};
use crate::value::Value;

builtin!(BatchNorm);

/// y = rectified(z), z = w·(x − μ)/√(σ² + ε) + b (+ r) by channel, with the mean μ and the biased variance σ² of the
/// batch, which are outputs too; fused.
///
/// Inputs x [N, C, …], w \[C\], b \[C\] and perhaps r like x; outputs y, μ \[C\], σ² \[C\]. With x̂ = (x − μ)/√(σ² + ε),
/// n elements to a channel and dz = dy where z > 0, slope·dy elsewhere: dw = Σ dz·x̂, db = Σ dz,
/// dx = w/√(σ² + ε)·(dz − db/n − x̂·dw/n) + dμ/n + 2(x − μ)·dσ²/n, dr = dz.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm {
    /// What is added to the variance, ε.
    pub eps: f64,
    /// The factor of negative z: 1 to leave it as it is, 0 for a ReLU; not negative.
    pub slope: f64,
}

impl<T: Float> Function<T> for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let x = inputs[0];
        let channels = channels(x, [("weight", inputs[1]), ("bias", inputs[2])])?;
        check_rectified(self.slope, x, inputs.get(3).copied())?;
        if x.iter().product::<usize>() == 0 && channels > 0 {
            return Err(ShapeError::new("an empty batch has no statistics"));
        }
        let channels = Shape::from_slice(&[channels]);
        Ok(smallvec![Shape::from_slice(x), channels.clone(), channels])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        let c = Channels::of(x.shape());
        let n = T::from_f64((c.batch * c.positions) as f64);
        let (mut mean, mut var) =
            (Value::full(&[c.channels], T::zero()), Value::full(&[c.channels], T::zero()));
        {
            let (mut mean, mut var) = (mean.view_mut(), var.view_mut());
            let planes = x.reshaped(&[c.batch, c.channels, c.positions]);
            let mean = mean.as_slice_mut().expect("row-major");
            reduce::mean_and_m2(planes.view(), &[0, 2], mean, var.as_slice_mut().expect("row-major"));
        }
        let var = map(&var, move |m2| m2 / n);
        let inverse_deviation = self.inverse_deviation(&var);
        let y = {
            let scale = map2(inputs[1], &inverse_deviation, |w, r| w * r);
            let offset = inputs[2].contiguous();
            let residual = inputs.get(3).map(|residual| residual.contiguous());
            let coefficients = [rows(&mean), rows(&scale), rows(&offset)];
            Value::build(x.shape(), |y| {
                let residual = residual.as_ref().map(rows);
                kernel::normalize(c, rows(&x), coefficients, residual, Rectifier::new(self.slope), y);
            })
        };
        if self.slope != 1.0 && inputs.len() == 4 {
            // It tells the sign of z.
            cx.save_output(0);
        }
        cx.save(mean.clone());
        cx.save(inverse_deviation);
        Outputs::several([y, mean, var])
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (x, w) = (cx.input(0).value.contiguous(), cx.input(1).value.contiguous());
        let (mean, inverse) = (cx.extra(0).value, cx.extra(1).value);
        let c = Channels::of(x.shape());
        let per_channel = || Value::full(&[c.channels], T::zero());
        let dy = match &grads[0] {
            Some(dy) => dy.value.contiguous(),
            None => Value::full(x.shape(), T::zero()),
        };
        let residual = cx.inputs() == 4;
        let dy = if residual && self.slope != 1.0 { residual_gradient(cx, self.slope, &dy) } else { dy };
        let (scale, offset) = (map2(&w, &inverse, |w, r| w * r), cx.input(2).value.contiguous());
        let rectified = (!residual && self.slope != 1.0).then(|| Rectified {
            rectifier: Rectifier::new(self.slope),
            scale: rows(&scale),
            offset: rows(&offset),
        });
        let (mut db, mut dw) = (per_channel(), per_channel());
        {
            let (mut db, mut dw) = (db.view_mut(), dw.view_mut());
            let (db, dw) = (db.as_slice_mut().expect("row-major"), dw.as_slice_mut().expect("row-major"));
            kernel::sums(c, rows(&x), rows(&mean), rows(&dy), rectified, db, dw);
            for (dw, &r) in dw.iter_mut().zip(rows(&inverse)) {
                *dw *= r;
            }
        }
        let dx = cx.needs(0).then(|| {
            let of =
                |grad: &Option<Tensor<T>>| grad.as_ref().map_or_else(per_channel, |g| g.value.contiguous());
            let (dmean, dvar) = (of(&grads[1]), of(&grads[2]));
            let n = T::from_f64((c.batch * c.positions) as f64);
            let two = T::from_f64(2.0);
            let by_channel = |f: &dyn Fn(usize) -> T| -> Vec<T> { (0..c.channels).map(f).collect() };
            let a = rows(&scale);
            let b = by_channel(&|j| {
                (two * rows(&dvar)[j] - term!("batch_norm/dw", a[j] * rows(&inverse)[j] * rows(&dw)[j])) / n
            });
            let d = by_channel(&|j| (rows(&dmean)[j] - term!("batch_norm/db", a[j] * rows(&db)[j])) / n);
            let coefficients = [rows(&mean), a, &b, &d];
            Value::build(x.shape(), |dx| {
                kernel::combine(c, rows(&x), rows(&dy), coefficients, rectified, dx);
            })
            .into()
        });
        let mut gradients = smallvec![dx, Some(dw.into()), Some(db.into())];
        if residual {
            gradients.push(Some(dy.into()));
        }
        gradients
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

impl BatchNorm {
    fn inverse_deviation<T: Float>(&self, var: &Value<T>) -> Value<T> {
        let eps = T::from_f64(self.eps);
        map(var, move |v| T::one() / (v + eps).sqrt())
    }
}

impl<T: Float> Composed<T> for BatchNorm {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let x = &inputs[0];
        let mut axes: Vec<isize> = (0..x.ndim() as isize).collect();
        axes.remove(1);
        let mut by_channel = vec![1; x.ndim()];
        by_channel[1] = x.shape()[1];
        let mean = x.mean(keepdim(&axes[..]));
        let centred = x - &mean;
        let var = centred.square().mean(keepdim(&axes[..]));
        let normalized = centred / (&var + self.eps).sqrt();
        let z = normalized * inputs[1].reshape(&by_channel) + inputs[2].reshape(&by_channel);
        let y = composed_rectified(z, inputs.get(3), self.slope);
        let channels = [x.shape()[1]];
        smallvec![y, mean.reshape(channels), var.reshape(channels)]
    }
}

impl<T: Float> Tensor<T> {
    /// Batch normalization of [N, C, …] with the statistics of this batch:
    /// y = weight·(x − μ)/√(σ² + ε) + bias by channel. Gives y, the mean μ \[C\] and the biased variance
    /// σ² \[C\]; all three can be differentiated.
    ///
    /// This is the training form; a layer that keeps running statistics stands in `nn`. After Ioffe and
    /// Szegedy, "Batch normalization" (2015).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 1], vec![1.0, 3.0]);
    /// let (y, mean, var) = x.batch_norm(&Tensor::ones([1]), &Tensor::zeros([1]), 0.0);
    /// assert_eq!((y.to_vec(), mean.item(), var.item()), (vec![-1.0, 1.0], 2.0, 1.0));
    /// ```
    ///
    /// # Panics
    /// If the input has fewer than two axes or no elements, or weight and bias are not \[C\].
    #[track_caller]
    pub fn batch_norm(&self, weight: &Self, bias: &Self, eps: f64) -> (Self, Self, Self) {
        self.batch_norm_rectified(weight, bias, eps, None, 1.0)
    }

    /// [`batch_norm`](Self::batch_norm), to which a residual like the input is added where there is one, and of which
    /// negative values are multiplied by `slope`: 0 is a ReLU after it, 1 leaves them. In one pass over the elements.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 1], vec![1.0, 3.0]);
    /// let (weight, bias) = (Tensor::ones([1]), Tensor::zeros([1]));
    /// let residual = Tensor::from_vec([2, 1], vec![-1.0, 4.0]);
    /// let (y, ..) = x.batch_norm_rectified(&weight, &bias, 0.0, Some(&residual), 0.0);
    /// assert_eq!(y.to_vec(), [0.0, 5.0]);
    /// assert_eq!(y.to_vec(), (x.batch_norm(&weight, &bias, 0.0).0 + residual).relu().to_vec());
    /// ```
    ///
    /// # Panics
    /// As [`batch_norm`](Self::batch_norm); if the residual has another shape, or the slope is negative or not finite.
    #[track_caller]
    pub fn batch_norm_rectified(
        &self,
        weight: &Self,
        bias: &Self,
        eps: f64,
        residual: Option<&Self>,
        slope: f64,
    ) -> (Self, Self, Self) {
        let inputs: SmallVec<[&Self; 4]> = [self, weight, bias].into_iter().chain(residual).collect();
        let mut out = apply_several(BatchNorm { eps, slope }, &inputs).into_iter();
        let mut next = || out.next().expect("three outputs");
        (next(), next(), next())
    }

    /// Normalization of [N, C, …] by channel with statistics that are given, running ones for example:
    /// y = weight·(x − mean)/√(var + ε) + bias. All are \[C\], and all can be differentiated.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2], vec![1.0, 3.0]);
    /// let (mean, var) = (Tensor::ones([2]), Tensor::full([2], 4.0));
    /// assert_eq!(x.batch_norm_with(&mean, &var, None, None, 0.0).to_vec(), [0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the input has fewer than two axes, or one of the others is not \[C\].
    #[track_caller]
    pub fn batch_norm_with(
        &self,
        mean: &Self,
        var: &Self,
        weight: Option<&Self>,
        bias: Option<&Self>,
        eps: f64,
    ) -> Self {
        let fail = |what: String| ShapeError::new(what).of("batch_norm_with", &[self.shape()]);
        let &[_, channels, ..] = self.shape() else {
            refuse(fail("the input is not [batch, channels, …]".into()))
        };
        let others = [("mean", Some(mean)), ("variance", Some(var)), ("weight", weight), ("bias", bias)];
        for (name, given) in others {
            if let Some(given) = given.filter(|given| given.shape() != [channels]) {
                refuse(fail(format!(
                    "the {name} {:?} is not [{channels}], one number for each channel",
                    given.shape()
                )));
            }
        }
        let mut by_channel = Shape::from_elem(1, self.ndim() - 1);
        by_channel[0] = channels;
        let deviation = (var + eps).sqrt();
        // Per channel first, so that no element is divided.
        let scale = match weight {
            Some(weight) => weight / deviation,
            None => 1.0 / deviation,
        };
        let y = (self - mean.reshape(&by_channel)) * scale.reshape(&by_channel);
        match bias {
            Some(bias) => y + bias.reshape(&by_channel),
            None => y,
        }
    }
}
