//! Rows: running totals along every axis.

use proptest::prelude::*;

use crate::row;
use crate::strategies::{Plan, axis, cases, shape, with_zeros};

/// A tensor and one of its axes.
fn along() -> impl Strategy<Value = Plan<isize>> {
    shape(1..=3).prop_flat_map(|s| (axis(s.len()), Just(s))).prop_map(|(axis, s)| (vec![s], axis))
}

row!(cumsum, cases(along(), -2.0..=2.0), |x, axis: isize| x[0].cumsum(*axis));
// Near 1, so that the products of many stay where differences see them.
row!(cumprod, with_zeros(cases(along(), 0.875..=1.125)), |x, axis: isize| x[0].cumprod(*axis));
row!(logcumsumexp, cases(along(), -3.0..=3.0), |x, axis: isize| x[0].logcumsumexp(*axis));
row!(cummax, cases(along(), -2.0..=2.0), |x, axis: isize| x[0].cummax(*axis).0);
row!(cummin, cases(along(), -2.0..=2.0), |x, axis: isize| x[0].cummin(*axis).0);
