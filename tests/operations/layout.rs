//! Rows: other shapes of the same elements.

use proptest::prelude::*;

use crate::row;
use crate::strategies::{Plan, axis, broadcastable, cases, order, shape};

/// A shape, and another of as many elements.
fn reshaped() -> impl Strategy<Value = Plan<Vec<usize>>> {
    let shuffled = |s: Vec<usize>| (order(s.len()), 0..4usize, Just(s));
    shape(0..=4).prop_flat_map(shuffled).prop_map(|(order, kind, s)| {
        let to = match kind {
            0 => vec![s.iter().product()],
            1 => vec![1, s.iter().product(), 1],
            _ => order.iter().map(|&a| s[a]).collect(),
        };
        (vec![s], to)
    })
}

fn with_leading_axes() -> impl Strategy<Value = Plan<usize>> {
    let cut = |s: Vec<usize>| (0..=s.len(), Just(s));
    shape(0..=4).prop_flat_map(cut).prop_map(|(axis, s)| (vec![s], axis))
}

/// A shape and an order of its axes, some counted from the end.
fn with_order() -> impl Strategy<Value = Plan<Vec<isize>>> {
    let orders = |s: Vec<usize>| (order(s.len()), prop::collection::vec(any::<bool>(), s.len()), Just(s));
    shape(0..=4).prop_flat_map(orders).prop_map(|(order, from_end, s)| {
        let rank = s.len() as isize;
        let name = |(&a, end): (&usize, bool)| if end { a as isize - rank } else { a as isize };
        let axes = order.iter().zip(from_end).map(name).collect();
        (vec![s], axes)
    })
}

fn with_two_axes() -> impl Strategy<Value = Plan<(isize, isize)>> {
    let axes = |s: Vec<usize>| ((axis(s.len()), axis(s.len())), Just(s));
    shape(1..=4).prop_flat_map(axes).prop_map(|(axes, s)| (vec![s], axes))
}

/// A shape of which the axis given has size 1.
fn with_single_axis() -> impl Strategy<Value = Plan<isize>> {
    let axes = |s: Vec<usize>| (axis(s.len()), Just(s));
    shape(1..=4).prop_flat_map(axes).prop_map(|(axis, mut s)| {
        let rank = s.len() as isize;
        s[axis.rem_euclid(rank) as usize] = 1;
        (vec![s], axis)
    })
}

fn with_new_axis() -> impl Strategy<Value = Plan<isize>> {
    let axes = |s: Vec<usize>| (axis(s.len() + 1), Just(s));
    shape(0..=3).prop_flat_map(axes).prop_map(|(axis, s)| (vec![s], axis))
}

fn with_larger_shape() -> impl Strategy<Value = Plan<Vec<usize>>> {
    let smaller = |to: Vec<usize>| (broadcastable(to.clone()), Just(to));
    shape(0..=3).prop_flat_map(smaller).prop_map(|(from, to)| (vec![from], to))
}

row!(reshape, cases(reshaped(), -2.0..=2.0), |x, to: Vec<usize>| x[0].reshape(to));
row!(flatten_from, cases(with_leading_axes(), -2.0..=2.0), |x, axis: usize| x[0].flatten_from(*axis));
row!(permute, cases(with_order(), -2.0..=2.0), |x, axes: Vec<isize>| x[0].permute(axes));
row!(transpose, cases(with_two_axes(), -2.0..=2.0), |x, axes: (isize, isize)| x[0].transpose(axes.0, axes.1));
row!(squeeze, cases(with_single_axis(), -2.0..=2.0), |x, axis: isize| x[0].squeeze(*axis));
row!(unsqueeze, cases(with_new_axis(), -2.0..=2.0), |x, axis: isize| x[0].unsqueeze(*axis));
row!(broadcast_to, cases(with_larger_shape(), -2.0..=2.0), |x, to: Vec<usize>| x[0].broadcast_to(to));
