//! Losses of class labels: cross-entropy of logits, negative log-likelihood of log-probabilities.

use std::borrow::Cow;

use smallvec::smallvec;

use super::{Reduction, keep, refuse_empty, refuse_nan};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors, builtin};
use crate::indices::Indices;
use crate::kernels::layout::Along;
use crate::kernels::softmax as kernel;
use crate::ops::only;
use crate::shape::{ShapeError, Shapes, reduced, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(CrossEntropy);

/// Class labels of [N, C, …], with what a class weighs and which label does not count.
#[derive(Clone, Debug)]
pub(super) struct Labels {
    pub(super) ids: Indices,
    pub(super) weight: Option<Vec<f64>>,
    pub(super) ignore_index: Option<i64>,
}

/// Labels as kernels take them.
pub(super) struct Rows<T> {
    /// The classes, 0 for a label to be ignored.
    pub(super) ids: Indices,
    /// The weight of each label's class, 0 for one to be ignored; none if all are 1.
    pub(super) weights: Option<Vec<T>>,
    /// 1 for each label, 0 for one to be ignored; none if none is.
    kept: Option<Vec<T>>,
}

impl Labels {
    fn check(&self, x: &[usize], of_x: &str) -> Result<(), ShapeError> {
        if x.len() < 2 {
            return Err(ShapeError::new(format!("the {of_x} are not [batch, classes, …]")));
        }
        let (shape, classes) = (reduced(x, &[1], false), x[1]);
        if self.ids.shape() != &shape[..] {
            return Err(ShapeError::new(format!(
                "the labels {:?} have not the {of_x}' shape without axis 1, {:?}",
                self.ids.shape(),
                &shape[..]
            )));
        }
        if let Some(weight) = &self.weight
            && weight.len() != classes
        {
            return Err(ShapeError::new(format!("there are {} weights for {classes} classes", weight.len())));
        }
        if classes == 0 && !self.ids.is_empty() {
            return Err(ShapeError::new("there are no classes"));
        }
        let wrong =
            |&(_, &id): &(usize, &i64)| !(0..classes as i64).contains(&id) && Some(id) != self.ignore_index;
        match self.ids.as_slice().iter().enumerate().find(wrong) {
            None => Ok(()),
            Some((at, id)) => {
                let ignored = match self.ignore_index {
                    Some(ignored) if ignored != IGNORED => format!(" nor the ignored {ignored}"),
                    _ => String::new(),
                };
                Err(ShapeError::new(format!("class {id} at position {at} is not in 0..{classes}{ignored}")))
            }
        }
    }

    /// The input as [N, C, …] and the labels to it, checked; and whether it was one example, \[C\].
    #[track_caller]
    pub(super) fn batched<T: Float>(mut self, name: &'static str, x: &Tensor<T>) -> (Tensor<T>, Self, bool) {
        let alone = x.ndim() == 1;
        if alone && !self.ids.shape().is_empty() {
            let detail = format!("one example has one label, of shape [], not {:?}", self.ids.shape());
            refuse(ShapeError::new(detail).of(name, &[x.shape()]));
        }
        let batch = if alone {
            self.ids = self.ids.reshape([1]);
            x.unsqueeze(0)
        } else {
            x.clone()
        };
        let of_x = match name {
            "nll_loss" => "log-probabilities",
            "multi_margin_loss" => "scores",
            _ => "logits",
        };
        if let Err(error) = self.check(batch.shape(), of_x) {
            refuse(error.of(name, &[x.shape()]));
        }
        (batch, self, alone)
    }

    fn ignores(&self, id: i64) -> bool {
        Some(id) == self.ignore_index
    }

    pub(super) fn rows<T: Float>(&self) -> Rows<T> {
        let ids = self.ids.as_slice();
        let any = ids.iter().any(|&id| self.ignores(id));
        let counted = if any {
            let ids = ids.iter().map(|&id| if self.ignores(id) { 0 } else { id }).collect();
            Indices::from_vec(self.ids.shape(), ids)
        } else {
            self.ids.clone()
        };
        let weigh = |&id: &i64| if self.ignores(id) { T::zero() } else { self.weight_of(id) };
        let weights = (any || self.weight.is_some()).then(|| ids.iter().map(weigh).collect());
        let kept = |&id: &i64| if self.ignores(id) { T::zero() } else { T::one() };
        let kept = any.then(|| ids.iter().map(kept).collect());
        Rows { ids: counted, weights, kept }
    }

    fn weight_of<T: Float>(&self, id: i64) -> T {
        self.weight.as_ref().map_or(T::one(), |weight| T::from_f64(weight[id as usize]))
    }

    /// What a mean divides by, if not by the number of labels: the sum of the weights of those that count.
    fn divisor(&self) -> Option<f64> {
        let ids = self.ids.as_slice();
        if self.weight.is_none() && !ids.iter().any(|&id| self.ignores(id)) {
            return None;
        }
        Some(ids.iter().filter(|&&id| !self.ignores(id)).map(|&id| self.weight_of::<f64>(id)).sum())
    }
}

/// −Σ_c q_c·ln softmax(x)_c along axis 1, one loss for each example and position; fused.
///
/// q_c = w_c·((1 − ε)·\[c = y\] + ε/C) with the label y, the class weights w and the smoothing ε; a label to be
/// ignored has the loss 0. Rule: dx = (softmax(x)·Σ_c q_c − q)·dl.
#[derive(Clone, Debug)]
pub struct CrossEntropy {
    labels: Labels,
    label_smoothing: f64,
}

impl CrossEntropy {
    /// For class labels in the input's shape without axis 1, without weights or smoothing. Every label counts.
    pub fn new(labels: &Indices) -> Self {
        Self {
            labels: Labels { ids: labels.detach(), weight: None, ignore_index: None },
            label_smoothing: 0.0,
        }
    }

    /// ε·w_c/C for each class; none without smoothing.
    fn smoothing<T: Float>(&self, classes: usize) -> Option<Vec<T>> {
        let share = self.label_smoothing / classes as f64;
        let weight = |c: usize| self.labels.weight.as_ref().map_or(1.0, |weight| weight[c]);
        (self.label_smoothing != 0.0).then(|| (0..classes).map(|c| T::from_f64(share * weight(c))).collect())
    }

    /// What the label's own term of each row weighs, (1 − ε)·w_y; none if all weigh 1.
    fn own<'a, T: Float>(&self, rows: &'a Rows<T>) -> Option<Cow<'a, [T]>> {
        if self.label_smoothing == 0.0 {
            return rows.weights.as_deref().map(Cow::Borrowed);
        }
        let rest = T::from_f64(1.0 - self.label_smoothing);
        Some(match &rows.weights {
            None => vec![rest; rows.ids.len()].into(),
            Some(weights) => weights.iter().map(|&w| rest * w).collect(),
        })
    }
}

