//! What stands in a picture, and what was found there.

use super::BoundingBox;

/// An object of a picture's label: the truth.
///
/// ```
/// use wengert::data::detection::{BoundingBox, Object};
///
/// let object = Object::new(BoundingBox::new(0.0, 0.0, 4.0, 2.0), 7);
/// assert_eq!((object.class, object.area(), object.crowd), (7, 8.0, false));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Where it stands.
    pub bounding_box: BoundingBox,
    /// The index of its class.
    pub class: usize,
    /// Pascal VOC: hard to recognize. Finding it counts neither for nor against a detector.
    pub difficult: bool,
    /// COCO: a group of objects in one box, in which any number of detections may lie.
    pub crowd: bool,
    /// COCO: the area of the object's outline, where the label tells it.
    pub outline_area: Option<f64>,
}

impl Object {
    /// An ordinary object.
    pub fn new(bounding_box: BoundingBox, class: usize) -> Self {
        Self { bounding_box, class, difficult: false, crowd: false, outline_area: None }
    }

    /// The area of the outline if the label tells it, that of the box otherwise.
    pub fn area(&self) -> f64 {
        self.outline_area.unwrap_or_else(|| self.bounding_box.area())
    }
}

/// What a detector claims.
///
/// ```
/// use wengert::data::detection::{BoundingBox, Detection};
///
/// let detection = Detection::new(BoundingBox::new(0.0, 0.0, 4.0, 2.0), 7, 0.9);
/// assert_eq!((detection.class, detection.score), (7, 0.9));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// Where.
    pub bounding_box: BoundingBox,
    /// The index of the class.
    pub class: usize,
    /// How sure the detector is, higher is surer.
    pub score: f64,
}

impl Detection {
    /// A claim.
    pub fn new(bounding_box: BoundingBox, class: usize, score: f64) -> Self {
        Self { bounding_box, class, score }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outline_says_more_than_the_box() {
        let mut object = Object::new(BoundingBox::new(0.0, 0.0, 4.0, 2.0), 1);
        assert_eq!(object.area(), 8.0);
        object.outline_area = Some(5.5);
        assert_eq!(object.area(), 5.5);
        assert!(!object.difficult && !object.crowd);
    }
}
