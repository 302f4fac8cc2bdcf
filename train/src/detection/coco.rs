//! The evaluation of the COCO challenges.

use std::fmt;

use serde::Serialize;

use super::coco_matching::{Outcome, Scene};
use super::curve::hundredths;
use super::evaluator::{check_iou, from_the_surest, mean};
use super::{CocoSummary, DetectionEvaluator, PrecisionRecall};
use crate::table;

/// Sizes of objects, both ends included: an object of 32² pixels is small and medium.
#[derive(Clone, Copy)]
pub(super) struct AreaRange {
    least: f64,
    greatest: f64,
}

impl AreaRange {
    pub(super) fn contains(self, area: f64) -> bool {
        self.least <= area && area <= self.greatest
    }
}

/// Options of [`DetectionEvaluator::coco`].
///
/// ```
/// use wengert::train::detection::CocoOptions;
///
/// // For small pictures: an object of less than 8² pixels is small, of more than 16² large.
/// let options = CocoOptions::new().area_limits(8.0 * 8.0, 16.0 * 16.0);
/// assert_ne!(options, CocoOptions::new());
/// ```
///
/// # Panics
/// [`DetectionEvaluator::coco`] does if there are no thresholds or one is not in 0..=1, if the numbers of detections
/// fall, or if the limits of areas do.
#[derive(Clone, Debug, PartialEq)]
pub struct CocoOptions {
    iou_thresholds: Vec<f64>,
    area_limits: [f64; 2],
    max_detections: [usize; 3],
}

impl Default for CocoOptions {
    fn default() -> Self {
        // In the bits that COCO's own program gives them.
        let step = (0.95 - 0.5) / 9.0;
        let iou_thresholds =
            (0..10).map(|at| if at == 9 { 0.95 } else { f64::from(at) * step + 0.5 }).collect();
        Self { iou_thresholds, area_limits: [32.0 * 32.0, 96.0 * 96.0], max_detections: [1, 10, 100] }
    }
}

impl CocoOptions {
    /// COCO's: IoU 0.5, 0.55, … 0.95, areas of 32² and 96² between small, medium and large, the 1, 10 and 100 surest
    /// detections of a class in a picture.
    pub fn new() -> Self {
        Self::default()
    }

    /// The thresholds of IoU, in 0..=1.
    pub fn iou_thresholds(mut self, thresholds: impl Into<Vec<f64>>) -> Self {
        self.iou_thresholds = thresholds.into();
        self
    }

    /// The areas in square pixels between small and medium, medium and large (default: 32² and 96²).
    pub const fn area_limits(mut self, medium: f64, large: f64) -> Self {
        self.area_limits = [medium, large];
        self
    }

    /// How many of a picture's detections of a class count, the surest: three numbers that do not fall. Average
    /// precision takes the last (default: 1, 10 and 100).
    pub const fn max_detections(mut self, numbers: [usize; 3]) -> Self {
        self.max_detections = numbers;
        self
    }

    /// Any size, small, medium and large.
    fn areas(&self) -> [AreaRange; 4] {
        let [medium, large] = self.area_limits;
        let range = |least, greatest| AreaRange { least, greatest };
        [range(0.0, f64::INFINITY), range(0.0, medium), range(medium, large), range(large, f64::INFINITY)]
    }

    #[track_caller]
    fn check(&self) {
        assert!(!self.iou_thresholds.is_empty(), "CocoOptions: there is no IoU threshold");
        self.iou_thresholds.iter().for_each(|&threshold| check_iou("CocoOptions", threshold));
        let numbers = self.max_detections;
        assert!(numbers.is_sorted(), "CocoOptions: the numbers of detections {numbers:?} fall");
        let [medium, large] = self.area_limits;
        assert!(0.0 <= medium && medium <= large, "CocoOptions: {medium} and {large} are no limits of areas");
    }
}

