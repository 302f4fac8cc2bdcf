//! The loops under every reduction: rows and columns folded in a fixed tree.
//!
//! A row is cut into blocks of [`BLOCK`] elements; each block is folded into [`LANES`] partial results side
//! by side, which are then combined two by two, and the blocks are combined in a balanced binary tree.
//! Columns are folded the same way, [`ROWS`] rows to a block. The tree depends on the length alone, so the
//! result has the same bits at any thread count, and the rounding error of a sum grows with the logarithm
//! of the length.

use rayon::prelude::*;

use super::parallel::{CHUNK, Shared, each, worthwhile};
use super::simd::vectorized;
use crate::Float;

/// Partial results side by side: enough vectors to hide the latency of an addition.
const LANES: usize = 32;
/// Elements of a row that are folded without a tree.
const BLOCK: usize = 1024;
/// Rows that are folded into one without a tree.
const ROWS: usize = 32;
/// Columns that are folded together.
const TILE: usize = 512;

/// What folding needs: a start that changes nothing, and an associative, commutative function of two.
pub(super) trait Fold<T>: Copy + Send + Sync {
    /// The result of folding nothing.
    fn identity(self) -> T;
    /// Two results in one.
    fn combine(self, a: T, b: T) -> T;
}

/// a + b.
#[derive(Clone, Copy)]
pub(super) struct Sum;

impl<T: Float> Fold<T> for Sum {
    #[inline(always)]
    fn identity(self) -> T {
        T::zero()
    }

    #[inline(always)]
    fn combine(self, a: T, b: T) -> T {
        a + b
    }
}

/// a·b.
#[derive(Clone, Copy)]
pub(super) struct Product;

impl<T: Float> Fold<T> for Product {
    #[inline(always)]
    fn identity(self) -> T {
        T::one()
    }

    #[inline(always)]
    fn combine(self, a: T, b: T) -> T {
        a * b
    }
}

/// The larger, NaN if either is.
#[derive(Clone, Copy)]
pub(super) struct Max;

impl<T: Float> Fold<T> for Max {
    #[inline(always)]
    fn identity(self) -> T {
        T::neg_infinity()
    }

    #[inline(always)]
    #[allow(clippy::eq_op)]
    fn combine(self, a: T, b: T) -> T {
        // Of two that are not ordered one is NaN: a if it is, else b.
        if (a > b) | (a != a) { a } else { b }
    }
}

/// The smaller, NaN if either is.
#[derive(Clone, Copy)]
pub(super) struct Min;

impl<T: Float> Fold<T> for Min {
    #[inline(always)]
    fn identity(self) -> T {
        T::infinity()
    }

    #[inline(always)]
    #[allow(clippy::eq_op)]
    fn combine(self, a: T, b: T) -> T {
        if (a < b) | (a != a) { a } else { b }
    }
}

