//! Rows: products of vectors and matrices by name, diagonals and traces.

use proptest::prelude::*;

use crate::row;
use crate::strategies::{Plan, axis, broadcastable, cases, shape, size, up_to};

/// Shapes made of sizes, whose product is not too large: it bounds the result.
fn sizes<const N: usize>(plan: fn([usize; N]) -> Vec<Vec<usize>>) -> impl Strategy<Value = Plan<()>> {
    std::array::from_fn::<_, N, _>(|_| size())
        .prop_filter("the result is not too large", |s| s.iter().product::<usize>() <= 1 << 21)
        .prop_map(move |s| (plan(s), ()))
}

/// The size of a vector that is an input by itself.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![1 => size(), 3 => up_to(4, 20_000)]
}

/// A tensor that broadcasts to a product of matrices, the matrices, and two factors.
fn added(batched: bool) -> impl Strategy<Value = Plan<(f64, f64)>> {
    let factors = prop::sample::select(vec![(1.0, 1.0), (0.5, -2.0), (-1.0, 1.0), (1.0, 3.0)]);
    let operands = move |[b, m, k, n]: [usize; 4]| {
        let join = |last: [usize; 2]| if batched { vec![b, last[0], last[1]] } else { last.to_vec() };
        (broadcastable(join([m, n])), Just(join([m, k])), Just(join([k, n])))
    };
    let all = [size(), size(), size(), size()]
        .prop_filter("the result is not too large", |s| s.iter().product::<usize>() <= 1 << 21);
    (all.prop_flat_map(operands), factors).prop_map(|((x, a, b), factors)| (vec![x, a, b], factors))
}

/// An offset and two axes.
type Where = (isize, isize, isize);

fn two_axes(rank: usize) -> impl Strategy<Value = (isize, isize)> {
    let differ = move |(a, b): &(isize, isize)| a.rem_euclid(rank as isize) != b.rem_euclid(rank as isize);
    (axis(rank), axis(rank)).prop_filter("two axes", differ)
}

fn diagonals() -> impl Strategy<Value = Plan<Where>> {
    let with_axes = |s: Vec<usize>| (two_axes(s.len()), -3..=3isize, Just(s));
    shape(2..=4).prop_flat_map(with_axes).prop_map(|((a, b), offset, s)| (vec![s], (offset, a, b)))
}

fn embedded() -> impl Strategy<Value = Plan<Where>> {
    let with_axes = |s: Vec<usize>| (two_axes(s.len() + 1), -3..=3isize, Just(s));
    // Matrices of a long diagonal would be too large.
    let short = |s: &Vec<usize>| s.last().is_some_and(|&n| n < 20);
    shape(1..=3)
        .prop_filter("the diagonals are short", short)
        .prop_flat_map(with_axes)
        .prop_map(|((a, b), offset, s)| (vec![s], (offset, a, b)))
}

fn features() -> impl Strategy<Value = Plan<()>> {
    shape(2..=4).prop_filter("the result is not too large", |s| s[1] <= 64).prop_map(|s| (vec![s], ()))
}

row!(dot, cases(length().prop_map(|n| (vec![vec![n], vec![n]], ())), -2.0..=2.0), |x| x[0].dot(&x[1]));
row!(mv, cases(sizes(|[m, n]| vec![vec![m, n], vec![n]]), -2.0..=2.0), |x| x[0].mv(&x[1]));
row!(
    outer,
    cases((length(), up_to(4, 30)).prop_map(|(m, n)| (vec![vec![m], vec![n]], ())), -2.0..=2.0),
    |x| x[0].outer(&x[1])
);
row!(bmm, cases(sizes(|[b, m, k, n]| vec![vec![b, m, k], vec![b, k, n]]), -2.0..=2.0), |x| x[0].bmm(&x[1]));
row!(addmm, cases(added(false), -2.0..=2.0), |x, o: (f64, f64)| x[0].addmm(&x[1], &x[2], o.0, o.1));
row!(baddbmm, cases(added(true), -2.0..=2.0), |x, o: (f64, f64)| x[0].baddbmm(&x[1], &x[2], o.0, o.1));
row!(gram_matrix, cases(features(), -2.0..=2.0), |x| x[0].gram_matrix());
row!(trace, cases(sizes(|[m, n]| vec![vec![m, n]]), -2.0..=2.0), |x| x[0].trace());
row!(diagonal, cases(diagonals(), -2.0..=2.0), |x, o: Where| x[0].diagonal(o.0, o.1, o.2));
row!(diag_embed, cases(embedded(), -2.0..=2.0), |x, o: Where| x[0].diag_embed(o.0, o.1, o.2));
