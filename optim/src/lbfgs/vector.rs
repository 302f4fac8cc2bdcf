//! Arithmetic of flat vectors. Sums are added in an order that depends on the length alone.

use autodiff::Float;
use rayon::prelude::*;

/// Elements that one thread handles at a time.
const CHUNK: usize = 1 << 14;
/// Sums side by side.
const LANES: usize = 32;

/// Σ aᵢ·bᵢ, added in `f64`.
pub(super) fn dot<T: Float>(a: &[T], b: &[T]) -> f64 {
    assert_eq!(a.len(), b.len());
    if a.len() <= CHUNK {
        return dot_chunk(a, b);
    }
    let chunks = a.par_chunks(CHUNK).zip(b.par_chunks(CHUNK));
    let partial: Vec<f64> = chunks.map(|(a, b)| dot_chunk(a, b)).collect();
    partial.iter().sum()
}

fn dot_chunk<T: Float>(a: &[T], b: &[T]) -> f64 {
    autodiff::vectorized(
        #[inline(always)]
        || {
            let mut lanes = [0.0; LANES];
            let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
            for (a, b) in a.iter().zip(b) {
                for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
                    *lane += a.to_f64() * b.to_f64();
                }
            }
            for ((lane, &a), &b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
                *lane += a.to_f64() * b.to_f64();
            }
            lanes.iter().sum()
        },
    )
}

/// y ← y + a·x.
pub(super) fn add_scaled<T: Float>(y: &mut [T], a: f64, x: &[T]) {
    let a = T::from_f64(a);
    in_chunks(y, x, |y, x| *y += a * x);
}

/// y ← a·x.
pub(super) fn set_scaled<T: Float>(y: &mut [T], a: f64, x: &[T]) {
    let a = T::from_f64(a);
    in_chunks(y, x, |y, x| *y = a * x);
}

/// y ← x − y.
pub(super) fn subtract_from<T: Float>(y: &mut [T], x: &[T]) {
    in_chunks(y, x, |y, x| *y = x - *y);
}

#[inline(always)]
fn in_chunks<T: Float>(y: &mut [T], x: &[T], f: impl Fn(&mut T, T) + Sync) {
    assert_eq!(y.len(), x.len());
    let chunk = |y: &mut [T], x: &[T]| {
        autodiff::vectorized(
            #[inline(always)]
            || y.iter_mut().zip(x).for_each(|(y, &x)| f(y, x)),
        );
    };
    if y.len() <= CHUNK {
        chunk(y, x);
    } else {
        y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| chunk(y, x));
    }
}

/// max |xᵢ|, and NaN if one is NaN.
pub(super) fn max_abs<T: Float>(x: &[T]) -> f64 {
    let max = x.iter().fold(T::zero(), |max, x| if x.abs() <= max { max } else { x.abs() });
    // A NaN in the middle is replaced by what follows it.
    if x.iter().any(|x| x.is_nan()) { f64::NAN } else { max.to_f64() }
}

/// Σ |xᵢ|, added in `f64`.
pub(super) fn sum_abs<T: Float>(x: &[T]) -> f64 {
    x.iter().map(|x| x.abs().to_f64()).sum()
}
