//! Matrix products: through the loops of `thin` where one side is thin, through `row_product` where large rows are
//! multiplied by rows, else through gemm, or through matrixmultiply on machines that gemm has no vector code for.
//!
//! None of them splits a sum between threads, so the bits of a product do not depend on their number.

use gemm::Parallelism;
use ndarray::{ArrayView2, ShapeBuilder};
use rayon::prelude::*;

use super::copy::copy_strided;
use super::parallel::{Shared, THRESHOLD, each, worthwhile};
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::row_product;
use super::scratch::Scratch;
use super::thin::{self, Strided};
use crate::Float;

/// An element type with matrix products.
///
/// It is sealed with [`Float`](crate::Float); its methods are for the kernels.
pub trait Product: Sized {
    #[doc(hidden)]
    #[allow(clippy::too_many_arguments)]
    /// c ← a·b (+ c if `accumulate`) for an m×k by k×n product.
    ///
    /// # Safety
    /// Every element that the sizes and strides reach must be readable (a, b) or writable (c), and c
    /// must not overlap a or b.
    unsafe fn product(
        m: usize,
        k: usize,
        n: usize,
        a: *const Self,
        a_strides: (isize, isize),
        b: *const Self,
        b_strides: (isize, isize),
        c: *mut Self,
        c_strides: (isize, isize),
        accumulate: bool,
        parallel: bool,
    );
}

macro_rules! impl_product {
    ($t:ty, $without_vectors:path) => {
        impl Product for $t {
            unsafe fn product(
                m: usize,
                k: usize,
                n: usize,
                a: *const Self,
                a_strides: (isize, isize),
                b: *const Self,
                b_strides: (isize, isize),
                c: *mut Self,
                c_strides: (isize, isize),
                accumulate: bool,
                parallel: bool,
            ) {
                let strided = |first, (row, column)| Strided { first, row, column };
                let (left, right) = (strided(a, a_strides), strided(b, b_strides));
                let target = Strided { first: c, row: c_strides.0, column: c_strides.1 };
                // SAFETY: the caller vouches for every element reached.
                if unsafe { thin::product(m, k, n, left, right, target, accumulate, parallel) } {
                    return;
                }
                if !gemm_has_vectors() {
                    let beta = if accumulate { 1.0 } else { 0.0 };
                    // SAFETY: the caller vouches for every element reached.
                    unsafe {
                        $without_vectors(
                            m,
                            k,
                            n,
                            1.0,
                            a,
                            a_strides.0,
                            a_strides.1,
                            b,
                            b_strides.0,
                            b_strides.1,
                            beta,
                            c,
                            c_strides.0,
                            c_strides.1,
                        );
                    }
                    return;
                }
                let parallelism = if parallel { Parallelism::Rayon(0) } else { Parallelism::None };
                let neighbours = neighbours(k, a_strides, b_strides, c_strides);
                #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
                if neighbours && n < TURNED * m {
                    let (a, b, c) = ((a, a_strides.0), (b, b_strides.1), (c, c_strides.0));
                    // SAFETY: the caller vouches for every element reached.
                    if unsafe { row_product::product([m, k, n], a, b, c, accumulate, parallel) } {
                        return;
                    }
                }
                if neighbours && n >= TURNED * m {
                    let mut turned = Scratch::<$t>::new(m * n);
                    // SAFETY: the caller vouches for every element of a, b and c; the scratch has n×m elements.
                    unsafe {
                        gemm::gemm(
                            n,
                            m,
                            k,
                            turned.as_mut_ptr(),
                            1,
                            m as isize,
                            false,
                            b,
                            b_strides.0,
                            b_strides.1,
                            a,
                            a_strides.0,
                            a_strides.1,
                            1.0,
                            1.0,
                            false,
                            false,
                            false,
                            parallelism,
                        );
                        turn(&turned, m, n, c, c_strides.0, accumulate, parallel);
                    }
                    return;
                }
                let mut rows = Scratch::<$t>::new(if neighbours { k * n } else { 0 });
                let (b, b_strides) = if neighbours {
                    let shape = (k, n).strides((1, b_strides.1 as usize));
                    // SAFETY: the caller vouches for every element of b.
                    let view = unsafe { ArrayView2::from_shape_ptr(shape, b) };
                    copy_strided(view.into_dyn(), &mut rows);
                    (rows.as_ptr(), (n as isize, 1))
                } else {
                    (b, b_strides)
                };
                // SAFETY: the caller vouches for every element reached.
                unsafe {
                    gemm::gemm(
                        m,
                        n,
                        k,
                        c,
                        c_strides.1,
                        c_strides.0,
                        accumulate,
                        a,
                        a_strides.1,
                        a_strides.0,
                        b,
                        b_strides.1,
                        b_strides.0,
                        1.0,
                        1.0,
                        false,
                        false,
                        false,
                        parallelism,
                    );
                }
            }
        }
    };
}

