//! Other light and other colours.

use super::{Sample, Transform, between, check_probability};
use crate::transform::{adjust_brightness, adjust_contrast, adjust_hue, adjust_saturation, rgb_to_grayscale};
use ndarray::{Array3, Axis};
use rand::{RngExt, rngs::ChaCha8Rng, seq::SliceRandom};

/// Changes brightness, contrast, saturation and hue by random amounts, in random order.
///
/// All amounts are 0 until set. A picture of one channel keeps its (missing) saturation and hue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ColorJitter {
    brightness: f64,
    contrast: f64,
    saturation: f64,
    hue: f64,
}

#[track_caller]
fn check_amount(what: &str, amount: f64) {
    assert!(amount >= 0.0 && amount.is_finite(), "ColorJitter: a {what} of {amount} is no range");
}

impl ColorJitter {
    /// No change yet.
    pub const fn new() -> Self {
        Self { brightness: 0.0, contrast: 0.0, saturation: 0.0, hue: 0.0 }
    }

    /// A factor of max(0, 1 − `amount`) to 1 + `amount`: [`adjust_brightness`].
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn brightness(mut self, amount: f64) -> Self {
        check_amount("brightness", amount);
        self.brightness = amount;
        self
    }

    /// A factor of max(0, 1 − `amount`) to 1 + `amount`: [`adjust_contrast`].
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn contrast(mut self, amount: f64) -> Self {
        check_amount("contrast", amount);
        self.contrast = amount;
        self
    }

    /// A factor of max(0, 1 − `amount`) to 1 + `amount`: [`adjust_saturation`].
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn saturation(mut self, amount: f64) -> Self {
        check_amount("saturation", amount);
        self.saturation = amount;
        self
    }

    /// A turn of the colour circle by −`amount` to `amount`: [`adjust_hue`].
    ///
    /// # Panics
    /// If it is not in 0..=0.5.
    #[track_caller]
    pub fn hue(mut self, amount: f64) -> Self {
        assert!((0.0..=0.5).contains(&amount), "ColorJitter: a hue of {amount} is not in 0..=0.5");
        self.hue = amount;
        self
    }
}

impl Transform for ColorJitter {
    /// # Panics
    /// When the picture has not 1 or 3 channels.
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        let mut order = [0, 1, 2, 3];
        order.shuffle(rng);
        let mut factor = |amount: f64| between((1.0 - amount).max(0.0), 1.0 + amount, rng);
        let (brightness, contrast) = (factor(self.brightness), factor(self.contrast));
        let saturation = factor(self.saturation);
        let hue = between(-self.hue, self.hue, rng);
        sample.map_picture(|x| {
            order.iter().fold(x, |x, step| match step {
                0 if self.brightness > 0.0 => adjust_brightness(x.view(), brightness),
                1 if self.contrast > 0.0 => adjust_contrast(x.view(), contrast),
                2 if self.saturation > 0.0 => adjust_saturation(x.view(), saturation),
                3 if self.hue > 0.0 => adjust_hue(x.view(), hue),
                _ => x,
            })
        })
    }
}

/// Takes the colours away: [`rgb_to_grayscale`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grayscale {
    channels: usize,
}

impl Default for Grayscale {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Grayscale {
    /// One channel, or three equal ones (torchvision's `num_output_channels`).
    ///
    /// # Panics
    /// If it is neither.
    #[track_caller]
    pub const fn new(channels: usize) -> Self {
        assert!(channels == 1 || channels == 3, "Grayscale: neither 1 nor 3 channels");
        Self { channels }
    }
}

fn gray(picture: Array3<f32>, channels: usize) -> Array3<f32> {
    let gray = rgb_to_grayscale(picture.view());
    let views = vec![gray.view(); channels];
    ndarray::concatenate(Axis(0), &views).expect("equal pictures")
}

impl Transform for Grayscale {
    fn transform(&self, sample: Sample, _: &mut ChaCha8Rng) -> Sample {
        sample.map_picture(|x| gray(x, self.channels))
    }
}

/// Takes the colours away with probability p, 0.1 unless told; there are as many channels as before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomGrayscale {
    p: f64,
}

impl Default for RandomGrayscale {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomGrayscale {
    /// With probability 0.1.
    pub const fn new() -> Self {
        Self { p: 0.1 }
    }

    /// With this probability.
    ///
    /// # Panics
    /// If it is not in 0..=1.
    #[track_caller]
    pub fn p(mut self, p: f64) -> Self {
        check_probability("RandomGrayscale", p);
        self.p = p;
        self
    }
}

impl Transform for RandomGrayscale {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        if rng.random::<f64>() >= self.p {
            return sample;
        }
        sample.map_picture(|x| {
            let channels = x.dim().0;
            gray(x, channels)
        })
    }
}
