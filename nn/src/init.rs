//! First values of parameters.

use autodiff::{Float, Tensor};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::config::Check;

/// A rule for the first values of a parameter.
///
/// The draws are made in `f64` and rounded, so that models of `f32` and `f64` from the same generator agree.
///
/// | constructor | variance |
/// | --- | --- |
/// | [`he_normal`](Self::he_normal), [`he_uniform`](Self::he_uniform) | 2 / fan_in |
/// | [`glorot_normal`](Self::glorot_normal), [`glorot_uniform`](Self::glorot_uniform) | 2 / (fan_in + fan_out) |
/// | [`lecun_normal`](Self::lecun_normal), [`lecun_uniform`](Self::lecun_uniform) | 1 / fan_in |
/// | [`pytorch`](Self::pytorch), the default of the layers | 1 / (3 fan_in), uniform |
///
/// ```
/// use wengert::nn::Init;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let weight: Tensor<f32> = Init::he_normal().tensor([64, 3, 7, 7], &mut rng);
/// let variance = weight.var(.., 1).item();
/// assert!((variance * 147.0 / 2.0 - 1.0).abs() < 0.05);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Init {
    /// All elements are the same number.
    Constant(f64),
    /// Independent normal elements.
    Normal {
        /// Their mean μ.
        mean: f64,
        /// Their standard deviation σ.
        std: f64,
    },
    /// Independent elements, uniform in low..high.
    Uniform {
        /// The lowest value.
        low: f64,
        /// The highest value.
        high: f64,
    },
    /// Independent elements with mean 0 and variance gain² / fan.
    Scaled {
        /// What the nonlinearity that follows asks for: [`Activation::gain`](crate::Activation::gain).
        gain: f64,
        /// By which number of connections the variance is divided.
        fan: Fan,
        /// The distribution's form.
        distribution: Distribution,
    },
}

/// A number of connections of a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fan {
    /// fan_in: how many inputs an output has. Keeps the variance of activations.
    In,
    /// fan_out: how many outputs an input has. Keeps the variance of gradients.
    Out,
    /// (fan_in + fan_out) / 2.
    Average,
}

/// The form of a distribution with a given mean and variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// N(0, σ²).
    Normal,
    /// U(−√3 σ, √3 σ).
    Uniform,
}

/// How many inputs an output of a layer has, and how many outputs an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fans {
    /// Inputs of an output.
    pub fan_in: usize,
    /// Outputs of an input.
    pub fan_out: usize,
}

impl Fans {
    /// The fans of a weight [out, in, …], the rest being a kernel's extents: in·k and out·k, where k is the
    /// kernel's number of taps. `None` for fewer than two axes.
    pub fn of(shape: &[usize]) -> Option<Self> {
        let [out, inputs, kernel @ ..] = shape else { return None };
        let taps: usize = kernel.iter().product();
        Some(Self { fan_in: inputs * taps, fan_out: out * taps })
    }

    fn number(self, fan: Fan) -> f64 {
        match fan {
            Fan::In => self.fan_in as f64,
            Fan::Out => self.fan_out as f64,
            Fan::Average => (self.fan_in as f64 + self.fan_out as f64) / 2.0,
        }
    }
}

impl Init {
    /// Zeros.
    pub const fn zeros() -> Self {
        Self::Constant(0.0)
    }

    /// Ones.
    pub const fn ones() -> Self {
        Self::Constant(1.0)
    }

    /// All elements `x`.
    pub const fn constant(x: f64) -> Self {
        Self::Constant(x)
    }

    /// N(μ, σ²).
    pub const fn normal(mean: f64, std: f64) -> Self {
        Self::Normal { mean, std }
    }

    /// U(low, high).
    pub const fn uniform(low: f64, high: f64) -> Self {
        Self::Uniform { low, high }
    }

    /// Mean 0, variance gain² / fan.
    pub const fn scaled(gain: f64, fan: Fan, distribution: Distribution) -> Self {
        Self::Scaled { gain, fan, distribution }
    }

    /// N(0, 2 / fan_in), for layers that a ReLU follows. After He et al., "Delving deep into rectifiers"
    /// (2015). Also called Kaiming initialization; other gains are given with [`scaled`](Self::scaled).
    pub const fn he_normal() -> Self {
        Self::scaled(std::f64::consts::SQRT_2, Fan::In, Distribution::Normal)
    }

    /// The same variance, uniform: U(±√(6 / fan_in)).
    pub const fn he_uniform() -> Self {
        Self::scaled(std::f64::consts::SQRT_2, Fan::In, Distribution::Uniform)
    }

