//! Suppression against a slow one, and its options.

use proptest::prelude::*;
use wengert::data::detection::{BoundingBox, Detection};
use wengert::models::detection::{Nms, batched_nms, boxes_to_tensor, nms};
use wengert::prelude::*;

/// Detections that overlap, touch and tie often; some are no boxes.
fn detections(most: usize) -> impl Strategy<Value = Vec<Detection>> {
    let one = (0..12, 0..12, -1..9, 0..9, 0usize..3, 0..20).prop_map(|(x, y, w, h, class, score)| {
        let [x, y, w, h] = [x, y, w, h].map(f64::from);
        Detection::new(BoundingBox::from_corner(x, y, w, h), class, f64::from(score) / 20.0)
    });
    prop::collection::vec(one, 0..most)
}

/// The rule as it is told, without any haste.
fn slowly(
    detections: &[Detection],
    score: f64,
    drops: impl Fn(&Detection, &Detection) -> bool,
) -> Vec<usize> {
    let mut left: Vec<usize> = (0..detections.len()).filter(|&at| detections[at].score > score).collect();
    let mut kept = Vec::new();
    while !left.is_empty() {
        let best = left
            .iter()
            .copied()
            .reduce(|best, at| if detections[at].score > detections[best].score { at } else { best });
        let best = best.expect("not empty");
        kept.push(best);
        left.retain(|&at| at != best && !drops(&detections[best], &detections[at]));
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_rule_of_the_notes(detections in detections(60)) {
        let drops = |a: &Detection, b: &Detection| a.class == b.class && a.bounding_box.iou(&b.bounding_box) >= 0.5;
        prop_assert_eq!(Nms::default().keep(&detections), slowly(&detections, 0.6, drops));
    }

    #[test]
    fn any_threshold(detections in detections(60), threshold in 0..=5, inclusive: bool, class_agnostic: bool) {
        // Quarters and thirds are IoUs that come out exactly often.
        let threshold = [0.0, 0.25, 1.0 / 3.0, 0.5, 0.75, 1.0][threshold as usize];
        let drops = |a: &Detection, b: &Detection| {
            let iou = a.bounding_box.iou(&b.bounding_box);
            (class_agnostic || a.class == b.class) && if inclusive { iou >= threshold } else { iou > threshold }
        };
        let nms = Nms::new(threshold).inclusive(inclusive).class_agnostic(class_agnostic);
        prop_assert_eq!(nms.keep(&detections), slowly(&detections, -1.0, drops));
    }

    #[test]
    fn tensors_are_treated_as_detections_are(detections in detections(40)) {
        fn holds<T: Float>(detections: &[Detection]) {
            let boxes: Vec<BoundingBox> = detections.iter().map(|d| d.bounding_box).collect();
            let boxes: Tensor<T> = boxes_to_tensor(&boxes);
            let n = detections.len();
            let scores = Tensor::from_vec([n], detections.iter().map(|d| T::from_f64(d.score)).collect());
            let classes = Indices::from_vec([n], detections.iter().map(|d| d.class as i64).collect());
            let plain = |nms: Nms| nms.keep(detections).iter().map(|&at| at as i64).collect::<Vec<_>>();
            assert_eq!(batched_nms(&boxes, &scores, &classes, 0.5).to_vec(), plain(Nms::new(0.5)));
            assert_eq!(nms(&boxes, &scores, 0.5).to_vec(), plain(Nms::new(0.5).class_agnostic(true)));
        }
        holds::<f32>(&detections);
        holds::<f64>(&detections);
    }

    #[test]
    fn limits_keep_the_surest(detections in detections(60), each in 0usize..4, all in 0usize..8) {
        let unlimited = Nms::new(0.3).keep(&detections);
        prop_assert_eq!(&Nms::new(0.3).max_detections(all).keep(&detections), &unlimited[..all.min(unlimited.len())]);
        let mut of_class = [0; 3];
        let expected: Vec<usize> = unlimited
            .into_iter()
            .filter(|&at| {
                of_class[detections[at].class] += 1;
                of_class[detections[at].class] <= each
            })
            .collect();
        prop_assert_eq!(Nms::new(0.3).max_per_class(each).keep(&detections), expected);
    }
}

#[test]
fn many_boxes_of_very_different_sizes() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let detections: Vec<Detection> = (0..1500)
        .map(|at| {
            // In groups of three near each other.
            let mut group = ChaCha8Rng::seed_from_u64(at as u64 / 3);
            let size = 10f64.powf(group.random_range(-2.0..2.5));
            let (x, y) = (group.random_range(0.0..400.0), group.random_range(0.0..400.0));
            let mut near = |number: f64, by: f64| number + by * size * rng.random_range(-1.0..1.0);
            let (x, y, w, h) = (near(x, 0.1), near(y, 0.1), near(size, 0.1), near(size * 0.7, 0.1));
            let score = f64::from(rng.random_range(0..1000)) / 1000.0;
            Detection::new(BoundingBox::from_center(x, y, w, h), at / 3 % 2, score)
        })
        .collect();
    // Up to a quarter boxes are looked for by their edges, from there on by their centres.
    for threshold in [0.0, 0.2, 0.3, 0.5, 0.8, 0.95] {
        let drops = |a: &Detection, b: &Detection| {
            a.class == b.class && a.bounding_box.iou(&b.bounding_box) > threshold
        };
        let kept = Nms::new(threshold).keep(&detections);
        assert!(kept.len() > 50, "{}", kept.len());
        assert_eq!(kept, slowly(&detections, -1.0, drops));
    }
}

