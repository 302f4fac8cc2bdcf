//! Selecting by integer indices, and the adjoints that add back.
//!
//! All arrays are contiguous and row-major, and all indices are already known to lie within their axis. An
//! adjoint adds in the order of the indices, whatever the number of threads: work is cut only where no two
//! pieces write the same element.

use rayon::prelude::*;

use super::layout::Along;
use super::parallel::{CHUNK, Shared, each, worthwhile};
use super::simd::vectorized;
use crate::Float;

/// Columns that one piece of an adjoint adds to.
const TILE: usize = 128;

/// out\[o, i, c\] ← x\[o, ids\[i\], c\] for x of [outer, n, inner].
pub(crate) fn index_select<T: Copy + Send + Sync>(x: &[T], along: Along, ids: &[i64], out: &mut [T]) {
    let Along { outer, n, inner } = along;
    assert!(x.len() == along.len() && out.len() == outer * ids.len() * inner, "index_select: wrong lengths");
    if out.is_empty() {
        return;
    }
    let copy = |first: usize, out: &mut [T]| {
        // Counted along: a division for each row would cost more than a short row's copy.
        let (mut o, mut next) = (first / ids.len(), first % ids.len());
        for out in out.chunks_exact_mut(inner) {
            let from = (o * n + ids[next] as usize) * inner;
            next += 1;
            if next == ids.len() {
                (o, next) = (o + 1, 0);
            }
            if inner == 1 {
                out[0] = x[from];
            } else {
                out.copy_from_slice(&x[from..from + inner]);
            }
        }
    };
    if worthwhile(out.len()) {
        let rows = CHUNK.div_ceil(inner);
        out.par_chunks_mut(rows * inner).enumerate().for_each(|(i, out)| copy(i * rows, out));
    } else {
        copy(0, out);
    }
}

/// dx\[o, ids\[i\], c\] += dy\[o, i, c\] for dx of [outer, n, inner], in the order of i: the adjoint of
/// [`index_select`]. What `dx` held is kept.
pub(crate) fn index_add<T: Float>(dy: &[T], along: Along, ids: &[i64], dx: &mut [T]) {
    let Along { outer, n, inner } = along;
    assert!(dx.len() == along.len() && dy.len() == outer * ids.len() * inner, "index_add: wrong lengths");
    if dy.is_empty() {
        return;
    }
    let tiles = inner.div_ceil(TILE);
    let target = Shared::new(dx);
    let tile = |item: usize| {
        let (o, left) = (item / tiles, item % tiles * TILE);
        let width = TILE.min(inner - left);
        let dy = &dy[o * ids.len() * inner..][..ids.len() * inner];
        vectorized(
            #[inline(always)]
            || {
                for (&id, dy) in ids.iter().zip(dy.chunks_exact(inner)) {
                    assert!((id as usize) < n, "index_add: index {id} of {n}");
                    // SAFETY: the row lies in dx; a tile is the only one to use these columns of slab o.
                    let dx = unsafe { target.slice((o * n + id as usize) * inner + left, width) };
                    for (dx, &dy) in dx.iter_mut().zip(&dy[left..left + width]) {
                        *dx += dy;
                    }
                }
            },
        );
    };
    if worthwhile(dy.len()) {
        let grain = (CHUNK / (ids.len() * inner.min(TILE))).max(1);
        each(outer * tiles, grain, &tile);
    } else {
        (0..outer * tiles).for_each(tile);
    }
}

/// Calls `f(position, base, stride, len)` for each row of the last axis of the index array: its first
/// position there, the place of its first column in the input at index 0 of the axis, and the input's stride
/// along the axis. `outer` bounds the index along the first axis.
#[inline(always)]
fn for_each_row(
    shape: &[usize],
    ids_shape: &[usize],
    axis: usize,
    outer: std::ops::Range<usize>,
    mut f: impl FnMut(usize, usize, usize, usize),
) {
    let last = ids_shape.len() - 1;
    let len = if last == 0 { outer.len() } else { ids_shape[last] };
    let rows: usize = ids_shape[1..].iter().take(last.saturating_sub(1)).product();
    let per_outer: usize = if last == 0 { 1 } else { rows * len };
    let stride: usize = shape[axis + 1..].iter().product();
    let slab: usize = shape[1..].iter().product();
    if last == 0 {
        f(outer.start, 0, stride, len);
        return;
    }
    let mut index = vec![0usize; last];
    for first in outer {
        let lead = if axis == 0 { 0 } else { first * slab };
        index.fill(0);
        for row in 0..rows {
            let mut base = lead;
            let mut step = slab;
            for i in 1..last {
                step /= shape[i];
                if i != axis {
                    base += index[i] * step;
                }
            }
            f(first * per_outer + row * len, base, stride, len);
            for i in (1..last).rev() {
                index[i] += 1;
                if index[i] < ids_shape[i] {
                    break;
                }
                index[i] = 0;
            }
        }
    }
}

