//! Weight normalization: values and gradients of PyTorch, second derivatives, and no state between calls.

use wengert::autodiff::check::Check;
use wengert::autodiff::checkpoint;
use wengert::nn::regularization::WeightNorm;
use wengert::prelude::*;

const PYTORCH_Y: [f64; 4] =
    [-0.4813776741499456, 2.3176788737019525, -1.6888543819998325, 4.1748605642685215];
const PYTORCH_G: [f64; 2] = [3.300976794385025, 27.80444568173025];
const PYTORCH_V: [f64; 6] = [
    -3.132338095284025,
    -8.770546666795267,
    -14.408755238306513,
    1.561296654559895,
    0.32144342887997845,
    -0.9184097967999398,
];

fn ramp(shape: &[usize], from: f64, by: f64) -> Tensor<f64> {
    let n: usize = shape.iter().product();
    Tensor::from_vec(shape, (0..n).map(|i| from + by * i as f64).collect())
}

fn linear() -> Linear<f64> {
    let layer = Linear::new(3, 2, &mut ChaCha8Rng::seed_from_u64(0));
    layer.weight.set(&ramp(&[2, 3], -1.0, 0.7));
    layer.bias.as_ref().unwrap().set(&ramp(&[2], 0.1, 0.2));
    layer
}

fn assert_close(found: &Tensor<f64>, expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.to_vec().iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1e-3), "{found}, not {expected}");
    }
}

#[test]
fn the_layer_computes_what_it_did() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let conv = Conv2dConfig::new(4, 6, 3).groups(2).init::<f64>(&mut rng);
    let x: Tensor<f64> = Init::normal(0.0, 1.0).tensor([2, 4, 5, 5], &mut rng);
    let expected = conv.forward(&x).to_vec();
    for (axis, shape) in [(Some(0), &[6, 1, 1, 1][..]), (Some(1), &[1, 2, 1, 1]), (None, &[])] {
        let normed = WeightNorm::named(conv.clone(), "weight", axis);
        assert_eq!(normed.g.shape(), shape);
        assert_close(&normed.forward(&x), &expected);
        assert_close(&normed.forward(&Tape::training(0).constant(&x)).detach(), &expected);
        // The plain layer is as it was, and so is what comes out again.
        assert_eq!(conv.weight.shape(), [6, 2, 3, 3]);
        assert_close(&normed.into_plain().forward(&x), &expected);
    }
}

#[test]
fn values_and_gradients_are_pytorchs() {
    let layer = WeightNorm::new(linear());
    layer.g.set(&ramp(&[2, 1], 2.0, -0.5));
    let tape = Tape::training(0);
    let x = tape.constant(ramp(&[2, 3], 0.5, 0.25));
    let y = layer.forward(&x);
    let grads = y.square().sum(..).backward();
    // torch.nn.utils.weight_norm(torch.nn.Linear(3, 2)) with the same numbers.
    assert_close(&y.detach(), &PYTORCH_Y);
    assert_close(grads.get(&layer.g).unwrap(), &PYTORCH_G);
    assert_close(grads.get(&layer.v).unwrap(), &PYTORCH_V);
}

#[test]
fn derivatives_to_the_second_order() {
    for axis in [Some(0), Some(1), None] {
        let layer = WeightNorm::named(linear(), "weight", axis);
        let loss = |tape: &Tape| layer.forward(&tape.constant(ramp(&[2, 3], 0.5, 0.25))).tanh().sum(..);
        Check::new().order(2).parameters(loss, &layer.parameters()).unwrap().assert();
    }
}

#[test]
fn one_tape_sees_the_layer_twice() {
    let layer = WeightNorm::new(linear());
    let x = ramp(&[2, 3], 0.5, 0.25);
    let gradient = |twice: bool| {
        let tape = Tape::training(0);
        let once = |x: &Tensor<f64>| layer.forward(&tape.constant(x)).sum(..);
        let loss = if twice { once(&x) + once(&(&x * 2.0)) } else { once(&(&x * 3.0)) };
        loss.backward().get(&layer.g).unwrap().clone()
    };
    assert_close(&gradient(true), &gradient(false).to_vec());
}