impl_product!(f32, matrixmultiply::sgemm);
impl_product!(f64, matrixmultiply::dgemm);

/// From so many columns of c to a row on cᵀ is computed and turned: laying out an element of b takes an eighth of the time
/// that gemm takes to copy one of a.
const TURNED: usize = 8;

/// Whether the terms of the sums are neighbours in memory, in both a and b, as in each linear layer, y = xWᵀ.
///
/// gemm copies the side that gives the rows of its tiles into panels, across the sums; for a row-major c that is b. Then
/// it copies element by element, which takes as long as hundreds of multiplications of each. So a smaller a is made that
/// side, for cᵀ = bᵀaᵀ, which is turned; a large b of `f32` is left to `row_product`; otherwise b is laid out beforehand,
/// through small squares.
fn neighbours(k: usize, a: (isize, isize), b: (isize, isize), c: (isize, isize)) -> bool {
    a.1 == 1 && b.0 == 1 && b.1 > 1 && c.1 == 1 && k >= 16
}

/// c ← tᵀ (+ c if `accumulate`) for a row-major n×m t and an m×n c whose rows are contiguous.
///
/// # Safety
/// c can be written, and nothing else uses it.
unsafe fn turn<T: Float>(
    t: &[T],
    m: usize,
    n: usize,
    c: *mut T,
    row: isize,
    accumulate: bool,
    parallel: bool,
) {
    /// Columns of c at once: their elements stay in the first-level cache.
    const BAND: usize = 32;
    let c = Shared::from_pointer(c);
    let band = |i: usize| {
        let columns = i * BAND..((i + 1) * BAND).min(n);
        for i in 0..m {
            let column = t[columns.start * m + i..].iter().step_by(m);
            // SAFETY: the caller vouches for c, and these columns are the band's alone.
            let to = unsafe {
                let first = c.get().offset(i as isize * row).add(columns.start);
                std::slice::from_raw_parts_mut(first, columns.len())
            };
            for (c, &t) in to.iter_mut().zip(column) {
                *c = if accumulate { *c + t } else { t };
            }
        }
    };
    if parallel && worthwhile(m * n) {
        each(n.div_ceil(BAND), THRESHOLD.div_ceil(m * BAND), &band);
    } else {
        (0..n.div_ceil(BAND)).for_each(band);
    }
}

/// Whether gemm has vector code for this machine; matrixmultiply has some for SSE2 and AVX alone too.
fn gemm_has_vectors() -> bool {
    #[cfg(target_arch = "x86_64")]
    let has = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    let has = cfg!(target_arch = "aarch64");
    has
}

/// Products with at least this many multiplications may use several threads inside.
const PARALLEL_PRODUCT: usize = 1 << 18;

/// Matrices of one size in a slice: element (i, j) of matrix b is `data[b·batch + i·row + j·column]`.
///
/// A `batch` of 0 repeats one matrix; swapped `row` and `column` read it transposed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrices<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) batch: usize,
    pub(crate) row: usize,
    pub(crate) column: usize,
}

impl<'a, T> Matrices<'a, T> {
    /// Contiguous row-major matrices of `rows` × `columns`.
    pub(crate) fn row_major(data: &'a [T], rows: usize, columns: usize) -> Self {
        Self { data, batch: rows * columns, row: columns, column: 1 }
    }

    /// The same elements read as the transposed matrices.
    pub(crate) fn transposed(self) -> Self {
        Self { row: self.column, column: self.row, ..self }
    }

