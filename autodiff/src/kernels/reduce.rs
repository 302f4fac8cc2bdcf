//! Reductions over any set of axes.
//!
//! A view is read in row-major order (copied first if it lies otherwise), its axes joined into alternating
//! groups of kept and reduced ones, and each reduced group folded in turn, the innermost first: over rows if
//! nothing kept follows it, over columns if something does.

use std::borrow::Cow;

use ndarray::{ArrayViewD, IxDyn};
use rayon::prelude::*;
use smallvec::SmallVec;

use super::copy::copy_strided;
use super::fold::{Fold, Max, Min, Product, Sum, columns, rows};
use super::parallel::{CHUNK, Shared, each, worthwhile};
use super::simd::vectorized;
use super::vector::{map, map_in_place};
use crate::Float;

/// Elements in row-major order: borrowed if they lie so, else copied.
pub(crate) fn row_major<'a, T: Float>(view: &ArrayViewD<'a, T>) -> Cow<'a, [T]> {
    match view.to_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => {
            let mut copy = vec![T::zero(); view.len()];
            copy_strided(view.view(), &mut copy);
            Cow::Owned(copy)
        }
    }
}

/// A group of neighbouring axes that are all kept or all reduced.
#[derive(Clone, Copy)]
struct Group {
    len: usize,
    reduced: bool,
}

fn groups(shape: &[usize], axes: &[usize]) -> SmallVec<[Group; 6]> {
    let mut groups: SmallVec<[Group; 6]> = SmallVec::new();
    for (axis, &len) in shape.iter().enumerate().filter(|a| *a.1 != 1) {
        let reduced = axes.contains(&axis);
        match groups.last_mut() {
            Some(group) if group.reduced == reduced => group.len *= len,
            _ => groups.push(Group { len, reduced }),
        }
    }
    groups
}

fn product(groups: &[Group]) -> usize {
    groups.iter().map(|g| g.len).product()
}

fn fold_axes<T: Float>(view: &ArrayViewD<T>, axes: &[usize], out: &mut [T], fold: impl Fold<T>) {
    let kept: usize =
        view.shape().iter().enumerate().filter(|(axis, _)| !axes.contains(axis)).map(|(_, &n)| n).product();
    assert_eq!(kept, out.len(), "reduce: the output has another length");
    if view.is_empty() {
        out.fill(fold.identity());
        return;
    }
    let mut groups = groups(view.shape(), axes);
    let mut x = row_major(view);
    while let Some(last) = groups.iter().rposition(|g| g.reduced) {
        let n = groups[last].len;
        let (outer, inner) = (product(&groups[..last]), product(&groups[last + 1..]));
        let mut partial = Vec::new();
        let done = !groups[..last].iter().any(|g| g.reduced);
        let target = if done {
            &mut *out
        } else {
            partial = vec![T::zero(); outer * inner];
            &mut partial[..]
        };
        if inner == 1 {
            rows(&x, n, target, fold, |_| |x| x);
        } else {
            columns(&x, n, inner, target, fold, |_, x| x);
        }
        if done {
            return;
        }
        x = Cow::Owned(partial);
        groups.remove(last);
    }
    out.copy_from_slice(&x);
}

/// Folds f(x) over `axes`.
fn fold_axes_of<T: Float>(
    view: &ArrayViewD<T>,
    axes: &[usize],
    out: &mut [T],
    fold: impl Fold<T>,
    f: impl Fn(T) -> T + Copy + Send + Sync,
) {
    let mut groups = groups(view.shape(), axes);
    let Some(last) = groups.iter().rposition(|g| g.reduced).filter(|_| !view.is_empty()) else {
        match view.is_empty() {
            true => fold_axes(view, axes, out, fold),
            false => map(&row_major(view), out, f),
        }
        return;
    };
    let x = row_major(view);
    let n = groups[last].len;
    let (outer, inner) = (product(&groups[..last]), product(&groups[last + 1..]));
    let once = |target: &mut [T]| match inner {
        1 => rows(&x, n, target, fold, |_| f),
        _ => columns(
            &x,
            n,
            inner,
            target,
            fold,
            #[inline(always)]
            move |_, x| f(x),
        ),
    };
    groups.remove(last);
    if !groups.iter().any(|g| g.reduced) {
        return once(out);
    }
    let mut partial = vec![T::zero(); outer * inner];
    once(&mut partial);
    let shape: SmallVec<[usize; 6]> = groups.iter().map(|g| g.len).collect();
    let rest: SmallVec<[usize; 6]> = (0..groups.len()).filter(|&i| groups[i].reduced).collect();
    let partial = ArrayViewD::from_shape(&shape[..], &partial).expect("as many elements");
    fold_axes(&partial, &rest, out, fold);
}

