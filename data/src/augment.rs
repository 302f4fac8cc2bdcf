//! Training pictures distorted at random, so that each is seen a little differently every time.

use autodiff::Tensor;
use ndarray::{ArrayViewMut2, Ix4};
use rand::{Rng, RngExt};

/// Turns, scales and shifts each picture by random amounts, as torchvision's transform of that name.
///
/// A pixel of the result is read from where it comes from by bilinear interpolation; beyond the picture's edge
/// there are zeros. All amounts are 0 until set, and are drawn evenly from their range for each picture.
///
/// ```
/// use wengert::data::{RandomAffine, digits};
/// use wengert::prelude::*;
///
/// let batch = digits().batch(&[0, 1, 2]);
/// let distort = RandomAffine::new().degrees(10.0).scale(0.1).translate(0.1);
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// assert_eq!(distort.apply(&batch.inputs, &mut rng).shape(), batch.inputs.shape());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomAffine {
    degrees: f64,
    scale: f64,
    translate: f64,
}

impl Default for RandomAffine {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomAffine {
    /// No distortion yet.
    pub const fn new() -> Self {
        Self { degrees: 0.0, scale: 0.0, translate: 0.0 }
    }

    /// Turns by −`degrees` to `degrees` about the picture's middle.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn degrees(mut self, degrees: f64) -> Self {
        assert!(degrees >= 0.0 && degrees.is_finite(), "RandomAffine: {degrees} degrees are no range");
        self.degrees = degrees;
        self
    }

    /// Enlarges by a factor from 1 − `scale` to 1 + `scale`.
    ///
    /// # Panics
    /// If it is not in 0..1.
    #[track_caller]
    pub fn scale(mut self, scale: f64) -> Self {
        assert!((0.0..1.0).contains(&scale), "RandomAffine: a scale of {scale} is not in 0..1");
        self.scale = scale;
        self
    }

    /// Shifts by up to this fraction of the height, and of the width, either way.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn translate(mut self, fraction: f64) -> Self {
        assert!(fraction >= 0.0 && fraction.is_finite(), "RandomAffine: a shift of {fraction} is no range");
        self.translate = fraction;
        self
    }

    /// Distorts pictures [n, c, h, w], each by amounts of its own; its channels go together.
    ///
    /// # Panics
    /// If they have another rank.
    #[track_caller]
    pub fn apply(&self, pictures: &Tensor<f32>, rng: &mut impl Rng) -> Tensor<f32> {
        let Ok(source) = pictures.view().into_dimensionality::<Ix4>() else {
            panic!("RandomAffine: expected pictures [n, c, h, w], found shape {:?}", pictures.shape());
        };
        let mut out = ndarray::Array4::zeros(source.dim());
        for (from, mut to) in source.outer_iter().zip(out.outer_iter_mut()) {
            let map = self.draw(from.dim().1, from.dim().2, rng);
            for (from, to) in from.outer_iter().zip(to.outer_iter_mut()) {
                map.apply(&from.to_owned(), to);
            }
        }
        out.into()
    }

    /// The map of one picture. Every amount is drawn whatever its range, so that the stream of numbers does
    /// not depend on the options.
    fn draw(&self, height: usize, width: usize, rng: &mut impl Rng) -> Affine {
        let mut even = |range: f64| (2.0 * rng.random::<f64>() - 1.0) * range;
        let angle = even(self.degrees).to_radians();
        let factor = 1.0 + even(self.scale);
        let shift = (even(self.translate) * height as f64, even(self.translate) * width as f64);
        let (sin, cos) = (angle.sin() / factor, angle.cos() / factor);
        Affine { sin: sin as f32, cos: cos as f32, shift: (shift.0 as f32, shift.1 as f32) }
    }
}

/// Where the pixels of a distorted picture come from: the inverse of turning, enlarging and shifting.
struct Affine {
    sin: f32,
    cos: f32,
    shift: (f32, f32),
}

impl Affine {
    fn apply(&self, from: &ndarray::Array2<f32>, mut to: ArrayViewMut2<'_, f32>) {
        let (height, width) = from.dim();
        let middle = ((height as f32 - 1.0) / 2.0, (width as f32 - 1.0) / 2.0);
        let pixel = |r: isize, c: isize| {
            let inside = (0..height as isize).contains(&r) && (0..width as isize).contains(&c);
            if inside { from[[r as usize, c as usize]] } else { 0.0 }
        };
        for ((r, c), out) in to.indexed_iter_mut() {
            let (y, x) = (r as f32 - middle.0 - self.shift.0, c as f32 - middle.1 - self.shift.1);
            let source = (self.cos * y - self.sin * x + middle.0, self.sin * y + self.cos * x + middle.1);
            let (top, left) = (source.0.floor(), source.1.floor());
            let (down, right) = (source.0 - top, source.1 - left);
            let (r, c) = (top as isize, left as isize);
            let above = pixel(r, c) * (1.0 - right) + pixel(r, c + 1) * right;
            let below = pixel(r + 1, c) * (1.0 - right) + pixel(r + 1, c + 1) * right;
            *out = above * (1.0 - down) + below * down;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::ChaCha8Rng};

    fn picture() -> Tensor<f32> {
        Tensor::from_vec([1, 1, 5, 5], (0..25).map(|i| i as f32).collect())
    }

    #[test]
    fn without_amounts_nothing_changes() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert_eq!(RandomAffine::new().apply(&picture(), &mut rng).to_vec(), picture().to_vec());
    }

    #[test]
    fn a_quarter_turn_moves_rows_to_columns() {
        let quarter = Affine { sin: 1.0, cos: 0.0, shift: (0.0, 0.0) };
        let from = picture().into_array().into_shape_with_order((5, 5)).unwrap();
        let mut to = ndarray::Array2::zeros((5, 5));
        quarter.apply(&from, to.view_mut());
        for r in 0..5 {
            for c in 0..5 {
                assert_eq!(to[[r, c]], from[[4 - c, r]]);
            }
        }
    }

    #[test]
    fn a_shift_brings_zeros_in() {
        let down = Affine { sin: 0.0, cos: 1.0, shift: (2.0, 0.0) };
        let from = picture().into_array().into_shape_with_order((5, 5)).unwrap();
        let mut to = ndarray::Array2::ones((5, 5));
        down.apply(&from, to.view_mut());
        assert!(to.row(0).iter().chain(to.row(1)).all(|&v| v == 0.0));
        assert_eq!(to.row(2), from.row(0));
    }

    #[test]
    fn the_same_seed_gives_the_same_pictures_and_each_is_its_own() {
        let two = Tensor::concat(&[&picture(), &picture()], 0);
        let distort = RandomAffine::new().degrees(20.0).scale(0.2).translate(0.2);
        let run = |seed| distort.apply(&two, &mut ChaCha8Rng::seed_from_u64(seed)).to_vec();
        assert_eq!(run(3), run(3));
        assert_ne!(run(3), run(4));
        assert_ne!(run(3)[..25], run(3)[25..]);
    }

    #[test]
    #[should_panic(expected = "expected pictures [n, c, h, w], found shape [2, 2]")]
    fn other_ranks_are_refused() {
        RandomAffine::new().apply(&Tensor::zeros([2, 2]), &mut ChaCha8Rng::seed_from_u64(0));
    }
}
