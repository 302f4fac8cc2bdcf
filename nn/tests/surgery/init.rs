//! The initializers: the moments they promise, the layers' defaults, and the same draws for both element types.

use wengert::nn::init::{Distribution, Fan, Fans, gain};
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

#[test]
fn gains_are_pytorchs() {
    let found = [gain::LINEAR, gain::SIGMOID, gain::TANH, gain::RELU, gain::leaky_relu(0.2), gain::SELU];
    // torch.nn.init.calculate_gain: linear, sigmoid, tanh, relu, leaky_relu with 0.2, selu.
    let expected = [1.0, 1.0, 1.6666666666666667, std::f64::consts::SQRT_2, 1.3867504905630728, 0.75];
    assert_eq!(found, expected);
}

#[test]
fn named_rules_scale_by_gain_and_fan() {
    let scaled = |gain, fan| Init::scaled(gain, fan, Distribution::Normal);
    assert_eq!(Init::kaiming_normal(Fan::Out, gain::TANH), scaled(gain::TANH, Fan::Out));
    assert_eq!(Init::xavier_normal(2.0), scaled(2.0, Fan::Average));
    assert_eq!(Init::xavier_uniform(1.0), Init::glorot_uniform());
    assert_eq!(Init::kaiming_uniform(Fan::In, gain::RELU), Init::he_uniform());
    let (mean, variance, _) = moments(Init::small_normal(), &[100, 300], 2);
    assert!(mean.abs() < 3e-4 && (variance / 1e-4 - 1.0).abs() < 0.03, "{mean} {variance}");
}

#[test]
fn truncated_normal_keeps_to_its_bounds() {
    // PyTorch's defaults: the deviation of N(0, 1) between −2 and 2 is 0.8796.
    let (mean, variance, largest) = moments(Init::truncated_normal(0.0, 1.0, -2.0, 2.0), &[100, 300], 1);
    assert!(mean.abs() < 0.02 && (variance.sqrt() - 0.879_625_7).abs() < 0.01 && largest <= 2.0);
    // Bounds are values, also far from the mean.
    let x: Tensor<f64> = Init::truncated_normal(5.0, 0.5, 5.5, 5.6).tensor([1000], &mut rng());
    assert!(x.min(..).item() >= 5.5 && x.max(..).item() <= 5.6 && x.max(..).item() > 5.59);
    let x: Tensor<f32> = Init::truncated_normal(0.0, 1.0, -0.1, 0.3).tensor([1000], &mut rng());
    assert!(x.min(..).item() >= -0.1 && x.max(..).item() <= 0.3);
}