/// Average precision and recall as the COCO challenges have them: at several thresholds of IoU, for objects of several
/// sizes, with several numbers of detections allowed.
///
/// At each threshold, the detections of a class in a picture are taken from the surest on; each takes the object of the
/// highest IoU, at least the threshold, that none has taken. It is right then, and otherwise wrong. Objects of other
/// sizes, and crowds, in which any number of detections may lie by at least that share, need not be found, and
/// detections of them do not count; nor do those that found nothing and have another size. Difficult objects
/// are treated as those of other sizes.
///
/// After Lin et al., "Microsoft COCO: common objects in context" (2014), and its program pycocotools, whose −1 is None
/// here.
///
/// It prints as a table of the classes and the twelve numbers of the [`summary`](Self::summary).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CocoEvaluation {
    class_names: Vec<String>,
    objects: Vec<usize>,
    iou_thresholds: Vec<f64>,
    max_detections: [usize; 3],
    /// By class, area and number of detections; None where nothing is to be found.
    results: Vec<Option<Results>>,
}

/// At each threshold of IoU.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Results {
    /// At the recalls 0, 0.01, … 1.
    precision: Vec<Vec<f64>>,
    /// Of all detections.
    recall: Vec<f64>,
}

/// The index of any size among the areas.
pub(super) const ANY: usize = 0;
/// The index of the last of the numbers of detections.
pub(super) const MOST: usize = 2;

impl CocoEvaluation {
    #[track_caller]
    pub(super) fn new(evaluator: &DetectionEvaluator, options: &CocoOptions) -> Self {
        options.check();
        let (mut objects, mut results) = (Vec::new(), Vec::new());
        for class in 0..evaluator.class_names().len() {
            let (count, of_class) = evaluate(evaluator, class, options);
            objects.push(count);
            results.extend(of_class);
        }
        Self {
            class_names: evaluator.class_names().to_vec(),
            objects,
            iou_thresholds: options.iou_thresholds.clone(),
            max_detections: options.max_detections,
            results,
        }
    }

    /// The twelve numbers by which detectors are compared.
    pub fn summary(&self) -> CocoSummary {
        CocoSummary::of(self)
    }

    /// The thresholds of IoU.
    pub fn iou_thresholds(&self) -> &[f64] {
        &self.iou_thresholds
    }

    /// The average precision of a class, the mean over the thresholds of IoU; None if it has no objects that count.
    ///
    /// # Panics
    /// If there is no such class.
    #[track_caller]
    pub fn average_precision(&self, class: usize) -> Option<f64> {
        self.precision_of(class, ANY, MOST, None)
    }

    /// The average precision of a class at one of the thresholds of IoU, given by its value; None if it has no objects
    /// that count.
    ///
    /// # Panics
    /// If there is no such class, or the threshold is none of those evaluated.
    #[track_caller]
    pub fn average_precision_at(&self, class: usize, iou_threshold: f64) -> Option<f64> {
        self.precision_of(class, ANY, MOST, Some(self.threshold(iou_threshold)))
    }

    /// The average recall of a class, the mean over the thresholds of IoU; None if it has no objects that count.
    ///
    /// # Panics
    /// If there is no such class.
    #[track_caller]
    pub fn average_recall(&self, class: usize) -> Option<f64> {
        self.recall_of(class, ANY, MOST)
    }

    /// The precision of a class at the recalls 0, 0.01, … 1 at one of the thresholds of IoU, given by its value, to be
    /// drawn; None if it has no objects that count.
    ///
    /// # Panics
    /// If there is no such class, or the threshold is none of those evaluated.
    #[track_caller]
    pub fn precision_at_recalls(&self, class: usize, iou_threshold: f64) -> Option<&[f64]> {
        let threshold = self.threshold(iou_threshold);
        self.results(class, ANY, MOST).map(|results| &results.precision[threshold][..])
    }

    /// The mean over all classes that have objects of some size; at one threshold of IoU or over all.
    pub(super) fn mean_precision(&self, area: usize, limit: usize, threshold: Option<usize>) -> Option<f64> {
        mean((0..self.class_names.len()).map(|class| self.precision_of(class, area, limit, threshold)))
    }

    pub(super) fn mean_recall(&self, area: usize, limit: usize) -> Option<f64> {
        mean((0..self.class_names.len()).map(|class| self.recall_of(class, area, limit)))
    }

    pub(super) fn limits(&self) -> [usize; 3] {
        self.max_detections
    }

    /// The index of the threshold of this value; a rounding error away from it is near enough.
    pub(super) fn find_threshold(&self, value: f64) -> Option<usize> {
        self.iou_thresholds.iter().position(|threshold| (threshold - value).abs() < 1e-9)
    }

