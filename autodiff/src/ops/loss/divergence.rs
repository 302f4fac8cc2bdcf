//! The Kullback–Leibler divergence.

use super::pointwise::pointwise;
use super::{Reduction, keep, options, refuse_empty, refuse_nan, same_shape};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors};
use crate::shape::{ShapeError, Shapes, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

pointwise! {
    /// q·(ln q − x) for a log-probability x and a probability q, 0 where q = 0; fused. Rule: dx = −q·dl,
    /// dq = (ln q + 1 − x)·dl, 0 where q = 0.
    KlDivergence {}, "kl_div",
    loss |_s, x, q| if q == T::zero() { T::zero() } else { q * (q.vln() - x) },
    slope -q,
    target if q == T::zero() { T::zero() } else { q.vln() + T::one() - x },
    composed {
        let positive = q.ne(0.0).to_tensor();
        let ln = (q + (1.0 - &positive)).ln();
        keep(&(q * (ln - x)), &positive)
    }
}

pointwise! {
    /// eʸ·(y − x) for log-probabilities x and y; fused. Rule: dx = −eʸ·dl, dy = eʸ·(y − x + 1)·dl.
    KlDivergenceOfLogs {}, "kl_div",
    loss |_s, x, y| y.vexp() * (y - x),
    slope -y.vexp(),
    target y.vexp() * (y - x + T::one()),
    composed y.exp() * (y - x)
}

options! {
    /// Options of [`Tensor::kl_div_with`].
    KlDivOptions {
        /// Whether the targets are log-probabilities too (default: no).
        log_target: bool = false,
        /// Whether to divide the sum by the length of the first axis, which is the divergence of
        /// distributions that lie in rows, in place of the reduction (default: no).
        batch_mean: bool = false,
    }
}

impl<T: Float> Tensor<T> {
    /// The mean over all elements of the terms q·(ln q − x) of the divergence KL(q ‖ eˣ), for log-probabilities x
    /// and probabilities q of the same shape. A term is 0 where q = 0.
    ///
    /// The divergence of distributions in rows is [`KlDivOptions::batch_mean`].
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::zeros([2, 2]).log_softmax(1);
    /// let q = Tensor::from_vec([2, 2], vec![1.0, 0.0, 0.5, 0.5]);
    /// let divergence = x.kl_div_with(&q, KlDivOptions::new().batch_mean(true));
    /// assert_eq!(divergence.item(), 2f64.ln() / 2.0);
    /// assert_eq!(x.kl_div(&q).item(), 2f64.ln() / 4.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, or a target is NaN.
    #[track_caller]
    pub fn kl_div(&self, target: &Self) -> Self {
        self.kl_div_with(target, KlDivOptions::new())
    }

    /// The same with options.
    ///
    /// # Panics
    /// As [`kl_div`](Self::kl_div), an empty batch only for a mean; or if the mean over the batch of a tensor
    /// without axes is asked for.
    #[track_caller]
    pub fn kl_div_with(&self, target: &Self, options: impl Into<KlDivOptions>) -> Self {
        const NAME: &str = "kl_div";
        let KlDivOptions { log_target, batch_mean, reduction } = options.into();
        same_shape(NAME, self, target);
        refuse_nan(NAME, target);
        refuse_empty(NAME, self, if batch_mean { Reduction::Mean } else { reduction });
        if batch_mean && self.ndim() == 0 {
            refuse(ShapeError::new("a tensor of rank 0 has no batch").of(NAME, &[self.shape()]));
        }
        let losses = if log_target {
            apply_one(KlDivergenceOfLogs {}, &[self, target])
        } else {
            apply_one(KlDivergence {}, &[self, target])
        };
        if batch_mean {
            return losses.sum(..) * (1.0 / self.shape()[0] as f64);
        }
        reduction.reduce(losses)
    }
}
