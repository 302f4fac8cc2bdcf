//! Of several boxes on one object, only the best stays: non-maximum suppression.

use std::collections::BTreeMap;

use autodiff::{Float, Indices, Tensor};
use data::detection::Detection;
use nn::ConfigError;
use serde::{Deserialize, Serialize};

use super::box_format::rows;
use super::neighbourhood::{Neighbourhood, Rectangle};
use crate::configured::{expect, wrong};

/// Non-maximum suppression, greedy: the detections are taken from the surest to the least sure, and each drops those
/// after it, of the same class, that overlap it too much.
///
/// [`default`](Self::default) is the rule of the course's notes: detections of a score ≤ 0.6 are dropped, then those of
/// IoU ≥ 0.5. [`new`](Self::new) is torchvision's: all scores, and IoU > the threshold is dropped. They differ in what
/// becomes of a box whose IoU is the threshold itself; [`inclusive`](Self::inclusive) says it.
///
/// Equal scores are taken by position. A detection whose score is NaN, or with an edge that is not finite, is none and
/// never kept.
///
/// ```
/// use wengert::data::detection::{BoundingBox, Detection};
/// use wengert::models::detection::Nms;
///
/// let at = |x, class, score| Detection::new(BoundingBox::from_corner(x, 0.0, 10.0, 10.0), class, score);
/// let found = [at(0.0, 0, 0.8), at(1.0, 0, 0.9), at(2.0, 1, 0.7), at(30.0, 0, 0.61), at(60.0, 0, 0.6)];
/// assert_eq!(Nms::default().keep(&found), [1, 2, 3]);
/// assert_eq!(Nms::new(0.5).class_agnostic(true).keep(&found), [1, 3, 4]);
/// assert_eq!(Nms::new(0.5).max_detections(1).apply(&found), [found[1]]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nms {
    iou_threshold: f64,
    #[serde(default)]
    inclusive: bool,
    #[serde(default)]
    score_threshold: Option<f64>,
    #[serde(default)]
    class_agnostic: bool,
    #[serde(default)]
    max_per_class: Option<usize>,
    #[serde(default)]
    max_detections: Option<usize>,
}

impl Default for Nms {
    /// As in the notes: drops scores ≤ 0.6, then IoU ≥ 0.5, per class.
    fn default() -> Self {
        Self::new(0.5).inclusive(true).score_threshold(0.6)
    }
}

impl Nms {
    /// Drops what overlaps a surer box of the same class by an IoU above this threshold, in 0..=1.
    pub const fn new(iou_threshold: f64) -> Self {
        Self {
            iou_threshold,
            inclusive: false,
            score_threshold: None,
            class_agnostic: false,
            max_per_class: None,
            max_detections: None,
        }
    }

    /// Whether a box whose IoU is the threshold itself is dropped: the notes' ≥ instead of torchvision's > (default:
    /// false).
    pub const fn inclusive(mut self, inclusive: bool) -> Self {
        self.inclusive = inclusive;
        self
    }

    /// Drops first what has this score or a lower one (default: nothing).
    pub const fn score_threshold(mut self, score: f64) -> Self {
        self.score_threshold = Some(score);
        self
    }

    /// Whether boxes of different classes drop each other (default: false).
    pub const fn class_agnostic(mut self, agnostic: bool) -> Self {
        self.class_agnostic = agnostic;
        self
    }

    /// Keeps at most this many of each class, the surest (default: no limit).
    pub const fn max_per_class(mut self, n: usize) -> Self {
        self.max_per_class = Some(n);
        self
    }

    /// Keeps at most this many, the surest (default: no limit).
    pub const fn max_detections(mut self, n: usize) -> Self {
        self.max_detections = Some(n);
        self
    }

    /// Whether the options make sense, for those that come from outside the program.
    ///
    /// # Errors
    /// If the IoU threshold is not in 0..=1, or that of the scores is NaN.
    pub fn check(&self) -> Result<(), ConfigError> {
        const NAME: &str = "Nms";
        if !(0.0..=1.0).contains(&self.iou_threshold) {
            return wrong(NAME, "iou_threshold", self.iou_threshold, "a number in 0..=1");
        }
        match self.score_threshold {
            Some(score) if score.is_nan() => wrong(NAME, "score_threshold", score, "a number"),
            _ => Ok(()),
        }
    }

    /// The positions of the detections that stay, from the surest on.
    ///
    /// # Panics
    /// If [`check`](Self::check) fails.
    #[track_caller]
    pub fn keep(&self, detections: &[Detection]) -> Vec<usize> {
        let boxes: Vec<Rectangle<f64>> = detections.iter().map(|d| Rectangle::from(d.bounding_box)).collect();
        let scores: Vec<f64> = detections.iter().map(|d| d.score).collect();
        self.greedy(&boxes, &scores, |at| detections[at].class as i64)
    }

    /// The detections that stay, from the surest on.
    ///
    /// # Panics
    /// If [`check`](Self::check) fails.
    #[track_caller]
    pub fn apply(&self, detections: &[Detection]) -> Vec<Detection> {
        self.keep(detections).into_iter().map(|at| detections[at]).collect()
    }