/// out ← the sum over `axes`, the kept axes in row-major order. An empty sum is 0.
pub(crate) fn sum<T: Float>(view: ArrayViewD<T>, axes: &[usize], out: &mut [T]) {
    fold_axes(&view, axes, out, Sum);
}

/// out ← the product over `axes`, the kept axes in row-major order. An empty product is 1.
pub(crate) fn product_over<T: Float>(view: ArrayViewD<T>, axes: &[usize], out: &mut [T]) {
    fold_axes(&view, axes, out, Product);
}

/// out ← Σ|x|ᵖ over `axes`.
pub(crate) fn power_sum<T: Float>(view: ArrayViewD<T>, axes: &[usize], p: f64, out: &mut [T]) {
    if p == 2.0 {
        fold_axes_of(
            &view,
            axes,
            out,
            Sum,
            #[inline(always)]
            |x| x * x,
        );
    } else {
        let p = T::from_f64(p);
        fold_axes_of(&view, axes, out, Sum, move |x: T| x.abs().powf(p));
    }
}

/// out ← the largest |x| over `axes`: NaN if any element is, −∞ of no elements.
pub(crate) fn max_abs<T: Float>(view: ArrayViewD<T>, axes: &[usize], out: &mut [T]) {
    fold_axes_of(
        &view,
        axes,
        out,
        Max,
        #[inline(always)]
        |x: T| x.abs(),
    );
}

/// out ← the maximum over `axes`: NaN if any element is, −∞ of no elements.
pub(crate) fn max<T: Float>(view: ArrayViewD<T>, axes: &[usize], out: &mut [T]) {
    fold_axes(&view, axes, out, Max);
}

/// out ← the minimum over `axes`: NaN if any element is, ∞ of no elements.
pub(crate) fn min<T: Float>(view: ArrayViewD<T>, axes: &[usize], out: &mut [T]) {
    fold_axes(&view, axes, out, Min);
}

/// out ← `view` summed over the axes along which an array of `shape` was broadcast to it.
///
/// `shape` must broadcast to the shape of `view`.
pub(crate) fn sum_to<T: Float>(view: ArrayViewD<T>, shape: &[usize], out: &mut [T]) {
    let new = view.ndim() - shape.len();
    let axes: SmallVec<[usize; 6]> =
        (0..view.ndim()).filter(|&i| i < new || (shape[i - new] == 1 && view.shape()[i] != 1)).collect();
    sum(view, &axes, out);
}

