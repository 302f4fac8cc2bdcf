//! Convolutional layers.

use autodiff::ops::Pair;
use autodiff::{Conv2dOptions, Float, Parameter, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::config::{Check, expect};
use crate::init::{Fans, Init};
use crate::layer::on_tape_of;
use crate::{ConfigError, Layer, Module};

/// A convolution over pictures [batch, channels, height, width], which is a cross-correlation, as everywhere:
/// y[n, o, i, j] = b\[o\] + Σ W[o, c, p, q] · x[n, c, i·s + p·d, j·s + q·d].
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let stem = Conv2dConfig::new(3, 64, 7).stride(2).padding(3).bias(false).init::<f32>(&mut rng);
/// assert_eq!(stem.forward(&Tensor::zeros([1, 3, 32, 32])).shape(), [1, 64, 16, 16]);
/// let plain = Conv2d::<f32>::new(3, 8, 3, &mut rng);
/// assert_eq!(plain.parameter_count(), 3 * 8 * 9 + 8);
/// ```
#[derive(Clone, Debug, Module)]
pub struct Conv2d<T: Float = f32> {
    /// W [out, in / groups, kernel height, kernel width].
    pub weight: Parameter<T>,
    /// b \[out\].
    pub bias: Option<Parameter<T>>,
    #[module(skip)]
    options: Conv2dOptions,
}

impl<T: Float> Conv2d<T> {
    /// The layer with PyTorch's defaults: stride 1, no padding, with a bias, all values uniform in
    /// ±1/√(in · kernel height · kernel width).
    ///
    /// # Panics
    /// If a number of channels or an extent of the kernel is 0.
    #[track_caller]
    pub fn new(
        in_channels: usize,
        out_channels: usize,
        kernel: impl Into<Pair>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        Conv2dConfig::new(in_channels, out_channels, kernel).init(rng)
    }

    /// How the kernel moves.
    pub fn options(&self) -> Conv2dOptions {
        self.options
    }
}

impl<T: Float> Layer<T> for Conv2d<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let bias = on_tape_of(self.bias.as_ref(), x);
        x.conv2d(&self.weight.on_tape_of(x), bias.as_ref(), self.options)
    }
}

/// What a [`Conv2d`] layer is built from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2dConfig {
    in_channels: usize,
    out_channels: usize,
    kernel: [usize; 2],
    #[serde(default = "ones")]
    stride: [usize; 2],
    #[serde(default)]
    padding: [usize; 2],
    #[serde(default = "ones")]
    dilation: [usize; 2],
    #[serde(default = "one")]
    groups: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default = "Init::pytorch")]
    weight_init: Init,
    #[serde(default = "Init::pytorch")]
    bias_init: Init,
}

fn one() -> usize {
    1
}

fn ones() -> [usize; 2] {
    [1, 1]
}

fn yes() -> bool {
    true
}

impl Conv2dConfig {
    /// From `in_channels` to `out_channels` with a kernel of one extent, or of a height and a width.
    pub fn new(in_channels: usize, out_channels: usize, kernel: impl Into<Pair>) -> Self {
        Self {
            in_channels,
            out_channels,
            kernel: kernel.into().0,
            stride: [1, 1],
            padding: [0, 0],
            dilation: [1, 1],
            groups: 1,
            bias: true,
            weight_init: Init::pytorch(),
            bias_init: Init::pytorch(),
        }
    }

    /// The step from one position of the kernel to the next (default: 1).
    pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
        self.stride = stride.into().0;
        self
    }

    /// Zeros added on each side of the picture (default: 0).
    pub fn padding(mut self, padding: impl Into<Pair>) -> Self {
        self.padding = padding.into().0;
        self
    }

    /// The distance between neighbouring taps of the kernel (default: 1).
    pub fn dilation(mut self, dilation: impl Into<Pair>) -> Self {
        self.dilation = dilation.into().0;
        self
    }

    /// Into how many groups the channels are divided, each convolved by itself (default: 1).
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// Whether there is a bias (default: yes).
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// The weight's first values (default: [`Init::pytorch`]).
    pub fn weight_init(mut self, init: Init) -> Self {
        self.weight_init = init;
        self
    }

    /// The bias's first values (default: [`Init::pytorch`], with the weight's fans).
    pub fn bias_init(mut self, init: Init) -> Self {
        self.bias_init = init;
        self
    }

    /// The layer: draws the weight, then the bias.
    ///
    /// # Panics
    /// If a number of channels, an extent, a stride, a dilation or the number of groups is 0, the channels do
    /// not divide into the groups, or an initialization is none.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Conv2d<T> {
        expect(self.try_init(rng))
    }

    /// The layer, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Conv2d<T>, ConfigError> {
        let check = Check("Conv2dConfig");
        check.positive("in_channels", self.in_channels)?;
        check.positive("out_channels", self.out_channels)?;
        check.positive("groups", self.groups)?;
        check.positive_pair("kernel", self.kernel)?;
        check.positive_pair("stride", self.stride)?;
        check.positive_pair("dilation", self.dilation)?;
        for (field, channels) in [("in_channels", self.in_channels), ("out_channels", self.out_channels)] {
            let divides = channels.is_multiple_of(self.groups);
            let expected = format_args!("a multiple of groups, which is {}", self.groups);
            check.that(divides, field, channels, expected)?;
        }
        let [height, width] = self.kernel;
        let shape = [self.out_channels, self.in_channels / self.groups, height, width];
        self.weight_init.check_for(check.0, "weight_init", &shape)?;
        self.bias_init.check_for(check.0, "bias_init", &shape[..1])?;
        check.fits("weight", &shape)?;
        let fans = Fans::of(&shape).expect("four axes");
        let weight = Parameter::new(self.weight_init.tensor_with(shape, fans, rng));
        let bias =
            self.bias.then(|| Parameter::new(self.bias_init.tensor_with([self.out_channels], fans, rng)));
        let options = Conv2dOptions::new()
            .stride(self.stride)
            .padding(self.padding)
            .dilation(self.dilation)
            .groups(self.groups);
        Ok(Conv2d { weight, bias, options })
    }
}
