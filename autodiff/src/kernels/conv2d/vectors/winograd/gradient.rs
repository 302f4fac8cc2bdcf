//! The weight gradient: dw = Gᵀ[Σ (A dy Aᵀ) ⊙ (Bᵀ d B)]G, the sum over all tiles.

use std::ops::Range;

use super::super::correlation::Correlation;
use super::super::panels::vectors;
use super::Tiles;
use super::ZEROS;
use super::grid::Grid;
use super::scheme::{F2, F4, Scheme, TAPS, both_ways};
use super::windows::Windows;
use crate::kernels::lanes::outer::{Tile, kernel};
use crate::kernels::lanes::{LANES, Lanes, lanes_to_rows};
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, PIECES, SharedMut};

/// Elements of the transforms of some tile rows, which are made and summed before those of the next ones: 8 MiB.
const CHUNK: usize = 1 << 21;
/// Vectors of source channels whose sums are finished at once: for a block of 32 output channels,
/// 300 KiB.
const FINISHED: usize = 4;

/// dw ← the weight gradient, of which a NaN or ∞ may have spread; `c` is the forward pass, its source x and its output
/// dy.
pub(in super::super) fn weight_gradient<V: Lanes>(
    c: &Correlation,
    tiles: Tiles,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    match tiles {
        Tiles::Two => with::<V, F2, 2, 4>(c, x, dy, dw),
        Tiles::Four => with::<V, F4, 4, 6>(c, x, dy, dw),
    }
}

fn with<V: Lanes, S: Scheme<OUT, SIZE>, const OUT: usize, const SIZE: usize>(
    c: &Correlation,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    let elements = SIZE * SIZE;
    let job = Job::<OUT, SIZE> { c, grid: Grid::new(c), blocks: c.outputs.div_ceil(V::BLOCK) };
    let grid = &job.grid;
    let (source_parts, output_parts) = (grid.sources / LANES, c.outputs.div_ceil(LANES));
    let rows = grid.images * grid.high;
    let of_row = elements * (grid.sources + job.blocks * V::BLOCK) * grid.wide;
    let chunk = rows.div_ceil(rows.div_ceil((CHUNK / of_row).max(1)));
    let mut v = Scratch::new(grid.transformed(chunk));
    let mut d = Scratch::new(elements * job.plane::<V>(chunk));
    // Where there is one run, and channels for many tasks, each task finishes what it has summed while it is in the
    // second-level cache.
    let source_runs = source_parts.div_ceil(FINISHED);
    let at_once = chunk == rows && source_runs * job.blocks >= PIECES;
    let mut sums = Scratch::new(if at_once { 0 } else { elements * job.sums_plane::<V>() });
    for group in 0..c.groups {
        for start in (0..rows).step_by(chunk) {
            let run = start..(start + chunk).min(rows);
            let work = c.operations / c.groups / rows * run.len();
            {
                let (v, d) = (SharedMut::new(&mut v), SharedMut::new(&mut d));
                // A task transforms sixteen channels of as many tile rows as an image has.
                let parts = source_parts + output_parts;
                tasks::run(parts * run.len().div_ceil(grid.high), work, |task| {
                    let (part, first) = (task % parts, run.start + task / parts * grid.high);
                    let own = first..(first + grid.high).min(run.end);
                    // SAFETY: the processor has the extension or this module would not run; each task has its channels of
                    // its rows to itself.
                    unsafe {
                        if let Some(part) = part.checked_sub(source_parts) {
                            job.gradients::<V, S>(dy, group, run.clone(), own, part, d.pointer());
                        } else {
                            grid.source::<V, S>(c, x, group, run.clone(), own, part..part + 1, v.pointer());
                        }
                    }
                });
            }
            if at_once {
                let dw = SharedMut::new(dw);
                tasks::run(source_runs * job.blocks, work, |task| {
                    let (source_run, block) = (task % source_runs, task / source_runs);
                    let parts = source_run * FINISHED..((source_run + 1) * FINISHED).min(source_parts);
                    let plane = parts.len() * LANES * V::BLOCK + Grid::<OUT, SIZE>::APART;
                    let mut sums = Scratch::new(elements * plane);
                    let sums = Sums { start: sums.as_mut_ptr(), plane, parts };
                    for element in 0..elements {
                        // SAFETY: the processor has the extension or this module would not run, the transforms are those of
                        // the run, and the sums are the task's.
                        unsafe { job.multiply::<V>(&v, &d, run.len(), element, block, false, &sums) };
                    }
                    // SAFETY: as above, and each task has its channels of dw to itself.
                    unsafe { job.taps::<V, S>(&sums, group, block, dw.pointer()) };
                });
                continue;
            }
            let shared = SharedMut::new(&mut sums);
            tasks::run(elements * job.blocks, work, |task| {
                let (block, element) = (task % job.blocks, task / job.blocks);
                let sums = job.sums::<V>(shared.pointer(), block, 0..source_parts);
                // SAFETY: as above; the task has its block of an element's sums to itself.
                unsafe { job.multiply::<V>(&v, &d, run.len(), element, block, start > 0, &sums) };
            });
        }
        if at_once {
            continue;
        }
        let operations = 8 * sums.len();
        let (dw, shared) = (SharedMut::new(dw), SharedMut::new(&mut sums));
        tasks::run(source_parts * job.blocks, operations, |task| {
            let (part, block) = (task % source_parts, task / source_parts);
            let sums = job.sums::<V>(shared.pointer(), block, part..part + 1);
            // SAFETY: as above; each task has its channels of dw to itself.
            unsafe { job.taps::<V, S>(&sums, group, block, dw.pointer()) };
        });
    }
}

