//! Batch normalization.

use autodiff::{Float, Parameter, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::{Check, expect};
use crate::layer::on_tape_of;
use crate::{Buffer, ConfigError, Layer, Module};

/// Batch normalization of [batch, channels] or [batch, channels, length].
pub type BatchNorm1d<T = f32> = BatchNorm<1, T>;

/// Batch normalization of pictures [batch, channels, height, width].
pub type BatchNorm2d<T = f32> = BatchNorm<2, T>;

/// Batch normalization over `D` spatial axes: y = w·(x − μ)/√(σ² + ε) + b by channel.
///
/// On a training tape μ and σ² are the batch's mean and biased variance, and the running statistics move
/// towards them: running ← (1 − momentum)·running + momentum·batch, with the unbiased variance. On an
/// evaluating tape, on none, or where the running statistics are frozen ([`Module::freeze`]), μ and σ² are
/// the running statistics, which stay as they are.
///
/// PyTorch's count of batches, `num_batches_tracked`, is not kept: it serves a momentum that changes, and is
/// no floating-point number. Loading passes it over, and PyTorch loads a file without it.
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
/// assert_eq!(names, ["running_mean", "running_var"]);
/// ```
///
/// # Panics
/// In `forward`, if the input has other axes or another number of channels, or, where the batch's statistics
/// are used, if it has fewer than two values to a channel.
#[derive(Clone, Debug, Module)]
pub struct BatchNorm<const D: usize, T: Float = f32> {
    /// w \[channels\], if the layer is affine.
    pub weight: Option<Parameter<T>>,
    /// b \[channels\], if the layer is affine.
    pub bias: Option<Parameter<T>>,
    /// The running mean \[channels\], if it is tracked.
    pub running_mean: Option<Buffer<T>>,
    /// The running unbiased variance \[channels\], if it is tracked.
    pub running_var: Option<Buffer<T>>,
    channels: usize,
    eps: f64,
    momentum: f64,
}

impl<const D: usize, T: Float> BatchNorm<D, T> {
    /// The layer with PyTorch's defaults: ε = 1e-5, momentum 0.1, affine, running statistics.
    ///
    /// # Panics
    /// If there are no channels.
    #[track_caller]
    pub fn new(channels: usize) -> Self {
        BatchNormConfig::new(channels).init()
    }

    #[track_caller]
    fn check_input(&self, shape: &[usize]) {
        let (fits, axes) = match D {
            1 => (matches!(shape.len(), 2 | 3), "[batch, channels] or [batch, channels, length]"),
            2 => (shape.len() == 4, "[batch, channels, height, width]"),
            _ => (shape.len() == D + 2, "[batch, channels, …]"),
        };
        assert!(fits, "BatchNorm{D}d: the input {shape:?} is not {axes}");
        assert!(
            shape[1] == self.channels,
            "BatchNorm{D}d: axis 1 of the input {shape:?} has {} channels, the layer {}",
            shape[1],
            self.channels
        );
    }

    /// The running statistics as buffers that may change.
    fn running(&self) -> Option<(&Buffer<T>, &Buffer<T>)> {
        self.running_mean.as_ref().zip(self.running_var.as_ref())
    }

    #[track_caller]
    fn with_batch_statistics(&self, x: &Tensor<T>) -> Tensor<T> {
        let n = x.len() / self.channels;
        assert!(
            n != 1,
            "BatchNorm{D}d: the input {:?} has one value to a channel; its variance needs at least two",
            x.shape()
        );
        let all = |value| move || Tensor::full([self.channels], value);
        let weight = on_tape_of(self.weight.as_ref(), x).unwrap_or_else(all(1.0));
        let bias = on_tape_of(self.bias.as_ref(), x).unwrap_or_else(all(0.0));
        let (y, mean, var) = x.batch_norm(&weight, &bias, self.eps);
        if let Some((running_mean, running_var)) = self.running().filter(|_| learns(x)) {
            let unbiased = n as f64 / (n as f64 - 1.0);
            let keep = 1.0 - self.momentum;
            running_mean.set(&(running_mean.value() * keep + mean.detach() * self.momentum));
            running_var.set(&(running_var.value() * keep + var.detach() * (self.momentum * unbiased)));
        }
        y
    }

    #[track_caller]
    fn with_running_statistics(&self, x: &Tensor<T>, mean: &Buffer<T>, var: &Buffer<T>) -> Tensor<T> {
        // Per channel first: y = x·scale + shift.
        let deviation = (var.value() + self.eps).sqrt();
        let scale = match &self.weight {
            Some(weight) => weight.on_tape_of(x) / deviation,
            None => 1.0 / deviation,
        };
        let shift = match &self.bias {
            Some(bias) => bias.on_tape_of(x) - mean.value() * &scale,
            None => -(mean.value() * &scale),
        };
        let mut shape = vec![1; x.ndim()];
        shape[1] = self.channels;
        x * scale.reshape(&shape) + shift.reshape(&shape)
    }
}

/// Whether the forward pass of `x` trains.
fn trains<T: Float>(x: &Tensor<T>) -> bool {
    x.tape().is_some_and(|tape| tape.is_training())
}

/// Whether the statistics of `x` are new: not of a forward pass that is computed again.
fn learns<T: Float>(x: &Tensor<T>) -> bool {
    x.tape().is_some_and(|tape| tape.is_training() && !tape.is_recomputing())
}

impl<const D: usize, T: Float> Layer<T> for BatchNorm<D, T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.check_input(x.shape());
        match self.running() {
            Some((mean, var)) if !trains(x) || mean.is_frozen() => self.with_running_statistics(x, mean, var),
            _ => self.with_batch_statistics(x),
        }
    }
}

/// What a [`BatchNorm`] layer is built from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNormConfig {
    channels: usize,
    #[serde(default = "default_eps")]
    eps: f64,
    #[serde(default = "default_momentum")]
    momentum: f64,
    #[serde(default = "yes")]
    affine: bool,
    #[serde(default = "yes")]
    track_running_stats: bool,
}

fn default_eps() -> f64 {
    1e-5
}

fn default_momentum() -> f64 {
    0.1
}

fn yes() -> bool {
    true
}

impl BatchNormConfig {
    /// For a number of channels.
    pub fn new(channels: usize) -> Self {
        Self {
            channels,
            eps: default_eps(),
            momentum: default_momentum(),
            affine: true,
            track_running_stats: true,
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
        let channels = self.channels;
        check.positive("channels", channels)?;
        check.fits("weight", &[channels])?;
        check.that(self.eps >= 0.0 && self.eps.is_finite(), "eps", self.eps, "a number from 0 on")?;
        check.that((0.0..=1.0).contains(&self.momentum), "momentum", self.momentum, "a number in 0..=1")?;
        let parameter = |x| self.affine.then(|| Parameter::new(Tensor::full([channels], x)));
        let buffer = |x| self.track_running_stats.then(|| Buffer::new(Tensor::full([channels], x)));
        Ok(BatchNorm {
            weight: parameter(1.0),
            bias: parameter(0.0),
            running_mean: buffer(0.0),
            running_var: buffer(1.0),
            channels,
            eps: self.eps,
            momentum: self.momentum,
        })
    }
}