/// out\[i…\] ← x\[i… with the coordinate of `axis` replaced by ids\[i…\]\], as `torch.gather`.
///
/// `out` has the shape of `ids`, which has the rank of x and is no longer than it along the other axes.
pub(crate) fn gather<T: Copy + Send + Sync>(
    x: &[T],
    shape: &[usize],
    axis: usize,
    ids: &[i64],
    ids_shape: &[usize],
    out: &mut [T],
) {
    assert_eq!(ids.len(), out.len(), "gather: the output has another length than the indices");
    if ids.is_empty() {
        return;
    }
    if shape.is_empty() {
        out[0] = x[0];
        return;
    }
    let last = axis + 1 == shape.len();
    let per_outer = out.len() / ids_shape[0];
    let run = |from: usize, out: &mut [T]| {
        let outer = from..from + out.len() / per_outer;
        let start = from * per_outer;
        for_each_row(shape, ids_shape, axis, outer, |position, base, stride, len| {
            let ids = &ids[position..position + len];
            let out = &mut out[position - start..position - start + len];
            if last {
                for (out, &id) in out.iter_mut().zip(ids) {
                    *out = x[base + id as usize];
                }
            } else {
                for (c, (out, &id)) in out.iter_mut().zip(ids).enumerate() {
                    *out = x[base + id as usize * stride + c];
                }
            }
        });
    };
    if worthwhile(out.len()) {
        let many = CHUNK.div_ceil(per_outer);
        out.par_chunks_mut(many * per_outer).enumerate().for_each(|(i, out)| run(i * many, out));
    } else {
        run(0, out);
    }
}

