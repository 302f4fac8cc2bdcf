//! Pictures crumpled as by an unsteady hand.

use super::{Sample, Transform};
use crate::transform::{Interpolation, elastic, gaussian_blur};
use ndarray::{Array2, Array3, Axis};
use rand::{RngExt, rngs::ChaCha8Rng};

/// Elastic distortion (Simard, Steinkraus and Platt 2003, section 2): every pixel is read a little beside its place, by
/// displacements that are even in −1..1 and then smoothed by a Gaussian of σ pixels.
///
/// | | default |
/// | --- | --- |
/// | [`alpha`](Self::alpha) | 50: a smoothed displacement of 1 is α/2 pixels (as torchvision has it) |
/// | [`sigma`](Self::sigma) | 5 pixels; larger bends wider and less |
/// | [`interpolation`](Self::interpolation) | bilinear |
/// | [`fill`](Self::fill) | 0 |
///
/// Corners of boxes move against the displacement at their place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ElasticTransform {
    alpha: f64,
    sigma: f64,
    interpolation: Interpolation,
    fill: f32,
}

impl Default for ElasticTransform {
    fn default() -> Self {
        Self::new()
    }
}

impl ElasticTransform {
    /// Without options.
    pub const fn new() -> Self {
        Self { alpha: 50.0, sigma: 5.0, interpolation: Interpolation::Bilinear, fill: 0.0 }
    }

    /// The strength.
    ///
    /// # Panics
    /// If it is not finite.
    #[track_caller]
    pub fn alpha(mut self, alpha: f64) -> Self {
        assert!(alpha.is_finite(), "ElasticTransform: an alpha of {alpha} is no strength");
        self.alpha = alpha;
        self
    }

    /// The smoothness; 0 leaves the displacements as they are drawn.
    ///
    /// # Panics
    /// If it is negative or beyond 1000.
    #[track_caller]
    pub fn sigma(mut self, sigma: f64) -> Self {
        assert!((0.0..=1e3).contains(&sigma), "ElasticTransform: a sigma of {sigma} is not in 0..=1000");
        self.sigma = sigma;
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

    fn displacement(&self, (height, width): (usize, usize), rng: &mut ChaCha8Rng) -> Array2<f32> {
        let mut field =
            Array3::from_shape_simple_fn((1, height, width), || (2.0 * rng.random::<f64>() - 1.0) as f32);
        if self.sigma > 0.0 {
            let size = (8.0 * self.sigma + 1.0) as usize | 1;
            field = gaussian_blur(field.view(), (size, size), (self.sigma, self.sigma));
        }
        let pixels = (self.alpha / 2.0) as f32;
        field.index_axis_move(Axis(0), 0).mapv_into(|d| d * pixels)
    }
}

impl Transform for ElasticTransform {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        let (height, width) = sample.size();
        if height == 0 || width == 0 {
            return sample;
        }
        let dx = self.displacement((height, width), rng);
        let dy = self.displacement((height, width), rng);
        let pixel = |place: f64, length: usize| (place.max(0.0) as usize).min(length - 1);
        sample
            .map_picture(|x| elastic(x.view(), dx.view(), dy.view(), self.interpolation, self.fill))
            .map_points(|(x, y)| {
                let at = [pixel(y, height), pixel(x, width)];
                (x - f64::from(dx[at]), y - f64::from(dy[at]))
            })
    }
}
