//! Pictures turned over.

use super::{Sample, Transform, check_probability};
use crate::transform::{horizontal_flip, vertical_flip};
use rand::{RngExt, rngs::ChaCha8Rng};

/// Left and right change sides with probability p, ½ unless told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomHorizontalFlip {
    p: f64,
}

/// Top and bottom change sides with probability p, ½ unless told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomVerticalFlip {
    p: f64,
}

impl Default for RandomHorizontalFlip {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for RandomVerticalFlip {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomHorizontalFlip {
    /// With probability ½.
    pub const fn new() -> Self {
        Self { p: 0.5 }
    }

    /// With this probability.
    ///
    /// # Panics
    /// If it is not in 0..=1.
    #[track_caller]
    pub fn p(mut self, p: f64) -> Self {
        check_probability("RandomHorizontalFlip", p);
        self.p = p;
        self
    }
}

impl RandomVerticalFlip {
    /// With probability ½.
    pub const fn new() -> Self {
        Self { p: 0.5 }
    }

    /// With this probability.
    ///
    /// # Panics
    /// If it is not in 0..=1.
    #[track_caller]
    pub fn p(mut self, p: f64) -> Self {
        check_probability("RandomVerticalFlip", p);
        self.p = p;
        self
    }
}

impl Transform for RandomHorizontalFlip {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        if rng.random::<f64>() >= self.p {
            return sample;
        }
        let width = sample.size().1 as f64;
        sample.map_picture(|x| horizontal_flip(x.view())).map_points(|(x, y)| (width - x, y))
    }
}

impl Transform for RandomVerticalFlip {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        if rng.random::<f64>() >= self.p {
            return sample;
        }
        let height = sample.size().0 as f64;
        sample.map_picture(|x| vertical_flip(x.view())).map_points(|(x, y)| (x, height - y))
    }
}
