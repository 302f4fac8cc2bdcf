//! Softmax and its relatives along the middle axis of [outer, n, inner].
//!
//! Each row is shifted by its maximum before the exponential, so that no finite input overflows. A row that
//! holds +∞, or −∞ only, has no softmax: it gives NaN, while its logsumexp is +∞ or −∞.

use rayon::prelude::*;

use super::fold::{Max, Sum, columns, row};
use super::layout::Along;
use super::parallel::{CHUNK, worthwhile};
use super::simd::vectorized;
use crate::Float;

/// The shift of a row with this maximum in a logarithm of a sum: the maximum, but 0 where it is infinite.
#[inline(always)]
fn finite_or_zero<T: Float>(x: T) -> T {
    if x.abs() == T::infinity() { T::zero() } else { x }
}

/// out\[i\] ← f(x\[i\]).
#[inline(always)]
fn each<T: Float>(x: &[T], out: &mut [T], f: impl Fn(T) -> T) {
    vectorized(
        #[inline(always)]
        move || {
            for (out, &x) in out.iter_mut().zip(x) {
                *out = f(x);
            }
        },
    );
}

/// out\[r, c\] ← f(x\[r, c\], p\[c\]) for rows of `p.len()` elements.
#[inline(always)]
fn each_row<T: Float>(x: &[T], p: &[T], out: &mut [T], f: impl Fn(T, T) -> T) {
    vectorized(
        #[inline(always)]
        move || {
            for (out, x) in out.chunks_exact_mut(p.len()).zip(x.chunks_exact(p.len())) {
                for ((out, &x), &p) in out.iter_mut().zip(x).zip(p) {
                    *out = f(x, p);
                }
            }
        },
    );
}

/// x\[r, c\] ← f(x\[r, c\], p\[c\]).
#[inline(always)]
fn update_rows<T: Float>(x: &mut [T], p: &[T], f: impl Fn(T, T) -> T) {
    vectorized(
        #[inline(always)]
        move || {
            for x in x.chunks_exact_mut(p.len()) {
                for (x, &p) in x.iter_mut().zip(p) {
                    *x = f(*x, p);
                }
            }
        },
    );
}

/// Calls `f(slab index, slab of out)` for each index of the outer axes, in parallel if there is much to do.
fn for_each_slab<T: Send>(
    out: &mut [T],
    slab: usize,
    work: usize,
    f: impl Fn(usize, &mut [T]) + Sync + Send,
) {
    if slab == 0 {
        return;
    }
    if worthwhile(out.len() * work) {
        let grain = (CHUNK / (slab * work)).max(1);
        out.par_chunks_exact_mut(slab).with_min_len(grain).enumerate().for_each(|(i, out)| f(i, out));
    } else {
        out.chunks_exact_mut(slab).enumerate().for_each(|(i, out)| f(i, out));
    }
}

/// y ← eˣ / Σ eˣ along the axis.
pub(crate) fn softmax<T: Float>(x: &[T], along: Along, y: &mut [T]) {
    check(along, &[x.len(), y.len()], &[]);
    let slab = along.slab();
    for_each_slab(y, slab, 1, |o, y| {
        let x = &x[o * slab..][..slab];
        if along.inner == 1 {
            let max = row(x, Max, |x| x);
            each(
                x,
                y,
                #[inline(always)]
                move |x| (x - max).vexp(),
            );
            let sum = row(y, Sum, |y| y);
            let scale = T::one() / sum;
            vectorized(
                #[inline(always)]
                move || {
                    for y in &mut *y {
                        *y *= scale;
                    }
                },
            );
        } else {
            let mut column = vec![T::zero(); along.inner];
            columns(x, along.n, along.inner, &mut column, Max, |_, x| x);
            each_row(
                x,
                &column,
                y,
                #[inline(always)]
                |x, max| (x - max).vexp(),
            );
            columns(y, along.n, along.inner, &mut column, Sum, |_, y| y);
            update_rows(y, &column, |y, sum| y / sum);
        }
    });
}

