//! Gated recurrent units.

use proptest::prelude::*;

use super::{Form, Kind, sequences, steps};
use crate::row;
use crate::strategies::{Plan, cases};

const GRU: Kind = Kind { gates: 3, states: 1, projection: false, reset_before: true };

/// A step, and whether the reset comes after the product.
fn step() -> impl Strategy<Value = Plan<(Form, bool)>> {
    (steps(GRU), any::<bool>()).prop_map(|((shapes, form), after)| (shapes, (form, after)))
}

row!(gru, cases(sequences(GRU), -1.5..=1.5), |x, o: Form| {
    let (state, weights) = o.split(x, 1);
    x[0].gru(state.map(|s| &s[0]), &weights, o.options.clone())
});
row!(gru_cell, cases(step(), -1.5..=1.5), |x, o: (Form, bool)| {
    let (state, weights) = o.0.split(x, 1);
    let h = &state.unwrap()[0];
    if o.1 { x[0].gru_cell(h, &weights[0]) } else { x[0].gru_cell_with(h, &weights[0], false) }
});
