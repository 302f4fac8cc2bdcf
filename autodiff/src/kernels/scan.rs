//! Running totals along an axis, and the adjoints of those that are not linear.
//!
//! A total runs in `f64` whatever the elements are: a float's rounding errors would add up along the axis. A
//! long row is cut into pieces of [`CHUNK`] elements: their totals are taken first and added up in order, and
//! then each piece runs on from what came before it, whoever computes it.

use super::layout::Along;
use super::parallel::{CHUNK, Shared, each, worthwhile};
use super::simd::vectorized;
use crate::Float;

/// Columns that run side by side.
const TILE: usize = 128;

/// What runs: an associative function of two totals, and the total of nothing.
pub(crate) trait Running: Copy + Send + Sync {
    const NOTHING: f64;
    fn join(a: f64, b: f64) -> f64;
}

/// a + b.
#[derive(Clone, Copy)]
pub(crate) struct Sums;

impl Running for Sums {
    const NOTHING: f64 = 0.0;

    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        a + b
    }
}

/// a·b.
#[derive(Clone, Copy)]
pub(crate) struct Products;

impl Running for Products {
    const NOTHING: f64 = 1.0;

    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        a * b
    }
}

/// ln(eᵃ + eᵇ).
#[derive(Clone, Copy)]
pub(crate) struct LogSums;

impl Running for LogSums {
    const NOTHING: f64 = f64::NEG_INFINITY;

    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        let (high, low) = if a >= b { (a, b) } else { (b, a) };
        // The difference of two equal infinities would be NaN.
        if a.is_nan() || b.is_nan() {
            a + b
        } else if high.is_infinite() {
            high
        } else {
            high + (low - high).exp().ln_1p()
        }
    }
}

/// out ← the running totals of x along an axis, from its last element on if `reverse`.
pub(crate) fn scan<T: Float, R: Running>(_: R, x: &[T], along: Along, reverse: bool, out: &mut [T]) {
    assert!(x.len() == along.len() && out.len() == x.len(), "scan: wrong lengths");
    if out.is_empty() {
        return;
    }
    match along.inner {
        1 => rows::<T, R>(x, along.n, reverse, out),
        _ => columns::<T, R>(x, along, reverse, out),
    }
}

/// Runs on from a total through a piece of a row.
fn piece<T: Float, R: Running>(x: &[T], mut total: f64, reverse: bool, out: &mut [T]) {
    let mut step = |(out, &x): (&mut T, &T)| {
        total = R::join(total, x.to_f64());
        *out = T::from_f64(total);
    };
    match reverse {
        true => out.iter_mut().zip(x).rev().for_each(step),
        false => out.iter_mut().zip(x).for_each(&mut step),
    }
}

/// The total of a piece.
fn total<T: Float, R: Running>(x: &[T]) -> f64 {
    // Several totals side by side do not wait for one another.
    let mut lanes = [R::NOTHING; 8];
    let mut chunks = x.chunks_exact(8);
    for chunk in &mut chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = R::join(*lane, x.to_f64());
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(chunks.remainder()) {
        *lane = R::join(*lane, x.to_f64());
    }
    lanes.into_iter().fold(R::NOTHING, R::join)
}

fn rows<T: Float, R: Running>(x: &[T], n: usize, reverse: bool, out: &mut [T]) {
    let (count, len) = (n.div_ceil(CHUNK), n.min(CHUNK));
    let many = worthwhile(x.len());
    let on_pool = |tasks: usize, grain: usize, task: &(dyn Fn(usize) + Sync)| {
        if many { each(tasks, grain, task) } else { (0..tasks).for_each(task) }
    };
    let range = |i: usize| {
        let (row, start) = (i / count, i % count * len);
        row * n + start..row * n + (start + len).min(n)
    };
    let pieces = x.len() / n * count;
    // What each piece runs on from.
    let mut before = vec![R::NOTHING; if count > 1 { pieces } else { 0 }];
    if count > 1 {
        let totals = Shared::new(&mut before);
        // SAFETY: each task writes its own element.
        on_pool(pieces, 1, &|i| unsafe { totals.slice(i, 1)[0] = total::<T, R>(&x[range(i)]) });
        for row in before.chunks_exact_mut(count) {
            let mut sum = R::NOTHING;
            let step = |total: &mut f64| sum = R::join(std::mem::replace(total, sum), sum);
            match reverse {
                true => row.iter_mut().rev().for_each(step),
                false => row.iter_mut().for_each(step),
            }
        }
    }
    let target = Shared::new(out);
    on_pool(pieces, CHUNK.div_ceil(len), &|i| {
        let range = range(i);
        // SAFETY: the pieces do not overlap.
        let out = unsafe { target.slice(range.start, range.len()) };
        piece::<T, R>(&x[range], before.get(i).copied().unwrap_or(R::NOTHING), reverse, out);
    });
}