/// The means over `axes`, and the sums of squared differences from them (M₂), by two passes.
///
/// Both outputs hold the kept axes in row-major order. The variance is M₂/(n − correction). The mean of no
/// elements is NaN.
pub(crate) fn mean_and_m2<T: Float>(view: ArrayViewD<T>, axes: &[usize], mean: &mut [T], m2: &mut [T]) {
    assert_eq!(mean.len(), m2.len(), "mean_and_m2: the outputs differ in length");
    let n: usize = axes.iter().map(|&axis| view.shape()[axis]).product();
    if view.is_empty() {
        mean.fill(T::nan());
        m2.fill(T::zero());
        return;
    }
    let mut list = groups(view.shape(), axes);
    // Two kept groups, or three reduced ones: bring the reduced axes to the end.
    let x = if list.iter().filter(|g| !g.reduced).count() > 1 {
        let mut order: Vec<usize> = (0..view.ndim()).filter(|axis| !axes.contains(axis)).collect();
        order.extend((0..view.ndim()).filter(|axis| axes.contains(axis)));
        list = SmallVec::from_slice(&[
            Group { len: mean.len(), reduced: false },
            Group { len: n, reduced: true },
        ]);
        Cow::Owned(row_major(&view.view().permuted_axes(IxDyn(&order))).into_owned())
    } else {
        row_major(&view)
    };
    let kept = mean.len();
    let leading = if list.first().is_some_and(|g| g.reduced) && kept > 1 { list[0].len } else { 1 };
    let trailing = n / leading;
    let count = T::from_f64(n as f64);

    let mut partial = vec![T::zero(); if leading > 1 && trailing > 1 { leading * kept } else { 0 }];
    let mut pass = |out: &mut [T], centers: Option<&[T]>| match centers {
        None if trailing == 1 => columns(&x, leading, kept, out, Sum, |_, x| x),
        None if leading == 1 => rows(&x, trailing, out, Sum, |_| |x| x),
        None => {
            rows(&x, trailing, &mut partial, Sum, |_| |x| x);
            columns(&partial, leading, kept, out, Sum, |_, x| x);
        }
        Some(centers) if trailing == 1 => {
            columns(
                &x,
                leading,
                kept,
                out,
                Sum,
                #[inline(always)]
                move |c, x| {
                    // SAFETY: there is a center for each of the `kept` columns.
                    let d = x - unsafe { *centers.get_unchecked(c) };
                    d * d
                },
            );
        }
        Some(centers) => {
            let squares = |row: usize| {
                let center = centers[row % kept];
                move |x: T| (x - center) * (x - center)
            };
            if leading == 1 {
                rows(&x, trailing, out, Sum, squares);
            } else {
                rows(&x, trailing, &mut partial, Sum, squares);
                columns(&partial, leading, kept, out, Sum, |_, x| x);
            }
        }
    };
    pass(mean, None);
    map_in_place(mean, |sum| sum / count);
    pass(m2, Some(mean));
}

/// out ← the index of the first maximum along `axis`; a NaN counts as the largest.
///
/// The axis must not be empty unless the output is.
pub(crate) fn argmax<T: Float>(view: ArrayViewD<T>, axis: usize, out: &mut [i64]) {
    arg_along(view, axis, out, Max, |x, best| x > best);
}

/// out ← the index of the first minimum along `axis`; a NaN counts as the smallest.
///
/// The axis must not be empty unless the output is.
pub(crate) fn argmin<T: Float>(view: ArrayViewD<T>, axis: usize, out: &mut [i64]) {
    arg_along(view, axis, out, Min, |x, best| x < best);
}

