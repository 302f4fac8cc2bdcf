//! Focal losses: cross-entropies in which what is easy counts little.

use super::binary::{sigmoids, softpluses};
use super::pointwise::pointwise;
use super::{CrossEntropyOptions, Reduction, options, refuse_empty, refuse_nan, same_shape};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors};
use crate::indices::Indices;
use crate::shape::{ShapeError, Shapes, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

/// uᵞ, without a call for the common γ.
#[inline(always)]
fn power<T: Float>(u: T, gamma: f64) -> T {
    if gamma == 2.0 {
        u * u
    } else if gamma == 1.0 {
        u
    } else if gamma == 0.0 {
        T::one()
    } else {
        u.powf(T::from_f64(gamma))
    }
}

/// α for the target 1, 1 − α for 0.
#[inline(always)]
fn balance<T: Float>(alpha: f64, y: T) -> T {
    T::from_f64(alpha) * y + T::from_f64(1.0 - alpha) * (T::one() - y)
}

pointwise! {
    /// α·uᵞ·c for a logit x and a target y; fused. c is the binary cross-entropy, u = y·σ(−x) + (1 − y)·σ(x) how
    /// far off the prediction is, and α is weighed by the target: αy + (1 − α)(1 − y).
    ///
    /// Rule: dx = α·uᵞ·(γ·c·u'/u + c')·dl with c' = (1 − y)·σ(x) − y·σ(−x) and u' = (1 − 2y)·σ(x)·σ(−x).
    SigmoidFocal {
        /// The weight of the target 1, α.
        alpha: f64,
        /// How little the easy counts, γ.
        gamma: f64,
    }, "sigmoid_focal_loss",
    loss |s, x, y| {
        let (of_one, of_zero) = softpluses(x);
        let (no, yes) = sigmoids(x);
        let rest = T::one() - y;
        balance(s.alpha, y) * power(y * no + rest * yes, s.gamma) * (y * of_one + rest * of_zero)
    },
    slope {
        let (of_one, of_zero) = softpluses(x);
        let (no, yes) = sigmoids(x);
        let rest = T::one() - y;
        let off = y * no + rest * yes;
        // u underflows where the loss is 0 anyway.
        let ratio = if off > T::zero() { (rest - y) * yes * no / off } else { T::zero() };
        let cost = y * of_one + rest * of_zero;
        let focus = balance(s.alpha, y) * power(off, s.gamma);
        focus * (T::from_f64(s.gamma) * ratio * cost + (rest * yes - y * no))
    },
    target {
        let (of_one, of_zero) = softpluses(x);
        let (no, yes) = sigmoids(x);
        let rest = T::one() - y;
        let off = y * no + rest * yes;
        let ratio = if off > T::zero() { (no - yes) / off } else { T::zero() };
        let cost = y * of_one + rest * of_zero;
        let weight = balance(s.alpha, y);
        let by_focus = weight * (T::from_f64(s.gamma) * ratio * cost - x);
        power(off, s.gamma) * (by_focus + T::from_f64(2.0 * s.alpha - 1.0) * cost)
    },
    composed {
        let rest = 1.0 - y;
        let weight = y * s.alpha + &rest * (1.0 - s.alpha);
        let off = y * (-x).sigmoid() + &rest * x.sigmoid();
        let cost = y * (-x).softplus() + rest * x.softplus();
        weight * off.clamp(LEAST, f64::INFINITY).pow(s.gamma) * cost
    }
}

/// The least base of a power, where the loss is as good as 0: at 0 the slopes of roots are infinite, and here even
/// the second ones fit into `f32`.
const LEAST: f64 = 1e-18;

/// The balance that counts both targets alike.
const EVEN: f64 = 0.5;

/// Options of [`Tensor::sigmoid_focal_loss_with`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FocalOptions {
    alpha: Option<f64>,
    gamma: f64,
    reduction: Reduction,
}

impl Default for FocalOptions {
    fn default() -> Self {
        Self { alpha: Some(0.25), gamma: 2.0, reduction: Reduction::Mean }
    }
}

impl FocalOptions {
    /// α = 0.25, γ = 2, the mean.
    pub fn new() -> Self {
        Self::default()
    }

    /// The weight of the target 1, where 1 − α is that of 0 (default: 0.25); `None` for 1 for both.
    pub fn alpha(mut self, alpha: impl Into<Option<f64>>) -> Self {
        self.alpha = alpha.into();
        self
    }

