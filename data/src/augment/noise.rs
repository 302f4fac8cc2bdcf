//! Blur and noise.

use super::{Sample, Transform, between, check_range};
use crate::transform::gaussian_blur;
use rand::{RngExt, rngs::ChaCha8Rng};
use rand_distr::StandardNormal;

/// Smooths a picture by a Gaussian of random σ.
///
/// | | default |
/// | --- | --- |
/// | [`sigma`](Self::sigma) | 0.1 to 2 pixels |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianBlur {
    kernel_size: (usize, usize),
    sigma: (f64, f64),
}

impl GaussianBlur {
    /// Cut off to `kernel_size` = (kx, ky) pixels.
    ///
    /// # Panics
    /// If one is even.
    #[track_caller]
    pub const fn new(kernel_size: (usize, usize)) -> Self {
        assert!(
            kernel_size.0 % 2 == 1 && kernel_size.1 % 2 == 1,
            "GaussianBlur: the kernel's sizes are not odd"
        );
        Self { kernel_size, sigma: (0.1, 2.0) }
    }

    /// The smallest and the largest σ.
    ///
    /// # Panics
    /// If they are not positive, or not in order.
    #[track_caller]
    pub fn sigma(mut self, low: f64, high: f64) -> Self {
        check_range("GaussianBlur", "sigma", low, high);
        self.sigma = (low, high);
        self
    }
}

impl Transform for GaussianBlur {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        let sigma = between(self.sigma.0, self.sigma.1, rng);
        sample.map_picture(|x| gaussian_blur(x.view(), self.kernel_size, (sigma, sigma)))
    }
}

/// Adds a normal number to each value.
///
/// | | default |
/// | --- | --- |
/// | [`mean`](Self::mean) | 0 |
/// | [`sigma`](Self::sigma) | 0.1 |
/// | [`clip`](Self::clip) | the sum is cut to `0..=1` |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianNoise {
    mean: f64,
    sigma: f64,
    clip: bool,
}

impl Default for GaussianNoise {
    fn default() -> Self {
        Self::new()
    }
}

impl GaussianNoise {
    /// Without options.
    pub const fn new() -> Self {
        Self { mean: 0.0, sigma: 0.1, clip: true }
    }

    /// The noise's mean.
    ///
    /// # Panics
    /// If it is not finite.
    #[track_caller]
    pub fn mean(mut self, mean: f64) -> Self {
        assert!(mean.is_finite(), "GaussianNoise: a mean of {mean}");
        self.mean = mean;
        self
    }

    /// The noise's standard deviation.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn sigma(mut self, sigma: f64) -> Self {
        assert!(sigma >= 0.0 && sigma.is_finite(), "GaussianNoise: a sigma of {sigma}");
        self.sigma = sigma;
        self
    }

    /// Whether the sum is cut to `0..=1`.
    pub const fn clip(mut self, clip: bool) -> Self {
        self.clip = clip;
        self
    }
}

impl Transform for GaussianNoise {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        sample.map_picture(|x| {
            x.mapv_into(|x| {
                let noisy = x + (self.mean + self.sigma * rng.sample::<f64, _>(StandardNormal)) as f32;
                if self.clip { noisy.clamp(0.0, 1.0) } else { noisy }
            })
        })
    }
}

/// Turns some pixels white and some black, all channels together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SaltAndPepper {
    amount: f64,
}

impl SaltAndPepper {
    /// Each pixel with this probability, half of them white.
    ///
    /// # Panics
    /// If it is not in 0..=1.
    #[track_caller]
    pub fn new(amount: f64) -> Self {
        super::check_probability("SaltAndPepper", amount);
        Self { amount }
    }
}

impl Transform for SaltAndPepper {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        sample.map_picture(|mut x| {
            for mut pixel in x.lanes_mut(ndarray::Axis(0)) {
                let draw = rng.random::<f64>();
                if draw < self.amount {
                    pixel.fill(if draw < self.amount / 2.0 { 1.0 } else { 0.0 });
                }
            }
            x
        })
    }
}
