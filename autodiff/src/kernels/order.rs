//! Sorting and selection along an axis.
//!
//! Every element becomes one whole number: its rank among the numbers of its type above, its position below.
//! NaN ranks above all and the two zeros equally. No two of these numbers are equal, so that any way of sorting
//! or selecting them gives the same result, equal elements in the order of their positions.

use ndarray::ArrayView3;
use rayon::slice::ParallelSliceMut;

use super::copy::copy_strided;
use super::layout::Along;
use super::parallel::{CHUNK, Shared, each, worthwhile};
use crate::Float;

/// A type whose elements can be put in order.
pub trait Ordered: Copy {
    /// An element's rank and position in one number.
    #[doc(hidden)]
    type Key: Ord + Copy + Send + Sync;
    /// The element as a key; larger elements come first if `descending`.
    #[doc(hidden)]
    fn key(self, position: usize, descending: bool) -> Self::Key;
    /// The position in a key.
    #[doc(hidden)]
    fn position(key: Self::Key) -> usize;
}

macro_rules! ordered {
    ($float:ty, $bits:ty, $key:ty) => {
        impl Ordered for $float {
            type Key = $key;

            #[inline(always)]
            fn key(self, position: usize, descending: bool) -> $key {
                // Adding 0 makes −0 to 0.
                let bits = (self + 0.0).to_bits();
                let negative = bits >> (<$bits>::BITS - 1) == 1;
                let rank = if negative { !bits } else { bits | 1 << (<$bits>::BITS - 1) };
                let rank = if self.is_nan() { <$bits>::MAX } else { rank };
                let rank = if descending { !rank } else { rank };
                <$key>::from(rank) << <$bits>::BITS | position as $key
            }

            #[inline(always)]
            fn position(key: $key) -> usize {
                key as $bits as usize
            }
        }
    };
}

ordered!(f32, u32, u64);
ordered!(f64, u64, u128);

/// Writes the positions of `m` elements of each slice along an axis: those whose keys `pick` leaves in front.
fn each_slice<T: Float>(
    x: &[T],
    along: Along,
    descending: bool,
    m: usize,
    ids: &mut [i64],
    pick: impl Fn(&mut [T::Key]) + Send + Sync,
) {
    let Along { outer, n, inner } = along;
    assert!(x.len() == along.len() && ids.len() == along.rows() * m, "order: wrong lengths");
    assert!(u32::try_from(n).is_ok(), "order: an axis of {n} elements is too long");
    if ids.is_empty() {
        return;
    }
    if inner == 1 {
        return each_row(x, n, descending, m, ids, &pick);
    }
    // The slices as rows, and their positions turned back: walking down columns would miss the cache.
    let view = ArrayView3::from_shape((outer, n, inner), x).expect("as many elements");
    let mut rows = vec![T::zero(); x.len()];
    copy_strided(view.permuted_axes([0, 2, 1]).into_dyn(), &mut rows);
    let mut found = vec![0; ids.len()];
    each_row(&rows, n, descending, m, &mut found, &pick);
    let found = ArrayView3::from_shape((outer, inner, m), &found).expect("as many elements");
    copy_strided(found.permuted_axes([0, 2, 1]).into_dyn(), ids);
}

fn each_row<T: Float>(
    x: &[T],
    n: usize,
    descending: bool,
    m: usize,
    ids: &mut [i64],
    pick: &(dyn Fn(&mut [T::Key]) + Sync),
) {
    let target = Shared::new(ids);
    let (rows, some) = (x.len() / n, CHUNK.div_ceil(n));
    let task = |i: usize| {
        let mut keys: Vec<T::Key> = Vec::with_capacity(n);
        for row in i * some..((i + 1) * some).min(rows) {
            keys.clear();
            keys.extend(x[row * n..][..n].iter().enumerate().map(|(r, x)| x.key(r, descending)));
            pick(&mut keys);
            // SAFETY: the row is this task's alone.
            let ids = unsafe { target.slice(row * m, m) };
            for (id, &key) in ids.iter_mut().zip(&keys) {
                *id = T::position(key) as i64;
            }
        }
    };
    let tasks = rows.div_ceil(some);
    if worthwhile(x.len()) { each(tasks, 1, &task) } else { (0..tasks).for_each(task) }
}

fn sort_keys<K: Ord + Send>(keys: &mut [K]) {
    if worthwhile(keys.len()) { keys.par_sort_unstable() } else { keys.sort_unstable() }
}

