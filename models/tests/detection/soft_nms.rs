//! Soft suppression against a slow one.

use proptest::prelude::*;
use wengert::data::detection::{BoundingBox, Detection};
use wengert::models::detection::{Nms, SoftNms, SoftNmsDecay};

fn detections() -> impl Strategy<Value = Vec<Detection>> {
    let one = (0..20, 0..20, 1..15, 1..15, 0usize..3, 1..16).prop_map(|(x, y, w, h, class, score)| {
        let [x, y, w, h] = [x, y, w, h].map(f64::from);
        Detection::new(BoundingBox::from_corner(x, y, w, h), class, f64::from(score) / 16.0)
    });
    prop::collection::vec(one, 0..30)
}

/// The paper's figure 2, on all classes at once.
fn slowly(detections: &[Detection], least: f64, factor: impl Fn(f64) -> f64) -> Vec<(usize, f64)> {
    let mut left: Vec<(usize, f64)> = detections.iter().map(|d| d.score).enumerate().collect();
    let mut kept = Vec::new();
    while let Some(&(best, score)) =
        left.iter().reduce(|best, next| if next.1 > best.1 { next } else { best })
    {
        kept.push((best, score));
        left.retain(|&(at, _)| at != best);
        for (at, score) in &mut left {
            let (a, b) = (&detections[best], &detections[*at]);
            if a.class == b.class {
                *score *= factor(a.bounding_box.iou(&b.bounding_box));
            }
        }
        left.retain(|&(_, score)| score > least);
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn linear(detections in detections(), threshold in 0..4) {
        let threshold = f64::from(threshold) / 4.0;
        let factor = |iou| if iou >= threshold { 1.0 - iou } else { 1.0 };
        prop_assert_eq!(SoftNms::linear(threshold).keep(&detections), slowly(&detections, 0.001, factor));
    }

    #[test]
    fn gaussian(detections in detections(), sigma in 0.1..2.0, least in 0.0..0.3) {
        let detections: Vec<Detection> = detections.into_iter().filter(|d| d.score > least).collect();
        let found = SoftNms::gaussian(sigma).score_threshold(least).keep(&detections);
        prop_assert_eq!(found, slowly(&detections, least, |iou| (-iou * iou / sigma).exp()));
    }

    #[test]
    fn a_narrow_gaussian_is_hard_suppression(detections in detections(), class_agnostic: bool) {
        let soft = SoftNms::gaussian(1e-9).class_agnostic(class_agnostic).apply(&detections);
        prop_assert_eq!(soft, Nms::new(0.0).class_agnostic(class_agnostic).apply(&detections));
    }

    #[test]
    fn a_limit_keeps_the_surest(detections in detections(), limit in 0usize..6) {
        let all = SoftNms::gaussian(0.5).apply(&detections);
        let some = SoftNms::gaussian(0.5).max_detections(limit).apply(&detections);
        prop_assert_eq!(&some[..], &all[..limit.min(all.len())]);
    }
}

#[test]
fn what_is_no_number_is_no_detection() {
    let at = |x2, score| Detection::new(BoundingBox::new(0.0, 0.0, x2, 1.0), 0, score);
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let detections = [at(1.0, nan), at(1.0, inf), at(inf, 0.9), at(nan, 0.9), at(1.0, 0.5), at(1.0, -1.0)];
    for soft in [SoftNms::linear(0.3), SoftNms::gaussian(0.5)] {
        assert_eq!(soft.keep(&detections), [(4, 0.5)]);
        assert_eq!(soft.keep(&[]), []);
    }
}

#[test]
fn options_come_from_files() {
    let soft: SoftNms = serde_json::from_str(r#"{"decay": {"gaussian": {"sigma": 0.5}}}"#).unwrap();
    assert_eq!(soft, SoftNms::gaussian(0.5));
    let soft: SoftNms = serde_json::from_str(r#"{"decay": {"linear": {"iou_threshold": 3}}}"#).unwrap();
    assert_eq!(
        soft.check().unwrap_err().to_string(),
        "SoftNms: iou_threshold is 3, expected a number in 0..=1"
    );
    let error = SoftNms::linear(0.5).score_threshold(-1.0).check().unwrap_err();
    assert_eq!(error.to_string(), "SoftNms: score_threshold is -1, expected a number that is not negative");
    assert!(serde_json::from_str::<SoftNmsDecay>(r#"{"cubic": {}}"#).is_err());
}

#[test]
#[should_panic(expected = "SoftNms: sigma is 0, expected a positive number")]
fn a_gaussian_has_a_width() {
    SoftNms::gaussian(0.0).keep(&[]);
}
