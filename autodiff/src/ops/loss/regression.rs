//! Losses of predicted numbers: squared, absolute, and between the two; counts and variances.

use super::pointwise::pointwise;
use super::{Reduction, options, refuse_empty, refuse_nan, refuse_where, same_shape};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors};
use crate::shape::{ShapeError, Shapes, broadcasts_to, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

/// −1, 0 or 1; 0 for NaN.
#[inline(always)]
fn sign<T: Float>(x: T) -> T {
    let positive = if x > T::zero() { T::one() } else { T::zero() };
    if x < T::zero() { -T::one() } else { positive }
}

/// x within ±bound; NaN stays.
#[inline(always)]
fn within<T: Float>(x: T, bound: T) -> T {
    let x = if x > bound { bound } else { x };
    if x < -bound { -bound } else { x }
}

pointwise! {
    /// (x − y)²; fused. Rule: dx = 2(x − y)·dl, dy = −dx.
    SquaredError {}, "mse_loss",
    loss |_s, x, y| (x - y) * (x - y),
    slope (x - y) + (x - y),
    target (y - x) + (y - x),
    composed (x - y).square()
}

pointwise! {
    /// |x − y|; fused. Rule: dx = sign(x − y)·dl with sign(0) = 0, dy = −dx.
    AbsoluteError {}, "l1_loss",
    loss |_s, x, y| (x - y).abs(),
    slope sign(x - y),
    target sign(y - x),
    composed (x - y).abs()
}

pointwise! {
    /// (x − y)²/2β where |x − y| < β, |x − y| − β/2 elsewhere; fused. Rule: dx = (x − y)/β·dl brought into
    /// ±dl, dy = −dx.
    SmoothL1 {
        /// Where the square ends, β; the absolute error if 0.
        beta: f64,
    }, "smooth_l1_loss",
    loss |s, x, y| {
        let (d, beta) = (x - y, T::from_f64(s.beta));
        let near = within(d, beta);
        // With β = 0 the quotient would be 0/0.
        let square = if beta > T::zero() { near * near / (beta + beta) } else { T::zero() };
        square + (d - near).abs()
    },
    slope if s.beta > 0.0 { within((x - y) / T::from_f64(s.beta), T::one()) } else { sign(x - y) },
    target if s.beta > 0.0 { within((y - x) / T::from_f64(s.beta), T::one()) } else { sign(y - x) },
    composed {
        let d = x - y;
        if s.beta > 0.0 {
            let near = d.clamp(-s.beta, s.beta);
            near.square() * (0.5 / s.beta) + (d - near).abs()
        } else {
            d.abs()
        }
    }
}

pointwise! {
    /// (x − y)²/2 where |x − y| ≤ δ, δ(|x − y| − δ/2) elsewhere; fused. Rule: dx = (x − y)·dl brought into
    /// ±δ·dl, dy = −dx.
    Huber {
        /// Where the square ends, δ.
        delta: f64,
    }, "huber_loss",
    loss |s, x, y| {
        let (d, delta) = (x - y, T::from_f64(s.delta));
        let near = within(d, delta);
        T::from_f64(0.5) * near * near + delta * (d - near).abs()
    },
    slope within(x - y, T::from_f64(s.delta)),
    target within(y - x, T::from_f64(s.delta)),
    composed {
        let d = x - y;
        let near = d.clamp(-s.delta, s.delta);
        near.square() * 0.5 + (d - near).abs() * s.delta
    }
}

pointwise! {
    /// eˣ − y·x for the logarithm x of an expected count and a count y; fused. Rule: dx = (eˣ − y)·dl,
    /// dy = −x·dl.
    PoissonOfLog {}, "poisson_nll_loss",
    loss |_s, x, y| x.vexp() - y * x,
    slope x.vexp() - y,
    target -x,
    composed x.exp() - y * x
}

pointwise! {
    /// x − y·ln(x + ε) for an expected count x and a count y; fused. Rule: dx = (1 − y/(x + ε))·dl,
    /// dy = −ln(x + ε)·dl.
    Poisson {
        /// What keeps the logarithm finite at 0, ε.
        eps: f64,
    }, "poisson_nll_loss",
    loss |s, x, y| x - y * (x + T::from_f64(s.eps)).vln(),
    slope T::one() - y / (x + T::from_f64(s.eps)),
    target -(x + T::from_f64(s.eps)).vln(),
    composed x - y * (x + s.eps).ln()
}

options! {
    /// Options of [`Tensor::smooth_l1_loss_with`].
    SmoothL1Options {
        /// Where the square ends, β ≥ 0 (default: 1).
        beta: f64 = 1.0,
    }
}

options! {
    /// Options of [`Tensor::huber_loss_with`].
    HuberOptions {
        /// Where the square ends, δ > 0 (default: 1).
        delta: f64 = 1.0,
    }
}

options! {
    /// Options of [`Tensor::poisson_nll_loss_with`].
    PoissonNllOptions {
        /// Whether the predictions are logarithms of the expected counts (default: yes).
        log_input: bool = true,
        /// Whether to add Stirling's approximation of ln y! for counts y > 1 (default: no).
        full: bool = false,
        /// What is added to an expected count before the logarithm where `log_input` is off (default: 1e-8).
        eps: f64 = 1e-8,
    }
}

options! {
    /// Options of [`Tensor::gaussian_nll_loss_with`].
    GaussianNllOptions {
        /// Whether to add the constant ½ ln 2π (default: no).
        full: bool = false,
        /// The least variance that counts (default: 1e-6).
        eps: f64 = 1e-6,
    }
}

/// What every loss of predictions and targets of one shape asks.
#[track_caller]
fn check<T: Float>(name: &'static str, x: &Tensor<T>, target: &Tensor<T>, reduction: Reduction) {
    same_shape(name, x, target);
    refuse_nan(name, target);
    refuse_empty(name, x, reduction);
}

impl<T: Float> Tensor<T> {
    /// The mean squared error of predictions and targets of the same shape: the mean of (x − y)².
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
    /// assert_eq!(x.mse_loss(&Tensor::from_vec([2], vec![0.0, 4.0])).item(), 2.5);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, or a target is NaN.
    #[track_caller]
    pub fn mse_loss(&self, target: &Self) -> Self {
        self.mse_loss_with(target, Reduction::Mean)
    }

    /// The same with the squares summed, or one for each element.
    ///
    /// # Panics
    /// As [`mse_loss`](Self::mse_loss); an empty batch only for the mean.
    #[track_caller]
    pub fn mse_loss_with(&self, target: &Self, reduction: Reduction) -> Self {
        check("mse_loss", self, target, reduction);
        reduction.reduce(apply_one(SquaredError {}, &[self, target]))
    }

    /// The mean absolute error of predictions and targets of the same shape: the mean of |x − y|, whose
    /// gradient is 0 where they are equal.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
    /// assert_eq!(x.l1_loss(&Tensor::from_vec([2], vec![0.0, 4.0])).item(), 1.5);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, or a target is NaN.
    #[track_caller]
    pub fn l1_loss(&self, target: &Self) -> Self {
        self.l1_loss_with(target, Reduction::Mean)
    }

    /// The same with the errors summed, or one for each element.
    ///
    /// # Panics
    /// As [`l1_loss`](Self::l1_loss); an empty batch only for the mean.
    #[track_caller]
    pub fn l1_loss_with(&self, target: &Self, reduction: Reduction) -> Self {
        check("l1_loss", self, target, reduction);
        reduction.reduce(apply_one(AbsoluteError {}, &[self, target]))
    }

    /// The mean of the smooth L1 losses with β = 1: (x − y)²/2β where |x − y| < β, |x − y| − β/2 elsewhere.
    ///
    /// After Girshick, "Fast R-CNN" (2015).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![0.5, 4.0]);
    /// assert_eq!(x.smooth_l1_loss(&Tensor::zeros([2])).item(), (0.125 + 3.5) / 2.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, or a target is NaN.
    #[track_caller]
    pub fn smooth_l1_loss(&self, target: &Self) -> Self {
        self.smooth_l1_loss_with(target, SmoothL1Options::new())
    }

    /// The same with options. With β = 0 it is the absolute error.
    ///
    /// # Panics
    /// As [`smooth_l1_loss`](Self::smooth_l1_loss), an empty batch only for the mean; or if β is negative or
    /// NaN.
    #[track_caller]
    pub fn smooth_l1_loss_with(&self, target: &Self, options: impl Into<SmoothL1Options>) -> Self {
        const NAME: &str = "smooth_l1_loss";
        let SmoothL1Options { beta, reduction } = options.into();
        check(NAME, self, target, reduction);
        if beta.is_nan() || beta < 0.0 {
            refuse(ShapeError::new(format!("beta {beta} is not at least 0")).of(NAME, &[]));
        }
        reduction.reduce(apply_one(SmoothL1 { beta }, &[self, target]))
    }

    /// The mean of the Huber losses with δ = 1: (x − y)²/2 where |x − y| ≤ δ, δ(|x − y| − δ/2) elsewhere.
    ///
    /// After Huber, "Robust estimation of a location parameter" (1964).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let (x, y) = (Tensor::<f64>::from_vec([2], vec![0.5, 4.0]), Tensor::zeros([2]));
    /// assert_eq!(x.huber_loss(&y).item(), (0.125 + 3.5) / 2.0);
    /// assert_eq!(x.huber_loss_with(&y, HuberOptions::new().delta(2.0)).item(), (0.125 + 6.0) / 2.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, or a target is NaN.
    #[track_caller]
    pub fn huber_loss(&self, target: &Self) -> Self {
        self.huber_loss_with(target, HuberOptions::new())
    }

    /// The same with options.
    ///
    /// # Panics
    /// As [`huber_loss`](Self::huber_loss), an empty batch only for the mean; or if δ is not positive.
    #[track_caller]
    pub fn huber_loss_with(&self, target: &Self, options: impl Into<HuberOptions>) -> Self {
        const NAME: &str = "huber_loss";
        let HuberOptions { delta, reduction } = options.into();
        check(NAME, self, target, reduction);
        if delta.is_nan() || delta <= 0.0 {
            refuse(ShapeError::new(format!("delta {delta} is not positive")).of(NAME, &[]));
        }
        reduction.reduce(apply_one(Huber { delta }, &[self, target]))
    }

    /// The mean negative log-likelihood of counts y under Poisson distributions, without its constant terms:
    /// eˣ − y·x, where x is the logarithm of the expected count.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::zeros([2]);
    /// assert_eq!(x.poisson_nll_loss(&Tensor::from_vec([2], vec![0.0, 3.0])).item(), 1.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, there are no elements, or a target is NaN.
    #[track_caller]
    pub fn poisson_nll_loss(&self, target: &Self) -> Self {
        self.poisson_nll_loss_with(target, PoissonNllOptions::new())
    }

    /// The same with options: with `log_input` off the predictions are expected counts, and the loss is
    /// x − y·ln(x + ε); `full` adds y ln y − y + ½ ln 2πy where y > 1.
    ///
    /// # Panics
    /// As [`poisson_nll_loss`](Self::poisson_nll_loss); an empty batch only for the mean.
    #[track_caller]
    pub fn poisson_nll_loss_with(&self, target: &Self, options: impl Into<PoissonNllOptions>) -> Self {
        let PoissonNllOptions { log_input, full, eps, reduction } = options.into();
        check("poisson_nll_loss", self, target, reduction);
        let mut losses = if log_input {
            apply_one(PoissonOfLog {}, &[self, target])
        } else {
            apply_one(Poisson { eps }, &[self, target])
        };
        if full {
            let counts = target.gt(1.0).to_tensor();
            // Where the term does not count it is that of 1, which has no infinite slope.
            let y = super::keep(target, &counts) + (1.0 - &counts);
            let ln_factorial = &y * y.ln() - &y + (&y * std::f64::consts::TAU).ln() * 0.5;
            losses = losses + ln_factorial * counts;
        }
        reduction.reduce(losses)
    }

    /// The mean negative log-likelihood of targets y under normal distributions with the mean x and the
    /// variance v, without its constant: ½(ln v + (x − y)²/v).
    ///
    /// The variance has the shape of the predictions, or broadcasts to it. After Nix and Weigend, "Estimating
    /// the mean and variance of the target probability distribution" (1994).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let (x, y) = (Tensor::<f64>::zeros([2]), Tensor::from_vec([2], vec![1.0, 3.0]));
    /// assert_eq!(x.gaussian_nll_loss(&y, &Tensor::ones([2])).item(), 2.5);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, the variance does not broadcast to them or is negative somewhere, there are no
    /// elements, or a target is NaN.
    #[track_caller]
    pub fn gaussian_nll_loss(&self, target: &Self, var: &Self) -> Self {
        self.gaussian_nll_loss_with(target, var, GaussianNllOptions::new())
    }

    /// The same with options. A variance below `eps` counts as `eps`, while its gradient is that of the
    /// formula there, so that it can recover.
    ///
    /// # Panics
    /// As [`gaussian_nll_loss`](Self::gaussian_nll_loss); an empty batch only for the mean.
    #[track_caller]
    pub fn gaussian_nll_loss_with(
        &self,
        target: &Self,
        var: &Self,
        options: impl Into<GaussianNllOptions>,
    ) -> Self {
        const NAME: &str = "gaussian_nll_loss";
        let GaussianNllOptions { full, eps, reduction } = options.into();
        check(NAME, self, target, reduction);
        if !broadcasts_to(var.shape(), self.shape()) {
            let detail = "the variance does not broadcast to the predictions";
            refuse(ShapeError::new(detail).of(NAME, &[self.shape(), target.shape(), var.shape()]));
        }
        let says = |v: T, at: usize| format!("the variance {v} at position {at} is negative");
        refuse_where(NAME, var, |v| v < T::zero(), says);
        let var = var + (var.detach().maximum(&Self::scalar(eps)) - var.detach());
        let mut losses = (var.ln() + (self - target).square() / var) * 0.5;
        if full {
            losses = losses + 0.5 * std::f64::consts::TAU.ln();
        }
        reduction.reduce(losses)
    }
}