/// ids ← the positions along an axis in the order of the elements; equal ones keep theirs.
pub(crate) fn sort<T: Float>(x: &[T], along: Along, descending: bool, ids: &mut [i64]) {
    each_slice(x, along, descending, along.n, ids, sort_keys);
}

/// ids ← the positions of the `k` largest (or smallest) elements along an axis: in their order if `sorted`, else
/// in the order of their positions.
pub(crate) fn topk<T: Float>(x: &[T], along: Along, k: usize, largest: bool, sorted: bool, ids: &mut [i64]) {
    each_slice(x, along, largest, k, ids, move |keys| {
        if k < keys.len() && k > 0 {
            keys.select_nth_unstable(k - 1);
        }
        let keys = &mut keys[..k];
        if sorted { sort_keys(keys) } else { keys.sort_unstable_by_key(|&key| T::position(key)) }
    });
}

/// ids ← the position of the `k`-th smallest element along an axis, counted from 0; of the first NaN if there is
/// one and `nan_first`.
pub(crate) fn kth<T: Float>(x: &[T], along: Along, k: usize, nan_first: bool, ids: &mut [i64]) {
    let smallest_nan = T::nan().key(0, false);
    each_slice(x, along, false, 1, ids, move |keys| {
        let nan = keys.iter().filter(|&&key| nan_first && key >= smallest_nan).min().copied();
        keys[0] = match nan {
            Some(key) => key,
            None => *keys.select_nth_unstable(k).1,
        };
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;
    use std::cmp::Ordering;

    fn waves<T: Float>(n: usize) -> Vec<T> {
        let value = |i: usize| match i % 101 {
            7 => f64::NAN,
            11 => -0.0,
            12 => 0.0,
            13 => f64::INFINITY,
            14 => f64::NEG_INFINITY,
            _ => ((i * 7919 + 13) % 1009) as f64 / 97.0 - 5.0,
        };
        (0..n).map(|i| T::from_f64(value(i))).collect()
    }

    fn compare<T: Float>(a: T, b: T) -> Ordering {
        a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
    }

    fn check<T: Float>(outer: usize, n: usize, inner: usize) {
        let along = Along { outer, n, inner };
        let x = waves::<T>(along.len());
        let k = n.div_ceil(3);
        let found = same_at_any_thread_count(|| {
            let mut all = vec![vec![0; x.len()], vec![0; x.len()]];
            sort(&x, along, false, &mut all[0]);
            sort(&x, along, true, &mut all[1]);
            for (largest, sorted) in [(true, true), (false, true), (true, false)] {
                let mut ids = vec![0; along.rows() * k];
                topk(&x, along, k, largest, sorted, &mut ids);
                all.push(ids);
            }
            for nan_first in [true, false] {
                let mut ids = vec![0; if n > 0 { along.rows() } else { 0 }];
                kth(&x, Along { outer: if n > 0 { outer } else { 0 }, ..along }, n / 2, nan_first, &mut ids);
                all.push(ids);
            }
            all
        });
        for (o, c) in (0..outer).flat_map(|o| (0..inner).map(move |c| (o, c))) {
            let at = |r: usize| x[(o * n + r) * inner + c];
            let mut up: Vec<usize> = (0..n).collect();
            up.sort_by(|&a, &b| compare(at(a), at(b)));
            let mut down: Vec<usize> = (0..n).collect();
            down.sort_by(|&a, &b| compare(at(b), at(a)));
            let mut by_position = down[..k].to_vec();
            by_position.sort_unstable();
            let nan = (0..n).find(|&r| at(r).is_nan());
            let middle = up[n / 2..].iter().take(1).copied().collect::<Vec<_>>();
            let expected = [
                up.clone(),
                down.clone(),
                down[..k].to_vec(),
                up[..k].to_vec(),
                by_position,
                nan.map_or(middle.clone(), |r| vec![r]),
                middle,
            ];
            for (ids, expected) in found.iter().zip(&expected) {
                for (j, &r) in expected.iter().enumerate() {
                    assert_eq!(ids[(o * expected.len() + j) * inner + c], r as i64, "{along:?}");
                }
            }
        }
    }

    #[test]
    fn orders_match_a_plain_stable_sort() {
        for (outer, n, inner) in [(1, 70_000, 1), (300, 200, 1), (3, 50, 40), (1, 1, 1), (2, 0, 3), (2, 3, 0)]
        {
            check::<f32>(outer, n, inner);
            check::<f64>(outer, n, inner);
        }
    }
}