    /// The same for boxes [n, 4] by their edges and scores \[n\], of classes \[n\] if there are any: the positions of what
    /// stays.
    ///
    /// # Panics
    /// If the shapes are others, or [`check`](Self::check) fails.
    #[track_caller]
    pub fn keep_tensors<T: Float>(
        &self,
        boxes: &Tensor<T>,
        scores: &Tensor<T>,
        classes: Option<&Indices>,
    ) -> Indices {
        let boxes: Vec<Rectangle<T>> = rows("nms", boxes).into_iter().map(Rectangle::new).collect();
        let n = boxes.len();
        assert!(
            scores.shape() == [n],
            "nms: {n} boxes need scores of the shape [{n}], not {:?}",
            scores.shape()
        );
        if let Some(classes) = classes {
            let shape = classes.shape();
            assert!(shape == [n], "nms: {n} boxes need classes of the shape [{n}], not {shape:?}");
        }
        let classes = classes.map(Indices::as_slice);
        let kept = self.greedy(&boxes, &scores.to_vec(), |at| classes.map_or(0, |classes| classes[at]));
        Indices::from_vec([kept.len()], kept.into_iter().map(|at| at as i64).collect())
    }

    #[track_caller]
    fn greedy<T: Float>(
        &self,
        boxes: &[Rectangle<T>],
        scores: &[T],
        class: impl Fn(usize) -> i64,
    ) -> Vec<usize> {
        expect(self.check());
        let order = from_the_surest(boxes, scores, self.score_threshold);
        let mut classes = BTreeMap::<i64, Vec<usize>>::new();
        for &at in &order {
            classes.entry(if self.class_agnostic { 0 } else { class(at) }).or_default().push(at);
        }
        let mut kept = vec![false; boxes.len()];
        for members in classes.into_values() {
            self.of_one_class(boxes, members, &mut kept);
        }
        order.into_iter().filter(|&at| kept[at]).take(self.max_detections.unwrap_or(usize::MAX)).collect()
    }

    /// Marks what is kept of boxes that come from the surest on.
    fn of_one_class<T: Float>(&self, boxes: &[Rectangle<T>], members: Vec<usize>, kept: &mut [bool]) {
        let limit = self.max_per_class.unwrap_or(usize::MAX);
        if self.iou_threshold == 0.0 && self.inclusive {
            // Then boxes drop each other however far apart they are.
            members.into_iter().take(limit.min(1)).for_each(|at| kept[at] = true);
            return;
        }
        let drops = |iou: T| {
            // As wide as the threshold: the nearest f32 to it is another number.
            let iou = iou.to_f64();
            if self.inclusive { iou >= self.iou_threshold } else { iou > self.iou_threshold }
        };
        let mut neighbourhood =
            Neighbourhood::around(members.iter().map(|&at| &boxes[at]), self.iou_threshold);
        let mut count = 0;
        for at in members {
            if count == limit {
                return;
            }
            if !neighbourhood.touches(&boxes[at], |other| drops(other.iou(&boxes[at]))) {
                neighbourhood.insert(&boxes[at]);
                kept[at] = true;
                count += 1;
            }
        }
    }
}

/// The positions of finite boxes whose score is a number above a threshold, the highest score first, equal scores by
/// position.
pub(super) fn from_the_surest<T: Float>(
    boxes: &[Rectangle<T>],
    scores: &[T],
    threshold: Option<f64>,
) -> Vec<usize> {
    let good = |at: &usize| {
        let score = scores[*at].to_f64();
        boxes[*at].is_finite() && threshold.map_or(!score.is_nan(), |threshold| score > threshold)
    };
    let mut order: Vec<usize> = (0..boxes.len()).filter(good).collect();
    order.sort_by(|&a, &b| scores[b].partial_cmp(&scores[a]).expect("NaN was left out"));
    order
}

/// The positions of the boxes [n, 4] that no surer one overlaps by an IoU above the threshold, from the highest of the
/// scores \[n\] on.
///
/// torchvision's `nms`; [`Nms`] has more options, and says what equal scores and NaN do.
///
/// ```
/// use wengert::models::detection::nms;
/// use wengert::prelude::*;
///
/// let boxes = Tensor::<f32>::from_vec([3, 4], vec![0., 0., 9., 9., 0., 0., 9., 8., 20., 0., 29., 9.]);
/// let scores = Tensor::from_vec([3], vec![0.8, 0.9, 0.3]);
/// assert_eq!(nms(&boxes, &scores, 0.5).to_vec(), [1, 2]);
/// ```
///
/// # Panics
/// If the shapes are others, or the threshold is not in 0..=1.
#[track_caller]
pub fn nms<T: Float>(boxes: &Tensor<T>, scores: &Tensor<T>, iou_threshold: f64) -> Indices {
    Nms::new(iou_threshold).keep_tensors(boxes, scores, None)
}

/// As [`nms`], where only boxes of the same class \[n\] drop each other.
///
/// torchvision's `batched_nms`.
///
/// # Panics
/// If the shapes are others, or the threshold is not in 0..=1.
#[track_caller]
pub fn batched_nms<T: Float>(
    boxes: &Tensor<T>,
    scores: &Tensor<T>,
    classes: &Indices,
    iou_threshold: f64,
) -> Indices {
    Nms::new(iou_threshold).keep_tensors(boxes, scores, Some(classes))
}
