//! Products of rows, c = a·bᵀ for row-major a and b, as in each linear layer: with the micro-kernel of convolution.
//!
//! gemm would copy the side whose elements it has in vectors, b, into panels, across the sums and so element by element.
//! Here sixteen rows of b at a time are turned in registers; and a panel is made where it is used, while it is in the
//! cache, by each task for its own columns of c.

use std::any::TypeId;
use std::ops::Range;

use super::lanes::outer::{LANE_OFFSETS, Tile, kernel};
use super::lanes::{Extension, LANES, Lanes, rows_to_lanes, with_lanes};
use super::parallel::{Shared, Source};
use super::scratch::Scratch;
use super::tasks::{self, PIECES};
use crate::Float;

/// Rows of a that are laid out at once.
const SLAB: usize = 512;
/// Terms of a panel: with two vectors of columns 128 KiB, beside some tiles of rows of a.
const DEPTH: usize = 1024;
/// Rows of a below which a panel is not repaid.
const FEWEST: usize = 32;
/// Elements of b up to which it stays in the second-level cache, and is copied there as quickly: measured.
const CACHED: usize = 1 << 18;

/// c ← a·bᵀ (+ c if `accumulate`) for m×k a, n×k b and m×n c, with their rows so far apart: false if it is left to others,
/// by its shape and type.
///
/// # Safety
/// Every element can be read (a, b) or written (c), and c does not overlap a or b.
pub(super) unsafe fn product<T: Float>(
    [m, k, n]: [usize; 3],
    (a, a_row): (*const T, isize),
    (b, b_row): (*const T, isize),
    (c, c_row): (*mut T, isize),
    accumulate: bool,
    parallel: bool,
) -> bool {
    let rows = [a_row, b_row, c_row].map(usize::try_from);
    let (Some(extension), [Ok(a_row), Ok(b_row), Ok(c_row)]) = (Extension::available().next(), rows) else {
        return false;
    };
    if TypeId::of::<T>() != TypeId::of::<f32>() || k == 0 || m < FEWEST || n < 2 * LANES || n * k <= CACHED {
        return false;
    }
    let job = Job {
        k,
        n,
        a: (Source::new(a.cast()), a_row),
        b: (Source::new(b.cast()), b_row),
        c: (Shared::from_pointer(c.cast()), c_row),
        accumulate,
        parallel,
    };
    // SAFETY: the processor has the extension, and the caller vouches for the elements, which are f32.
    with_lanes!(extension, V => unsafe { job.run_all::<V>(m) });
    true
}

/// A matrix that is read: its first element, and elements from one row to the next.
type Rows = (Source<f32>, usize);

/// Rows of a that go through the micro-kernel together.
struct RowTile {
    /// Where they are laid out.
    packed: *const f32,
    /// Their numbers.
    rows: Range<usize>,
}

struct Job {
    k: usize,
    n: usize,
    a: Rows,
    b: Rows,
    c: (Shared<f32>, usize),
    accumulate: bool,
    parallel: bool,
}

impl Job {
    fn run(&self, count: usize, operations: usize, task: impl Fn(usize) + Send + Sync) {
        if self.parallel {
            tasks::run(count, operations, task);
        } else {
            (0..count).for_each(task);
        }
    }

    /// Computes `m` rows of c.
    ///
    /// # Safety
    /// The processor has the extension, and all elements are there.
    unsafe fn run_all<V: Lanes>(&self, m: usize) {
        // Of about equal size.
        let slabs = m.div_ceil(SLAB);
        for i in 0..slabs {
            let rows = i * m / slabs..(i + 1) * m / slabs;
            // SAFETY: the caller vouches for all.
            unsafe { self.slab::<V>(rows.start, rows.len()) };
        }
    }

    /// Computes `rows` rows of c from row `top` on.
    ///
    /// # Safety
    /// The processor has the extension, and all elements are there.
    unsafe fn slab<V: Lanes>(&self, top: usize, rows: usize) {
        let padded = self.k.next_multiple_of(LANES);
        let tiles = rows.div_ceil(V::PIXELS);
        let own = |tile: usize| tile * rows / tiles..(tile + 1) * rows / tiles;
        let mut packed = Scratch::<f32>::new(rows * padded);
        {
            let packed = Shared::new(&mut packed);
            self.run(tiles, 4 * rows * padded, |tile| {
                let own = own(tile);
                // SAFETY: each tile has its own rows.
                unsafe { self.pack(top + own.start, packed.slice(own.start * padded, own.len() * padded)) };
            });
        }
        let packed = &packed[..];
        let blocks = self.n.div_ceil(V::BLOCK);
        // Where there are few columns, some tiles make a task: each lays the panel out for itself.
        let cuts = PIECES.div_ceil(blocks).min(rows / FEWEST).max(1);
        self.run(blocks * cuts, 2 * rows * self.k * self.n, |task| {
            let (block, cut) = (task % blocks, task / blocks);
            let tiles = cut * tiles / cuts..(cut + 1) * tiles / cuts;
            // SAFETY: the caller vouches for the processor and the elements; each task has these columns of its rows to
            // itself.
            unsafe {
                let tiles = tiles.map(own).map(|own| RowTile {
                    packed: packed[own.start * padded..].as_ptr(),
                    rows: top + own.start..top + own.end,
                });
                self.block::<V>(block * V::BLOCK, &tiles.collect::<Vec<_>>());
            }
        });
    }

