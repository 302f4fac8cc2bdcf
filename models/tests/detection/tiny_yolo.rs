//! The small YOLO: it learns, and is what Darknet's files hold.

use wengert::data::detection::{Detection, Object};
use wengert::models::Stages;
use wengert::models::detection::{AnchorLoss, Detector, TinyYolo, TinyYoloConfig};
use wengert::prelude::*;

use crate::scenes::{rectangles, rng};
use crate::yolo::numbers;

fn small<T: Float>() -> TinyYolo<T> {
    TinyYoloConfig::new(2, [(12.0, 14.0), (10.0, 24.0)])
        .in_channels(2)
        .widths([8, 16, 24])
        .neck([24])
        .init(&mut rng(1))
}

/// Whether each object was found, with its class, and nothing else was.
pub(crate) fn all_found(found: &[Vec<Detection>], objects: &[Vec<Object>], iou: f64) -> bool {
    found.iter().zip(objects).all(|(found, objects)| {
        let right =
            |o: &Object, d: &Detection| d.class == o.class && d.bounding_box.iou(&o.bounding_box) > iou;
        found.len() == objects.len() && objects.iter().all(|o| found.iter().any(|d| right(o, d)))
    })
}

#[test]
fn it_learns_some_scenes_by_heart() {
    let (pictures, objects) = rectangles(6, 2, 48, 4);
    let model = small::<f32>();
    let mut adam = Adam::new(model.parameters(), 1e-2);
    let mut first = None;
    for _ in 0..160 {
        let tape = Tape::training(0);
        let loss = model.loss(&model.maps(&tape.constant(&pictures)), &objects);
        first.get_or_insert(loss.item());
        adam.step(&loss.backward());
    }
    let found = model.detect(&pictures, 0.5, 0.5);
    assert!(all_found(&found, &objects, 0.7), "{first:?} {found:#?} {objects:#?}");
}

#[test]
fn single_and_double_precision_agree() {
    let (pictures, objects) = rectangles(2, 2, 32, 3);
    let (single, double) = (small::<f32>(), small::<f64>());
    let found = single.loss(&single.maps(&Tape::training(0).constant(&pictures)), &objects).item();
    let pictures = pictures.cast::<f64>();
    let expected = double.loss(&double.maps(&Tape::training(0).constant(&pictures)), &objects).item();
    assert!((f64::from(found) - expected).abs() < 1e-4 * expected, "{found} {expected}");
}

#[test]
fn every_parameter_learns_at_any_size() {
    let model = small::<f32>();
    for size in [16, 32, 60] {
        let (pictures, objects) = rectangles(2, 2, size, 2);
        let tape = Tape::training(0);
        let loss = model.loss(&model.maps(&tape.constant(&pictures)), &objects);
        let audit = tape.audit(&loss, &model);
        assert!(audit.is_clean(), "{audit}");
    }
}

#[test]
fn darknets_files_have_as_many_numbers() {
    // Sizes in bytes without the header: of yolov2-tiny.weights and yolov2-tiny-voc.weights.
    for (config, bytes) in [(TinyYoloConfig::coco(), 44_948_580), (TinyYoloConfig::voc(), 63_471_540)] {
        assert_eq!(numbers(&config.init::<f32>(&mut rng(0))), bytes / 4);
    }
}

#[test]
fn a_detection_is_cut_at_the_border() {
    let model = TinyYoloConfig::new(1, [(500.0, 500.0)]).widths([4, 4]).neck([]).init::<f32>(&mut rng(0));
    let found = model.detect(&Tensor::zeros([1, 3, 16, 8]), 0.0, 0.99);
    let inside = |d: &Detection| {
        let b = d.bounding_box;
        b.x1 >= 0.0 && b.y1 >= 0.0 && b.x2 <= 8.0 && b.y2 <= 16.0
    };
    assert!(!found[0].is_empty() && found[0].iter().all(inside), "{found:?}");
}

#[test]
fn the_stages_are_the_forward_pass() {
    let model = TinyYoloConfig::new(1, [(8.0, 8.0)])
        .widths([4, 4])
        .neck([4])
        .same_pool(true)
        .init::<f32>(&mut rng(0));
    let names: Vec<String> = model.stages().into_iter().map(|stage| stage.name).collect();
    assert_eq!(names, ["features.0", "pool1", "features.1", "same_pool", "neck.0", "output"]);
    let x = Tensor::ones([1, 3, 8, 8]);
    assert_eq!(model.chain(&x).to_vec(), model.forward(&x).to_vec());
}

#[test]
#[should_panic(expected = "are not multiples of 4, the side of a cell")]
fn a_size_that_does_not_divide_is_refused() {
    small::<f32>().forward(&Tensor::zeros([1, 2, 16, 18]));
}

#[test]
fn configurations_are_read_and_checked() {
    let file = r#"{"classes": 2, "anchors": [[12, 14]], "in_channels": 1, "neck": [], "same_pool": true,
                   "class_scores": "logistic", "loss": {"objectness": "cross_entropy"}}"#;
    let config: TinyYoloConfig = serde_json::from_str(file).unwrap();
    let back: TinyYoloConfig = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
    assert_eq!(config, back);
    let wrong = [
        (TinyYoloConfig::new(0, [(1.0, 1.0)]), "AnchorHead: classes is 0"),
        (TinyYoloConfig::new(1, [[0.0; 2]; 0]), "AnchorHead: anchors is []"),
        (TinyYoloConfig::new(1, [(1.0, 1.0)]).widths([]), "TinyYoloConfig: widths is []"),
        (TinyYoloConfig::new(1, [(1.0, 1.0)]).widths([1; 70]), "TinyYoloConfig: widths is [1, 1"),
        (TinyYoloConfig::new(1, [(1.0, 1.0)]).widths([4, 0]), "BatchNormConfig: num_features is 0"),
        (TinyYoloConfig::new(1, [(1.0, 1.0)]).in_channels(0), "Conv2dConfig: in_channels is 0"),
        (TinyYoloConfig::new(usize::MAX, [(1.0, 1.0)]), "AnchorHead: classes is 1844"),
        (
            TinyYoloConfig::new(1, [(1.0, 1.0)]).loss(AnchorLoss::v2().class_scale(f64::INFINITY)),
            "AnchorLoss",
        ),
    ];
    for (config, expected) in wrong {
        let error = config.try_init::<f32>(&mut rng(0)).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
