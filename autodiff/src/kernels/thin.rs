//! Matrix products too thin or too small for a blocked product: with a vector on one side, with one or two
//! terms to a sum, or with a few hundred multiplications in all.
//!
//! Two loops do all of them. [`combine_rows`] makes a row of c as a combination of the rows of b, a tile of
//! columns held in registers; [`dot_rows`] multiplies contiguous rows by a vector, several rows abreast. A
//! product whose other side is the thin one is computed transposed. Neither splits a sum between threads.

use super::parallel::{CHUNK, Shared, Source, each};
use super::simd::vectorized;
use crate::Float;

/// Products with at most this many multiplications are small.
const SMALL: usize = 256;
/// Sums of at least this many terms repay the [`LANES`] of a dot product.
const LONG: usize = 256;
/// Partial sums of a dot product side by side.
const LANES: usize = 64;

/// A matrix anywhere in memory: its first element and its strides.
#[derive(Clone, Copy)]
pub(super) struct Strided<P> {
    pub(super) first: P,
    pub(super) row: isize,
    pub(super) column: isize,
}

impl<P> Strided<P> {
    fn transposed(self) -> Self {
        Self { first: self.first, row: self.column, column: self.row }
    }
}

/// c ← a·b (+ c if `accumulate`) if the product is thin or small and laid out for one of the two loops;
/// whether it was.
///
/// # Safety
/// As for [`Product::product`](super::product::Product::product).
#[allow(clippy::too_many_arguments)]
pub(super) unsafe fn product<T: Float>(
    m: usize,
    k: usize,
    n: usize,
    a: Strided<*const T>,
    b: Strided<*const T>,
    c: Strided<*mut T>,
    accumulate: bool,
    parallel: bool,
) -> bool {
    let thin =
        |m: usize, k: usize, n: usize| m == 1 || k <= 2 || m.saturating_mul(n).saturating_mul(k) <= SMALL;
    if m == 0 || n == 0 || k == 0 {
        return false;
    }
    // SAFETY: the caller vouches for the elements; transposed, the product is the same one.
    unsafe {
        if n == 1 && k >= LONG && a.column == 1 && b.row == 1 {
            dot_rows(m, k, a, b.first, c, accumulate, parallel);
        } else if m == 1 && k >= LONG && b.row == 1 && a.column == 1 {
            dot_rows(n, k, b.transposed(), a.first, c.transposed(), accumulate, parallel);
        } else if thin(m, k, n) && b.column == 1 && c.column == 1 {
            combine_rows(m, k, n, a, b, c, accumulate, parallel);
        } else if thin(n, k, m) && a.row == 1 && c.row == 1 {
            combine_rows(n, k, m, b.transposed(), a.transposed(), c.transposed(), accumulate, parallel);
        } else {
            return false;
        }
    }
    true
}

/// c\[i\] ← Σₚ a\[i, p\]·b\[p\] with the rows of a and the vector b contiguous.
///
/// # Safety
/// As for [`product`].
unsafe fn dot_rows<T: Float>(
    m: usize,
    k: usize,
    a: Strided<*const T>,
    b: *const T,
    c: Strided<*mut T>,
    accumulate: bool,
    parallel: bool,
) {
    let (a, row, step) = (Source::new(a.first), a.row, c.row);
    let (b, c) = (Source::new(b), Shared::from_pointer(c.first));
    let run = move |from: usize, to: usize| {
        vectorized(
            #[inline(always)]
            move || {
                // SAFETY: rows from..to of a and c, and the k elements of b, are the caller's.
                unsafe {
                    let b = std::slice::from_raw_parts(b.get(), k);
                    for i in from as isize..to as isize {
                        let sum = dot(std::slice::from_raw_parts(a.get().offset(i * row), k), b);
                        let c = c.get().offset(i * step);
                        *c = if accumulate { *c + sum } else { sum };
                    }
                }
            },
        );
    };
    let many = CHUNK.div_ceil(k);
    if parallel && m > many {
        each(m.div_ceil(many), 1, &|i| run(i * many, ((i + 1) * many).min(m)));
    } else {
        run(0, m);
    }
}

/// Σ a\[p\]·b\[p\].
#[inline(always)]
fn dot<T: Float>(a: &[T], b: &[T]) -> T {
    let mut lanes = [T::zero(); LANES];
    let (mut left, mut right) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (a, b) in (&mut left).zip(&mut right) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    left.remainder().iter().zip(right.remainder()).fold(lanes[0], |sum, (&a, &b)| sum + a * b)
}

/// c\[i, ·\] ← Σₚ a\[i, p\]·b\[p, ·\] with the rows of b and c contiguous.
///
/// # Safety
/// As for [`product`].
#[allow(clippy::too_many_arguments)]
unsafe fn combine_rows<T: Float>(
    m: usize,
    k: usize,
    n: usize,
    a: Strided<*const T>,
    b: Strided<*const T>,
    c: Strided<*mut T>,
    accumulate: bool,
    parallel: bool,
) {
    let (a_row, a_column, b_row, c_row) = (a.row, a.column, b.row, c.row);
    let (a, b, c) = (Source::new(a.first), Source::new(b.first), Shared::from_pointer(c.first));
    // Rows and columns of c.
    let run = move |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
        vectorized(
            #[inline(always)]
            move || {
                for i in rows.clone() {
                    // SAFETY: the caller vouches for these rows and columns.
                    unsafe {
                        let a = a.get().offset(i as isize * a_row);
                        let c = c.get().offset(i as isize * c_row);
                        let mut j = columns.start;
                        macro_rules! tiles {
                            ($($width:literal)*) => {$(
                                while columns.end - j >= $width {
                                    combine::<T, $width>(k, (a, a_column), (b.get().add(j), b_row), c.add(j), accumulate);
                                    j += $width;
                                }
                            )*};
                        }
                        tiles!(64 16 8 4 1);
                    }
                }
            },
        );
    };
    /// Columns of one piece, a multiple of the widest tile.
    const PIECE: usize = 256;
    if !parallel || m.saturating_mul(n).saturating_mul(k) < 2 * CHUNK {
        run(0..m, 0..n);
    } else if m == 1 {
        each(n.div_ceil(PIECE), 1, &|i| run(0..1, i * PIECE..((i + 1) * PIECE).min(n)));
    } else {
        let many = CHUNK.div_ceil(n);
        each(m.div_ceil(many), 1, &|i| run(i * many..((i + 1) * many).min(m), 0..n));
    }
}

/// `W` columns of one row.
///
/// # Safety
/// k elements of a and k rows of `W` elements of b must be readable, and `W` of c writable.
#[inline(always)]
unsafe fn combine<T: Float, const W: usize>(
    k: usize,
    (a, a_step): (*const T, isize),
    (b, b_row): (*const T, isize),
    c: *mut T,
    accumulate: bool,
) {
    let mut acc = [T::zero(); W];
    for p in 0..k as isize {
        // SAFETY: the caller vouches for row p.
        let (a, b) = unsafe { (*a.offset(p * a_step), &*b.offset(p * b_row).cast::<[T; W]>()) };
        for l in 0..W {
            acc[l] += a * b[l];
        }
    }
    // SAFETY: the caller vouches for W elements of c.
    let c = unsafe { &mut *c.cast::<[T; W]>() };
    if accumulate {
        for l in 0..W {
            c[l] += acc[l];
        }
    } else {
        *c = acc;
    }
}