/// dx\[i… with the coordinate of `axis` replaced by ids\[i…\]\] += dy\[i…\], in the row-major order of i: the
/// adjoint of [`gather`]. What `dx` held is kept.
pub(crate) fn scatter_add<T: Float>(
    dy: &[T],
    shape: &[usize],
    axis: usize,
    ids: &[i64],
    ids_shape: &[usize],
    dx: &mut [T],
) {
    assert_eq!(ids.len(), dy.len(), "scatter_add: the values differ in number from the indices");
    if ids.is_empty() {
        return;
    }
    if shape.is_empty() {
        dx[0] += dy[0];
        return;
    }
    let last = axis + 1 == shape.len();
    let slab: usize = shape[1..].iter().product();
    // `dx` begins at index `from` of the first axis.
    let run = |from: usize, to: usize, dx: &mut [T]| {
        let start = if axis == 0 { 0 } else { from * slab };
        for_each_row(shape, ids_shape, axis, from..to, |position, base, stride, len| {
            let row = ids[position..position + len].iter().zip(&dy[position..position + len]);
            if last {
                for (&id, &dy) in row {
                    dx[base - start + id as usize] += dy;
                }
            } else {
                for (c, (&id, &dy)) in row.enumerate() {
                    dx[base - start + id as usize * stride + c] += dy;
                }
            }
        });
    };
    let outer = ids_shape[0];
    if axis > 0 && worthwhile(dy.len()) {
        let many = CHUNK.div_ceil(dy.len() / outer);
        dx[..outer * slab]
            .par_chunks_mut(many * slab)
            .enumerate()
            .for_each(|(i, dx)| run(i * many, ((i + 1) * many).min(outer), dx));
    } else {
        run(0, outer, dx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;
    use ndarray::{Array, ArrayD, IxDyn};
    use proptest::prelude::*;

    fn waves(n: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * 7919 + 13) % 1009) as f32 / 97.0 - 5.0).collect()
    }

    fn indices(count: usize, n: usize) -> Vec<i64> {
        (0..count).map(|i| ((i * 104_729 + 7) % 1_000_003 % n) as i64).collect()
    }

    fn check_select(along: Along, count: usize) {
        let (x, ids) = (waves(along.len()), indices(count, along.n));
        let dy = waves(along.outer * count * along.inner);
        let (y, dx) = same_at_any_thread_count(|| {
            let mut y = vec![0.0; dy.len()];
            index_select(&x, along, &ids, &mut y);
            let mut dx = x.clone();
            index_add(&dy, along, &ids, &mut dx);
            (y, dx)
        });
        let mut plain = x.clone();
        for o in 0..along.outer {
            for (i, &id) in ids.iter().enumerate() {
                for c in 0..along.inner {
                    let (from, to) =
                        ((o * along.n + id as usize) * along.inner + c, (o * count + i) * along.inner + c);
                    assert_eq!(y[to], x[from]);
                    plain[from] += dy[to];
                }
            }
        }
        assert_eq!(dx, plain);
    }

    fn check_gather(shape: &[usize], axis: usize, ids_shape: &[usize]) {
        let x = Array::from_shape_vec(IxDyn(shape), waves(shape.iter().product())).expect("x");
        let count = ids_shape.iter().product();
        let n = shape.get(axis).copied().unwrap_or(1);
        let ids = Array::from_shape_vec(IxDyn(ids_shape), indices(count, n.max(1))).expect("ids");
        let dy = waves(count);
        let flat = ids.as_slice().expect("contiguous");
        let (y, dx) = same_at_any_thread_count(|| {
            let mut y = vec![0.0; count];
            gather(x.as_slice().expect("contiguous"), shape, axis, flat, ids_shape, &mut y);
            let mut dx = vec![0.5; x.len()];
            scatter_add(&dy, shape, axis, flat, ids_shape, &mut dx);
            (y, dx)
        });
        let mut plain = ArrayD::from_elem(IxDyn(shape), 0.5f32);
        for (i, (index, &id)) in ids.indexed_iter().enumerate() {
            let mut at = index.clone();
            if !shape.is_empty() {
                at[axis] = id as usize;
            }
            assert_eq!(y[i], x[&at], "gather {shape:?} along {axis} at {index:?}");
            plain[&at] += dy[i];
        }
        assert_eq!(dx, plain.into_raw_vec_and_offset().0);
    }

    #[test]
    fn large_selections() {
        for (outer, n, inner, count) in
            [(1, 1000, 300, 400), (1, 50, 1, 70_000), (40, 30, 50, 25), (1000, 100, 1, 60), (1, 5, 257, 500)]
        {
            check_select(Along { outer, n, inner }, count);
        }
    }

    #[test]
    fn large_gathers() {
        for (shape, axis, ids_shape) in [
            (&[70_000][..], 0, &[80_000][..]),
            (&[3000, 40], 1, &[2900, 30]),
            (&[3000, 40], 0, &[1500, 39]),
            (&[70, 30, 40], 1, &[70, 30, 40]),
            (&[70, 30, 40], 2, &[60, 29, 50]),
        ] {
            check_gather(shape, axis, ids_shape);
        }
    }

    #[test]
    fn empty_and_scalar() {
        check_select(Along { outer: 2, n: 3, inner: 0 }, 4);
        check_select(Along { outer: 0, n: 3, inner: 2 }, 4);
        check_select(Along { outer: 2, n: 3, inner: 2 }, 0);
        check_gather(&[], 0, &[]);
        check_gather(&[2, 3], 1, &[2, 0]);
        check_gather(&[2, 3, 4], 1, &[0, 2, 4]);
    }

    proptest! {
        #[test]
        fn any_selection(outer in 1usize..4, n in 1usize..6, inner in 1usize..6, count in 0usize..9) {
            check_select(Along { outer, n, inner }, count);
        }

        #[test]
        fn any_gather(
            axes in prop::collection::vec((1usize..5, 1usize..5), 1..5), axis in 0usize..5, along in 1usize..9,
        ) {
            let axis = axis % axes.len();
            let shape: Vec<usize> = axes.iter().map(|a| a.0).collect();
            let mut ids_shape: Vec<usize> = axes.iter().map(|a| a.0.min(a.1)).collect();
            ids_shape[axis] = along;
            check_gather(&shape, axis, &ids_shape);
        }
    }
}
