//! Activations that are smooth everywhere.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::super::curve::{Curve, Slope, bounded, curves, not_below};
use super::super::{map, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::shape::{ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

curves!(Softplus, LogSigmoid, Silu, Mish, Gelu, GeluTanh, Softsign, Tanhshrink);

/// σ(x)·σ(−x) = σ′(x), with its digits where it is small.
fn logistic_density<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    x.sigmoid() * (-x).sigmoid()
}

/// σ(x) and σ(x)·σ(−x) from one exponential.
#[inline(always)]
fn logistic<T: Float>(x: T) -> (T, T) {
    let e = (-x.abs()).vexp();
    let large = T::one() / (T::one() + e);
    let small = e * large;
    (if x < T::zero() { small } else { large }, small * large)
}

/// ln(1 + e^(βx))/β, and x itself where βx > threshold. Rule: dx = σ(βx)·dy, dy above the threshold.
#[derive(Clone, Copy, Debug)]
pub struct Softplus {
    /// The factor β.
    pub beta: f64,
    /// Where the function gives way to its asymptote; ∞ for nowhere.
    pub threshold: f64,
}

impl Default for Softplus {
    fn default() -> Self {
        Self { beta: 1.0, threshold: f64::INFINITY }
    }
}

impl<T: Float> Curve<T> for Softplus {
    fn names(self) -> [&'static str; 2] {
        ["softplus", "softplus_backward"]
    }

    fn check(self) -> Result<(), ShapeError> {
        if self.beta != 0.0 && self.beta.is_finite() && !self.threshold.is_nan() {
            return Ok(());
        }
        let Self { beta, threshold } = self;
        Err(ShapeError::new(format!("beta {beta} is 0 or not finite, or threshold {threshold} is NaN")))
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        let (beta, threshold) = (T::from_f64(self.beta), T::from_f64(self.threshold));
        let z = beta * x;
        if z > threshold { x } else { z.vsoftplus() / beta }
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        let z = T::from_f64(self.beta) * x;
        if z > T::from_f64(self.threshold) { g } else { g * z.vsigmoid() }
    }

    fn curvature(self, x: &Tensor<T>) -> Option<Tensor<T>> {
        let z = x * self.beta;
        let bend = logistic_density(&z) * self.beta;
        Some(if self.threshold == f64::INFINITY {
            bend
        } else {
            bend.masked_fill(&z.gt(self.threshold), 0.0)
        })
    }
}

/// ln σ(x) = −ln(1 + e⁻ˣ). Rule: dx = σ(−x)·dy.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogSigmoid;

impl<T: Float> Curve<T> for LogSigmoid {
    fn names(self) -> [&'static str; 2] {
        ["log_sigmoid", "log_sigmoid_backward"]
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        -(-x).vsoftplus()
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        g * (-x).vsigmoid()
    }

    fn curvature(self, x: &Tensor<T>) -> Option<Tensor<T>> {
        Some(-logistic_density(x))
    }
}

/// x·σ(x). Rule: dx = σ(x)·(1 + x·σ(−x))·dy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silu;

impl<T: Float> Curve<T> for Silu {
    fn names(self) -> [&'static str; 2] {
        ["silu", "silu_backward"]
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        not_below(x, 1e3) * x.vsigmoid()
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        let (below, density) = logistic(x);
        g * (below + bounded(x, 1e3) * density)
    }

    fn curvature(self, x: &Tensor<T>) -> Option<Tensor<T>> {
        // σ(−x) − σ(x) = −tanh(x/2).
        let x = x.clamp(-1e3, 1e3);
        Some(logistic_density(&x) * (2.0 - &x * (&x * 0.5).tanh()))
    }
}

/// x·tanh(ln(1 + eˣ)). With t = tanh(ln(1 + eˣ)), rule: dx = (t + x·(1 − t²)·σ(x))·dy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mish;

/// t and t′ = (1 − t²)·σ(x) from one exponential, which is at most 1: with n = eˣ(eˣ + 2), t = n/(n + 2).
#[inline(always)]
fn tanh_softplus<T: Float>(x: T) -> (T, T) {
    let (one, two) = (T::one(), T::from_f64(2.0));
    let e = (-x.abs()).vexp();
    let positive = x > T::zero();
    // For positive x both sides of the fractions are multiplied by powers of e⁻ˣ.
    let n = if positive { one + two * e } else { e * (e + two) };
    let d = n + two * if positive { e * e } else { one };
    let r = one / d;
    let slope = (two * r) * (two * r) * (e * (one + e)) * if positive { e } else { one };
    (n * r, slope)
}

impl<T: Float> Curve<T> for Mish {
    fn names(self) -> [&'static str; 2] {
        ["mish", "mish_backward"]
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        not_below(x, 1e3) * tanh_softplus(x).0
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        let (t, slope) = tanh_softplus(x);
        g * (t + bounded(x, 1e3) * slope)
    }

    fn curvature(self, x: &Tensor<T>) -> Option<Tensor<T>> {
        // 1 − tanh² s = 4·σ(2s)·σ(−2s).
        let x = x.clamp(-1e3, 1e3);
        let (s, below) = (x.softplus(), x.sigmoid());
        let slope = logistic_density(&(&s * 2.0)) * &below * 4.0;
        let inner = (-&x).sigmoid() - s.tanh() * &below * 2.0;
        Some(slope * (2.0 + x * inner))
    }
}

/// x·Φ(x) with the normal distribution Φ(x) = ½(1 + erf(x/√2)) and its density φ. Rule:
/// dx = (Φ(x) + x·φ(x))·dy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gelu;

impl<T: Float> Curve<T> for Gelu {
    fn names(self) -> [&'static str; 2] {
        ["gelu", "gelu_backward"]
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        not_below(x, 1e2) * x.vnormal().0
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        let (below, density) = x.vnormal();
        g * (below + bounded(x, 1e2) * density)
    }

    fn curvature(self, x: &Tensor<T>) -> Option<Tensor<T>> {
        let square = x.clamp(-1e2, 1e2).square();
        Some((&square * -0.5).exp() * (2.0 - square) * (0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2))
    }
}

/// x·σ(w) with w = 2√(2/π)·(x + 0.044715·x³), near [`Gelu`]. Rule: dx = σ(w)·(1 + x·σ(−w)·w′)·dy.
#[derive(Clone, Copy, Debug, Default)]
pub struct GeluTanh;

impl GeluTanh {
    /// The factor of x in w.
    const FIRST: f64 = 2.0 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
    /// The factor of x³ in w.
    const THIRD: f64 = 0.044_715 * Self::FIRST;
}

impl<T: Float> Curve<T> for GeluTanh {
    fn names(self) -> [&'static str; 2] {
        ["gelu_tanh", "gelu_tanh_backward"]
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        let (first, third) = (T::from_f64(Self::FIRST), T::from_f64(Self::THIRD));
        let u = bounded(x, 1e2);
        not_below(x, 1e2) * (u * (first + third * (u * u))).vsigmoid()
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        let (first, third) = (T::from_f64(Self::FIRST), T::from_f64(Self::THIRD));
        let x = bounded(x, 1e2);
        let square = x * x;
        let (below, density) = logistic(x * (first + third * square));
        g * (below + x * density * (first + T::from_f64(3.0) * third * square))
    }

    fn curvature(self, x: &Tensor<T>) -> Option<Tensor<T>> {
        let x = x.clamp(-1e2, 1e2);
        let square = x.square();
        let w = &x * (&square * Self::THIRD + Self::FIRST);
        let first = square * (3.0 * Self::THIRD) + Self::FIRST;
        let second = &x * (6.0 * Self::THIRD);
        let bend = second - (&w * 0.5).tanh() * first.square();
        Some(logistic_density(&w) * (first * 2.0 + x * bend))
    }
}

/// x / (1 + |x|). Rule: dx = dy / (1 + |x|)².
#[derive(Clone, Copy, Debug, Default)]
pub struct Softsign;

impl<T: Float> Curve<T> for Softsign {
    fn names(self) -> [&'static str; 2] {
        ["softsign", "softsign_backward"]
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        let y = x / (T::one() + x.abs());
        if x.abs() == T::infinity() { T::one().copysign(x) } else { y }
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        let r = T::one() / (T::one() + x.abs());
        g * r * r
    }

    fn curvature(self, x: &Tensor<T>) -> Option<Tensor<T>> {
        let r = (x.abs() + 1.0).recip();
        Some(r.square() * r * x.sign() * -2.0)
    }
}

/// x − tanh x. Rule: dx = tanh² x·dy.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tanhshrink;

impl<T: Float> Curve<T> for Tanhshrink {
    fn names(self) -> [&'static str; 2] {
        ["tanhshrink", "tanhshrink_backward"]
    }

    #[inline(always)]
    fn value(self, x: T) -> T {
        x - x.vtanh()
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        let t = x.vtanh();
        g * (t * t)
    }

    fn curvature(self, x: &Tensor<T>) -> Option<Tensor<T>> {
        let t = x.tanh();
        Some(&t * (1.0 - t.square()) * 2.0)
    }
}

impl<T: Float> Tensor<T> {
    /// ln(1 + eˣ), a smooth rectifier, exact at any size of x.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(0.0).softplus().item(), 2f64.ln());
    /// assert_eq!(Tensor::<f64>::scalar(1e4).softplus().item(), 1e4);
    /// ```
    #[track_caller]
    pub fn softplus(&self) -> Self {
        apply_one(Softplus::default(), &[self])
    }

    /// ln(1 + e^(βx))/β, and x itself where βx > threshold.
    ///
    /// PyTorch's default threshold is 20, which its way of computing needs. Here it only ever takes digits away:
    /// with `f64::INFINITY` the result is exact.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![0.0, 1e-3]);
    /// assert_eq!(x.softplus_with(2.0, f64::INFINITY).to_vec()[0], 2f64.ln() / 2.0);
    /// assert_eq!(x.softplus_with(1.0, 0.0).to_vec()[1], 1e-3);
    /// ```
    ///
    /// # Panics
    /// If β is 0 or not finite, or the threshold is NaN.
    #[track_caller]
    pub fn softplus_with(&self, beta: f64, threshold: f64) -> Self {
        apply_one(Softplus { beta, threshold }, &[self])
    }

    /// ln σ(x) = −ln(1 + e⁻ˣ), exact where σ(x) is near 0 or 1.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![0.0, -1e4]);
    /// assert_eq!(x.log_sigmoid().to_vec(), [-2f64.ln(), -1e4]);
    /// ```
    #[track_caller]
    pub fn log_sigmoid(&self) -> Self {
        apply_one(LogSigmoid, &[self])
    }

    /// x·σ(x), the sigmoid-weighted linear unit, also called swish (Elfwing, Uchibe and Doya 2018; Ramachandran,
    /// Zoph and Le 2017). It is 0 at −∞.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![f64::NEG_INFINITY, 0.0, 1e3]);
    /// assert_eq!(x.silu().to_vec(), [0.0, 0.0, 1e3]);
    /// ```
    #[track_caller]
    pub fn silu(&self) -> Self {
        apply_one(Silu, &[self])
    }

    /// x·tanh(ln(1 + eˣ)) (Misra 2019). It is 0 at −∞.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![0.0, 1.0]);
    /// assert!((x.mish().to_vec()[1] - (1.0 + 1f64.exp()).ln().tanh()).abs() < 1e-15);
    /// ```
    #[track_caller]
    pub fn mish(&self) -> Self {
        apply_one(Mish, &[self])
    }

    /// x·Φ(x), where Φ is the normal distribution: the Gaussian error linear unit (Hendrycks and Gimpel 2016),
    /// PyTorch's `gelu` without approximation. It is 0 at −∞.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![1.0, 50.0]);
    /// let y = x.gelu().to_vec();
    /// assert!((y[0] - 0.841_344_746_068_543).abs() < 1e-15 && y[1] == 50.0);
    /// ```
    #[track_caller]
    pub fn gelu(&self) -> Self {
        apply_one(Gelu, &[self])
    }

    /// ½x·(1 + tanh(√(2/π)·(x + 0.044715·x³))): PyTorch's `gelu` with `approximate="tanh"`, which models trained
    /// with that form expect. It is within 5·10⁻⁴ of [`gelu`](Self::gelu).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![1.0, -0.5]);
    /// let apart = (x.gelu_tanh() - x.gelu()).abs().max(..).item();
    /// assert!(0.0 < apart && apart < 5e-4);
    /// ```
    #[track_caller]
    pub fn gelu_tanh(&self) -> Self {
        apply_one(GeluTanh, &[self])
    }

    /// x / (1 + |x|). It is ±1 at ±∞.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![-1.0, 3.0]);
    /// assert_eq!(x.softsign().to_vec(), [-0.5, 0.75]);
    /// ```
    #[track_caller]
    pub fn softsign(&self) -> Self {
        apply_one(Softsign, &[self])
    }

    /// x − tanh x.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(30.0).tanhshrink().item(), 29.0);
    /// ```
    #[track_caller]
    pub fn tanhshrink(&self) -> Self {
        apply_one(Tanhshrink, &[self])
    }
}
