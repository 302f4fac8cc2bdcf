//! Batch normalization.

use autodiff::{Float, Parameter, Tensor};
use serde::{Deserialize, Serialize};

use super::running::{First, Running, learns, normalized, trains};
use super::{affine, axes, check_eps, check_momentum, default_eps, default_momentum};
use crate::config::{Check, expect, yes};
use crate::layer::on_tape_of;
use crate::{Buffer, ConfigError, Layer, Module};

/// Batch normalization of [batch, channels] or [batch, channels, length].
pub type BatchNorm1d<T = f32> = BatchNorm<1, T>;

/// Batch normalization of pictures [batch, channels, height, width].
pub type BatchNorm2d<T = f32> = BatchNorm<2, T>;

/// Batch normalization of volumes [batch, channels, depth, height, width].
pub type BatchNorm3d<T = f32> = BatchNorm<3, T>;

/// Batch normalization over `D` spatial axes: y = w·(x − μ)/√(σ² + ε) + b by channel.
///
/// On a training tape μ and σ² are the batch's mean and biased variance, and the running statistics move
/// towards them: running ← (1 − momentum)·running + momentum·batch, with the unbiased variance; without a momentum
/// they are the plain averages over all batches. On an evaluating tape, on none, or where the running statistics
/// are frozen ([`Module::freeze`]), μ and σ² are the running statistics, which stay as they are. A pass that a
/// [`checkpoint`](autodiff::checkpoint) computes again does not count again.
///
/// Threads that share the layer see the mean and the variance of the same moment, and none of their batches gets
/// lost. In an empty batch there is nothing to learn: the output is empty too, and the batch is only counted.
///
/// After Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal
/// covariate shift" (2015).
///
/// ```
/// use wengert::prelude::*;
///
/// let norm = BatchNorm2d::<f32>::new(3);
/// let x = Tensor::full([4, 3, 5, 5], 2.0);
/// norm.forward(&Tape::training(0).constant(&x));
/// assert_eq!(norm.running_mean.as_ref().unwrap().value().to_vec(), [0.2; 3]);
/// let names: Vec<String> = norm.named_buffers().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["running_mean", "running_var", "num_batches_tracked"]);
///
/// let plain_average = BatchNormConfig::new(3).momentum(None).init::<2, f32>();
/// plain_average.forward(&Tape::training(0).constant(&x));
/// assert_eq!(plain_average.running_mean.as_ref().unwrap().value().to_vec(), [2.0; 3]);
/// ```
///
/// # Panics
/// In `forward`, if the input has other axes or another number of channels, or, where the batch's statistics
/// are used, if it has one value to a channel.
#[derive(Clone, Debug, Module)]
pub struct BatchNorm<const D: usize, T: Float = f32> {
    /// w \[channels\], if the layer is affine.
    pub weight: Option<Parameter<T>>,
    /// b \[channels\], if the layer is affine and has one.
    pub bias: Option<Parameter<T>>,
    /// The running mean \[channels\], if it is tracked.
    pub running_mean: Option<Buffer<T>>,
    /// The running unbiased variance \[channels\], if it is tracked.
    pub running_var: Option<Buffer<T>>,
    /// How many batches the running statistics have seen, if they are tracked.
    pub num_batches_tracked: Option<Buffer<T>>,
    num_features: usize,
    eps: f64,
    momentum: Option<f64>,
}

impl<const D: usize, T: Float> BatchNorm<D, T> {
    /// The layer with PyTorch's defaults: ε = 1e-5, momentum 0.1, affine with a bias, running statistics.
    ///
    /// # Panics
    /// If there are no channels.
    #[track_caller]
    pub fn new(num_features: usize) -> Self {
        BatchNormConfig::new(num_features).init()
    }

    /// What is added to the variance, ε.
    pub fn eps(&self) -> f64 {
        self.eps
    }

    /// The share of the batch in the running statistics (default: 0.1), or `None` for the plain average of all batches.
    pub fn momentum(&self) -> Option<f64> {
        self.momentum
    }

    #[track_caller]
    fn check_input(&self, shape: &[usize]) {
        if D == 1 {
            assert!(
                matches!(shape.len(), 2 | 3),
                "BatchNorm1d: the input {shape:?} is not [batch, channels] or [batch, channels, length]"
            );
        } else {
            assert!(shape.len() == D + 2, "BatchNorm{D}d: the input {shape:?} is not [batch, {}]", axes(D));
        }
        assert!(
            shape[1] == self.num_features,
            "BatchNorm{D}d: axis 1 of the input {shape:?} has {} channels, the layer {}",
            shape[1],
            self.num_features
        );
    }

    pub(super) fn num_features(&self) -> usize {
        self.num_features
    }

