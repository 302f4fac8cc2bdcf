//! Rows: sliding windows and patches.

use proptest::prelude::*;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, axis, cases, shape, up_to};

type Folding = ([usize; 2], Patches);

/// Pictures with or without a batch, patches that fit, and how many elements and places they have.
fn patches() -> impl Strategy<Value = (Vec<usize>, [usize; 2], Folding)> {
    let sizes = (
        [1..=3usize, 1..=3usize],
        [1..=2usize, 1..=2usize],
        [0..=2usize, 0..=2usize],
        [1..=3usize, 1..=3usize],
    );
    let planes = (prop::option::weighted(0.7, prop_oneof![6 => 1..=2usize, 1 => Just(0)]), up_to(2, 9));
    (planes, [up_to(5, 60), up_to(5, 60)], sizes).prop_filter_map(
        "a patch fits",
        |((n, c), size, (kernel, dilation, padding, stride))| {
            let places = |a: usize| {
                let reach = dilation[a] * (kernel[a] - 1) + 1;
                Some((size[a] + 2 * padding[a]).checked_sub(reach)? / stride[a] + 1)
            };
            let places = places(0)? * places(1)?;
            let patches = Patches::new(kernel).dilation(dilation).padding(padding).stride(stride);
            let outer = n.into_iter().chain([c]).collect();
            Some((outer, [kernel[0] * kernel[1], places], (size, patches)))
        },
    )
}

fn unfolded() -> impl Strategy<Value = Plan<Folding>> {
    patches().prop_map(|(outer, _, folding)| (vec![[outer, folding.0.to_vec()].concat()], folding))
}

fn folded() -> impl Strategy<Value = Plan<Folding>> {
    patches().prop_map(|(mut outer, [taps, places], folding)| {
        *outer.last_mut().unwrap() *= taps;
        outer.push(places);
        (vec![outer], folding)
    })
}

/// An axis, the size of a window that fits, and a step.
fn windowed() -> impl Strategy<Value = Plan<(isize, usize, usize)>> {
    let sizes = |s: Vec<usize>| {
        (axis(s.len()), Just(s)).prop_flat_map(|(axis, s)| {
            let n = s[axis.rem_euclid(s.len() as isize) as usize];
            (Just(axis), 0..=n.min(4), 1..=3usize, Just(s))
        })
    };
    let plan = |(axis, size, step, s)| (vec![s], (axis, size, step));
    shape(1..=3).prop_flat_map(sizes).prop_map(plan)
}

row!(unfold, cases(unfolded(), -2.0..=2.0), |x, o: Folding| x[0].unfold(o.1));
row!(fold, cases(folded(), -2.0..=2.0), |x, o: Folding| x[0].fold(o.0, o.1));
row!(windows, cases(windowed(), -2.0..=2.0), |x, o: (isize, usize, usize)| x[0].windows(o.0, o.1, o.2));
