//! What holds for any detections, and wrong uses.

use proptest::prelude::*;
use wengert::data::detection::{BoundingBox, Detection, Object};
use wengert::train::detection::{ApMethod, CocoOptions, DetectionEvaluator, VocOptions};

type Picture = (Vec<Object>, Vec<Detection>);

fn square(x: f64) -> BoundingBox {
    BoundingBox::from_corner(x, 0.0, 10.0, 10.0)
}

/// Pictures of two classes, with ties of scores and of IoU.
fn pictures() -> impl Strategy<Value = Vec<Picture>> {
    let place = || {
        (0..30, 0..30, 1..60, 1..60).prop_map(|(x, y, w, h)| {
            BoundingBox::from_corner(f64::from(x), f64::from(y), f64::from(w), f64::from(h))
        })
    };
    let object = (place(), 0usize..2, prop::bool::weighted(0.2), prop::bool::weighted(0.2)).prop_map(
        |(place, class, crowd, difficult)| Object { crowd, difficult, ..Object::new(place, class) },
    );
    let detection = (place(), 0usize..2, 0..6)
        .prop_map(|(place, class, score)| Detection::new(place, class, f64::from(score) / 5.0));
    prop::collection::vec((prop::collection::vec(object, 0..5), prop::collection::vec(detection, 0..8)), 0..5)
}

fn evaluator<'a>(pictures: impl IntoIterator<Item = (u64, &'a Picture)>) -> DetectionEvaluator {
    let mut evaluator = DetectionEvaluator::new(["a", "b"]);
    for (number, (truth, found)) in pictures {
        evaluator.add(number, truth, found);
    }
    evaluator
}

fn numbered(pictures: &[Picture]) -> Vec<(u64, &Picture)> {
    (0..).zip(pictures).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_pictures_does_not_matter(pictures in pictures(), cut in 0usize..5) {
        let forward = evaluator(numbered(&pictures));
        let backward = evaluator(numbered(&pictures).into_iter().rev());
        let numbered = numbered(&pictures);
        let (first, second) = numbered.split_at(cut.min(pictures.len()));
        let mut parts = evaluator(second.to_vec());
        parts.merge(evaluator(first.to_vec()));
        for other in [backward, parts] {
            prop_assert_eq!(forward.coco(&CocoOptions::new()), other.coco(&CocoOptions::new()));
            prop_assert_eq!(forward.voc(&VocOptions::new()), other.voc(&VocOptions::new()));
        }
    }

    #[test]
    fn numbers_are_shares_and_stricter_thresholds_give_lower_ones(pictures in pictures()) {
        let evaluator = evaluator(numbered(&pictures));
        for number in evaluator.coco(&CocoOptions::new()).summary().values().into_iter().flatten() {
            prop_assert!((0.0..=1.0).contains(&number));
        }
        let recall = |threshold| evaluator.precision_recall(0, threshold).final_recall();
        prop_assert!(recall(0.3) >= recall(0.5) && recall(0.5) >= recall(0.9));
    }

    #[test]
    fn the_truth_itself_is_perfect(pictures in pictures()) {
        let perfect: Vec<Picture> = pictures
            .into_iter()
            .map(|(truth, _)| {
                // Two objects in one place would be told apart by nobody.
                let mut distinct: Vec<Object> = Vec::new();
                for object in truth {
                    if distinct.iter().all(|other| other.bounding_box != object.bounding_box) {
                        distinct.push(Object { crowd: false, difficult: false, ..object });
                    }
                }
                let found = distinct.iter().map(|o| Detection::new(o.bounding_box, o.class, 0.5)).collect();
                (distinct, found)
            })
            .collect();
        let evaluator = evaluator(numbered(&perfect));
        let summary = evaluator.coco(&CocoOptions::new().max_detections([100; 3])).summary();
        prop_assert!(summary.values().into_iter().flatten().all(|number| (number - 1.0).abs() < 1e-12));
        prop_assert!(evaluator.mean_average_precision(1.0).is_none_or(|map| (map - 1.0).abs() < 1e-12));
    }

    #[test]
    fn at_one_threshold_both_evaluations_agree_where_their_rules_do(pictures in pictures()) {
        // One object of a class in a picture, nothing to be ignored: there is no choice to be made.
        let simple: Vec<Picture> = pictures
            .into_iter()
            .map(|(mut truth, found)| {
                truth.sort_by_key(|object| object.class);
                truth.dedup_by_key(|object| object.class);
                (truth.into_iter().map(|o| Object::new(o.bounding_box, o.class)).collect(), found)
            })
            .collect();
        let evaluator = evaluator(numbered(&simple));
        let options = VocOptions::new().iou_threshold(0.4).method(ApMethod::HundredOnePoint);
        let (voc, coco) = (evaluator.voc(&options), evaluator.coco(&CocoOptions::new().iou_thresholds([0.4])));
        for class in 0..2 {
            let (a, b) = (voc.classes()[class].average_precision, coco.average_precision_at(class, 0.4));
            prop_assert!(a.unwrap_or(-1.0) - b.unwrap_or(-1.0) == 0.0, "{a:?} {b:?}");
        }
    }
}

#[test]
fn nothing_to_be_found_gives_none() {
    let mut evaluator = DetectionEvaluator::new(["a", "b"]);
    assert_eq!(evaluator.mean_average_precision(0.5), None);
    assert_eq!(evaluator.coco(&CocoOptions::new()).summary().values(), [None; 12]);
    evaluator.add(0, &[], &[Detection::new(square(0.0), 0, 0.5)]);
    assert_eq!(evaluator.mean_average_precision(0.5), None);
    evaluator.add(1, &[Object::new(square(0.0), 1)], &[]);
    assert_eq!(evaluator.mean_average_precision(0.5), Some(0.0));
    let evaluation = evaluator.coco(&CocoOptions::new());
    assert_eq!((evaluation.average_precision(0), evaluation.average_precision(1)), (None, Some(0.0)));
    assert_eq!(DetectionEvaluator::with_classes(0).coco(&CocoOptions::new()).summary().ap, None);
}

