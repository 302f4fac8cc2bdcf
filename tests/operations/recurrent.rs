//! Rows: recurrent layers over sequences.

use proptest::prelude::*;
use wengert::autodiff::ops::LstmWeights;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, cases};

/// Inputs x, h₀, c₀, then the weights of each layer, with biases if the option says so.
fn sequences() -> impl Strategy<Value = Plan<bool>> {
    let batch = prop_oneof![6 => 1..=2usize, 1 => Just(0)];
    (0..=3usize, batch, 1..=3usize, 1..=2usize, 1..=2usize, any::<bool>()).prop_map(
        |(steps, batch, features, hidden, layers, biases)| {
            let state = vec![layers, batch, hidden];
            let mut shapes = vec![vec![steps, batch, features], state.clone(), state];
            for layer in 0..layers {
                let below = if layer == 0 { features } else { hidden };
                shapes.extend([vec![4 * hidden, below], vec![4 * hidden, hidden]]);
                if biases {
                    shapes.extend([vec![4 * hidden], vec![4 * hidden]]);
                }
            }
            (shapes, biases)
        },
    )
}

row!(lstm, cases(sequences(), -1.5..=1.5), |x, biases: bool| {
    let weights = |w: &[Tensor<T>]| LstmWeights {
        input: w[0].clone(),
        hidden: w[1].clone(),
        biases: biases.then(|| (w[2].clone(), w[3].clone())),
    };
    let layers: Vec<_> = x[3..].chunks(if *biases { 4 } else { 2 }).map(weights).collect();
    let (y, (h, c)) = x[0].lstm((&x[1], &x[2]), &layers);
    [y, h, c]
});
