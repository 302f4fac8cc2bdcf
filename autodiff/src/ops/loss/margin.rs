//! Losses of scores that are to be right by a margin.

use super::cross_entropy::Labels;
use super::pointwise::pointwise;
use super::{Reduction, options, refuse_empty, signs};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors};
use crate::indices::Indices;
use crate::shape::{ShapeError, Shapes, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

/// max(0, x); NaN stays.
#[inline(always)]
fn positive<T: Float>(x: T) -> T {
    if x <= T::zero() { T::zero() } else { x }
}

/// f where x > 0 or x is NaN, else 0.
#[inline(always)]
fn where_positive<T: Float>(x: T, f: T) -> T {
    if x <= T::zero() { T::zero() } else { f }
}

pointwise! {
    /// max(0, m − t·x) for a score x, a label t of 1 or −1 and a margin m; fused. Rule: dx = −t·dl and
    /// dt = −x·dl where the loss is positive, else 0.
    Hinge {
        /// The margin m.
        margin: f64,
    }, "hinge_loss",
    loss |s, x, y| positive(T::from_f64(s.margin) - y * x),
    slope where_positive(T::from_f64(s.margin) - y * x, -y),
    target where_positive(T::from_f64(s.margin) - y * x, -x),
    composed (s.margin - y * x).relu()
}

pointwise! {
    /// x for the label 1, max(0, m − x) for the label −1; fused. Rule: dx = dl for the label 1, for the other
    /// −dl where the loss is positive, else 0.
    HingeEmbedding {
        /// The margin m.
        margin: f64,
    }, "hinge_embedding_loss",
    loss |s, x, y| if y > T::zero() { x } else { positive(T::from_f64(s.margin) - x) },
    slope if y > T::zero() { T::one() } else { where_positive(T::from_f64(s.margin) - x, -T::one()) },
    target T::zero(),
    composed {
        let similar = y.detach().gt(0.0).to_tensor();
        super::keep(x, &similar) + super::keep(&(s.margin - x).relu(), &(1.0 - &similar))
    }
}

options! {
    /// Options of [`Tensor::hinge_embedding_loss_with`].
    HingeEmbeddingOptions {
        /// How far apart the unlike should be (default: 1).
        margin: f64 = 1.0,
    }
}

options! {
    /// Options of [`Tensor::margin_ranking_loss_with`].
    MarginRankingOptions {
        /// By how much the higher should be higher (default: 0).
        margin: f64 = 0.0,
    }
}

/// Options of [`Tensor::multi_margin_loss_with`].
#[derive(Clone, Debug, PartialEq)]
pub struct MultiMarginOptions {
    p: i32,
    margin: f64,
    weight: Option<Vec<f64>>,
    reduction: Reduction,
}

impl Default for MultiMarginOptions {
    fn default() -> Self {
        Self { p: 1, margin: 1.0, weight: None, reduction: Reduction::Mean }
    }
}

impl MultiMarginOptions {
    /// p = 1, margin 1, no weights, the mean.
    pub fn new() -> Self {
        Self::default()
    }

    /// The power of each term, 1 or 2 (default: 1).
    pub const fn p(mut self, p: i32) -> Self {
        self.p = p;
        self
    }

    /// By how much the label's score should be above the others (default: 1).
    pub const fn margin(mut self, margin: f64) -> Self {
        self.margin = margin;
        self
    }

    /// A factor for each class, which its examples' losses are multiplied with (default: 1).
    pub fn weight(mut self, weight: impl Into<Vec<f64>>) -> Self {
        self.weight = Some(weight.into());
        self
    }

    /// What becomes of the losses (default: their mean).
    pub const fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }
}

impl From<Reduction> for MultiMarginOptions {
    fn from(reduction: Reduction) -> Self {
        Self::new().reduction(reduction)
    }
}

impl<T: Float> Tensor<T> {
    /// The mean hinge loss of scores x and labels t of 1 or −1, in one shape: the mean of max(0, 1 − t·x).
    ///
    /// The loss of a support vector machine. Its gradient is 0 at the kink t·x = 1.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let scores = Tensor::<f64>::from_vec([3], vec![0.5, 2.0, 0.5]);
    /// assert_eq!(scores.hinge_loss(&Indices::from([1, 1, -1])).item(), (0.5 + 0.0 + 1.5) / 3.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, or a label is neither 1 nor −1.
    #[track_caller]
    pub fn hinge_loss(&self, labels: &Indices) -> Self {
        self.hinge_loss_with(labels, Reduction::Mean)
    }

    /// The same with the losses summed, or one for each score.
    ///
    /// # Panics
    /// As [`hinge_loss`](Self::hinge_loss); an empty batch only for the mean.
    #[track_caller]
    pub fn hinge_loss_with(&self, labels: &Indices, reduction: Reduction) -> Self {
        let labels = signs("hinge_loss", labels, self.shape());
        refuse_empty("hinge_loss", self, reduction);
        reduction.reduce(apply_one(Hinge { margin: 1.0 }, &[self, &labels]))
    }

    /// The mean hinge embedding loss of distances x and labels of 1 (alike) or −1 (unlike), in one shape: x
    /// for the alike, max(0, margin − x) for the unlike, with margin 1.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let distances = Tensor::<f64>::from_vec([3], vec![0.5, 0.25, 2.0]);
    /// let loss = distances.hinge_embedding_loss(&Indices::from([1, -1, -1]));
    /// assert_eq!(loss.item(), (0.5 + 0.75 + 0.0) / 3.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, or a label is neither 1 nor −1.
    #[track_caller]
    pub fn hinge_embedding_loss(&self, labels: &Indices) -> Self {
        self.hinge_embedding_loss_with(labels, HingeEmbeddingOptions::new())
    }