/// The transformed dw of a block of output channels and some vectors of source channels, `[elements][source
/// channels][16 or 32]`.
struct Sums {
    start: *mut f32,
    /// Elements from one element of the transform to the next.
    plane: usize,
    parts: Range<usize>,
}

struct Job<'a, const OUT: usize, const SIZE: usize> {
    c: &'a Correlation,
    grid: Grid<OUT, SIZE>,
    /// Blocks of output channels.
    blocks: usize,
}

impl<const OUT: usize, const SIZE: usize> Job<'_, OUT, SIZE> {
    /// Elements from one element of the transformed dy of a run to the next; `[blocks][tiles][16 or 32]` each.
    fn plane<V: Lanes>(&self, rows: usize) -> usize {
        self.blocks * rows * self.grid.wide * V::BLOCK + Grid::<OUT, SIZE>::APART
    }

    /// Elements from one element of the transformed dw to the next; `[blocks][source channels][16 or 32]` each.
    fn sums_plane<V: Lanes>(&self) -> usize {
        self.blocks * self.grid.sources * V::BLOCK + Grid::<OUT, SIZE>::APART
    }

    /// The sums of a block and some vectors of source channels among all.
    fn sums<V: Lanes>(&self, all: *mut f32, block: usize, parts: Range<usize>) -> Sums {
        let start = block * self.grid.sources * V::BLOCK + parts.start * LANES * self.size::<V>(block);
        Sums { start: all.wrapping_add(start), plane: self.sums_plane::<V>(), parts }
    }

    /// Output channels in the vectors of a block.
    fn size<V: Lanes>(&self, block: usize) -> usize {
        vectors::<V>(self.c.outputs, block * V::BLOCK) * LANES
    }

    /// Transforms dy in the tile rows `own` of a run, for one vector of output channels.
    ///
    /// # Safety
    /// The processor has the extension, and `to` has the length of the run's transformed dy, of which nothing else uses
    /// these rows and channels.
    unsafe fn gradients<V: Lanes, S: Scheme<OUT, SIZE>>(
        &self,
        dy: &[f32],
        group: usize,
        run: Range<usize>,
        own: Range<usize>,
        part: usize,
        to: *mut f32,
    ) {
        let (c, grid) = (self.c, &self.grid);
        let pixels = c.output[0] * c.output[1];
        let windows = Windows::<OUT, OUT> { size: c.output, first: [0, 0], wide: grid.wide };
        let mut slab = Scratch::new(windows.len());
        let first = part * LANES;
        let channels = (c.outputs - first).min(LANES);
        let block = first / V::BLOCK;
        let (size, plane, tiles) = (self.size::<V>(block), self.plane::<V>(run.len()), run.len() * grid.wide);
        for row in own {
            let from = ((row / grid.high * c.groups + group) * c.outputs + first) * pixels;
            // SAFETY: the processor has the extension, and the transforms of these tiles lie in `to`.
            unsafe {
                windows.fill::<V>(
                    &dy[from..][..channels * pixels],
                    channels,
                    row % grid.high,
                    false,
                    &mut slab,
                );
                let to = to
                    .add(block * tiles * V::BLOCK + (row - run.start) * grid.wide * size + first % V::BLOCK);
                let (windows, slab) = (&windows, &slab[..]);
                V::run(
                    #[inline(always)]
                    move || {
                        for tile in 0..grid.wide {
                            let d = both_ways(
                                windows.at::<V>(slab, tile),
                                #[inline(always)]
                                |x| S::gradients(x),
                            );
                            for (i, &x) in d.as_flattened().iter().enumerate() {
                                x.store(to.add(i * plane + tile * size));
                            }
                        }
                    },
                );
            }
        }
    }

    /// Sums the products of a run of `rows` tile rows for one element and block, onto what is there if `more`.
    ///
    /// # Safety
    /// The processor has the extension, and all have the lengths of the run.
    #[allow(clippy::too_many_arguments)]
    unsafe fn multiply<V: Lanes>(
        &self,
        v: &[f32],
        d: &[f32],
        rows: usize,
        element: usize,
        block: usize,
        more: bool,
        sums: &Sums,
    ) {
        let grid = &self.grid;
        let (size, tiles) = (self.size::<V>(block), rows * grid.wide);
        let v = &v[element * grid.plane(rows)..];
        let d = &d[element * self.plane::<V>(rows) + block * tiles * V::BLOCK..];
        // Source channels of a tile of sums: a divisor of sixteen.
        let channels = if V::WIDE { 8 } else { 4 };
        let kernel = kernel::<V, 1>(1, channels, size / LANES);
        let first = sums.parts.start * LANES;
        for channel in (first..sums.parts.end * LANES).step_by(channels) {
            // SAFETY: these are channels of the transforms of all tiles, and of the sums.
            unsafe {
                let sums = sums.start.add(element * sums.plane + (channel - first) * size);
                let tile = Tile {
                    source: v[channel / LANES * tiles * LANES + channel % LANES..].as_ptr(),
                    row: 0,
                    channel: LANES,
                    channels: tiles,
                    taps: [0].as_ptr(),
                    tap_count: 1,
                    weights: d.as_ptr(),
                    skipped: 0,
                    first: if more { sums } else { ZEROS.as_ptr() },
                    first_step: if more { size } else { 0 },
                    output: sums,
                    plane: 0,
                };
                kernel(&tile, sums);
            }
        }
    }

    /// Transforms sums to the taps of dw.
    ///
    /// # Safety
    /// The processor has the extension, the sums are those of the block, and nothing else uses these elements of `dw`.
    unsafe fn taps<V: Lanes, S: Scheme<OUT, SIZE>>(
        &self,
        sums: &Sums,
        group: usize,
        block: usize,
        dw: *mut f32,
    ) {
        let c = self.c;
        let size = self.size::<V>(block);
        let mut lines = [0.0; LANES * TAPS * LANES];
        for (n, part) in sums.parts.clone().enumerate() {
            for start in (0..size).step_by(LANES) {
                let (first, output) = (part * LANES, block * V::BLOCK + start);
                let (sources, outputs) = ((c.sources - first).min(LANES), (c.outputs - output).min(LANES));
                // SAFETY: the sums have a row for each source channel of the block, and dw a row of taps for each pair
                // of channels.
                unsafe {
                    let all = &mut lines;
                    V::run(
                        #[inline(always)]
                        || {
                            for i in 0..sources {
                                let from = sums.start.add((n * LANES + i) * size + start);
                                let mut u = [[V::zero(); SIZE]; SIZE];
                                for (at, u) in u.as_flattened_mut().iter_mut().enumerate() {
                                    *u = V::load(from.add(at * sums.plane));
                                }
                                for (t, &x) in both_ways(
                                    u,
                                    #[inline(always)]
                                    |x| S::taps(x),
                                )
                                .as_flattened()
                                .iter()
                                .enumerate()
                                {
                                    x.store(all[(i * TAPS + t) * LANES..].as_mut_ptr());
                                }
                            }
                        },
                    );
                    let to = dw.add(((group * c.outputs + output) * c.sources + first) * TAPS);
                    lanes_to_rows::<V>(lines.as_ptr(), LANES, sources * TAPS, outputs, to, c.sources * TAPS);
                }
            }
        }
    }
}
