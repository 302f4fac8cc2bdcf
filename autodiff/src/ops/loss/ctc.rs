//! Connectionist temporal classification.

use std::ops::Range;

use smallvec::smallvec;

use super::{Reduction, keep, options, refuse_empty};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors, builtin};
use crate::indices::Indices;
use crate::kernels::ctc::{self as kernel, Example, Sizes};
use crate::ops::{one, only};
use crate::shape::{ShapeError, Shapes, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Ctc);

/// −ln P(target | x), one for each example, for log-probabilities x [T, N, C]: the probability of all paths of T
/// classes that spell the target once repeats are joined and then blanks dropped; fused.
///
/// Rule: dx\[t, n, c\] = −P(class c at step t | target n, x)·dl\[n\].
#[derive(Clone, Debug)]
pub struct Ctc {
    /// The labels, on no tape: [N, S], of which the first of each row count, or all of them one after another.
    pub targets: Indices,
    /// How many steps of each example count, \[N\].
    pub input_lengths: Indices,
    /// How many labels each example has, \[N\].
    pub target_lengths: Indices,
    /// The class that stands for no label.
    pub blank: usize,
    /// Whether the loss of a target that no path can spell is 0, with a gradient of 0, in place of ∞, whose
    /// gradient is NaN.
    pub zero_infinity: bool,
}

impl Ctc {
    /// Where the labels of each example lie.
    fn spans(&self) -> impl Iterator<Item = Range<usize>> {
        let width = match *self.targets.shape() {
            [_, width] => Some(width),
            _ => None,
        };
        let mut end = 0;
        self.target_lengths.as_slice().iter().enumerate().map(move |(n, &length)| {
            let start = width.map_or(end, |width| n * width);
            end = start + length as usize;
            start..end
        })
    }

    fn examples(&self) -> Vec<Example<'_>> {
        let spans = self.spans().zip(self.input_lengths.as_slice());
        let example = |(span, &steps): (Range<usize>, &i64)| Example {
            blank: self.blank,
            labels: &self.targets.as_slice()[span],
            steps: steps as usize,
        };
        spans.map(example).collect()
    }

    fn sizes(&self, x: &[usize]) -> Sizes {
        let longest = self.target_lengths.as_slice().iter().copied().max().unwrap_or(0);
        Sizes { steps: x[0], batch: x[1], classes: x[2], states: 2 * longest as usize + 1 }
    }

    fn check_labels(&self, classes: usize) -> Result<(), ShapeError> {
        for at in self.spans().flatten() {
            let label = self.targets.as_slice()[at];
            if !(0..classes as i64).contains(&label) {
                return Err(ShapeError::new(format!(
                    "label {label} at position {at} is not in 0..{classes}"
                )));
            }
            if label == self.blank as i64 {
                return Err(ShapeError::new(format!("label {label} at position {at} is the blank")));
            }
        }
        Ok(())
    }
}

/// An error if a length is not in 0..=most.
fn check_lengths(what: &str, lengths: &Indices, batch: usize, most: usize) -> Result<(), ShapeError> {
    if lengths.shape() != [batch] {
        let detail =
            format!("the {what} lengths {:?} are not [{batch}], one for each example", lengths.shape());
        return Err(ShapeError::new(detail));
    }
    match lengths.outside(most + 1) {
        None => Ok(()),
        Some((at, length)) => {
            Err(ShapeError::new(format!("{what} length {length} of example {at} is not in 0..={most}")))
        }
    }
}

