//! First values of parameters.

mod fan;
pub mod gain;
mod matrix;
mod truncated;
mod weight_and_bias;

use autodiff::{Float, Tensor};
use rand::{Rng, RngExt};
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

pub use self::fan::{Distribution, Fan, Fans};
use self::truncated::TruncatedNormal;
pub(crate) use self::weight_and_bias::WeightAndBias;
use crate::ConfigError;
use crate::config::{Check, expect};

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
/// | [`small_normal`](Self::small_normal) | 0.01² |
///
/// Other factors are given with [`kaiming_normal`](Self::kaiming_normal), [`xavier_normal`](Self::xavier_normal),
/// their uniform forms and [`scaled`](Self::scaled). Of whole matrices and kernels there are
/// [`eye`](Self::eye), [`dirac`](Self::dirac), [`orthogonal`](Self::orthogonal) and [`sparse`](Self::sparse).
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
        /// What the nonlinearity that follows asks for: [`gain`].
        gain: f64,
        /// By which number of connections the variance is divided.
        fan: Fan,
        /// The distribution's form.
        distribution: Distribution,
    },
    /// Independent elements of a normal distribution, those outside low..=high drawn again.
    TruncatedNormal {
        /// The mean of the whole distribution.
        mean: f64,
        /// The standard deviation of the whole distribution.
        std: f64,
        /// The lowest value.
        low: f64,
        /// The highest value.
        high: f64,
    },
    /// The identity matrix.
    Eye,
    /// The convolution that gives each channel back.
    Dirac {
        /// Into how many groups the output channels are divided.
        groups: usize,
    },
    /// A random matrix with orthonormal rows or columns, times a number.
    Orthogonal {
        /// The number.
        gain: f64,
    },
    /// Independent normal elements with mean 0, of which some in each column are 0 instead.
    Sparse {
        /// Which share of each column is 0, rounded up to a whole number of elements.
        sparsity: f64,
        /// The standard deviation of the others.
        std: f64,
    },
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

    /// N(0, gain² / fan). After He et al., "Delving deep into rectifiers" (2015). The fan is PyTorch's `mode`, the
    /// [`gain`] that of the nonlinearity that follows.
    ///
    /// ```
    /// use wengert::nn::init::{Fan, gain};
    /// use wengert::prelude::*;
    ///
    /// // As torchvision initializes the convolutions of a ResNet.
    /// let init = Init::kaiming_normal(Fan::Out, gain::RELU);
    /// let conv = Conv2dConfig::new(3, 64, 7).weight_init(init).init::<f32>(&mut ChaCha8Rng::seed_from_u64(0));
    /// let variance = conv.weight.value().var(.., 1).item();
    /// assert!((variance * (64.0 * 49.0) / 2.0 - 1.0).abs() < 0.05);
    /// ```
    pub const fn kaiming_normal(fan: Fan, gain: f64) -> Self {
        Self::scaled(gain, fan, Distribution::Normal)
    }

    /// The same variance, uniform: U(±gain·√(3 / fan)).
    pub const fn kaiming_uniform(fan: Fan, gain: f64) -> Self {
        Self::scaled(gain, fan, Distribution::Uniform)
    }

    /// N(0, 2 gain² / (fan_in + fan_out)): PyTorch's name for [`glorot_normal`](Self::glorot_normal), with a
    /// [`gain`].
    pub const fn xavier_normal(gain: f64) -> Self {
        Self::scaled(gain, Fan::Average, Distribution::Normal)
    }

    /// The same variance, uniform: U(±gain·√(6 / (fan_in + fan_out))).
    pub const fn xavier_uniform(gain: f64) -> Self {
        Self::scaled(gain, Fan::Average, Distribution::Uniform)
    }

    /// 0.01·N(0, 1): small random numbers, the first step beyond zeros, with which all neurons of a layer would stay
    /// alike. It suits shallow networks; in deep ones the activations fade from layer to layer.
    pub const fn small_normal() -> Self {
        Self::normal(0.0, 0.01)
    }

    /// N(mean, std²) cut to low..=high, as PyTorch's `trunc_normal_(mean, std, a, b)`, whose defaults are 0, 1, −2
    /// and 2: the bounds are values, not numbers of deviations.
    ///
    /// The draws are exact wherever the interval lies.
    pub const fn truncated_normal(mean: f64, std: f64, low: f64, high: f64) -> Self {
        Self::TruncatedNormal { mean, std, low, high }
    }

    /// The identity for a weight [out, in]: ones on its diagonal. A linear layer passes through as many inputs as it
    /// can.
    pub const fn eye() -> Self {
        Self::Eye
    }

    /// The identity for the weight [out, in, …] of a convolution: a one in the middle of the kernel between channels
    /// of the same number, as far as there are both. With groups, each group of output channels by itself.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// let conv = Conv2dConfig::new(3, 3, 5).padding(2).bias(false).weight_init(Init::dirac(1)).init(&mut rng);
    /// let x = Init::normal(0.0, 1.0).tensor::<f32>([1, 3, 8, 8], &mut rng);
    /// assert_eq!(conv.forward(&x).to_vec(), x.to_vec());
    /// ```
    pub const fn dirac(groups: usize) -> Self {
        Self::Dirac { groups }
    }

    /// gain·Q, Q uniform among the matrices whose rows, or columns if there are fewer of them, are orthonormal. A
    /// weight of more axes is taken as the matrix [out, the rest].
    ///
    /// After Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
    /// neural networks" (2013).
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let q: Tensor<f64> = Init::orthogonal(1.0).tensor([3, 5], &mut ChaCha8Rng::seed_from_u64(0));
    /// let unit = Init::eye().tensor([3, 3], &mut ChaCha8Rng::seed_from_u64(0));
    /// assert!((q.matmul(&q.transpose(0, 1)) - unit).abs().max(..).item() < 1e-14);
    /// ```
    pub const fn orthogonal(gain: f64) -> Self {
        Self::Orthogonal { gain }
    }

    /// N(0, std²) for a weight [out, in], PyTorch's std being 0.01, of which a share of each column, rounded up, is
    /// 0 in places drawn for that column. After Martens, "Deep learning via Hessian-free optimization" (2010).
    pub const fn sparse(sparsity: f64, std: f64) -> Self {
        Self::Sparse { sparsity, std }
    }

    /// N(0, 2 / fan_in), for layers that a ReLU follows. After He et al., "Delving deep into rectifiers"
    /// (2015). Other gains and fans are given with [`kaiming_normal`](Self::kaiming_normal).
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
    /// If the numbers describe no initialization, or it is none for this shape: a scaled one is asked for a shape of
    /// fewer than two axes, which has no fans, or one of those for matrices or kernels for another shape.
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
    /// If the numbers describe no initialization, or it is none for this shape.
    #[track_caller]
    pub fn tensor_with<T: Float>(
        &self,
        shape: impl AsRef<[usize]>,
        fans: Fans,
        rng: &mut (impl Rng + ?Sized),
    ) -> Tensor<T> {
        let shape = shape.as_ref();
        expect(self.check_for("Init", "initialization", shape));
        let uniform = |low: f64, high: f64, rng: &mut _| low + (high - low) * RngExt::random::<f64>(rng);
        let normal = |rng: &mut _| RngExt::sample::<f64, _>(rng, StandardNormal);
        // The two axes of what is made as a whole.
        let (rows, columns) = match shape {
            [rows, rest @ ..] => (*rows, rest.iter().product()),
            [] => (1, 1),
        };
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
            Self::TruncatedNormal { mean, std, low, high } => {
                let standard = TruncatedNormal::new((low - mean) / std, (high - mean) / std);
                drawn(shape, rng, |rng| (mean + std * standard.draw(rng)).clamp(low, high))
            }
            Self::Eye => rounded(shape, matrix::eye(rows, columns)),
            Self::Dirac { groups } => rounded(shape, matrix::dirac(shape, groups)),
            Self::Orthogonal { gain } => {
                let q = matrix::orthogonal(rows, columns, rng);
                rounded(shape, q.into_iter().map(|x| gain * x))
            }
            Self::Sparse { sparsity, std } => {
                let zeros = (sparsity * rows as f64).ceil() as usize;
                rounded(shape, matrix::sparse(rows, columns, zeros, std, rng))
            }
        }
    }

    /// Whether the numbers describe an initialization.
    fn check(&self, configuration: &'static str, field: &'static str) -> Result<(), ConfigError> {
        let (valid, expected) = match *self {
            Self::Constant(x) => (x.is_finite(), "a finite number"),
            Self::Normal { mean, std } => {
                (mean.is_finite() && std.is_finite() && std >= 0.0, "finite numbers, no negative deviation")
            }
            Self::Uniform { low, high } => {
                ((high - low).is_finite() && low <= high, "finite numbers, low ≤ high")
            }
            Self::Scaled { gain, .. } | Self::Orthogonal { gain } => {
                (gain.is_finite() && gain >= 0.0, "a finite gain that is not negative")
            }
            Self::TruncatedNormal { mean, std, low, high } => {
                let standard = [(low - mean) / std, (high - mean) / std];
                let valid = std > 0.0 && low < high && standard.iter().all(|x| x.is_finite());
                (valid, "finite numbers, a positive deviation, low < high")
            }
            Self::Eye => (true, ""),
            Self::Dirac { groups } => (groups > 0, "at least 1 group"),
            Self::Sparse { sparsity, std } => {
                let valid = (0.0..=1.0).contains(&sparsity) && std.is_finite() && std >= 0.0;
                (valid, "a share in 0..=1 and a finite deviation that is not negative")
            }
        };
        Check(configuration).that(valid, field, format_args!("{self:?}"), expected)
    }

    /// The same, and whether there is such an initialization for this shape.
    pub(crate) fn check_for(
        &self,
        configuration: &'static str,
        field: &'static str,
        shape: &[usize],
    ) -> Result<(), ConfigError> {
        self.check(configuration, field)?;
        let (fits, expected) = match *self {
            Self::Eye | Self::Sparse { .. } => (shape.len() == 2, "a weight of two axes".to_owned()),
            Self::Orthogonal { .. } => (shape.len() >= 2, "a weight of at least two axes".to_owned()),
            Self::Dirac { groups } => {
                let kernel = (3..=5).contains(&shape.len());
                let expected = format!(
                    "the weight of a convolution over one to three axes, whose output channels divide into {groups} groups"
                );
                (kernel && shape[0].is_multiple_of(groups), expected)
            }
            _ => return Ok(()),
        };
        let found = format_args!("{self:?} for the shape {shape:?}");
        Check(configuration).that(fits, field, found, format_args!("{expected} for this initialization"))
    }
}

/// Elements computed in `f64`, rounded.
#[track_caller]
fn rounded<T: Float>(shape: &[usize], elements: impl IntoIterator<Item = f64>) -> Tensor<T> {
    Tensor::from_vec(shape, elements.into_iter().map(T::from_f64).collect())
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
