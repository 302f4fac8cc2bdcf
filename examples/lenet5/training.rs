//! The training loop and the test.

use std::error::Error;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use wengert::data::{Batches, Dataset, RandomAffine};
use wengert::models::LeNet5;
use wengert::optim::{AdamW, Cosine, Optimizer, Schedule};
use wengert::prelude::*;
use wengert::train::ConfusionMatrix;

use crate::common::{hits, predictions};
use crate::input::Sets;
use crate::options::Options;

/// Loss and accuracy after each epoch.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) loss: Vec<f64>,
    pub(crate) train_accuracy: Vec<f64>,
    pub(crate) test_accuracy: Vec<f64>,
}

/// What the network makes of a set.
pub(crate) struct Verdict {
    pub(crate) predictions: Vec<i64>,
    pub(crate) confusion: ConfusionMatrix,
}

/// Trains with AdamW.
pub(crate) fn train(model: &LeNet5<f32>, sets: &Sets, options: &Options) -> Result<History, Box<dyn Error>> {
    let batches = Batches::new(&sets.train, options.batch.get()).shuffle(options.seed);
    let steps = options.epochs * batches.len() as u64;
    let schedule = Cosine::new(options.lr, steps).warmup(steps / 20);
    let mut optimizer = AdamW::new(model.parameters(), schedule).weight_decay(0.02);
    // Each picture is seen a little turned, enlarged and shifted, and never twice the same.
    let distort = RandomAffine::new().degrees(10.0).scale(0.1).translate(0.07);
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let bar = ProgressBar::new(options.epochs * sets.train.len() as u64).with_style(
        ProgressStyle::with_template("{bar:32.cyan/blue} {pos:>6}/{len} pictures  {msg}  {eta} left")?,
    );
    let started = Instant::now();
    let mut history = History::default();
    for epoch in 0..options.epochs {
        let (mut loss_sum, mut right, mut seen) = (0.0, 0, 0);
        for batch in batches.epoch(epoch) {
            let tape = Tape::training(rng.random());
            let pictures = distort.apply(&batch.inputs, &mut rng);
            let logits = model.forward(&tape.constant(pictures));
            let loss = logits.cross_entropy(&batch.labels);
            loss_sum += f64::from(loss.item()) * batch.len() as f64;
            right += hits(logits.argmax(1).as_slice(), batch.labels.as_slice());
            seen += batch.len();
            optimizer.step(&loss.backward());
            bar.inc(batch.len() as u64);
            let rate = bar.position() as f64 / started.elapsed().as_secs_f64();
            bar.set_message(format!(
                "epoch {:>2}  loss {:.4}  accuracy {:6.2} %  {rate:>6.0} pictures/s",
                epoch + 1,
                loss_sum / seen as f64,
                100.0 * right as f64 / seen as f64
            ));
        }
        if !loss_sum.is_finite() {
            bar.abandon();
            return Err(
                format!("the loss is no number any more in epoch {}; try a smaller --lr", epoch + 1).into()
            );
        }
        history.loss.push(loss_sum / seen as f64);
        history.train_accuracy.push(right as f64 / seen as f64);
        history.test_accuracy.push(evaluate(model, &sets.test).confusion.accuracy());
    }
    bar.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{} epochs in {seconds:.1} s: loss {:.4}, training accuracy {:.2} %",
        options.epochs,
        history.loss.last().expect("at least one epoch"),
        100.0 * history.train_accuracy.last().expect("at least one epoch")
    );
    Ok(history)
}

/// Predicts every example of a set.
pub(crate) fn evaluate(model: &LeNet5<f32>, set: &Dataset) -> Verdict {
    let mut confusion = ConfusionMatrix::new(set.class_names());
    let predictions = predictions(model, set);
    confusion.record(&predictions, set.labels());
    Verdict { predictions, confusion }
}
