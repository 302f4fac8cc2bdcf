//! Rows: normalization.

use proptest::prelude::*;

use crate::row;
use crate::strategies::{Plan, cases, full_shape, some};

fn by_channel() -> impl Strategy<Value = Plan<f64>> {
    let eps = prop::sample::select(vec![0.1, 0.5, 1.0]);
    (some(), some(), full_shape(0..=2), eps).prop_map(|(n, c, positions, eps)| {
        let x = [&[n, c], &positions[..]].concat();
        (vec![x, vec![c], vec![c]], eps)
    })
}

row!(batch_norm, cases(by_channel(), -2.0..=2.0), |x, eps: f64| x[0].batch_norm(&x[1], &x[2], *eps));
