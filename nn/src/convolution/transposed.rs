//! Transposed convolutions.

use autodiff::ops::{ConvTransposeOptions, Sizes};
use autodiff::{Float, Parameter, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::config::{Check, expect, one, ones, yes, zeros};
use crate::init::{Fans, Init, WeightAndBias};
use crate::layer::on_tape_of;
use crate::{ConfigError, Layer, Module};

/// A transposed convolution over sequences [batch, channels, length].
pub type ConvTranspose1d<T = f32> = ConvTranspose<1, T>;

/// A transposed convolution over pictures [batch, channels, height, width].
pub type ConvTranspose2d<T = f32> = ConvTranspose<2, T>;

/// A transposed convolution over volumes [batch, channels, depth, height, width].
pub type ConvTranspose3d<T = f32> = ConvTranspose<3, T>;

/// A transposed convolution over `D` spatial axes, one to three: each element of the input adds its multiple of the
/// kernel to the output, y[n, o, stride·p + dilation·r − padding] += W[c, o, r] · x[n, c, p], to b\[o\]. As a map of
/// the input it is the gradient of a convolution with the same options. Zeiler et al., "Deconvolutional networks"
/// (2010).
///
/// The input is [batch, in, …] or, without the batch, [in, …]; an axis of n elements becomes one of
/// (n − 1)·stride − 2·padding + dilation·(kernel − 1) + output_padding + 1.
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let double = ConvTranspose2dConfig::new(16, 8, 4).stride(2).padding(1).init::<f32>(&mut rng);
/// assert_eq!(double.forward(&Tensor::zeros([1, 16, 7, 7])).shape(), [1, 8, 14, 14]);
/// assert_eq!(double.weight.shape(), [16, 8, 4, 4]);
///
/// // Two sizes have a convolution of the same size; `forward_with` chooses.
/// let down = Conv2dConfig::new(4, 4, 3).stride(2).padding(1).init::<f32>(&mut rng);
/// let up = ConvTranspose2dConfig::new(4, 4, 3).stride(2).padding(1).init::<f32>(&mut rng);
/// let x = Tensor::zeros([1, 4, 12, 12]);
/// let y = down.forward(&x);
/// assert_eq!(up.forward(&y).shape(), [1, 4, 11, 11]);
/// assert_eq!(up.forward_with(&y, 12).shape(), x.shape());
/// ```
///
/// # Panics
/// In `forward`, if the input has other axes or another number of channels, or nothing is left between the paddings.
#[derive(Clone, Debug, Module)]
pub struct ConvTranspose<const D: usize, T: Float = f32> {
    /// W [in, out / groups, kernel…].
    pub weight: Parameter<T>,
    /// b \[out\].
    pub bias: Option<Parameter<T>>,
    #[module(skip)]
    config: ConvTransposeConfig<D>,
}

impl<const D: usize, T: Float> ConvTranspose<D, T> {
    /// The layer with PyTorch's defaults: stride 1, no padding, with a bias, all values uniform in
    /// ±1/√(out · taps of the kernel).
    ///
    /// # Panics
    /// If a number of channels or an extent of the kernel is 0.
    #[track_caller]
    pub fn new(
        in_channels: usize,
        out_channels: usize,
        kernel: impl Into<Sizes<D>>,
        rng: &mut (impl Rng + ?Sized),
    ) -> Self {
        ConvTransposeConfig::new(in_channels, out_channels, kernel).init(rng)
    }

    /// How the kernel moves over the output.
    pub fn options(&self) -> ConvTransposeOptions<D> {
        self.options_with(self.config.output_padding)
    }

    pub(crate) fn groups(&self) -> usize {
        self.config.groups
    }

    fn options_with(&self, output_padding: Sizes<D>) -> ConvTransposeOptions<D> {
        let config = &self.config;
        ConvTransposeOptions::new()
            .stride(config.stride)
            .padding(config.padding)
            .output_padding(output_padding)
            .dilation(config.dilation)
            .groups(config.groups)
    }

    /// The output padding that leads from an input of this shape to an output of these sizes.
    #[track_caller]
    fn padding_to(&self, input: &[usize], sizes: [usize; D]) -> Sizes<D> {
        let name = ["ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"][D - 1];
        let ConvTransposeConfig { kernel, stride, padding, dilation, .. } = &self.config;
        assert!(
            (D + 1..=D + 2).contains(&input.len()),
            "{name}: the input {input:?} is not [batch, channels, …] or [channels, …] with {D} axes more"
        );
        let first = input.len() - D;
        let mut missing = [0; D];
        for axis in 0..D {
            let [n, wanted, kernel, stride, padding, dilation] = [
                input[first + axis],
                sizes[axis],
                kernel.0[axis],
                stride.0[axis],
                padding.0[axis],
                dilation.0[axis],
            ]
            .map(|n| n as i128);
            let least =
                (n - 1).saturating_mul(stride) - 2 * padding + dilation.saturating_mul(kernel - 1) + 1;
            assert!(
                (least..least + stride).contains(&wanted),
                "{name}: axis {} of the output cannot have {wanted} elements: with stride {stride} an input \
                 {input:?} gives {least} to {}",
                first + axis,
                least + stride - 1
            );
            missing[axis] = (wanted - least) as usize;
        }
        Sizes(missing)
    }
}

macro_rules! forward {
    ($($D:literal: $conv:ident),*) => {$(
        impl<T: Float> Layer<T> for ConvTranspose<$D, T> {
            fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
                let bias = on_tape_of(self.bias.as_ref(), x);
                x.$conv(&self.weight.on_tape_of(x), bias.as_ref(), self.options())
            }
        }

        impl<T: Float> ConvTranspose<$D, T> {
            /// The output with these sizes along the spatial axes, whatever the output padding: with a stride above 1
            /// several sizes have a convolution of the input's size.
            ///
            /// # Panics
            /// As `forward`, or if a size is not one of those.
            #[track_caller]
            pub fn forward_with(&self, x: &Tensor<T>, output_size: impl Into<Sizes<$D>>) -> Tensor<T> {
                let options = self.options_with(self.padding_to(x.shape(), output_size.into().0));
                let bias = on_tape_of(self.bias.as_ref(), x);
                x.$conv(&self.weight.on_tape_of(x), bias.as_ref(), options)
            }
        }
    )*};
}

