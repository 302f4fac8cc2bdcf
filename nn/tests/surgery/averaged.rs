//! Averages of a model over its training, against the sums they stand for.

use wengert::nn::{AveragedModel, Averaging};
use wengert::prelude::*;

/// A parameter, the same parameter again, and a buffer.
#[derive(Clone, Module)]
struct Pair {
    left: Parameter<f64>,
    right: Parameter<f64>,
    statistic: Buffer<f64>,
}

impl Pair {
    fn new(x: f64) -> Self {
        let left = Parameter::new(Tensor::scalar(x));
        Self { right: left.clone(), left, statistic: Buffer::new(Tensor::scalar(-x)) }
    }

    fn set(&self, x: f64) {
        self.left.set(&Tensor::scalar(x));
        self.statistic.set(&Tensor::scalar(-x));
    }
}

const STATES: [f64; 5] = [1.0, 4.0, -2.0, 0.5, 8.0];

fn averages(averaging: Averaging) -> Vec<f64> {
    let model = Pair::new(100.0);
    let average = AveragedModel::new(&model, averaging);
    let step = |&x| {
        model.set(x);
        average.update(&model);
        assert_eq!(average.module.statistic.value().item(), -x);
        average.module.left.value().item()
    };
    STATES.iter().map(step).collect()
}

fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found}, not {expected}");
    }
}

#[test]
fn equal_averages_are_means() {
    let means: Vec<f64> = (1..=5).map(|n| STATES[..n].iter().sum::<f64>() / n as f64).collect();
    assert_close(&averages(Averaging::Equal), &means);
}

#[test]
fn exponential_averages_begin_with_the_first_state() {
    let mut expected = vec![STATES[0]];
    for x in &STATES[1..] {
        expected.push(0.9 * expected.last().unwrap() + 0.1 * x);
    }
    assert_close(&averages(Averaging::Exponential(0.9)), &expected);
}

#[test]
fn bias_corrected_averages_are_weighted_means() {
    let mut expected = Vec::new();
    let mut v = 0.0;
    for (t, x) in STATES.iter().enumerate() {
        v = 0.9 * v + (1.0 - 0.9) * x;
        expected.push(v / (1.0 - 0.9f64.powi(t as i32 + 1)));
    }
    assert_close(&averages(Averaging::BiasCorrected(0.9)), &expected);
    // The limit of a decay of 1.
    assert_close(&averages(Averaging::BiasCorrected(1.0)), &averages(Averaging::Equal));
}

#[test]
fn a_warm_up_forgets_the_first_states() {
    let mut expected = vec![STATES[0]];
    for (n, x) in STATES.iter().enumerate().skip(1) {
        let decay = f64::min(0.25, (1.0 + n as f64) / (10.0 + n as f64));
        expected.push(decay * expected.last().unwrap() + (1.0 - decay) * x);
    }
    assert_close(&averages(Averaging::WarmUp(0.25)), &expected);
}

#[test]
fn buffers_are_averaged_if_asked() {
    let model = Pair::new(1.0);
    let average = AveragedModel::new(&model, Averaging::Equal).use_buffers(true);
    for x in STATES {
        model.set(x);
        average.update(&model);
    }
    assert_close(&[average.module.statistic.value().item()], &[-STATES.iter().sum::<f64>() / 5.0]);
}

#[test]
fn the_average_is_saved_and_resumed() {
    let model = Pair::new(1.0);
    let (average, resumed) =
        (AveragedModel::new(&model, Averaging::Equal), AveragedModel::new(&model, Averaging::Equal));
    for (n, x) in STATES.into_iter().enumerate() {
        model.set(x);
        average.update(&model);
        if n == 2 {
            resumed.load_bytes(&average.to_bytes()).unwrap();
            assert_eq!(resumed.count(), 3);
        } else if n > 2 {
            resumed.update(&model);
        }
    }
    assert_eq!(average.to_bytes(), resumed.to_bytes());
    let names: Vec<String> = average.named_buffers().into_iter().map(|(path, _)| path).collect();
    assert_eq!(names, ["module.statistic", "n_averaged"]);
    assert_eq!(average.named_parameters()[0].0, "module.left");
}

#[test]
fn the_model_does_not_change() {
    let model = Linear::<f32>::new(3, 2, &mut ChaCha8Rng::seed_from_u64(0));
    let before = model.to_bytes();
    let average = AveragedModel::new(&model, Averaging::Exponential(0.5));
    average.update(&model);
    model.weight.set(&Tensor::zeros([2, 3]));
    average.update(&model);
    assert_ne!(average.module.to_bytes(), before);
    model.load_bytes(&before).unwrap();
    let half = average.module.weight.value() * 2.0;
    assert_eq!(half.to_vec(), model.weight.value().to_vec());
}

#[test]
#[should_panic(expected = "Averaging: decay is 1.5, expected a number in 0..=1")]
fn a_decay_beyond_one() {
    AveragedModel::new(&Pair::new(0.0), Averaging::WarmUp(1.5));
}

#[test]
#[should_panic(expected = "the model has `0.weight` [3, 5] where the average has `0.weight` [3, 4]")]
fn another_model() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut net = |n| Sequential::<f32>::new().push(Linear::new(n, 3, &mut rng));
    AveragedModel::new(&net(4), Averaging::Equal).update(&net(5));
}
