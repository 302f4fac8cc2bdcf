//! Rectifiers whose negative side saturates exponentially.

use super::super::curve::{Curve, Slope, curves};
use super::super::{map, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::shape::{ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

curves!(Elu);

/// scale·x where x > 0, scale·α·(e^(kx) − 1) elsewhere. Rule: dx = scale·dy where x > 0, scale·α·k·e^(kx)·dy
/// elsewhere.
///
/// ELU has scale and k 1, SELU fixed numbers for scale and α, CELU k = 1/α.
#[derive(Clone, Copy, Debug)]
pub struct Elu {
    /// The depth α of the negative side.
    pub alpha: f64,
    /// The factor of both sides.
    pub scale: f64,
    /// The factor k of negative elements.
    pub input_scale: f64,
}

impl Elu {
    /// The α of SELU, with which activations of mean 0 and variance 1 keep them.
    pub const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
    /// The scale of SELU.
    pub const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
}

impl<T: Float> Curve<T> for Elu {
    fn names(self) -> [&'static str; 2] {
        match self {
            Self { scale: Self::SELU_SCALE, .. } => ["selu", "selu_backward"],
            Self { input_scale: 1.0, .. } => ["elu", "elu_backward"],
            _ => ["celu", "celu_backward"],
        }
    }

    fn check(self) -> Result<(), ShapeError> {
        if [self.alpha, self.scale, self.input_scale].iter().all(|x| x.is_finite()) {
            return Ok(());
        }
        Err(ShapeError::new(format!("alpha {} gives no finite factors", self.alpha)))
    }

    // Written so that NaN, which compares with nothing, stays.
    #[inline(always)]
    fn value(self, x: T) -> T {
        let negative = T::from_f64(self.alpha) * (x * T::from_f64(self.input_scale)).vexp_m1();
        T::from_f64(self.scale) * if x <= T::zero() { negative } else { x }
    }

    #[inline(always)]
    fn pull(self, x: T, g: T) -> T {
        let (k, scale) = (T::from_f64(self.input_scale), T::from_f64(self.scale));
        let negative = T::from_f64(self.scale * self.alpha * self.input_scale) * (x * k).vexp();
        g * if x <= T::zero() { negative } else { scale }
    }

    fn curvature(self, x: &Tensor<T>) -> Option<Tensor<T>> {
        let Self { alpha, scale, input_scale: k } = self;
        let negative = (x.clamp(f64::NEG_INFINITY, 0.0) * k).exp() * (scale * alpha * k * k);
        Some(negative.masked_fill(&x.ge(0.0), 0.0))
    }
}

impl<T: Float> Tensor<T> {
    /// x where x > 0, α·(eˣ − 1) elsewhere, the exponential linear unit (Clevert, Unterthiner and Hochreiter
    /// 2015; usual α: 1). The derivative at 0 is α.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![-1e3, 3.0]);
    /// assert_eq!(x.elu(0.5).to_vec(), [-0.5, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If α is not finite.
    #[track_caller]
    pub fn elu(&self, alpha: f64) -> Self {
        apply_one(Elu { alpha, scale: 1.0, input_scale: 1.0 }, &[self])
    }

    /// λ·x where x > 0, λ·α·(eˣ − 1) elsewhere, with λ ≈ 1.0507 and α ≈ 1.6733: the self-normalizing ELU
    /// (Klambauer, Unterthiner, Mayr and Hochreiter 2017).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// assert_eq!(Tensor::<f64>::scalar(1.0).selu().item(), 1.050_700_987_355_480_5);
    /// ```
    #[track_caller]
    pub fn selu(&self) -> Self {
        let elu = Elu { alpha: Elu::SELU_ALPHA, scale: Elu::SELU_SCALE, input_scale: 1.0 };
        apply_one(elu, &[self])
    }

    /// x where x > 0, α·(e^(x/α) − 1) elsewhere: an ELU whose derivative is continuous for any α (Barron 2017;
    /// usual α: 1).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![-2.0, 3.0]);
    /// assert_eq!(x.celu(2.0).to_vec(), [2.0 * (-1f64).exp_m1(), 3.0]);
    /// ```
    ///
    /// # Panics
    /// If α is 0 or not finite.
    #[track_caller]
    pub fn celu(&self, alpha: f64) -> Self {
        apply_one(Elu { alpha, scale: 1.0, input_scale: 1.0 / alpha }, &[self])
    }
}
