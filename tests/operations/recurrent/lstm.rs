//! Long short-term memory.

use wengert::autodiff::check::Check;

use super::{Form, Kind, sequences, steps};
use crate::row;
use crate::strategies::cases;

const LSTM: Kind = Kind { gates: 4, states: 2, projection: true, reset_before: false };

row!(lstm, cases(sequences(LSTM), -1.5..=1.5), |x, o: Form| {
    let (state, weights) = o.split(x, 2);
    let (y, (h, c)) = x[0].lstm(state.map(|s| (&s[0], &s[1])), &weights, o.options.clone());
    [y, h, c]
});
row!(lstm_cell, cases(steps(LSTM), -1.5..=1.5), |x, o: Form| {
    let (state, weights) = o.split(x, 2);
    let state = state.unwrap();
    let (h, c) = x[0].lstm_cell((&state[0], &state[1]), &weights[0]);
    [h, c]
});
row!(
    lstm_with_dropout,
    Check::new().order(2).training(3),
    cases(sequences(LSTM), -1.5..=1.5),
    |x, o: Form| {
        let (state, weights) = o.split(x, 2);
        let options = o.options.clone().dropout(0.4);
        x[0].lstm(state.map(|s| (&s[0], &s[1])), &weights, options).0
    }
);
