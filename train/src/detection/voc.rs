//! The evaluation of the Pascal VOC challenges.

use std::fmt;

use data::detection::{Detection, Object};
use serde::Serialize;

use super::evaluator::{check_iou, from_the_surest, mean};
use super::{ApMethod, DetectionEvaluator, PrecisionRecall};
use crate::table;

/// Options of [`DetectionEvaluator::voc`].
///
/// ```
/// use wengert::train::detection::{ApMethod, VocOptions};
///
/// let voc_2007 = VocOptions::new().method(ApMethod::ElevenPoint);
/// assert_eq!(VocOptions::new(), VocOptions::new().iou_threshold(0.5).method(ApMethod::AllPoint));
/// assert_ne!(VocOptions::new(), voc_2007);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VocOptions {
    iou_threshold: f64,
    method: ApMethod,
}

impl Default for VocOptions {
    fn default() -> Self {
        Self { iou_threshold: 0.5, method: ApMethod::AllPoint }
    }
}

impl VocOptions {
    /// IoU of at least 0.5, and the area under the whole curve: the rule from 2010 on.
    pub fn new() -> Self {
        Self::default()
    }

    /// The IoU that a right detection has at least, in 0..=1 (default: 0.5).
    pub const fn iou_threshold(mut self, threshold: f64) -> Self {
        self.iou_threshold = threshold;
        self
    }

    /// How the area under the curve is measured (default: [`ApMethod::AllPoint`]).
    pub const fn method(mut self, method: ApMethod) -> Self {
        self.method = method;
        self
    }
}

/// Average precision of each class as the Pascal VOC challenges have it.
///
/// The detections of a class are taken from the surest on. Each belongs to the object of its picture and class of the
/// highest IoU, the first of equals. If that IoU is below the threshold, the detection is wrong. If the object is
/// difficult (or a crowd), the detection does not count. Otherwise it is right, but for the second and later ones of
/// the same object, which are wrong. Difficult objects need not be found.
///
/// After Everingham et al., "The Pascal visual object classes (VOC) challenge" (2010), and its development kit.
///
/// It prints as a table: the objects that count, the detections that do, how many of the objects were found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VocEvaluation {
    classes: Vec<VocClass>,
}

/// A class of a [`VocEvaluation`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VocClass {
    /// Its name.
    pub name: String,
    /// Precision and recall as the score falls.
    pub curve: PrecisionRecall,
    /// The area under the curve; None if the class has no objects that count.
    pub average_precision: Option<f64>,
}

impl VocEvaluation {
    #[track_caller]
    pub(super) fn new(evaluator: &DetectionEvaluator, options: &VocOptions) -> Self {
        check_iou("VocOptions", options.iou_threshold);
        let class = |(class, name): (usize, &String)| {
            let curve = curve(evaluator, class, options.iou_threshold);
            let average_precision = curve.average_precision(options.method);
            VocClass { name: name.clone(), curve, average_precision }
        };
        Self { classes: evaluator.class_names().iter().enumerate().map(class).collect() }
    }

    /// The classes.
    pub fn classes(&self) -> &[VocClass] {
        &self.classes
    }

    /// The mean over the classes that have objects, mAP; None if none has.
    pub fn mean_average_precision(&self) -> Option<f64> {
        mean(self.classes.iter().map(|class| class.average_precision))
    }
}

impl fmt::Display for VocEvaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![["class", "objects", "detections", "recall", "AP"].map(str::to_owned).to_vec()];
        let mut row = |name: &str, objects: usize, detections: usize, recall, ap| {
            let (recall, ap) = (table::number(recall), table::number(ap));
            rows.push(vec![name.to_owned(), objects.to_string(), detections.to_string(), recall, ap]);
        };
        let recall = |c: &VocClass| (c.curve.positives() > 0).then(|| c.curve.final_recall());
        for class in &self.classes {
            let curve = &class.curve;
            row(&class.name, curve.positives(), curve.scores().len(), recall(class), class.average_precision);
        }
        let objects = self.classes.iter().map(|class| class.curve.positives()).sum();
        let detections = self.classes.iter().map(|class| class.curve.scores().len()).sum();
        row(
            "mean",
            objects,
            detections,
            mean(self.classes.iter().map(recall)),
            self.mean_average_precision(),
        );
        table::write(f, &rows)
    }
}

/// Precision and recall of a class at a threshold of IoU.
pub(super) fn curve(evaluator: &DetectionEvaluator, class: usize, threshold: f64) -> PrecisionRecall {
    let (mut positives, mut detections) = (0, Vec::new());
    for (truth, found) in evaluator.of_class(class) {
        positives += truth.iter().filter(|object| counts(object)).count();
        detections.extend(judge(&truth, &found, threshold));
    }
    // Stable: equal scores stay in the order of the pictures.
    detections.sort_by(|a, b| from_the_surest(a.0, b.0));
    PrecisionRecall::new(detections, positives)
}

fn counts(object: &Object) -> bool {
    !object.difficult && !object.crowd
}

/// Score and rightness of the detections of one picture that count.
fn judge(truth: &[&Object], found: &[&Detection], threshold: f64) -> Vec<(f64, bool)> {
    let mut taken = vec![false; truth.len()];
    let mut judged = Vec::new();
    for detection in found {
        let mut best: Option<(usize, f64)> = None;
        for (at, object) in truth.iter().enumerate() {
            let iou = detection.bounding_box.iou(&object.bounding_box);
            if best.is_none_or(|(_, highest)| iou > highest) {
                best = Some((at, iou));
            }
        }
        match best {
            Some((at, iou)) if iou >= threshold => {
                if counts(truth[at]) {
                    judged.push((detection.score, !taken[at]));
                    taken[at] = true;
                }
            }
            _ => judged.push((detection.score, false)),
        }
    }
    judged
}