fn columns<T: Float, R: Running>(x: &[T], along: Along, reverse: bool, out: &mut [T]) {
    let Along { n, inner, .. } = along;
    in_tiles(along, out, &|first, width, target| {
        vectorized(
            #[inline(always)]
            || {
                let mut totals = [R::NOTHING; TILE];
                for r in 0..n {
                    let at = first + if reverse { n - 1 - r } else { r } * inner;
                    // SAFETY: the columns are this tile's alone.
                    let out = unsafe { target.slice(at, width) };
                    for ((out, total), &x) in out.iter_mut().zip(&mut totals).zip(&x[at..at + width]) {
                        *total = R::join(*total, x.to_f64());
                        *out = T::from_f64(*total);
                    }
                }
            },
        );
    });
}

/// Calls `tile(first, width, out)` for the place of the first element and the width of each group of columns.
fn in_tiles<O: Send>(along: Along, out: &mut [O], tile: &(dyn Fn(usize, usize, Shared<O>) + Sync)) {
    let Along { outer, n, inner } = along;
    let tiles = inner.div_ceil(TILE);
    let target = Shared::new(out);
    let task = |item: usize| {
        let (o, left) = (item / tiles, item % tiles * TILE);
        tile(o * n * inner + left, TILE.min(inner - left), target);
    };
    if worthwhile(along.len()) {
        each(outer * tiles, (CHUNK / (n * inner.min(TILE))).max(1), &task);
    } else {
        (0..outer * tiles).for_each(task);
    }
}

/// ids ← the position of the largest element (smallest if not `largest`) up to each element of an axis: the
/// last of equal ones, and of NaNs once there is one.
pub(crate) fn extremum<T: Float>(x: &[T], along: Along, largest: bool, ids: &mut [i64]) {
    assert!(x.len() == along.len() && ids.len() == x.len(), "cummax or cummin: wrong lengths");
    if ids.is_empty() {
        return;
    }
    let Along { n, inner, .. } = along;
    let takes = |x: T, best: T| {
        let better = if largest { x >= best } else { x <= best };
        x.is_nan() || (better && !best.is_nan())
    };
    in_tiles(along, ids, &|first, width, target| {
        if inner == 1 {
            // SAFETY: the row is this tile's alone.
            let ids = unsafe { target.slice(first, n) };
            let (mut best, mut at) = (x[first], 0);
            for (r, (id, &x)) in ids.iter_mut().zip(&x[first..]).enumerate() {
                if takes(x, best) {
                    (best, at) = (x, r as i64);
                }
                *id = at;
            }
            return;
        }
        let mut best = [(T::zero(), 0i64); TILE];
        for (best, &x) in best[..width].iter_mut().zip(&x[first..]) {
            best.0 = x;
        }
        for r in 0..n {
            let at = first + r * inner;
            // SAFETY: the columns are this tile's alone.
            let ids = unsafe { target.slice(at, width) };
            for ((id, best), &x) in ids.iter_mut().zip(&mut best).zip(&x[at..at + width]) {
                if takes(x, best.0) {
                    *best = (x, r as i64);
                }
                *id = best.1;
            }
        }
    });
}

/// Calls `row(x, y, out)` for every row of `n` elements of three arrays.
fn each_row<T: Float>(x: &[T], y: &[T], n: usize, out: &mut [T], row: impl Fn(&[T], &[T], &mut [T]) + Sync) {
    assert!(x.len() == out.len() && y.len() == out.len(), "scan: wrong lengths");
    if out.is_empty() {
        return;
    }
    let count = out.len() / n;
    let target = Shared::new(out);
    let task = |i: usize| {
        let range = i * n..(i + 1) * n;
        // SAFETY: rows do not overlap.
        row(&x[range.clone()], &y[range], unsafe { target.slice(i * n, n) });
    };
    if worthwhile(x.len()) {
        each(count, CHUNK.div_ceil(n), &task);
    } else {
        (0..count).for_each(task);
    }
}

/// dx\[i\] ← dy·Π x\[j ≠ i\] for rows of `n` elements, one dy to a row: products from both ends, so that zeros
/// need no division.
pub(crate) fn prod_backward<T: Float>(x: &[T], dy: &[T], n: usize, dx: &mut [T]) {
    assert_eq!(dy.len() * n, x.len(), "prod: wrong lengths");
    let target = Shared::new(dx);
    let task = |i: usize| {
        let x = &x[i * n..(i + 1) * n];
        // SAFETY: rows do not overlap.
        let dx = unsafe { target.slice(i * n, n) };
        let mut before = 1.0;
        for (dx, &x) in dx.iter_mut().zip(x) {
            *dx = T::from_f64(before);
            before *= x.to_f64();
        }
        let mut after = dy[i].to_f64();
        for (dx, &x) in dx.iter_mut().zip(x).rev() {
            *dx = T::from_f64(dx.to_f64() * after);
            after *= x.to_f64();
        }
    };
    if worthwhile(x.len()) {
        each(dy.len(), CHUNK.div_ceil(n), &task);
    } else {
        (0..dy.len()).for_each(task);
    }
}

