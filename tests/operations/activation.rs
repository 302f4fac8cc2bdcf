//! Rows: activation functions.

use proptest::prelude::*;

use crate::row;
use crate::strategies::{Plan, axis, cases, one, one_with, shape};

/// One input of rank 1 or more, and one of its axes.
fn along_an_axis() -> impl Strategy<Value = Plan<isize>> {
    let with_axis = |s: Vec<usize>| (axis(s.len()), Just(s));
    shape(1..=3).prop_flat_map(with_axis).prop_map(|(axis, s)| (vec![s], axis))
}

row!(relu, cases(one(), -2.0..=2.0), |x| x[0].relu());
row!(
    leaky_relu,
    cases(one_with(prop::sample::select(vec![0.01, 0.2, -0.5, 1.5])), -2.0..=2.0),
    |x, slope: f64| x[0].leaky_relu(*slope)
);
row!(tanh, cases(one(), -3.0..=3.0), |x| x[0].tanh());
row!(sigmoid, cases(one(), -6.0..=6.0), |x| x[0].sigmoid());
row!(softplus, cases(one(), -6.0..=6.0), |x| x[0].softplus());
row!(softmax, cases(along_an_axis(), -3.0..=3.0), |x, axis: isize| x[0].softmax(*axis));
row!(log_softmax, cases(along_an_axis(), -3.0..=3.0), |x, axis: isize| x[0].log_softmax(*axis));