/// Folds f(x) over at most [`BLOCK`] elements.
#[inline(always)]
fn block<T: Float>(x: &[T], fold: impl Fold<T>, f: impl Fn(T) -> T) -> T {
    if x.len() <= 4 {
        return x.iter().fold(fold.identity(), |acc, &x| fold.combine(acc, f(x)));
    }
    let mut lanes = [fold.identity(); LANES];
    let mut chunks = x.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = fold.combine(*lane, f(x));
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(chunks.remainder()) {
        *lane = fold.combine(*lane, f(x));
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = fold.combine(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// out\[i\] ← the fold of f(i)(x) over row i of `n` elements, where n is below [`LANES`].
///
/// Each row is folded from left to right, several rows abreast so that they do not wait for one another.
#[inline(always)]
#[allow(clippy::needless_range_loop)]
fn short_rows<T: Float, F: Fn(T) -> T>(
    first: usize,
    x: &[T],
    n: usize,
    out: &mut [T],
    fold: impl Fold<T>,
    f: impl Fn(usize) -> F,
) {
    const ABREAST: usize = 8;
    let mut groups = out.chunks_exact_mut(ABREAST);
    let mut start = 0;
    for out in &mut groups {
        let x: [&[T]; ABREAST] = std::array::from_fn(|i| &x[(start + i) * n..][..n]);
        let f: [F; ABREAST] = std::array::from_fn(|i| f(first + start + i));
        let mut acc = [fold.identity(); ABREAST];
        for j in 0..n {
            for i in 0..ABREAST {
                acc[i] = fold.combine(acc[i], f[i](x[i][j]));
            }
        }
        out.copy_from_slice(&acc);
        start += ABREAST;
    }
    for (i, out) in groups.into_remainder().iter_mut().enumerate() {
        let f = f(first + start + i);
        *out = x[(start + i) * n..][..n].iter().fold(fold.identity(), |acc, &x| fold.combine(acc, f(x)));
    }
}

/// Folds f(x) over a row of any length.
pub(super) fn row<T: Float>(x: &[T], fold: impl Fold<T>, f: impl Fn(T) -> T + Copy + Send + Sync) -> T {
    if x.len() <= BLOCK {
        return vectorized(
            #[inline(always)]
            || block(x, fold, f),
        );
    }
    let (left, right) = x.split_at(x.len().div_ceil(2 * BLOCK) * BLOCK);
    let (left, right) = if worthwhile(x.len()) {
        rayon::join(|| row(left, fold, f), || row(right, fold, f))
    } else {
        (row(left, fold, f), row(right, fold, f))
    };
    fold.combine(left, right)
}

/// out\[i\] ← the fold of f(i)(x) over row i of `n` elements.
pub(super) fn rows<T: Float, F: Fn(T) -> T + Copy + Send + Sync>(
    x: &[T],
    n: usize,
    out: &mut [T],
    fold: impl Fold<T>,
    f: impl Fn(usize) -> F + Sync,
) {
    debug_assert_eq!(x.len(), n * out.len());
    if n == 0 {
        out.fill(fold.identity());
        return;
    }
    let run = |first: usize, x: &[T], out: &mut [T]| {
        if n < LANES {
            vectorized(
                #[inline(always)]
                || short_rows(first, x, n, out, fold, &f),
            );
        } else if n <= BLOCK {
            vectorized(
                #[inline(always)]
                || {
                    for (i, (out, x)) in out.iter_mut().zip(x.chunks_exact(n)).enumerate() {
                        *out = block(x, fold, f(first + i));
                    }
                },
            );
        } else {
            for (i, (out, x)) in out.iter_mut().zip(x.chunks_exact(n)).enumerate() {
                *out = row(x, fold, f(first + i));
            }
        }
    };
    if worthwhile(x.len()) {
        let many = CHUNK.div_ceil(n);
        out.par_chunks_mut(many)
            .zip(x.par_chunks(many * n))
            .enumerate()
            .for_each(|(i, (out, x))| run(i * many, x, out));
    } else {
        run(0, x, out);
    }
}

/// out\[o, c\] ← the fold over r of f(c, x\[o, r, c\]), for x of \[outer, n, inner\].
pub(super) fn columns<T: Float>(
    x: &[T],
    n: usize,
    inner: usize,
    out: &mut [T],
    fold: impl Fold<T>,
    f: impl Fn(usize, T) -> T + Copy + Send + Sync,
) {
    if n == 0 || out.is_empty() {
        out.fill(fold.identity());
        return;
    }
    let outer = out.len() / inner;
    debug_assert_eq!(x.len(), outer * n * inner);
    let tiles = inner.div_ceil(TILE);
    let target = Shared::new(out);
    let tile = |item: usize| {
        let (o, left) = (item / tiles, item % tiles * TILE);
        let width = TILE.min(inner - left);
        let x = &x[o * n * inner..][..n * inner];
        // SAFETY: tiles of the output do not overlap.
        let out = unsafe { target.slice(o * inner + left, width) };
        columns_tree(x, inner, left, out, fold, f);
    };
    if worthwhile(x.len()) {
        let grain = (CHUNK / (n * inner.min(TILE))).max(1);
        each(outer * tiles, grain, &tile);
    } else {
        (0..outer * tiles).for_each(tile);
    }
}

/// Folds at most [`ROWS`] rows.
#[inline(always)]
fn columns_block<T: Float>(
    x: &[T],
    inner: usize,
    left: usize,
    out: &mut [T],
    fold: impl Fold<T>,
    f: impl Fn(usize, T) -> T,
) {
    out.fill(fold.identity());
    for x in x.chunks_exact(inner) {
        let x = &x[left..left + out.len()];
        for c in 0..out.len() {
            out[c] = fold.combine(out[c], f(left.wrapping_add(c), x[c]));
        }
    }
}

/// Folds the rows of `x`, `inner` apart, over the columns from `left` on that `out` has place for.
fn columns_tree<T: Float>(
    x: &[T],
    inner: usize,
    left: usize,
    out: &mut [T],
    fold: impl Fold<T>,
    f: impl Fn(usize, T) -> T + Copy + Send + Sync,
) {
    let n = x.len() / inner;
    if n <= ROWS {
        vectorized(
            #[inline(always)]
            || columns_block(x, inner, left, out, fold, f),
        );
        return;
    }
    let (top, bottom) = x.split_at(n.div_ceil(2 * ROWS) * ROWS * inner);
    let mut rest = [T::zero(); TILE];
    let rest = &mut rest[..out.len()];
    if worthwhile(n * out.len()) {
        rayon::join(
            || columns_tree(top, inner, left, out, fold, f),
            || columns_tree(bottom, inner, left, rest, fold, f),
        );
    } else {
        columns_tree(top, inner, left, out, fold, f);
        columns_tree(bottom, inner, left, rest, fold, f);
    }
    for (out, &rest) in out.iter_mut().zip(&*rest) {
        *out = fold.combine(*out, rest);
    }
}
