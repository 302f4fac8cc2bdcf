//! Convolutional layers.

mod config;
mod transposed;

use autodiff::ops::{ConvOptions, Sizes};
use autodiff::{Epilogue, Float, PadMode, Parameter, Tensor};
use rand::Rng;

pub use self::config::{Conv1dConfig, Conv2dConfig, Conv3dConfig, ConvConfig, PaddingMode};
pub use self::transposed::{
    ConvTranspose, ConvTranspose1d, ConvTranspose1dConfig, ConvTranspose2d, ConvTranspose2dConfig,
    ConvTranspose3d, ConvTranspose3dConfig, ConvTransposeConfig,
};
use crate::layer::on_tape_of;
use crate::{Layer, Module};

/// A convolution over sequences [batch, channels, length].
pub type Conv1d<T = f32> = Conv<1, T>;

/// A convolution over pictures [batch, channels, height, width].
pub type Conv2d<T = f32> = Conv<2, T>;

/// A convolution over volumes [batch, channels, depth, height, width].
pub type Conv3d<T = f32> = Conv<3, T>;

/// A convolution over `D` spatial axes, one to three, which is a cross-correlation, as everywhere:
/// y[n, o, p] = b\[o\] + Σ W[o, c, r] · x[n, c, stride·p + dilation·r − padding] over the channels c of o's group and
/// the taps r, where p and r stand for all spatial axes.
///
/// The input is [batch, in, …] or, without the batch, [in, …]; an axis of n elements becomes one of
/// ⌊(n + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1.
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let stem = Conv2dConfig::new(3, 64, 7).stride(2).padding(3).bias(false).init::<f32>(&mut rng);
/// assert_eq!(stem.forward(&Tensor::zeros([1, 3, 32, 32])).shape(), [1, 64, 16, 16]);
/// let plain = Conv2d::<f32>::new(3, 8, 3, &mut rng);
/// assert_eq!(plain.parameter_count(), 3 * 8 * 9 + 8);
/// let sequences = Conv1dConfig::new(4, 6, 3).padding(Padding::Same).dilation(2).init::<f32>(&mut rng);
/// assert_eq!(sequences.forward(&Tensor::zeros([4, 20])).shape(), [6, 20]);
/// ```
///
/// # Panics
/// In `forward`, if the input has other axes or another number of channels, the kernel does not fit into the padded
/// input, or a border is wider than the padding mode allows.
#[derive(Clone, Debug, Module)]
pub struct Conv<const D: usize, T: Float = f32> {
    /// W [out, in / groups, kernel…].
    pub weight: Parameter<T>,
    /// b \[out\].
    pub bias: Option<Parameter<T>>,
    #[module(skip)]
    options: ConvOptions<D>,
    #[module(skip)]
    border: Option<Border<D>>,
}

/// What is put around the input before the convolution, where that is not zeros.
#[derive(Clone, Copy, Debug)]
struct Border<const D: usize> {
    widths: [(isize, isize); D],
    mode: PadMode,
}

impl<const D: usize, T: Float> Conv<D, T> {
    /// The layer with PyTorch's defaults: stride 1, no padding, with a bias, all values uniform in
    /// ±1/√(in · taps of the kernel).
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
        ConvConfig::new(in_channels, out_channels, kernel).init(rng)
    }

    /// How the kernel moves over the input, after a border that is not of zeros has been added.
    pub fn options(&self) -> ConvOptions<D> {
        self.options
    }

    /// The input with its border, if that is not of zeros.
    #[track_caller]
    fn bordered(&self, x: &Tensor<T>) -> Tensor<T> {
        match &self.border {
            // The convolution says what is wrong with other ranks.
            Some(border) if (D + 1..=D + 2).contains(&x.ndim()) => {
                let mut widths = vec![(0, 0); x.ndim() - D];
                widths.extend(border.widths);
                x.pad(widths, border.mode)
            }
            _ => x.clone(),
        }
    }
}

macro_rules! forward {
    ($($D:literal: $conv:ident),*) => {$(
        impl<T: Float> Conv<$D, T> {
            /// [`forward`](Layer::forward), plus a residual like the result where there is one, with negative values
            /// multiplied by `slope`: 0 for a ReLU after the layer, 0.1 for a leaky one, 1 for none. As one
            /// operation, which finishes its results while they are in the cache.
            ///
            /// ```
            /// use wengert::prelude::*;
            ///
            /// let layer = Conv2d::<f32>::new(3, 3, 1, &mut ChaCha8Rng::seed_from_u64(0));
            /// let x = Tensor::ones([1, 3, 2, 2]);
            /// let fused = layer.forward_rectified(&x, Some(&x), 0.0);
            /// assert_eq!(fused.to_vec(), (layer.forward(&x) + &x).relu().to_vec());
            /// ```
            ///
            /// # Panics
            /// As `forward`; if the residual has another shape, or the slope is negative or not finite.
            #[track_caller]
            pub fn forward_rectified(&self, x: &Tensor<T>, residual: Option<&Tensor<T>>, slope: f64) -> Tensor<T> {
                let bias = on_tape_of(self.bias.as_ref(), x);
                self.followed(x, Epilogue::new().bias(bias.as_ref()).residual(residual).slope(slope))
            }

            /// The convolution without its bias, and what follows it.
            #[track_caller]
            pub(crate) fn followed(&self, x: &Tensor<T>, epilogue: Epilogue<'_, T>) -> Tensor<T> {
                let x = self.bordered(x);
                x.$conv(&self.weight.on_tape_of(&x), self.options, epilogue)
            }
        }

        impl<T: Float> Layer<T> for Conv<$D, T> {
            fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
                self.forward_rectified(x, None, 1.0)
            }
        }
    )*};
}

forward!(1: conv1d_fused, 2: conv2d_fused, 3: conv3d_fused);
