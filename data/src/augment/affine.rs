//! Pictures turned, enlarged, sheared and shifted.

use super::{Sample, Transform};
use crate::transform::{self, Affine, Interpolation, affine};
use autodiff::Tensor;
use rand::{Rng, RngExt, rngs::ChaCha8Rng};

/// Turns, scales, shears and shifts each picture by random amounts, as torchvision's transform of that name.
///
/// A pixel of the result is read from where it comes from by bilinear interpolation; beyond the picture's edge
/// there is the fill, 0. All amounts are 0 until set, and are drawn evenly from their range for each picture; a
/// shift need not be of whole pixels.
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
    shear: (f64, f64),
    interpolation: Interpolation,
    fill: f32,
}

impl Default for RandomAffine {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomAffine {
    /// No distortion yet.
    pub const fn new() -> Self {
        Self {
            degrees: 0.0,
            scale: 0.0,
            translate: 0.0,
            shear: (0.0, 0.0),
            interpolation: Interpolation::Bilinear,
            fill: 0.0,
        }
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

    /// Lets upright lines lean by −`degrees` to `degrees`.
    ///
    /// # Panics
    /// If it is not in 0..90.
    #[track_caller]
    pub fn shear(mut self, degrees: f64) -> Self {
        check_shear(degrees);
        self.shear.0 = degrees;
        self
    }

    /// Lets level lines rise by −`degrees` to `degrees`.
    ///
    /// # Panics
    /// If it is not in 0..90.
    #[track_caller]
    pub fn shear_y(mut self, degrees: f64) -> Self {
        check_shear(degrees);
        self.shear.1 = degrees;
        self
    }

    /// What stands between pixels.
    pub const fn interpolation(mut self, interpolation: Interpolation) -> Self {
        self.interpolation = interpolation;
        self
    }

    /// What stands beyond the edge.
    pub const fn fill(mut self, fill: f32) -> Self {
        self.fill = fill;
        self
    }

    /// Distorts pictures [n, c, h, w], each by amounts of its own, drawn one after the other; its channels go
    /// together.
    ///
    /// # Panics
    /// If they have another rank.
    #[track_caller]
    pub fn apply(&self, pictures: &Tensor<f32>, rng: &mut impl Rng) -> Tensor<f32> {
        let source = transform::pictures("RandomAffine", pictures.view());
        let mut out = ndarray::Array4::zeros(source.dim());
        for (from, mut to) in source.outer_iter().zip(out.outer_iter_mut()) {
            let map = self.draw(from.dim().1, from.dim().2, rng);
            to.assign(&affine(from, &map, self.interpolation, self.fill));
        }
        out.into()
    }

    /// The map of one picture. Every amount but the shear is drawn whatever its range, so that the stream of numbers
    /// does not depend on the options; published runs have been seen without a shear.
    fn draw(&self, height: usize, width: usize, rng: &mut impl Rng) -> Affine {
        let mut even = |range: f64| (2.0 * rng.random::<f64>() - 1.0) * range;
        let angle = even(self.degrees);
        let scale = 1.0 + even(self.scale);
        let down = even(self.translate) * height as f64;
        let right = even(self.translate) * width as f64;
        let mut if_any = |range: f64| if range > 0.0 { even(range) } else { 0.0 };
        let shear = (if_any(self.shear.0), if_any(self.shear.1));
        Affine { angle, translate: (right, down), scale, shear }
    }
}

#[track_caller]
fn check_shear(degrees: f64) {
    assert!((0.0..90.0).contains(&degrees), "RandomAffine: a shear of {degrees} degrees is not in 0..90");
}

impl Transform for RandomAffine {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        let size = sample.size();
        let map = self.draw(size.0, size.1, rng);
        sample
            .map_picture(|x| affine(x.view(), &map, self.interpolation, self.fill))
            .map_points(|p| map.point(size, p))
    }
}

/// Turns each picture by a random angle, as torchvision's transform of that name: [`RandomAffine`] with degrees alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomRotation(RandomAffine);

impl RandomRotation {
    /// By −`degrees` to `degrees` about the picture's middle.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn new(degrees: f64) -> Self {
        Self(RandomAffine::new().degrees(degrees))
    }

    /// What stands between pixels; bilinear unless told.
    pub const fn interpolation(self, interpolation: Interpolation) -> Self {
        Self(self.0.interpolation(interpolation))
    }

    /// What stands beyond the edge; 0 unless told.
    pub const fn fill(self, fill: f32) -> Self {
        Self(self.0.fill(fill))
    }
}

impl Transform for RandomRotation {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        self.0.transform(sample, rng)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn picture() -> Tensor<f32> {
        Tensor::from_vec([1, 1, 5, 5], (0..25).map(|i| i as f32).collect())
    }

    #[test]
    fn without_amounts_nothing_changes() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert_eq!(RandomAffine::new().apply(&picture(), &mut rng).to_vec(), picture().to_vec());
    }

    /// What this method gave before pictures could be sheared: trained models depend on it.
    #[test]
    fn the_pictures_are_those_that_earlier_runs_saw() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let distort = RandomAffine::new().degrees(10.0).scale(0.1).translate(0.07);
        distort.apply(&Tensor::zeros([200, 1, 1, 1]), &mut rng);
        let distort = RandomAffine::new().degrees(30.0).scale(0.3).translate(0.2);
        let expected = [
            2.3273044,
            2.1218302,
            2.032173,
            2.2191544,
            2.0592098,
            6.7062893,
            6.500815,
            6.2953405,
            6.089866,
            5.884392,
            11.085275,
            10.879799,
            10.674325,
            10.468851,
            8.03412,
            15.464257,
            15.258783,
            15.053309,
            14.847836,
            8.405054,
            19.843243,
            19.63777,
            19.432295,
            19.226822,
            7.0413465f32,
        ];
        for (found, expected) in distort.apply(&picture(), &mut rng).to_vec().into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{found} instead of {expected}");
        }
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
