//! Rows: recurrent layers over sequences, and their cells.

mod gru;
mod lstm;
mod rnn;

use proptest::prelude::*;
use wengert::prelude::*;

use crate::strategies::{Plan, up_to};

/// A stack's form.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// Whether h₀ (and c₀) are among the inputs.
    state: bool,
    biases: bool,
    projection: bool,
    options: RecurrentOptions,
}

/// Which options a cell has.
#[derive(Clone, Copy)]
struct Kind {
    gates: usize,
    states: usize,
    projection: bool,
    reset_before: bool,
}

/// Inputs x, the states, then the weights of each layer and direction.
fn sequences(kind: Kind) -> impl Strategy<Value = Plan<Form>> {
    let batch = prop_oneof![6 => up_to(3, 40), 1 => Just(0)];
    let sizes = (prop_oneof![6 => up_to(3, 5), 1 => Just(0)], batch, up_to(3, 40), up_to(2, 40), 1..=2usize);
    let flags = (any::<[bool; 6]>(), prop::bool::weighted(0.3), prop::bool::weighted(0.4));
    (sizes, flags, any::<u64>()).prop_map(
        move |((steps, batch, features, hidden, layers), (flags, alone, several), seed)| {
            let [state, biases, both, batch_first, projected, before] = flags;
            let projection = kind.projection && projected;
            let mut options = RecurrentOptions::new().bidirectional(both).batch_first(batch_first);
            if kind.reset_before {
                options = options.reset_after(!before);
            }
            let batch = if alone { 1 } else { batch };
            if several {
                let length = |n: usize| (seed >> (3 * n % 61)) as usize % (steps + 1);
                options = options.lengths((0..batch).map(length).collect::<Vec<_>>());
            }
            let (entries, directions) = (layers * (1 + usize::from(both)), 1 + usize::from(both));
            let width = if projection { hidden.div_ceil(2) } else { hidden };
            let without_batch: &[usize] = &[];
            let of_batch = if alone { without_batch } else { &[batch] };
            let mut shapes = vec![match (alone, batch_first) {
                (true, _) => vec![steps, features],
                (_, true) => vec![batch, steps, features],
                (_, false) => vec![steps, batch, features],
            }];
            if state {
                for units in [width, hidden].into_iter().take(kind.states) {
                    shapes.push([&[entries], of_batch, &[units]].concat());
                }
            }
            let gates = kind.gates * hidden;
            for entry in 0..entries {
                let below = if entry < directions { features } else { directions * width };
                shapes.extend([vec![gates, below], vec![gates, width]]);
                if biases {
                    shapes.extend([vec![gates], vec![gates]]);
                }
                if projection {
                    shapes.push(vec![width, hidden]);
                }
            }
            (shapes, Form { state, biases, projection, options })
        },
    )
}

/// Inputs x, the states, then the weights of one step.
fn steps(kind: Kind) -> impl Strategy<Value = Plan<Form>> {
    let batch = prop_oneof![6 => up_to(3, 40), 1 => Just(0)];
    (batch, up_to(3, 60), up_to(3, 60), any::<[bool; 4]>()).prop_map(
        move |(batch, features, hidden, [alone, biases, projected, before])| {
            let projection = kind.projection && projected;
            let width = if projection { hidden.div_ceil(2) } else { hidden };
            let of = |units: usize| if alone { vec![units] } else { vec![batch, units] };
            let mut shapes = vec![of(features)];
            shapes.extend([width, hidden].into_iter().take(kind.states).map(of));
            let gates = kind.gates * hidden;
            shapes.extend([vec![gates, features], vec![gates, width]]);
            if biases {
                shapes.extend([vec![gates], vec![gates]]);
            }
            if projection {
                shapes.push(vec![width, hidden]);
            }
            let options = RecurrentOptions::new().reset_after(!(kind.reset_before && before));
            (shapes, Form { state: true, biases, projection, options })
        },
    )
}

impl Form {
    /// The states, and the weights after them.
    fn split<'a, T: Float>(
        &self,
        x: &'a [Tensor<T>],
        states: usize,
    ) -> (Option<&'a [Tensor<T>]>, Vec<RecurrentWeights<T>>) {
        let states = if self.state { states } else { 0 };
        let (states, rest) = x[1..].split_at(states);
        let each = 2 + 2 * usize::from(self.biases) + usize::from(self.projection);
        let weights = |x: &[Tensor<T>]| RecurrentWeights {
            weight_ih: x[0].clone(),
            weight_hh: x[1].clone(),
            biases: self.biases.then(|| (x[2].clone(), x[3].clone())),
            weight_hr: self.projection.then(|| x[each - 1].clone()),
        };
        (self.state.then_some(states), rest.chunks_exact(each).map(weights).collect())
    }
}