/// a·b, and 0 where a = 0 whatever b is there.
fn gated<T: Float>(a: T, b: T) -> T {
    if a == T::zero() { a } else { a * b }
}

fn slice<T: Float>(value: &Value<T>) -> &[T] {
    value.as_slice().expect("row-major")
}

impl<T: Float> Function<T> for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross_entropy"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        self.labels.check(inputs[0], "logits")?;
        if !(0.0..=1.0).contains(&self.label_smoothing) {
            let detail = format!("the label smoothing {} is not in 0..=1", self.label_smoothing);
            return Err(ShapeError::new(detail));
        }
        Ok(smallvec![reduced(inputs[0], &[1], false)])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        let (x, rows) = (inputs[0].contiguous(), self.labels.rows::<T>());
        let along = Along::axis(x.shape(), 1);
        let mut normalizer = Value::full(rows.ids.shape(), T::zero());
        let losses = Value::build(rows.ids.shape(), |losses| {
            let mut view = normalizer.view_mut();
            let normalizer = view.as_slice_mut().expect("row-major");
            kernel::cross_entropy(slice(&x), rows.ids.as_slice(), along, losses, normalizer);
            for (loss, &own) in losses.iter_mut().zip(self.own(&rows).iter().flat_map(|own| own.iter())) {
                *loss = gated(own, *loss);
            }
            if let Some(smoothing) = self.smoothing(along.n) {
                let kept = rows.kept.as_deref();
                kernel::cross_entropy_smoothing(slice(&x), normalizer, &smoothing, kept, along, losses);
            }
        });
        cx.save(normalizer);
        losses.into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (x, rows) = (cx.input(0).value.contiguous(), self.labels.rows::<T>());
        let (normalizer, dl) = (cx.extra(0).value, only(grads).value.contiguous());
        let dl = slice(&dl);
        // What the label's probability and what all are multiplied with.
        let own: Cow<'_, [T]> = match self.own(&rows) {
            None => dl.into(),
            Some(own) => own.iter().zip(dl).map(|(&own, &dl)| gated(own, dl)).collect(),
        };
        let along = Along::axis(x.shape(), 1);
        let smoothing = self.smoothing::<T>(along.n).map(|smoothing| {
            let dl: Cow<'_, [T]> = match &rows.kept {
                None => dl.into(),
                Some(kept) => kept.iter().zip(dl).map(|(&kept, &dl)| gated(kept, dl)).collect(),
            };
            (smoothing, dl)
        });
        let total: Cow<'_, [T]> = match &smoothing {
            None => Cow::Borrowed(&own),
            Some((smoothing, dl)) => {
                let sum: T = smoothing.iter().copied().sum();
                own.iter().zip(&**dl).map(|(&own, &dl)| own + sum * dl).collect()
            }
        };
        let dx = Value::build(x.shape(), |dx| {
            let (x, normalizer) = (slice(&x), slice(&normalizer));
            kernel::cross_entropy_backward(x, rows.ids.as_slice(), normalizer, &total, &own, along, dx);
            if let Some((smoothing, dl)) = &smoothing {
                kernel::subtract_smoothing(smoothing, dl, along, dx);
            }
        });
        smallvec![Some(dx.into())]
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

