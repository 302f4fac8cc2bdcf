//! Pictures with their objects.

use super::Object;
use autodiff::{Indices, Tensor};

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

    /// The objects as tensors with room for those of the fullest picture: boxes `[n, m, 4]` (left, top, right, bottom)
    /// and classes `[n, m]`. Where a picture has fewer, the class is −1 and the box 0.
    ///
    /// ```
    /// use wengert::data::detection::{BoundingBox, DetectionBatch, Object};
    /// use wengert::prelude::*;
    ///
    /// let objects = vec![vec![], vec![Object::new(BoundingBox::new(1.0, 2.0, 3.0, 4.0), 7)]];
    /// let batch = DetectionBatch { pictures: Tensor::zeros([2, 3, 8, 8]), objects };
    /// let (boxes, classes) = batch.padded();
    /// assert_eq!(boxes.to_vec(), [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(classes.to_vec(), [-1, 7]);
    /// ```
    pub fn padded(&self) -> (Tensor<f32>, Indices) {
        let most = self.objects.iter().map(Vec::len).max().unwrap_or(0);
        let mut boxes = Vec::with_capacity(self.len() * most * 4);
        let mut classes = Vec::with_capacity(self.len() * most);
        for objects in &self.objects {
            for object in objects {
                let b = object.bounding_box;
                boxes.extend(b.edges().map(|edge| edge as f32));
                classes.push(object.class as i64);
            }
            let empty = most - objects.len();
            boxes.extend(std::iter::repeat_n(0.0, empty * 4));
            classes.extend(std::iter::repeat_n(-1, empty));
        }
        (Tensor::from_vec([self.len(), most, 4], boxes), Indices::from_vec([self.len(), most], classes))
    }
}