/// y ← x − ln Σ eˣ along the axis.
pub(crate) fn log_softmax<T: Float>(x: &[T], along: Along, y: &mut [T]) {
    check(along, &[x.len(), y.len()], &[]);
    let slab = along.slab();
    for_each_slab(y, slab, 1, |o, y| {
        let x = &x[o * slab..][..slab];
        if along.inner == 1 {
            let max = row(x, Max, |x| x);
            let sum = sum_exp(x, max);
            let ln = sum.vln();
            each(x, y, move |x| (x - max) - ln);
        } else {
            let mut max = vec![T::zero(); along.inner];
            let mut sum = max.clone();
            columns(x, along.n, along.inner, &mut max, Max, |_, x| x);
            sum_exp_columns(x, along.n, &max, &mut sum);
            for sum in &mut sum {
                *sum = sum.vln();
            }
            each_row(x, &max, y, |x, max| x - max);
            update_rows(y, &sum, |y, ln| y - ln);
        }
    });
}

/// Σ e^(x − shift) of a row.
#[inline(always)]
fn sum_exp<T: Float>(x: &[T], shift: T) -> T {
    row(
        x,
        Sum,
        #[inline(always)]
        move |x| (x - shift).vexp(),
    )
}

/// sum\[c\] ← Σᵣ e^(x\[r, c\] − shift\[c\]).
fn sum_exp_columns<T: Float>(x: &[T], n: usize, shift: &[T], sum: &mut [T]) {
    let inner = shift.len();
    assert_eq!(sum.len(), inner);
    columns(
        x,
        n,
        inner,
        sum,
        Sum,
        #[inline(always)]
        move |c, x| {
            // SAFETY: `columns` counts c below `inner`, the length of `shift`.
            (x - unsafe { *shift.get_unchecked(c) }).vexp()
        },
    );
}

/// out ← ln Σ eˣ along the axis; −∞ for an empty one.
pub(crate) fn logsumexp<T: Float>(x: &[T], along: Along, out: &mut [T]) {
    check(along, &[x.len()], &[out.len()]);
    let slab = along.slab();
    for_each_slab(out, along.inner, along.n.max(1), |o, out| {
        let x = &x[o * slab..][..slab];
        if along.inner == 1 {
            let max = finite_or_zero(row(x, Max, |x| x));
            out[0] = max + sum_exp(x, max).vln();
        } else {
            let mut max = vec![T::zero(); along.inner];
            columns(x, along.n, along.inner, &mut max, Max, |_, x| x);
            for max in &mut max {
                *max = finite_or_zero(*max);
            }
            sum_exp_columns(x, along.n, &max, out);
            for (out, max) in out.iter_mut().zip(max) {
                *out = max + out.vln();
            }
        }
    });
}

/// dx ← y ⊙ (dy − Σ y ⊙ dy): the gradient of [`softmax`] at its output y.
pub(crate) fn softmax_backward<T: Float>(y: &[T], dy: &[T], along: Along, dx: &mut [T]) {
    check(along, &[y.len(), dy.len(), dx.len()], &[]);
    let slab = along.slab();
    for_each_slab(dx, slab, 1, |o, dx| {
        let (y, dy) = (&y[o * slab..][..slab], &dy[o * slab..][..slab]);
        vectorized(
            #[inline(always)]
            || {
                for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                    *dx = y * dy;
                }
            },
        );
        if along.inner == 1 {
            let dot = term!("softmax/dot", row(dx, Sum, |v| v));
            vectorized(
                #[inline(always)]
                move || {
                    for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                        *dx = y * (dy - dot);
                    }
                },
            );
        } else {
            let mut dot = vec![T::zero(); along.inner];
            columns(dx, along.n, along.inner, &mut dot, Sum, |_, v| v);
            each_row(dy, &dot, dx, |dy, dot| dy - dot);
            vectorized(
                #[inline(always)]
                move || {
                    for (dx, &y) in dx.iter_mut().zip(y) {
                        *dx *= y;
                    }
                },
            );
        }
    });
}

/// dx ← dy − e^y Σ dy: the gradient of [`log_softmax`] at its output y.
pub(crate) fn log_softmax_backward<T: Float>(y: &[T], dy: &[T], along: Along, dx: &mut [T]) {
    check(along, &[y.len(), dy.len(), dx.len()], &[]);
    let slab = along.slab();
    for_each_slab(dx, slab, 1, |o, dx| {
        let (y, dy) = (&y[o * slab..][..slab], &dy[o * slab..][..slab]);
        if along.inner == 1 {
            let sum = term!("log_softmax/sum", row(dy, Sum, |v| v));
            vectorized(
                #[inline(always)]
                move || {
                    for ((dx, &y), &dy) in dx.iter_mut().zip(y).zip(dy) {
                        *dx = dy - y.vexp() * sum;
                    }
                },
            );
        } else {
            let mut sum = vec![T::zero(); along.inner];
            columns(dy, along.n, along.inner, &mut sum, Sum, |_, v| v);
            each_row(
                y,
                &sum,
                dx,
                #[inline(always)]
                |y, sum| y.vexp() * sum,
            );
            vectorized(
                #[inline(always)]
                move || {
                    for (dx, &dy) in dx.iter_mut().zip(dy) {
                        *dx = dy - *dx;
                    }
                },
            );
        }
    });
}