    #[track_caller]
    fn threshold(&self, value: f64) -> usize {
        match self.find_threshold(value) {
            Some(threshold) => threshold,
            None => {
                panic!("CocoEvaluation: {value} is none of the IoU thresholds {:?}", self.iou_thresholds)
            }
        }
    }

    #[track_caller]
    fn results(&self, class: usize, area: usize, limit: usize) -> Option<&Results> {
        let classes = self.class_names.len();
        assert!(class < classes, "CocoEvaluation: there is no class {class} among {classes}");
        self.results[(class * 4 + area) * 3 + limit].as_ref()
    }

    #[track_caller]
    fn precision_of(&self, class: usize, area: usize, limit: usize, threshold: Option<usize>) -> Option<f64> {
        let precision = &self.results(class, area, limit)?.precision;
        let average = |precision: &Vec<f64>| Some(precision.iter().sum::<f64>() / precision.len() as f64);
        match threshold {
            Some(threshold) => average(&precision[threshold]),
            None => mean(precision.iter().map(average)),
        }
    }

    #[track_caller]
    fn recall_of(&self, class: usize, area: usize, limit: usize) -> Option<f64> {
        mean(self.results(class, area, limit)?.recall.iter().copied().map(Some))
    }
}

/// The number of objects of a class, and its results by area and number of detections.
fn evaluate(
    evaluator: &DetectionEvaluator,
    class: usize,
    options: &CocoOptions,
) -> (usize, Vec<Option<Results>>) {
    let (areas, most) = (options.areas(), options.max_detections[MOST]);
    let thresholds = options.iou_thresholds.len();
    let mut positives = [0; 4];
    // Score and rank in its picture of each detection, and what becomes of it by area and threshold.
    let mut detections: Vec<(f64, usize)> = Vec::new();
    let mut outcomes = vec![Vec::new(); areas.len() * thresholds];
    for (truth, mut found) in evaluator.of_class(class) {
        found.truncate(most);
        let scene = Scene::new(&truth, &found);
        detections.extend(found.iter().enumerate().map(|(rank, detection)| (detection.score, rank)));
        for (at, &area) in areas.iter().enumerate() {
            positives[at] += scene.positives(area);
            for (t, &threshold) in options.iou_thresholds.iter().enumerate() {
                outcomes[at * thresholds + t].extend(scene.outcomes(threshold, area));
            }
        }
    }
    let mut order: Vec<usize> = (0..detections.len()).collect();
    // Stable: equal scores stay in the order of the pictures.
    order.sort_by(|&a, &b| from_the_surest(detections[a].0, detections[b].0));
    let mut results = Vec::new();
    for (area, &positives) in positives.iter().enumerate() {
        for limit in options.max_detections {
            if positives == 0 {
                results.push(None);
                continue;
            }
            let curve = |threshold: usize| {
                let outcomes = &outcomes[area * thresholds + threshold];
                let counted =
                    order.iter().filter(|&&at| detections[at].1 < limit && outcomes[at] != Outcome::Ignored);
                PrecisionRecall::new(
                    counted.map(|&at| (detections[at].0, outcomes[at] == Outcome::Right)),
                    positives,
                )
            };
            let curves: Vec<PrecisionRecall> = (0..thresholds).map(curve).collect();
            results.push(Some(Results {
                precision: curves.iter().map(|curve| curve.precision_at(hundredths())).collect(),
                recall: curves.iter().map(PrecisionRecall::final_recall).collect(),
            }));
        }
    }
    (positives[ANY], results)
}

impl fmt::Display for CocoEvaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (half, strict) = (self.find_threshold(0.5), self.find_threshold(0.75));
        let mut header = vec!["class", "objects", "AP"];
        header.extend(half.map(|_| "AP50"));
        header.extend(strict.map(|_| "AP75"));
        header.push("AR");
        let mut rows = vec![header.into_iter().map(str::to_owned).collect::<Vec<_>>()];
        for (class, name) in self.class_names.iter().enumerate() {
            let mut row = vec![name.clone(), self.objects[class].to_string()];
            row.push(table::number(self.average_precision(class)));
            for threshold in [half, strict].into_iter().flatten() {
                row.push(table::number(self.precision_of(class, ANY, MOST, Some(threshold))));
            }
            row.push(table::number(self.average_recall(class)));
            rows.push(row);
        }
        table::write(f, &rows)?;
        write!(f, "\n{}", self.summary())
    }
}
