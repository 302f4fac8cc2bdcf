//! Rows: matrix products.

use proptest::prelude::*;
use wengert::autodiff::ops::MatMul;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, broadcastable, cases, shape, size};

/// Vectors, matrices and batches of matrices that broadcast.
fn factors() -> impl Strategy<Value = Plan<()>> {
    let batches = |to: Vec<usize>| (broadcastable(to.clone()), broadcastable(to));
    let batches = shape(0..=2).prop_flat_map(batches);
    (batches, [size(), size(), size()], 0..6usize).prop_map(|((a, b), [m, k, n], kind)| {
        let join = |batch: &[usize], last: [usize; 2]| [batch, &last[..]].concat();
        let shapes = match kind {
            0 => vec![vec![k], vec![k]],
            1 => vec![join(&a, [m, k]), vec![k]],
            2 => vec![vec![k], join(&b, [k, n])],
            3 => vec![vec![m, k], vec![k, n]],
            _ => vec![join(&a, [m, k]), join(&b, [k, n])],
        };
        (shapes, ())
    })
}

/// Two batches of matrices, each perhaps read transposed.
fn transposed() -> impl Strategy<Value = Plan<(bool, bool)>> {
    let batches = |to: Vec<usize>| (broadcastable(to.clone()), broadcastable(to));
    let batches = shape(0..=1).prop_flat_map(batches);
    (batches, [size(), size(), size()], any::<(bool, bool)>()).prop_map(|((a, b), [m, k, n], flags)| {
        let join = |batch: &[usize], [r, c]: [usize; 2], turned| {
            [batch, &if turned { [c, r] } else { [r, c] }].concat()
        };
        (vec![join(&a, [m, k], flags.0), join(&b, [k, n], flags.1)], flags)
    })
}

pub(super) fn dense() -> impl Strategy<Value = Plan<()>> {
    (shape(0..=3), [size(), size()], any::<bool>()).prop_map(|(mut x, [features, out], bias)| {
        x.push(features);
        let mut shapes = vec![x, vec![out, features]];
        if bias {
            shapes.push(vec![out]);
        }
        (shapes, ())
    })
}

row!(matmul, cases(factors(), -2.0..=2.0), |x| x[0].matmul(&x[1]));
row!(matmul_transposed, cases(transposed(), -2.0..=2.0), |x, flags: (bool, bool)| {
    let product = MatMul { transpose_a: flags.0, transpose_b: flags.1 };
    autodiff::try_apply(product, &[&x[0], &x[1]]).unwrap().to_vec()
});
row!(linear, cases(dense(), -2.0..=2.0), |x| x[0].linear(&x[1], x.get(2)));
