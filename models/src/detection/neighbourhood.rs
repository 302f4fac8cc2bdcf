//! Boxes found by place, so that each is compared with those near it alone.

use autodiff::Float;
use data::detection::BoundingBox;

/// A box by its left, top, right and bottom edge, and its area.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rectangle<T> {
    edges: [T; 4],
    area: T,
}

impl<T: Float> Rectangle<T> {
    #[inline(always)]
    pub(super) fn new(edges: [T; 4]) -> Self {
        let side = |low, high| if high > low { high - low } else { T::zero() };
        Self { edges, area: side(edges[0], edges[2]) * side(edges[1], edges[3]) }
    }

    /// The lower and the upper edge along an axis.
    #[inline(always)]
    fn along(&self, axis: usize) -> [f64; 2] {
        [self.edges[axis].to_f64(), self.edges[axis + 2].to_f64()]
    }

    pub(super) fn is_finite(&self) -> bool {
        self.edges.iter().all(|edge| edge.is_finite())
    }

    /// Intersection over union; 0 where both are empty.
    #[inline(always)]
    pub(super) fn iou(&self, other: &Self) -> T {
        let ([ax1, ay1, ax2, ay2], [bx1, by1, bx2, by2]) = (self.edges, other.edges);
        let width = smaller(ax2, bx2) - larger(ax1, bx1);
        let height = smaller(ay2, by2) - larger(ay1, by1);
        if !(width > T::zero() && height > T::zero()) {
            return T::zero();
        }
        let intersection = width * height;
        let union = self.area + other.area - intersection;
        if union.is_normal() { intersection / union } else { self.iou_of_extremes(other) }
    }

    /// The same for boxes that overlap but whose areas are too large or too small to be numbers: each axis is measured
    /// by its larger side.
    #[cold]
    fn iou_of_extremes(&self, other: &Self) -> T {
        let [mut intersection, mut a_area, mut b_area] = [T::one(); 3];
        for axis in 0..2 {
            let edges = [self.edges[axis], self.edges[axis + 2], other.edges[axis], other.edges[axis + 2]];
            // So that no difference overflows.
            let far = edges.iter().any(|edge| edge.abs() > T::one());
            let [a1, a2, b1, b2] = if far { edges.map(|edge| edge * T::from_f64(0.25)) } else { edges };
            let unit = larger(a2 - a1, b2 - b1);
            intersection *= (smaller(a2, b2) - larger(a1, b1)) / unit;
            a_area *= (a2 - a1) / unit;
            b_area *= (b2 - b1) / unit;
        }
        intersection / (a_area + b_area - intersection)
    }
}

impl From<BoundingBox> for Rectangle<f64> {
    fn from(b: BoundingBox) -> Self {
        Self::new(b.edges())
    }
}

#[inline(always)]
fn smaller<T: Float>(a: T, b: T) -> T {
    if a < b { a } else { b }
}

#[inline(always)]
fn larger<T: Float>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// The most cells along an axis.
const MOST: f64 = 128.0;

/// A grid over a picture, whose cells know boxes by place. A cell is about as large as the part that is looked through for
/// the mean box; there are at most as many cells as boxes.
///
/// What is looked for are boxes that overlap one by an IoU of at least a threshold t. Then along each axis the
/// intersection is at least t times the longer of both sides, so that the centres of a box of side s and such another
/// are no farther apart than s·max(1 − t, (1/t − 1)/2). So a box is known to the cell of its centre, and looked for
/// in the cells that are no farther than that. Where t is so small that these are many, a box is known to all cells it
/// reaches into, and looked for in those: boxes that intersect have a cell in common, that of a corner of their
/// intersection.
///
/// Both rest on the cell of a place being computed by a function that never falls.
pub(super) struct Neighbourhood<T> {
    axes: [Axis; 2],
    /// How far centres are apart, in sides; None if boxes are known to all cells they reach into.
    distance: Option<f64>,
    cells: Vec<Vec<Rectangle<T>>>,
}

#[derive(Clone, Copy)]
struct Axis {
    start: f64,
    cells_per_unit: f64,
    cells: usize,
}

impl Axis {
    fn cell(&self, place: f64) -> usize {
        // What is no number here, because the axis is too long or has no length, is in the first cell.
        (((place - self.start) * self.cells_per_unit) as usize).min(self.cells - 1)
    }
}

impl<T: Float> Neighbourhood<T> {
    /// An empty grid over the place of some boxes, for overlaps of at least this IoU.
    pub(super) fn around<'a>(
        boxes: impl ExactSizeIterator<Item = &'a Rectangle<T>> + Clone,
        iou_threshold: f64,
    ) -> Self {
        // A little farther, for the rounding of the IoU that is compared.
        let t = iou_threshold * (1.0 - 1e-5);
        let distance = (1.0 - t).max((1.0 / t - 1.0) / 2.0) + 1e-5;
        let distance = (distance < 1.5).then_some(distance);
        let n = boxes.len() as f64;
        let axes = [0, 1].map(|axis| {
            let (mut start, mut end, mut sides) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
            for rectangle in boxes.clone() {
                let [low, high] = rectangle.along(axis);
                (start, end) = (start.min(low), end.max(high));
                sides += (high - low).max(0.0);
            }
            let (length, looked_through) = (end - start, distance.map_or(1.0, |distance| 2.0 * distance));
            let cells = (length / (looked_through * sides / n)).min(n.sqrt()).clamp(1.0, MOST);
            // NaN stays NaN, and is one cell.
            let cells = (cells as usize).max(1);
            Axis { start, cells_per_unit: cells as f64 / length, cells }
        });
        Self { axes, distance, cells: vec![Vec::new(); axes[0].cells * axes[1].cells] }
    }

    /// Whether a property holds for a box that was put in, among those that overlap this one by the IoU of the grid and
    /// perhaps others.
    #[inline(always)]
    pub(super) fn touches(&self, rectangle: &Rectangle<T>, holds: impl Fn(&Rectangle<T>) -> bool) -> bool {
        let cells = self.cells([0, 1].map(|axis| {
            let [low, high] = rectangle.along(axis);
            match self.distance {
                Some(distance) => {
                    let (center, reach) = (low / 2.0 + high / 2.0, distance * (high - low));
                    [center - reach, center + reach]
                }
                None => [low, high],
            }
        }));
        cells.flat_map(|cell| &self.cells[cell]).any(holds)
    }

    /// Puts a box in.
    pub(super) fn insert(&mut self, rectangle: &Rectangle<T>) {
        let cells = self.cells([0, 1].map(|axis| {
            let [low, high] = rectangle.along(axis);
            if self.distance.is_some() { [low / 2.0 + high / 2.0; 2] } else { [low, high] }
        }));
        cells.for_each(|cell| self.cells[cell].push(*rectangle));
    }

    /// The cells from one place to another along each axis.
    #[inline(always)]
    fn cells(&self, reach: [[f64; 2]; 2]) -> impl Iterator<Item = usize> + use<T> {
        let axes = self.axes;
        let [columns, rows] = [0, 1].map(|axis| {
            let [first, last] = reach[axis].map(|place| axes[axis].cell(place));
            first..last + 1
        });
        rows.flat_map(move |row| columns.clone().map(move |column| row * axes[0].cells + column))
    }
}
