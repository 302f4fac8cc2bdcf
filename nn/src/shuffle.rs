//! Channels that change places with pixels and with each other.

use std::num::NonZeroUsize;

use autodiff::{Float, Tensor};
use serde::{Deserialize, Serialize};

use crate::{Layer, Module};

/// The number of a layer that has one, from 1 on. As a field it also refuses a 0 in a file.
#[track_caller]
fn positive(layer: &str, field: &str, n: usize) -> NonZeroUsize {
    match NonZeroUsize::new(n) {
        Some(n) => n,
        None => panic!("{layer}: {field} is 0, expected at least 1"),
    }
}

/// [.., C·r², H, W] → [.., C, H·r, W·r]: r² channels become the squares of r by r pixels of one, the last step of a
/// sub-pixel convolution. Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel
/// convolutional neural network" (2016).
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let double = Sequential::<f32>::new()
///     .push(Conv2dConfig::new(8, 3 * 4, 3).padding(1).init(&mut rng))
///     .push(PixelShuffle::new(2));
/// assert_eq!(double.forward(&Tensor::zeros([1, 8, 5, 6])).shape(), [1, 3, 10, 12]);
/// ```
///
/// # Panics
/// In `forward`, if the input has fewer than three axes or r² does not divide its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelShuffle {
    #[module(skip)]
    upscale_factor: NonZeroUsize,
}

impl PixelShuffle {
    /// With the factor r by which height and width grow.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn new(upscale_factor: usize) -> Self {
        Self { upscale_factor: positive("PixelShuffle", "upscale_factor", upscale_factor) }
    }
}

impl<T: Float> Layer<T> for PixelShuffle {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.pixel_shuffle(self.upscale_factor.get())
    }
}

/// [.., C, H·r, W·r] → [.., C·r², H, W]: the inverse of [`PixelShuffle`].
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::zeros([1, 3, 10, 12]);
/// assert_eq!(PixelUnshuffle::new(2).forward(&x).shape(), [1, 12, 5, 6]);
/// ```
///
/// # Panics
/// In `forward`, if the input has fewer than three axes or r does not divide height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PixelUnshuffle {
    #[module(skip)]
    downscale_factor: NonZeroUsize,
}

impl PixelUnshuffle {
    /// With the factor r by which height and width shrink.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn new(downscale_factor: usize) -> Self {
        Self { downscale_factor: positive("PixelUnshuffle", "downscale_factor", downscale_factor) }
    }
}

impl<T: Float> Layer<T> for PixelUnshuffle {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x.pixel_unshuffle(self.downscale_factor.get())
    }
}

/// Mixes groups of channels of [batch, channels, …]: channel i·(C/g) + j becomes channel j·g + i, so that the groups
/// of a convolution that follows see all those of the one before. Zhang et al., "ShuffleNet: an extremely efficient
/// convolutional neural network for mobile devices" (2018).
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::from_vec([1, 4, 1], vec![1.0, 2.0, 3.0, 4.0]);
/// assert_eq!(ChannelShuffle::new(2).forward(&x).to_vec(), [1.0, 3.0, 2.0, 4.0]);
/// ```
///
/// # Panics
/// In `forward`, if the input has fewer than three axes or g does not divide its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Module, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelShuffle {
    #[module(skip)]
    groups: NonZeroUsize,
}

impl ChannelShuffle {
    /// With the number of groups g.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn new(groups: usize) -> Self {
        Self { groups: positive("ChannelShuffle", "groups", groups) }
    }
}

impl<T: Float> Layer<T> for ChannelShuffle {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let (shape, groups) = (x.shape(), self.groups.get());
        let &[batch, channels, ref rest @ ..] = shape else {
            panic!("ChannelShuffle: the input {shape:?} is not [batch, channels, …]")
        };
        assert!(
            !rest.is_empty(),
            "ChannelShuffle: the input {shape:?} is not [batch, channels, …] with one axis more"
        );
        assert!(
            channels.is_multiple_of(groups),
            "ChannelShuffle: axis 1 of the input {shape:?} has {channels} channels, no multiple of {groups} groups"
        );
        let apart = [&[batch, groups, channels / groups], rest].concat();
        x.reshape(apart).transpose(1, 2).reshape(shape)
    }
}
