//! Losses of embeddings: alike ones near, unlike ones far.

use super::{keep, options, refuse_empty, signs};
use crate::Float;
use crate::indices::Indices;
use crate::shape::{Shape, ShapeError, broadcast, refuse};
use crate::tensor::Tensor;

options! {
    /// Options of [`Tensor::cosine_embedding_loss_with`].
    CosineEmbeddingOptions {
        /// The cosine below which the unlike cost nothing, from −1 to 1 (default: 0).
        margin: f64 = 0.0,
    }
}

options! {
    /// Options of [`Tensor::contrastive_loss_with`].
    ContrastiveOptions {
        /// The distance from which on the unlike cost nothing (default: 1).
        margin: f64 = 1.0,
    }
}

options! {
    /// Options of [`Tensor::triplet_margin_loss_with`]. The forms of papers have names:
    /// [`facenet`](Self::facenet) and [`norms`](Self::norms).
    TripletOptions {
        /// By how much the negative should be farther than the positive (default: 1).
        margin: f64 = 1.0,
        /// The norm of the distance, p > 0 or ∞ (default: 2).
        p: f64 = 2.0,
        /// What is added to each difference before the norm is taken (default: 1e-6), which keeps the distance
        /// of equal embeddings differentiable. With 0 the gradient of their distance is 0.
        eps: f64 = 1e-6,
        /// Whether the negative's distance is the smaller of those to the anchor and to the positive
        /// (default: no), after Balntas et al., "Learning local feature descriptors with triplets and shallow
        /// convolutional neural networks" (2016).
        swap: bool = false,
        /// Whether the distances are squared 2-norms, with no use for `p` and `eps` (default: no).
        squared: bool = false,
    }
}

impl TripletOptions {
    /// max(0, ‖a − p‖² − ‖a − n‖² + α), with margin α = 0.2: Schroff et al., "FaceNet" (2015).
    pub fn facenet() -> Self {
        Self::new().squared(true).margin(0.2)
    }

    /// max(0, ‖a − p‖ − ‖a − n‖ + margin) with plain 2-norms and margin 1: nothing added to the differences.
    pub fn norms() -> Self {
        Self::new().eps(0.0)
    }

    /// The distances of embeddings along the last axis.
    #[track_caller]
    fn distance<T: Float>(&self, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        let difference = a - b;
        if self.squared {
            return difference.square().sum(-1);
        }
        let difference = if self.eps == 0.0 { difference } else { difference + self.eps };
        if self.p == 2.0 {
            root(&difference.square().sum(-1), 0.5)
        } else if self.p == 1.0 {
            difference.abs().sum(-1)
        } else if self.p == f64::INFINITY {
            difference.abs().max(-1)
        } else {
            root(&difference.abs().pow(self.p).sum(-1), 1.0 / self.p)
        }
    }
}

/// xʳ for x ≥ 0, with 0 for the gradient at 0, where that of a root is infinite.
#[track_caller]
fn root<T: Float>(x: &Tensor<T>, r: f64) -> Tensor<T> {
    let positive = x.ne(0.0).to_tensor();
    let lifted = x + (1.0 - &positive);
    keep(&if r == 0.5 { lifted.sqrt() } else { lifted.pow(r) }, &positive)
}

/// The shape of the losses of embeddings, which are vectors along the last axis of tensors of one shape.
#[track_caller]
fn rows_of(name: &'static str, shapes: &[&[usize]]) -> Shape {
    if shapes.iter().any(|shape| *shape != shapes[0]) {
        let broadcasts = broadcast(shapes[0], shapes[shapes.len() - 1]).is_ok();
        let hint = if broadcasts { "; broadcast_to makes them equal if that is meant" } else { "" };
        refuse(ShapeError::new(format!("the embeddings must have the same shape{hint}")).of(name, shapes));
    }
    match shapes[0].split_last() {
        Some((_, rows)) => Shape::from_slice(rows),
        None => refuse(ShapeError::new("embeddings have at least one axis").of(name, shapes)),
    }
}

impl<T: Float> Tensor<T> {
    /// The mean cosine embedding loss of pairs of embeddings [N, D], or of one pair \[D\], and labels \[N\] of 1
    /// (alike) or −1 (unlike): 1 − cos(a, b) for the alike, max(0, cos(a, b) − margin) for the unlike, with
    /// margin 0.
    ///
    /// cos(a, b) = a·b/√((‖a‖² + ε)(‖b‖² + ε)), ε = 10⁻¹², which is 0 for a vector of zeros.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let a = Tensor::<f64>::from_vec([2, 2], vec![1.0, 0.0, 1.0, 0.0]);
    /// let b = Tensor::from_vec([2, 2], vec![0.0, 3.0, 3.0, 0.0]);
    /// let loss = a.cosine_embedding_loss(&b, &Indices::from([1, -1]));
    /// assert!((loss.item() - 1.0).abs() < 1e-9);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, there are no pairs, or a label is neither 1 nor −1.
    #[track_caller]
    pub fn cosine_embedding_loss(&self, other: &Self, labels: &Indices) -> Self {
        self.cosine_embedding_loss_with(other, labels, CosineEmbeddingOptions::new())
    }

