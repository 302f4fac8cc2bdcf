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
/// assert!(b.has_size() && b.edges() == [10.0, 20.0, 40.0, 60.0]);
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

    /// [x1, y1, x2, y2].
    pub const fn edges(&self) -> [f64; 4] {
        [self.x1, self.y1, self.x2, self.y2]
    }

    /// Whether width and height are finite numbers above 0.
    pub fn has_size(&self) -> bool {
        [self.width(), self.height()].iter().all(|side| *side > 0.0 && side.is_finite())
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

    /// The area that both cover; 0 where they do not touch, or one is empty.
    pub fn intersection(&self, other: &Self) -> f64 {
        let width = self.x2.min(other.x2) - self.x1.max(other.x1);
        let height = self.y2.min(other.y2) - self.y1.max(other.y1);
        width.max(0.0) * height.max(0.0)
    }

    /// Intersection over union, |A∩B| / |A∪B| in 0..=1; 0 where both are empty, or an edge is not finite.
    pub fn iou(&self, other: &Self) -> f64 {
        let (intersection, areas) = (self.intersection(other), [self.area(), other.area()]);
        let union = areas[0] + areas[1] - intersection;
        // An edge that is NaN leaves no area, but is passed over in the intersection.
        let plain = union.is_normal() && intersection <= areas[0].min(areas[1]);
        if plain { intersection / union } else { self.iou_of_extremes(other) }
    }

    /// The same where areas are too large or too small to be numbers: each axis is measured by its larger side.
    #[cold]
    fn iou_of_extremes(&self, other: &Self) -> f64 {
        let [mut intersection, mut a_area, mut b_area] = [1.0; 3];
        for edges in [[self.x1, self.x2, other.x1, other.x2], [self.y1, self.y2, other.y1, other.y2]] {
            if !edges.iter().all(|edge| edge.is_finite()) {
                return 0.0;
            }
            // So that no difference overflows.
            let far = edges.iter().any(|edge| edge.abs() > 1.0);
            let [a1, a2, b1, b2] = if far { edges.map(|edge| edge * 0.25) } else { edges };
            let (unit, common) = ((a2 - a1).max(b2 - b1), a2.min(b2) - a1.max(b1));
            if common <= 0.0 {
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
    ///
    /// ```
    /// use wengert::data::detection::BoundingBox;
    ///
    /// let inside = BoundingBox::new(-5.0, 10.0, 30.0, 80.0).clipped(64.0, 48.0);
    /// assert_eq!(inside, BoundingBox::new(0.0, 10.0, 30.0, 48.0));
    /// ```
    ///
    /// # Panics
    /// If a size is negative or NaN.
    #[track_caller]
    pub fn clipped(&self, width: f64, height: f64) -> Self {
        assert!(
            width >= 0.0 && height >= 0.0,
            "BoundingBox::clipped: a picture of {height} × {width} pixels (height, width)"
        );
        Self::new(
            self.x1.clamp(0.0, width),
            self.y1.clamp(0.0, height),
            self.x2.clamp(0.0, width),
            self.y2.clamp(0.0, height),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_box() -> impl Strategy<Value = BoundingBox> {
        prop::array::uniform4((-4..5).prop_map(f64::from))
            .prop_map(|[a, b, c, d]| BoundingBox::new(a, b, c, d))
    }

    proptest! {
        #[test]
        fn iou_is_a_symmetric_share(a in any_box(), b in any_box()) {
            let iou = a.iou(&b);
            prop_assert!((0.0..=1.0).contains(&iou));
            prop_assert_eq!(iou, b.iou(&a));
            prop_assert_eq!(a.iou(&a), if a.area() > 0.0 { 1.0 } else { 0.0 });
            prop_assert!(a.intersection(&b) <= a.area().min(b.area()));
        }

        #[test]
        fn iou_is_the_share_of_cells_that_both_cover(a in any_box(), b in any_box()) {
            let covers = |c: &BoundingBox, x: f64, y: f64| c.x1 < x && x < c.x2 && c.y1 < y && y < c.y2;
            let cells = (-4..4).flat_map(|x| (-4..4).map(move |y| (f64::from(x) + 0.5, f64::from(y) + 0.5)));
            let (mut both, mut any) = (0.0, 0.0);
            for (x, y) in cells {
                both += f64::from(u8::from(covers(&a, x, y) && covers(&b, x, y)));
                any += f64::from(u8::from(covers(&a, x, y) || covers(&b, x, y)));
            }
            prop_assert_eq!(a.intersection(&b), both);
            prop_assert_eq!(a.iou(&b), if any == 0.0 { 0.0 } else { both / any });
        }

        #[test]
        fn a_box_can_be_told_by_corner_or_center(b in any_box()) {
            let (cx, cy) = b.center();
            prop_assert_eq!(BoundingBox::from_center(cx, cy, b.width(), b.height()), b);
            prop_assert_eq!(BoundingBox::from_corner(b.x1, b.y1, b.width(), b.height()), b);
            prop_assert_eq!(b.scaled(2.0, 4.0).scaled(0.5, 0.25), b);
            prop_assert_eq!(b.shifted(3.0, -2.0).shifted(-3.0, 2.0), b);
            let clipped = b.clipped(3.0, 2.0);
            prop_assert_eq!(clipped.area(), b.intersection(&BoundingBox::new(0.0, 0.0, 3.0, 2.0)));
        }
    }

    #[test]
    fn iou_of_sizes_whose_areas_are_no_numbers() {
        for scale in [1e-320, 1e-200, 1e-160, 1e150, 1e160, 1e300] {
            let (a, b) = (BoundingBox::new(0.0, 0.0, 4.0, 4.0), BoundingBox::new(0.0, 0.0, 4.0, 2.0));
            let iou = a.scaled(scale, scale).iou(&b.scaled(scale, scale));
            assert!((iou - 0.5).abs() < 1e-3, "{scale} {iou}"); // 1e-320 has three digits
        }
        let all = BoundingBox::new(f64::MIN, f64::MIN, f64::MAX, f64::MAX);
        assert_eq!(all.iou(&all), 1.0);
        let right = BoundingBox::new(0.0, f64::MIN, f64::MAX, f64::MAX);
        assert_eq!(all.iou(&right), 0.5);
        let endless = BoundingBox::new(0.0, 0.0, f64::INFINITY, 1.0);
        assert_eq!((endless.iou(&endless), endless.iou(&BoundingBox::new(0.0, 0.0, 1.0, 1.0))), (0.0, 0.0));
        let none = BoundingBox::new(f64::NAN, 0.0, 1.0, 1.0);
        let some = BoundingBox::new(0.0, 0.0, 1.0, 1.0);
        assert_eq!((none.iou(&none), none.iou(&all), some.iou(&none)), (0.0, 0.0, 0.0));
    }

    #[test]
    #[should_panic(expected = "BoundingBox::clipped: a picture of NaN × 2 pixels")]
    fn a_picture_whose_size_is_no_number_panics() {
        BoundingBox::default().clipped(2.0, f64::NAN);
    }

    #[test]
    fn a_box_in_a_file_has_its_edges_by_name() {
        let text = serde_json::to_string(&BoundingBox::new(1.0, 2.0, 3.0, 4.0)).unwrap();
        assert_eq!(text, r#"{"x1":1.0,"y1":2.0,"x2":3.0,"y2":4.0}"#);
        assert_eq!(serde_json::from_str::<BoundingBox>(&text).unwrap(), BoundingBox::new(1.0, 2.0, 3.0, 4.0));
    }
}
