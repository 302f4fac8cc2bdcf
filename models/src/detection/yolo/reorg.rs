//! A fine map made as coarse as another.

use autodiff::{Float, Tensor};
use nn::{Layer, Module};

use crate::detection::darknet::reorg;

/// Darknet's `[reorg]` with stride 2: [batch, C, H, W] to [batch, 4C, H/2, W/2], which keeps all numbers.
///
/// YOLOv2's passthrough uses it to lay the map of stride 16 beside that of stride 32. What Darknet does, and what its
/// trained weights need, is not the division of 2×2 neighbours among channels that the paper describes
/// ([`PixelUnshuffle`](nn::PixelUnshuffle) is that): the numbers of a picture are first taken for a map
/// [C/4, 2H, 2W], which is then divided, and the result is taken for [4C, H/2, W/2].
///
/// ```
/// use wengert::models::detection::Reorg;
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::from_vec([1, 4, 2, 2], (0..16).map(|i| i as f32).collect());
/// let y = Reorg.forward(&x);
/// assert_eq!(y.shape(), [1, 16, 1, 1]);
/// assert_eq!(y.to_vec()[..8], [0.0, 2.0, 8.0, 10.0, 1.0, 3.0, 9.0, 11.0]);
/// ```
///
/// # Panics
/// In `forward`, if the input is not [batch, channels, height, width], the channels are not a multiple of 4, or height
/// or width is odd.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Module)]
pub struct Reorg;

impl<T: Float> Layer<T> for Reorg {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        reorg(x, 2)
    }
}