    /// The same with options.
    ///
    /// # Panics
    /// As [`cosine_embedding_loss`](Self::cosine_embedding_loss); an empty batch only for the mean.
    #[track_caller]
    pub fn cosine_embedding_loss_with(
        &self,
        other: &Self,
        labels: &Indices,
        options: impl Into<CosineEmbeddingOptions>,
    ) -> Self {
        const NAME: &str = "cosine_embedding_loss";
        const EPS: f64 = 1e-12;
        let CosineEmbeddingOptions { margin, reduction } = options.into();
        let rows = rows_of(NAME, &[self.shape(), other.shape()]);
        let alike = (1.0 + signs::<T>(NAME, labels, &rows)) * 0.5;
        refuse_empty(NAME, &alike, reduction);
        let magnitude = |x: &Self| (x.square().sum(-1) + EPS).sqrt();
        let cosine = (self * other).sum(-1) / (magnitude(self) * magnitude(other));
        let unlike = (&cosine - margin).relu();
        reduction.reduce((1.0 - cosine) * &alike + unlike * (1.0 - &alike))
    }

    /// The mean contrastive loss of pairs of embeddings [N, D], or of one pair \[D\], and labels \[N\]:
    /// ½D² for the label 0, ½max(0, margin − D)² for the label 1, where D = ‖a − b‖ and the margin is 1.
    ///
    /// **The label 0 says that the two are alike, 1 that they are not**, as in the paper: Hadsell, Chopra and
    /// LeCun, "Dimensionality reduction by learning an invariant mapping" (2006). The gradient of the distance
    /// of equal embeddings is 0.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let a = Tensor::<f64>::from_vec([3, 1], vec![0.0, 0.0, 0.0]);
    /// let b = Tensor::from_vec([3, 1], vec![3.0, 0.5, 3.0]);
    /// let losses = a.contrastive_loss_with(&b, &Indices::from([0, 1, 1]), Reduction::None);
    /// assert_eq!(losses.to_vec(), [4.5, 0.125, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, there are no pairs, or a label is neither 0 nor 1.
    #[track_caller]
    pub fn contrastive_loss(&self, other: &Self, labels: &Indices) -> Self {
        self.contrastive_loss_with(other, labels, ContrastiveOptions::new())
    }

    /// The same with options.
    ///
    /// # Panics
    /// As [`contrastive_loss`](Self::contrastive_loss); an empty batch only for the mean.
    #[track_caller]
    pub fn contrastive_loss_with(
        &self,
        other: &Self,
        labels: &Indices,
        options: impl Into<ContrastiveOptions>,
    ) -> Self {
        const NAME: &str = "contrastive_loss";
        let ContrastiveOptions { margin, reduction } = options.into();
        let shapes = [self.shape(), other.shape()];
        let rows = rows_of(NAME, &shapes);
        if labels.shape() != &rows[..] {
            let detail =
                format!("the labels {:?} have not the shape of the pairs, {:?}", labels.shape(), &rows[..]);
            refuse(ShapeError::new(detail).of(NAME, &shapes));
        }
        if let Err(error) = labels.check(2, "label") {
            refuse(error.of(NAME, &shapes));
        }
        let unlike = labels.as_slice().iter().map(|&label| T::from_f64(label as f64)).collect();
        let unlike = Self::from_vec(&rows, unlike);
        refuse_empty(NAME, &unlike, reduction);
        let squares = (self - other).square().sum(-1);
        let short = (margin - root(&squares, 0.5)).relu().square();
        reduction.reduce((squares * (1.0 - &unlike) + short * &unlike) * 0.5)
    }

    /// The mean triplet loss of anchors (this tensor), positives and negatives [N, D], or of one triplet
    /// \[D\]: max(0, d(a, p) − d(a, n) + margin), where d(x, y) = ‖x − y + ε‖₂, the margin is 1 and ε = 10⁻⁶.
    ///
    /// [`TripletOptions::facenet`] has squared distances, [`TripletOptions::norms`] plain ones.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let row = |x: f64| Tensor::<f64>::from_vec([1, 1], vec![x]);
    /// let (anchor, positive, negative) = (row(0.0), row(2.0), row(-2.5));
    /// let loss = |options| anchor.triplet_margin_loss_with(&positive, &negative, options).item();
    /// assert!((anchor.triplet_margin_loss(&positive, &negative).item() - 0.5).abs() < 1e-5);
    /// assert_eq!(loss(TripletOptions::norms().margin(0.75)), 2.0 - 2.5 + 0.75);
    /// assert_eq!(loss(TripletOptions::facenet().margin(3.0)), 4.0 - 6.25 + 3.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ or there are no triplets.
    #[track_caller]
    pub fn triplet_margin_loss(&self, positive: &Self, negative: &Self) -> Self {
        self.triplet_margin_loss_with(positive, negative, TripletOptions::new())
    }

    /// The same with options.
    ///
    /// # Panics
    /// As [`triplet_margin_loss`](Self::triplet_margin_loss), an empty batch only for the mean; if p is not
    /// positive, or if it is ∞ and the embeddings have no elements.
    #[track_caller]
    pub fn triplet_margin_loss_with(
        &self,
        positive: &Self,
        negative: &Self,
        options: impl Into<TripletOptions>,
    ) -> Self {
        const NAME: &str = "triplet_margin_loss";
        let options = options.into();
        let shapes = [self.shape(), positive.shape(), negative.shape()];
        rows_of(NAME, &shapes);
        if options.p.is_nan() || options.p <= 0.0 {
            refuse(ShapeError::new(format!("p = {} is not positive", options.p)).of(NAME, &shapes));
        }
        let near = options.distance(self, positive);
        refuse_empty(NAME, &near, options.reduction);
        let mut far = options.distance(self, negative);
        if options.swap {
            far = far.minimum(&options.distance(positive, negative));
        }
        options.reduction.reduce((near - far + options.margin).relu())
    }
}
