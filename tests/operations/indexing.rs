//! Rows: elements picked by indices, and added where indices say.

use proptest::prelude::*;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, axis, broadcastable, cases, shape, some};

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
        let sizes: Vec<_> = s.iter().enumerate().map(|(a, &n)| 0..=if a == at { n + 2 } else { n }).collect();
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

/// A tensor, and slices for the indices of one axis.
fn updated() -> impl Strategy<Value = (Vec<usize>, Vec<usize>, Along)> {
    selected().prop_map(|(s, (axis, ids))| {
        let s = s[0].clone();
        let at = axis.rem_euclid(s.len() as isize) as usize;
        let source = [&s[..at], ids.shape(), &s[at + 1..]].concat();
        (s, source, (axis, ids))
    })
}

fn mask(shape: Vec<usize>) -> impl Strategy<Value = Mask> {
    let n = shape.iter().product::<usize>();
    prop::collection::vec(any::<bool>(), n).prop_map(move |held| Mask::from_vec(&shape, held))
}

/// A tensor and a mask that broadcast together.
fn masked() -> impl Strategy<Value = Plan<Mask>> {
    let both = |to: Vec<usize>| (broadcastable(to.clone()), broadcastable(to));
    let masks = |(x, held): (Vec<usize>, Vec<usize>)| (Just(vec![x]), mask(held));
    shape(0..=3).prop_flat_map(both).prop_flat_map(masks)
}

/// A tensor, a mask that broadcasts to it, and a source of as many elements as it asks for or more.
fn scattered() -> impl Strategy<Value = Plan<Mask>> {
    let masks = |x: Vec<usize>| (broadcastable(x.clone()).prop_flat_map(mask), 0..=2usize, Just(x));
    shape(0..=3).prop_flat_map(masks).prop_map(|(mask, more, x)| {
        let asked = mask.view().broadcast(&x[..]).unwrap().iter().filter(|&&held| held).count();
        (vec![x, vec![1, asked + more]], mask)
    })
}

row!(
    index_add,
    cases((updated(), 0..3usize).prop_map(|((s, source, o), k)| (vec![s, source], (o, k))), -2.0..=2.0),
    |x, o: (Along, usize)| x[0].index_add(o.0.0, &o.0.1, &x[1], [1.0, -0.5, 2.0][o.1])
);
row!(
    index_copy,
    cases(updated().prop_map(|(s, source, o)| (vec![s, source], o)), -2.0..=2.0),
    |x, o: Along| x[0].index_copy(o.0, &o.1, &x[1])
);
row!(index_fill, cases(selected(), -2.0..=2.0), |x, o: Along| x[0].index_fill(o.0, &o.1, 0.75));
row!(masked_select, cases(masked(), -2.0..=2.0), |x, mask: Mask| x[0].masked_select(mask));
row!(masked_scatter, cases(scattered(), -2.0..=2.0), |x, mask: Mask| x[0].masked_scatter(mask, &x[1]));
