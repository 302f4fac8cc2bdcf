//! How well two boxes agree: intersection over union and what was made of it.
//!
//! Boxes A and B are given by their edges, [`BoxFormat::Xyxy`](super::BoxFormat::Xyxy), in any unit. With C the
//! smallest box around both, c its diagonal, ρ the distance of the centres, w and h width and height:
//!
//! | | |
//! | --- | --- |
//! | IoU | \|A∩B\| / \|A∪B\| |
//! | GIoU | IoU − (\|C\| − \|A∪B\|) / \|C\| |
//! | DIoU | IoU − ρ²/c² |
//! | CIoU | DIoU − α·v,  v = 4/π²·(arctan(w_B/h_B) − arctan(w_A/h_A))²,  α = v / (1 − IoU + v) |
//!
//! IoU lies in 0..=1, the others in −1..=1 (CIoU in −2..=1), and all are 1 for equal boxes, symmetric, and the same
//! whatever the unit. Where boxes do not touch, IoU is 0 and has no gradient; the others still tell which way to go.
//!
//! A box whose edge is beyond the opposite one is empty. No ε is added anywhere: where a denominator is 0, because
//! boxes have no area, its fraction is 0, and so are its gradients. α is a constant for derivatives, as the paper
//! has it.
//!
//! GIoU is of Rezatofighi et al., "Generalized intersection over union: a metric and a loss for bounding box
//! regression" (2019); DIoU and CIoU are of Zheng et al., "Distance-IoU loss: faster and better learning for bounding
//! box regression" (2020).

use std::f64::consts::PI;

use autodiff::{Float, Reduction, Tensor, vectorized};
use serde::{Deserialize, Serialize};

use super::box_format::{box_area, check_boxes};
use super::localization::reduce;

/// One of the measures: what a configuration names to choose a loss. In a file it is written in small letters: `"giou"`.
///
/// ```
/// use wengert::models::detection::Overlap;
/// use wengert::prelude::*;
///
/// let a = Tensor::<f64>::from_vec([1, 4], vec![0.0, 0.0, 2.0, 2.0]);
/// let b = Tensor::<f64>::from_vec([1, 4], vec![1.0, 0.0, 3.0, 2.0]);
/// assert_eq!(Overlap::Iou.of(&a, &b).item(), 2.0 / 6.0);
/// assert_eq!(Overlap::Giou.of(&a, &b).item(), 2.0 / 6.0);
/// assert_eq!(Overlap::Diou.of(&a, &b).item(), 2.0 / 6.0 - 1.0 / 13.0);
/// assert_eq!(Overlap::Ciou.loss(&a, &b, Reduction::Mean).item(), 1.0 - (2.0 / 6.0 - 1.0 / 13.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// Intersection over union.
    Iou,
    /// Generalized: minus the share of the surrounding box that neither fills.
    Giou,
    /// Minus the squared distance of the centres over that of the surrounding box's corners.
    Diou,
    /// DIoU, minus what the ratios of width and height differ.
    #[default]
    Ciou,
}

impl Overlap {
    /// Of boxes of shape [..., 4] and others of the same shape, one by one: [...].
    ///
    /// # Panics
    /// If the shapes differ, or the last axis has not four elements.
    #[track_caller]
    pub fn of<T: Float>(self, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        let name = self.names()[0];
        check_pairs(name, a, b);
        self.broadcast(a, b)
    }

    /// Of each of n boxes with each of m others: of [..., n, 4] and [..., m, 4] the matrix [..., n, m].
    ///
    /// # Panics
    /// If the last axes have not four elements, there is none before it, or the axes before those do not broadcast.
    #[track_caller]
    pub fn pairwise<T: Float>(self, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        let name = self.names()[1];
        for boxes in [a, b] {
            check_boxes(name, boxes);
            assert!(
                boxes.ndim() >= 2,
                "{name}: boxes must have the shape [..., n, 4], not {:?}",
                boxes.shape()
            );
        }
        let mut batches = a.shape().iter().rev().zip(b.shape().iter().rev()).skip(2);
        assert!(
            batches.all(|(&a, &b)| a == b || a == 1 || b == 1),
            "{name}: the axes before [n, 4] of {:?} and {:?} do not broadcast",
            a.shape(),
            b.shape()
        );
        if self == Self::Iou && a.ndim() == 2 && b.ndim() == 2 && a.tape().is_none() && b.tape().is_none() {
            return matrix(a, b);
        }
        self.broadcast(&a.unsqueeze(-2), &b.unsqueeze(-3))
    }

