//! Rows: running totals along every axis.

use proptest::prelude::*;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, axis, cases, shape, with_zeros};

/// A tensor and one of its axes.
fn along() -> impl Strategy<Value = Plan<isize>> {
    shape(1..=3).prop_flat_map(|s| (axis(s.len()), Just(s))).prop_map(|(axis, s)| (vec![s], axis))
}

row!(cumsum, cases(along(), -2.0..=2.0), |x, axis: isize| x[0].cumsum(*axis));
// Near 1, so that the products of many stay where differences see them.
row!(cumprod, with_zeros(cases(along(), 0.875..=1.125)), |x, axis: isize| x[0].cumprod(*axis));
row!(cumprod_of_many, cases(along(), 0.96..=1.04), |x, axis: isize| x[0].cumprod(*axis));
row!(logcumsumexp, cases(along(), -3.0..=3.0), |x, axis: isize| x[0].logcumsumexp(*axis));
row!(cummax, cases(along(), -2.0..=2.0), |x, axis: isize| x[0].cummax(*axis).0);
row!(cummin, cases(along(), -2.0..=2.0), |x, axis: isize| x[0].cummin(*axis).0);

/// Nothing comes from −∞, whose share is 0; PyTorch's gradient there is NaN.
#[test]
fn sums_of_exponentials_of_minus_infinity() {
    let x = Tape::new().variable(Tensor::from_vec([4], vec![f64::NEG_INFINITY, f64::NEG_INFINITY, 0.0, 0.0]));
    let y = x.logcumsumexp(0);
    assert_eq!(y.to_vec(), [f64::NEG_INFINITY, f64::NEG_INFINITY, 0.0, 2f64.ln()]);
    assert_eq!(y.slice(0, 2..).sum(..).backward().get(&x).unwrap().to_vec(), [0.0, 0.0, 1.5, 0.5]);
}
