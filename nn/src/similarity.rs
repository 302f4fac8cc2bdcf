//! How near two tensors are to each other.

use autodiff::{Float, Tensor};
use serde::{Deserialize, Serialize};

use crate::Module;

/// The cosine of the angle between vectors along an axis, Σ a·b / (max(‖a‖, ε)·max(‖b‖, ε)). The gradient is that of
/// this formula: below ε a norm is a constant, where PyTorch lets it flow.
///
/// ```
/// use wengert::prelude::*;
///
/// let a = Tensor::<f64>::from_vec([2, 2], vec![3.0, 4.0, 1.0, 0.0]);
/// let b = Tensor::from_vec([2, 2], vec![6.0, 8.0, 0.0, 2.0]);
/// let cosines = CosineSimilarity::new().forward(&a, &b).to_vec();
/// assert!((cosines[0] - 1.0).abs() < 1e-12 && cosines[1] == 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CosineSimilarity {
    #[serde(alias = "dim")]
    axis: isize,
    eps: f64,
}

impl CosineSimilarity {
    /// Along axis 1, with ε = 10⁻⁸.
    pub const fn new() -> Self {
        Self { axis: 1, eps: 1e-8 }
    }

    /// The axis of the vectors (default: 1). A negative one counts from the last.
    pub const fn axis(mut self, axis: isize) -> Self {
        self.axis = axis;
        self
    }

    /// The least norm that is divided by, ε (default: 10⁻⁸).
    pub const fn eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// The cosines of two tensors, which broadcast; without the axis.
    ///
    /// # Panics
    /// If the shapes do not broadcast, or the axis is out of range.
    #[track_caller]
    pub fn forward<T: Float>(&self, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        a.cosine_similarity(b, self.axis, self.eps)
    }
}

impl Default for CosineSimilarity {
    fn default() -> Self {
        Self::new()
    }
}

/// The distance between vectors along the last axis, ‖a − b + ε‖ₚ.
///
/// ```
/// use wengert::prelude::*;
///
/// let a = Tensor::<f64>::from_vec([2, 2], vec![3.0, 4.0, 1.0, 1.0]);
/// let b = Tensor::zeros([2, 2]);
/// assert_eq!(PairwiseDistance::new().eps(0.0).forward(&a, &b).to_vec(), [5.0, 2f64.sqrt()]);
/// assert_eq!(PairwiseDistance::new().p(1.0).keepdim(true).forward(&a, &b).shape(), [2, 1]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Module, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PairwiseDistance {
    p: f64,
    eps: f64,
    keepdim: bool,
}

impl PairwiseDistance {
    /// The 2-norm, with ε = 10⁻⁶, without the axis.
    pub const fn new() -> Self {
        Self { p: 2.0, eps: 1e-6, keepdim: false }
    }

    /// The norm (default: 2).
    pub const fn p(mut self, p: f64) -> Self {
        self.p = p;
        self
    }

    /// What is added to each difference, ε (default: 10⁻⁶): it keeps equal vectors off the norm's kink.
    pub const fn eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// Whether the last axis stays, with one element (default: no).
    pub const fn keepdim(mut self, keep: bool) -> Self {
        self.keepdim = keep;
        self
    }

    /// The distances of two tensors, which broadcast.
    ///
    /// # Panics
    /// If the shapes do not broadcast or have no axis, or p is NaN.
    #[track_caller]
    pub fn forward<T: Float>(&self, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        a.pairwise_distance(b, self.p, self.eps, self.keepdim)
    }
}

impl Default for PairwiseDistance {
    fn default() -> Self {
        Self::new()
    }
}