#[test]
fn what_is_no_number_is_no_detection() {
    let at = |x1, x2, score| Detection::new(BoundingBox::new(x1, 0.0, x2, 1.0), 0, score);
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let detections = [
        at(0.0, 1.0, nan),
        at(nan, 1.0, 0.9),
        at(0.0, inf, 0.9),
        at(-inf, 1.0, 0.9),
        at(0.0, 1.0, 0.5),
        at(0.0, 1.0, inf),
        at(5.0, 6.0, -inf),
    ];
    assert_eq!(Nms::new(0.5).keep(&detections), [5, 6]);
    assert_eq!(Nms::new(0.5).score_threshold(0.0).keep(&detections), [5]);
    assert_eq!(Nms::new(0.5).keep(&[]), [0usize; 0]);
    let empty = Tensor::<f32>::zeros([0, 4]);
    assert_eq!(nms(&empty, &Tensor::zeros([0]), 0.5).shape(), [0]);
}

#[test]
fn boxes_as_large_and_as_small_as_numbers_go() {
    let at = |x: f64, y: f64, score| Detection::new(BoundingBox::new(-x, -y, x, y), 0, score);
    let huge = f64::MAX;
    let detections = [
        at(huge, huge, 0.9),
        at(huge, huge, 0.8),
        at(huge, huge / 4.0, 0.7),
        at(1e-200, 1e-200, 0.6),
        at(1e-200, 0.9e-200, 0.5),
        at(5e-324, huge, 0.4),
        at(5e-324, huge, 0.3),
    ];
    assert_eq!(Nms::new(0.5).keep(&detections), [0, 2, 3, 5]);
    let iou = |a: usize, b: usize| detections[a].bounding_box.iou(&detections[b].bounding_box);
    assert_eq!([iou(0, 1), iou(0, 2), iou(5, 6)], [1.0, 0.25, 1.0]);
    assert!((iou(3, 4) - 0.9).abs() < 1e-12, "{}", iou(3, 4));
}

#[test]
fn options_come_from_files() {
    let nms: Nms =
        serde_json::from_str(r#"{"iou_threshold": 0.5, "inclusive": true, "score_threshold": 0.6}"#).unwrap();
    assert_eq!(nms, Nms::default());
    let text = serde_json::to_string(&Nms::new(0.25).max_detections(3)).unwrap();
    assert_eq!(serde_json::from_str::<Nms>(&text).unwrap(), Nms::new(0.25).max_detections(3));
    assert!(serde_json::from_str::<Nms>(r#"{"iou_threshold": 0.5, "iou": 1}"#).is_err());
    let wrong: Nms = serde_json::from_str(r#"{"iou_threshold": 50}"#).unwrap();
    let error = wrong.check().unwrap_err();
    assert_eq!(error.to_string(), "Nms: iou_threshold is 50, expected a number in 0..=1");
    let error = Nms::new(0.5).score_threshold(f64::NAN).check().unwrap_err();
    assert_eq!(error.to_string(), "Nms: score_threshold is NaN, expected a number");
}

#[test]
#[should_panic(expected = "Nms: iou_threshold is NaN, expected a number in 0..=1")]
fn thresholds_are_shares() {
    Nms::new(f64::NAN).keep(&[]);
}

#[test]
#[should_panic(expected = "nms: 2 boxes need scores of the shape [2], not [2, 1]")]
fn each_box_has_one_score() {
    nms(&Tensor::<f32>::zeros([2, 4]), &Tensor::zeros([2, 1]), 0.5);
}
