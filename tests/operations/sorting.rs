//! Rows: elements picked by their order. No two elements tie, so that a small step changes no order.

use proptest::prelude::*;
use wengert::autodiff::Axes;
use wengert::prelude::*;

use crate::reduction::{not_of_nothing, over_axes};
use crate::row;
use crate::strategies::{Plan, axis, cases, shape, some};

/// A tensor, one of its axes, and one or two truth values.
fn along<O: Clone + std::fmt::Debug>(
    options: impl Strategy<Value = O>,
) -> impl Strategy<Value = Plan<(isize, O)>> {
    let whole = |(axis, s, o): (isize, Vec<usize>, O)| (vec![s], (axis, o));
    (shape(1..=3), options).prop_flat_map(|(s, o)| (axis(s.len()), Just(s), Just(o))).prop_map(whole)
}

/// A tensor, one of its axes that is not empty, and a number of its elements, at least `least`.
fn with_count(least: usize) -> impl Strategy<Value = Plan<(isize, usize)>> {
    let count = move |(axis, n, mut s): (isize, usize, Vec<usize>)| {
        let at = axis.rem_euclid(s.len() as isize) as usize;
        s[at] = n;
        (Just(vec![s]), (Just(axis), least..=n))
    };
    shape(1..=3).prop_flat_map(|s| (axis(s.len()), some(), Just(s))).prop_flat_map(count)
}

/// One axis that is not empty, perhaps kept.
fn one_axis() -> impl Strategy<Value = Plan<Axes>> {
    (with_count(1), any::<bool>())
        .prop_map(|((s, (axis, _)), keep)| (s, if keep { keepdim(axis) } else { Axes::from(axis) }))
}

/// The elements at the positions of a pick, which must be those picked, and a number for each position.
fn picked<T: Float>(x: &Tensor<T>, (values, positions): (Tensor<T>, Indices), axis: isize) -> [Tensor<T>; 2] {
    assert_eq!(x.gather(axis, &positions).to_vec(), values.to_vec());
    let numbers = positions.to_vec().into_iter().map(|i| T::from_f64(i as f64)).collect();
    [values, Tensor::from_vec(positions.shape(), numbers)]
}

row!(sort, cases(along(any::<bool>()), -2.0..=2.0), |x, o: (isize, bool)| {
    assert_eq!(x[0].argsort(o.0, o.1), x[0].sort(o.0, o.1).1);
    picked(&x[0], x[0].sort(o.0, o.1), o.0)
});
row!(
    topk,
    cases((with_count(0), any::<(bool, bool)>()).prop_map(|((s, o), f)| (s, (o, f))), -2.0..=2.0),
    |x, o: ((isize, usize), (bool, bool))| {
        let ((axis, k), (largest, sorted)) = *o;
        picked(&x[0], x[0].topk(k, axis, largest, sorted), axis)
    }
);
row!(kthvalue, cases(with_count(1), -2.0..=2.0), |x, o: (isize, usize)| {
    [x[0].kthvalue(o.1, o.0).0, x[0].kthvalue(o.1, keepdim(o.0)).0]
});
row!(max_with_indices, cases(one_axis(), -2.0..=2.0), |x, axis: Axes| x[0].max_with_indices(axis.clone()).0);
row!(min_with_indices, cases(one_axis(), -2.0..=2.0), |x, axis: Axes| x[0].min_with_indices(axis.clone()).0);
row!(median_with_indices, cases(one_axis(), -2.0..=2.0), |x, axis: Axes| {
    x[0].median_with_indices(axis.clone()).0
});
row!(median, cases(over_axes(not_of_nothing), -2.0..=2.0), |x, axes: Axes| x[0].median(axes.clone()));
row!(
    quantile,
    cases(
        (over_axes(not_of_nothing), prop_oneof![0.0..=1.0, Just(0.0), Just(0.5), Just(1.0)])
            .prop_map(|((s, axes), q)| (s, (axes, q))),
        -2.0..=2.0
    ),
    |x, o: (Axes, f64)| x[0].quantile(o.1, o.0.clone())
);
