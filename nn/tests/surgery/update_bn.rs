//! Running statistics computed anew, as torch.optim.swa_utils.update_bn has it.

use wengert::nn::{update_bn, update_bn_with};
use wengert::prelude::*;

#[derive(Clone, Module)]
struct Net {
    first: BatchNorm1d<f64>,
    linear: Linear<f64>,
    second: BatchNorm1d<f64>,
}

impl Layer<f64> for Net {
    fn forward(&self, x: &Tensor<f64>) -> Tensor<f64> {
        self.second.forward(&self.linear.forward(&self.first.forward(x)))
    }
}

fn net() -> Net {
    let linear = Linear::new(3, 2, &mut ChaCha8Rng::seed_from_u64(0));
    Net { first: BatchNormConfig::new(3).momentum(0.3).init(), linear, second: BatchNorm1d::new(2) }
}

fn batches() -> Vec<Tensor<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    (0..4).map(|i| Init::normal(f64::from(i), 1.0).tensor([5 + i as usize, 3], &mut rng)).collect()
}

/// The plain averages over the batches of means and unbiased variances.
fn averages(batches: &[Tensor<f64>]) -> [Tensor<f64>; 2] {
    let zeros = || Tensor::zeros([batches[0].shape()[1]]);
    let n = batches.len() as f64;
    let mean = batches.iter().fold(zeros(), |sum, x| sum + x.mean(0)) / n;
    let var = batches.iter().fold(zeros(), |sum, x| sum + x.var(0, 1)) / n;
    [mean, var]
}

fn assert_statistics(norm: &BatchNorm1d<f64>, [mean, var]: [Tensor<f64>; 2]) {
    let found = [norm.running_mean.as_ref().unwrap().value(), norm.running_var.as_ref().unwrap().value()];
    for (found, expected) in found.iter().zip([mean, var]) {
        assert!((found - expected).abs().max(..).item() < 1e-12);
    }
}

#[test]
fn statistics_are_plain_averages_over_the_batches() {
    let (net, batches) = (net(), batches());
    // What was learned before is forgotten.
    net.forward(&Tape::training(0).constant(Tensor::full([4, 3], 100.0)));
    let weights: Vec<Vec<f64>> = net.parameters().iter().map(|p| p.value().to_vec()).collect();
    update_bn(&net, batches.clone());
    assert_statistics(&net.first, averages(&batches));
    let hidden = |x: &Tensor<f64>| {
        let y = net.first.forward(&Tape::training(0).constant(x)).detach();
        net.linear.forward(&y)
    };
    let copy = net.deep_clone();
    let hidden: Vec<Tensor<f64>> = batches.iter().map(hidden).collect();
    assert_statistics(&copy.second, averages(&hidden));
    assert_eq!(copy.second.num_batches_tracked.as_ref().unwrap().value().item(), 4.0);
    let after: Vec<Vec<f64>> = net.parameters().iter().map(|p| p.value().to_vec()).collect();
    assert_eq!(after, weights);
}

#[test]
fn the_momentum_holds_again_afterwards() {
    let (net, batches) = (net(), batches());
    update_bn_with(&net, &batches, |tape, x| {
        net.forward(&tape.constant(x));
    });
    let before = net.first.running_mean.as_ref().unwrap().value();
    net.first.forward(&Tape::training(0).constant(&batches[1]));
    let expected = before * 0.7 + batches[1].mean(0) * 0.3;
    let found = net.first.running_mean.as_ref().unwrap().value();
    assert!((found - expected).abs().max(..).item() < 1e-14);
}

#[test]
fn frozen_statistics_stay() {
    let net = net();
    net.first.freeze();
    update_bn(&net, batches());
    assert_eq!(net.first.running_mean.as_ref().unwrap().value().to_vec(), [0.0; 3]);
    assert_ne!(net.second.running_mean.as_ref().unwrap().value().to_vec(), [0.0; 2]);
}
