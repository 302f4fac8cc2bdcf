//! One box.

use serde::{Deserialize, Serialize};

/// An upright rectangle in a picture, by its left, top, right and bottom edge; x grows to the right, y downwards.
///
/// The unit is the caller's: pixels (a pixel is a square of side 1, so that a picture of w×h pixels is the box
/// (0, 0, w, h)) or fractions of the picture.
///
/// ```
/// use wengert::data::detection::BoundingBox;
///
/// let b = BoundingBox::from_corner(10.0, 20.0, 30.0, 40.0);
/// assert_eq!((b.x1, b.y1, b.x2, b.y2), (10.0, 20.0, 40.0, 60.0));
/// assert_eq!((b.width(), b.height(), b.area()), (30.0, 40.0, 1200.0));
/// assert_eq!(b.center(), (25.0, 40.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BoundingBox {
    /// The left edge.
    pub x1: f64,
    /// The top edge.
    pub y1: f64,
    /// The right edge.
    pub x2: f64,
    /// The bottom edge.
    pub y2: f64,
}

impl BoundingBox {
    /// By its left, top, right and bottom edge.
    pub const fn new(x1: f64, y1: f64, x2: f64, y2: f64) -> Self {
        Self { x1, y1, x2, y2 }
    }

    /// By its left and top edge, width and height, as COCO's files have it.
    pub fn from_corner(left: f64, top: f64, width: f64, height: f64) -> Self {
        Self::new(left, top, left + width, top + height)
    }

    /// By its centre, width and height, as YOLO has it.
    pub fn from_center(x: f64, y: f64, width: f64, height: f64) -> Self {
        Self::new(x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0)
    }

    /// x2 − x1.
    pub fn width(&self) -> f64 {
        self.x2 - self.x1
    }

    /// y2 − y1.
    pub fn height(&self) -> f64 {
        self.y2 - self.y1
    }

    /// The middle, (x, y).
    pub fn center(&self) -> (f64, f64) {
        ((self.x1 + self.x2) / 2.0, (self.y1 + self.y2) / 2.0)
    }

    /// Width times height; 0 where an edge is beyond the opposite one.
    pub fn area(&self) -> f64 {
        self.width().max(0.0) * self.height().max(0.0)
    }

    /// The area that both cover.
    pub fn intersection(&self, other: &Self) -> f64 {
        let width = self.x2.min(other.x2) - self.x1.max(other.x1);
        let height = self.y2.min(other.y2) - self.y1.max(other.y1);
        width.max(0.0) * height.max(0.0)
    }

    /// Intersection over union, |A∩B| / |A∪B| in 0..=1; 0 where both are empty, or an edge is not finite.
    pub fn iou(&self, other: &Self) -> f64 {
        let intersection = self.intersection(other);
        let union = self.area() + other.area() - intersection;
        if union.is_normal() { intersection / union } else { self.iou_of_extremes(other) }
    }

    /// The same where areas are too large or too small to be numbers: each axis is measured by its larger side.
    #[cold]
    fn iou_of_extremes(&self, other: &Self) -> f64 {
        let [mut intersection, mut a_area, mut b_area] = [1.0; 3];
        for edges in [[self.x1, self.x2, other.x1, other.x2], [self.y1, self.y2, other.y1, other.y2]] {
            // So that no difference overflows.
            let far = edges.iter().any(|edge| edge.abs() > 1.0);
            let [a1, a2, b1, b2] = if far { edges.map(|edge| edge * 0.25) } else { edges };
            let (unit, common) = ((a2 - a1).max(b2 - b1), a2.min(b2) - a1.max(b1));
            if !(common > 0.0 && unit.is_finite()) {
                return 0.0;
            }
            intersection *= common / unit;
            a_area *= (a2 - a1) / unit;
            b_area *= (b2 - b1) / unit;
        }
        intersection / (a_area + b_area - intersection)
    }

    /// With x multiplied by one factor and y by the other: pixels to fractions and back, or a resized picture.
    pub fn scaled(&self, x: f64, y: f64) -> Self {
        Self::new(self.x1 * x, self.y1 * y, self.x2 * x, self.y2 * y)
    }

    /// Moved to the right and downwards.
    pub fn shifted(&self, x: f64, y: f64) -> Self {
        Self::new(self.x1 + x, self.y1 + y, self.x2 + x, self.y2 + y)
    }

    /// The part inside a picture of this size.
    pub fn clipped(&self, width: f64, height: f64) -> Self {
        Self::new(
            self.x1.clamp(0.0, width),
            self.y1.clamp(0.0, height),
            self.x2.clamp(0.0, width),
            self.y2.clamp(0.0, height),
        )
    }
}
