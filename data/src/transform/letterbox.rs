//! A picture of any ratio in a square.

use super::resize::{Resampling, resize};
use crate::detection::BoundingBox;
use ndarray::{Array3, ArrayView3, s};

/// Where a picture lies in the frame that [`letterbox`] put it in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Letterbox {
    scale: (f64, f64),
    shift: (f64, f64),
    size: (f64, f64),
}

impl Letterbox {
    /// A box of the picture, in pixels, as it lies in the frame.
    pub fn place(&self, bounding_box: &BoundingBox) -> BoundingBox {
        bounding_box.scaled(self.scale.0, self.scale.1).shifted(self.shift.0, self.shift.1)
    }

    /// A box of the frame, in pixels, as it lies in the picture: what a detector found, brought back. Cut to
    /// the picture.
    pub fn undo(&self, bounding_box: &BoundingBox) -> BoundingBox {
        let inside = bounding_box.shifted(-self.shift.0, -self.shift.1);
        inside.scaled(1.0 / self.scale.0, 1.0 / self.scale.1).clipped(self.size.0, self.size.1)
    }

    /// (x, y) of the picture in the frame.
    pub(crate) fn point(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (x * self.scale.0 + self.shift.0, y * self.scale.1 + self.shift.1)
    }
}

/// A picture that is resized, keeping its ratio, to fit into `height` × `width`, and laid into the middle of a frame
/// of `fill` (Darknet's is 0.5): what detectors see. A ratio that no whole pixels have is rounded.
///
/// ```
/// use wengert::data::{detection::BoundingBox, transform::letterbox};
/// use wengert::ndarray::Array3;
///
/// let wide = Array3::ones((3, 50, 100));
/// let (framed, place) = letterbox(wide.view(), (64, 64), 0.5);
/// assert_eq!((framed[[0, 0, 0]], framed[[0, 32, 0]]), (0.5, 1.0));
/// let b = BoundingBox::new(50.0, 0.0, 100.0, 50.0);
/// assert_eq!(place.place(&b), BoundingBox::new(32.0, 16.0, 64.0, 48.0));
/// assert_eq!(place.undo(&place.place(&b)), b);
/// ```
///
/// # Panics
/// When a height or width, of the picture or the frame, is 0.
#[track_caller]
pub fn letterbox(
    picture: ArrayView3<'_, f32>,
    (height, width): (usize, usize),
    fill: f32,
) -> (Array3<f32>, Letterbox) {
    let (c, h, w) = picture.dim();
    assert!(
        height > 0 && width > 0 && h > 0 && w > 0,
        "letterbox: cannot fit a picture of {h} × {w} pixels into {height} × {width}"
    );
    let factor = (height as f64 / h as f64).min(width as f64 / w as f64);
    let side = |length: usize, most: usize| ((length as f64 * factor).round() as usize).clamp(1, most);
    let (rows, columns) = (side(h, height), side(w, width));
    let (top, left) = ((height - rows) / 2, (width - columns) / 2);
    let mut frame = Array3::from_elem((c, height, width), fill);
    let inner = resize(picture, (rows, columns), Resampling::Antialiased);
    frame.slice_mut(s![.., top..top + rows, left..left + columns]).assign(&inner);
    let place = Letterbox {
        scale: (columns as f64 / w as f64, rows as f64 / h as f64),
        shift: (left as f64, top as f64),
        size: (w as f64, h as f64),
    };
    (frame, place)
}
