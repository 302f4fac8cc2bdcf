//! Loss functions: from a model's outputs and targets to one number.

use smallvec::smallvec;

use super::only;
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors, builtin};
use crate::indices::Indices;
use crate::kernels::layout::Along;
use crate::kernels::softmax as kernel;
use crate::shape::{ShapeError, Shapes, broadcast, reduced, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(CrossEntropy);

/// What becomes of the losses of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// Their mean.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// Nothing: one loss for each example.
    None,
}

impl Reduction {
    #[track_caller]
    fn reduce<T: Float>(self, losses: Tensor<T>) -> Tensor<T> {
        match self {
            Self::Mean => losses.mean(..),
            Self::Sum => losses.sum(..),
            Self::None => losses,
        }
    }
}

/// −ln softmax(x)\[label\] along axis 1, one loss for each example and position; fused.
///
/// Rule: dx = (softmax(x) − one-hot(label))·dloss.
#[derive(Clone, Debug)]
pub struct CrossEntropy {
    /// The class of each example: the input's shape without axis 1; on no tape ([`Indices::detach`]).
    pub labels: Indices,
}

impl<T: Float> Function<T> for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let logits = inputs[0];
        if logits.len() < 2 {
            return Err(ShapeError::new("the logits are not [batch, classes, …]"));
        }
        let shape = reduced(logits, &[1], false);
        if self.labels.shape() != &shape[..] {
            return Err(ShapeError::new(format!(
                "the labels {:?} have not the logits' shape without axis 1, {:?}",
                self.labels.shape(),
                &shape[..]
            )));
        }
        self.labels.check(logits[1], "class")?;
        Ok(smallvec![shape])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        let (x, labels) = (inputs[0].contiguous(), &self.labels);
        let along = Along::axis(x.shape(), 1);
        let mut normalizer = Value::full(labels.shape(), T::zero());
        let losses = Value::build(labels.shape(), |losses| {
            let mut view = normalizer.view_mut();
            kernel::cross_entropy(
                x.as_slice().expect("row-major"),
                labels.as_slice(),
                along,
                losses,
                view.as_slice_mut().expect("row-major"),
            );
        });
        cx.save(normalizer);
        losses.into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (x, labels) = (cx.input(0).value.contiguous(), &self.labels);
        let (normalizer, scale) = (cx.extra(0).value, only(grads).value.contiguous());
        let dx = Value::build(x.shape(), |dx| {
            kernel::cross_entropy_backward(
                x.as_slice().expect("row-major"),
                labels.as_slice(),
                normalizer.as_slice().expect("row-major"),
                scale.as_slice().expect("row-major"),
                Along::axis(x.shape(), 1),
                dx,
            );
        });
        smallvec![Some(dx.into())]
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

impl<T: Float> Composed<T> for CrossEntropy {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let mut shape = self.labels.shape().to_vec();
        shape.insert(1, 1);
        let chosen = inputs[0].log_softmax(1).gather(1, &self.labels.reshape(shape));
        smallvec![-chosen.squeeze(1)]
    }
}

/// A target of [`Tensor::cross_entropy`]: class labels, or a tensor of class probabilities.
pub trait CrossEntropyTarget<T: Float> {
    #[doc(hidden)]
    #[track_caller]
    fn losses(&self, logits: &Tensor<T>) -> Tensor<T>;
}

impl<T: Float> CrossEntropyTarget<T> for Indices {
    #[track_caller]
    fn losses(&self, logits: &Tensor<T>) -> Tensor<T> {
        apply_one(CrossEntropy { labels: self.detach() }, &[logits])
    }
}

impl<T: Float> CrossEntropyTarget<T> for Tensor<T> {
    #[track_caller]
    fn losses(&self, logits: &Tensor<T>) -> Tensor<T> {
        if logits.ndim() < 2 || self.shape() != logits.shape() {
            let detail = "the probabilities must have the shape of the logits, [batch, classes, …]";
            refuse(ShapeError::new(detail).of("cross_entropy", &[logits.shape(), self.shape()]));
        }
        refuse_nan("cross_entropy", self);
        -(self * logits.log_softmax(1)).sum(1)
    }
}

/// A target that is not a number would silently make every weight one.
#[track_caller]
fn refuse_nan<T: Float>(operation: &'static str, targets: &Tensor<T>) {
    if let Some(at) = targets.view().iter().position(|t| t.is_nan()) {
        refuse(
            ShapeError::new(format!("the target at position {at} is NaN")).of(operation, &[targets.shape()]),
        );
    }
}

impl<T: Float> Tensor<T> {
    /// The mean cross-entropy of logits [N, C, …] and targets: class labels [N, …], or class probabilities
    /// of the logits' shape.
    ///
    /// L = −ln softmax(x)\[y\] for labels, −Σ_c p_c·ln softmax(x)_c for probabilities; the gradient is
    /// (softmax(x) − target) / N.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let logits = Tensor::<f64>::zeros([2, 4]);
    /// assert_eq!(logits.cross_entropy(&Indices::from([0, 3])).item(), 4f64.ln());
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, the batch is empty, a label is not in 0..C, or a probability is NaN.
    #[track_caller]
    pub fn cross_entropy(&self, target: &impl CrossEntropyTarget<T>) -> Self {
        self.cross_entropy_with(target, Reduction::Mean)
    }

