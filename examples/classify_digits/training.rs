//! The training of one fold.

use std::error::Error;

use indicatif::{ProgressBar, ProgressStyle};
use wengert::data::{Batches, Dataset, RandomAffine};
use wengert::prelude::*;
use wengert::train::accuracy;

use crate::common::predictions;
use crate::options::Options;

/// Trains with AdamW on distorted pictures; the accuracy on the test part after each epoch. That of the last counts:
/// nothing is chosen by it.
pub(crate) fn train(
    model: &dyn Layer<f32>,
    train: &Dataset,
    test: &Dataset,
    options: &Options,
    seed: u64,
) -> Result<Vec<f64>, Box<dyn Error>> {
    let batches = Batches::new(train, options.batch.get()).shuffle(seed);
    let steps = options.epochs * batches.len() as u64;
    let schedule = Cosine::new(options.model.learning_rate(), steps).warmup(steps / 20);
    let mut optimizer = AdamW::new(model.parameters(), schedule).weight_decay(0.02);
    let distort = RandomAffine::new().degrees(10.0).scale(0.1).translate(0.07);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let style = ProgressStyle::with_template("{bar:32.cyan/blue} {pos:>3}/{len} epochs  {msg}  {eta} left")?;
    let bar = ProgressBar::new(options.epochs).with_style(style);
    let mut curve = Vec::new();
    for epoch in 0..options.epochs {
        for batch in batches.epoch(epoch) {
            let tape = Tape::training(rng.random());
            let pictures = distort.apply(&batch.inputs, &mut rng);
            let loss = model.forward(&tape.constant(pictures)).cross_entropy(&batch.labels);
            optimizer.step(&loss.backward());
        }
        curve.push(accuracy(&predictions(model, test), test.labels()));
        bar.set_message(format!("{:.2} %", 100.0 * curve[epoch as usize]));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(curve)
}
