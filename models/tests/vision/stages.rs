//! Networks as chains of stages.

use std::panic::{AssertUnwindSafe, catch_unwind};

use wengert::prelude::*;

use crate::rng;

fn picture<T: Float>() -> Tensor<T> {
    Init::normal(0.0, 1.0).tensor([2, 3, 16, 16], &mut rng())
}

#[test]
fn the_last_feature_is_the_output_and_each_follows_from_the_one_before() {
    let model = ResNet::<f64>::resnet20(10, &mut rng());
    let x = picture();
    let names: Vec<String> = model.stages().into_iter().map(|stage| stage.name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let features = model.features(&x, &names);
    assert_eq!(features.last().unwrap().to_vec(), model.forward(&x).to_vec());
    let mut before = x;
    for (stage, feature) in model.stages().iter().zip(&features) {
        assert_eq!(stage.layer.forward(&before).to_vec(), feature.to_vec(), "{stage:?}");
        before = feature.clone();
    }
}

#[test]
fn features_come_in_the_order_they_are_asked_for_and_a_name_may_occur_twice() {
    let model = ResNet::<f32>::resnet20(10, &mut rng());
    let features = model.features(&picture(), &["layer2.0", "relu", "layer2.0"]);
    let shapes: Vec<&[usize]> = features.iter().map(Tensor::shape).collect();
    assert_eq!(shapes, [&[2, 32, 8, 8][..], &[2, 16, 16, 16], &[2, 32, 8, 8]]);
    assert!(model.features(&picture(), &[]).is_empty());
}

#[test]
fn nothing_is_computed_behind_the_last_feature() {
    let model = ResNet::<f32>::resnet20(10, &mut rng());
    let tape = Tape::training(0);
    let x = tape.constant(picture());
    model.features(&x, &["bn1"]);
    let seen = |norm: &BatchNorm2d| norm.num_batches_tracked.as_ref().unwrap().value().item();
    assert_eq!((seen(&model.bn1), seen(&model.layers[0][0].bn1)), (1.0, 0.0));
}

#[test]
fn an_unknown_name_is_answered_with_the_names() {
    let model = ResNet::<f32>::resnet20(10, &mut rng());
    for ask in
        [&(|| drop(model.features(&picture(), &["layer5"]))) as &dyn Fn(), &|| model.freeze_through("layer5")]
    {
        let panic = catch_unwind(AssertUnwindSafe(ask)).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(
            text.starts_with("no stage is named `layer5`; the stages are conv1, bn1, relu, layer1.0,"),
            "{text}"
        );
    }
}

#[test]
fn freezing_by_depth_stops_the_gradient_and_the_statistics() {
    let model = ResNet::<f32>::resnet20(10, &mut rng());
    model.freeze_through("layer2.2");
    let tape = Tape::training(0);
    let logits = model.forward(&tape.constant(picture()));
    let grads = logits.cross_entropy(&Indices::from_vec([2], vec![1, 2])).backward();
    for (name, parameter) in model.named_parameters() {
        let learns = name.starts_with("layer3") || name.starts_with("fc");
        assert_eq!(grads.get(&parameter).is_some(), learns, "{name}");
    }
    let seen = |norm: &BatchNorm2d| norm.num_batches_tracked.as_ref().unwrap().value().item();
    assert_eq!((seen(&model.layers[1][2].bn2), seen(&model.layers[2][0].bn1)), (0.0, 1.0));
}

#[test]
fn a_summary_names_the_stages_without_parameters_too() {
    let model = ResNetConfig::resnet18().weight_init(Init::zeros()).init::<f32>(&mut rng());
    let summary = nn::summary(&model, &Tensor::zeros([2, 3, 32, 32]));
    let output = |part: &str| summary.get(part).unwrap_or_else(|| panic!("{summary}")).output.clone();
    assert_eq!(output("maxpool"), Some(vec![2, 64, 8, 8]));
    assert_eq!(output("layer3.1"), Some(vec![2, 256, 2, 2]));
    assert_eq!(output("layer4.0.downsample.0"), Some(vec![2, 512, 1, 1]));
    assert_eq!(output("fc"), Some(vec![2, 1000]));
}
