//! The pictures that a detector is judged by.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use data::detection::{Detection, Object};

use super::{CocoEvaluation, CocoOptions, PrecisionRecall, VocEvaluation, VocOptions, voc};

/// Collects objects and detections picture by picture, and computes precision, recall and average precision of them.
///
/// Each picture has a number. The result does not depend on the order in which pictures are added: where scores are
/// equal, detections count in the order of these numbers, and within a picture as they were given. A detection whose
/// score is NaN counts last.
///
/// Nothing is computed before it is asked for, so that one collection gives all metrics.
///
/// ```
/// use wengert::data::detection::{BoundingBox, Detection, Object};
/// use wengert::train::detection::{CocoOptions, DetectionEvaluator};
///
/// let place = BoundingBox::new(10.0, 10.0, 50.0, 50.0);
/// let near = BoundingBox::new(10.0, 10.0, 50.0, 45.0);
/// let mut evaluator = DetectionEvaluator::new(["digit"]);
/// evaluator.add(7, &[Object::new(place, 0)], &[Detection::new(near, 0, 0.9)]);
/// evaluator.add(3, &[], &[]);
///
/// assert_eq!(evaluator.mean_average_precision(0.5), Some(1.0));
/// // The IoU is 0.875, above eight of the ten thresholds.
/// let summary = evaluator.coco(&CocoOptions::new()).summary();
/// assert!((summary.ap.unwrap() - 0.8).abs() < 1e-12);
/// assert_eq!(summary.ap_large, None); // there is no such object
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DetectionEvaluator {
    class_names: Vec<String>,
    pictures: BTreeMap<u64, Picture>,
}

/// What stands in a picture and what was found there, the surest first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Picture {
    pub(super) truth: Vec<Object>,
    pub(super) detections: Vec<Detection>,
}

impl DetectionEvaluator {
    /// For classes of the given names; no pictures yet.
    pub fn new(class_names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { class_names: class_names.into_iter().map(Into::into).collect(), pictures: BTreeMap::new() }
    }

    /// For so many classes, called by their indices.
    pub fn with_classes(classes: usize) -> Self {
        Self::new((0..classes).map(|class| class.to_string()))
    }

    /// Adds a picture under a number of its own: the objects of its label and what was detected.
    ///
    /// Boxes are by their edges, in pixels or in whatever unit both share; COCO's sizes of objects are meant in pixels.
    /// A pixel is a square, so that Pascal VOC's xmin..=xmax is the box from xmin − 1 to xmax.
    ///
    /// # Panics
    /// If there is a picture of this number already, or a class is not in `0..classes`; then nothing is added.
    #[track_caller]
    pub fn add(&mut self, picture: u64, truth: &[Object], detections: &[Detection]) {
        let classes = self.class_names.len();
        assert!(
            !self.pictures.contains_key(&picture),
            "DetectionEvaluator::add: picture {picture} was added already"
        );
        for (at, object) in truth.iter().enumerate() {
            let class = object.class;
            assert!(
                class < classes,
                "DetectionEvaluator::add: object {at} is of class {class}, not in 0..{classes}"
            );
        }
        for (at, detection) in detections.iter().enumerate() {
            let class = detection.class;
            assert!(
                class < classes,
                "DetectionEvaluator::add: detection {at} is of class {class}, not in 0..{classes}"
            );
        }
        let mut detections = detections.to_vec();
        detections.sort_by(|a, b| from_the_surest(a.score, b.score));
        self.pictures.insert(picture, Picture { truth: truth.to_vec(), detections });
    }

    /// Adds the pictures of another collection, of the same classes.
    ///
    /// # Panics
    /// If the names of the classes differ, or both have a picture of the same number; then nothing is added.
    #[track_caller]
    pub fn merge(&mut self, other: Self) {
        let (ours, theirs) = (&self.class_names, &other.class_names);
        assert!(ours == theirs, "DetectionEvaluator::merge: classes {ours:?} and {theirs:?}");
        if let Some(picture) = other.pictures.keys().find(|picture| self.pictures.contains_key(picture)) {
            panic!("DetectionEvaluator::merge: picture {picture} is in both");
        }
        self.pictures.extend(other.pictures);
    }

    /// The names of the classes.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// How many pictures were added.
    pub fn pictures(&self) -> usize {
        self.pictures.len()
    }

    /// Precision and recall of a class as the score that a detection needs falls; what a detection needs to be right is
    /// told at [`VocEvaluation`].
    ///
    /// # Panics
    /// If there is no such class, or the threshold is not in 0..=1.
    #[track_caller]
    pub fn precision_recall(&self, class: usize, iou_threshold: f64) -> PrecisionRecall {
        let classes = self.class_names.len();
        assert!(class < classes, "DetectionEvaluator: there is no class {class} among {classes}");
        check_iou("DetectionEvaluator", iou_threshold);
        voc::curve(self, class, iou_threshold)
    }

    /// The mean over the classes of the area under precision by recall, mAP, at a threshold of IoU such as 0.5. Classes
    /// without objects are left out; None if all are.
    ///
    /// # Panics
    /// If the threshold is not in 0..=1.
    #[track_caller]
    pub fn mean_average_precision(&self, iou_threshold: f64) -> Option<f64> {
        self.voc(&VocOptions::new().iou_threshold(iou_threshold)).mean_average_precision()
    }

    /// Evaluates as the Pascal VOC challenges do.
    ///
    /// # Panics
    /// If the threshold is not in 0..=1.
    #[track_caller]
    pub fn voc(&self, options: &VocOptions) -> VocEvaluation {
        VocEvaluation::new(self, options)
    }

    /// Evaluates as the COCO challenges do.
    ///
    /// # Panics
    /// If the options contradict themselves; see [`CocoOptions`].
    #[track_caller]
    pub fn coco(&self, options: &CocoOptions) -> CocoEvaluation {
        CocoEvaluation::new(self, options)
    }

    /// Objects and detections of a class in each picture, by the pictures' numbers.
    pub(super) fn of_class(&self, class: usize) -> impl Iterator<Item = (Vec<&Object>, Vec<&Detection>)> {
        self.pictures.values().map(move |picture| {
            (
                picture.truth.iter().filter(|object| object.class == class).collect(),
                picture.detections.iter().filter(|detection| detection.class == class).collect(),
            )
        })
    }
}

/// The higher score first, NaN last.
pub(super) fn from_the_surest(a: f64, b: f64) -> Ordering {
    b.partial_cmp(&a).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

#[track_caller]
pub(super) fn check_iou(what: &str, threshold: f64) {
    assert!((0.0..=1.0).contains(&threshold), "{what}: the IoU threshold {threshold} is not in 0..=1");
}

/// The mean of what there is; None if there is nothing.
pub(super) fn mean(values: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0);
    for value in values.into_iter().flatten() {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}
