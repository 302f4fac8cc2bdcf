//! Digits at random places of larger pictures.

use wengert::data::{Dataset, transform};
use wengert::ndarray::{Array4, s};
use wengert::prelude::*;

/// Height and width of the pictures.
pub(crate) const SIZE: usize = 40;
/// Height and width to which the digits are enlarged.
pub(crate) const DIGIT: usize = 16;

/// Where a digit lies.
pub(crate) struct Place {
    top: usize,
    left: usize,
}

impl Place {
    /// The part of a map [height, width] in which the digit lies.
    pub(crate) fn cut(&self, map: &Tensor) -> Tensor {
        map.narrow(0, self.top as isize, DIGIT).narrow(1, self.left as isize, DIGIT)
    }
}

/// Each digit somewhere in a picture of its own, with some noise around it.
pub(crate) fn scatter(digits: &Dataset, rng: &mut ChaCha8Rng) -> (Dataset, Vec<Place>) {
    let mut place =
        || Place { top: rng.random_range(0..=SIZE - DIGIT), left: rng.random_range(0..=SIZE - DIGIT) };
    let places: Vec<Place> = digits.labels().iter().map(|_| place()).collect();
    let set = digits.map_inputs(|small| {
        let enlarged = transform::resize_bilinear(small, DIGIT, DIGIT);
        let mut large =
            Array4::from_shape_simple_fn((places.len(), 1, SIZE, SIZE), || 0.2 * rng.random::<f32>());
        for (i, Place { top, left }) in places.iter().enumerate() {
            let mut part = large.slice_mut(s![i, 0, *top..top + DIGIT, *left..left + DIGIT]);
            part.zip_mut_with(&enlarged.slice(s![i, 0, .., ..]), |ground, &ink| *ground = ground.max(ink));
        }
        large.into_dyn()
    });
    (set, places)
}
