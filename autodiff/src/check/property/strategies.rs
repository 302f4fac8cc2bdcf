//! How cases are drawn: shapes, distinct values, layouts.
//!
//! Each strategy draws small sizes for most cases and large ones for some: [`Battery`](super::Battery) calls what
//! makes a strategy twice, and the functions of this module know which of the two is wanted.
//!
//! The values of a case are distinct cells of an interval in random order, all inputs together: no two
//! elements tie and none lies at 0, so that no maximum, rectifier or bound stands within a step of a
//! difference. They are multiples of 2⁻²⁰, which `f32` holds exactly below 8.
//!
//! Sizes are small, or large enough that kernels go to several threads and through all of their loops.

use std::cell::Cell;
use std::fmt::Debug;
use std::ops::RangeInclusive;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::case::{Input, Layout};

/// Values are multiples of 1 / GRID.
const GRID: f64 = (1u64 << 20) as f64;

/// The shapes of the inputs, and the options.
pub type Plan<O> = (Vec<Vec<usize>>, O);

/// How many elements the inputs of a large case have: enough for threads, and not so many that values would lie
/// within a step of each other.
const SIZES: RangeInclusive<usize> = 1 << 13..=1 << 17;

thread_local! {
    static LARGE: Cell<bool> = const { Cell::new(false) };
}

/// What `strategy` makes with sizes that are large.
pub(super) fn large<S>(strategy: impl FnOnce() -> S) -> S {
    LARGE.set(true);
    let made = strategy();
    LARGE.set(false);
    made
}

/// The size of an axis: mostly 1 to 4, rarely 0; or large.
pub fn size() -> BoxedStrategy<usize> {
    if LARGE.get() {
        return some();
    }
    prop_oneof![6 => 2..=4usize, 3 => Just(1), 1 => Just(0)].boxed()
}

/// The size of an axis that is not empty.
pub fn some() -> BoxedStrategy<usize> {
    if LARGE.get() {
        return prop_oneof![2 => 2..=9usize, 1 => Just(1), 4 => 16..=100usize, 1 => 150..=1100usize].boxed();
    }
    prop_oneof![3 => 2..=4usize, 1 => Just(1)].boxed()
}

/// A size from 1 to `n`; or large, up to `most`.
pub fn up_to(n: usize, most: usize) -> RangeInclusive<usize> {
    1..=if LARGE.get() { most } else { n }
}

/// The ranks of a large shape: two axes or more, where so many are allowed.
fn large_rank(rank: RangeInclusive<usize>) -> RangeInclusive<usize> {
    let (least, most) = rank.into_inner();
    if LARGE.get() { least.max(most.min(2))..=most } else { least..=most }
}

/// A shape of a rank.
pub fn shape(rank: RangeInclusive<usize>) -> impl Strategy<Value = Vec<usize>> {
    vec(size(), large_rank(rank))
}

/// A shape of a rank without empty axes.
pub fn full_shape(rank: RangeInclusive<usize>) -> impl Strategy<Value = Vec<usize>> {
    vec(some(), large_rank(rank))
}

/// A shape that broadcasts to another: leading axes left out, others with size 1.
pub fn broadcastable(to: Vec<usize>) -> impl Strategy<Value = Vec<usize>> {
    let rank = to.len();
    let ones = vec(prop::bool::weighted(0.3), rank);
    let cut = prop_oneof![2 => Just(0), 1 => 0..=rank];
    (ones, cut).prop_map(move |(ones, cut)| {
        let sizes = to.iter().zip(ones).map(|(&n, one)| if one { 1 } else { n });
        sizes.skip(cut).collect()
    })
}

/// Two shapes that broadcast together.
pub fn pair() -> impl Strategy<Value = Plan<()>> {
    let both = |to: Vec<usize>| (broadcastable(to.clone()), broadcastable(to));
    shape(0..=3).prop_flat_map(both).prop_map(|(a, b)| (vec![a, b], ()))
}

