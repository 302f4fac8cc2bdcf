//! Recurrent layers.

mod forms;
mod padding;
mod refusals;
mod sequences;
mod training;

use proptest::prelude::*;
use wengert::autodiff::check::property::{Battery, up_to};
use wengert::nn::check;
use wengert::nn::recurrent::{Kind, Recurrent, RecurrentConfig};
use wengert::prelude::*;

use crate::{ramp, rng};

/// The outputs at all steps and the tensors of the last state.
fn run<K: Kind, T: Float>(
    layers: &Recurrent<K, T>,
    x: &Tensor<T>,
    state: Option<&K::State<T>>,
    lengths: Option<&[usize]>,
) -> Vec<Tensor<T>> {
    let (y, last) = layers.forward_with(x, state, lengths);
    [y].into_iter().chain(K::tensors(&last).cloned()).collect()
}

/// A number that every element of all the tensors counts in.
fn score<T: Float>(tensors: &[Tensor<T>]) -> Tensor<T> {
    let scores = tensors.iter().enumerate().map(|(i, y)| (y * ramp(y.shape(), i + 2)).sum(..));
    scores.reduce(|a, b| a + b).expect("a tensor")
}

#[track_caller]
fn near<T: Float>(found: &Tensor<T>, expected: &Tensor<T>) {
    assert_eq!(found.shape(), expected.shape());
    for (a, b) in found.to_vec().into_iter().zip(expected.to_vec()) {
        let (a, b) = (a.to_f64(), b.to_f64());
        assert!((a - b).abs() <= 64.0 * T::epsilon().to_f64() * b.abs().max(0.1), "found {a}, expected {b}");
    }
}

/// Which layers, of how many units, whether bidirectional and batch-first.
type Form = (usize, usize, bool, bool);

fn build<T: Float>(&(kind, features, both, first): &Form, rng: &mut ChaCha8Rng) -> Box<dyn Layer<T>> {
    fn of<K: Kind>(features: usize, both: bool, first: bool) -> RecurrentConfig<K> {
        RecurrentConfig::new(features, 2).bidirectional(both).batch_first(first)
    }
    match kind {
        0 => Box::new(RnnConfig::init::<T>(&of(features, both, first), rng)),
        1 => Box::new(GruConfig::init::<T>(&of(features, both, first).num_layers(2), rng)),
        _ => Box::new(LstmConfig::init::<T>(&of(features, both, first).proj_size(1), rng)),
    }
}

#[test]
fn are_right_to_the_second_order() {
    let plans = || {
        (up_to(3, 30), up_to(2, 30), up_to(2, 20), 0..3usize, any::<[bool; 2]>()).prop_map(
            |(steps, batch, features, kind, [both, first])| {
                let shape = if first { vec![batch, steps, features] } else { vec![steps, batch, features] };
                (vec![shape], (kind, features, both, first))
            },
        )
    };
    check::layer(
        &Battery::new().cases(8),
        "recurrent",
        plans,
        |form| build::<f64>(form, &mut rng()),
        |form| build::<f32>(form, &mut rng()),
    );
}
