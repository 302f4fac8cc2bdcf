//! Forward and backward pass of a character model: an embedding of 64, two recurrent layers of 256 units over 64
//! steps at batch 32, and a linear layer to 96 classes.

use criterion::{Criterion, criterion_group, criterion_main};
use rand::RngExt;
use wengert::prelude::*;

const CLASSES: usize = 96;
const FEATURES: usize = 64;
const UNITS: usize = 256;
const STEPS: usize = 64;
const BATCH: usize = 32;

fn weights(rng: &mut ChaCha8Rng, shape: &[usize]) -> Tensor {
    let values = (0..shape.iter().product()).map(|_| rng.random_range(-0.06..0.06)).collect();
    Tensor::from_vec(shape, values)
}

fn step(c: &mut Criterion) {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let rng = &mut rng;
    let mut ids =
        || Indices::from_vec([STEPS, BATCH], (0..STEPS * BATCH).map(|_| rng.random_range(0..96)).collect());
    let (input, labels) = (ids(), ids().reshape([STEPS * BATCH]));
    let mut group = c.benchmark_group("two recurrent layers of 256");
    for (name, gates) in [("RNN", 1), ("GRU", 3), ("LSTM", 4)] {
        let mut parameter = |shape: &[usize]| Parameter::new(weights(rng, shape));
        let (table, head) = (parameter(&[CLASSES, FEATURES]), parameter(&[CLASSES, UNITS]));
        let mut layer = |below: usize| {
            let gates = gates * UNITS;
            [parameter(&[gates, below]), parameter(&[gates, UNITS]), parameter(&[gates]), parameter(&[gates])]
        };
        let layers = [layer(FEATURES), layer(UNITS)];
        group.bench_function(name, |b| {
            b.iter(|| {
                let tape = Tape::training(0);
                let on_tape = layers.each_ref().map(|layer| {
                    let [w_ih, w_hh, b_ih, b_hh] = layer.each_ref().map(|p| tape.watch(p));
                    RecurrentWeights::new(w_ih, w_hh).biases(b_ih, b_hh)
                });
                let x = tape.watch(&table).embedding(&input, None);
                let options = RecurrentOptions::new();
                let y = match gates {
                    1 => x.rnn_tanh(None, &on_tape, options).0,
                    3 => x.gru(None, &on_tape, options).0,
                    _ => x.lstm(None, &on_tape, options).0,
                };
                let logits = y.reshape([STEPS * BATCH, UNITS]).linear(&tape.watch(&head), None);
                logits.cross_entropy(&labels).backward()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);
