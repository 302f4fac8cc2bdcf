//! Rows: parts of tensors, and tensors of parts.

use ndarray::Slice;
use proptest::prelude::*;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, axis, cases, shape, size, some, up_to};

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

/// Sizes that add up to an axis.
fn with_sizes() -> impl Strategy<Value = Plan<(Vec<usize>, isize)>> {
    let sizes = |s: Vec<usize>| (axis(s.len()), prop::collection::vec(size(), 1..=4), Just(s));
    shape(1..=3).prop_flat_map(sizes).prop_map(|(axis, sizes, mut s)| {
        let at = axis.rem_euclid(s.len() as isize) as usize;
        s[at] = sizes.iter().sum();
        (vec![s], (sizes, axis))
    })
}

fn with_count() -> impl Strategy<Value = Plan<(usize, isize)>> {
    let counts = |s: Vec<usize>| (1..=5usize, axis(s.len()), Just(s));
    shape(1..=3).prop_flat_map(counts).prop_map(|(count, axis, s)| (vec![s], (count, axis)))
}

/// An axis that is not empty, and not so long that there is a node for each of a thousand elements.
fn unbindable() -> impl Strategy<Value = Plan<isize>> {
    let axes = |s: Vec<usize>| (axis(s.len()), up_to(4, 40), Just(s));
    shape(1..=3).prop_flat_map(axes).prop_map(|(axis, n, mut s)| {
        let at = axis.rem_euclid(s.len() as isize) as usize;
        s[at] = n;
        (vec![s], axis)
    })
}

/// An axis, a start counted from either end, and a length.
fn narrowed() -> impl Strategy<Value = Plan<(isize, isize, usize)>> {
    let starts = |s: Vec<usize>| {
        (axis(s.len()), Just(s)).prop_flat_map(|(axis, s)| {
            let n = s[axis.rem_euclid(s.len() as isize) as usize];
            (Just(axis), 0..=n, any::<bool>(), Just(s)).prop_flat_map(move |(axis, start, from_end, s)| {
                let first = start as isize - if from_end && start < n { n as isize } else { 0 };
                (Just(axis), Just(first), 0..=n - start, Just(s))
            })
        })
    };
    let plan = |(axis, start, length, s)| (vec![s], (axis, start, length));
    shape(1..=3).prop_flat_map(starts).prop_map(plan)
}

row!(slice, cases(part(), -2.0..=2.0), |x, part: (isize, Slice)| x[0].slice(part.0, part.1));
row!(select, cases(element(), -2.0..=2.0), |x, at: (isize, isize)| x[0].select(at.0, at.1));
row!(concat, cases(joinable(), -2.0..=2.0), |x, axis: isize| {
    Tensor::concat(&x.iter().collect::<Vec<_>>(), *axis)
});
row!(stack, cases(stackable(), -2.0..=2.0), |x, axis: isize| {
    Tensor::stack(&x.iter().collect::<Vec<_>>(), *axis)
});
row!(split, cases(with_sizes(), -2.0..=2.0), |x, o: (Vec<usize>, isize)| {
    // The second part twice, and not the first: a gradient where there is one, zeros where there is none.
    let parts = x[0].split(&o.0[..], o.1);
    let second = parts.get(1).unwrap_or(&parts[0]);
    [parts[parts.len() - 1].square(), second.clone()]
});
row!(split_each, cases(with_count(), -2.0..=2.0), |x, o: (usize, isize)| x[0].split(o.0, o.1));
row!(chunk, cases(with_count(), -2.0..=2.0), |x, o: (usize, isize)| x[0].chunk(o.0.max(3), o.1));
row!(unbind, cases(unbindable(), -2.0..=2.0), |x, axis: isize| x[0].unbind(*axis));
row!(narrow, cases(narrowed(), -2.0..=2.0), |x, o: (isize, isize, usize)| x[0].narrow(o.0, o.1, o.2));