#[test]
fn the_reports_are_tables() {
    let mut evaluator = DetectionEvaluator::new(["seven", "eight"]);
    let found = [Detection::new(square(0.0), 0, 0.9), Detection::new(square(40.0), 0, 0.8)];
    evaluator.add(0, &[Object::new(square(1.0), 0)], &found);
    assert_eq!(
        evaluator.coco(&CocoOptions::new()).to_string(),
        "\
class  objects      AP    AP50    AP75      AR
seven        1  0.7000  1.0000  1.0000  0.7000
eight        0       -       -       -       -

     IoU    area  detections        
AP   all     any         100  0.7000
AP  0.50     any         100  1.0000
AP  0.75     any         100  1.0000
AP   all   small         100  0.7000
AP   all  medium         100       -
AP   all   large         100       -
AR   all     any           1  0.7000
AR   all     any          10  0.7000
AR   all     any         100  0.7000
AR   all   small         100  0.7000
AR   all  medium         100       -
AR   all   large         100       -
"
    );
    assert_eq!(
        evaluator.voc(&VocOptions::new()).to_string(),
        "\
class  objects  detections  recall      AP
seven        1           2  1.0000  1.0000
eight        0           0       -       -
 mean        1           2  1.0000  1.0000
"
    );
}

#[test]
fn a_curve_can_be_drawn() {
    let mut evaluator = DetectionEvaluator::new(["a"]);
    let truth = [square(0.0), square(100.0)].map(|place| Object::new(place, 0));
    let found = [0.0, 50.0, 100.0].map(|x| Detection::new(square(x), 0, 1.0 - x / 1000.0));
    evaluator.add(0, &truth, &found);
    let curve = evaluator.precision_recall(0, 0.5);
    assert_eq!((curve.precision(), curve.recall()), (&[1.0, 0.5, 2.0 / 3.0][..], &[0.5, 0.5, 1.0][..]));
    assert_eq!(curve.scores(), [1.0, 0.95, 0.9]);
    let evaluation = evaluator.coco(&CocoOptions::new());
    let precision = evaluation.precision_at_recalls(0, 0.9).unwrap();
    assert_eq!(
        (precision[0], precision[50], precision[51], precision[100]),
        (1.0, 1.0, 2.0 / 3.0, 2.0 / 3.0)
    );
}

#[test]
fn a_score_that_is_no_number_counts_last() {
    let mut evaluator = DetectionEvaluator::new(["a"]);
    let found =
        [f64::NAN, f64::NEG_INFINITY, f64::INFINITY].map(|score| Detection::new(square(0.0), 0, score));
    evaluator.add(0, &[Object::new(square(0.0), 0)], &found);
    let scores = evaluator.precision_recall(0, 0.5).scores().to_vec();
    assert!(scores[0] == f64::INFINITY && scores[1] == f64::NEG_INFINITY && scores[2].is_nan());
}

#[test]
#[should_panic(expected = "DetectionEvaluator::add: picture 4 was added already")]
fn a_picture_counts_once() {
    let mut evaluator = DetectionEvaluator::new(["a"]);
    evaluator.add(4, &[], &[]);
    evaluator.add(4, &[], &[]);
}

#[test]
#[should_panic(expected = "DetectionEvaluator::add: object 1 is of class 2, not in 0..2")]
fn objects_are_of_a_class_there_is() {
    let objects = [1, 2].map(|class| Object::new(square(0.0), class));
    DetectionEvaluator::with_classes(2).add(0, &objects, &[]);
}

#[test]
#[should_panic(expected = "DetectionEvaluator::add: detection 0 is of class 9, not in 0..2")]
fn detections_are_of_a_class_there_is() {
    DetectionEvaluator::with_classes(2).add(0, &[], &[Detection::new(square(0.0), 9, 0.5)]);
}

#[test]
#[should_panic(expected = "DetectionEvaluator::merge: picture 3 is in both")]
fn merged_collections_have_pictures_of_their_own() {
    let mut a = DetectionEvaluator::new(["a"]);
    a.add(3, &[], &[]);
    a.clone().merge(a);
}

#[test]
#[should_panic(expected = "DetectionEvaluator::merge: classes [\"a\"] and [\"b\"]")]
fn merged_collections_have_the_same_classes() {
    DetectionEvaluator::new(["a"]).merge(DetectionEvaluator::new(["b"]));
}

#[test]
#[should_panic(expected = "VocOptions: the IoU threshold 50 is not in 0..=1")]
fn thresholds_are_no_percentages() {
    DetectionEvaluator::new(["a"]).voc(&VocOptions::new().iou_threshold(50.0));
}

#[test]
#[should_panic(expected = "CocoOptions: the numbers of detections [10, 1, 100] fall")]
fn numbers_of_detections_grow() {
    DetectionEvaluator::new(["a"]).coco(&CocoOptions::new().max_detections([10, 1, 100]));
}

#[test]
#[should_panic(expected = "CocoEvaluation: 0.51 is none of the IoU thresholds")]
fn only_what_was_evaluated_can_be_asked_for() {
    DetectionEvaluator::new(["a"]).coco(&CocoOptions::new()).average_precision_at(0, 0.51);
}