/// loss ← logsumexp(x) − x\[target\] along the axis, and the logsumexp itself for the gradient.
///
/// `targets`, `loss` and `normalizer` have one element for each row, in the order [outer, inner]. Each target
/// must be an index of the axis.
pub(crate) fn cross_entropy<T: Float>(
    x: &[T],
    targets: &[i64],
    along: Along,
    loss: &mut [T],
    normalizer: &mut [T],
) {
    check(along, &[], &[targets.len(), loss.len()]);
    logsumexp(x, along, normalizer);
    for (i, ((loss, &target), &normalizer)) in loss.iter_mut().zip(targets).zip(&*normalizer).enumerate() {
        let (o, c) = (i / along.inner, i % along.inner);
        *loss = normalizer - x[o * along.slab() + target as usize * along.inner + c];
    }
}

/// loss += Σ_c smoothing\[c\]·(normalizer − x\[c\]) along the axis, for the rows of which `kept` is not 0 (all
/// without it), given the normalizer that [`cross_entropy`] wrote.
pub(crate) fn cross_entropy_smoothing<T: Float>(
    x: &[T],
    normalizer: &[T],
    smoothing: &[T],
    kept: Option<&[T]>,
    along: Along,
    loss: &mut [T],
) {
    check(along, &[x.len()], &[normalizer.len(), loss.len(), kept.map_or(along.rows(), <[T]>::len)]);
    assert_eq!(smoothing.len(), along.n);
    /// Partial sums side by side.
    const LANES: usize = 16;
    let (slab, inner) = (along.slab(), along.inner);
    for_each_slab(loss, inner, along.n.max(1), |o, loss| {
        let (x, of_rows) = (&x[o * slab..][..slab], o * inner..(o + 1) * inner);
        let normalizer = &normalizer[of_rows.clone()];
        let mut sums = vec![T::zero(); inner];
        vectorized(
            #[inline(always)]
            || {
                if inner == 1 {
                    let mut lanes = [T::zero(); LANES];
                    for (x, s) in x.chunks(LANES).zip(smoothing.chunks(LANES)) {
                        for ((lane, &x), &s) in lanes.iter_mut().zip(x).zip(s) {
                            *lane += s * (normalizer[0] - x);
                        }
                    }
                    sums[0] = lanes.iter().fold(T::zero(), |sum, &lane| sum + lane);
                } else {
                    for (x, &s) in x.chunks_exact(inner).zip(smoothing) {
                        for ((sum, &x), &normalizer) in sums.iter_mut().zip(x).zip(normalizer) {
                            *sum += s * (normalizer - x);
                        }
                    }
                }
            },
        );
        for (i, (loss, sum)) in loss.iter_mut().zip(sums).enumerate() {
            if kept.is_none_or(|kept| kept[of_rows.start + i] != T::zero()) {
                *loss += sum;
            }
        }
    });
}

/// dx ← softmax(x)·scale − onehot(target)·own, given the normalizer that [`cross_entropy`] wrote.
///
/// `scale` and `own` have one element for each row. A row whose scale is 0 is 0 whatever it holds, but for the
/// element of its target.
pub(crate) fn cross_entropy_backward<T: Float>(
    x: &[T],
    targets: &[i64],
    normalizer: &[T],
    scale: &[T],
    own: &[T],
    along: Along,
    dx: &mut [T],
) {
    check(along, &[x.len(), dx.len()], &[targets.len(), normalizer.len(), scale.len(), own.len()]);
    let (slab, inner) = (along.slab(), along.inner);
    for_each_slab(dx, slab, 1, |o, dx| {
        let x = &x[o * slab..][..slab];
        let of_rows = o * inner..(o + 1) * inner;
        let (normalizer, scale) = (&normalizer[of_rows.clone()], &scale[of_rows.clone()]);
        if inner == 1 {
            let (normalizer, scale) = (normalizer[0], scale[0]);
            if scale == T::zero() {
                dx.fill(T::zero());
            } else {
                each(
                    x,
                    dx,
                    #[inline(always)]
                    move |x| (x - normalizer).vexp() * scale,
                );
            }
        } else {
            each_row(
                x,
                normalizer,
                dx,
                #[inline(always)]
                |x, normalizer| (x - normalizer).vexp(),
            );
            update_rows(dx, scale, |dx, scale| if scale == T::zero() { scale } else { dx * scale });
        }
        for (c, (&target, &own)) in targets[of_rows.clone()].iter().zip(&own[of_rows]).enumerate() {
            dx[target as usize * inner + c] -= own;
        }
    });
}

