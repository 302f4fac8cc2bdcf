//! The block that residual networks repeat.

use autodiff::{Float, Tensor};
use nn::init::{Fan, gain};
use nn::{BatchNorm2d, BatchNormConfig, ConfigError, Conv2d, Conv2dConfig, Init, Layer, Module};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// The form of a [`ResidualBlock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockForm {
    /// Two convolutions 3×3 of the block's width.
    Basic,
    /// 1×1 to the width, 3×3 of the width, 1×1 to four times the width.
    Bottleneck,
}

impl BlockForm {
    /// The number of output channels for each channel of the stage's width.
    pub const fn expansion(self) -> usize {
        match self {
            Self::Basic => 1,
            Self::Bottleneck => 4,
        }
    }

    /// How many convolutions are on the way through it.
    pub const fn convolutions(self) -> usize {
        match self {
            Self::Basic => 2,
            Self::Bottleneck => 3,
        }
    }
}

/// What is added to the output of a block's convolutions, if the block changes the shape. If it does not, the
/// shortcuts of both kinds are the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortcut {
    /// A convolution 1×1 with batch normalization: the paper's option B, and torchvision's.
    #[default]
    Projection,
    /// Every other row and column of the input, with channels of zeros appended: the paper's option A, which has no
    /// parameters.
    Padding,
    /// Nothing in any block: the plain network that the paper compares with.
    None,
}

/// A block y = relu(F(x) + shortcut(x)), F being two or three convolutions, each with batch normalization, and a ReLU
/// between each two.
///
/// Of a bottleneck, the convolution 3×3 has the stride, as in torchvision, not the first one, as in the paper.
#[derive(Clone, Debug, Module)]
pub struct ResidualBlock<T: Float = f32> {
    /// 3×3 in a basic block, 1×1 in a bottleneck.
    pub conv1: Conv2d<T>,
    /// After `conv1`.
    pub bn1: BatchNorm2d<T>,
    /// 3×3.
    pub conv2: Conv2d<T>,
    /// After `conv2`.
    pub bn2: BatchNorm2d<T>,
    /// 1×1, of a bottleneck.
    pub conv3: Option<Conv2d<T>>,
    /// After `conv3`.
    pub bn3: Option<BatchNorm2d<T>>,
    /// The shortcut's convolution 1×1 and its normalization, if the block changes the shape.
    pub downsample: Option<(Conv2d<T>, BatchNorm2d<T>)>,
    #[module(skip)]
    shortcut: Shortcut,
    out_channels: usize,
    stride: usize,
}

/// What a block is built from.
pub(super) struct Block {
    pub(super) form: BlockForm,
    pub(super) shortcut: Shortcut,
    pub(super) in_channels: usize,
    /// Channels of the convolution 3×3 of a bottleneck, and of all of a basic block.
    pub(super) width: usize,
    pub(super) out_channels: usize,
    pub(super) stride: usize,
    pub(super) groups: usize,
    pub(super) zero_init_residual: bool,
    pub(super) weight_init: Init,
}

/// torchvision's first values of a ResNet's convolutions.
pub(super) const HE_FAN_OUT: Init = Init::kaiming_normal(Fan::Out, gain::RELU);

impl Block {
    pub(super) fn try_init<T: Float>(
        &self,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<ResidualBlock<T>, ConfigError> {
        let Self { form, shortcut, in_channels, width, out_channels, stride, groups, .. } = *self;
        let mut conv = |inputs, outputs, kernel: usize, stride, groups| {
            Conv2dConfig::new(inputs, outputs, kernel)
                .stride(stride)
                .padding(kernel / 2)
                .groups(groups)
                .bias(false)
                .weight_init(self.weight_init)
                .try_init::<T>(rng)
        };
        let norm = |channels| BatchNormConfig::new(channels).try_init::<2, T>();
        let last = |channels| {
            let norm = norm(channels)?;
            if let (true, Some(weight)) = (self.zero_init_residual, &norm.weight) {
                weight.set(&Tensor::zeros([channels]));
            }
            Ok::<_, ConfigError>(norm)
        };
        let changes = stride != 1 || in_channels != out_channels;
        let projects = changes && shortcut == Shortcut::Projection;
        let (conv1, bn1, conv2, bn2, conv3, bn3);
        match form {
            BlockForm::Basic => {
                (conv1, bn1) = (conv(in_channels, width, 3, stride, groups)?, norm(width)?);
                (conv2, bn2) = (conv(width, out_channels, 3, 1, groups)?, last(out_channels)?);
                (conv3, bn3) = (None, None);
            }
            BlockForm::Bottleneck => {
                (conv1, bn1) = (conv(in_channels, width, 1, 1, 1)?, norm(width)?);
                (conv2, bn2) = (conv(width, width, 3, stride, groups)?, norm(width)?);
                (conv3, bn3) = (Some(conv(width, out_channels, 1, 1, 1)?), Some(last(out_channels)?));
            }
        }
        let downsample = match projects {
            true => Some((conv(in_channels, out_channels, 1, stride, 1)?, norm(out_channels)?)),
            false => None,
        };
        Ok(ResidualBlock { conv1, bn1, conv2, bn2, conv3, bn3, downsample, shortcut, out_channels, stride })
    }
}

impl<T: Float> ResidualBlock<T> {
    /// The input in the shape of the output, without parameters.
    #[track_caller]
    fn padded(&self, x: &Tensor<T>) -> Tensor<T> {
        let every = ndarray::Slice::new(0, None, self.stride as isize);
        let thinned = if self.stride == 1 { x.clone() } else { x.slice(2, every).slice(3, every) };
        match self.out_channels - x.shape()[1] {
            0 => thinned,
            more => thinned.pad([(0, 0), (0, more as isize), (0, 0), (0, 0)], 0.0),
        }
    }
}

impl<T: Float> Layer<T> for ResidualBlock<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let shortcut = || match (self.shortcut, &self.downsample) {
            (Shortcut::None, _) => None,
            (Shortcut::Projection, Some((conv, norm))) => Some(norm.forward_after(conv, x, None, 1.0)),
            (Shortcut::Projection, None) => Some(x.clone()),
            (Shortcut::Padding, _) => Some(self.padded(x)),
        };
        let mut y = self.bn1.forward_after(&self.conv1, x, None, 0.0);
        let (mut conv, mut bn) = (&self.conv2, &self.bn2);
        if let (Some(conv3), Some(bn3)) = (&self.conv3, &self.bn3) {
            y = bn.forward_after(conv, &y, None, 0.0);
            (conv, bn) = (conv3, bn3);
        }
        bn.forward_after(conv, &y, shortcut().as_ref(), 0.0)
    }
}
