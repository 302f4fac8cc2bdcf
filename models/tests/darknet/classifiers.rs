//! The two classifiers: sizes, costs, names, taps, and that all of them learns.

use wengert::models::Stages;
use wengert::models::vision::{ConvBnLeakyConfig, Darknet19, Darknet19Config, Darknet53, Darknet53Config};
use wengert::prelude::*;

use crate::{noise, rng};

/// The operations that Darknet counts: two for each multiply-add of a convolution or a linear layer, without biases.
fn operations(model: &impl Layer<f32>, size: usize) -> u64 {
    let summary = nn::summary(model, &Tensor::zeros([1, 3, size, size]));
    let counted = summary.parts().iter().filter(|part| part.kind == "Conv2d" || part.kind == "Linear");
    counted.map(|part| part.flops).sum()
}

#[test]
fn parameters_and_operations_are_those_of_the_papers() {
    let darknet19 = Darknet19::<f32>::new(1000, &mut rng());
    let darknet53 = Darknet53::<f32>::new(1000, &mut rng());
    assert_eq!(darknet19.parameter_count(), 20_842_376);
    assert_eq!(darknet53.parameter_count(), 41_609_928);
    // Of Darknet-19 the paper says 5.58 billion operations, of Darknet-53 Darknet prints 18.57.
    assert_eq!(operations(&darknet19, 224), 5_581_979_648);
    assert_eq!(operations(&darknet53, 256), 18_570_231_808);
    // Convolutions: 18 and the classifier; 52 and the classifier.
    let convolutions = |names: Vec<(String, Parameter<f32>)>| {
        names.iter().filter(|(name, _)| name.ends_with("conv.weight")).count()
    };
    assert_eq!(convolutions(darknet19.named_parameters()), 18);
    assert_eq!(convolutions(darknet53.named_parameters()), 52);
}

#[test]
fn parameters_have_these_names() {
    let names = |named: Vec<(String, Parameter<f32>)>| -> Vec<String> {
        named.into_iter().map(|(name, _)| name).collect()
    };
    let of_19 = names(Darknet19Config::new(2).width(0.01).init(&mut rng()).named_parameters());
    let first = ["conv.weight", "bn.weight", "bn.bias"].map(|name| format!("backbone.stages.0.0.{name}"));
    assert_eq!(of_19[..3], first);
    assert_eq!(of_19[of_19.len() - 2..], ["classifier.weight", "classifier.bias"]);
    let of_53 = names(Darknet53Config::new(2).width(0.01).init(&mut rng()).named_parameters());
    assert_eq!(of_53[0], "backbone.stem.conv.weight");
    assert_eq!(of_53[3], "backbone.stages.0.down.conv.weight");
    assert_eq!(of_53[6], "backbone.stages.0.blocks.0.conv1.conv.weight");
    assert_eq!(of_53[of_53.len() - 2..], ["classifier.weight", "classifier.bias"]);
}

/// The smallest numbers of channels with which each block still differs from its neighbours.
const WIDTH: f64 = 1.0 / 16.0;

#[test]
fn taps_are_the_maps_before_each_halving() {
    let x = noise::<f32>(&[2, 3, 64, 96], 0);
    let model = Darknet19Config::new(5).width(WIDTH).init::<f32>(&mut rng());
    let [passthrough, features] = model.backbone.taps(&x);
    assert_eq!(passthrough.shape(), [2, 32, 4, 6]);
    assert_eq!(features.shape(), [2, 64, 2, 3]);
    let mut rest = passthrough.max_pool2d(2);
    for block in &model.backbone.stages[5] {
        rest = block.forward(&rest);
    }
    assert_eq!(rest.to_vec(), features.to_vec());
    assert_eq!(model.backbone.forward(&x).to_vec(), features.to_vec());
    let logits = model.classifier.forward(&features).mean([-2, -1]);
    let difference = (logits - model.forward(&x)).abs().max(..).item();
    assert!(difference < 1e-5, "{difference}");

    let model = Darknet53Config::new(5).width(WIDTH).init::<f32>(&mut rng());
    let [eighth, sixteenth, last] = model.backbone.taps(&x);
    assert_eq!(eighth.shape(), [2, 16, 8, 12]);
    assert_eq!(sixteenth.shape(), [2, 32, 4, 6]);
    assert_eq!(last.shape(), [2, 64, 2, 3]);
    assert_eq!(model.backbone.stages[3].forward(&eighth).to_vec(), sixteenth.to_vec());
    assert_eq!(model.backbone.stages[4].forward(&sixteenth).to_vec(), last.to_vec());
    let logits = model.classifier.forward(&last.mean([-2, -1]));
    let difference = (logits - model.forward(&x)).abs().max(..).item();
    assert!(difference < 1e-5, "{difference}");
}

