//! Configurations: files, first values, and what is wrong with them.

use wengert::models::vision::{BlockForm, Shortcut, Stem};
use wengert::prelude::*;

use crate::rng;

fn refusal(config: ResNetConfig) -> String {
    config.try_init::<f32>(&mut rng()).unwrap_err().to_string()
}

#[test]
fn wrong_residual_networks_are_errors() {
    let small = |blocks: &[usize]| ResNetConfig::new(Stem::Small, BlockForm::Basic, 4, blocks);
    assert_eq!(
        refusal(ResNetConfig::resnet18().classes(0)),
        "ResNetConfig: classes is 0, expected at least 1"
    );
    assert_eq!(
        refusal(ResNetConfig::resnet18().in_channels(0)),
        "ResNetConfig: in_channels is 0, expected at least 1"
    );
    assert_eq!(refusal(ResNetConfig::resnet18().width(0)), "ResNetConfig: width is 0, expected at least 1");
    assert_eq!(refusal(ResNetConfig::resnet50().groups(0)), "ResNetConfig: groups is 0, expected at least 1");
    let blocks = "expected one number or more, none of them 0, together at most 10000";
    assert_eq!(refusal(small(&[])), format!("ResNetConfig: blocks is [], {blocks}"));
    assert_eq!(refusal(small(&[1, 0])), format!("ResNetConfig: blocks is [1, 0], {blocks}"));
    let (most, all) = (usize::MAX, [1, usize::MAX]);
    assert_eq!(refusal(small(&all)), format!("ResNetConfig: blocks is [1, {most}], {blocks}"));
    assert_eq!(
        refusal(ResNetConfig::resnet18().groups(32).width_per_group(4)),
        "ResNetConfig: groups is 32 of width 4, expected 1 of width 64 in basic blocks"
    );
    assert_eq!(
        refusal(ResNetConfig::plain18().zero_init_residual(true)),
        "ResNetConfig: zero_init_residual is true, expected false where there are no shortcuts"
    );
    let channels = "expected one of which each stage has channels that can be counted";
    assert_eq!(refusal(small(&[1; 70])), format!("ResNetConfig: width is 4 with groups of 64, {channels}"));
    assert_eq!(
        refusal(ResNetConfig::resnet50().width_per_group(0)),
        format!("ResNetConfig: width is 64 with groups of 0, {channels}")
    );
    assert!(refusal(ResNetConfig::resnet18().width(1 << 58)).starts_with("Conv2dConfig: weight is of shape"));
}

#[test]
fn a_configuration_survives_a_file() {
    let config =
        ResNetConfig::wide_resnet50_2().classes(7).shortcut(Shortcut::Padding).weight_init(Init::zeros());
    let file = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<ResNetConfig>(&file).unwrap(), config);
    let unknown =
        r#"{"block": "basic", "blocks": [1], "stem": "small", "width": 8, "classes": 10, "depth": 3}"#;
    assert!(serde_json::from_str::<ResNetConfig>(unknown).unwrap_err().to_string().contains("depth"));
}

#[test]
fn convolutions_start_as_torchvision_has_them() {
    let model = ResNet::<f32>::resnet18(10, &mut rng());
    let conv = &model.layers[1][0].conv1.weight;
    assert_eq!(conv.shape(), [128, 64, 3, 3]);
    let variance = conv.value().var(.., 1).item();
    assert!((variance * (128.0 * 9.0) / 2.0 - 1.0).abs() < 0.03, "{variance}");
    let bound = model.fc.weight.value().abs().max(..).item();
    let expected = 1.0 / 512f32.sqrt();
    assert!(0.99 * expected < bound && bound <= expected, "{bound}, not {expected}");
}

#[test]
fn blocks_that_start_as_zeros_are_their_shortcuts() {
    for config in [ResNetConfig::resnet20(), ResNetConfig::resnet50().classes(10)] {
        let model = config.zero_init_residual(true).init::<f64>(&mut rng());
        let block = &model.layers[0][1];
        let channels = block.conv1.weight.shape()[1];
        let x = Init::uniform(0.0, 1.0).tensor::<f64>([2, channels, 5, 5], &mut rng());
        assert_eq!(block.forward(&x).to_vec(), x.to_vec());
    }
}

#[test]
fn shortcuts_by_padding_thin_the_places_and_append_channels() {
    let config = ResNetConfig::new(Stem::Small, BlockForm::Basic, 2, [1, 1]).shortcut(Shortcut::Padding);
    let model = config.classes(3).zero_init_residual(true).init::<f64>(&mut rng());
    let x = Init::uniform(0.0, 1.0).tensor::<f64>([1, 2, 5, 4], &mut rng());
    let y = model.layers[1][0].forward(&x);
    assert_eq!(y.shape(), [1, 4, 3, 2]);
    for (row, column) in [(0, 0), (1, 1), (2, 0)] {
        let at = |t: &Tensor<f64>, c, h, w| t.select(3, w).select(2, h).select(1, c).item();
        assert_eq!(at(&y, 1, row, column), at(&x, 1, 2 * row, 2 * column));
        assert_eq!(at(&y, 2, row, column), 0.0);
    }
}

