//! The twelve numbers of COCO.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::CocoEvaluation;
use super::coco::{ANY, MOST};
use crate::table;

/// The numbers by which COCO compares detectors: means over the classes, and over the thresholds of IoU where none is
/// named. None where there is no object of that size, or no such threshold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CocoSummary {
    /// Average precision.
    pub ap: Option<f64>,
    /// Average precision at IoU 0.5.
    pub ap50: Option<f64>,
    /// Average precision at IoU 0.75.
    pub ap75: Option<f64>,
    /// Average precision of small objects.
    pub ap_small: Option<f64>,
    /// Average precision of medium objects.
    pub ap_medium: Option<f64>,
    /// Average precision of large objects.
    pub ap_large: Option<f64>,
    /// Average recall with the first number of detections of a class in a picture, 1.
    pub ar_1: Option<f64>,
    /// Average recall with the second number of detections, 10.
    pub ar_10: Option<f64>,
    /// Average recall with the third number of detections, 100, which all others have too.
    pub ar_100: Option<f64>,
    /// Average recall of small objects.
    pub ar_small: Option<f64>,
    /// Average recall of medium objects.
    pub ar_medium: Option<f64>,
    /// Average recall of large objects.
    pub ar_large: Option<f64>,
    max_detections: [usize; 3],
}

impl CocoSummary {
    pub(super) fn of(evaluation: &CocoEvaluation) -> Self {
        let precision = |area| evaluation.mean_precision(area, MOST, None);
        let at =
            |iou| evaluation.find_threshold(iou).and_then(|t| evaluation.mean_precision(ANY, MOST, Some(t)));
        let recall = |area, limit| evaluation.mean_recall(area, limit);
        Self {
            ap: precision(ANY),
            ap50: at(0.5),
            ap75: at(0.75),
            ap_small: precision(1),
            ap_medium: precision(2),
            ap_large: precision(3),
            ar_1: recall(ANY, 0),
            ar_10: recall(ANY, 1),
            ar_100: recall(ANY, MOST),
            ar_small: recall(1, MOST),
            ar_medium: recall(2, MOST),
            ar_large: recall(3, MOST),
            max_detections: evaluation.limits(),
        }
    }

    /// The twelve in pycocotools' order, that of the fields.
    pub fn values(&self) -> [Option<f64>; 12] {
        [
            self.ap,
            self.ap50,
            self.ap75,
            self.ap_small,
            self.ap_medium,
            self.ap_large,
            self.ar_1,
            self.ar_10,
            self.ar_100,
            self.ar_small,
            self.ar_medium,
            self.ar_large,
        ]
    }
}

impl fmt::Display for CocoSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [few, some, most] = self.max_detections;
        let mut rows = vec![["", "IoU", "area", "detections", ""].map(str::to_owned).to_vec()];
        let labels = [
            ("AP", "all", "any", most),
            ("AP", "0.50", "any", most),
            ("AP", "0.75", "any", most),
            ("AP", "all", "small", most),
            ("AP", "all", "medium", most),
            ("AP", "all", "large", most),
            ("AR", "all", "any", few),
            ("AR", "all", "any", some),
            ("AR", "all", "any", most),
            ("AR", "all", "small", most),
            ("AR", "all", "medium", most),
            ("AR", "all", "large", most),
        ];
        for ((what, iou, area, limit), value) in labels.into_iter().zip(self.values()) {
            let [what, iou, area] = [what, iou, area].map(str::to_owned);
            rows.push(vec![what, iou, area, limit.to_string(), table::number(value)]);
        }
        table::write(f, &rows)
    }
}
