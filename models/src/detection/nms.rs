//! One box for each object.

use data::detection::Detection;

/// Of the detections of one picture those that no surer one of the same class overlaps, the surest first.
pub(super) fn suppress(mut found: Vec<Detection>, iou: f64) -> Vec<Detection> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Detection> = Vec::new();
    for one in found {
        let covered =
            |other: &Detection| other.class == one.class && other.bounding_box.iou(&one.bounding_box) > iou;
        if !kept.iter().any(covered) {
            kept.push(one);
        }
    }
    kept
}