/// The shape that turns one number for each class into a factor of [N, C, …].
fn by_class(classes: usize, rank: usize) -> Vec<usize> {
    let mut shape = vec![1; rank];
    shape[1] = classes;
    shape
}

impl<T: Float> Composed<T> for CrossEntropy {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let rows = self.labels.rows::<T>();
        let mut one_class = rows.ids.shape().to_vec();
        one_class.insert(1, 1);
        let kept = rows.kept.clone().map(|kept| Tensor::from_vec(&one_class, kept));
        let x = match &kept {
            None => inputs[0].clone(),
            Some(kept) => keep(&inputs[0], kept),
        };
        let classes = x.shape()[1];
        let ln = x.log_softmax(1);
        let mut losses = -ln.gather(1, &rows.ids.reshape(&one_class));
        if let Some(own) = self.own(&rows) {
            losses = keep(&losses, &Tensor::from_vec(&one_class, own.into_owned()));
        }
        if let Some(smoothing) = self.smoothing::<T>(classes) {
            let smoothing = Tensor::from_vec(by_class(classes, x.ndim()), smoothing);
            let smooth = -(ln * smoothing).sum(crate::keepdim(1));
            losses = losses + kept.map_or_else(|| smooth.clone(), |kept| keep(&smooth, &kept));
        }
        smallvec![losses.squeeze(1)]
    }
}

/// The label that does not count unless another is named.
const IGNORED: i64 = -100;

/// Options of [`Tensor::cross_entropy_with`].
#[derive(Clone, Debug, PartialEq)]
pub struct CrossEntropyOptions {
    weight: Option<Vec<f64>>,
    ignore_index: Option<i64>,
    label_smoothing: f64,
    reduction: Reduction,
}

impl Default for CrossEntropyOptions {
    fn default() -> Self {
        Self { weight: None, ignore_index: Some(IGNORED), label_smoothing: 0.0, reduction: Reduction::Mean }
    }
}

impl CrossEntropyOptions {
    /// No weights, −100 ignored, no smoothing, the mean.
    pub fn new() -> Self {
        Self::default()
    }

    /// A factor for each class (default: 1), more for rare classes. The mean over labels divides by the sum of
    /// their classes' weights.
    pub fn weight(mut self, weight: impl Into<Vec<f64>>) -> Self {
        self.weight = Some(weight.into());
        self
    }