impl<T: Float> Function<T> for Ctc {
    fn name(&self) -> &'static str {
        "ctc_loss"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let &[steps, batch, classes] = inputs[0] else {
            return Err(ShapeError::new("the log-probabilities are not [steps, batch, classes]"));
        };
        if self.blank >= classes {
            return Err(ShapeError::new(format!("the blank {} is not in 0..{classes}", self.blank)));
        }
        check_lengths("input", &self.input_lengths, batch, steps)?;
        match *self.targets.shape() {
            [n, longest] => {
                if n != batch {
                    let detail = format!("the targets have {n} rows, the batch has {batch} examples");
                    return Err(ShapeError::new(detail));
                }
                check_lengths("target", &self.target_lengths, batch, longest)?;
            }
            [all] => {
                check_lengths("target", &self.target_lengths, batch, all)?;
                let sum: i64 = self.target_lengths.as_slice().iter().sum();
                if sum != all as i64 {
                    let detail = format!("the target lengths add up to {sum}, there are {all} labels");
                    return Err(ShapeError::new(detail));
                }
            }
            ref other => {
                let detail =
                    format!("the targets {other:?} are neither [batch, longest] nor all in one axis");
                return Err(ShapeError::new(detail));
            }
        }
        self.check_labels(classes)?;
        Ok(one(&[batch]))
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        let (size, examples) = (self.sizes(x.shape()), self.examples());
        let elements = x.as_slice().expect("row-major");
        let mut alphas = None;
        let losses = Value::build(&[size.batch], |losses| {
            if cx.records() {
                alphas = Some(Value::build(&[size.batch, size.steps, size.states], |alphas| {
                    kernel::forward(elements, size, &examples, losses, alphas);
                }));
            } else {
                kernel::forward(elements, size, &examples, losses, &mut []);
            }
            if self.zero_infinity {
                for loss in losses.iter_mut().filter(|loss| **loss == T::infinity()) {
                    *loss = T::zero();
                }
            }
        });
        if let Some(alphas) = alphas {
            cx.save(alphas);
        }
        losses.into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (x, alphas) = (cx.input(0).value.contiguous(), cx.extra(0).value);
        let scale = only(grads).value.contiguous();
        let (size, examples) = (self.sizes(x.shape()), self.examples());
        let dx = Value::build(x.shape(), |dx| {
            let [x, alphas, scale] = [&x, &alphas, &scale].map(|v| v.as_slice().expect("row-major"));
            kernel::backward(x, size, &examples, alphas, scale, self.zero_infinity, dx);
        });
        smallvec![Some(dx.into())]
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

/// A logarithm of nothing that can be added to and differentiated.
const NEVER: f64 = -1e30;

impl<T: Float> Composed<T> for Ctc {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let x = &inputs[0];
        let Sizes { steps, batch, states, .. } = self.sizes(x.shape());
        let examples = self.examples();
        let never = T::from_f64(NEVER);
        // By example and state: its class, what it costs to skip the state before it, where an alignment
        // begins and where it ends.
        let mut class = vec![self.blank as i64; batch * states];
        let mut skip = vec![never + never; batch * states];
        let mut begin = vec![never; batch * states];
        let mut end = vec![never + never; batch * states];
        for (n, example) in examples.iter().enumerate() {
            let row = n * states;
            begin[row] = T::zero();
            let last = 2 * example.labels.len();
            end[row + last] = T::zero();
            if last > 0 {
                end[row + last - 1] = T::zero();
            }
            for (i, &label) in example.labels.iter().enumerate() {
                class[row + 2 * i + 1] = label;
                if i > 0 && label != example.labels[i - 1] {
                    skip[row + 2 * i + 1] = T::zero();
                }
            }
        }
        let table = |values: Vec<T>| Tensor::from_vec([batch, states], values);
        let (skip, end) = (table(skip), table(end));
        let mut alpha = table(begin);
        let class = Indices::from_vec([steps, batch, states], class.repeat(steps));
        let emitted = x.gather(2, &class).clamp(NEVER, f64::INFINITY);
        for t in 0..steps {
            let from = |states_before: isize| {
                let padded = alpha.pad([(0, 0), (states_before, 0)], NEVER);
                padded.slice(1, ..states as isize)
            };
            let ways = Tensor::stack(&[&alpha, &from(1), &(from(2) + &skip)], 0);
            let next = ways.logsumexp(0) + emitted.select(0, t as isize);
            // Examples that have come to their end keep what they have.
            let runs: Vec<T> =
                examples.iter().map(|e| if t < e.steps { T::one() } else { T::zero() }).collect();
            let runs = Tensor::from_vec([batch, 1], runs);
            alpha = keep(&next, &runs) + keep(&alpha, &(1.0 - &runs));
        }
        let losses = -(alpha + end).logsumexp(1);
        let possible = losses.detach().lt(-NEVER / 10.0).to_tensor();
        smallvec![if self.zero_infinity {
            keep(&losses, &possible)
        } else {
            // 1 where a path spells the target, else ∞.
            losses / possible
        }]
    }
}