    /// 1 minus the measure, of boxes of shape [..., 4] and others of the same shape. The mean of no boxes is 0, as
    /// torchvision has it: a picture without objects has nothing to lose.
    ///
    /// # Panics
    /// If the shapes differ, or the last axis has not four elements.
    #[track_caller]
    pub fn loss<T: Float>(self, a: &Tensor<T>, b: &Tensor<T>, reduction: Reduction) -> Tensor<T> {
        check_pairs(self.names()[2], a, b);
        reduce(1.0 - self.broadcast(a, b), reduction)
    }

    /// What messages call it: boxes one by one, in pairs, as a loss.
    fn names(self) -> [&'static str; 3] {
        match self {
            Self::Iou => ["iou", "box_iou", "box_iou_loss"],
            Self::Giou => ["giou", "generalized_box_iou", "generalized_box_iou_loss"],
            Self::Diou => ["diou", "distance_box_iou", "distance_box_iou_loss"],
            Self::Ciou => ["ciou", "complete_box_iou", "complete_box_iou_loss"],
        }
    }

    /// Of boxes whose shapes broadcast but for the last axis.
    #[track_caller]
    fn broadcast<T: Float>(self, a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
        let pair = Pair::new(a, b);
        match self {
            Self::Iou => pair.iou(),
            Self::Giou => pair.giou(),
            Self::Diou => pair.diou(),
            Self::Ciou => {
                let (iou, v) = (pair.iou(), pair.aspect());
                let alpha = &v / nonzero(1.0 - &iou + &v);
                iou - pair.distance() - alpha.detach() * v
            }
        }
    }
}

/// Boxes taken apart: the two edges of each axis, of either box.
struct Pair<T: Float> {
    a: [[Tensor<T>; 2]; 2],
    b: [[Tensor<T>; 2]; 2],
}

impl<T: Float> Pair<T> {
    fn new(a: &Tensor<T>, b: &Tensor<T>) -> Self {
        let edges =
            |boxes: &Tensor<T>| [0, 1].map(|axis| [axis, axis + 2].map(|edge| boxes.select(-1, edge)));
        Self { a: edges(a), b: edges(b) }
    }

    /// Along each axis the sides of a box; not negative.
    fn sides(edges: &[[Tensor<T>; 2]; 2]) -> [Tensor<T>; 2] {
        edges.each_ref().map(|[low, high]| (high - low).relu())
    }

    fn area(edges: &[[Tensor<T>; 2]; 2]) -> Tensor<T> {
        let [width, height] = Self::sides(edges);
        width * height
    }

    /// The areas of A∩B and A∪B.
    fn areas(&self) -> (Tensor<T>, Tensor<T>) {
        let [width, height] = [0, 1].map(|axis| {
            let ([a_low, a_high], [b_low, b_high]) = (&self.a[axis], &self.b[axis]);
            (a_high.minimum(b_high) - a_low.maximum(b_low)).relu()
        });
        let intersection = width * height;
        let union = Self::area(&self.a) + Self::area(&self.b) - &intersection;
        (intersection, union)
    }

    /// Width and height of the smallest box around both.
    fn around(&self) -> [Tensor<T>; 2] {
        [0, 1].map(|axis| {
            let ([a_low, a_high], [b_low, b_high]) = (&self.a[axis], &self.b[axis]);
            (a_high.maximum(b_high) - a_low.minimum(b_low)).relu()
        })
    }

    fn iou(&self) -> Tensor<T> {
        let (intersection, union) = self.areas();
        intersection / nonzero(union)
    }

    fn giou(&self) -> Tensor<T> {
        let (intersection, union) = self.areas();
        let [width, height] = self.around();
        let around = width * height;
        let unfilled = (&around - &union) / nonzero(around);
        intersection / nonzero(union) - unfilled
    }

    /// ρ²/c².
    fn distance(&self) -> Tensor<T> {
        let [dx, dy] = [0, 1].map(|axis| {
            let ([a_low, a_high], [b_low, b_high]) = (&self.a[axis], &self.b[axis]);
            ((a_low + a_high) - (b_low + b_high)) * 0.5
        });
        let [width, height] = self.around();
        (dx.square() + dy.square()) / nonzero(width.square() + height.square())
    }

    fn diou(&self) -> Tensor<T> {
        self.iou() - self.distance()
    }

    /// v. The angle of a box without area is that of its longer side, and 0 for a point.
    fn aspect(&self) -> Tensor<T> {
        let angle = |edges| {
            let [width, height] = Self::sides(edges);
            width.atan2(&height)
        };
        (angle(&self.b) - angle(&self.a)).square() * (4.0 / (PI * PI))
    }
}

