//! Small networks and small tasks, trained quickly.

use wengert::data::{Batches, Dataset, RandomAffine, digits};
use wengert::models::vision::{BlockForm, ResNetConfig, Stem};
use wengert::prelude::*;

/// A residual network of two blocks for grey pictures.
pub(crate) fn network(classes: usize) -> ResNetConfig {
    ResNetConfig::new(Stem::Small, BlockForm::Basic, 8, [1, 1]).in_channels(1).classes(classes)
}

/// One of three blocks, twice as wide.
pub(crate) fn deep_network(classes: usize) -> ResNetConfig {
    ResNetConfig::new(Stem::Small, BlockForm::Basic, 16, [1, 1, 1]).in_channels(1).classes(classes)
}

/// The shipped digits from `first` to `first + 4`, labelled 0 to 4.
pub(crate) fn five_digits(first: i64) -> Dataset {
    let all = digits();
    let wanted: Vec<usize> =
        (0..all.len()).filter(|&i| (first..first + 5).contains(&all.labels()[i])).collect();
    let part = all.subset(&wanted);
    let labels = part.labels().iter().map(|label| label - first).collect();
    Dataset::new(part.inputs().clone(), labels, (first..first + 5).map(|digit| digit.to_string())).unwrap()
}

/// Trains what is not frozen.
pub(crate) fn train(model: &impl Layer<f32>, set: &Dataset, batch: usize, epochs: u64, rate: f64, seed: u64) {
    let mut optimizer = AdamW::new(model.parameters(), rate);
    let batches = Batches::new(set, batch).shuffle(seed);
    for epoch in 0..epochs {
        for batch in batches.epoch(epoch) {
            let tape = Tape::training(epoch);
            let logits = model.forward(&tape.constant(batch.inputs));
            optimizer.step(&logits.cross_entropy(&batch.labels).backward());
        }
    }
}

/// Trains on pictures that are never twice the same, with a rate that falls.
pub(crate) fn train_distorted(
    model: &impl Layer<f32>,
    set: &Dataset,
    distort: RandomAffine,
    epochs: u64,
    seed: u64,
) {
    let batches = Batches::new(set, 32).shuffle(seed);
    let mut optimizer = AdamW::new(model.parameters(), Cosine::new(3e-3, epochs * batches.len() as u64));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for epoch in 0..epochs {
        for batch in batches.epoch(epoch) {
            let tape = Tape::training(epoch);
            let logits = model.forward(&tape.constant(distort.apply(&batch.inputs, &mut rng)));
            optimizer.step(&logits.cross_entropy(&batch.labels).backward());
        }
    }
}

pub(crate) fn accuracy(predicted: &Indices, set: &Dataset) -> f64 {
    wengert::train::accuracy(predicted.as_slice(), set.labels())
}