    /// Whether `count` matrices of `rows` × `columns` lie in the slice.
    pub(crate) fn holds(&self, count: usize, rows: usize, columns: usize) -> bool {
        if count == 0 || rows == 0 || columns == 0 {
            return true;
        }
        let last = [(count, self.batch), (rows, self.row), (columns, self.column)]
            .iter()
            .try_fold(0usize, |sum, &(n, step)| sum.checked_add((n - 1).checked_mul(step)?));
        last.is_some_and(|last| last < self.data.len())
    }
}

/// c\[b\] ← a\[b\]·b\[b\] (+ c\[b\] if `accumulate`) for `batch` products of m×k by k×n, c row-major.
///
/// Small products go to the threads whole; large ones are cut inside. With k = 0 the product is zero.
#[allow(clippy::too_many_arguments)]
pub(crate) fn matmul_batched<T: Float>(
    batch: usize,
    m: usize,
    k: usize,
    n: usize,
    a: Matrices<T>,
    b: Matrices<T>,
    c: &mut [T],
    accumulate: bool,
) {
    assert_eq!(c.len(), batch * m * n, "matmul: the output has another length");
    assert!(a.holds(batch, m, k) && b.holds(batch, k, n), "matmul: an operand is too short");
    if c.is_empty() {
        return;
    }
    if k == 0 {
        if !accumulate {
            c.fill(T::zero());
        }
        return;
    }
    // One right-hand matrix for all: the left-hand ones make a single tall matrix.
    if batch > 1 && (b.batch == 0 && a.batch == m * a.row) {
        return matmul_batched(1, batch * m, k, n, a, b, c, accumulate);
    }
    let product = |i: usize, c: &mut [T], parallel: bool| {
        // SAFETY: `holds` checked the operands and the output has m·n elements; a mutable slice overlaps
        // nothing.
        unsafe {
            T::product(
                m,
                k,
                n,
                a.data.as_ptr().add(i * a.batch),
                (a.row as isize, a.column as isize),
                b.data.as_ptr().add(i * b.batch),
                (b.row as isize, b.column as isize),
                c.as_mut_ptr(),
                (n as isize, 1),
                accumulate,
                parallel,
            );
        }
    };
    let each = m.saturating_mul(n).saturating_mul(k);
    let inside = each >= PARALLEL_PRODUCT;
    if batch == 1 || (inside && batch < 8) || !worthwhile(batch.saturating_mul(each) / 8) {
        c.chunks_exact_mut(m * n).enumerate().for_each(|(i, c)| product(i, c, inside));
    } else {
        let grain = (PARALLEL_PRODUCT / each).max(1);
        c.par_chunks_exact_mut(m * n).with_min_len(grain).enumerate().for_each(|(i, c)| product(i, c, false));
    }
}

