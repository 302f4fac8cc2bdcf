//! Instance normalization.

use autodiff::{Float, Parameter, Tensor};
use serde::{Deserialize, Serialize};

use super::running::{First, Running, learns, normalized, trains};
use super::{affine, axes, check_eps, check_momentum, default_eps, default_momentum};
use crate::config::{Check, expect, yes};
use crate::layer::on_tape_of;
use crate::{Buffer, ConfigError, Layer, Module};

/// Instance normalization of [batch, channels, length] or [channels, length].
pub type InstanceNorm1d<T = f32> = InstanceNorm<1, T>;

/// Instance normalization of pictures [batch, channels, height, width] or of one [channels, height, width].
pub type InstanceNorm2d<T = f32> = InstanceNorm<2, T>;

/// Instance normalization of volumes [batch, channels, depth, height, width] or of one.
pub type InstanceNorm3d<T = f32> = InstanceNorm<3, T>;

/// Instance normalization over `D` spatial axes: y = w·(x − μ)/√(σ² + ε) + b with the mean μ and the biased variance
/// σ² of each image's channels by themselves.
///
/// With running statistics, a pass on a training tape moves them towards the averages over the batch of μ and of the
/// unbiased σ²: running ← (1 − momentum)·running + momentum·average; and on an evaluating tape, on none, or where
/// they are frozen ([`Module::freeze`]) they take the place of μ and σ². As in PyTorch `num_batches_tracked` is
/// there for files and does not count.
///
/// After Ulyanov, Vedaldi and Lempitsky, "Instance normalization: the missing ingredient for fast stylization"
/// (2016).
///
/// ```
/// use wengert::prelude::*;
///
/// let norm = InstanceNorm1d::<f64>::new(2);
/// let x = Tensor::from_vec([1, 2, 2], vec![1.0, 3.0, 10.0, 30.0]);
/// let y = norm.forward(&x);
/// assert!((y - Tensor::from_vec([1, 2, 2], vec![-1.0, 1.0, -1.0, 1.0])).abs().max(..).item() < 1e-5);
/// assert_eq!(norm.parameter_count(), 0);
/// assert_eq!(InstanceNormConfig::new(2).affine(true).init::<1, f64>().parameter_count(), 4);
/// ```
///
/// # Panics
/// In `forward`, if the input has other axes or another number of channels, or, where its own statistics are used,
/// if a channel has one value or none.
#[derive(Clone, Debug, Module)]
pub struct InstanceNorm<const D: usize, T: Float = f32> {
    /// w \[channels\], if the layer is affine.
    pub weight: Option<Parameter<T>>,
    /// b \[channels\], if the layer is affine and has one.
    pub bias: Option<Parameter<T>>,
    /// The running mean \[channels\], if it is tracked.
    pub running_mean: Option<Buffer<T>>,
    /// The running unbiased variance \[channels\], if it is tracked.
    pub running_var: Option<Buffer<T>>,
    /// Stays 0; there if statistics are tracked.
    pub num_batches_tracked: Option<Buffer<T>>,
    num_features: usize,
    eps: f64,
    momentum: f64,
}

impl<const D: usize, T: Float> InstanceNorm<D, T> {
    /// The layer with PyTorch's defaults: ε = 1e-5, neither affine nor with running statistics.
    ///
    /// # Panics
    /// If there are no channels.
    #[track_caller]
    pub fn new(num_features: usize) -> Self {
        InstanceNormConfig::new(num_features).init()
    }

    #[track_caller]
    fn check_input(&self, shape: &[usize]) {
        assert!(
            shape.len() == D + 1 || shape.len() == D + 2,
            "InstanceNorm{D}d: the input {shape:?} is not [batch, {0}] or [{0}]",
            axes(D)
        );
        let axis = shape.len() - D - 1;
        assert!(
            shape[axis] == self.num_features,
            "InstanceNorm{D}d: axis {axis} of the input {shape:?} has {} channels, the layer {}",
            shape[axis],
            self.num_features
        );
    }

