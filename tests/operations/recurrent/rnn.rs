//! Plain recurrent layers.

use wengert::prelude::*;

use super::{Form, Kind, sequences, steps};
use crate::row;
use crate::strategies::cases;

const RNN: Kind = Kind { gates: 1, states: 1, projection: false, reset_before: false };

row!(rnn_tanh, cases(sequences(RNN), -1.0..=1.0), |x, o: Form| {
    let (state, weights) = o.split(x, 1);
    x[0].rnn_tanh(state.map(|s| &s[0]), &weights, o.options.clone())
});
row!(rnn_tanh_cell, cases(steps(RNN), -1.5..=1.5), |x, o: Form| {
    let (state, weights) = o.split(x, 1);
    x[0].rnn_tanh_cell(&state.unwrap()[0], &weights[0])
});
// Sums far from the kink: all that is added up is positive or all of it negative.
row!(rnn_relu, cases(sequences(RNN), 0.01..=0.1), |x, o: Form| {
    let (state, weights) = o.split(x, 1);
    let (y, h) = x[0].rnn_relu(state.map(|s| &s[0]), &weights, o.options.clone());
    let (off, none) = (-&x[0]).rnn_relu(None, &weights_without_biases(&weights), o.options.clone());
    [y, h, off, none]
});
row!(rnn_relu_cell, cases(steps(RNN), 0.02..=0.5), |x, o: Form| {
    let (state, weights) = o.split(x, 1);
    x[0].rnn_relu_cell(&state.unwrap()[0], &weights[0])
});

fn weights_without_biases<T: Float>(weights: &[RecurrentWeights<T>]) -> Vec<RecurrentWeights<T>> {
    weights.iter().map(|w| RecurrentWeights { biases: None, ..w.clone() }).collect()
}