#[test]
fn eye_and_dirac_are_identities() {
    let eye: Tensor<f64> = Init::eye().tensor([2, 3], &mut rng());
    assert_eq!(eye.to_vec(), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    let eye: Tensor<f32> = Init::eye().tensor([3, 2], &mut rng());
    assert_eq!(eye.to_vec(), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    // torch.nn.init.dirac_ on zeros [4, 2, 3] with 2 groups, on [3, 2, 2, 3] and on [2, 2, 1, 3, 4].
    let ones = |init: Init, shape: &[usize]| -> Vec<usize> {
        let x: Tensor<f64> = init.tensor(shape, &mut rng());
        assert_eq!(x.sum(..).item(), x.gt(0.5).count() as f64);
        x.to_vec().iter().enumerate().filter(|(_, x)| **x == 1.0).map(|(i, _)| i).collect()
    };
    assert_eq!(ones(Init::dirac(2), &[4, 2, 3]), [1, 10, 13, 22]);
    assert_eq!(ones(Init::dirac(1), &[3, 2, 2, 3]), [4, 22]);
    assert_eq!(ones(Init::dirac(1), &[2, 2, 1, 3, 4]), [6, 42]);

    let conv = Conv2dConfig::new(4, 4, 3).padding(1).groups(2).bias(false).weight_init(Init::dirac(2));
    let x: Tensor<f64> = Init::normal(0.0, 1.0).tensor([2, 4, 5, 5], &mut rng());
    assert_eq!(conv.init(&mut rng()).forward(&x).to_vec(), x.to_vec());
}

#[test]
fn orthogonal_matrices() {
    for (shape, gain) in
        [(&[5, 5][..], 1.0), (&[7, 3], 2.0), (&[3, 7], 0.5), (&[6, 2, 3, 3], 1.0), (&[1, 4], 1.0)]
    {
        let q: Tensor<f64> = Init::orthogonal(gain).tensor(shape, &mut rng());
        let rows = shape[0];
        let columns: usize = shape[1..].iter().product();
        let q = q.reshape([rows, columns]);
        let (product, n) = match rows > columns {
            true => (q.transpose(0, 1).matmul(&q), columns),
            false => (q.matmul(&q.transpose(0, 1)), rows),
        };
        let unit: Tensor<f64> = Init::eye().tensor([n, n], &mut rng());
        let error = (product - unit * (gain * gain)).abs().max(..).item();
        assert!(error < 1e-14, "{shape:?}: {error}");
    }
    // Uniform among all: no sign is preferred, which it would be without the correction.
    let mut rng = rng();
    let draws: Vec<Tensor<f64>> = (0..2000).map(|_| Init::orthogonal(1.0).tensor([3, 3], &mut rng)).collect();
    for at in 0..9 {
        let mean = draws.iter().map(|q| q.to_vec()[at]).sum::<f64>() / draws.len() as f64;
        let square = draws.iter().map(|q| q.to_vec()[at].powi(2)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.06, "element {at}: mean {mean}");
        assert!((square - 1.0 / 3.0).abs() < 0.03, "element {at}: mean square {square}");
    }
}

#[test]
fn orthogonal_is_the_q_of_what_was_drawn() {
    // R = Qᵀ·A is upper triangular with a positive diagonal, as PyTorch fixes the signs.
    let (q, a): (Tensor<f64>, Tensor<f64>) =
        (Init::orthogonal(1.0).tensor([6, 4], &mut rng()), Init::normal(0.0, 1.0).tensor([6, 4], &mut rng()));
    let r = q.transpose(0, 1).matmul(&a).to_vec();
    for (i, j) in (0..4).flat_map(|i| (0..4).map(move |j| (i, j))) {
        match i.cmp(&j) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => assert!(r[i * 4 + j] > 0.0),
            std::cmp::Ordering::Greater => assert!(r[i * 4 + j].abs() < 1e-13),
        }
    }
}

#[test]
fn sparse_columns() {
    let x: Tensor<f64> = Init::sparse(0.33, 0.01).tensor([10, 400], &mut rng());
    let zeros = x.eq(0.0);
    let per_column = Tensor::<f64>::ones([10, 400]).masked_fill(&x.ne(0.0), 0.0).sum(0);
    assert_eq!(per_column.to_vec(), [4.0; 400]);
    // Every row is as likely.
    let per_row = Tensor::<f64>::ones([10, 400]).masked_fill(&x.ne(0.0), 0.0).sum(1).to_vec();
    assert!(per_row.iter().all(|n| (n - 160.0).abs() < 5.0 * (400.0 * 0.4 * 0.6f64).sqrt()), "{per_row:?}");
    let others: Vec<f64> = x.to_vec().into_iter().filter(|x| *x != 0.0).collect();
    assert_eq!(others.len() + zeros.count(), 4000);
    let variance = others.iter().map(|x| x * x).sum::<f64>() / others.len() as f64;
    assert!((variance / 1e-4 - 1.0).abs() < 0.1, "{variance}");
}

#[test]
fn every_rule_draws_the_same_for_both_element_types() {
    let rules = [
        Init::truncated_normal(0.0, 1.0, -2.0, 2.0),
        Init::eye(),
        Init::orthogonal(1.5),
        Init::sparse(0.5, 0.1),
        Init::kaiming_normal(Fan::Out, gain::SELU),
    ];
    for init in rules {
        let double: Tensor<f64> = init.tensor([4, 6], &mut rng());
        let single: Tensor<f32> = init.tensor([4, 6], &mut rng());
        assert_eq!(single.to_vec(), double.cast::<f32>().to_vec(), "{init:?}");
    }
}

#[test]
fn rules_are_written_and_read() {
    let rules = [
        (
            Init::truncated_normal(0.0, 1.0, -2.0, 2.0),
            r#"{"truncated_normal":{"mean":0.0,"std":1.0,"low":-2.0,"high":2.0}}"#,
        ),
        (Init::eye(), r#""eye""#),
        (Init::dirac(2), r#"{"dirac":{"groups":2}}"#),
        (Init::orthogonal(1.0), r#"{"orthogonal":{"gain":1.0}}"#),
        (Init::sparse(0.1, 0.01), r#"{"sparse":{"sparsity":0.1,"std":0.01}}"#),
    ];
    for (init, text) in rules {
        assert_eq!(serde_json::to_string(&init).unwrap(), text);
        assert_eq!(serde_json::from_str::<Init>(text).unwrap(), init);
    }
}

#[test]
fn rules_that_do_not_fit_are_errors_in_configurations() {
    let error = |init| {
        let config = LinearConfig::new(4, 6).weight_init(init);
        config.try_init::<f32>(&mut rng()).unwrap_err().to_string()
    };
    assert_eq!(
        error(Init::dirac(2)),
        "LinearConfig: weight_init is Dirac { groups: 2 } for the shape [6, 4], expected the weight of a convolution \
         over one to three axes, whose output channels divide into 2 groups for this initialization"
    );
    assert!(error(Init::sparse(1.5, 0.1)).contains("expected a share in 0..=1"));
    assert!(error(Init::truncated_normal(0.0, 1.0, 2.0, -2.0)).contains("low < high"));
    assert!(error(Init::truncated_normal(0.0, 0.0, -2.0, 2.0)).contains("a positive deviation"));
    let bias = LinearConfig::new(4, 6).bias_init(Init::orthogonal(1.0)).try_init::<f32>(&mut rng());
    assert!(bias.unwrap_err().to_string().contains("a weight of at least two axes"));
    let conv = Conv2dConfig::new(4, 6, 3).weight_init(Init::eye()).try_init::<f32>(&mut rng());
    assert!(conv.unwrap_err().to_string().contains("a weight of two axes"));
}

/// Whether all neurons of the hidden layer are the same, after some steps of training.
fn neurons_stay_alike(init: Init) -> bool {
    let mut rng = rng();
    let layer = |n, m| LinearConfig::new(n, m).weight_init(init).bias_init(Init::zeros());
    let (hidden, output) = (layer(4, 5).init::<f64>(&mut rng), layer(5, 4).init::<f64>(&mut rng));
    let x = wengert::data::iris().to_batch().inputs.cast::<f64>();
    let mut sgd = Sgd::new([hidden.parameters(), output.parameters()].concat(), 0.1);
    let mut first = None;
    let mut last = 0.0;
    for seed in 0..20 {
        let tape = Tape::training(seed);
        let h = hidden.forward(&tape.constant(&x)).sigmoid();
        let loss = output.forward(&h).mse_loss(&x);
        last = loss.item();
        first.get_or_insert(last);
        sgd.step(&loss.backward());
    }
    // Something was learned, if only by the biases of the output.
    assert!(last < first.unwrap(), "{init:?}: {last} after {first:?}");
    let rows = hidden.weight.value();
    let moved = (&rows - rows.select(0, 0)).abs().max(..).item();
    moved == 0.0
}

#[test]
fn neurons_that_start_alike_stay_alike() {
    // Whatever is learned, every neuron of the layer learns the same: zeros, or any other constant.
    assert!(neurons_stay_alike(Init::zeros()));
    assert!(neurons_stay_alike(Init::constant(0.3)));
    // Chance breaks the symmetry.
    assert!(!neurons_stay_alike(Init::small_normal()));
    assert!(!neurons_stay_alike(Init::pytorch()));
    assert!(!neurons_stay_alike(Init::orthogonal(1.0)));
}
