//! The first YOLO and its head.

use std::slice::from_ref;

use wengert::autodiff::check::Check;
use wengert::data::detection::{BoundingBox, Object};
use wengert::models::detection::{DetectionHead, Detector, GridHead, YoloV1, YoloV1Config, YoloV1Layer};
use wengert::prelude::*;

use crate::scenes::{random, rectangles, rng};
use crate::tiny_yolo::all_found;

fn head() -> GridHead {
    GridHead::new(3, (30.0, 20.0)).grid(2, 3)
}

fn objects() -> Vec<Vec<Object>> {
    let object = |x, y, w, h, class| Object::new(BoundingBox::from_center(x, y, w, h), class);
    vec![
        vec![object(4.3, 6.1, 7.0, 8.0, 1), object(28.2, 11.4, 12.0, 16.0, 2)],
        vec![],
        vec![object(14.7, 3.3, 3.5, 2.2, 0)],
    ]
}

fn small(classes: usize) -> YoloV1 {
    use YoloV1Layer::{Conv, MaxPool};
    let backbone = [Conv(8, 3, 1), MaxPool, Conv(16, 3, 2), Conv(16, 3, 1), MaxPool];
    YoloV1Config::new(classes)
        .input_size(48)
        .in_channels(classes)
        .backbone(backbone)
        .hidden(64)
        .dropout(0.0)
        .init(&mut rng(2))
}

#[test]
fn gradients_are_those_of_the_differences() {
    for head in [head(), head().rescore(false).coord_scale(2.0).class_scale(0.5)] {
        let map: Tensor<f64> = random(&[3, 2, 3, 13], 4);
        let targets = head.assign(&map, &objects());
        assert_eq!(targets.assigned(), 3);
        let parts = |map: &[Tensor<f64>]| {
            let loss = head.loss_for(&map[0], &targets);
            [loss.boxes, loss.objectness, loss.classes]
        };
        Check::new().order(2).gradients(parts, &[map]).unwrap().assert();
    }
}

#[test]
fn the_first_object_of_a_cell_keeps_it() {
    let (head, map) = (head(), random::<f64>(&[1, 2, 3, 13], 5));
    let at = |x, class| Object::new(BoundingBox::from_center(x, 4.0, 6.0, 6.0), class);
    let cost = |objects: Vec<Object>| head.loss(from_ref(&map), &[objects]).total().item();
    assert_eq!(cost(vec![at(3.0, 0), at(7.0, 2)]), cost(vec![at(3.0, 0)]));
    assert_ne!(cost(vec![at(7.0, 2), at(3.0, 0)]), cost(vec![at(3.0, 0)]));
}

#[test]
fn without_objects_only_the_confidences_cost() {
    let (head, map) = (head(), random::<f64>(&[2, 2, 3, 13], 6));
    let loss = head.loss(from_ref(&map), &[vec![], vec![]]);
    assert_eq!((loss.boxes.item(), loss.classes.item()), (0.0, 0.0));
    let confidence = |c: isize| map.select(3, c).square().sum(..).item();
    let expected = 0.5 * (confidence(4) + confidence(9)) / 2.0;
    assert!((loss.objectness.item() - expected).abs() < 1e-12);
    assert_eq!(head.loss(&[Tensor::<f32>::zeros([0, 2, 3, 13])], &[]).total().item(), 0.0);
    assert!(head.decode(&[Tensor::<f32>::zeros([0, 2, 3, 13])], 0.5).is_empty());
}

#[test]
fn it_learns_some_scenes_by_heart_and_every_parameter_does() {
    let (pictures, objects) = rectangles(4, 2, 48, 4);
    let model = small(2);
    let tape = Tape::training(0);
    let audit = tape.audit(&model.loss(&model.maps(&tape.constant(&pictures)), &objects), &model);
    assert!(audit.is_clean(), "{audit}");
    let mut adam = Adam::new(model.parameters(), 3e-3);
    for _ in 0..200 {
        let loss = model.loss(&model.maps(&Tape::training(0).constant(&pictures)), &objects);
        adam.step(&loss.backward());
    }
    let found = model.detect(&pictures, 0.5, 0.4);
    assert!(all_found(&found, &objects, 0.6), "{found:#?} {objects:#?}");
}

