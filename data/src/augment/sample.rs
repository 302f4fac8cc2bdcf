//! A picture with the objects in it.

use crate::detection::{BoundingBox, Object};
use ndarray::Array3;

/// A picture `[c, h, w]` and, for detection, the objects in it, whose boxes are in pixels.
///
/// Whatever moves the picture moves the boxes: a box becomes the upright one around its four moved corners, cut to the
/// picture; the area of an outline grows and shrinks as what is between those corners does. An object of which less
/// than [`min_visible`](Self::min_visible) has stayed in the picture, all cuts taken together, is dropped.
///
/// ```
/// use wengert::data::augment::{CenterCrop, Compose, Sample};
/// use wengert::data::detection::{BoundingBox, Object};
/// use wengert::ndarray::Array3;
///
/// let objects = vec![
///     Object::new(BoundingBox::new(0.0, 0.0, 4.0, 4.0), 0),
///     Object::new(BoundingBox::new(0.0, 0.0, 10.0, 10.0), 1),
/// ];
/// let sample = Sample::new(Array3::zeros((3, 10, 10))).objects(objects).min_visible(0.3);
/// let cropped = Compose::new().push(CenterCrop::new(6, 6)).sample(sample, 0, 0, 0);
/// // Of the first, 2 × 2 of 4 × 4 pixels would be seen.
/// let (picture, objects) = cropped.into_parts();
/// assert_eq!(picture.dim(), (3, 6, 6));
/// assert_eq!(objects, [Object::new(BoundingBox::new(0.0, 0.0, 6.0, 6.0), 1)]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    picture: Array3<f32>,
    objects: Vec<Seen>,
    min_visible: f64,
}

/// An object and how much of it has stayed in the picture.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    object: Object,
    visible: f64,
}

impl Sample {
    /// A picture `[c, h, w]` alone.
    pub fn new(picture: Array3<f32>) -> Self {
        Self { picture, objects: Vec::new(), min_visible: 0.1 }
    }

    /// The objects in it, with boxes in pixels.
    pub fn objects(mut self, objects: impl IntoIterator<Item = Object>) -> Self {
        self.objects = objects.into_iter().map(|object| Seen { object, visible: 1.0 }).collect();
        self
    }

    /// An object stays while at least this part of its box does; by default 0.1. With 0 it stays while any part does.
    ///
    /// # Panics
    /// If it is not in 0..=1.
    #[track_caller]
    pub fn min_visible(mut self, fraction: f64) -> Self {
        super::check_visible(fraction);
        self.min_visible = fraction;
        self
    }

    /// What [`min_visible`](Self::min_visible) was told.
    pub(super) fn least_visible(&self) -> f64 {
        self.min_visible
    }

    /// The picture, `[c, h, w]`.
    pub fn picture(&self) -> &Array3<f32> {
        &self.picture
    }

    /// Height and width of the picture.
    pub fn size(&self) -> (usize, usize) {
        let (_, height, width) = self.picture.dim();
        (height, width)
    }

    /// The picture and the objects that are still in it.
    pub fn into_parts(self) -> (Array3<f32>, Vec<Object>) {
        (self.picture, self.objects.into_iter().map(|seen| seen.object).collect())
    }

    /// With another picture. Where pixels move, [`map_points`](Self::map_points) must follow.
    pub fn map_picture(mut self, f: impl FnOnce(Array3<f32>) -> Array3<f32>) -> Self {
        self.picture = f(self.picture);
        self
    }

    /// With every point (x, y) of the old picture at `f`(x, y) of the one that [`map_picture`](Self::map_picture)
    /// put in its place: boxes become those around their moved corners, and what is beyond the edge is cut off.
    pub fn map_points(mut self, f: impl Fn((f64, f64)) -> (f64, f64)) -> Self {
        let (height, width) = self.size();
        let (height, width, least) = (height as f64, width as f64, self.min_visible);
        self.objects.retain_mut(|seen| {
            let old = seen.object.bounding_box;
            // One after the other around the box.
            let corners = [(old.x1, old.y1), (old.x2, old.y1), (old.x2, old.y2), (old.x1, old.y2)].map(&f);
            if !corners.iter().all(|(x, y)| x.is_finite() && y.is_finite()) {
                return false;
            }
            let around = |start: f64, pick: fn(f64, f64) -> f64| {
                corners.iter().fold((start, start), |most, p| (pick(most.0, p.0), pick(most.1, p.1)))
            };
            let ((x1, y1), (x2, y2)) = (around(f64::INFINITY, f64::min), around(f64::NEG_INFINITY, f64::max));
            let moved = BoundingBox::new(x1, y1, x2, y2);
            let cut = moved.clipped(width, height);
            if cut.area() <= 0.0 {
                return false;
            }
            // A box of whole pixels that is moved by fractions and back keeps its area but for rounding.
            let share = cut.area() / moved.area();
            seen.visible *= if share > 1.0 - 1e-9 { 1.0 } else { share };
            if let Some(area) = &mut seen.object.outline_area {
                // The upright box around a turned one is larger than it, its content is not.
                *area *= share * quadrilateral(corners) / old.area().max(f64::MIN_POSITIVE);
            }
            seen.object.bounding_box = cut;
            seen.visible >= least
        });
        self
    }
}

/// The area within four corners that follow one another: half the cross product of the diagonals.
fn quadrilateral([a, b, c, d]: [(f64, f64); 4]) -> f64 {
    ((c.0 - a.0) * (d.1 - b.1) - (c.1 - a.1) * (d.0 - b.0)).abs() / 2.0
}