#[allow(clippy::eq_op)]
fn arg_along<T: Float>(
    view: ArrayViewD<T>,
    axis: usize,
    out: &mut [i64],
    fold: impl Fold<T>,
    better: impl Fn(T, T) -> bool + Copy + Send + Sync,
) {
    if out.is_empty() {
        return;
    }
    let n = view.shape()[axis];
    assert!(n > 0, "argmax or argmin of no elements");
    let inner: usize = view.shape()[axis + 1..].iter().product();
    assert_eq!(view.len(), out.len() * n, "argmax or argmin: the output has another length");
    let x = row_major(&view);
    if inner == 1 {
        let find = |(out, x): (&mut i64, &[T])| {
            let best = super::fold::row(x, fold, |x| x);
            let found = x.iter().position(|&x| x == best || (x != x && best != best));
            *out = found.unwrap_or(0) as i64;
        };
        if worthwhile(x.len()) {
            let grain = CHUNK.div_ceil(n);
            out.par_iter_mut().zip(x.par_chunks_exact(n)).with_min_len(grain).for_each(find);
        } else {
            out.iter_mut().zip(x.chunks_exact(n)).for_each(find);
        }
        return;
    }
    const TILE: usize = 256;
    let tiles = inner.div_ceil(TILE);
    let outer = out.len() / inner;
    let target = Shared::new(out);
    let tile = |item: usize| {
        let (o, left) = (item / tiles, item % tiles * TILE);
        let width = TILE.min(inner - left);
        let x = &x[o * n * inner..][..n * inner];
        // SAFETY: tiles of the output do not overlap.
        let out = unsafe { target.slice(o * inner + left, width) };
        vectorized(
            #[inline(always)]
            || {
                let mut best = [T::zero(); TILE];
                let best = &mut best[..width];
                best.copy_from_slice(&x[left..left + width]);
                out.fill(0);
                for (r, x) in x.chunks_exact(inner).enumerate().skip(1) {
                    let x = &x[left..left + width];
                    for ((out, best), &x) in out.iter_mut().zip(&mut *best).zip(x) {
                        let take = better(x, *best) | ((x != x) & (*best == *best));
                        *best = if take { x } else { *best };
                        *out = if take { r as i64 } else { *out };
                    }
                }
            },
        );
    };
    if worthwhile(x.len()) {
        let grain = (CHUNK / (n * inner.min(TILE))).max(1);
        each(outer * tiles, grain, &tile);
    } else {
        (0..outer * tiles).for_each(tile);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;
    use ndarray::{Array, ArrayD, Axis};
    use proptest::prelude::*;

    fn waves(shape: &[usize]) -> ArrayD<f64> {
        let n: usize = shape.iter().product();
        let values = (0..n).map(|i| ((i * 7919 + 13) % 1009) as f64 / 97.0 - 5.0);
        Array::from_iter(values).into_shape_with_order(IxDyn(shape)).expect("sizes agree")
    }

    /// Folds with ndarray, one axis at a time.
    fn plain(x: &ArrayViewD<f64>, axes: &[usize], start: f64, f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let mut x = x.to_owned();
        let mut axes = axes.to_vec();
        axes.sort_unstable();
        for &axis in axes.iter().rev() {
            x = x.fold_axis(Axis(axis), start, |&a, &b| f(a, b));
        }
        x.iter().copied().collect()
    }

    fn check(x: &ArrayViewD<f64>, axes: &[usize]) {
        let expected = plain(x, axes, 0.0, |a, b| a + b);
        let len = expected.len();
        let (total, largest, smallest, mean, m2) = same_at_any_thread_count(|| {
            let mut results = [(); 5].map(|()| vec![0.0; len]);
            sum(x.view(), axes, &mut results[0]);
            max(x.view(), axes, &mut results[1]);
            min(x.view(), axes, &mut results[2]);
            let [a, b, c, d, e] = &mut results;
            mean_and_m2(x.view(), axes, d, e);
            let take = std::mem::take::<Vec<f64>>;
            (take(a), take(b), take(c), d.iter().map(|m| m.to_bits()).collect::<Vec<_>>(), take(e))
        });
        let close =
            |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + b.abs()));
        assert!(
            close(&total, &expected),
            "sum of {:?} over {axes:?}: {total:?}, not {expected:?}",
            x.shape()
        );
        assert_eq!(largest, plain(x, axes, f64::NEG_INFINITY, f64::max));
        assert_eq!(smallest, plain(x, axes, f64::INFINITY, f64::min));
        let n: usize = axes.iter().map(|&a| x.shape()[a]).product();
        if n > 0 {
            let mean: Vec<f64> = mean.into_iter().map(f64::from_bits).collect();
            let means: Vec<f64> = expected.iter().map(|s| s / n as f64).collect();
            assert!(close(&mean, &means));
            let squares = plain(&x.mapv(|v| v * v).view(), axes, 0.0, |a, b| a + b);
            let expected: Vec<f64> = squares.iter().zip(&means).map(|(s, m)| s - n as f64 * m * m).collect();
            assert!(close(&m2, &expected), "M2 of {:?} over {axes:?}: {m2:?}, not {expected:?}", x.shape());
        }
    }

    #[test]
    fn the_usual_reductions() {
        for (shape, axes) in [
            (&[100_000][..], &[0][..]),
            (&[8, 6, 28, 28], &[0, 2, 3]),
            (&[300, 700], &[0]),
            (&[300, 700], &[1]),
            (&[40_000, 3], &[0]),
            (&[40_000, 3], &[1]),
            (&[4, 50, 600], &[1]),
            (&[4, 5, 6, 7], &[0, 2]),
            (&[4, 5, 6, 7], &[]),
            (&[4, 5, 6, 7], &[0, 1, 2, 3]),
            (&[], &[]),
            (&[1, 1], &[0]),
            (&[0, 3], &[0]),
            (&[3, 0], &[0]),
            (&[2000, 1], &[0]),
        ] {
            check(&waves(shape).view(), axes);
        }
        check(&waves(&[300, 200]).view().reversed_axes(), &[0]);
        check(&waves(&[200]).broadcast(IxDyn(&[30, 200])).expect("broadcasts"), &[0]);
    }

    #[test]
    fn long_f32_sums_stay_exact_to_the_last_places() {
        let x = ArrayD::from_elem(IxDyn(&[10_000_000]), 0.1f32);
        let exact = f64::from(0.1f32) * 1e7;
        for axes_shape in [&[10_000_000usize][..], &[2_500_000, 4]] {
            let view = x.view().into_shape_with_order(IxDyn(axes_shape)).expect("sizes agree");
            let mut out = vec![0.0f32; axes_shape.get(1).copied().unwrap_or(1)];
            sum(view, &[0], &mut out);
            let exact = exact / out.len() as f64;
            assert!((f64::from(out[0]) / exact - 1.0).abs() < 1e-6, "{} for {exact}", out[0]);
        }
    }

    #[test]
    fn nan_and_ties() {
        let nan = f32::NAN;
        let rows = Array::from_shape_vec(
            IxDyn(&[4, 3]),
            vec![1.0, 3.0, 3.0, 2.0, nan, 5.0, -1.0, -1.0, -2.0, f32::NEG_INFINITY, f32::NEG_INFINITY, nan],
        )
        .expect("sizes agree");
        let mut top = vec![0.0; 4];
        max(rows.view(), &[1], &mut top);
        assert!(top[0] == 3.0 && top[1].is_nan() && top[2] == -1.0 && top[3].is_nan());
        min(rows.view(), &[1], &mut top);
        assert!(top[0] == 1.0 && top[1].is_nan() && top[2] == -2.0 && top[3].is_nan());
        let mut at = vec![0; 4];
        argmax(rows.view(), 1, &mut at);
        assert_eq!(at, [1, 1, 0, 2]);
        argmin(rows.view(), 1, &mut at);
        assert_eq!(at, [0, 1, 2, 2]);
        // The same along the first axis.
        argmax(rows.t(), 0, &mut at);
        assert_eq!(at, [1, 1, 0, 2]);
        let columns = rows.t().as_standard_layout().into_owned();
        argmax(columns.view(), 0, &mut at);
        assert_eq!(at, [1, 1, 0, 2]);
        argmin(columns.view(), 0, &mut at);
        assert_eq!(at, [0, 1, 2, 2]);
    }

    #[test]
    fn argmax_of_large_arrays() {
        let x = waves(&[37, 41, 43]);
        for axis in 0..3 {
            let lanes: Vec<i64> = x
                .map_axis(Axis(axis), |lane| {
                    (0..lane.len()).rev().max_by(|&i, &j| lane[i].total_cmp(&lane[j])).expect("lane") as i64
                })
                .into_iter()
                .collect();
            let found = same_at_any_thread_count(|| {
                let mut out = vec![0; lanes.len()];
                argmax(x.view(), axis, &mut out);
                out
            });
            assert_eq!(found, lanes);
        }
    }

    proptest! {
        #[test]
        fn sum_to_undoes_broadcasting(axes in prop::collection::vec((1usize..6, any::<bool>()), 0..5), cut in 0usize..3) {
            let full: Vec<usize> = axes.iter().map(|a| a.0).collect();
            let part: Vec<usize> = axes.iter().map(|a| if a.1 { 1 } else { a.0 }).collect();
            let cut = cut.min(part.len());
            let x = waves(&full);
            let mut expected = ArrayD::<f64>::zeros(IxDyn(&part[cut..]));
            for (index, &v) in x.indexed_iter() {
                let at: Vec<usize> = (cut..full.len()).map(|i| if axes[i].1 { 0 } else { index[i] }).collect();
                expected[IxDyn(&at)] += v;
            }
            let mut out = vec![0.0; expected.len()];
            sum_to(x.view(), &part[cut..], &mut out);
            for (a, b) in out.iter().zip(&expected) {
                prop_assert!((a - b).abs() < 1e-9);
            }
        }

        #[test]
        fn any_axes(shape in prop::collection::vec(1usize..7, 0..5), chosen in prop::collection::vec(any::<bool>(), 5)) {
            let axes: Vec<usize> = (0..shape.len()).filter(|&i| chosen[i]).collect();
            let x = waves(&shape);
            check(&x.view(), &axes);
            let reversed: Vec<usize> = axes.iter().map(|a| shape.len() - 1 - a).collect();
            check(&x.view().reversed_axes(), &reversed);
        }
    }
}
