//! Rows: elements picked by indices, and added where indices say.

use proptest::prelude::*;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, axis, cases, shape, some};

/// An axis and indices along it.
type Along = (isize, Indices);

fn indices(shape: Vec<usize>, bound: usize) -> impl Strategy<Value = Indices> {
    let n = shape.iter().product::<usize>();
    prop::collection::vec(0..bound.max(1) as i64, n).prop_map(move |ids| Indices::from_vec(&shape, ids))
}

/// A tensor whose axis is not empty.
fn indexed() -> impl Strategy<Value = (isize, usize, Vec<usize>)> {
    shape(1..=3).prop_flat_map(|s| (axis(s.len()), some(), Just(s))).prop_map(|(axis, n, mut s)| {
        let at = axis.rem_euclid(s.len() as isize) as usize;
        s[at] = n;
        (axis, n, s)
    })
}

fn selected() -> impl Strategy<Value = Plan<Along>> {
    let ids = |(axis, n, s): (isize, usize, Vec<usize>)| {
        (Just(axis), shape(0..=2).prop_flat_map(move |shape| indices(shape, n)), Just(s))
    };
    indexed().prop_flat_map(ids).prop_map(|(axis, ids, s)| (vec![s], (axis, ids)))
}

/// Indices no longer than the tensor on the other axes, and of any length on the axis.
fn gathered() -> impl Strategy<Value = (Vec<usize>, Along)> {
    let smaller = |(axis, n, s): (isize, usize, Vec<usize>)| {
        let at = axis.rem_euclid(s.len() as isize) as usize;
        let sizes: Vec<_> = s.iter().enumerate().map(|(a, &n)| if a == at { 0..=5 } else { 0..=n }).collect();
        let ids = sizes.prop_flat_map(move |shape| indices(shape, n));
        (Just(s), (Just(axis), ids))
    };
    indexed().prop_flat_map(smaller)
}

row!(index_select, cases(selected(), -2.0..=2.0), |x, o: Along| x[0].index_select(o.0, &o.1));
row!(gather, cases(gathered().prop_map(|(s, o)| (vec![s], o)), -2.0..=2.0), |x, o: Along| {
    x[0].gather(o.0, &o.1)
});
row!(
    scatter_add,
    cases(gathered().prop_map(|(s, o)| (vec![s, o.1.shape().to_vec()], o)), -2.0..=2.0),
    |x, o: Along| x[0].scatter_add(o.0, &o.1, &x[1])
);