options! {
    /// Options of [`Tensor::ctc_loss_with`].
    CtcOptions {
        /// The class that stands for no label (default: 0).
        blank: usize = 0,
        /// Whether the loss of a target that no path can spell is 0, with a gradient of 0 (default: no: ∞, with a
        /// gradient of NaN).
        zero_infinity: bool = false,
    }
}

impl<T: Float> Tensor<T> {
    /// The mean CTC loss of log-probabilities [T, N, C] and targets: −ln P(target | x) divided by the target's
    /// length (by 1 if it is empty), where P is the probability of all paths of classes, one at each step, that
    /// spell the target once repeats are joined and then blanks, class 0, are dropped.
    ///
    /// The targets are labels [N, S], of which the first `target_lengths[n]` of row n count, or the labels of all
    /// examples one after another; `input_lengths[n]` is how many of the T steps belong to example n. Of one
    /// example the log-probabilities may be [T, C], with its labels \[S\] and one length each.
    ///
    /// The loss is ∞, and its gradient NaN, where the steps are too few for the target: one for each label, and
    /// one between equal neighbours. [`CtcOptions::zero_infinity`] leaves such examples out. The gradient by the
    /// log-probabilities is minus the posterior of each class at each step, as they stand; PyTorch's is meant to
    /// go through a log-softmax, behind which both are the same. After Graves et al., "Connectionist temporal
    /// classification" (2006).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// // Two steps, a blank and one label, all as likely: 3 of 4 paths spell the label.
    /// let x = Tensor::<f64>::zeros([2, 1, 2]).log_softmax(2);
    /// let loss = x.ctc_loss(&Indices::from_vec([1, 1], vec![1]), &Indices::from([2]), &Indices::from([1]));
    /// assert!((loss.item() - (4.0f64 / 3.0).ln()).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, the batch is empty, a length is negative or longer than what it measures, the
    /// lengths do not add up to the labels in one axis, or a label is not in 0..C or is the blank.
    #[track_caller]
    pub fn ctc_loss(&self, targets: &Indices, input_lengths: &Indices, target_lengths: &Indices) -> Self {
        self.ctc_loss_with(targets, input_lengths, target_lengths, CtcOptions::new())
    }

    /// The same with options. The losses of a sum, or one by one, are not divided by the targets' lengths.
    ///
    /// # Panics
    /// As [`ctc_loss`](Self::ctc_loss), an empty batch only for the mean; or if the blank is not in 0..C.
    #[track_caller]
    pub fn ctc_loss_with(
        &self,
        targets: &Indices,
        input_lengths: &Indices,
        target_lengths: &Indices,
        options: impl Into<CtcOptions>,
    ) -> Self {
        let CtcOptions { blank, zero_infinity, reduction } = options.into();
        let alone = self.ndim() == 2;
        if alone && (targets.shape().len() != 1 || input_lengths.len() != 1 || target_lengths.len() != 1) {
            let detail = "one example [steps, classes] has its labels in one axis, and one length each";
            refuse(ShapeError::new(detail).of("ctc_loss", &[self.shape()]));
        }
        let vector = |lengths: &Indices| match lengths.shape() {
            [] => lengths.reshape([1]).detach(),
            _ => lengths.detach(),
        };
        let function = Ctc {
            targets: targets.detach(),
            input_lengths: vector(input_lengths),
            target_lengths: vector(target_lengths),
            blank,
            zero_infinity,
        };
        let lengths = function.target_lengths.clone();
        let batch = if alone { self.unsqueeze(1) } else { self.clone() };
        let losses = apply_one(function, &[&batch]);
        refuse_empty("ctc_loss", &losses, reduction);
        let losses = if reduction == Reduction::Mean {
            let divisors = lengths.as_slice().iter().map(|&n| T::from_f64(n.max(1) as f64)).collect();
            losses / Self::from_vec([lengths.len()], divisors)
        } else {
            losses
        };
        reduction.reduce(if alone { losses.squeeze(0) } else { losses })
    }
}