forward!(1: conv_transpose1d, 2: conv_transpose2d, 3: conv_transpose3d);

/// What a [`ConvTranspose1d`] is built from.
pub type ConvTranspose1dConfig = ConvTransposeConfig<1>;

/// What a [`ConvTranspose2d`] is built from.
pub type ConvTranspose2dConfig = ConvTransposeConfig<2>;

/// What a [`ConvTranspose3d`] is built from.
pub type ConvTranspose3dConfig = ConvTransposeConfig<3>;

/// What a [`ConvTranspose`] layer is built from. Sizes are one number for all axes, or one for each; so they are in
/// a file.
///
/// ```
/// use wengert::prelude::*;
///
/// let config: ConvTranspose1dConfig =
///     serde_json::from_str(r#"{"in_channels": 3, "out_channels": 8, "kernel": 4, "stride": [2]}"#).unwrap();
/// assert_eq!(config, ConvTranspose1dConfig::new(3, 8, 4).stride(2));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvTransposeConfig<const D: usize> {
    in_channels: usize,
    out_channels: usize,
    #[serde(alias = "kernel_size")]
    kernel: Sizes<D>,
    #[serde(default = "ones")]
    stride: Sizes<D>,
    #[serde(default = "zeros")]
    padding: Sizes<D>,
    #[serde(default = "zeros")]
    output_padding: Sizes<D>,
    #[serde(default = "one")]
    groups: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default = "ones")]
    dilation: Sizes<D>,
    #[serde(default = "Init::pytorch")]
    weight_init: Init,
    #[serde(default = "Init::pytorch")]
    bias_init: Init,
}

impl<const D: usize> ConvTransposeConfig<D> {
    const NAME: &str = {
        assert!(1 <= D && D <= 3, "convolutions have one to three dimensions");
        ["ConvTranspose1dConfig", "ConvTranspose2dConfig", "ConvTranspose3dConfig"][D - 1]
    };

    /// From `in_channels` to `out_channels` with a kernel of one extent for all axes, or one for each.
    pub fn new(in_channels: usize, out_channels: usize, kernel: impl Into<Sizes<D>>) -> Self {
        Self {
            in_channels,
            out_channels,
            kernel: kernel.into(),
            stride: ones(),
            padding: zeros(),
            output_padding: zeros(),
            groups: 1,
            bias: true,
            dilation: ones(),
            weight_init: Init::pytorch(),
            bias_init: Init::pytorch(),
        }
    }

    /// The step in the output from one element of the input to the next (default: 1).
    pub fn stride(mut self, stride: impl Into<Sizes<D>>) -> Self {
        self.stride = stride.into();
        self
    }

    /// How many elements are cut off on each side of the output (default: 0): the padding of the convolution that
    /// this one transposes.
    pub fn padding(mut self, padding: impl Into<Sizes<D>>) -> Self {
        self.padding = padding.into();
        self
    }

    /// How many elements fewer are cut off behind the last (default: 0), below the stride or the dilation. With a
    /// stride above 1 several sizes have a convolution of the same size; this chooses among them.
    pub fn output_padding(mut self, padding: impl Into<Sizes<D>>) -> Self {
        self.output_padding = padding.into();
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

    /// The weight's first values (default: [`Init::pytorch`]). As in PyTorch the fan-in is that of axis 1,
    /// out / groups · taps.
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
    /// not divide into the groups, an output padding is below neither stride nor dilation, or an initialization is
    /// none.
    #[track_caller]
    pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> ConvTranspose<D, T> {
        expect(self.try_init(rng))
    }

    /// The layer, for a configuration that comes from outside the program.
    ///
    /// # Errors
    /// Where [`init`](Self::init) panics.
    pub fn try_init<T: Float>(
        &self,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<ConvTranspose<D, T>, ConfigError> {
        let check = Check(Self::NAME);
        let [kernel, stride, dilation] = [self.kernel.0, self.stride.0, self.dilation.0];
        let channels = [self.in_channels, self.out_channels];
        check.convolution(channels, self.groups, kernel, stride, dilation)?;
        let output_padding = self.output_padding.0;
        check.that(
            (0..D).all(|axis| output_padding[axis] < stride[axis].max(dilation[axis])),
            "output_padding",
            format_args!("{output_padding:?}"),
            "less than the stride or the dilation on each axis",
        )?;
        let mut shape = vec![self.in_channels, self.out_channels / self.groups];
        shape.extend(kernel);
        let fans = Fans::of;
        let Self { bias, weight_init, bias_init, .. } = *self;
        let parameters =
            WeightAndBias { shape: &shape, outputs: self.out_channels, fans, weight_init, bias_init, bias };
        let (weight, bias) = parameters.draw(&check, rng)?;
        Ok(ConvTranspose { weight, bias, config: self.clone() })
    }
}