/// dx −= smoothing\[c\]·scale along the axis, for rows whose scale is not 0.
pub(crate) fn subtract_smoothing<T: Float>(smoothing: &[T], scale: &[T], along: Along, dx: &mut [T]) {
    check(along, &[dx.len()], &[scale.len()]);
    assert_eq!(smoothing.len(), along.n);
    let (slab, inner) = (along.slab(), along.inner);
    for_each_slab(dx, slab, 1, |o, dx| {
        let scale = &scale[o * inner..][..inner];
        if inner == 1 {
            vectorized(
                #[inline(always)]
                || {
                    for (dx, &s) in dx.iter_mut().zip(smoothing) {
                        *dx -= s * scale[0];
                    }
                },
            );
        } else {
            for (dx, &s) in dx.chunks_exact_mut(inner).zip(smoothing) {
                update_rows(dx, scale, |dx, scale| dx - s * scale);
            }
        }
    });
}

/// Checks that the operands have as many elements as the array, or as its rows.
#[track_caller]
fn check(along: Along, full: &[usize], of_rows: &[usize]) {
    assert!(full.iter().all(|&len| len == along.len()), "lengths {full:?} do not fit {along:?}");
    assert!(
        of_rows.iter().all(|&len| len == along.rows()),
        "lengths {of_rows:?} do not fit the rows of {along:?}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;
    use proptest::prelude::*;

    const INF: f64 = f64::INFINITY;

    fn waves(n: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 7919 + 13) % 1009) as f64 / 97.0 - 5.0).collect()
    }

    /// Applies f to each row.
    fn by_row(x: &[f64], along: Along, f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
        let mut out = vec![0.0; x.len()];
        for o in 0..along.outer {
            for c in 0..along.inner {
                let at = |r: usize| o * along.slab() + r * along.inner + c;
                let row: Vec<f64> = (0..along.n).map(|r| x[at(r)]).collect();
                for (r, v) in f(&row).into_iter().enumerate() {
                    out[at(r)] = v;
                }
            }
        }
        out
    }

    fn assert_close(got: &[f64], expected: &[f64]) {
        assert_eq!(got.len(), expected.len());
        for (i, (a, b)) in got.iter().zip(expected).enumerate() {
            assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "at {i}: {a}, not {b}");
        }
    }

    fn total_exp(row: &[f64]) -> f64 {
        row.iter().map(|x| x.exp()).sum()
    }

    fn check_all(along: Along) {
        let x = waves(along.len());
        let dy: Vec<f64> = x.iter().rev().map(|x| x * 0.3).collect();
        let targets: Vec<i64> = (0..along.rows()).map(|i| (i * 5 % along.n) as i64).collect();
        let scale: Vec<f64> = (0..along.rows()).map(|i| (i % 3) as f64 * 0.5).collect();
        let results = same_at_any_thread_count(|| {
            let mut full = [(); 5].map(|()| vec![f64::NAN; along.len()]);
            let mut rows = [(); 3].map(|()| vec![f64::NAN; along.rows()]);
            let [soft, log, d_soft, d_log, d_cross] = &mut full;
            let [lse, loss, normalizer] = &mut rows;
            softmax(&x, along, soft);
            log_softmax(&x, along, log);
            logsumexp(&x, along, lse);
            softmax_backward(soft, &dy, along, d_soft);
            log_softmax_backward(log, &dy, along, d_log);
            cross_entropy(&x, &targets, along, loss, normalizer);
            cross_entropy_backward(&x, &targets, normalizer, &scale, &scale, along, d_cross);
            (full, rows)
        });
        let ([soft, log, d_soft, d_log, d_cross], [lse, loss, normalizer]) = results;
        let soft_plain = by_row(&x, along, |r| {
            let total = total_exp(r);
            r.iter().map(|x| x.exp() / total).collect()
        });
        assert_close(&soft, &soft_plain);
        let log_plain = by_row(&x, along, |r| {
            let ln = total_exp(r).ln();
            r.iter().map(|x| x - ln).collect()
        });
        assert_close(&log, &log_plain);
        for o in 0..along.outer {
            for c in 0..along.inner {
                let (i, at) = (o * along.inner + c, |r: usize| o * along.slab() + r * along.inner + c);
                let row: Vec<f64> = (0..along.n).map(|r| x[at(r)]).collect();
                let plain = total_exp(&row).ln();
                assert_close(&[lse[i], normalizer[i]], &[plain, plain]);
                assert_close(&[loss[i]], &[plain - row[targets[i] as usize]]);
                let dot: f64 = (0..along.n).map(|r| soft_plain[at(r)] * dy[at(r)]).sum();
                let sum: f64 = (0..along.n).map(|r| dy[at(r)]).sum();
                for r in 0..along.n {
                    let s = soft_plain[at(r)];
                    let hot = f64::from(r as i64 == targets[i]);
                    let plain = [s * (dy[at(r)] - dot), dy[at(r)] - s * sum, (s - hot) * scale[i]];
                    assert_close(&[d_soft[at(r)], d_log[at(r)], d_cross[at(r)]], &plain);
                }
            }
        }
    }

    #[test]
    fn large_arrays() {
        for (outer, n, inner) in [(500, 100, 1), (2, 40_000, 1), (3, 21, 900), (40, 1000, 2), (1, 2000, 40)] {
            check_all(Along { outer, n, inner });
        }
    }

    #[test]
    fn infinities_and_huge_inputs() {
        // Columns of one array: as rows, and along the first axis.
        let rows = [[1e300, 1e300], [-INF, 0.0], [-INF, -INF], [INF, 0.0], [-1e300, -1e300], [f64::NAN, 0.0]];
        let flat: Vec<f64> = rows.iter().flatten().copied().collect();
        let turned: Vec<f64> = (0..2).flat_map(|c| rows.iter().map(move |r| r[c])).collect();
        let soft = [[0.5, 0.5], [0.0, 1.0], [f64::NAN; 2], [f64::NAN; 2], [0.5, 0.5], [f64::NAN; 2]];
        let lse = [1e300, 0.0, -INF, INF, -1e300, f64::NAN];
        let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan());
        for (x, along) in
            [(&flat, Along { outer: 6, n: 2, inner: 1 }), (&turned, Along { outer: 1, n: 2, inner: 6 })]
        {
            let (mut y, mut log, mut sums) = ([0.0; 12], [0.0; 12], [0.0; 6]);
            softmax(x, along, &mut y);
            log_softmax(x, along, &mut log);
            logsumexp(x, along, &mut sums);
            for r in 0..6 {
                assert!(same(sums[r], lse[r]), "logsumexp {:?} = {}", rows[r], sums[r]);
                for (c, soft) in soft[r].into_iter().enumerate() {
                    let at = if along.inner == 1 { r * 2 + c } else { c * 6 + r };
                    assert!(same(y[at], soft), "softmax {:?} = {}", rows[r], y[at]);
                    assert!(same(log[at], soft.ln()), "log_softmax {:?} = {}", rows[r], log[at]);
                }
            }
        }
    }

    #[test]
    fn empty_axes() {
        let mut out = [1.0f32; 3];
        logsumexp(&[], Along { outer: 3, n: 0, inner: 1 }, &mut out);
        assert_eq!(out, [f32::NEG_INFINITY; 3]);
        softmax::<f32>(&[], Along { outer: 3, n: 0, inner: 2 }, &mut []);
        softmax::<f32>(&[], Along { outer: 0, n: 4, inner: 2 }, &mut []);
        softmax::<f32>(&[], Along { outer: 2, n: 4, inner: 0 }, &mut []);
        cross_entropy::<f32>(&[], &[], Along { outer: 0, n: 4, inner: 1 }, &mut [], &mut []);
    }

    proptest! {
        #[test]
        fn any_sizes(outer in 1usize..5, n in 1usize..40, inner in 1usize..5) {
            check_all(Along { outer, n, inner });
        }
    }
}