/// c ← a·b (+ c if `accumulate`) for a product of m×k by k×n, c row-major, on the calling thread alone: for a
/// caller that is one of several pieces of work.
pub(crate) fn matmul_on_one_thread<T: Float>(
    m: usize,
    k: usize,
    n: usize,
    a: Matrices<T>,
    b: Matrices<T>,
    c: &mut [T],
    accumulate: bool,
) {
    assert_eq!(c.len(), m * n, "matmul: the output has another length");
    assert!(a.holds(1, m, k) && b.holds(1, k, n), "matmul: an operand is too short");
    if c.is_empty() {
        return;
    }
    if k == 0 {
        if !accumulate {
            c.fill(T::zero());
        }
        return;
    }
    // SAFETY: `holds` checked the operands and the output has m·n elements; a mutable slice overlaps nothing.
    unsafe {
        T::product(
            m,
            k,
            n,
            a.data.as_ptr(),
            (a.row as isize, a.column as isize),
            b.data.as_ptr(),
            (b.row as isize, b.column as isize),
            c.as_mut_ptr(),
            (n as isize, 1),
            accumulate,
            false,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;
    use proptest::prelude::*;

    fn waves<T: Float>(n: usize) -> Vec<T> {
        (0..n).map(|i| T::from_f64(((i * 7919 + 13) % 1009) as f64 / 500.0 - 1.0)).collect()
    }

    fn check<T: Float>(batch: usize, (m, k, n): (usize, usize, usize), flags: [bool; 5], tolerance: f64) {
        let [turn_a, turn_b, one_a, one_b, accumulate] = flags;
        let (x, y) = (waves::<T>(batch * m * k), waves::<T>(batch * k * n));
        let view = |data, rows, columns, turned, one| {
            let view = if turned {
                Matrices::row_major(data, columns, rows).transposed()
            } else {
                Matrices::row_major(data, rows, columns)
            };
            Matrices { batch: if one { 0 } else { view.batch }, ..view }
        };
        let (a, b) = (view(&x[..], m, k, turn_a, one_a), view(&y[..], k, n, turn_b, one_b));
        let c = same_at_any_thread_count(|| {
            let mut c = waves::<T>(batch * m * n);
            matmul_batched(batch, m, k, n, a, b, &mut c, accumulate);
            c
        });
        let start = waves::<T>(batch * m * n);
        // Every element of small products, some of large ones.
        for at in (0..c.len()).step_by(1 + c.len() / 5000) {
            let (i, r, s) = (at / (m * n), at / n % m, at % n);
            let mut sum = if accumulate { start[at].to_f64() } else { 0.0 };
            for p in 0..k {
                let left = a.data[i * a.batch + r * a.row + p * a.column].to_f64();
                let right = b.data[i * b.batch + p * b.row + s * b.column].to_f64();
                sum += left * right;
            }
            let error = (c[at].to_f64() - sum).abs();
            assert!(
                error <= tolerance * (1.0 + k as f64),
                "{m}×{k}×{n} {flags:?} at {at}: {} not {sum}",
                c[at]
            );
        }
    }

    #[test]
    fn large_products_at_any_thread_count() {
        for size in [
            (64, 576, 784),
            (300, 300, 300),
            (1, 700, 900),
            (900, 700, 1),
            (512, 1, 512),
            (129, 2, 257),
            (1, 3000, 40),
            (40, 3000, 1),
        ] {
            check::<f32>(1, size, [false; 5], 1e-6);
            check::<f32>(1, size, [true, false, false, false, true], 1e-6);
            check::<f64>(1, size, [false, true, false, false, false], 1e-14);
        }
        // Turned, on several threads.
        check::<f32>(1, (40, 64, 900), [false, true, false, false, true], 1e-6);
        check::<f64>(1, (40, 64, 900), [false, true, false, false, false], 1e-14);
        check::<f32>(50, (20, 30, 40), [false; 5], 1e-6);
        check::<f32>(3, (120, 130, 140), [false, true, false, true, false], 1e-6);
        check::<f64>(50, (20, 30, 40), [true, true, false, true, true], 1e-14);
    }

    #[test]
    fn nothing_to_add_up() {
        let mut c = [1.0f32; 6];
        let none = Matrices::row_major(&[], 2, 0);
        matmul_batched(1, 2, 0, 3, none, none, &mut c, true);
        assert_eq!(c, [1.0; 6]);
        matmul_batched(1, 2, 0, 3, none, none, &mut c, false);
        assert_eq!(c, [0.0; 6]);
        matmul_batched::<f32>(0, 2, 5, 3, none, none, &mut [], false);
        matmul_batched::<f32>(3, 0, 5, 3, none, Matrices::row_major(&[0.0; 45], 5, 3), &mut [], false);
    }

    #[test]
    #[should_panic(expected = "an operand is too short")]
    fn a_short_operand_is_refused() {
        let x = [0.0f32; 5];
        matmul_batched(
            1,
            2,
            3,
            1,
            Matrices::row_major(&x, 2, 3),
            Matrices::row_major(&x, 3, 1),
            &mut [0.0; 2],
            false,
        );
    }

    proptest! {
        #[test]
        fn any_product(
            batch in 1usize..5, m in 1usize..20, k in 1usize..40, n in 1usize..40, flags in any::<[bool; 5]>(),
        ) {
            check::<f32>(batch, (m, k, n), flags, 1e-6);
            check::<f64>(batch, (m, k, n), flags, 1e-14);
        }
    }
}
