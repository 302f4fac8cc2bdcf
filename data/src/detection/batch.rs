//! Pictures with their objects.

use super::Object;
use autodiff::Tensor;

/// Some pictures and what stands in each, ready for one step.
#[derive(Clone, Debug)]
pub struct DetectionBatch {
    /// `[n, c, h, w]`, in 0..=1.
    pub pictures: Tensor<f32>,
    /// The objects of each picture, their boxes in its pixels.
    pub objects: Vec<Vec<Object>>,
}

impl DetectionBatch {
    /// How many pictures there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}
