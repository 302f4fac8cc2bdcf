//! Replacing and leaving out heads.

use wengert::prelude::*;

use crate::small::network;

/// The values of everything whose path does not begin with one of the heads.
fn backbone<T: Float, M: Classifier<T> + ?Sized>(model: &M) -> Vec<(String, Vec<T>)> {
    let heads = model.heads();
    let all =
        model.named_parameters().into_iter().map(|(path, parameter)| (path, parameter.value().to_vec()));
    let buffers = model.named_buffers().into_iter().map(|(path, buffer)| (path, buffer.value().to_vec()));
    all.chain(buffers).filter(|(path, _)| !heads.iter().any(|head| path.starts_with(head))).collect()
}

/// What holds for each family.
fn another_head_fits<M: Classifier<f32> + Clone>(mut model: M, pictures: &[usize], classes: usize) {
    let x: Tensor = Init::uniform(0.0, 1.0).tensor(pictures, &mut ChaCha8Rng::seed_from_u64(1));
    assert_eq!(model.classes(), classes);
    model.freeze();
    let before = backbone(&model);
    assert!(!before.is_empty());
    let original = model.deep_clone();

    model.replace_head(classes + 2, &mut ChaCha8Rng::seed_from_u64(2));
    assert_eq!(model.classes(), classes + 2);
    assert_eq!(model.forward(&x).shape(), [pictures[0], classes + 2]);
    assert_eq!(backbone(&model), before);
    // Only the head learns.
    let tape = Tape::training(0);
    let grads = model.forward(&tape.constant(&x)).square().mean(..).backward();
    let heads = model.heads();
    for (path, parameter) in model.named_parameters() {
        let is_head = heads.iter().any(|head| path.starts_with(&format!("{head}.")));
        assert_eq!(parameter.is_frozen(), !is_head, "{path}");
        assert!(!path.starts_with(heads[0]) || grads.get(&parameter).is_some(), "{path}");
    }

    // The original's file loads but for its heads.
    let fresh = model.deep_clone();
    fresh.parameters().iter().for_each(|parameter| parameter.set(&Tensor::zeros(parameter.shape())));
    let bytes = original.to_bytes();
    assert!(fresh.load_bytes(&bytes).is_err());
    let report = fresh.load_backbone(StateDict::from_bytes(&bytes).unwrap()).unwrap();
    assert!(report.loaded.iter().all(|path| !heads.iter().any(|head| path.starts_with(&format!("{head}.")))));
    assert_eq!(backbone(&fresh), before);
    let head = fresh.parameters_where(&|path, _| path.starts_with(&format!("{}.", heads[0])));
    assert!(!head.is_empty());
    assert!(head.iter().all(|parameter| parameter.value().to_vec().iter().all(|&x| x == 0.0)));
}

#[test]
fn of_lenet5() {
    another_head_fits(LeNet5::new(10, &mut ChaCha8Rng::seed_from_u64(0)), &[2, 1, 28, 28], 10);
}

#[test]
fn of_residual_networks() {
    another_head_fits(network(4).init(&mut ChaCha8Rng::seed_from_u64(0)), &[3, 1, 8, 8], 4);
}

#[test]
fn of_darknets() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    another_head_fits(Darknet19Config::new(4).width(0.03).init(&mut rng), &[2, 3, 32, 32], 4);
    another_head_fits(Darknet53Config::new(4).width(0.03).init(&mut rng), &[2, 3, 32, 32], 4);
}

#[test]
fn of_alexnet_and_vgg() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let small = Init::uniform(-0.01, 0.01);
    for config in [AlexNetConfig::one_column(), AlexNetConfig::two_groups()] {
        another_head_fits(config.classes(4).hidden(8).weight_init(small).init(&mut rng), &[1, 3, 64, 64], 4);
    }
    let vgg = VggConfig::vgg11().classes(4).hidden(8).weight_init(small);
    another_head_fits(vgg.init(&mut rng), &[1, 3, 32, 32], 4);
}

#[test]
fn of_googlenet_with_its_auxiliary_heads() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let config = GoogLeNetConfig::torchvision().classes(4).weight_init(Init::uniform(-0.1, 0.1));
    let mut model = config.init::<f32>(&mut rng);
    let bytes = model.to_bytes();
    let heads = ["fc", "aux1.fc2", "aux2.fc2"];
    assert_eq!(model.heads(), heads);
    model.replace_head(7, &mut rng);
    let is_head = |name: &String| heads.iter().any(|head| name.starts_with(&format!("{head}.")));
    for (name, parameter) in model.named_parameters() {
        assert!(!is_head(&name) || parameter.shape()[0] == 7, "{name}");
    }
    let report = model.load_backbone(StateDict::from_bytes(&bytes).unwrap()).unwrap();
    assert!(!report.loaded.is_empty() && !report.loaded.iter().any(is_head));
    let tape = Tape::training(0);
    let outputs = model.outputs(&tape.constant(Tensor::ones([2, 3, 32, 32])));
    for logits in [outputs.logits, outputs.aux_logits1.unwrap(), outputs.aux_logits2.unwrap()] {
        assert_eq!(logits.shape(), [2, 7]);
    }
    drop(tape);
    another_head_fits(config.aux_logits(false).init(&mut rng), &[1, 3, 32, 32], 4);
}

#[test]
fn of_boxed_classifiers() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut zoo: Vec<Box<dyn Classifier<f64>>> =
        vec![Box::new(LeNet5::<f64>::new(10, &mut rng)), Box::new(network(10).init::<f64>(&mut rng))];
    for model in &mut zoo {
        model.replace_head(1, &mut rng);
        assert_eq!(model.forward(&Tensor::zeros([1, 1, 28, 28])).shape(), [1, 1]);
    }
}

#[test]
#[should_panic(expected = "out_features")]
fn a_head_for_no_classes_panics() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    network(4).init::<f32>(&mut rng).replace_head(0, &mut rng);
}