    fn running(&self) -> Option<Running<'_, T>> {
        Running::of(self.running_mean.as_ref(), self.running_var.as_ref(), None)
    }

    /// Of [batch, channels, …].
    #[track_caller]
    fn with_own_statistics(&self, x: &Tensor<T>) -> Tensor<T> {
        let n: usize = x.shape()[2..].iter().product();
        assert!(
            n > 1,
            "InstanceNorm{D}d: a channel of the input {:?} has {}; its variance needs at least two",
            x.shape(),
            if n == 1 { "one value" } else { "no values" }
        );
        let (weight, bias) = (on_tape_of(self.weight.as_ref(), x), on_tape_of(self.bias.as_ref(), x));
        let (y, mean, var) = x.instance_norm(weight.as_ref(), bias.as_ref(), self.eps);
        if let Some(running) = self.running().filter(|_| learns(x) && !x.is_empty()) {
            running.learn(&mean.detach().mean(0), &var.detach().mean(0), n, Some(self.momentum));
        }
        y
    }

    /// Of [batch, channels, …].
    #[track_caller]
    fn of_batch(&self, x: &Tensor<T>) -> Tensor<T> {
        match self.running() {
            Some(running) if !trains(x) || running.is_frozen() => {
                let (weight, bias) = (on_tape_of(self.weight.as_ref(), x), on_tape_of(self.bias.as_ref(), x));
                normalized(x, running.statistics(), [weight, bias], self.eps, None, 1.0)
            }
            _ => self.with_own_statistics(x),
        }
    }
}

impl<const D: usize, T: Float> Layer<T> for InstanceNorm<D, T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.check_input(x.shape());
        if x.ndim() == D + 2 {
            return self.of_batch(x);
        }
        self.of_batch(&x.unsqueeze(0)).squeeze(0)
    }
}

/// What an [`InstanceNorm`] layer is built from.
///
/// ```
/// use wengert::prelude::*;
///
/// let config = InstanceNormConfig::new(8).affine(true).track_running_stats(true).momentum(0.3);
/// let norm = config.init::<2, f32>();
/// assert_eq!((norm.named_parameters().len(), norm.named_buffers().len()), (2, 3));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceNormConfig {
    num_features: usize,
    #[serde(default = "default_eps")]
    eps: f64,
    #[serde(default = "default_momentum")]
    momentum: f64,
    #[serde(default)]
    affine: bool,
    #[serde(default)]
    track_running_stats: bool,
    #[serde(default = "yes")]
    bias: bool,
}

impl InstanceNormConfig {
    /// For a number of channels.
    pub fn new(num_features: usize) -> Self {
        Self {
            num_features,
            eps: default_eps(),
            momentum: default_momentum(),
            affine: false,
            track_running_stats: false,
            bias: true,
        }
    }

    /// What is added to the variance, ε (default: 1e-5).
    pub fn eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// The share of the batch in the running statistics (default: 0.1).
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// Whether the layer has a weight, first 1, and a bias, first 0 (default: no).
    pub fn affine(mut self, affine: bool) -> Self {
        self.affine = affine;
        self
    }

    /// Whether the layer keeps running statistics, first mean 0 and variance 1 (default: no), and uses them where
    /// it does not train.
    pub fn track_running_stats(mut self, track: bool) -> Self {
        self.track_running_stats = track;
        self
    }

    /// Whether an affine layer has a bias (default: yes).
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// The layer.
    ///
    /// # Panics
    /// If there are no channels, ε is negative or not finite, or the momentum is not in 0..=1.
    #[track_caller]
    pub fn init<const D: usize, T: Float>(&self) -> InstanceNorm<D, T> {
        expect(self.try_init())
    }

    /// The layer, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<const D: usize, T: Float>(&self) -> Result<InstanceNorm<D, T>, ConfigError> {
        let check = Check("InstanceNormConfig");
        let num_features = self.num_features;
        check.positive("num_features", num_features)?;
        check.fits("weight", &[num_features])?;
        check_eps(&check, self.eps)?;
        check_momentum(&check, self.momentum)?;
        let (weight, bias) = affine(&[num_features], self.affine, self.bias);
        let First { running_mean, running_var, num_batches_tracked } =
            First::new(num_features, self.track_running_stats);
        Ok(InstanceNorm {
            weight,
            bias,
            running_mean,
            running_var,
            num_batches_tracked,
            num_features,
            eps: self.eps,
            momentum: self.momentum,
        })
    }
}