    /// The label whose examples do not count, neither in the sum nor in the mean (default: −100); `None` for
    /// none. A mean of which nothing counts is NaN.
    pub fn ignore_index(mut self, label: impl Into<Option<i64>>) -> Self {
        self.ignore_index = label.into();
        self
    }

    /// How much of each target is spread evenly over all classes, ε from 0 to 1 (default: 0): (1 − ε) times the
    /// target plus ε/C. After Szegedy et al., "Rethinking the Inception architecture for computer vision"
    /// (2016).
    pub const fn label_smoothing(mut self, epsilon: f64) -> Self {
        self.label_smoothing = epsilon;
        self
    }

    /// What becomes of the losses (default: their mean).
    pub const fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }
}

impl From<Reduction> for CrossEntropyOptions {
    fn from(reduction: Reduction) -> Self {
        Self::new().reduction(reduction)
    }
}

/// Options of [`Tensor::nll_loss_with`].
#[derive(Clone, Debug, PartialEq)]
pub struct NllOptions {
    weight: Option<Vec<f64>>,
    ignore_index: Option<i64>,
    reduction: Reduction,
}

impl Default for NllOptions {
    fn default() -> Self {
        Self { weight: None, ignore_index: Some(IGNORED), reduction: Reduction::Mean }
    }
}

impl NllOptions {
    /// No weights, −100 ignored, the mean.
    pub fn new() -> Self {
        Self::default()
    }

    /// A factor for each class (default: 1). The mean divides by the sum of the labels' weights.
    pub fn weight(mut self, weight: impl Into<Vec<f64>>) -> Self {
        self.weight = Some(weight.into());
        self
    }

    /// The label whose examples do not count, neither in the sum nor in the mean (default: −100); `None` for
    /// none. A mean of which nothing counts is NaN.
    pub fn ignore_index(mut self, label: impl Into<Option<i64>>) -> Self {
        self.ignore_index = label.into();
        self
    }

    /// What becomes of the losses (default: their mean).
    pub const fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }
}

impl From<Reduction> for NllOptions {
    fn from(reduction: Reduction) -> Self {
        Self::new().reduction(reduction)
    }
}

/// A target of [`Tensor::cross_entropy`]: class labels, or a tensor of class probabilities.
pub trait CrossEntropyTarget<T: Float> {
    #[doc(hidden)]
    #[track_caller]
    fn loss(&self, logits: &Tensor<T>, options: CrossEntropyOptions) -> Tensor<T>;
}

impl<T: Float> CrossEntropyTarget<T> for Indices {
    #[track_caller]
    fn loss(&self, logits: &Tensor<T>, options: CrossEntropyOptions) -> Tensor<T> {
        let CrossEntropyOptions { weight, ignore_index, label_smoothing, reduction } = options;
        let labels = Labels { ids: self.detach(), weight, ignore_index };
        let (x, labels, alone) = labels.batched("cross_entropy", logits);
        let divisor = labels.divisor();
        let losses = apply_one(CrossEntropy { labels, label_smoothing }, &[&x]);
        refuse_empty("cross_entropy", &losses, reduction);
        reduction.reduce_by(if alone { losses.squeeze(0) } else { losses }, divisor)
    }
}

impl<T: Float> CrossEntropyTarget<T> for Tensor<T> {
    #[track_caller]
    fn loss(&self, logits: &Tensor<T>, options: CrossEntropyOptions) -> Tensor<T> {
        const NAME: &str = "cross_entropy";
        if logits.ndim() == 0 || self.shape() != logits.shape() {
            let detail = "the probabilities must have the shape of the logits, [batch, classes, …]";
            refuse(ShapeError::new(detail).of(NAME, &[logits.shape(), self.shape()]));
        }
        refuse_nan(NAME, self);
        let axis = usize::from(logits.ndim() > 1);
        let classes = logits.shape()[axis];
        let epsilon = options.label_smoothing;
        if !(0.0..=1.0).contains(&epsilon) {
            let detail = format!("the label smoothing {epsilon} is not in 0..=1");
            refuse(ShapeError::new(detail).of(NAME, &[logits.shape()]));
        }
        let mut target = self.clone();
        if epsilon != 0.0 {
            target = target * (1.0 - epsilon) + epsilon / classes.max(1) as f64;
        }
        if let Some(weight) = options.weight {
            if weight.len() != classes {
                let detail = format!("there are {} weights for {classes} classes", weight.len());
                refuse(ShapeError::new(detail).of(NAME, &[logits.shape()]));
            }
            let mut shape = vec![1; logits.ndim()];
            shape[axis] = classes;
            target = target * Tensor::from_vec(shape, weight.into_iter().map(T::from_f64).collect());
        }
        let axis = axis as isize;
        let losses = -(target * logits.log_softmax(axis)).sum(axis);
        refuse_empty(NAME, &losses, options.reduction);
        options.reduction.reduce(losses)
    }
}