/// The adjoint of running products along rows of `n` elements: dx\[i\] ← Π x\[< i\]·s\[i\] with
/// s\[i\] = dy\[i\] + x\[i + 1\]·s\[i + 1\]. Zeros need no division.
pub(crate) fn cumprod_backward<T: Float>(x: &[T], dy: &[T], n: usize, dx: &mut [T]) {
    each_row(x, dy, n, dx, |x, dy, dx| {
        let mut before = 1.0;
        for (dx, &x) in dx.iter_mut().zip(x) {
            *dx = T::from_f64(before);
            before *= x.to_f64();
        }
        let mut after = 0.0;
        for ((dx, &dy), &x) in dx.iter_mut().zip(dy).zip(x).rev() {
            let s = dy.to_f64() + after;
            *dx = T::from_f64(dx.to_f64() * s);
            after = x.to_f64() * s;
        }
    });
}

/// The adjoint of running sums of exponentials y along rows of `n` elements: dx\[i\] ← e^(x\[i\] − y\[i\])·r\[i\]
/// with r\[i\] = dy\[i\] + e^(y\[i\] − y\[i + 1\])·r\[i + 1\]. No exponent is above 0.
///
/// y is computed again, in `f64`: the exponentials would show how it was rounded.
pub(crate) fn logcumsumexp_backward<T: Float>(x: &[T], dy: &[T], n: usize, dx: &mut [T]) {
    // e^(a − b) with e^(−∞) = 0 whatever b is.
    let weight = |a: f64, b: f64| if a == f64::NEG_INFINITY { 0.0 } else { (a - b).exp() };
    each_row(x, dy, n, dx, |x, dy, dx| {
        let mut total = LogSums::NOTHING;
        let step = |&x: &T| {
            total = LogSums::join(total, x.to_f64());
            total
        };
        let y: Vec<f64> = x.iter().map(step).collect();
        let (mut r, mut next) = (0.0, f64::INFINITY);
        for (((dx, &dy), &x), &y) in dx.iter_mut().zip(dy).zip(x).zip(&y).rev() {
            r = dy.to_f64() + if r == 0.0 { 0.0 } else { weight(y, next) * r };
            next = y;
            *dx = T::from_f64(weight(x.to_f64(), y) * r);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;

    fn waves(n: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + 13) % 1009) as f32 / 970.0 - 0.5).collect()
    }

    #[test]
    fn running_sums_of_any_shape() {
        for (outer, n, inner) in
            [(1, 100_003, 1), (3, 40_000, 1), (3000, 17, 1), (5, 300, 70), (2, 9, 400), (1, 1, 1), (2, 0, 3)]
        {
            let along = Along { outer, n, inner };
            let x = waves(along.len());
            for reverse in [false, true] {
                let y = same_at_any_thread_count(|| {
                    let mut y = vec![0.0; x.len()];
                    scan(Sums, &x, along, reverse, &mut y);
                    y
                });
                for line in 0..along.rows() {
                    let at = |r: usize| (line / inner * n + r) * inner + line % inner;
                    let mut sum = 0.0;
                    for r in 0..n {
                        let r = if reverse { n - 1 - r } else { r };
                        sum += f64::from(x[at(r)]);
                        assert!((f64::from(y[at(r)]) - sum).abs() <= 1e-7 * (1.0 + sum.abs()), "{along:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn running_maxima_take_the_last_of_equals() {
        let nan = f64::NAN;
        let along = Along { outer: 1, n: 6, inner: 1 };
        let mut ids = [0; 6];
        extremum(&[1.0, 3.0, 3.0, 2.0, nan, 5.0], along, true, &mut ids);
        assert_eq!(ids, [0, 1, 2, 2, 4, 4]);
        extremum(&[3.0, 1.0, 2.0, 1.0, nan, nan], along, false, &mut ids);
        assert_eq!(ids, [0, 1, 1, 3, 4, 5]);
    }

    #[test]
    fn sums_of_exponentials_of_infinities() {
        let along = Along { outer: 1, n: 4, inner: 1 };
        let mut y = [0.0; 4];
        scan(LogSums, &[f64::NEG_INFINITY, 0.0, f64::INFINITY, f64::NAN], along, false, &mut y);
        assert_eq!(y[..3], [f64::NEG_INFINITY, 0.0, f64::INFINITY]);
        assert!(y[3].is_nan());
    }
}
