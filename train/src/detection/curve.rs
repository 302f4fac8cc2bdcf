//! Precision by recall, and the area under it.

use serde::{Deserialize, Serialize};

/// How the area under precision by recall is measured. Precision is first made to fall: at each recall it is the highest
/// that is reached there or further on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApMethod {
    /// The mean at the eleven recalls 0, 0.1, … 1: Pascal VOC to 2009.
    ElevenPoint,
    /// The area, exactly: Pascal VOC from 2010 on.
    #[default]
    AllPoint,
    /// The mean at the 101 recalls 0, 0.01, … 1: COCO.
    HundredOnePoint,
}

/// What becomes of precision and recall as less and less sure detections are taken: the points of the curve.
///
/// ```
/// use wengert::train::detection::{ApMethod, PrecisionRecall};
///
/// // Right, wrong, right, with three objects to be found.
/// let curve = PrecisionRecall::new([(0.9, true), (0.8, false), (0.5, true)], 3);
/// assert_eq!(curve.precision(), [1.0, 1.0 / 2.0, 2.0 / 3.0]);
/// assert_eq!(curve.recall(), [1.0 / 3.0, 1.0 / 3.0, 2.0 / 3.0]);
/// assert_eq!(curve.envelope(), [1.0, 2.0 / 3.0, 2.0 / 3.0]);
/// let ap = curve.average_precision(ApMethod::AllPoint).unwrap();
/// assert!((ap - (1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PrecisionRecall {
    scores: Vec<f64>,
    precision: Vec<f64>,
    recall: Vec<f64>,
    positives: usize,
}

impl PrecisionRecall {
    /// From detections, the surest first, as score and whether it is right, and the number of objects there are to be
    /// found. Recall is 0 where there are none.
    pub fn new(detections: impl IntoIterator<Item = (f64, bool)>, positives: usize) -> Self {
        let mut curve = Self { scores: Vec::new(), precision: Vec::new(), recall: Vec::new(), positives };
        let mut right = 0.0;
        for (score, is_right) in detections {
            curve.scores.push(score);
            right += f64::from(u8::from(is_right));
            curve.precision.push(right / curve.scores.len() as f64);
            curve.recall.push(if positives == 0 { 0.0 } else { right / positives as f64 });
        }
        curve
    }

    /// The scores of the detections that count, falling.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// Of the detections up to each, the share that is right.
    pub fn precision(&self) -> &[f64] {
        &self.precision
    }

    /// Of the objects, the share that was found by the detections up to each.
    pub fn recall(&self) -> &[f64] {
        &self.recall
    }

    /// How many objects there are to be found.
    pub fn positives(&self) -> usize {
        self.positives
    }

    /// The recall of all detections together; 0 if there are none.
    pub fn final_recall(&self) -> f64 {
        self.recall.last().copied().unwrap_or(0.0)
    }

    /// At each point the highest precision that is reached there or further on.
    pub fn envelope(&self) -> Vec<f64> {
        let mut envelope = self.precision.clone();
        for at in (1..envelope.len()).rev() {
            envelope[at - 1] = envelope[at - 1].max(envelope[at]);
        }
        envelope
    }

    /// The highest precision at each of some recalls, or beyond it; 0 where that recall is not reached.
    pub fn precision_at(&self, recalls: impl IntoIterator<Item = f64>) -> Vec<f64> {
        let envelope = self.envelope();
        let at = |recall: f64| self.recall.partition_point(|&reached| reached < recall);
        recalls.into_iter().map(|recall| envelope.get(at(recall)).copied().unwrap_or(0.0)).collect()
    }

    /// The area under the curve; None if there is nothing to be found.
    pub fn average_precision(&self, method: ApMethod) -> Option<f64> {
        if self.positives == 0 {
            return None;
        }
        Some(match method {
            ApMethod::ElevenPoint => {
                self.precision_at((0..=10).map(|tenth| f64::from(tenth) / 10.0)).iter().sum::<f64>() / 11.0
            }
            ApMethod::HundredOnePoint => self.precision_at(hundredths()).iter().sum::<f64>() / 101.0,
            ApMethod::AllPoint => {
                let mut reached = 0.0;
                let mut area = 0.0;
                for (&recall, precision) in self.recall.iter().zip(self.envelope()) {
                    area += (recall - reached) * precision;
                    reached = recall;
                }
                area
            }
        })
    }
}

/// The recalls 0, 0.01, … 1 in the bits that COCO's own program gives them.
pub(super) fn hundredths() -> impl Iterator<Item = f64> {
    (0..=100).map(|hundredth| if hundredth == 100 { 1.0 } else { f64::from(hundredth) * 0.01 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: [ApMethod; 3] = [ApMethod::ElevenPoint, ApMethod::AllPoint, ApMethod::HundredOnePoint];

    #[test]
    fn a_perfect_detector_has_1_and_a_wrong_one_0() {
        let perfect = PrecisionRecall::new((0..7).map(|at| (-f64::from(at), true)), 7);
        let wrong = PrecisionRecall::new((0..7).map(|at| (-f64::from(at), false)), 7);
        let silent = PrecisionRecall::new([], 7);
        for method in METHODS {
            assert_eq!(perfect.average_precision(method), Some(1.0));
            assert_eq!(wrong.average_precision(method), Some(0.0));
            assert_eq!(silent.average_precision(method), Some(0.0));
        }
        assert_eq!(silent.final_recall(), 0.0);
    }

    #[test]
    fn with_nothing_to_be_found_there_is_no_average() {
        let curve = PrecisionRecall::new([(0.5, false)], 0);
        assert_eq!(curve.recall(), [0.0]);
        assert!(METHODS.iter().all(|&method| curve.average_precision(method).is_none()));
    }

    #[test]
    fn a_recall_that_is_a_tenth_is_reached() {
        // 3 of 10 is 0.3, although three times 0.1 is a little more.
        let curve = PrecisionRecall::new((0..3).map(|_| (0.5, true)), 10);
        assert_eq!(curve.average_precision(ApMethod::ElevenPoint), Some(4.0 / 11.0));
    }

    #[test]
    fn the_area_is_that_of_the_steps() {
        let curve =
            PrecisionRecall::new([(0.9, false), (0.8, true), (0.7, true), (0.6, false), (0.5, true)], 4);
        let (a, b) = (2.0 / 3.0, 3.0 / 5.0);
        let area = curve.average_precision(ApMethod::AllPoint).unwrap();
        assert!((area - (0.5 * a + 0.25 * b)).abs() < 1e-15);
        // Recalls 0 to 0.5 are six tenths, to 0.7 two more; 0 to 0.5 are 51 hundredths, to 0.75 25 more.
        let eleven = curve.average_precision(ApMethod::ElevenPoint).unwrap();
        assert!((eleven - (6.0 * a + 2.0 * b) / 11.0).abs() < 1e-15);
        let many = curve.average_precision(ApMethod::HundredOnePoint).unwrap();
        assert!((many - (51.0 * a + 25.0 * b) / 101.0).abs() < 1e-14);
    }
}
