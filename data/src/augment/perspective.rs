//! Pictures seen askew.

use super::{Sample, Transform, check_probability};
use crate::transform::{Homography, Interpolation, perspective};
use rand::{RngExt, rngs::ChaCha8Rng};

/// Moves each corner inwards at random, with probability p.
///
/// | | default |
/// | --- | --- |
/// | [`distortion_scale`](Self::distortion_scale) | 0.5: up to this part of half the width and half the height |
/// | [`p`](Self::p) | ½ |
/// | [`interpolation`](Self::interpolation) | bilinear |
/// | [`fill`](Self::fill) | 0 |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomPerspective {
    distortion_scale: f64,
    p: f64,
    interpolation: Interpolation,
    fill: f32,
}

impl Default for RandomPerspective {
    fn default() -> Self {
        Self::new()
    }
}

impl RandomPerspective {
    /// Without options.
    pub const fn new() -> Self {
        Self { distortion_scale: 0.5, p: 0.5, interpolation: Interpolation::Bilinear, fill: 0.0 }
    }

    /// How far corners move.
    ///
    /// # Panics
    /// If it is not in 0..=1.
    #[track_caller]
    pub fn distortion_scale(mut self, scale: f64) -> Self {
        assert!((0.0..=1.0).contains(&scale), "RandomPerspective: a distortion of {scale} is not in 0..=1");
        self.distortion_scale = scale;
        self
    }

    /// With this probability.
    ///
    /// # Panics
    /// If it is not in 0..=1.
    #[track_caller]
    pub fn p(mut self, p: f64) -> Self {
        check_probability("RandomPerspective", p);
        self.p = p;
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
}

impl Transform for RandomPerspective {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        if rng.random::<f64>() >= self.p {
            return sample;
        }
        let (h, w) = sample.size();
        let mut inwards = |length: usize| {
            rng.random_range(0..=(self.distortion_scale * (length / 2) as f64) as usize) as f64
        };
        let (bottom, right) = (h as f64 - 1.0, w as f64 - 1.0);
        let corners = [(0.0, 0.0), (right, 0.0), (right, bottom), (0.0, bottom)];
        let moved = corners.map(|(x, y)| {
            let (across, down) = (inwards(w), inwards(h));
            (if x > 0.0 { x - across } else { across }, if y > 0.0 { y - down } else { down })
        });
        // In a picture of a few pixels corners can meet.
        let maps = (Homography::through(moved, corners), Homography::through(corners, moved));
        let (Some(source), Some(goal)) = maps else { return sample };
        sample
            .map_picture(|x| perspective(x.view(), &source, self.interpolation, self.fill))
            .map_points(|p| goal.point(p))
    }
}
