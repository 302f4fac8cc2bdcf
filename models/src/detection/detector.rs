//! What every detector has in common: maps, a loss, and detections.

use autodiff::{Float, Tensor};
use data::detection::{Detection, Object};
use nn::Module;

use super::Nms;

/// A network that finds objects: its forward pass gives maps of numbers, its head says what they mean.
///
/// The boxes of [`Object`] and [`Detection`] are in pixels of the network's input, for all detectors. A training step
/// is `loss(&maps(x), objects)`; `detect` finds the objects of pictures.
///
/// ```
/// use wengert::data::detection::{BoundingBox, Object};
/// use wengert::models::detection::{Detector, TinyYoloConfig};
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let config = TinyYoloConfig::new(2, [(16.0, 16.0)]).widths([4, 8]).neck([8]).in_channels(1);
/// let model = config.init::<f32>(&mut rng);
/// let pictures = Tensor::zeros([1, 1, 32, 32]);
/// let objects = vec![vec![Object::new(BoundingBox::from_corner(4.0, 4.0, 16.0, 16.0), 1)]];
///
/// let maps = model.maps(&Tape::training(0).constant(&pictures));
/// let loss = model.loss(&maps, &objects);
/// assert!(loss.item() > 0.0);
/// let grads = loss.backward();
/// assert!(model.parameters().iter().all(|parameter| grads.get(parameter).is_some()));
///
/// let found = model.detect(&pictures, 0.99, 0.5);
/// assert_eq!(found.len(), 1);
/// ```
pub trait Detector<T: Float>: Module<T> {
    /// The maps of the network for pictures [batch, channels, height, width], as the head takes them.
    #[track_caller]
    fn maps(&self, x: &Tensor<T>) -> Vec<Tensor<T>>;

    /// What the maps mean.
    fn head(&self) -> &dyn DetectionHead<T>;

    /// The loss of the maps of a batch for its objects, as one number: [`DetectionLoss::total`].
    ///
    /// # Panics
    /// If there are not as many lists of objects as pictures, or an object's class is not one of the head's.
    #[track_caller]
    fn loss(&self, maps: &[Tensor<T>], objects: &[Vec<Object>]) -> Tensor<T> {
        self.head().loss(maps, objects).total()
    }

    /// What the network finds in each of the pictures [batch, channels, height, width], the surest first.
    ///
    /// A box counts if its score is above `score`; of boxes of the same class that overlap with an intersection
    /// over union above `iou` the surest is kept. Boxes are cut at the border of the picture.
    ///
    /// # Panics
    /// If the pictures are none of the network's, or `iou` is not in 0..=1.
    #[track_caller]
    fn detect(&self, x: &Tensor<T>, score: f64, iou: f64) -> Vec<Vec<Detection>> {
        self.detect_with(x, score, &Nms::new(iou))
    }

    /// The same with other rules of suppression.
    ///
    /// # Panics
    /// As [`detect`](Self::detect).
    #[track_caller]
    fn detect_with(&self, x: &Tensor<T>, score: f64, suppression: &Nms) -> Vec<Vec<Detection>> {
        let (height, width) = match *x.shape() {
            [_, _, height, width] => (height as f64, width as f64),
            ref other => panic!("detect: the pictures {other:?} are not [batch, channels, height, width]"),
        };
        let mut found = self.head().decode(&self.maps(&x.detach()), score);
        for detection in found.iter_mut().flatten() {
            detection.bounding_box = detection.bounding_box.clipped(width, height);
        }
        // A loop, as a closure would hide the caller's line.
        for found in &mut found {
            *found = suppression.apply(found);
        }
        found
    }
}

/// What the maps of a network mean: boxes, and the loss for the objects that stand in the pictures.
pub trait DetectionHead<T: Float>: Send + Sync {
    /// The loss of a batch, as the mean over its pictures.
    #[track_caller]
    fn loss(&self, maps: &[Tensor<T>], objects: &[Vec<Object>]) -> DetectionLoss<T>;

    /// The boxes of each picture whose score is above a threshold, in the order of the maps: before the suppression
    /// of those that overlap, and not cut at the border.
    #[track_caller]
    fn decode(&self, maps: &[Tensor<T>], score: f64) -> Vec<Vec<Detection>>;
}

/// The parts of a detector's loss.
#[derive(Clone, Debug)]
pub struct DetectionLoss<T: Float = f32> {
    /// Of the places and sizes of the boxes.
    pub boxes: Tensor<T>,
    /// Of whether there is an object.
    pub objectness: Tensor<T>,
    /// Of the classes.
    pub classes: Tensor<T>,
}

impl<T: Float> DetectionLoss<T> {
    /// The sum of the parts.
    #[track_caller]
    pub fn total(&self) -> Tensor<T> {
        &self.boxes + &self.objectness + &self.classes
    }
}
