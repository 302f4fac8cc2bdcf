//! The gradient of a table's rows: each is the sum of the gradients of the places where it was looked up.
//!
//! The places are sorted by their rows (by counting, which keeps their order), so that each row of the table is
//! written by one piece of work, in the order of the places. Apart from the zeros of the table, the work is that of
//! the places alone.

use super::parallel::{CHUNK, Shared, each, worthwhile};
use super::simd::vectorized;
use super::vector;
use crate::Float;

/// out\[ids\[i\], ·\] ← Σ dy\[i, ·\] over the places i of each row of `out`, 0 where there is none. Places of the
/// index `skipped` are left out.
pub(crate) fn sum_by_row<T: Float>(dy: &[T], width: usize, ids: &[i64], skipped: Option<i64>, out: &mut [T]) {
    assert_eq!(dy.len(), ids.len() * width, "sum_by_row: the gradients differ in number from the places");
    vector::fill(out, T::zero());
    if dy.is_empty() {
        return;
    }
    let rows = out.len() / width;
    let target = Shared::new(out);
    let add = |i: usize| {
        let id = ids[i] as usize;
        assert!(id < rows, "sum_by_row: row {id} of {rows}");
        // SAFETY: the row lies in the table, and one thread at a time adds to it.
        let (row, dy) = (unsafe { target.slice(id * width, width) }, &dy[i * width..(i + 1) * width]);
        vectorized(
            #[inline(always)]
            || row.iter_mut().zip(dy).for_each(|(row, &dy)| *row += dy),
        );
    };
    if !worthwhile(dy.len()) {
        (0..ids.len()).filter(|&i| Some(ids[i]) != skipped).for_each(add);
        return;
    }
    let order = sorted(ids, rows, skipped);
    let many = CHUNK.div_ceil(width);
    let begins = |at: usize| at == 0 || ids[order[at - 1]] != ids[order[at]];
    each(order.len().div_ceil(many), 1, &|piece| {
        // The rows that begin in this piece, to their ends.
        let (from, to) = (piece * many, ((piece + 1) * many).min(order.len()));
        let Some(first) = (from..to).find(|&at| begins(at)) else { return };
        let end = (to..order.len()).find(|&at| begins(at)).unwrap_or(order.len());
        order[first..end].iter().for_each(|&i| add(i));
    });
}

/// The places ordered by their rows, those of one row in their own order.
fn sorted(ids: &[i64], rows: usize, skipped: Option<i64>) -> Vec<usize> {
    let kept = || (0..ids.len()).filter(|&i| Some(ids[i]) != skipped);
    let mut next = vec![0; rows + 1];
    kept().for_each(|i| next[ids[i] as usize + 1] += 1);
    for row in 0..rows {
        next[row + 1] += next[row];
    }
    let mut order = vec![0; next[rows]];
    for i in kept() {
        let next = &mut next[ids[i] as usize];
        order[*next] = i;
        *next += 1;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;

    #[test]
    fn rows_add_up_in_the_order_of_the_places() {
        for (rows, width, count) in
            [(7, 3, 20), (50, 64, 3000), (9000, 40, 2000), (2, 1, 70_000), (300, 257, 900)]
        {
            let ids: Vec<i64> = (0..count).map(|i| ((i * i * 31 + i) % rows) as i64).collect();
            let dy: Vec<f32> = (0..count * width).map(|i| ((i * 7919) % 1009) as f32 / 97.0 - 5.0).collect();
            for skipped in [None, Some(ids[1])] {
                let found = same_at_any_thread_count(|| {
                    let mut out = vec![f32::NAN; rows * width];
                    sum_by_row(&dy, width, &ids, skipped, &mut out);
                    out
                });
                let mut plain = vec![0.0; rows * width];
                for (&id, dy) in ids.iter().zip(dy.chunks_exact(width)) {
                    if Some(id) != skipped {
                        let row = &mut plain[id as usize * width..][..width];
                        row.iter_mut().zip(dy).for_each(|(row, dy)| *row += dy);
                    }
                }
                assert_eq!(found, plain, "{rows} rows of {width}, {count} places");
            }
        }
        sum_by_row::<f32>(&[], 3, &[], None, &mut []);
        sum_by_row::<f32>(&[], 0, &[1, 0], None, &mut []);
    }
}