    pub(super) fn running(&self) -> Option<Running<'_, T>> {
        let batches = self.num_batches_tracked.as_ref();
        Running::of(self.running_mean.as_ref(), self.running_var.as_ref(), batches)
    }

    #[track_caller]
    fn with_batch_statistics(&self, x: &Tensor<T>, residual: Option<&Tensor<T>>, slope: f64) -> Tensor<T> {
        let n = x.len() / self.num_features;
        assert!(
            n != 1,
            "BatchNorm{D}d: the input {:?} has one value to a channel; its variance needs at least two",
            x.shape()
        );
        let running = self.running().filter(|_| learns(x));
        let all = |value| Tensor::full([self.num_features], value);
        if n == 0 {
            running.inspect(Running::count);
            return self.with_statistics(x, [all(0.0), all(1.0)], residual, slope);
        }
        let weight = on_tape_of(self.weight.as_ref(), x).unwrap_or_else(|| all(1.0));
        let bias = on_tape_of(self.bias.as_ref(), x).unwrap_or_else(|| all(0.0));
        let (y, mean, var) = x.batch_norm_rectified(&weight, &bias, self.eps, residual, slope);
        if let Some(running) = running {
            running.learn(&mean, &var, n, self.momentum);
        }
        y
    }

    #[track_caller]
    fn with_statistics(
        &self,
        x: &Tensor<T>,
        statistics: [Tensor<T>; 2],
        residual: Option<&Tensor<T>>,
        slope: f64,
    ) -> Tensor<T> {
        let affine = [&self.weight, &self.bias].map(|parameter| on_tape_of(parameter.as_ref(), x));
        normalized(x, statistics, affine, self.eps, residual, slope)
    }

    /// [`forward`](Layer::forward), plus a residual like the input where there is one, with negative values multiplied
    /// by `slope`: 0 for a ReLU after the layer, 0.1 for a leaky one, 1 for none.
    ///
    /// All in one pass over the elements, where three layers take three.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let norm = BatchNorm2d::<f64>::new(3);
    /// let x = Tape::training(0).constant(Tensor::from_vec([1, 3, 2, 1], vec![1.0, 3.0, 2.0, 5.0, 0.0, 1.0]));
    /// let fused = norm.forward_rectified(&x, Some(&x), 0.0);
    /// assert_eq!(fused.to_vec(), (norm.forward(&x) + &x).relu().to_vec());
    /// ```
    ///
    /// # Panics
    /// As `forward`; if the residual has another shape, or the slope is negative or not finite.
    #[track_caller]
    pub fn forward_rectified(&self, x: &Tensor<T>, residual: Option<&Tensor<T>>, slope: f64) -> Tensor<T> {
        self.check_input(x.shape());
        match self.running() {
            Some(running) if !trains(x) || running.is_frozen() => {
                self.with_statistics(x, running.statistics(), residual, slope)
            }
            _ => self.with_batch_statistics(x, residual, slope),
        }
    }
}

impl<const D: usize, T: Float> Layer<T> for BatchNorm<D, T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.forward_rectified(x, None, 1.0)
    }
}

/// What a [`BatchNorm`] layer is built from.
///
/// ```
/// use wengert::prelude::*;
///
/// let config: BatchNormConfig = serde_json::from_str(r#"{"num_features": 8, "momentum": null}"#)?;
/// assert_eq!(config, BatchNormConfig::new(8).momentum(None));
/// assert_eq!(config.init::<2, f32>().parameter_count(), 16);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNormConfig {
    num_features: usize,
    #[serde(default = "default_eps")]
    eps: f64,
    #[serde(default = "some_momentum")]
    momentum: Option<f64>,
    #[serde(default = "yes")]
    affine: bool,
    #[serde(default = "yes")]
    track_running_stats: bool,
    #[serde(default = "yes")]
    bias: bool,
}

fn some_momentum() -> Option<f64> {
    Some(default_momentum())
}

impl BatchNormConfig {
    /// For a number of channels.
    pub fn new(num_features: usize) -> Self {
        Self {
            num_features,
            eps: default_eps(),
            momentum: some_momentum(),
            affine: true,
            track_running_stats: true,
            bias: true,
        }
    }

    /// What is added to the variance, ε (default: 1e-5).
    pub fn eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// The share of the batch in the running statistics (default: 0.1), or `None` for the plain average of all
    /// batches.
    pub fn momentum(mut self, momentum: impl Into<Option<f64>>) -> Self {
        self.momentum = momentum.into();
        self
    }

    /// Whether the layer has a weight, first 1, and a bias, first 0 (default: yes).
    pub fn affine(mut self, affine: bool) -> Self {
        self.affine = affine;
        self
    }

    /// Whether the layer keeps running statistics, first mean 0 and variance 1 (default: yes). Without them
    /// it always uses the batch's.
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
    pub fn init<const D: usize, T: Float>(&self) -> BatchNorm<D, T> {
        expect(self.try_init())
    }

    /// The layer, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<const D: usize, T: Float>(&self) -> Result<BatchNorm<D, T>, ConfigError> {
        let check = Check("BatchNormConfig");
        let num_features = self.num_features;
        check.positive("num_features", num_features)?;
        check.fits("weight", &[num_features])?;
        check_eps(&check, self.eps)?;
        check_momentum(&check, self.momentum.unwrap_or_default())?;
        let (weight, bias) = affine(&[num_features], self.affine, self.bias);
        let First { running_mean, running_var, num_batches_tracked } =
            First::new(num_features, self.track_running_stats);
        Ok(BatchNorm {
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
