//! The values that a model was trained with.

use super::{Sample, Transform};
use ndarray::Axis;
use rand::rngs::ChaCha8Rng;

/// (x − mean)/std, a mean and a standard deviation for each channel.
///
/// Whatever expects values in `0..=1`, such as [`ColorJitter`](super::ColorJitter), comes before it. To fit the numbers
/// on a training part, see [`Normalizer::per_channel`](crate::Normalizer::per_channel).
#[derive(Clone, Debug, PartialEq)]
pub struct Normalize {
    mean: Vec<f32>,
    std: Vec<f32>,
}

impl Normalize {
    /// One number a channel each.
    ///
    /// # Panics
    /// If there are not as many standard deviations as means, one is 0, or one of either is not finite.
    #[track_caller]
    pub fn new(mean: impl Into<Vec<f32>>, std: impl Into<Vec<f32>>) -> Self {
        let (mean, std) = (mean.into(), std.into());
        let usable = std.iter().all(|&s| s != 0.0 && s.is_finite()) && mean.iter().all(|m| m.is_finite());
        assert!(
            mean.len() == std.len() && usable,
            "Normalize: means {mean:?} and standard deviations {std:?} do not normalize"
        );
        Self { mean, std }
    }

    /// ImageNet's, which torchvision's models were trained with: means 0.485, 0.456, 0.406 and standard deviations 0.229,
    /// 0.224, 0.225 of red, green and blue.
    pub fn imagenet() -> Self {
        Self::new([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    }
}

impl Transform for Normalize {
    /// # Panics
    /// When the picture has another number of channels.
    fn transform(&self, sample: Sample, _: &mut ChaCha8Rng) -> Sample {
        let channels = sample.picture().dim().0;
        assert!(
            channels == self.mean.len(),
            "Normalize: {} means for a picture of {channels} channels",
            self.mean.len()
        );
        sample.map_picture(|mut x| {
            for (mut plane, (mean, std)) in x.axis_iter_mut(Axis(0)).zip(self.mean.iter().zip(&self.std)) {
                plane.mapv_inplace(|x| (x - mean) / std);
            }
            x
        })
    }
}
