//! How cases are drawn: shapes, distinct values, layouts.
//!
//! The values of a case are distinct cells of an interval in random order, all inputs together: no two
//! elements tie and none lies at 0, so that no maximum, rectifier or bound stands within a step of a
//! difference. They are multiples of 2⁻¹¹, which `f32` holds exactly.

use std::fmt::Debug;
use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::case::{Input, Layout};

/// The shapes of the inputs, and the options.
pub(crate) type Plan<O> = (Vec<Vec<usize>>, O);

/// The size of an axis: mostly 1 to 4, rarely 0.
pub(crate) fn size() -> impl Strategy<Value = usize> {
    prop_oneof![6 => 2..=4usize, 3 => Just(1), 1 => Just(0)]
}

/// The size of an axis that is not empty.
pub(crate) fn some() -> impl Strategy<Value = usize> {
    prop_oneof![3 => 2..=4usize, 1 => Just(1)]
}

/// A shape of a rank.
pub(crate) fn shape(rank: RangeInclusive<usize>) -> impl Strategy<Value = Vec<usize>> {
    vec(size(), rank)
}

/// A shape of a rank without empty axes.
pub(crate) fn full_shape(rank: RangeInclusive<usize>) -> impl Strategy<Value = Vec<usize>> {
    vec(some(), rank)
}

/// A shape that broadcasts to another: leading axes left out, others with size 1.
pub(crate) fn broadcastable(to: Vec<usize>) -> impl Strategy<Value = Vec<usize>> {
    let rank = to.len();
    let ones = vec(prop::bool::weighted(0.3), rank);
    let cut = prop_oneof![2 => Just(0), 1 => 0..=rank];
    (ones, cut).prop_map(move |(ones, cut)| {
        let sizes = to.iter().zip(ones).map(|(&n, one)| if one { 1 } else { n });
        sizes.skip(cut).collect()
    })
}

/// Two shapes that broadcast together.
pub(crate) fn pair() -> impl Strategy<Value = Plan<()>> {
    let both = |to: Vec<usize>| (broadcastable(to.clone()), broadcastable(to));
    shape(0..=3).prop_flat_map(both).prop_map(|(a, b)| (vec![a, b], ()))
}

/// One input of any shape.
pub(crate) fn one() -> impl Strategy<Value = Plan<()>> {
    shape(0..=3).prop_map(|s| (vec![s], ()))
}

/// One input of any shape, with options of their own.
pub(crate) fn one_with<O: Clone + Debug>(
    options: impl Strategy<Value = O>,
) -> impl Strategy<Value = Plan<O>> {
    (shape(0..=3), options).prop_map(|(s, o)| (vec![s], o))
}

/// An axis of a tensor of a rank, counted from either end.
pub(crate) fn axis(rank: usize) -> impl Strategy<Value = isize> {
    -(rank as isize)..rank as isize
}

/// A permutation of 0..n.
pub(crate) fn order(n: usize) -> impl Strategy<Value = Vec<usize>> {
    Just((0..n).collect::<Vec<_>>()).prop_shuffle()
}

/// Inputs for a plan and its options.
pub(crate) type Cases<O> = BoxedStrategy<(Vec<Input>, O)>;

/// Inputs of a plan's shapes, with values between two bounds.
pub(crate) fn cases<O: Clone + Debug + 'static>(
    plans: impl Strategy<Value = Plan<O>> + 'static,
    values: RangeInclusive<f64>,
) -> Cases<O> {
    let with_inputs = move |(shapes, options)| (filled(shapes, values.clone()), Just(options));
    plans.boxed().prop_flat_map(with_inputs).boxed()
}

/// Inputs of some shapes, with distinct values.
fn filled(shapes: Vec<Vec<usize>>, values: RangeInclusive<f64>) -> BoxedStrategy<Vec<Input>> {
    let (lo, hi) = values.into_inner();
    let sizes: Vec<usize> = shapes.iter().map(|s| s.iter().product()).collect();
    let cells = sizes.iter().sum::<usize>().next_multiple_of(2);
    let layouts = vec((any::<Option<u8>>(), any::<Index>()), shapes.len());
    let place = move |(order, layouts): (Vec<usize>, Vec<(Option<u8>, Index)>)| {
        let width = (hi - lo) / cells.max(1) as f64;
        let value = |&k: &usize| ((lo + (k as f64 + 0.5) * width) * 2048.0).round() / 2048.0;
        let mut next = order.iter().map(value);
        let input = |((shape, &n), (kind, axis)): ((&Vec<usize>, &usize), (Option<u8>, Index))| Input {
            shape: shape.clone(),
            values: next.by_ref().take(n).collect(),
            layout: layout(kind, axis, shape.len()),
        };
        shapes.iter().zip(&sizes).zip(layouts).map(input).collect()
    };
    (order(cells), layouts).prop_map(place).boxed()
}

fn layout(kind: Option<u8>, axis: Index, rank: usize) -> Layout {
    match kind {
        Some(kind) if rank > 0 => match kind % 6 {
            0 | 1 => Layout::Transposed,
            2 => Layout::Reversed(axis.index(rank)),
            3 => Layout::Stepped(axis.index(rank)),
            4 => Layout::Inner(axis.index(rank)),
            _ => Layout::Contiguous,
        },
        _ => Layout::Contiguous,
    }
}
