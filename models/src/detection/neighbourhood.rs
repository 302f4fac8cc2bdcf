//! Boxes found by place, so that each is compared with those near it alone.

use autodiff::Float;

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

#[inline(always)]
fn smaller<T: Float>(a: T, b: T) -> T {
    if a < b { a } else { b }
}

#[inline(always)]
fn larger<T: Float>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// The most cells along an axis.
const MOST: f64 = 64.0;

/// A grid over a picture, whose cells know the boxes that reach into them. A cell is about as large as the mean box,
/// so that a box lies in few of them; there are at most as many cells as boxes.
///
/// Boxes that intersect have a cell in common, that of a corner of their intersection, because the cell of a place is
/// computed by a function that never falls.
pub(super) struct Neighbourhood<T> {
    axes: [Axis<T>; 2],
    cells: Vec<Vec<Rectangle<T>>>,
}

#[derive(Clone, Copy)]
struct Axis<T> {
    start: T,
    cells_per_unit: T,
    cells: usize,
}

impl<T: Float> Axis<T> {
    fn cell(&self, place: T) -> usize {
        // What is no number here, because the axis is too long or has no length, is in the first cell.
        (((place - self.start) * self.cells_per_unit).to_f64() as usize).min(self.cells - 1)
    }
}

impl<T: Float> Neighbourhood<T> {
    /// An empty grid over the place of some boxes.
    pub(super) fn around<'a>(boxes: impl ExactSizeIterator<Item = &'a Rectangle<T>> + Clone) -> Self {
        let n = boxes.len() as f64;
        let axes = [0, 1].map(|axis| {
            let (mut start, mut end, mut sides) = (T::infinity(), T::neg_infinity(), 0.0);
            for Rectangle { edges, .. } in boxes.clone() {
                start = smaller(start, edges[axis]);
                end = larger(end, edges[axis + 2]);
                sides += (edges[axis + 2] - edges[axis]).to_f64().max(0.0);
            }
            let length = end - start;
            let cells = (length.to_f64() / (sides / n)).min(n.sqrt()).clamp(1.0, MOST);
            // NaN stays NaN, and is one cell.
            let cells = (cells as usize).max(1);
            Axis { start, cells_per_unit: T::from_f64(cells as f64) / length, cells }
        });
        Self { axes, cells: vec![Vec::new(); axes[0].cells * axes[1].cells] }
    }

    /// Whether a property holds for a box that was put in, among those that intersect this one and perhaps others.
    #[inline(always)]
    pub(super) fn touches(&self, rectangle: &Rectangle<T>, holds: impl Fn(&Rectangle<T>) -> bool) -> bool {
        cells_of(self.axes, rectangle).any(|cell| self.cells[cell].iter().any(&holds))
    }

    /// Puts a box in.
    pub(super) fn insert(&mut self, rectangle: &Rectangle<T>) {
        cells_of(self.axes, rectangle).for_each(|cell| self.cells[cell].push(*rectangle));
    }
}

/// The cells that a box reaches into.
#[inline(always)]
fn cells_of<T: Float>(axes: [Axis<T>; 2], rectangle: &Rectangle<T>) -> impl Iterator<Item = usize> + use<T> {
    let [columns, rows] = [0, 1].map(|axis| {
        let [first, last] = [axis, axis + 2].map(|edge| axes[axis].cell(rectangle.edges[edge]));
        first..last + 1
    });
    rows.flat_map(move |row| columns.clone().map(move |column| row * axes[0].cells + column))
}
