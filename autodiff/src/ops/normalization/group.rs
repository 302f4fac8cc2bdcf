//! Group and instance normalization.

use smallvec::smallvec;

use super::super::{one, only};
use super::rows::{Rows, present};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors, builtin};
use crate::kernels::group_norm::Groups;
use crate::shape::{ShapeError, Shapes, keepdim, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(GroupNorm);

/// y = w·(x − μ)/√(σ² + ε) + b, with the mean μ and the biased variance σ² of each image's groups of channels, and
/// w and b by channel; fused.
///
/// Inputs x [N, C, …], then w \[C\] if there is one, then b \[C\] if there is one. With x̂ = (x − μ)/√(σ² + ε), g = w·dy
/// and means over the group: dx = (g − mean g − x̂·mean(g·x̂))/√(σ² + ε), dw = Σ dy·x̂, db = Σ dy.
#[derive(Clone, Copy, Debug)]
pub struct GroupNorm {
    /// The number of groups, which divides the channels.
    pub groups: usize,
    /// What is added to the variance, ε.
    pub eps: f64,
    /// Whether there is a weight w.
    pub weight: bool,
    /// Whether there is a bias b.
    pub bias: bool,
}

impl GroupNorm {
    fn rows(&self, x: &[usize]) -> Rows {
        let groups = Groups {
            batch: x[0],
            groups: self.groups,
            channels: x[1] / self.groups,
            positions: x[2..].iter().product(),
        };
        Rows { groups, eps: self.eps, centred: true, weight: self.weight, bias: self.bias }
    }
}

impl<T: Float> Function<T> for GroupNorm {
    fn name(&self) -> &'static str {
        "group_norm"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let &[_, channels, ..] = inputs[0] else {
            return Err(ShapeError::new("the input is not [batch, channels, …]"));
        };
        if self.groups == 0 || channels % self.groups != 0 {
            return Err(ShapeError::new(format!(
                "{channels} channels do not make {} equal groups",
                self.groups
            )));
        }
        let names: &[&str] = if self.weight { &["weight", "bias"] } else { &["bias"] };
        for (name, shape) in names.iter().zip(&inputs[1..]) {
            if *shape != [channels] {
                return Err(ShapeError::new(format!(
                    "the {name} {shape:?} is not [{channels}], one number for each channel"
                )));
            }
        }
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        self.rows(inputs[0].shape()).forward(inputs, cx)
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        self.rows(cx.input_shape(0)).backward(cx, only(grads))
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

impl<T: Float> Composed<T> for GroupNorm {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let x = &inputs[0];
        let rows = self.rows(x.shape());
        let (batch, elements) = (x.shape()[0], rows.groups.channels * rows.groups.positions);
        let grouped = x.reshape([batch, self.groups, elements]);
        let centred = &grouped - grouped.mean(keepdim(2));
        let normalized = &centred / (centred.square().mean(keepdim(2)) + self.eps).sqrt();
        let mut by_channel = vec![1; x.ndim() - 1];
        by_channel[0] = x.shape()[1];
        smallvec![rows.affine(normalized.reshape(x.shape()), inputs, &by_channel)]
    }
}

impl<T: Float> Tensor<T> {
    /// Group normalization of [N, C, …]: the C channels of each image make `groups` groups of neighbours, and
    /// y = weight·(x − μ)/√(σ² + ε) + bias with the mean μ and the biased variance σ² of each group. Weight and bias
    /// are \[C\]. PyTorch's default ε is 1e-5.
    ///
    /// After Wu and He, "Group normalization" (2018).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 4], vec![1.0, 3.0, 10.0, 30.0]);
    /// assert_eq!(x.group_norm(2, None, None, 0.0).to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the input has fewer than two axes, the groups do not divide the channels, or weight or bias is not
    /// \[C\].
    #[track_caller]
    pub fn group_norm(&self, groups: usize, weight: Option<&Self>, bias: Option<&Self>, eps: f64) -> Self {
        let norm = GroupNorm { groups, eps, weight: weight.is_some(), bias: bias.is_some() };
        apply_one(norm, &present(self, [weight, bias]))
    }

    /// Instance normalization of [N, C, …] with the statistics of each image's channels:
    /// y = weight·(x − μ)/√(σ² + ε) + bias. Gives y, the means μ [N, C] and the biased variances σ² [N, C]; all three
    /// can be differentiated. Weight and bias are \[C\].
    ///
    /// Running statistics move towards the averages of μ and of the unbiased variances over N; normalizing with
    /// them is [`batch_norm_with`](Self::batch_norm_with). After Ulyanov, Vedaldi and Lempitsky, "Instance
    /// normalization" (2016).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2, 2], vec![1.0, 3.0, 10.0, 30.0]);
    /// let (y, mean, var) = x.instance_norm(None, None, 0.0);
    /// assert_eq!(y.to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    /// assert_eq!((mean.to_vec(), var.to_vec()), (vec![2.0, 20.0], vec![1.0, 100.0]));
    /// ```
    ///
    /// # Panics
    /// If the input has fewer than three axes, a channel of an image has no elements, or weight or bias is not
    /// \[C\].
    #[track_caller]
    pub fn instance_norm(&self, weight: Option<&Self>, bias: Option<&Self>, eps: f64) -> (Self, Self, Self) {
        let fail = |what: String| ShapeError::new(what).of("instance_norm", &[self.shape()]);
        let &[n, c, ref positions @ ..] = self.shape() else {
            refuse(fail("the input is not [batch, channels, positions, …]".into()))
        };
        if positions.is_empty() {
            refuse(fail("the input is not [batch, channels, positions, …]".into()));
        }
        if positions.contains(&0) && n * c > 0 {
            refuse(fail("an empty channel has no statistics".into()));
        }
        for (name, given) in [("weight", weight), ("bias", bias)] {
            if let Some(given) = given.filter(|given| given.shape() != [c]) {
                refuse(fail(format!(
                    "the {name} {:?} is not [{c}], one number for each channel",
                    given.shape()
                )));
            }
        }
        // Each image's channels are channels of their own, in one batch.
        let ones = || Self::ones([n * c]);
        let weight = match weight {
            Some(weight) => weight.repeat([n]),
            None => ones(),
        };
        let bias = match bias {
            Some(bias) => bias.repeat([n]),
            None => Self::zeros([n * c]),
        };
        let planes = self.reshape([1, n * c, positions.iter().product()]);
        let (y, mean, var) = planes.batch_norm(&weight, &bias, eps);
        (y.reshape(self.shape()), mean.reshape([n, c]), var.reshape([n, c]))
    }
}
