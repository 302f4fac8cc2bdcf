//! Rows: tensors repeated, turned around and rearranged.

use proptest::prelude::*;
use wengert::autodiff::ops::MeshIndexing;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, axis, cases, order, shape, up_to};

/// A shape, and a larger one in which −1 keeps a size.
fn expandable() -> impl Strategy<Value = Plan<Vec<isize>>> {
    let choices = |s: Vec<usize>| {
        let stretched = prop::collection::vec((any::<bool>(), 0..=3usize, any::<bool>()), s.len());
        (stretched, prop::collection::vec(0..=3isize, 0..=2), Just(s))
    };
    shape(0..=3).prop_flat_map(choices).prop_map(|(stretched, mut to, mut s)| {
        for (n, (stretch, by, keep)) in s.iter_mut().zip(stretched) {
            to.push(match (stretch, keep) {
                (true, _) => {
                    *n = 1;
                    by as isize
                }
                (false, true) => -1,
                (false, false) => *n as isize,
            });
        }
        (vec![s], to)
    })
}

/// Numbers of repeats, `extra` more than axes or fewer.
fn repeatable(extra: std::ops::RangeInclusive<isize>) -> impl Strategy<Value = Plan<Vec<usize>>> {
    let times = move |s: Vec<usize>| {
        let rank = s.len() as isize;
        (
            extra.clone().prop_flat_map(move |extra| {
                prop::collection::vec(0..=3usize, (rank + extra).max(0) as usize)
            }),
            Just(s),
        )
    };
    shape(0..=3).prop_flat_map(times).prop_map(|(times, s)| (vec![s], times))
}

fn interleaved() -> impl Strategy<Value = Plan<(usize, Option<isize>)>> {
    let axes = |s: Vec<usize>| (0..=3usize, prop::option::weighted(0.8, axis(s.len())), Just(s));
    shape(1..=3).prop_flat_map(axes).prop_map(|(times, axis, s)| (vec![s], (times, axis)))
}

/// A number of repeats for each element of an axis.
fn interleaved_each() -> impl Strategy<Value = Plan<(Indices, isize)>> {
    let counts = |s: Vec<usize>| {
        (axis(s.len()), Just(s)).prop_flat_map(|(axis, s)| {
            let n = s[axis.rem_euclid(s.len() as isize) as usize];
            let n = prop_oneof![3 => Just(n), 1 => Just(1)];
            (n.prop_flat_map(|n| prop::collection::vec(0..=3i64, n)), Just(axis), Just(s))
        })
    };
    let plan = |(counts, axis, s): (Vec<i64>, _, _)| (vec![s], (Indices::from(counts), axis));
    shape(1..=3).prop_flat_map(counts).prop_map(plan)
}

/// Rows of coordinates: one of any length, and short ones.
fn coordinates() -> impl Strategy<Value = Plan<bool>> {
    let first = || prop_oneof![9 => up_to(4, 20_000), 1 => Just(0)];
    let rows = prop_oneof![
        3 => (first(), 0..=3usize).prop_map(|(a, b)| vec![vec![a], vec![b]]),
        1 => (first(), 1..=3usize).prop_map(|(a, b)| vec![vec![b], vec![], vec![a]]),
        1 => first().prop_map(|a| vec![vec![a]]),
    ];
    (rows, any::<bool>())
}

/// Some axes, in any order.
fn with_axes() -> impl Strategy<Value = Plan<Vec<isize>>> {
    let axes = |s: Vec<usize>| (order(s.len()), 0..=s.len(), any::<bool>(), Just(s));
    shape(0..=4).prop_flat_map(axes).prop_map(|(order, many, from_end, s)| {
        let back = if from_end { s.len() as isize } else { 0 };
        (vec![s], order.iter().take(many).map(|&axis| axis as isize - back).collect())
    })
}

/// Axes, and as many others.
fn with_two_orders() -> impl Strategy<Value = Plan<(Vec<isize>, Vec<isize>)>> {
    let axes = |s: Vec<usize>| (order(s.len()), order(s.len()), 0..=s.len(), Just(s));
    shape(0..=4).prop_flat_map(axes).prop_map(|(from, to, many, s)| {
        let rank = s.len() as isize;
        let from = from.iter().take(many).map(|&axis| axis as isize - rank).collect();
        (vec![s], (from, to.iter().take(many).map(|&axis| axis as isize).collect()))
    })
}

/// Shifts along axes, or one of all elements.
fn with_shifts() -> impl Strategy<Value = Plan<(Vec<isize>, Vec<isize>)>> {
    let shifts =
        |s: Vec<usize>| (prop::collection::vec((-9..=9isize, axis(s.len())), 1..=3), any::<bool>(), Just(s));
    shape(1..=3).prop_flat_map(shifts).prop_map(|(moves, whole, s)| {
        let (shifts, axes): (Vec<_>, Vec<_>) = moves.into_iter().unzip();
        (vec![s], if whole { (vec![shifts[0]], vec![]) } else { (shifts, axes) })
    })
}

/// Pictures of C·r² channels, or of H·r by W·r pixels.
fn pictures(channels: bool) -> impl Strategy<Value = Plan<usize>> {
    let sizes = ([up_to(2, 9), up_to(3, 30), up_to(3, 30)], 1..=3usize, shape(0..=1));
    sizes.prop_map(move |([c, h, w], r, outer)| {
        let outer: Vec<usize> = outer.iter().map(|n| n % 3).collect();
        let planes = if channels { [c * r * r, h, w] } else { [c, h * r, w * r] };
        (vec![[outer, planes.to_vec()].concat()], r)
    })
}

row!(expand, cases(expandable(), -2.0..=2.0), |x, to: Vec<isize>| x[0].expand(to));
row!(repeat, cases(repeatable(0..=2), -2.0..=2.0), |x, times: Vec<usize>| x[0].repeat(times));
row!(tile, cases(repeatable(-2..=1), -2.0..=2.0), |x, times: Vec<usize>| x[0].tile(times));
row!(repeat_interleave, cases(interleaved(), -2.0..=2.0), |x, o: (usize, Option<isize>)| {
    x[0].repeat_interleave(o.0, o.1)
});
row!(repeat_interleave_each, cases(interleaved_each(), -2.0..=2.0), |x, o: (Indices, isize)| {
    x[0].repeat_interleave(&o.0, o.1)
});
row!(flip, cases(with_axes(), -2.0..=2.0), |x, axes: Vec<isize>| x[0].flip(&axes[..]));
row!(roll, cases(with_shifts(), -2.0..=2.0), |x, o: (Vec<isize>, Vec<isize>)| x[0].roll(&o.0, &o.1));
row!(movedim, cases(with_two_orders(), -2.0..=2.0), |x, o: (Vec<isize>, Vec<isize>)| {
    x[0].movedim(&o.0, &o.1)
});
row!(pixel_shuffle, cases(pictures(true), -2.0..=2.0), |x, factor: usize| x[0].pixel_shuffle(*factor));
row!(pixel_unshuffle, cases(pictures(false), -2.0..=2.0), |x, factor: usize| x[0].pixel_unshuffle(*factor));
row!(meshgrid, cases(coordinates(), -2.0..=2.0), |x, swapped: bool| {
    let indexing = if *swapped { MeshIndexing::Xy } else { MeshIndexing::Ij };
    Tensor::meshgrid(&x.iter().collect::<Vec<_>>(), indexing)
});
