//! A weight that every step multiplies by, laid out once for all of them.
//!
//! A product of a few rows with a matrix takes as long as it takes to read the matrix, column block by column
//! block. In a row-major matrix a block's rows lie a whole row apart, often a power of two: each on a page of its
//! own, and all of them in the same few sets of the cache. In a panel they follow one another.

use ndarray::{ArrayView2, ShapeBuilder};

use crate::Float;
use crate::kernels::copy::copy_strided;
use crate::kernels::parallel::{Shared, each};
use crate::kernels::product::{Matrices, matmul_batched, matmul_on_one_thread};
use crate::kernels::scratch::Scratch;

/// Columns of a panel: what the product's innermost loop holds in registers, or twice as many.
const COLUMNS: usize = 64;
/// Fewer steps than this do not repay laying the weight out anew.
const STEPS: usize = 4;
/// Multiplications of one product that are worth several threads.
const PARALLEL: usize = 1 << 19;

/// A k×n matrix on the right-hand side of products.
pub(super) struct Panels<'a, T: Float> {
    k: usize,
    n: usize,
    plain: Matrices<'a, T>,
    /// Column blocks one after the other, each row-major.
    packed: Option<Scratch<T>>,
}

impl<'a, T: Float> Panels<'a, T> {
    /// The matrix for so many steps.
    pub(super) fn new(steps: usize, plain: Matrices<'a, T>, k: usize, n: usize) -> Self {
        if steps < STEPS || k == 0 || n == 0 {
            return Self { k, n, plain, packed: None };
        }
        let mut packed = Scratch::new(k * n);
        let blocks = packed.chunks_mut(k * COLUMNS).enumerate();
        for (i, block) in blocks {
            let shape = (k, block.len() / k).strides((plain.row, plain.column));
            let from = &plain.data[i * COLUMNS * plain.column..];
            let view = ArrayView2::from_shape(shape, from).expect("a block of the matrix");
            copy_strided(view.into_dyn(), block);
        }
        Self { k, n, plain, packed: Some(packed) }
    }

    /// c ← a·b (+ c if `accumulate`) for an a of m×k, on the calling thread alone unless `threads`.
    pub(super) fn product(&self, threads: bool, m: usize, a: Matrices<T>, c: &mut [T], accumulate: bool) {
        let (k, n) = (self.k, self.n);
        let Some(packed) = &self.packed else {
            if threads {
                matmul_batched(1, m, k, n, a, self.plain, c, accumulate);
            } else {
                matmul_on_one_thread(m, k, n, a, self.plain, c, accumulate);
            }
            return;
        };
        assert_eq!(c.len(), m * n, "recurrent product: the output has another length");
        assert!(a.holds(1, m, k), "recurrent product: an operand is too short");
        if m == 0 {
            return;
        }
        let target = Shared::new(c);
        let block = |i: usize| {
            let columns = COLUMNS.min(n - i * COLUMNS);
            let b = &packed[i * COLUMNS * k..][..k * columns];
            // SAFETY: the operands have been checked, and a block of columns of c is this block's alone.
            unsafe {
                T::product(
                    m,
                    k,
                    columns,
                    a.data.as_ptr(),
                    (a.row as isize, a.column as isize),
                    b.as_ptr(),
                    (columns as isize, 1),
                    target.get().add(i * COLUMNS),
                    (n as isize, 1),
                    accumulate,
                    false,
                );
            }
        };
        let blocks = n.div_ceil(COLUMNS);
        if threads && m * k * n >= PARALLEL {
            each(blocks, (PARALLEL / 2 / (m * k * COLUMNS)).max(1), &block);
        } else {
            (0..blocks).for_each(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;

    #[test]
    fn panels_give_the_plain_product() {
        for (m, k, n) in [(1, 5, 3), (3, 64, 64), (16, 70, 130), (33, 128, 257), (2, 1, 65), (0, 3, 2)] {
            let waves =
                |n: usize| -> Vec<f64> { (0..n).map(|i| (i * 37 % 101) as f64 / 50.0 - 1.0).collect() };
            let (a, b) = (waves(m * k), waves(k * n));
            let a = Matrices::row_major(&a, m, k);
            for (turned, accumulate) in [(false, false), (true, true)] {
                let b = Matrices::row_major(&b, if turned { n } else { k }, if turned { k } else { n });
                let b = if turned { b.transposed() } else { b };
                let mut plain = waves(m * n);
                matmul_on_one_thread(m, k, n, a, b, &mut plain, accumulate);
                for threads in [false, true] {
                    let c = same_at_any_thread_count(|| {
                        let mut c = waves(m * n);
                        Panels::new(STEPS, b, k, n).product(threads, m, a, &mut c, accumulate);
                        c
                    });
                    assert!(c.iter().zip(&plain).all(|(c, p)| (c - p).abs() < 1e-12 * k as f64));
                }
            }
        }
    }
}
