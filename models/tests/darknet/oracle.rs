//! The networks that `oracle/generate.py` computed with Darknet's loops, layer by layer.

use std::io::Read;

use flate2::read::GzDecoder;
use serde::Deserialize;
use wengert::models::detection::darknet::{Cfg, DarknetNet, DarknetWeights, Epsilon, Section};
use wengert::prelude::*;

use crate::rng;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    cfg: String,
    /// The bytes of the file, two hexadecimal digits each.
    weights: String,
    input: Array,
    /// Of each layer.
    inside: Vec<Array>,
    outside: Vec<Array>,
}

#[derive(Deserialize)]
struct Array {
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Array {
    fn tensor(&self) -> Tensor<f64> {
        Tensor::from_vec(&self.shape, self.values.clone())
    }
}

impl Case {
    fn weights(&self) -> Vec<u8> {
        let digits = |at| u8::from_str_radix(&self.weights[at..at + 2], 16).unwrap();
        (0..self.weights.len()).step_by(2).map(digits).collect()
    }

    fn net<T: Float>(&self) -> DarknetNet<T> {
        let cfg = Cfg::parse(&self.cfg).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        assert_eq!(cfg.ignored(), [], "{}", self.name);
        let net = cfg.init(&mut rng());
        let loaded = net.load_weights_bytes(&self.weights()).unwrap();
        assert_eq!(loaded.left_over, 0);
        assert_eq!(loaded.seen, if loaded.version.is_wide() { (1 << 40) + 7 } else { 32_013_312 });
        net
    }
}

fn cases() -> Vec<Case> {
    let mut text = String::new();
    GzDecoder::new(&include_bytes!("oracle/networks.json.gz")[..]).read_to_string(&mut text).unwrap();
    let cases: Vec<Case> = serde_json::from_str(&text).unwrap();
    assert_eq!(cases.len(), 4);
    cases
}

fn expect_close(found: &Tensor<f64>, expected: &Array, tolerance: f64, what: &str) {
    assert_eq!(found.shape(), expected.shape, "{what}");
    for (i, (found, expected)) in found.to_vec().iter().zip(&expected.values).enumerate() {
        let close = (found - expected).abs() <= tolerance * expected.abs().max(1.0);
        assert!(close, "{what}: element {i} is {found}, expected {expected}");
    }
}

fn layers(cfg: &Cfg) -> Vec<usize> {
    (0..cfg.layers().len()).collect()
}

#[test]
fn every_layer_computes_what_darknet_does() {
    for case in cases() {
        for (epsilon, expected) in [(Epsilon::Inside, &case.inside), (Epsilon::Outside, &case.outside)] {
            let net = case.net::<f64>().epsilon(epsilon);
            let outputs = net.outputs(&case.input.tensor(), &layers(net.cfg()));
            assert_eq!(outputs.len(), expected.len());
            for (at, (found, expected)) in outputs.iter().zip(expected).enumerate() {
                let what = format!("{}, {epsilon:?}, layer {at}", case.name);
                expect_close(found, expected, 1e-11, &what);
                let [channels, height, width] = net.cfg().layers()[at].output();
                assert_eq!(found.shape()[1..], [channels, height, width], "{what}");
            }
        }
    }
}

#[test]
fn single_precision_is_close() {
    for case in cases() {
        let net = case.net::<f32>();
        let outputs = net.outputs(&case.input.tensor().cast(), &layers(net.cfg()));
        for (at, (found, expected)) in outputs.iter().zip(&case.inside).enumerate() {
            expect_close(&found.cast(), expected, 2e-4, &format!("{}, layer {at}", case.name));
        }
    }
}

#[test]
fn heads_give_the_maps_before_them() {
    let heads: Vec<Vec<usize>> = cases()
        .iter()
        .map(|case| {
            let net = case.net::<f64>();
            let x = case.input.tensor();
            let heads = net.heads(&x);
            for head in &heads {
                assert_eq!(head.map.to_vec(), net.outputs(&x, &[head.layer])[0].to_vec());
                assert!(head.section.is_head());
            }
            heads.iter().map(|head| head.layer).collect()
        })
        .collect();
    assert_eq!(heads, [vec![5], vec![8, 14], vec![], vec![3]]);
}

#[test]
fn what_follows_a_connected_layer_has_two_axes() {
    let cases = cases();
    let classifier = cases[2].net::<f64>();
    let p = classifier.forward(&cases[2].input.tensor());
    assert_eq!(p.shape(), [2, 6]);
    let sums = p.reshape([2, 2, 3]).sum(2).to_vec();
    assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-12));
    let detector = cases[3].net::<f64>();
    assert_eq!(detector.heads(&cases[3].input.tensor())[0].map.shape(), [2, 28]);
    assert!(matches!(detector.cfg().layers()[3].section(), Section::Detection(head) if head.side == 2));
}

#[test]
fn writing_gives_the_same_bytes() {
    for case in cases() {
        let bytes = case.weights();
        let net = case.net::<f32>();
        let loaded = net.load_weights_bytes(&bytes).unwrap();
        assert!(net.weights_bytes(loaded.version, loaded.seen) == bytes, "{}", case.name);
        let double = case.net::<f64>();
        assert!(double.weights_bytes(loaded.version, loaded.seen) == bytes, "{}", case.name);
        let size = bytes.len() as u64 - if loaded.version.is_wide() { 20 } else { 16 };
        assert_eq!(net.cfg().weights_size() - 20, size, "{}", case.name);
    }
}

/// The last layer's output, or all heads' maps, as a loss.
fn loss(net: &DarknetNet<f64>, x: &Tensor<f64>) -> Tensor<f64> {
    let heads = net.heads(x);
    match heads.is_empty() {
        true => net.forward(x).square().sum(..),
        false => heads.iter().map(|head| head.map.square().sum(..)).reduce(|a, b| a + b).unwrap(),
    }
}

#[test]
fn every_layer_learns() {
    for case in cases() {
        let net = case.net::<f64>();
        let tape = Tape::training(0);
        let audit = tape.audit(&loss(&net, &tape.constant(case.input.tensor())), &net);
        assert!(audit.findings().is_empty(), "{}: {audit}", case.name);
    }
}

#[test]
fn the_other_epsilon_has_its_own_gradient() {
    let case = &cases()[0];
    let net = case.net::<f64>().epsilon(Epsilon::Outside);
    let x = case.input.tensor();
    let gradients = loss(&net, &Tape::new().constant(&x)).backward();
    let weight = net.parameters_matching("layers.0.bn.weight").unwrap().remove(0);
    let bumped = |by: f64| {
        let before = weight.value();
        weight.update(|w| w[[2].as_slice()] += by);
        let loss = loss(&net, &x).item();
        weight.set(&before);
        loss
    };
    let numerical = (bumped(1e-5) - bumped(-1e-5)) / 2e-5;
    let found = gradients.get(&weight).unwrap().to_vec()[2];
    assert!((found - numerical).abs() < 1e-6 * numerical.abs().max(1.0), "{found} {numerical}");
}

#[test]
fn frozen_statistics_use_the_chosen_epsilon_in_training_too() {
    let case = &cases()[0];
    let net = case.net::<f64>().epsilon(Epsilon::Outside);
    net.freeze();
    let found = net.outputs(&Tape::training(0).constant(case.input.tensor()), &[0]);
    expect_close(&found[0], &case.outside[0], 1e-11, "layer 0");
}