#[test]
fn the_papers_network_has_24_convolutions_and_272_million_parameters() {
    assert_eq!(YoloV1Config::new(20).parameter_count(), Ok(271_716_734));
    let model = small(2);
    use YoloV1Layer::{Conv, MaxPool};
    let backbone = [Conv(8, 3, 1), MaxPool, Conv(16, 3, 2), Conv(16, 3, 1), MaxPool];
    let config = YoloV1Config::new(2).input_size(48).in_channels(2).backbone(backbone).hidden(64);
    assert_eq!(config.parameter_count(), Ok(model.parameter_count()));
    let paper = serde_json::to_value(YoloV1Config::new(20)).unwrap();
    let layers = paper["backbone"].as_array().unwrap();
    assert_eq!(layers.iter().filter(|layer| layer["conv"].is_array()).count(), 24);
}

#[test]
#[should_panic(expected = "YoloV1: the pictures [1, 2, 64, 64] are not [batch, channels, 48, 48]")]
fn pictures_of_another_size_are_refused() {
    small(2).maps(&Tensor::zeros([1, 2, 64, 64]));
}

#[test]
#[should_panic(expected = "YoloV1: the pictures [1, 2, 24, 96] are not [batch, channels, 48, 48]")]
fn pictures_of_another_shape_that_give_as_many_features_are_refused() {
    small(2).maps(&Tensor::zeros([1, 2, 24, 96]));
}

#[test]
#[should_panic(expected = "GridHead: the map [1, 2, 2, 13] is not [batch, 2, 3, 13]")]
fn a_map_of_another_shape_is_refused() {
    let _ = DetectionHead::<f32>::decode(&head(), &[Tensor::zeros([1, 2, 2, 13])], 0.5);
}

#[test]
fn wrong_configurations_are_errors() {
    use YoloV1Layer::{Conv, MaxPool};
    let new = || YoloV1Config::new(1).input_size(16).hidden(4);
    let cases = [
        (new().input_size(0), "YoloV1Config: input_size is 0"),
        (new().backbone([MaxPool; 5]), "YoloV1Config: input_size is 16, expected 1 to 65536 pixels"),
        (new().backbone([]), "YoloV1Config: backbone is empty"),
        (new().backbone([Conv(4, 3, 0)]), "Conv2dConfig: stride is [0, 0]"),
        (new().backbone([Conv(4, 0, 1)]), "Conv2dConfig: kernel is [0, 0]"),
        (new().backbone([Conv(0, 3, 1)]), "BatchNormConfig: num_features is 0"),
        (new().backbone([Conv(usize::MAX, 3, 1)]), "YoloV1Config: backbone is too large"),
        (new().backbone([Conv(4, 3, 1)]).boxes(0), "GridHead: boxes is 0"),
        (new().backbone([Conv(4, 3, 1)]).dropout(1.5), "YoloV1Config: dropout is 1.5"),
        (YoloV1Config::new(0), "GridHead: classes is 0"),
    ];
    for (config, expected) in cases {
        let error = config.try_init::<f32>(&mut rng(0)).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let error = GridHead::new(1, (0.0, 5.0)).check().unwrap_err().to_string();
    assert!(error.starts_with("GridHead: size is (0.0, 5.0)"), "{error}");
    let error = GridHead::new(1, (5.0, 5.0)).class_scale(f64::NAN).check().unwrap_err().to_string();
    assert!(error.starts_with("GridHead: class_scale is NaN"), "{error}");
}

#[test]
#[should_panic(expected = "GridHead: size is (0.0, 20.0), expected a positive width and height in pixels")]
fn a_head_that_is_none_is_refused_where_it_is_used() {
    let head = GridHead::new(3, (0.0, 20.0)).grid(2, 3);
    let _ = head.decode(&[Tensor::<f32>::zeros([1, 2, 3, 13])], 0.5);
}

#[test]
#[should_panic(expected = "GridHead: object 0 of picture 2 has class 3, the head has 3 classes")]
fn a_class_that_is_none_is_refused() {
    let mut objects = objects();
    objects[2][0].class = 3;
    let _ = head().assign(&random::<f64>(&[3, 2, 3, 13], 4), &objects);
}