    /// The same with the losses summed, or one for each example.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let logits = Tensor::<f64>::zeros([2, 4]);
    /// let losses = logits.cross_entropy_with(&Indices::from([0, 3]), Reduction::None);
    /// assert_eq!(losses.to_vec(), [4f64.ln(); 2]);
    /// ```
    ///
    /// # Panics
    /// As [`cross_entropy`](Self::cross_entropy); an empty batch only for the mean.
    #[track_caller]
    pub fn cross_entropy_with(&self, target: &impl CrossEntropyTarget<T>, reduction: Reduction) -> Self {
        let losses = target.losses(self);
        refuse_empty("cross_entropy", &losses, reduction);
        reduction.reduce(losses)
    }

    /// The mean binary cross-entropy of logits and targets in 0..=1 of the same shape:
    /// L = −(y ln σ(x) + (1 − y) ln(1 − σ(x))) = ln(1 + eˣ) − x·y, which is stable at any size of x.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let logits = Tensor::<f64>::from_vec([2], vec![0.0, 1000.0]);
    /// let loss = logits.binary_cross_entropy_with_logits(&Tensor::from_vec([2], vec![0.0, 1.0]));
    /// assert_eq!(loss.item(), 2f64.ln() / 2.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, or a target is NaN.
    #[track_caller]
    pub fn binary_cross_entropy_with_logits(&self, target: &Self) -> Self {
        self.binary_cross_entropy_with_logits_and(target, Reduction::Mean)
    }

    /// The same with the losses summed, or one for each element.
    ///
    /// # Panics
    /// As [`binary_cross_entropy_with_logits`](Self::binary_cross_entropy_with_logits); an empty batch only
    /// for the mean.
    #[track_caller]
    pub fn binary_cross_entropy_with_logits_and(&self, target: &Self, reduction: Reduction) -> Self {
        const NAME: &str = "binary_cross_entropy_with_logits";
        same_shape(NAME, self, target);
        refuse_nan(NAME, target);
        refuse_empty(NAME, self, reduction);
        // The shorter softplus(x) − x·y is a small difference of large numbers where a logit is large and
        // right, and so is its gradient σ(x) − y. Here both terms are positive.
        let losses = target * (-self).softplus() + (1.0 - target) * self.softplus();
        reduction.reduce(losses)
    }

    /// The mean squared error of predictions and targets of the same shape: the mean of (x − y)².
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
    /// assert_eq!(x.mse(&Tensor::from_vec([2], vec![0.0, 4.0])).item(), 2.5);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, or a target is NaN.
    #[track_caller]
    pub fn mse(&self, target: &Self) -> Self {
        self.mse_with(target, Reduction::Mean)
    }

    /// The same with the squares summed, or one for each element.
    ///
    /// # Panics
    /// As [`mse`](Self::mse); an empty batch only for the mean.
    #[track_caller]
    pub fn mse_with(&self, target: &Self, reduction: Reduction) -> Self {
        same_shape("mse", self, target);
        refuse_nan("mse", target);
        refuse_empty("mse", self, reduction);
        reduction.reduce((self - target).square())
    }
}

/// Losses of tensors that merely broadcast are a mistake nearly always: [n, 1] with [n] would be n² losses.
#[track_caller]
fn same_shape<T: Float>(operation: &'static str, x: &Tensor<T>, target: &Tensor<T>) {
    if x.shape() != target.shape() {
        let broadcasts = broadcast(x.shape(), target.shape()).is_ok();
        let hint = if broadcasts { "; broadcast_to makes them equal if that is meant" } else { "" };
        refuse(
            ShapeError::new(format!("predictions and targets must have the same shape{hint}"))
                .of(operation, &[x.shape(), target.shape()]),
        );
    }
}

#[track_caller]
fn refuse_empty<T: Float>(operation: &'static str, losses: &Tensor<T>, reduction: Reduction) {
    if reduction == Reduction::Mean && losses.is_empty() {
        refuse(ShapeError::new("an empty batch has no mean loss").of(operation, &[losses.shape()]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;

    #[test]
    fn logits_that_are_surely_right_keep_their_small_losses_and_gradients() {
        let tape = Tape::new();
        let x = tape.variable(Tensor::<f32>::from_vec([4], vec![-20.0, 20.0, -10.0, 10.0]));
        let y = Tensor::from_vec([4], vec![0.0, 1.0, 0.0, 1.0]);
        let losses = x.binary_cross_entropy_with_logits_and(&y, Reduction::None);
        let gradients = losses.sum(..).backward().get(&x).unwrap().to_vec();
        for i in 0..4 {
            // ln(1 + e⁻ᵃ) and ∓σ(−a) at a = |x|.
            let odds = (-x.view()[i].abs() as f64).exp();
            let (loss, slope) = (odds.ln_1p(), odds / (1.0 + odds));
            let gradient = if y.view()[i] == 0.0 { slope } else { -slope };
            assert!((losses.view()[i] as f64 / loss - 1.0).abs() < 1e-5, "{losses}");
            assert!((gradients[i] as f64 / gradient - 1.0).abs() < 1e-5, "{gradients:?}");
        }
    }
}