    /// The same with options.
    ///
    /// # Panics
    /// As [`hinge_embedding_loss`](Self::hinge_embedding_loss); an empty batch only for the mean.
    #[track_caller]
    pub fn hinge_embedding_loss_with(
        &self,
        labels: &Indices,
        options: impl Into<HingeEmbeddingOptions>,
    ) -> Self {
        let HingeEmbeddingOptions { margin, reduction } = options.into();
        let labels = signs("hinge_embedding_loss", labels, self.shape());
        refuse_empty("hinge_embedding_loss", self, reduction);
        reduction.reduce(apply_one(HingeEmbedding { margin }, &[self, &labels]))
    }

    /// The mean ranking loss of two tensors of scores and labels t, in one shape: the mean of
    /// max(0, margin − t·(x₁ − x₂)), with margin 0. The label is 1 where this tensor's score x₁ should be the
    /// higher, −1 where the other's.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let (a, b) = (Tensor::<f64>::from_vec([2], vec![2.0, 2.0]), Tensor::ones([2]));
    /// assert_eq!(a.margin_ranking_loss(&b, &Indices::from([1, -1])).item(), 0.5);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, or a label is neither 1 nor −1.
    #[track_caller]
    pub fn margin_ranking_loss(&self, other: &Self, labels: &Indices) -> Self {
        self.margin_ranking_loss_with(other, labels, MarginRankingOptions::new())
    }

    /// The same with options.
    ///
    /// # Panics
    /// As [`margin_ranking_loss`](Self::margin_ranking_loss); an empty batch only for the mean.
    #[track_caller]
    pub fn margin_ranking_loss_with(
        &self,
        other: &Self,
        labels: &Indices,
        options: impl Into<MarginRankingOptions>,
    ) -> Self {
        const NAME: &str = "margin_ranking_loss";
        let MarginRankingOptions { margin, reduction } = options.into();
        if self.shape() != other.shape() {
            let detail = "the two tensors of scores must have the same shape";
            refuse(ShapeError::new(detail).of(NAME, &[self.shape(), other.shape()]));
        }
        let labels = signs(NAME, labels, self.shape());
        refuse_empty(NAME, self, reduction);
        reduction.reduce(apply_one(Hinge { margin }, &[&(self - other), &labels]))
    }

    /// The mean multi-class margin loss of scores [N, C] and class labels \[N\], or \[C\] and one label:
    /// Σ_{c ≠ y} max(0, margin − x_y + x_c)ᵖ / C, with margin 1 and p = 1.
    ///
    /// After Crammer and Singer, "On the algorithmic implementation of multiclass kernel-based vector machines"
    /// (2001), who take the largest term in place of the sum.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let scores = Tensor::<f64>::from_vec([1, 4], vec![0.5, 1.0, 0.25, -2.0]);
    /// assert_eq!(scores.multi_margin_loss(&Indices::from([1])).item(), (0.5 + 0.25) / 4.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, the batch is empty, or a label is not in 0..C.
    #[track_caller]
    pub fn multi_margin_loss(&self, labels: &Indices) -> Self {
        self.multi_margin_loss_with(labels, MultiMarginOptions::new())
    }

    /// The same with options. The mean divides by the number of examples, not by the sum of the weights.
    ///
    /// # Panics
    /// As [`multi_margin_loss`](Self::multi_margin_loss), an empty batch only for the mean; or if p is neither
    /// 1 nor 2, or there is not one weight for each class.
    #[track_caller]
    pub fn multi_margin_loss_with(&self, labels: &Indices, options: impl Into<MultiMarginOptions>) -> Self {
        const NAME: &str = "multi_margin_loss";
        let MultiMarginOptions { p, margin, weight, reduction } = options.into();
        if self.ndim() == 0 || self.ndim() > 2 {
            let detail = "the scores are neither [batch, classes] nor [classes]";
            refuse(ShapeError::new(detail).of(NAME, &[self.shape()]));
        }
        if p != 1 && p != 2 {
            refuse(ShapeError::new(format!("p = {p} is neither 1 nor 2")).of(NAME, &[self.shape()]));
        }
        let labels = Labels { ids: labels.detach(), weight, ignore_index: None };
        let (x, labels, alone) = labels.batched(NAME, self);
        let rows = labels.rows::<T>();
        let (n, classes) = (x.shape()[0], x.shape()[1]);
        // The label's own term counts for nothing: below 0 by ∞.
        let mut margins = vec![T::from_f64(margin); x.len()];
        for (row, label) in rows.ids.as_slice().iter().enumerate() {
            margins[row * classes + *label as usize] = T::neg_infinity();
        }
        let own = x.gather(1, &rows.ids.reshape([n, 1]));
        let terms = (&x - own + Self::from_vec([n, classes], margins)).relu();
        let terms = if p == 2 { terms.square() } else { terms };
        let mut losses = terms.sum(1) * (1.0 / classes.max(1) as f64);
        if let Some(weights) = rows.weights {
            losses = losses * Self::from_vec([n], weights);
        }
        if alone {
            losses = losses.squeeze(0);
        }
        refuse_empty(NAME, &losses, reduction);
        reduction.reduce(losses)
    }
}