/// Three shapes that broadcast together.
pub fn triple() -> impl Strategy<Value = Plan<()>> {
    let all = |to: Vec<usize>| (broadcastable(to.clone()), broadcastable(to.clone()), broadcastable(to));
    shape(0..=3).prop_flat_map(all).prop_map(|(a, b, c)| (vec![a, b, c], ()))
}

/// One input of any shape.
pub fn one() -> impl Strategy<Value = Plan<()>> {
    shape(0..=3).prop_map(|s| (vec![s], ()))
}

/// One input of any shape, with options of their own.
pub fn one_with<O: Clone + Debug>(options: impl Strategy<Value = O>) -> impl Strategy<Value = Plan<O>> {
    (shape(0..=3), options).prop_map(|(s, o)| (vec![s], o))
}

/// An axis of a tensor of a rank, counted from either end.
pub fn axis(rank: usize) -> impl Strategy<Value = isize> {
    -(rank as isize)..rank as isize
}

/// A permutation of 0..n.
pub fn order(n: usize) -> impl Strategy<Value = Vec<usize>> {
    Just((0..n).collect::<Vec<_>>()).prop_shuffle()
}

/// Inputs for a plan and its options.
pub type Cases<O> = BoxedStrategy<(Vec<Input>, O)>;

/// Inputs of a plan's shapes, with values between two bounds.
pub fn cases<O: Clone + Debug + 'static>(
    plans: impl Strategy<Value = Plan<O>> + 'static,
    values: RangeInclusive<f64>,
) -> Cases<O> {
    let sizes = if LARGE.get() { SIZES } else { 0..=usize::MAX };
    let fits = move |(shapes, _): &Plan<O>| {
        sizes.contains(&shapes.iter().map(|s| s.iter().product::<usize>()).sum())
    };
    let with_inputs = move |(shapes, options)| (filled(shapes, values.clone()), Just(options));
    plans
        .boxed()
        .prop_filter("the inputs have a size that is wanted", fits)
        .prop_flat_map(with_inputs)
        .boxed()
}

/// The cases with the values of the first input moved off the points where the operation has a kink or a step.
pub fn off<O: Clone + Debug + 'static>(
    cases: Cases<O>,
    kinks: impl Fn(&O) -> Vec<f64> + 'static,
) -> Cases<O> {
    const DISTANCE: f64 = 1.0 / 64.0;
    let moved = move |(mut inputs, options): (Vec<Input>, O)| {
        for kink in kinks(&options) {
            for x in inputs[0].values.iter_mut().filter(|x| (**x - kink).abs() < DISTANCE) {
                *x = kink + if *x < kink { -DISTANCE } else { DISTANCE };
            }
        }
        (inputs, options)
    };
    cases.prop_map(moved).boxed()
}

/// Inputs of some shapes, with distinct values.
fn filled(shapes: Vec<Vec<usize>>, values: RangeInclusive<f64>) -> BoxedStrategy<Vec<Input>> {
    let (lo, hi) = values.into_inner();
    let sizes: Vec<usize> = shapes.iter().map(|s| s.iter().product()).collect();
    let cells = sizes.iter().sum::<usize>().next_multiple_of(2);
    let layouts = vec((any::<Option<u8>>(), any::<Index>()), shapes.len());
    let place = move |(order, layouts): (Vec<usize>, Vec<(Option<u8>, Index)>)| {
        let width = (hi - lo) / cells.max(1) as f64;
        let value = |&k: &usize| ((lo + (k as f64 + 0.5) * width) * GRID).round() / GRID;
        let mut next = order.iter().map(value);
        let of_shapes = shapes.iter().zip(&sizes).zip(layouts);
        let inputs = of_shapes.map(|((shape, &n), (kind, axis))| Input {
            shape: shape.clone(),
            values: next.by_ref().take(n).collect(),
            layout: layout(kind, axis, shape.len()),
        });
        inputs.collect()
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