#[test]
fn pictures_of_any_size_and_number_fit() {
    let large = ResNetConfig::resnet18().classes(4).width(4).init::<f32>(&mut rng());
    for (batch, height, width) in [(1, 1, 1), (1, 1, 300), (2, 37, 50), (0, 32, 32)] {
        let logits = large.forward(&Tensor::zeros([batch, 3, height, width]));
        assert_eq!(logits.shape(), [batch, 4], "{height}×{width}");
    }
}

#[test]
fn the_smallest_pictures_fit() {
    let x = |side| Tensor::<f32>::zeros([2, 3, side, side]);
    for (config, side) in [(GoogLeNetConfig::paper(), 31), (GoogLeNetConfig::torchvision(), 15)] {
        let model = config.classes(4).weight_init(Init::zeros()).init(&mut rng());
        assert_eq!(model.forward(&x(side)).shape(), [2, 4]);
        let tape = Tape::training(0);
        assert_eq!(model.outputs(&tape.constant(x(33))).aux_logits1.unwrap().shape(), [2, 4]);
    }
    for config in [AlexNetConfig::one_column(), AlexNetConfig::two_groups()] {
        let model = config.classes(4).hidden(8).init(&mut rng());
        assert_eq!(model.forward(&x(63)).shape(), [2, 4]);
    }
    let model = VggConfig::vgg11().classes(4).hidden(8).init(&mut rng());
    assert_eq!(model.forward(&x(32)).shape(), [2, 4]);
    assert_eq!(model.forward(&Tensor::zeros([0, 3, 40, 50])).shape(), [0, 4]);
}

#[test]
fn wrong_alexnets_vggs_and_googlenets_are_errors() {
    let text = |error: Result<(), nn::ConfigError>| error.unwrap_err().to_string();
    let alexnet = |config: AlexNetConfig| text(config.try_init::<f32>(&mut rng()).map(drop));
    assert_eq!(
        alexnet(AlexNetConfig::two_groups().classes(0)),
        "AlexNetConfig: classes is 0, expected at least 1"
    );
    assert_eq!(
        alexnet(AlexNetConfig::one_column().hidden(0)),
        "AlexNetConfig: hidden is 0, expected at least 1"
    );
    assert_eq!(
        alexnet(AlexNetConfig::one_column().dropout(2.0)),
        "AlexNetConfig: dropout is 2, expected a probability in 0..=1"
    );
    let vgg = |config: VggConfig| text(config.try_init::<f32>(&mut rng()).map(drop));
    assert_eq!(vgg(VggConfig::vgg16().in_channels(0)), "VggConfig: in_channels is 0, expected at least 1");
    assert_eq!(
        vgg(VggConfig::new([1, 1, 0, 1, usize::MAX])),
        format!(
            "VggConfig: convolutions is [1, 1, 0, 1, {}], expected at least 1 in each block, together at most 1000",
            usize::MAX
        )
    );
    let googlenet = |config: GoogLeNetConfig| text(config.try_init::<f32>(&mut rng()).map(drop));
    assert_eq!(
        googlenet(GoogLeNetConfig::torchvision().transform_input(true).in_channels(1)),
        "GoogLeNetConfig: in_channels is 1, expected 3 where the input is to be transformed"
    );
    assert_eq!(
        googlenet(GoogLeNetConfig::paper().dropout_aux(-0.5)),
        "GoogLeNetConfig: dropout_aux is -0.5, expected a probability in 0..=1"
    );
    let inception = |config: InceptionConfig| text(config.try_init::<f32>(&mut rng()).map(drop));
    assert_eq!(
        inception(InceptionConfig::reduced(192, 64, [0, 128], [16, 32], 32)),
        "InceptionConfig: ch3x3_reduce is 0, expected at least 1"
    );
    assert_eq!(
        inception(InceptionConfig::naive(192, 64, 128, 32).branch3_kernel(4)),
        "InceptionConfig: branch3_kernel is 4, expected an odd number"
    );
}

#[test]
fn the_papers_alexnet_starts_as_its_section_5_says() {
    let model: AlexNet = AlexNetConfig::two_groups().classes(4).hidden(64).init(&mut rng());
    let biases: Vec<(String, f32)> = model
        .named_parameters()
        .into_iter()
        .filter(|(name, _)| name.ends_with("bias"))
        .map(|(name, bias)| (name, bias.value().mean(..).item()))
        .collect();
    let ones: Vec<&str> =
        biases.iter().filter(|(_, mean)| *mean == 1.0).map(|(name, _)| name.as_str()).collect();
    let expected =
        ["features.4.bias", "features.10.bias", "features.12.bias", "classifier.0.bias", "classifier.3.bias"];
    assert_eq!(ones, expected);
    assert!(biases.iter().all(|(_, mean)| *mean == 1.0 || *mean == 0.0));
    let std = model.parameters()[4].value().var(.., 1).item().sqrt();
    assert!((std / 0.01 - 1.0).abs() < 0.02, "{std}");
}
