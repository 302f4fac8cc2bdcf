//! Rows: padding.

use proptest::prelude::*;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, cases, shape};

type Widths = Vec<(isize, isize)>;

/// Widths for each axis, negative ones too, that leave at least nothing and are no wider than `most(n)`.
fn padded(most: fn(usize) -> usize) -> impl Strategy<Value = Plan<Widths>> {
    let widths = move |s: Vec<usize>| {
        let width = |n: usize| -(n.min(6) as isize / 2)..=most(n).min(3) as isize;
        let widths: Vec<_> = s.iter().map(|&n| (width(n), width(n))).collect();
        (widths, Just(s))
    };
    shape(0..=3).prop_flat_map(widths).prop_map(|(widths, s)| (vec![s], widths))
}

row!(pad, cases(padded(|_| 3), -2.0..=2.0), |x, widths: Widths| x[0].pad(widths, 0.75));
row!(pad_reflect, cases(padded(|n| n.saturating_sub(1)), -2.0..=2.0), |x, widths: Widths| {
    x[0].pad(widths, PadMode::Reflect)
});
row!(pad_replicate, cases(padded(|n| n * 3), -2.0..=2.0), |x, widths: Widths| {
    x[0].pad(widths, PadMode::Replicate)
});
row!(pad_circular, cases(padded(|n| n - n / 2), -2.0..=2.0), |x, widths: Widths| {
    x[0].pad(widths, PadMode::Circular)
});