    /// Lays rows of a out as `[k/16][rows][16]`, with zeros behind the last term.
    ///
    /// # Safety
    /// The rows are there.
    unsafe fn pack(&self, first: usize, to: &mut [f32]) {
        let rows = to.len() / self.k.next_multiple_of(LANES);
        for (i, chunk) in to.chunks_exact_mut(rows * LANES).enumerate() {
            let terms = LANES.min(self.k - i * LANES);
            for (row, to) in chunk.chunks_exact_mut(LANES).enumerate() {
                // SAFETY: the terms lie in the row.
                unsafe {
                    let from = self.a.0.get().add((first + row) * self.a.1 + i * LANES);
                    if terms == LANES {
                        std::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), LANES);
                    } else {
                        std::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), terms);
                        to[terms..].fill(0.0);
                    }
                }
            }
        }
    }

    /// Computes the columns from `start` on, one or two vectors of them, for some tiles.
    ///
    /// # Safety
    /// As for [`Job::slab`]; nothing else uses these elements of c.
    unsafe fn block<V: Lanes>(&self, start: usize, tiles: &[RowTile]) {
        let columns = V::BLOCK.min(self.n - start);
        let vectors = columns.div_ceil(LANES);
        let size = vectors * LANES;
        let rows: usize = tiles.iter().map(|tile| tile.rows.len()).sum();
        let mut sums = Scratch::<f32>::new(rows * size);
        let mut panel = Scratch::<f32>::new(self.k.min(DEPTH).next_multiple_of(LANES) * size);
        // SAFETY: the caller vouches for the row.
        let of_c = |row: usize| unsafe { self.c.0.slice(row * self.c.1 + start, columns) };
        sums.fill(0.0);
        let of_tiles = tiles.iter().flat_map(|tile| tile.rows.clone());
        if self.accumulate {
            for (sums, row) in sums.chunks_exact_mut(size).zip(of_tiles.clone()) {
                sums[..columns].copy_from_slice(of_c(row));
            }
        }
        for from in (0..self.k).step_by(DEPTH) {
            let terms = DEPTH.min(self.k - from);
            let padded = terms.next_multiple_of(LANES);
            // SAFETY: the caller vouches for the processor and b, the panel has a row of vectors for each term, and the
            // sums a row for each row.
            unsafe {
                for v in 0..vectors {
                    let (first, rows) = (start + v * LANES, LANES.min(columns - v * LANES));
                    let b = self.b.0.get().add(first * self.b.1 + from);
                    rows_to_lanes::<V>(b, self.b.1, rows, terms, panel[v * LANES..].as_mut_ptr(), size);
                }
                panel[terms * size..padded * size].fill(0.0);
                let mut done = 0;
                for RowTile { packed, rows } in tiles {
                    let rows = rows.len();
                    let sums = sums[done * size..].as_mut_ptr();
                    let tile = Tile {
                        source: packed.add(from * rows),
                        row: 0,
                        channel: rows * LANES,
                        channels: padded / LANES,
                        taps: LANE_OFFSETS.as_ptr(),
                        tap_count: LANES,
                        weights: panel.as_ptr(),
                        skipped: 0,
                        first: sums,
                        first_step: size,
                        output: sums,
                        plane: 0,
                    };
                    kernel::<V, LANES>(1, rows, vectors)(&tile, sums);
                    done += rows;
                }
            }
        }
        for (sums, row) in sums.chunks_exact(size).zip(of_tiles) {
            of_c(row).copy_from_slice(&sums[..columns]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;

    fn ramp(n: usize, step: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * step + 7) % 257) as f32 / 128.0 - 1.0).collect()
    }

    fn sizes() -> impl Strategy<Value = [usize; 3]> {
        let small = (1usize..70, 1usize..80, 1usize..90).prop_map(|(m, k, n)| [m, k, n]);
        // Several slabs of a, and several panels of terms.
        prop_oneof![8 => small, 1 => Just([SLAB + 3, 5, 33]), 1 => Just([15, 2 * DEPTH + 17, 40])]
    }

    proptest! {
        #[test]
        fn products_follow_the_formula(
            [m, k, n] in sizes(),
            more in [0usize..4, 0usize..4, 0usize..4],
            accumulate: bool,
        ) {
            let [a_row, b_row, c_row] = [k + more[0], k + more[1], n + more[2]];
            let (a, b, c) = (ramp(m * a_row, 11), ramp(n * b_row, 5), ramp(m * c_row, 3));
            let product = |extension: Extension| {
                let mut c = c.clone();
                let (a, b) = ((Source::new(a.as_ptr()), a_row), (Source::new(b.as_ptr()), b_row));
                let job = Job { k, n, a, b, c: (Shared::new(&mut c), c_row), accumulate, parallel: true };
                // SAFETY: the processor has the extension, and all have the lengths.
                with_lanes!(extension, V => unsafe { job.run_all::<V>(m) });
                c
            };
            for extension in Extension::available() {
                let found = same_at_any_thread_count(|| product(extension));
                for (at, (&found, &before)) in found.iter().zip(&c).enumerate() {
                    let (i, j) = (at / c_row, at % c_row);
                    if j >= n {
                        prop_assert_eq!(found, before);
                        continue;
                    }
                    let terms = (0..k).map(|l| f64::from(a[i * a_row + l]) * f64::from(b[j * b_row + l]));
                    let exact = terms.sum::<f64>() + if accumulate { f64::from(before) } else { 0.0 };
                    prop_assert!((f64::from(found) - exact).abs() < 1e-6 * (k + 2) as f64, "{found} for {exact}");
                }
            }
        }
    }
}
