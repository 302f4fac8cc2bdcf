//! The test on scenes of digits that were never seen.

use wengert::data::detection::{Detection, Scenes};
use wengert::prelude::*;
use wengert::train::detection::{CocoOptions, CocoSummary, DetectionEvaluator, VocEvaluation, VocOptions};

/// Of boxes of one class that overlap more than this, the surest stays.
pub(crate) const NMS_IOU: f64 = 0.45;

/// Boxes of a lower score are too many, and hardly move the average precision.
const LEAST_SCORE: f64 = 0.01;

/// What the network finds, and how right it is.
pub(crate) struct Verdict {
    pub(crate) found: Vec<Vec<Detection>>,
    pub(crate) voc: VocEvaluation,
    pub(crate) coco: CocoSummary,
}

/// Detects in the first `count` scenes, on no tape.
pub(crate) fn evaluate(model: &TinyYolo, scenes: &Scenes, count: usize) -> Verdict {
    let mut evaluator = DetectionEvaluator::new(scenes.class_names());
    let mut found = Vec::with_capacity(count);
    while found.len() < count {
        let from = found.len();
        let batch = scenes.batch(from as u64..count.min(from + 32) as u64);
        let detections = model.detect(&batch.pictures, LEAST_SCORE, NMS_IOU);
        for (i, (truth, detections)) in batch.objects.iter().zip(&detections).enumerate() {
            evaluator.add((from + i) as u64, truth, detections);
        }
        found.extend(detections);
    }
    let voc = evaluator.voc(&VocOptions::new());
    Verdict { found, voc, coco: evaluator.coco(&CocoOptions::new()).summary() }
}
