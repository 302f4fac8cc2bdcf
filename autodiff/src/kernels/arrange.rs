//! Copies that move elements around the end of an axis, or leave some out.

use rayon::prelude::*;

use super::layout::Along;
use super::parallel::{CHUNK, worthwhile};
use crate::Float;

/// Calls `f(i, out)` with row i of `row` elements of `out`, on several threads if there is much to do.
fn for_each_row<T: Float>(out: &mut [T], row: usize, f: impl Fn(usize, &mut [T]) + Sync + Send) {
    if row == 0 {
        return;
    }
    if worthwhile(out.len()) {
        let grain = CHUNK.div_ceil(row);
        out.par_chunks_exact_mut(row).with_min_len(grain).enumerate().for_each(|(i, out)| f(i, out));
    } else {
        out.chunks_exact_mut(row).enumerate().for_each(|(i, out)| f(i, out));
    }
}

/// out\[o, (i + shift) mod n, c\] ← x\[o, i, c\] for x of [outer, n, inner] and a shift of at most n.
pub(crate) fn roll<T: Float>(x: &[T], along: Along, shift: usize, out: &mut [T]) {
    assert!(x.len() == along.len() && out.len() == along.len(), "roll: wrong lengths");
    let slab = along.slab();
    for_each_row(out, slab, |o, out| {
        let (stay, wrap) = x[o * slab..(o + 1) * slab].split_at(slab - shift * along.inner);
        let (front, back) = out.split_at_mut(wrap.len());
        front.copy_from_slice(wrap);
        back.copy_from_slice(stay);
    });
}

/// out ← the elements of x, matrices of [rows, columns], with j ≤ i + diagonal (or ≥, if not the lower triangle
/// is wanted), zeros elsewhere.
pub(crate) fn triangle<T: Float>(
    x: &[T],
    [rows, columns]: [usize; 2],
    lower: bool,
    diagonal: isize,
    out: &mut [T],
) {
    assert_eq!(x.len(), out.len(), "triangle: the lengths differ");
    for_each_row(out, columns, |i, out| {
        let x = &x[i * columns..(i + 1) * columns];
        // The diagonal's column, or the first one after it.
        let column = diagonal.saturating_add((i % rows) as isize).saturating_add(isize::from(lower));
        let split = column.clamp(0, columns as isize) as usize;
        let (kept, left_out) = if lower { (0..split, split..columns) } else { (split..columns, 0..split) };
        out[kept.clone()].copy_from_slice(&x[kept]);
        out[left_out].fill(T::zero());
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;

    fn ramp(n: usize) -> Vec<f32> {
        (0..n).map(|i| i as f32 + 1.0).collect()
    }

    #[test]
    fn elements_go_around_the_end() {
        for (outer, n, inner) in [(3, 5, 2), (1, 70_000, 1), (300, 7, 60), (2, 1, 3), (2, 0, 3)] {
            let along = Along { outer, n, inner };
            let x = ramp(along.len());
            for shift in [0, 1, n / 2, n] {
                let shift = shift.min(n);
                let out = same_at_any_thread_count(|| {
                    let mut out = vec![0.0; x.len()];
                    roll(&x, along, shift, &mut out);
                    out
                });
                for (at, &y) in out.iter().enumerate() {
                    let (o, i, c) = (at / (n * inner), at / inner % n, at % inner);
                    assert_eq!(y, x[(o * n + (i + n - shift) % n) * inner + c]);
                }
            }
        }
    }

    #[test]
    fn a_triangle_is_what_its_inequality_says() {
        for [batch, m, n] in [[2, 3, 4], [1, 4, 3], [40, 30, 50], [2, 0, 3], [2, 3, 0], [1, 1, 1]] {
            let x = ramp(batch * m * n);
            for diagonal in [-100, -2, -1, 0, 1, 3, 100, isize::MIN, isize::MAX] {
                for lower in [true, false] {
                    let mut out = vec![9.0; x.len()];
                    triangle(&x, [m, n], lower, diagonal, &mut out);
                    for (at, &y) in out.iter().enumerate() {
                        let above = (at % n) as i128 - (at / n % m) as i128;
                        let kept = if lower { above <= diagonal as i128 } else { above >= diagonal as i128 };
                        assert_eq!(y, if kept { x[at] } else { 0.0 });
                    }
                }
            }
        }
    }
}
