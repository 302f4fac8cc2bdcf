//! The initializers: the moments they promise, the layers' defaults, and the same draws for both element types.

use wengert::nn::init::{Distribution, Fan, Fans};
use wengert::prelude::*;

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(3)
}

fn moments(init: Init, shape: &[usize], seed: u64) -> (f64, f64, f64) {
    let x: Tensor<f64> = init.tensor(shape, &mut ChaCha8Rng::seed_from_u64(seed));
    let largest = x.abs().max(..).item();
    (x.mean(..).item(), x.var(.., 0).item(), largest)
}

#[test]
fn initializers_have_the_moments_they_promise() {
    let (linear, conv) = ([100, 300], [64, 32, 5, 5]);
    let (linear_in, linear_out) = (300.0, 100.0);
    let (conv_in, conv_out) = (32.0 * 25.0, 64.0 * 25.0);
    let scaled = |gain, fan| Init::scaled(gain, fan, Distribution::Normal);
    let leaky = Activation::LeakyRelu(0.2).gain();
    // What the rule is, its variance for both weights, and √3 σ where it is uniform.
    let cases: Vec<(Init, f64, f64, bool)> = vec![
        (Init::normal(0.0, 0.3), 0.09, 0.09, false),
        (Init::uniform(-0.5, 0.5), 1.0 / 12.0, 1.0 / 12.0, true),
        (Init::he_normal(), 2.0 / linear_in, 2.0 / conv_in, false),
        (Init::he_uniform(), 2.0 / linear_in, 2.0 / conv_in, true),
        (Init::glorot_normal(), 2.0 / (linear_in + linear_out), 2.0 / (conv_in + conv_out), false),
        (Init::glorot_uniform(), 2.0 / (linear_in + linear_out), 2.0 / (conv_in + conv_out), true),
        (Init::lecun_normal(), 1.0 / linear_in, 1.0 / conv_in, false),
        (Init::lecun_uniform(), 1.0 / linear_in, 1.0 / conv_in, true),
        (Init::pytorch(), 1.0 / (3.0 * linear_in), 1.0 / (3.0 * conv_in), true),
        (scaled(2.0, Fan::Out), 4.0 / linear_out, 4.0 / conv_out, false),
        (scaled(leaky, Fan::In), 2.0 / 1.04 / linear_in, 2.0 / 1.04 / conv_in, false),
    ];
    for (init, of_linear, of_conv, uniform) in cases {
        for (shape, expected) in [(&linear[..], of_linear), (&conv[..], of_conv)] {
            let (mean, variance, largest) = moments(init, shape, 11);
            let n: usize = shape.iter().product();
            let deviations = mean.abs() / (expected / n as f64).sqrt();
            assert!(deviations < 4.0, "{init:?}: the mean is {mean}, {deviations} standard errors from 0");
            assert!(
                (variance / expected - 1.0).abs() < 0.04,
                "{init:?}: variance {variance}, not {expected}"
            );
            let bound = (3.0 * expected).sqrt();
            assert_eq!(largest <= bound, uniform, "{init:?}: largest {largest}, bound {bound}");
        }
    }
    let (mean, variance, _) = moments(Init::normal(2.0, 0.5), &linear, 5);
    assert!((mean - 2.0).abs() < 0.02 && (variance - 0.25).abs() < 0.01);
    assert_eq!(moments(Init::constant(0.7), &[2, 2], 0), (0.7, 0.0, 0.7));
    assert_eq!(Fans::of(&[6, 2, 3, 5]), Some(Fans { fan_in: 30, fan_out: 90 }));
    assert_eq!(Fans::of(&[6]), None);
}

#[test]
fn layers_start_as_in_pytorch() {
    let layer = Linear::<f64>::new(16, 4000, &mut rng());
    let bias = layer.bias.as_ref().unwrap().value();
    for values in [layer.weight.value(), bias] {
        let largest = values.abs().max(..).item();
        assert!((0.2495..=0.25).contains(&largest), "{largest}, where U(±1/√16) is expected");
    }
    let grouped = Conv2dConfig::new(8, 400, 2).groups(4).init::<f64>(&mut rng());
    let bias = grouped.bias.as_ref().unwrap().value().abs().max(..).item();
    let bound = 1.0 / 8f64.sqrt();
    assert!(bias <= bound && bias > 0.98 * bound, "{bias}, where U(±1/√(2·2·2)) is expected");
}

#[test]
fn both_element_types_start_alike() {
    let (single, double) = (Linear::<f32>::new(5, 7, &mut rng()), Linear::<f64>::new(5, 7, &mut rng()));
    assert_eq!(single.weight.value().to_vec(), double.weight.value().cast::<f32>().to_vec());
    assert_eq!(single.to_bytes(), Linear::<f32>::new(5, 7, &mut rng()).to_bytes());
}

#[test]
#[should_panic(expected = "shape [3] has fewer than two axes and so no fans")]
fn a_vector_has_no_fans() {
    let _: Tensor<f32> = Init::he_normal().tensor([3], &mut rng());
}
