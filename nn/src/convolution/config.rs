//! What a convolution is built from.

use autodiff::ops::{ConvOptions, Sizes};
use autodiff::{Float, PadMode, Padding};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::{Border, Conv};
use crate::ConfigError;
use crate::config::{Check, expect, one, ones, yes};
use crate::init::{Fans, Init, WeightAndBias};

/// What stands in the border that the padding of a convolution adds. See [`PadMode`] for pictures of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaddingMode {
    /// Zeros.
    #[default]
    Zeros,
    /// The elements mirrored at the first and the last one, which are not repeated; narrower than the axis.
    Reflect,
    /// The first and the last element.
    Replicate,
    /// The elements from the other end; no wider than the axis.
    Circular,
}

impl PaddingMode {
    /// The mode of the border that is added before the convolution: none for zeros, which it adds itself.
    fn border(self) -> Option<PadMode> {
        match self {
            Self::Zeros => None,
            Self::Reflect => Some(PadMode::Reflect),
            Self::Replicate => Some(PadMode::Replicate),
            Self::Circular => Some(PadMode::Circular),
        }
    }
}

/// What a [`Conv1d`](crate::Conv1d) is built from.
pub type Conv1dConfig = ConvConfig<1>;

/// What a [`Conv2d`](crate::Conv2d) is built from.
pub type Conv2dConfig = ConvConfig<2>;

/// What a [`Conv3d`](crate::Conv3d) is built from.
pub type Conv3dConfig = ConvConfig<3>;

/// What a [`Conv`] layer is built from. Sizes are one number for all axes, or one for each; so they are in a file.
///
/// ```
/// use wengert::prelude::*;
///
/// let file = r#"{"in_channels": 3, "out_channels": 8, "kernel": [3, 5], "padding": "same", "padding_mode": "reflect"}"#;
/// let config: Conv2dConfig = serde_json::from_str(file).unwrap();
/// let same = Conv2dConfig::new(3, 8, (3, 5)).padding(Padding::Same).padding_mode(PaddingMode::Reflect);
/// assert_eq!(config, same);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvConfig<const D: usize> {
    in_channels: usize,
    out_channels: usize,
    #[serde(alias = "kernel_size")]
    kernel: Sizes<D>,
    #[serde(default = "ones")]
    stride: Sizes<D>,
    #[serde(default = "no_padding")]
    padding: Padding<D>,
    #[serde(default)]
    padding_mode: PaddingMode,
    #[serde(default = "ones")]
    dilation: Sizes<D>,
    #[serde(default = "one")]
    groups: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default = "Init::pytorch")]
    weight_init: Init,
    #[serde(default = "Init::pytorch")]
    bias_init: Init,
}

fn no_padding<const D: usize>() -> Padding<D> {
    Padding::Zeros([0; D])
}

impl<const D: usize> ConvConfig<D> {
    const NAME: &str = {
        assert!(1 <= D && D <= 3, "convolutions have one to three dimensions");
        ["Conv1dConfig", "Conv2dConfig", "Conv3dConfig"][D - 1]
    };

    /// From `in_channels` to `out_channels` with a kernel of one extent for all axes, or one for each.
    pub fn new(in_channels: usize, out_channels: usize, kernel: impl Into<Sizes<D>>) -> Self {
        Self {
            in_channels,
            out_channels,
            kernel: kernel.into(),
            stride: ones(),
            padding: no_padding(),
            padding_mode: PaddingMode::Zeros,
            dilation: ones(),
            groups: 1,
            bias: true,
            weight_init: Init::pytorch(),
            bias_init: Init::pytorch(),
        }
    }

    /// The step from one position of the kernel to the next (default: 1).
    pub fn stride(mut self, stride: impl Into<Sizes<D>>) -> Self {
        self.stride = stride.into();
        self
    }

    /// The width of the border on each side of the input: a number, one for each axis, [`Padding::Same`] for an
    /// output of the input's size, or [`Padding::Valid`] for none (default: 0).
    pub fn padding(mut self, padding: impl Into<Padding<D>>) -> Self {
        self.padding = padding.into();
        self
    }

    /// What stands in the border (default: zeros).
    pub fn padding_mode(mut self, mode: PaddingMode) -> Self {
        self.padding_mode = mode;
        self
    }

    /// The distance between neighbouring taps of the kernel (default: 1).
    pub fn dilation(mut self, dilation: impl Into<Sizes<D>>) -> Self {
        self.dilation = dilation.into();
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
    /// not divide into the groups, the padding is [`Padding::Same`] and a stride is not 1, or an initialization is
    /// none.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Conv<D, T> {
        expect(self.try_init(rng))
    }

    /// The layer, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> Result<Conv<D, T>, ConfigError> {
        let check = Check(Self::NAME);
        let [kernel, stride, dilation] = [self.kernel.0, self.stride.0, self.dilation.0];
        let channels = [self.in_channels, self.out_channels];
        check.convolution(channels, self.groups, kernel, stride, dilation)?;
        let same = self.padding == Padding::Same;
        let strided = same && stride != [1; D];
        check.that(
            !strided,
            "stride",
            format_args!("{stride:?}"),
            "1 on each axis for a padding of \"same\"",
        )?;
        let mut shape = vec![self.out_channels, self.in_channels / self.groups];
        shape.extend(kernel);
        let border = self.border()?;
        let fans = Fans::of;
        let Self { bias, weight_init, bias_init, .. } = *self;
        let parameters =
            WeightAndBias { shape: &shape, outputs: self.out_channels, fans, weight_init, bias_init, bias };
        let (weight, bias) = parameters.draw(&check, rng)?;
        let padding = if border.is_some() { Padding::Valid } else { self.padding };
        let options =
            ConvOptions::new().stride(stride).padding(padding).dilation(dilation).groups(self.groups);
        Ok(Conv { weight, bias, options, border })
    }

    /// What is put around the input before the convolution.
    fn border(&self) -> Result<Option<Border<D>>, ConfigError> {
        let Some(mode) = self.padding_mode.border() else { return Ok(None) };
        let total = |axis: usize| self.dilation.0[axis].checked_mul(self.kernel.0[axis] - 1);
        let mut widths = [(0, 0); D];
        for (axis, widths) in widths.iter_mut().enumerate() {
            let sides = match self.padding {
                Padding::Zeros(each) => Some((each[axis], each[axis])),
                Padding::Same => total(axis).map(|n| (n / 2, n - n / 2)),
                Padding::Valid => Some((0, 0)),
            };
            let width = |n| isize::try_from(n).ok();
            let Some((before, after)) = sides.and_then(|(b, a)| width(b).zip(width(a))) else {
                let found = format_args!("{:?}", self.padding);
                return Err(ConfigError::new(
                    Self::NAME,
                    "padding",
                    found,
                    "one that fits into the address space",
                ));
            };
            *widths = (before, after);
        }
        Ok(Some(Border { widths, mode }))
    }
}
