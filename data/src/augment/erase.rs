//! Pictures of which something is hidden.

use super::{Sample, Transform, between, check_probability, check_range};
use crate::transform::erase;
use ndarray::s;
use rand::{RngExt, rngs::ChaCha8Rng};
use rand_distr::StandardNormal;

/// Hides a rectangle of random area, ratio and place (Zhong et al. 2017), with probability p.
///
/// | | default |
/// | --- | --- |
/// | [`p`](Self::p) | ½ |
/// | [`scale`](Self::scale) | the rectangle's share of the area, 0.02 to 0.33 |
/// | [`ratio`](Self::ratio) | its height over its width, 0.3 to 3.3, even in the logarithm |
/// | [`value`](Self::value), [`noise`](Self::noise) | 0 |
///
/// The boxes of objects stay: what is hidden is still there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomErasing {
    p: f64,
    scale: (f64, f64),
    ratio: (f64, f64),
    value: Option<f32>,
}

impl Default for RandomErasing {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomErasing {
    /// Without options.
    pub const fn new() -> Self {
        Self { p: 0.5, scale: (0.02, 0.33), ratio: (0.3, 3.3), value: Some(0.0) }
    }

    /// With this probability.
    ///
    /// # Panics
    /// If it is not in 0..=1.
    #[track_caller]
    pub fn p(mut self, p: f64) -> Self {
        check_probability("RandomErasing", p);
        self.p = p;
        self
    }

    /// The smallest and the largest share of the area.
    ///
    /// # Panics
    /// If they are not positive, or not in order.
    #[track_caller]
    pub fn scale(mut self, low: f64, high: f64) -> Self {
        check_range("RandomErasing", "scale", low, high);
        self.scale = (low, high);
        self
    }

    /// The smallest and the largest ratio of height to width.
    ///
    /// # Panics
    /// If they are not positive, or not in order.
    #[track_caller]
    pub fn ratio(mut self, low: f64, high: f64) -> Self {
        check_range("RandomErasing", "ratio", low, high);
        self.ratio = (low, high);
        self
    }

    /// The value of hidden pixels.
    pub const fn value(mut self, value: f32) -> Self {
        self.value = Some(value);
        self
    }

    /// A standard normal number for each hidden value instead (torchvision's `value="random"`); for pictures that are
    /// normalized already.
    pub const fn noise(mut self) -> Self {
        self.value = None;
        self
    }
}

impl Transform for RandomErasing {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        if rng.random::<f64>() >= self.p {
            return sample;
        }
        let (h, w) = sample.size();
        for _ in 0..10 {
            let area = (h * w) as f64 * between(self.scale.0, self.scale.1, rng);
            let ratio = between(self.ratio.0.ln(), self.ratio.1.ln(), rng).exp();
            let height = (area * ratio).sqrt().round_ties_even() as usize;
            let width = (area / ratio).sqrt().round_ties_even() as usize;
            if height >= h || width >= w {
                continue;
            }
            let top = rng.random_range(0..=h - height);
            let left = rng.random_range(0..=w - width);
            return sample.map_picture(|mut x| match self.value {
                Some(value) => erase(x.view(), (top, left), (height, width), value),
                None => {
                    let mut hidden = x.slice_mut(s![.., top..top + height, left..left + width]);
                    hidden.mapv_inplace(|_| rng.sample::<f64, _>(StandardNormal) as f32);
                    x
                }
            });
        }
        sample
    }
}

/// Hides a square whose middle is any pixel, so that it may hang over the edge (DeVries and Taylor 2017).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cutout {
    length: usize,
    value: f32,
}

impl Cutout {
    /// A square of `length` × `length` pixels, filled with 0.
    pub const fn new(length: usize) -> Self {
        Self { length, value: 0.0 }
    }

    /// The value of hidden pixels.
    pub const fn value(mut self, value: f32) -> Self {
        self.value = value;
        self
    }
}

impl Transform for Cutout {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        let (h, w) = sample.size();
        if h == 0 || w == 0 {
            return sample;
        }
        let mut side = |of: usize| {
            let middle = rng.random_range(0..of);
            let first = middle.saturating_sub(self.length / 2);
            (first, (middle + self.length.div_ceil(2)).min(of) - first)
        };
        let ((top, height), (left, width)) = (side(h), side(w));
        sample.map_picture(|x| erase(x.view(), (top, left), (height, width), self.value))
    }
}
