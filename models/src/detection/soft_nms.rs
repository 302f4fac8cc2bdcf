//! Boxes on one object make each other less sure instead of dropping out: soft suppression.

use std::collections::BTreeMap;

use data::detection::Detection;
use nn::ConfigError;
use serde::{Deserialize, Serialize};

use super::neighbourhood::Rectangle;
use super::nms::from_the_surest;
use crate::configured::{expect, wrong};

/// Soft non-maximum suppression: the surest detection is taken, the scores of those of its class that overlap it fall,
/// and so on with those that are left. What was sure enough stays in spite of its neighbours, as where objects stand
/// before each other.
///
/// With u the IoU of a detection with the one that is taken, its score is multiplied by
///
/// | | |
/// | --- | --- |
/// | [`linear`](Self::linear) | 1 − u where u ≥ the threshold, else 1 |
/// | [`gaussian`](Self::gaussian) | e^(−u²/σ) |
///
/// and it drops out once its score is 0.001 or less ([`score_threshold`](Self::score_threshold)). Equal scores are
/// taken by position. A detection whose score or an edge of which is not finite is none and never kept.
///
/// Bodla et al., "Soft-NMS: improving object detection with one line of code" (2017).
///
/// ```
/// use wengert::data::detection::{BoundingBox, Detection};
/// use wengert::models::detection::SoftNms;
///
/// let at = |x, score| Detection::new(BoundingBox::from_corner(x, 0.0, 10.0, 10.0), 0, score);
/// let found = SoftNms::linear(0.3).apply(&[at(0.0, 0.8), at(0.0, 0.9), at(5.0, 0.6)]);
/// // The twin is gone; the other overlaps by a third.
/// assert_eq!(found.len(), 2);
/// assert_eq!((found[0].score, found[1].bounding_box.x1), (0.9, 5.0));
/// assert!((found[1].score - 0.4).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoftNms {
    decay: SoftNmsDecay,
    #[serde(default = "little")]
    score_threshold: f64,
    #[serde(default)]
    class_agnostic: bool,
    #[serde(default)]
    max_detections: Option<usize>,
}

/// How scores fall in [`SoftNms`]. In a file: `{"linear": {"iou_threshold": 0.3}}`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SoftNmsDecay {
    /// By 1 − IoU, from a threshold of IoU on.
    Linear {
        /// The least IoU that counts, in 0..=1.
        iou_threshold: f64,
    },
    /// By e^(−IoU²/σ).
    Gaussian {
        /// The width σ, positive.
        sigma: f64,
    },
}

impl SoftNmsDecay {
    fn factor(self, iou: f64) -> f64 {
        match self {
            Self::Linear { iou_threshold } if iou >= iou_threshold => 1.0 - iou,
            Self::Linear { .. } => 1.0,
            Self::Gaussian { sigma } => (-iou * iou / sigma).exp(),
        }
    }
}

fn little() -> f64 {
    0.001
}

impl SoftNms {
    /// Scores fall by 1 − IoU, from this IoU on; the paper's is 0.3.
    pub fn linear(iou_threshold: f64) -> Self {
        Self::new(SoftNmsDecay::Linear { iou_threshold })
    }

    /// Scores fall by e^(−IoU²/σ); the paper's σ is 0.5.
    pub fn gaussian(sigma: f64) -> Self {
        Self::new(SoftNmsDecay::Gaussian { sigma })
    }

    fn new(decay: SoftNmsDecay) -> Self {
        Self { decay, score_threshold: little(), class_agnostic: false, max_detections: None }
    }

    /// Drops what has this score or a lower one, or comes to have it; not negative (default: 0.001).
    pub const fn score_threshold(mut self, score: f64) -> Self {
        self.score_threshold = score;
        self
    }

    /// Whether boxes of different classes lower each other's scores (default: false).
    pub const fn class_agnostic(mut self, agnostic: bool) -> Self {
        self.class_agnostic = agnostic;
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
    /// If the IoU threshold is not in 0..=1, σ is not positive, or the score's threshold is negative or NaN.
    pub fn check(&self) -> Result<(), ConfigError> {
        const NAME: &str = "SoftNms";
        match self.decay {
            SoftNmsDecay::Linear { iou_threshold } if !(0.0..=1.0).contains(&iou_threshold) => {
                return wrong(NAME, "iou_threshold", iou_threshold, "a number in 0..=1");
            }
            SoftNmsDecay::Gaussian { sigma } if sigma.is_nan() || sigma <= 0.0 => {
                return wrong(NAME, "sigma", sigma, "a positive number");
            }
            _ => {}
        }
        if self.score_threshold.is_nan() || self.score_threshold < 0.0 {
            return wrong(NAME, "score_threshold", self.score_threshold, "a number that is not negative");
        }
        Ok(())
    }

    /// The detections that stay, with their new scores, from the surest on.
    ///
    /// # Panics
    /// If [`check`](Self::check) fails.
    #[track_caller]
    pub fn apply(&self, detections: &[Detection]) -> Vec<Detection> {
        let lowered = |(at, score)| Detection { score, ..detections[at] };
        self.keep(detections).into_iter().map(lowered).collect()
    }

    /// The positions of the detections that stay, and their new scores, from the surest on.
    ///
    /// # Panics
    /// If [`check`](Self::check) fails.
    #[track_caller]
    pub fn keep(&self, detections: &[Detection]) -> Vec<(usize, f64)> {
        expect(self.check());
        let boxes: Vec<Rectangle<f64>> = detections.iter().map(|d| Rectangle::from(d.bounding_box)).collect();
        let scores: Vec<f64> = detections.iter().map(|d| d.score).collect();
        let mut classes = BTreeMap::<usize, Vec<(usize, f64)>>::new();
        for at in from_the_surest(&boxes, &scores, Some(self.score_threshold)) {
            if scores[at].is_finite() {
                let class = if self.class_agnostic { 0 } else { detections[at].class };
                classes.entry(class).or_default().push((at, scores[at]));
            }
        }
        let limit = self.max_detections.unwrap_or(usize::MAX);
        let mut kept = Vec::new();
        for left in classes.into_values() {
            kept.extend(self.of_one_class(&boxes, left, limit));
        }
        kept.sort_by(surer);
        kept.truncate(limit);
        kept
    }

    fn of_one_class(
        &self,
        boxes: &[Rectangle<f64>],
        mut left: Vec<(usize, f64)>,
        limit: usize,
    ) -> Vec<(usize, f64)> {
        let mut kept = Vec::new();
        while kept.len() < limit {
            let Some(surest) = (0..left.len()).min_by(|&a, &b| surer(&left[a], &left[b])) else { break };
            let surest = left.swap_remove(surest);
            kept.push(surest);
            left.retain_mut(|(at, score)| {
                let iou = boxes[*at].iou(&boxes[surest.0]);
                if iou > 0.0 {
                    *score *= self.decay.factor(iou);
                }
                *score > self.score_threshold
            });
        }
        kept
    }
}

/// The higher score first, then the earlier position.
fn surer(a: &(usize, f64), b: &(usize, f64)) -> std::cmp::Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}
