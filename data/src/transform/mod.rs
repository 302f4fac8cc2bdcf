//! What can be done to pictures, with nothing left to chance: torchvision's functionals, under their names.
//!
//! [`resize_bilinear`], [`pad_to`], [`five_crop`] and [`ten_crop`] take batches `[n, c, h, w]`; the others take one
//! picture `[c, h, w]`. The random ones of [`augment`](crate::augment) are made of these.
//!
//! Coordinates are (x, y), x to the right and y downwards, in pixels: the pixel of column *c* and row *r* is the
//! square from (c, r) to (c + 1, r + 1), as boxes have it.

mod blur;
mod color;
mod crop;
mod frame;
mod letterbox;
mod pad;
mod resize;
mod warp;

pub use blur::gaussian_blur;
pub use color::{adjust_brightness, adjust_contrast, adjust_hue, adjust_saturation, rgb_to_grayscale};
pub use crop::{center_crop, crop, erase, five_crop, horizontal_flip, ten_crop, vertical_flip};
pub use frame::{pad_to, resize_bilinear};
pub use letterbox::{Letterbox, letterbox};
pub use pad::{Border, pad};
pub use resize::{Resampling, resize, shorter_side};
pub use warp::{Affine, Homography, Interpolation, affine, elastic, perspective};

use ndarray::{ArrayView4, ArrayViewD};

/// A batch of pictures, or which operation was asked of something else.
#[track_caller]
pub(crate) fn pictures<'a>(operation: &str, batch: ArrayViewD<'a, f32>) -> ArrayView4<'a, f32> {
    assert!(
        batch.ndim() == 4,
        "{operation}: expected pictures [n, c, h, w], found shape {:?}",
        batch.shape()
    );
    batch.into_dimensionality().expect("four axes")
}

/// Says which operation was asked of pictures of the wrong number of channels.
#[track_caller]
fn check_channels(operation: &str, channels: usize) {
    assert!(channels == 1 || channels == 3, "{operation}: expected 1 or 3 channels, found {channels}");
}