impl<T: Float> Tensor<T> {
    /// The mean cross-entropy of logits [N, C, …] and targets: class labels [N, …], or class probabilities
    /// of the logits' shape. Of one example the logits are \[C\] and the label has the shape [].
    ///
    /// L = −ln softmax(x)\[y\] for labels, −Σ_c p_c·ln softmax(x)_c for probabilities; the gradient is
    /// (softmax(x) − target) / N. A label −100 does not count.
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
        self.cross_entropy_with(target, CrossEntropyOptions::new())
    }

    /// The same with options: class weights, a label to ignore, label smoothing, another reduction. With
    /// probabilities as targets no label is ignored, and the mean divides by the number of examples and
    /// positions.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let logits = Tensor::<f64>::zeros([2, 4]);
    /// let losses = logits.cross_entropy_with(&Indices::from([0, 3]), Reduction::None);
    /// assert_eq!(losses.to_vec(), [4f64.ln(); 2]);
    ///
    /// let options = CrossEntropyOptions::new().weight([1.0, 2.0, 1.0, 1.0]).ignore_index(3);
    /// assert_eq!(logits.cross_entropy_with(&Indices::from([1, 3]), options).item(), 4f64.ln());
    /// ```
    ///
    /// # Panics
    /// As [`cross_entropy`](Self::cross_entropy), an empty batch only for the mean; or if there is not one weight
    /// for each class, or the smoothing is not in 0..=1.
    #[track_caller]
    pub fn cross_entropy_with(
        &self,
        target: &impl CrossEntropyTarget<T>,
        options: impl Into<CrossEntropyOptions>,
    ) -> Self {
        target.loss(self, options.into())
    }

    /// The mean negative log-likelihood of log-probabilities [N, C, …] and class labels [N, …]: the mean of
    /// −x\[y\]. Of one example the log-probabilities are \[C\] and the label has the shape [].
    ///
    /// [`cross_entropy`](Self::cross_entropy) is this of the [`log_softmax`](Self::log_softmax), in one step.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![-0.5, -1.0, -2.0, -0.25]);
    /// assert_eq!(x.nll_loss(&Indices::from([0, 1])).item(), 0.375);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, the batch is empty, or a label is not in 0..C.
    #[track_caller]
    pub fn nll_loss(&self, labels: &Indices) -> Self {
        self.nll_loss_with(labels, NllOptions::new())
    }

    /// The same with options: class weights, a label to ignore, another reduction.
    ///
    /// # Panics
    /// As [`nll_loss`](Self::nll_loss), an empty batch only for the mean; or if there is not one weight for each
    /// class.
    #[track_caller]
    pub fn nll_loss_with(&self, labels: &Indices, options: impl Into<NllOptions>) -> Self {
        let NllOptions { weight, ignore_index, reduction } = options.into();
        let labels = Labels { ids: labels.detach(), weight, ignore_index };
        let (x, labels, alone) = labels.batched("nll_loss", self);
        let rows = labels.rows::<T>();
        let mut one_class = rows.ids.shape().to_vec();
        one_class.insert(1, 1);
        let mut losses = -x.gather(1, &rows.ids.reshape(one_class)).squeeze(1);
        if let Some(weights) = rows.weights {
            losses = keep(&losses, &Self::from_vec(rows.ids.shape(), weights));
        }
        refuse_empty("nll_loss", &losses, reduction);
        reduction.reduce_by(if alone { losses.squeeze(0) } else { losses }, labels.divisor())
    }
}