/// The IoU of each of n boxes with each of m others, in one pass and in the bits of [`Pair::iou`]: what targets are
/// assigned by.
fn matrix<T: Float>(a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
    let (n, m) = (a.shape()[0], b.shape()[0]);
    let columns = [0, 1, 2, 3].map(|edge| b.select(1, edge).to_vec());
    let areas = [a, b].map(|boxes| box_area(boxes).to_vec());
    let rows = a.to_vec();
    let mut ious = vec![T::zero(); n * m];
    for ((row, &area), ious) in rows.as_chunks::<4>().0.iter().zip(&areas[0]).zip(ious.chunks_mut(m.max(1))) {
        row_of_matrix(row, area, columns.each_ref().map(Vec::as_slice), &areas[1], ious);
    }
    Tensor::from_vec([n, m], ious)
}

fn row_of_matrix<T: Float>(row: &[T; 4], area: T, columns: [&[T]; 4], areas: &[T], ious: &mut [T]) {
    let m = ious.len();
    let ([x1, y1, x2, y2], areas) = (columns.map(|column| &column[..m]), &areas[..m]);
    vectorized(
        #[inline(always)]
        || {
            for at in 0..m {
                let width = positive(smaller(row[2], x2[at]) - larger(row[0], x1[at]));
                let height = positive(smaller(row[3], y2[at]) - larger(row[1], y1[at]));
                let intersection = width * height;
                let union = area + areas[at] - intersection;
                ious[at] = intersection / if union > T::zero() { union } else { T::one() };
            }
        },
    );
}

/// As [`Tensor::minimum`] has it: NaN stays.
#[inline(always)]
#[allow(clippy::eq_op)]
fn smaller<T: Float>(a: T, b: T) -> T {
    if a != a || a < b { a } else { b }
}

#[inline(always)]
#[allow(clippy::eq_op)]
fn larger<T: Float>(a: T, b: T) -> T {
    if a != a || a > b { a } else { b }
}

#[inline(always)]
fn positive<T: Float>(x: T) -> T {
    if x < T::zero() { T::zero() } else { x }
}

/// With 1 in place of what is not positive.
fn nonzero<T: Float>(divisor: Tensor<T>) -> Tensor<T> {
    let positive = divisor.gt(0.0);
    if positive.count() == positive.len() { divisor } else { Tensor::where_(&positive, divisor, 1.0) }
}

#[track_caller]
fn check_pairs<T: Float>(operation: &str, a: &Tensor<T>, b: &Tensor<T>) {
    let (a_shape, b_shape) = (a.shape(), b.shape());
    assert!(
        a_shape == b_shape && a_shape.last() == Some(&4),
        "{operation}: boxes one by one must have the same shape [..., 4], not {a_shape:?} and {b_shape:?}"
    );
}

macro_rules! functions {
    ($($kind:ident: $of:ident, $pairwise:ident, $loss:ident, $name:literal, $torchvision:literal;)*) => {$(
        #[doc = concat!($name, " of boxes of shape [..., 4] and others of the same shape, one by one: [...].")]
        /// Differentiable.
        ///
        /// See [`Overlap`] for the formulas.
        ///
        /// # Panics
        /// If the shapes differ, or the last axis has not four elements.
        #[track_caller]
        pub fn $of<T: Float>(a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
            Overlap::$kind.of(a, b)
        }

        #[doc = concat!($name, " of each of n boxes with each of m others: of [..., n, 4] and [..., m, 4] the matrix")]
        /// [..., n, m]. Differentiable.
        ///
        #[doc = concat!("torchvision's `", stringify!($pairwise), "`", $torchvision)]
        ///
        /// # Panics
        /// If a last axis has not four elements, there is none before it, or the axes before those do not broadcast.
        #[track_caller]
        pub fn $pairwise<T: Float>(a: &Tensor<T>, b: &Tensor<T>) -> Tensor<T> {
            Overlap::$kind.pairwise(a, b)
        }

        #[doc = concat!("1 − ", $name, " of boxes of shape [..., 4] and others of the same shape.")]
        ///
        /// See [`Overlap::loss`].
        ///
        /// # Panics
        /// If the shapes differ, or the last axis has not four elements.
        #[track_caller]
        pub fn $loss<T: Float>(a: &Tensor<T>, b: &Tensor<T>, reduction: Reduction) -> Tensor<T> {
            Overlap::$kind.loss(a, b, reduction)
        }
    )*};
}

functions! {
    Iou: iou, box_iou, box_iou_loss, "IoU", ".";
    Giou: giou, generalized_box_iou, generalized_box_iou_loss, "GIoU", ".";
    Diou: diou, distance_box_iou, distance_box_iou_loss, "DIoU", ", without its ε.";
    Ciou: ciou, complete_box_iou, complete_box_iou_loss, "CIoU", ", without its ε.";
}
