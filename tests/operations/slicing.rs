//! Rows: parts of tensors, and tensors of parts.

use ndarray::Slice;
use proptest::prelude::*;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, axis, cases, shape, size, some};

/// A part of an axis, with bounds counted from either end and steps either way.
fn part() -> impl Strategy<Value = Plan<(isize, Slice)>> {
    let parts = |s: Vec<usize>| {
        let axes = axis(s.len());
        (axes, Just(s)).prop_flat_map(|(axis, s)| {
            let n = s[axis.rem_euclid(s.len() as isize) as usize] as isize;
            let step = prop_oneof![1..=3isize, -3..=-1isize];
            (Just(axis), -n..=n, prop::option::of(-n..=n), step, Just(s))
        })
    };
    let plan = |(axis, start, end, step, s)| (vec![s], (axis, Slice::new(start, end, step)));
    shape(1..=3).prop_flat_map(parts).prop_map(plan)
}

fn element() -> impl Strategy<Value = Plan<(isize, isize)>> {
    let indices = |s: Vec<usize>| {
        (axis(s.len()), some(), Just(s)).prop_flat_map(|(axis, n, mut s)| {
            let at = axis.rem_euclid(s.len() as isize) as usize;
            s[at] = n;
            (Just(axis), -(n as isize)..n as isize, Just(s))
        })
    };
    shape(1..=3).prop_flat_map(indices).prop_map(|(axis, index, s)| (vec![s], (axis, index)))
}

/// One to four tensors that differ in the size of one axis.
fn joinable() -> impl Strategy<Value = Plan<isize>> {
    let parts = |s: Vec<usize>| (axis(s.len()), prop::collection::vec(size(), 1..=4), Just(s));
    shape(1..=3).prop_flat_map(parts).prop_map(|(axis, sizes, s)| {
        let at = axis.rem_euclid(s.len() as isize) as usize;
        let with = |n| {
            let mut s = s.clone();
            s[at] = n;
            s
        };
        (sizes.into_iter().map(with).collect(), axis)
    })
}

fn stackable() -> impl Strategy<Value = Plan<isize>> {
    let copies = |s: Vec<usize>| (axis(s.len() + 1), 1..=4usize, Just(s));
    shape(0..=2).prop_flat_map(copies).prop_map(|(axis, n, s)| (vec![s; n], axis))
}

/// Widths for each axis, negative ones too, that leave at least nothing.
fn padded() -> impl Strategy<Value = Plan<Vec<(isize, isize)>>> {
    let widths = |s: Vec<usize>| (prop::collection::vec((-3..=2isize, -3..=2isize), s.len()), Just(s));
    let leave = |(widths, s): (Vec<(isize, isize)>, Vec<usize>)| {
        let fits = widths.iter().zip(&s).all(|((before, after), &n)| n as isize + before + after >= 0);
        fits.then(|| (vec![s], widths))
    };
    shape(0..=3).prop_flat_map(widths).prop_filter_map("no more is taken away than there is", leave)
}

row!(slice, cases(part(), -2.0..=2.0), |x, part: (isize, Slice)| x[0].slice(part.0, part.1));
row!(select, cases(element(), -2.0..=2.0), |x, at: (isize, isize)| x[0].select(at.0, at.1));
row!(concat, cases(joinable(), -2.0..=2.0), |x, axis: isize| {
    Tensor::concat(&x.iter().collect::<Vec<_>>(), *axis)
});
row!(stack, cases(stackable(), -2.0..=2.0), |x, axis: isize| {
    Tensor::stack(&x.iter().collect::<Vec<_>>(), *axis)
});
row!(pad, cases(padded(), -2.0..=2.0), |x, widths: Vec<(isize, isize)>| x[0].pad(widths, 0.75));