#[test]
fn a_checkpoint_forgets_nothing() {
    let layer = WeightNorm::new(linear());
    let gradients = |checkpointed: bool| {
        let tape = Tape::training(0);
        let x = tape.constant(ramp(&[2, 3], 0.5, 0.25));
        let block = layer.clone();
        let f = move |x: &Tensor<f64>| block.forward(x).tanh();
        let y = if checkpointed { checkpoint(f, &x) } else { f(&x) };
        let grads = y.square().sum(..).backward();
        layer.parameters().iter().flat_map(|p| grads.get(p).unwrap().to_vec()).collect::<Vec<f64>>()
    };
    assert_eq!(gradients(true), gradients(false));
}

#[test]
fn copies_are_independent() {
    let layer = WeightNorm::new(linear());
    let copy = layer.deep_clone();
    let x = ramp(&[2, 3], 0.5, 0.25);
    let before = layer.forward(&x).to_vec();
    copy.g.set(&Tensor::zeros([2, 1]));
    assert_eq!(layer.forward(&x).to_vec(), before);
    // Both on one tape, as for a target network.
    let tape = Tape::training(0);
    let difference = layer.forward(&tape.constant(&x)) - copy.forward(&tape.constant(&x));
    assert_ne!(difference.to_vec(), [0.0; 4]);
    assert_eq!(copy.forward(&x).to_vec(), [0.1, 0.1 + 0.2, 0.1, 0.1 + 0.2]);
}

#[test]
fn names_state_and_freezing() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let net = Sequential::<f64>::new().push(WeightNorm::new(Linear::new(3, 2, &mut rng))).push(Tanh);
    let names: Vec<String> = net.named_parameters().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["0.weight_g", "0.weight_v", "0.bias"]);
    let other = Sequential::<f64>::new().push(WeightNorm::new(Linear::new(3, 2, &mut rng))).push(Tanh);
    other.load_bytes(&net.to_bytes()).unwrap();
    let x = ramp(&[2, 3], 0.5, 0.25);
    assert_eq!(other.forward(&x).to_vec(), net.forward(&x).to_vec());

    net.freeze();
    let tape = Tape::training(0);
    let v = tape.variable(&x);
    let grads = net.forward(&v).sum(..).backward();
    assert!(grads.get(&v).is_some() && net.parameters().iter().all(|p| grads.get(p).is_none()));
    // A frozen weight stays frozen.
    let layer = linear();
    layer.weight.freeze();
    let layer = WeightNorm::new(layer);
    assert!(layer.g.is_frozen() && layer.v.is_frozen());
    assert!(layer.into_plain().weight.is_frozen());
}

#[test]
fn recurrent_weights_are_wrapped_one_by_one() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let plain = LstmConfig::new(3, 4).init::<f64>(&mut rng);
    let x = ramp(&[5, 1, 3], -1.0, 0.15);
    let expected = plain.forward_with(&x, None, None).0.to_vec();
    let once = WeightNorm::named(plain, "weight_hh_l0", Some(0));
    let twice = WeightNorm::named(once, "weight_ih_l0", None);
    let names: Vec<String> = twice.named_parameters().into_iter().map(|(name, _)| name).collect();
    let expected_names =
        ["weight_ih_l0_g", "weight_ih_l0_v", "weight_hh_l0_g", "weight_hh_l0_v", "bias_ih_l0", "bias_hh_l0"];
    assert_eq!(names, expected_names);
    assert_close(&twice.forward(&x), &expected);
    let found = twice.with(&x, |once| once.with(&x, |lstm| lstm.forward_with(&x, None, None).0));
    assert_close(&found, &expected);
}

#[test]
#[should_panic(expected = "WeightNorm: the layer has no parameter `weights`; it has weight, bias")]
fn an_unknown_name() {
    WeightNorm::named(linear(), "weights", None);
}

#[test]
#[should_panic(expected = "WeightNorm: `weight` of shape [2, 3] has no axis 2")]
fn an_unknown_axis() {
    WeightNorm::named(linear(), "weight", Some(2));
}