    /// How little the easy counts, γ ≥ 0 (default: 2); 0 for the plain cross-entropy.
    pub const fn gamma(mut self, gamma: f64) -> Self {
        self.gamma = gamma;
        self
    }

    /// What becomes of the losses (default: their mean).
    pub const fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }
}

impl From<Reduction> for FocalOptions {
    fn from(reduction: Reduction) -> Self {
        Self::new().reduction(reduction)
    }
}

options! {
    /// The exponent of [`Tensor::softmax_focal_loss_with`], and its reduction.
    SoftmaxFocalOptions {
        /// How little the easy counts, γ ≥ 0 (default: 2); 0 for the plain cross-entropy.
        gamma: f64 = 2.0,
    }
}

#[track_caller]
fn check_gamma(name: &'static str, gamma: f64) {
    if gamma.is_nan() || gamma < 0.0 {
        refuse(ShapeError::new(format!("gamma {gamma} is not at least 0")).of(name, &[]));
    }
}

impl<T: Float> Tensor<T> {
    /// The mean focal loss of logits x and targets y in 0..=1 of the same shape, with α = 0.25 and γ = 2:
    /// L = −α_t (1 − p_t)ᵞ ln p_t, where p_t is the probability of the target, σ(x) for y = 1 and σ(−x) for y = 0,
    /// and α_t is α for y = 1 and 1 − α for y = 0. It is stable at any size of x.
    ///
    /// For detectors, in which nearly all positions are background that is easily told. After Lin et al., "Focal
    /// loss for dense object detection" (2017), where the sum is divided by the number of objects.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let logits = Tensor::<f64>::zeros([1]);
    /// let loss = logits.sigmoid_focal_loss(&Tensor::ones([1]));
    /// assert_eq!(loss.item(), 0.25 * 0.25 * 2f64.ln());
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, or a target is NaN.
    #[track_caller]
    pub fn sigmoid_focal_loss(&self, target: &Self) -> Self {
        self.sigmoid_focal_loss_with(target, FocalOptions::new())
    }

    /// The same with options.
    ///
    /// # Panics
    /// As [`sigmoid_focal_loss`](Self::sigmoid_focal_loss), an empty batch only for the mean; or if γ is
    /// negative or NaN.
    #[track_caller]
    pub fn sigmoid_focal_loss_with(&self, target: &Self, options: impl Into<FocalOptions>) -> Self {
        const NAME: &str = "sigmoid_focal_loss";
        let FocalOptions { alpha, gamma, reduction } = options.into();
        same_shape(NAME, self, target);
        refuse_nan(NAME, target);
        refuse_empty(NAME, self, reduction);
        check_gamma(NAME, gamma);
        let losses = apply_one(SigmoidFocal { alpha: alpha.unwrap_or(EVEN), gamma }, &[self, target]);
        reduction.reduce(if alpha.is_none() { losses / EVEN } else { losses })
    }

    /// The mean focal loss of logits [N, C, …] and class labels [N, …], with γ = 2: L = −(1 − p)ᵞ ln p for the
    /// probability p = softmax(x)\[y\] of the label.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let logits = Tensor::<f64>::zeros([2, 4]);
    /// let loss = logits.softmax_focal_loss(&Indices::from([0, 3]));
    /// assert!((loss.item() - 0.75 * 0.75 * 4f64.ln()).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit, the batch is empty, or a label is not in 0..C.
    #[track_caller]
    pub fn softmax_focal_loss(&self, labels: &Indices) -> Self {
        self.softmax_focal_loss_with(labels, SoftmaxFocalOptions::new())
    }

    /// The same with options.
    ///
    /// # Panics
    /// As [`softmax_focal_loss`](Self::softmax_focal_loss), an empty batch only for the mean; or if γ is
    /// negative or NaN.
    #[track_caller]
    pub fn softmax_focal_loss_with(&self, labels: &Indices, options: impl Into<SoftmaxFocalOptions>) -> Self {
        const NAME: &str = "softmax_focal_loss";
        let SoftmaxFocalOptions { gamma, reduction } = options.into();
        check_gamma(NAME, gamma);
        let all = CrossEntropyOptions::new().reduction(Reduction::None).ignore_index(None);
        let cost = self.cross_entropy_with(labels, all);
        refuse_empty(NAME, &cost, reduction);
        // 1 − e⁻ᶜ without cancellation where the cost c is small.
        let off = (&cost * 0.5).tanh() * (1.0 + (-&cost).exp());
        reduction.reduce(off.clamp(LEAST, f64::INFINITY).pow(gamma) * cost)
    }
}
