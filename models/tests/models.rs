//! The models: sizes, names, wrong configurations, and that they learn.

use wengert::prelude::*;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(5)
}

/// Plain gradient descent.
fn descend<T: Float>(model: &impl Module<T>, grads: &Gradients<T>, rate: f64) {
    for parameter in model.parameters() {
        let gradient = grads.get(&parameter).expect("every parameter takes part");
        parameter.update(|values| values.scaled_add(T::from_f64(-rate), &gradient.view()));
    }
}

#[test]
fn lenet5_has_61706_parameters_under_their_names() {
    let model = LeNet5::<f32>::new(10, &mut rng());
    assert_eq!(model.parameter_count(), 61_706);
    let names: Vec<String> = model.named_parameters().into_iter().map(|(name, _)| name).collect();
    let expected = [
        "c1.weight",
        "c1.bias",
        "c3.weight",
        "c3.bias",
        "c5.weight",
        "c5.bias",
        "f6.weight",
        "f6.bias",
        "output.weight",
        "output.bias",
    ];
    assert_eq!(names, expected);
}

#[test]
fn padding_a_picture_is_what_the_small_input_does() {
    let small = LeNet5::<f64>::new(10, &mut rng());
    let large = LeNet5Config::new(10).input_size(32).init::<f64>(&mut rng());
    let x: Tensor<f64> = Init::uniform(0.0, 1.0).tensor([2, 1, 28, 28], &mut rng());
    let padded = x.pad([(0, 0), (0, 0), (2, 2), (2, 2)], 0.0);
    let (a, b) = (small.forward(&x).to_vec(), large.forward(&padded).to_vec());
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12), "{a:?} {b:?}");
}

#[test]
fn lenet5_learns_a_batch_by_heart() {
    let model = LeNet5::<f32>::new(4, &mut rng());
    let x: Tensor<f32> = Init::uniform(0.0, 1.0).tensor([8, 1, 28, 28], &mut rng());
    let labels = Indices::from_vec([8], vec![0, 1, 2, 3, 0, 1, 2, 3]);
    for _ in 0..150 {
        let loss = model.forward(&Tape::training(0).constant(&x)).cross_entropy(&labels);
        descend(&model, &loss.backward(), 0.2);
    }
    let logits = model.forward(&x);
    assert_eq!(logits.argmax(1).as_slice(), labels.as_slice(), "{logits}");
}

#[test]
fn an_mlp_learns_exclusive_or() {
    let model = MlpConfig::new([2, 8, 1]).activation(Activation::Tanh).init::<f64>(&mut rng());
    let x = Tensor::from_vec([4, 2], vec![0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    let y = Tensor::from_vec([4, 1], vec![0.0, 1.0, 1.0, 0.0]);
    for _ in 0..1000 {
        let logits = model.forward(&Tape::training(0).constant(&x));
        descend(&model, &logits.binary_cross_entropy_with_logits(&y).backward(), 1.0);
    }
    let p = model.forward(&x).sigmoid();
    assert!(p.to_vec().iter().zip(y.to_vec()).all(|(p, y)| (p - y).abs() < 0.1), "{p}");
}

#[test]
fn an_mlp_has_an_activation_between_its_layers_and_none_after() {
    let model = Mlp::<f64>::new([2, 3, 2], &mut rng());
    let x = Tensor::from_vec([1, 2], vec![0.3, -2.0]);
    let by_hand = model.layers[1].forward(&model.layers[0].forward(&x).relu());
    assert_eq!(model.forward(&x).to_vec(), by_hand.to_vec());
    let dropping = MlpConfig::new([2, 30, 2]).dropout(0.5).init::<f64>(&mut rng());
    let trained = dropping.forward(&Tape::training(0).constant(&x));
    assert_ne!(trained.to_vec(), dropping.forward(&x).to_vec());
}

#[test]
fn logistic_regression_starts_at_zero_and_descends_to_a_small_gradient() {
    let model = LogisticRegression::<f64>::new(1);
    assert_eq!(model.parameter_count(), 2);
    let x = Tensor::from_vec([4, 1], vec![-2.0, -1.0, 1.0, 0.5]);
    let y = Tensor::from_vec([4], vec![0.0, 1.0, 1.0, 0.0]);
    assert_eq!(model.probability(&x).to_vec(), [0.5; 4]);
    let gradient = |model: &LogisticRegression<f64>| {
        let logits = model.forward(&Tape::new().constant(&x));
        logits.binary_cross_entropy_with_logits(&y).backward()
    };
    for _ in 0..2000 {
        descend(&model, &gradient(&model), 0.5);
    }
    let grads = gradient(&model);
    assert!(model.parameters().iter().all(|p| grads.get(p).unwrap().abs().max(..).item() < 1e-6));
    assert!(model.linear.weight.value().item() > 0.0);
}

#[test]
fn wrong_configurations_are_errors() {
    let lenet = |config: LeNet5Config| config.try_init::<f32>(&mut rng()).unwrap_err().to_string();
    assert_eq!(lenet(LeNet5Config::new(0)), "LeNet5Config: classes is 0, expected at least 1");
    assert_eq!(
        lenet(LeNet5Config::new(10).input_size(30)),
        "LeNet5Config: input_size is 30, expected 28 or 32"
    );
    let mlp = |config: MlpConfig| config.try_init::<f32>(&mut rng()).unwrap_err().to_string();
    let features = "expected at least two numbers, the input's and the output's, none of them 0";
    assert_eq!(mlp(MlpConfig::new([4])), format!("MlpConfig: features is [4], {features}"));
    assert_eq!(mlp(MlpConfig::new([4, 0, 2])), format!("MlpConfig: features is [4, 0, 2], {features}"));
    assert_eq!(
        mlp(MlpConfig::new([4, 2]).dropout(-1.0)),
        "MlpConfig: dropout is -1, expected a probability in 0..=1"
    );
}