#[test]
fn a_residual_block_adds_its_input() {
    let model = Darknet53Config::new(5).width(WIDTH).init::<f64>(&mut rng());
    let block = &model.backbone.stages[0].blocks[0];
    let x = noise::<f64>(&[1, 4, 5, 5], 1);
    block.conv2.bn.weight.as_ref().unwrap().set(&Tensor::zeros([4]));
    assert_eq!(block.forward(&x).to_vec(), x.to_vec());
}

/// Every parameter gets a finite gradient that is not zero, and a step along it lowers the loss.
fn learns<T: Float>(model: &impl Stages<T>) {
    let x = noise::<T>(&[4, 3, 64, 64], 2);
    let labels = Indices::from_vec([4], vec![0, 1, 2, 0]);
    let pass = || {
        let tape = Tape::training(0);
        let loss = model.forward(&tape.constant(&x)).cross_entropy(&labels);
        (tape, loss)
    };
    let (tape, loss) = pass();
    let audit = tape.audit(&loss, model);
    assert!(audit.findings().is_empty(), "{audit}");
    let before = loss.item().to_f64();
    let mut sgd = Sgd::new(model.parameters(), 0.01);
    sgd.step(&loss.backward());
    let (_, after) = pass();
    assert!(after.item().to_f64() < before, "{} is not below {before}", after.item());
}

#[test]
fn darknet19_learns() {
    learns(&Darknet19Config::new(3).width(WIDTH).init::<f32>(&mut rng()));
    learns(&Darknet19Config::new(3).width(WIDTH).init::<f64>(&mut rng()));
}

#[test]
fn darknet53_learns() {
    learns(&Darknet53Config::new(3).width(WIDTH).init::<f32>(&mut rng()));
    learns(&Darknet53Config::new(3).width(WIDTH).init::<f64>(&mut rng()));
}

#[test]
fn freezing_by_depth_leaves_the_rest_to_learn() {
    let model = Darknet53Config::new(3).width(WIDTH).init::<f32>(&mut rng());
    model.freeze_through("backbone.stages.3.blocks.7");
    let trained = model.parameters_where(&|_, parameter| !parameter.is_frozen()).len();
    // The last stage's 1 + 4 · 2 blocks of 3, and the classifier's 2.
    assert_eq!(trained, 29);
}

#[test]
fn pictures_of_any_size_and_of_none() {
    let small = Darknet19Config::new(3).width(WIDTH).in_channels(1).init::<f32>(&mut rng());
    assert_eq!(small.forward(&Tensor::zeros([1, 1, 17, 17])).shape(), [1, 3]);
    // Where a side is odd, Darknet's poolings round up.
    let [passthrough, features] = small.backbone.taps(&Tensor::zeros([1, 1, 33, 50]));
    assert_eq!((&passthrough.shape()[2..], &features.shape()[2..]), (&[3, 4][..], &[2, 2][..]));
    assert_eq!(small.forward(&Tensor::zeros([0, 1, 32, 32])).shape(), [0, 3]);
    let large = Darknet53Config::new(3).width(WIDTH).in_channels(1).init::<f32>(&mut rng());
    assert_eq!(large.forward(&Tensor::zeros([1, 1, 1, 1])).shape(), [1, 3]);
    assert_eq!(large.forward(&Tensor::zeros([0, 1, 32, 32])).shape(), [0, 3]);
}

#[test]
fn wrong_configurations_are_errors() {
    let of_19 = |config: Darknet19Config| config.try_init::<f32>(&mut rng()).unwrap_err().to_string();
    assert_eq!(of_19(Darknet19Config::new(0)), "Darknet19Config: classes is 0, expected at least 1");
    assert_eq!(
        of_19(Darknet19Config::new(2).in_channels(0)),
        "Darknet19Config: in_channels is 0, expected at least 1"
    );
    for width in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            of_19(Darknet19Config::new(2).width(width)),
            format!("Darknet19Config: width is {width}, expected a finite number above 0")
        );
    }
    let of_53 = |config: Darknet53Config| config.try_init::<f32>(&mut rng()).unwrap_err().to_string();
    assert_eq!(of_53(Darknet53Config::new(0)), "Darknet53Config: classes is 0, expected at least 1");
    assert!(of_53(Darknet53Config::new(2).width(1e30)).contains("address space"));
    let block = |config: ConvBnLeakyConfig| config.try_init::<f32>(&mut rng()).unwrap_err().to_string();
    assert_eq!(
        block(ConvBnLeakyConfig::new(3, 8, 3).stride(0)),
        "Conv2dConfig: stride is [0, 0], expected at least 1 on each axis"
    );
    assert_eq!(
        block(ConvBnLeakyConfig::new(3, 8, 3).momentum(2.0)),
        "BatchNormConfig: momentum is 2, expected a number in 0..=1"
    );
}
