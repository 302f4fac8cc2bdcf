//! Smooth activations.

use serde::{Deserialize, Serialize};

use super::layer;

layer! {
    /// The logistic function σ(x) = 1 / (1 + e⁻ˣ), in 0..1.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// assert_eq!(Sigmoid.forward(&Tensor::<f64>::zeros([1])).item(), 0.5);
    /// ```
    Sigmoid => |x| x.sigmoid()
}

layer! {
    /// ln σ(x) = −ln(1 + e⁻ˣ), in −∞..0, exact where σ(x) is near 0 or 1.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([2], vec![0.0, -1e4]);
    /// assert_eq!(LogSigmoid.forward(&x).to_vec(), [-2f64.ln(), -1e4]);
    /// ```
    LogSigmoid => |x| x.log_sigmoid()
}

layer! {
    /// The hyperbolic tangent (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), in −1..1.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// assert_eq!(Tanh.forward(&Tensor::<f64>::from_vec([2], vec![0.0, 1e3])).to_vec(), [0.0, 1.0]);
    /// ```
    Tanh => |x| x.tanh()
}

layer! {
    /// x − tanh x.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// assert_eq!(Tanhshrink.forward(&Tensor::<f64>::full([1], 30.0)).item(), 29.0);
    /// ```
    Tanhshrink => |x| x.tanhshrink()
}

layer! {
    /// x / (1 + |x|), in −1..1.
    ///
    /// After Bergstra, Desjardins, Lamblin and Bengio, "Quadratic polynomials learn better image features" (2009).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([2], vec![-1.0, 3.0]);
    /// assert_eq!(Softsign.forward(&x).to_vec(), [-0.5, 0.75]);
    /// ```
    Softsign => |x| x.softsign()
}

layer! {
    /// ln(1 + e^(β·x)) / β, in 0..∞: a smooth rectifier, nearer to it the greater β is. Where β·x > threshold it is x.
    ///
    /// After Dugas, Bengio, Bélisle, Nadeau and Garcia, "Incorporating second-order functional knowledge for better
    /// option pricing" (2000).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::from_vec([2], vec![0.0, 21.0]);
    /// assert_eq!(Softplus::default().forward(&x).to_vec(), [2f64.ln(), 21.0]);
    /// assert_eq!(Softplus::new(2.0, 20.0).forward(&x).to_vec(), [2f64.ln() / 2.0, 21.0]);
    /// ```
    ///
    /// # Panics
    /// In `forward`, if β is 0 or not finite, or the threshold is NaN.
    Softplus {
        /// How sharp the bend is, β (default: 1).
        beta: f64 = 1.0,
        /// The β·x from which on the function is x (default: 20).
        threshold: f64 = 20.0,
    } => |x| x.softplus_with(beta, threshold)
}

layer! {
    /// The sigmoid-weighted linear unit, also called swish: x·σ(x), from about −0.278 on.
    ///
    /// After Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function approximation in
    /// reinforcement learning" (2018), and Ramachandran, Zoph and Le, "Searching for activation functions" (2017).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// assert_eq!(Silu.forward(&Tensor::<f64>::from_vec([2], vec![0.0, 1e3])).to_vec(), [0.0, 1e3]);
    /// ```
    Silu => |x| x.silu()
}

layer! {
    /// x·tanh(ln(1 + eˣ)), from about −0.309 on.
    ///
    /// After Misra, "Mish: a self regularized non-monotonic activation function" (2019).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let y = Mish.forward(&Tensor::<f64>::ones([1])).item();
    /// assert!((y - (1.0 + 1f64.exp()).ln().tanh()).abs() < 1e-15);
    /// ```
    Mish => |x| x.mish()
}

layer! {
    /// The Gaussian error linear unit: x·Φ(x), where Φ is the normal distribution, from about −0.170 on; or its
    /// approximation ½x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
    ///
    /// After Hendrycks and Gimpel, "Gaussian error linear units (GELUs)" (2016).
    ///
    /// ```
    /// use wengert::nn::GeluApproximation;
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f64>::ones([1]);
    /// let exact = Gelu::default().forward(&x).item();
    /// let near = Gelu::new(GeluApproximation::Tanh).forward(&x).item();
    /// assert!((exact - 0.841_344_746).abs() < 1e-9 && exact != near && (exact - near).abs() < 1e-3);
    /// ```
    Gelu {
        /// The form (default: the exact one).
        approximate: GeluApproximation = GeluApproximation::None,
    } => |x| match approximate {
        GeluApproximation::None => x.gelu(),
        GeluApproximation::Tanh => x.gelu_tanh(),
    }
}

/// The form of a [`Gelu`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeluApproximation {
    /// The exact one.
    #[default]
    None,
    /// With a hyperbolic tangent, which models trained with that form expect.
    Tanh,
}
