//! 200 random sets that `generate.py` evaluated: with pycocotools, and as the VOC challenges tell it.

use std::io::BufReader;

use flate2::read::GzDecoder;
use serde::Deserialize;
use wengert::data::detection::{BoundingBox, Detection, Object};
use wengert::train::detection::{ApMethod, CocoOptions, DetectionEvaluator, VocOptions};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// How many sets there are: none gets lost unnoticed.
    count: usize,
    iou_thresholds: Vec<f64>,
    sets: Vec<Set>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    classes: usize,
    pictures: u64,
    /// Picture, class, x, y, width, height, crowd, difficult, area.
    objects: Vec<[f64; 9]>,
    /// Picture, class, x, y, width, height, score in percent.
    detections: Vec<[f64; 7]>,
    coco: [f64; 12],
    coco_classes: Vec<f64>,
    /// Of each class, at IoU 0.3, 0.5 and 0.7, by eleven points and by area.
    voc: Vec<[[f64; 2]; 3]>,
}

impl Set {
    fn evaluator(&self, of: impl Fn(&mut Object, bool, bool, f64)) -> DetectionEvaluator {
        let mut evaluator = DetectionEvaluator::with_classes(self.classes);
        for picture in 0..self.pictures {
            let here = |number: f64| number as u64 == picture;
            let object = |row: &[f64; 9]| {
                let mut object =
                    Object::new(BoundingBox::from_corner(row[2], row[3], row[4], row[5]), row[1] as usize);
                of(&mut object, row[6] == 1.0, row[7] == 1.0, row[8]);
                object
            };
            let detection = |row: &[f64; 7]| {
                let place = BoundingBox::from_corner(row[2], row[3], row[4], row[5]);
                Detection::new(place, row[1] as usize, row[6] / 100.0)
            };
            let truth: Vec<Object> = self.objects.iter().filter(|row| here(row[0])).map(object).collect();
            let found: Vec<Detection> =
                self.detections.iter().filter(|row| here(row[0])).map(detection).collect();
            evaluator.add(picture, &truth, &found);
        }
        evaluator
    }
}

fn read() -> File {
    let packed = &include_bytes!("sets.json.gz")[..];
    let file: File = serde_json::from_reader(BufReader::new(GzDecoder::new(packed))).expect("well formed");
    assert_eq!((file.sets.len(), file.count), (200, 200));
    file
}

fn assert_close(set: usize, what: &str, found: Option<f64>, expected: f64) {
    let found = found.unwrap_or(-1.0);
    assert!((found - expected).abs() < 1e-8, "set {set}, {what}: {found} instead of {expected}");
}

#[test]
fn the_twelve_numbers_of_pycocotools() {
    let file = read();
    for (at, set) in file.sets.iter().enumerate() {
        let evaluator = set.evaluator(|object, crowd, _, area| {
            object.crowd = crowd;
            object.outline_area = Some(area);
        });
        let evaluation = evaluator.coco(&CocoOptions::new());
        assert_eq!(evaluation.iou_thresholds(), file.iou_thresholds);
        for (k, (found, &expected)) in evaluation.summary().values().into_iter().zip(&set.coco).enumerate() {
            assert_close(at, &format!("number {k}"), found, expected);
        }
        for (class, &expected) in set.coco_classes.iter().enumerate() {
            assert_close(at, &format!("class {class}"), evaluation.average_precision(class), expected);
        }
    }
}

#[test]
fn average_precision_as_the_voc_challenges_tell_it() {
    for (at, set) in read().sets.iter().enumerate() {
        let evaluator = set.evaluator(|object, _, difficult, _| object.difficult = difficult);
        for (t, threshold) in [0.3, 0.5, 0.7].into_iter().enumerate() {
            for (m, method) in [ApMethod::ElevenPoint, ApMethod::AllPoint].into_iter().enumerate() {
                let evaluation = evaluator.voc(&VocOptions::new().iou_threshold(threshold).method(method));
                for (class, expected) in set.voc.iter().enumerate() {
                    let found = evaluation.classes()[class].average_precision;
                    assert_close(
                        at,
                        &format!("class {class} at {threshold} {method:?}"),
                        found,
                        expected[t][m],
                    );
                }
            }
        }
    }
}

#[test]
fn the_sets_have_what_makes_evaluation_hard() {
    let sets = read().sets;
    let count = |holds: &dyn Fn(&Set) -> bool| sets.iter().filter(|set| holds(set)).count();
    let picture_without = |rows: &dyn Fn(&Set) -> Vec<u64>| {
        count(&|set: &Set| {
            let rows = rows(set);
            (0..set.pictures).any(|picture| !rows.contains(&picture))
        })
    };
    assert!(picture_without(&|set| set.objects.iter().map(|row| row[0] as u64).collect()) > 50);
    assert!(picture_without(&|set| set.detections.iter().map(|row| row[0] as u64).collect()) > 20);
    assert!(count(&|set| set.objects.iter().any(|row| row[6] == 1.0)) > 50);
    assert!(count(&|set| set.objects.iter().any(|row| row[7] == 1.0)) > 50);
    for size in 0..3 {
        let (least, most) = ([0.0, 1024.0, 9216.0][size], [1024.0, 9216.0, f64::INFINITY][size]);
        assert!(count(&|set| set.objects.iter().any(|row| least < row[8] && row[8] < most)) > 50);
    }
    let ties = |set: &Set| {
        let rows = &set.detections;
        rows.iter().enumerate().any(|(k, a)| rows[..k].iter().any(|b| a[1] == b[1] && a[6] == b[6]))
    };
    assert!(count(&ties) > 150);
    // Limits of 1 and 10 detections matter.
    assert!(count(&|set| set.coco[6] < set.coco[7]) > 50 && count(&|set| set.coco[7] < set.coco[8]) > 3);
}
