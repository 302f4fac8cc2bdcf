//! The block that all of Darknet's networks are made of.

use autodiff::{Float, Tensor};
use nn::{BatchNorm2d, BatchNormConfig, ConfigError, Conv2d, Conv2dConfig, Init, Layer, Module};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::configured::{expect, one};

/// The slope of Darknet's `leaky` activation below 0.
pub(crate) const SLOPE: f64 = 0.1;

/// A convolution without bias, batch normalization, and a leaky ReLU of slope 0.1: Darknet's `[convolutional]` with
/// `batch_normalize=1`, `pad=1` and `activation=leaky`.
///
/// The border is half the kernel wide, so that a kernel of odd extent and stride 1 keeps the picture's size.
///
/// ```
/// use wengert::models::vision::{ConvBnLeaky, ConvBnLeakyConfig};
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let block = ConvBnLeaky::<f32>::new(3, 32, 3, &mut rng);
/// assert_eq!(block.forward(&Tensor::zeros([2, 3, 8, 8])).shape(), [2, 32, 8, 8]);
/// assert_eq!(block.parameter_count(), 3 * 32 * 9 + 2 * 32);
/// let down = ConvBnLeakyConfig::new(32, 64, 3).stride(2).init::<f32>(&mut rng);
/// assert_eq!(down.forward(&Tensor::zeros([2, 32, 8, 8])).shape(), [2, 64, 4, 4]);
/// ```
///
/// # Panics
/// In `forward`, if the input is not [batch, channels, height, width] with the block's channels.
#[derive(Clone, Debug, Module)]
pub struct ConvBnLeaky<T: Float = f32> {
    /// The convolution, without bias.
    pub conv: Conv2d<T>,
    /// The batch normalization.
    pub bn: BatchNorm2d<T>,
}

impl<T: Float> ConvBnLeaky<T> {
    /// A block of stride 1.
    ///
    /// # Panics
    /// If a number of channels or the kernel is 0.
    #[track_caller]
    pub fn new(
        in_channels: usize,
        out_channels: usize,
        kernel: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        ConvBnLeakyConfig::new(in_channels, out_channels, kernel).init(rng)
    }

    /// The number of channels of the output.
    pub fn out_channels(&self) -> usize {
        self.conv.weight.shape()[0]
    }
}

impl<T: Float> Layer<T> for ConvBnLeaky<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.bn.forward_after(&self.conv, x, None, SLOPE)
    }
}

/// What a [`ConvBnLeaky`] is built from.
///
/// ```
/// use wengert::models::vision::ConvBnLeakyConfig;
///
/// let file = r#"{"in_channels": 3, "out_channels": 32, "kernel": 3, "stride": 2}"#;
/// let config: ConvBnLeakyConfig = serde_json::from_str(file)?;
/// assert_eq!(config, ConvBnLeakyConfig::new(3, 32, 3).stride(2));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvBnLeakyConfig {
    in_channels: usize,
    out_channels: usize,
    #[serde(alias = "kernel_size")]
    kernel: usize,
    #[serde(default = "one")]
    stride: usize,
    #[serde(default = "momentum")]
    momentum: f64,
}

fn momentum() -> f64 {
    0.1
}

impl ConvBnLeakyConfig {
    /// From `in_channels` to `out_channels` with a square kernel.
    pub fn new(in_channels: usize, out_channels: usize, kernel: usize) -> Self {
        Self { in_channels, out_channels, kernel, stride: one(), momentum: momentum() }
    }

    /// The step from one position of the kernel to the next (default: 1).
    pub fn stride(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }

    /// The share of a batch in the running statistics (default: PyTorch's 0.1; Darknet has 0.01, for trainings of
    /// many thousand steps).
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// The block. As in Darknet the weight is drawn from N(0, 2 / fan_in).
    ///
    /// # Panics
    /// If a number of channels, the kernel or the stride is 0, or the momentum is not in 0..=1.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> ConvBnLeaky<T> {
        expect(self.try_init(rng))
    }

    /// The block, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<ConvBnLeaky<T>, ConfigError> {
        // First, as it draws nothing.
        let bn = BatchNormConfig::new(self.out_channels).momentum(self.momentum).try_init()?;
        let conv = Conv2dConfig::new(self.in_channels, self.out_channels, self.kernel)
            .stride(self.stride)
            .padding(self.kernel / 2)
            .bias(false)
            .weight_init(Init::he_normal())
            .try_init(rng)?;
        Ok(ConvBnLeaky { conv, bn })
    }
}