    /// N(0, 2 / (fan_in + fan_out)). After Glorot and Bengio, "Understanding the difficulty of training deep
    /// feedforward neural networks" (2010). PyTorch calls it Xavier.
    pub const fn glorot_normal() -> Self {
        Self::scaled(1.0, Fan::Average, Distribution::Normal)
    }

    /// The same variance, uniform: U(±√(6 / (fan_in + fan_out))).
    pub const fn glorot_uniform() -> Self {
        Self::scaled(1.0, Fan::Average, Distribution::Uniform)
    }

    /// N(0, 1 / fan_in). After LeCun et al., "Efficient BackProp" (1998). Some courses call it Xavier
    /// initialization.
    pub const fn lecun_normal() -> Self {
        Self::scaled(1.0, Fan::In, Distribution::Normal)
    }

    /// The same variance, uniform: U(±√(3 / fan_in)).
    pub const fn lecun_uniform() -> Self {
        Self::scaled(1.0, Fan::In, Distribution::Uniform)
    }

    /// U(±1/√fan_in), the default of PyTorch's linear and convolutional layers, for weights and biases.
    pub fn pytorch() -> Self {
        Self::scaled(1.0 / 3f64.sqrt(), Fan::In, Distribution::Uniform)
    }

    /// Values for a weight [out, in, …].
    ///
    /// # Panics
    /// If the numbers describe no distribution, or a scaled initialization is asked for a shape of fewer than
    /// two axes, which has no fans.
    #[track_caller]
    pub fn tensor<T: Float>(&self, shape: impl AsRef<[usize]>, rng: &mut (impl Rng + ?Sized)) -> Tensor<T> {
        let shape = shape.as_ref();
        let fans = match (self, Fans::of(shape)) {
            (_, Some(fans)) => fans,
            (Self::Scaled { .. }, None) => panic!(
                "Init::tensor: shape {shape:?} has fewer than two axes and so no fans; give them with tensor_with"
            ),
            (_, None) => Fans { fan_in: 1, fan_out: 1 },
        };
        self.tensor_with(shape, fans, rng)
    }

    /// Values for a parameter of a layer with these fans: for biases, whose shape does not tell them.
    ///
    /// # Panics
    /// If the numbers describe no distribution.
    #[track_caller]
    pub fn tensor_with<T: Float>(
        &self,
        shape: impl AsRef<[usize]>,
        fans: Fans,
        rng: &mut (impl Rng + ?Sized),
    ) -> Tensor<T> {
        crate::config::expect(self.check("Init", "initialization"));
        let uniform = |low: f64, high: f64, rng: &mut _| low + (high - low) * RngExt::random::<f64>(rng);
        let normal = |rng: &mut _| RngExt::sample::<f64, _>(rng, StandardNormal);
        match *self {
            Self::Constant(x) => Tensor::full(shape, x),
            Self::Normal { mean, std } => drawn(shape, rng, |rng| mean + std * normal(rng)),
            Self::Uniform { low, high } => drawn(shape, rng, |rng| uniform(low, high, rng)),
            Self::Scaled { gain, fan, distribution } => {
                let std = gain / fans.number(fan).sqrt();
                let bound = 3f64.sqrt() * std;
                match distribution {
                    Distribution::Normal => drawn(shape, rng, |rng| std * normal(rng)),
                    Distribution::Uniform => drawn(shape, rng, |rng| uniform(-bound, bound, rng)),
                }
            }
        }
    }

    /// Whether the numbers describe a distribution.
    pub(crate) fn check(&self, configuration: &'static str, field: &'static str) -> Result<(), ConfigError> {
        let valid = match *self {
            Self::Constant(x) => x.is_finite(),
            Self::Normal { mean, std } => mean.is_finite() && std.is_finite() && std >= 0.0,
            Self::Uniform { low, high } => (high - low).is_finite() && low <= high,
            Self::Scaled { gain, .. } => gain.is_finite() && gain >= 0.0,
        };
        Check(configuration).that(
            valid,
            field,
            format_args!("{self:?}"),
            "finite numbers, no negative deviation or gain, and low ≤ high",
        )
    }
}

/// Elements in row-major order, one draw after the other.
#[track_caller]
fn drawn<T: Float, R: Rng + ?Sized>(
    shape: impl AsRef<[usize]>,
    rng: &mut R,
    mut draw: impl FnMut(&mut R) -> f64,
) -> Tensor<T> {
    let n = shape.as_ref().iter().product();
    Tensor::from_vec(shape, (0..n).map(|_| T::from_f64(draw(rng))).collect())
}
