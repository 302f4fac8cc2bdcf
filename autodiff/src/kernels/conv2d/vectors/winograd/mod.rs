//! Winograd's convolution: kernels of 3×3 with stride 1 in fewer multiplications than they have products.
//!
//! The outputs are cut into tiles of 4×4 (or 2×2), each with its window of 6×6 (4×4) source pixels. Windows and weights
//! are transformed (see [`scheme`]), multiplied element by element, summed over the source channels, and the sums
//! transformed to outputs: 36 products for what are 144 otherwise (16 for 36). The products of one element of the
//! transform over all tiles and channels are a matrix product, which the micro-kernel of direct correlation computes.
//! Channels lie in the lanes of vectors from the first transform to the last, so that these need no shuffles.
//!
//! In single precision the error of tiles of 2×2 is below that of a direct sum, that of 4×4 about twice it. A NaN or ∞
//! spreads over its whole tile; as it never vanishes there, the result tells, and is then computed directly.

mod gradient;
mod grid;
mod scheme;
mod weights;
mod windows;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) use self::gradient::weight_gradient;
use self::grid::Grid;
use self::scheme::{F2, F4, Scheme, both_ways};
use self::weights::{Panel, Weights};
use super::correlation::Correlation;
use super::panels::{padded_bias, vectors};
use crate::kernels::epilogue::Epilogue;
use crate::kernels::lanes::outer::{LANE_OFFSETS, Tile, kernel};
use crate::kernels::lanes::{LANES, Lanes, lanes_to_rows};
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, PIECES, SharedMut};

/// Elements of the transformed source that a task keeps in the second-level cache, beside its sums and their weights:
/// 256 KiB.
const CACHED: usize = 1 << 16;
/// Elements of transformed weights that it keeps there where it transforms them itself: 512 KiB.
const WEIGHTS: usize = 1 << 17;
/// Tiles of such a task, the transformed source of which is not its own.
const SHARED_TILES: usize = 112;
/// Elements of the transformed source of the tasks that share it: 16 MiB.
const TRANSFORMED: usize = 1 << 22;

/// What sums begin with, for a block of output channels.
const ZEROS: [f32; 2 * LANES] = [0.0; 2 * LANES];

/// The tiles into which outputs are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tiles {
    Two,
    Four,
}

/// The tiles with which a correlation takes least work, or none if a direct sum does; from its shape alone.
pub(super) fn tiles(c: &Correlation) -> Option<Tiles> {
    let three = (0..2).all(|axis| c.last[axis] - c.first[axis] == 2);
    let plain = c.step == [1, 1] && c.phases == [1, 1] && c.taps.len() == 1 && c.taps[0].len() == 9 && three;
    if !plain || c.sources < LANES || c.outputs < LANES {
        return None;
    }
    let [height, width] = c.output;
    // Products for each pair of channels. Transforming the source and the outputs counts as if there were some more
    // channels, transforming the weights or packing them as if there were some more tiles or pixels: measured.
    let direct = (9 * (c.images * height * width + 64)) as f64;
    let (sources, outputs) = (c.sources.next_multiple_of(LANES), c.outputs.next_multiple_of(LANES));
    let padded = (sources * outputs) as f64 / (c.sources * c.outputs) as f64;
    let transforms = 1.0 + 12.0 / sources as f64 + 12.0 / outputs as f64;
    let cost = |out: usize, weights: usize| {
        let tiles = c.images * height.div_ceil(out) * width.div_ceil(out);
        ((out + 2).pow(2) * (tiles + weights)) as f64 * padded * transforms
    };
    let (two, four) = (cost(2, 12), cost(4, 8));
    let (least, tiles) = if four <= two { (four, Tiles::Four) } else { (two, Tiles::Two) };
    (least < direct).then_some(tiles)
}

/// output ← the correlation of source with w (+ bias), finished, or false when some result is NaN or infinite.
pub(super) fn correlate<V: Lanes>(
    c: &Correlation,
    tiles: Tiles,
    source: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    epilogue: &Epilogue<'_, f32>,
    output: &mut [f32],
) -> bool {
    match tiles {
        Tiles::Two => with::<V, F2, 2, 4>(c, source, w, bias, epilogue, output),
        Tiles::Four => with::<V, F4, 4, 6>(c, source, w, bias, epilogue, output),
    }
}

fn with<V: Lanes, S: Scheme<OUT, SIZE>, const OUT: usize, const SIZE: usize>(
    c: &Correlation,
    source: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    epilogue: &Epilogue<'_, f32>,
    output: &mut [f32],
) -> bool {
    let grid = Grid::<OUT, SIZE>::new(c);
    let rows = grid.images * grid.high;
    let tiles = CACHED / (SIZE * SIZE * grid.sources);
    let cached = grid.runs_of(tiles);
    let finite = AtomicBool::new(true);
    let output = SharedMut::new(output);
    let blocks = c.outputs.div_ceil(V::BLOCK);
    let job =
        Job::<OUT, SIZE> { c, grid, blocks, bias: padded_bias::<V>(c, bias), epilogue, output: &output };
    // Either a task transforms its part of the source and uses it for all output channels, or, where that would make
    // too few tasks or leave them few tiles, all is transformed first. If the weights of a block are for one task then,
    // it transforms them itself, some at a time: there are many, and so they are written to no memory.
    if tiles >= V::PIXELS && rows.div_ceil(cached) * c.groups >= PIECES {
        let weights = Weights::new::<V, S, OUT, SIZE>(c, w);
        let runs = rows.div_ceil(cached);
        tasks::run(runs * c.groups, c.operations, |task| {
            let (run, group) = (task % runs, task / runs);
            let own = run * cached..((run + 1) * cached).min(rows);
            let mut v = Scratch::<f32>::new(grid.transformed(own.len()));
            let mut sums = Scratch::<f32>::new(grid.sums::<V>(own.len()));
            // SAFETY: the processor has the extension or this module would not run; the buffers have the lengths of the
            // grid, and the task has its tile rows of its group's output planes to itself.
            unsafe {
                grid.source::<V, S>(
                    c,
                    source,
                    group,
                    own.clone(),
                    own.clone(),
                    0..grid.sources / LANES,
                    v.as_mut_ptr(),
                );
                for block in 0..blocks {
                    job.multiply::<V>(
                        block,
                        own.len(),
                        v.as_ptr(),
                        &weights.panel(group, block),
                        sums.as_mut_ptr(),
                    );
                    if !job.outputs::<V, S>(group, block, own.clone(), sums.as_ptr()) {
                        finite.store(false, Ordering::Relaxed);
                    }
                }
            }
        });
    } else {
        let wanted = PIECES.div_ceil(c.groups * blocks);
        let own_rows = grid.runs_of(SHARED_TILES).min(rows.div_ceil(wanted));
        let (runs, channels) = (rows.div_ceil(own_rows), grid.sources / LANES);
        let own = |run: usize| run * own_rows..((run + 1) * own_rows).min(rows);
        let len = grid.transformed(own_rows);
        let weights = (runs > 1).then(|| Weights::new::<V, S, OUT, SIZE>(c, w));
        let some = (WEIGHTS / (SIZE * SIZE * V::BLOCK * LANES)).clamp(1, channels);
        // Some runs at a time, so that large pictures take no more memory.
        let at_once = (TRANSFORMED / (c.groups * len)).clamp(1, runs);
        let mut shared = Scratch::<f32>::new(c.groups * at_once * len);
        for start in (0..runs).step_by(at_once) {
            let runs = at_once.min(runs - start);
            let own = |run: usize| own(start + run);
            {
                let parts = SharedMut::new(&mut shared);
                tasks::run(c.groups * runs * channels, 16 * c.groups * runs * len, |task| {
                    let (channel, rest) = (task % channels, task / channels);
                    let (run, group) = (rest % runs, rest / runs);
                    // SAFETY: as above; each task has its own channels of a part.
                    unsafe {
                        let v = parts.pointer().add(rest * len);
                        grid.source::<V, S>(c, source, group, own(run), own(run), channel..channel + 1, v);
                    }
                });
            }
            tasks::run(c.groups * runs * blocks, c.operations, |task| {
                let (run, rest) = (task % runs, task / runs);
                let (block, group) = (rest % blocks, rest / blocks);
                let own = own(run);
                let mut sums = Scratch::<f32>::new(grid.sums::<V>(own.len()));
                let v = shared[(group * runs + run) * len..][..len].as_ptr();
                // SAFETY: as above; the task has its block of output channels of these rows to itself.
                unsafe {
                    if let Some(weights) = &weights {
                        job.multiply::<V>(
                            block,
                            own.len(),
                            v,
                            &weights.panel(group, block),
                            sums.as_mut_ptr(),
                        );
                    } else {
                        let mut panel = Scratch::<f32>::new(weights::panel_len::<V, OUT, SIZE>(some));
                        for first in (0..channels).step_by(some) {
                            let some = first..(first + some).min(channels);
                            let panel =
                                weights::panel::<V, S, OUT, SIZE>(c, w, group, block, some, &mut panel);
                            job.multiply::<V>(block, own.len(), v, &panel, sums.as_mut_ptr());
                        }
                    }
                    if !job.outputs::<V, S>(group, block, own, sums.as_ptr()) {
                        finite.store(false, Ordering::Relaxed);
                    }
                }
            });
        }
    }
    finite.into_inner()
}

struct Job<'a, const OUT: usize, const SIZE: usize> {
    c: &'a Correlation,
    grid: Grid<OUT, SIZE>,
    /// Blocks of output channels of a group.
    blocks: usize,
    /// Of each group, padded to whole blocks.
    bias: Scratch<f32>,
    epilogue: &'a Epilogue<'a, f32>,
    output: &'a SharedMut<'a, f32>,
}

impl<const OUT: usize, const SIZE: usize> Job<'_, OUT, SIZE> {
    /// Sums the products of a run over the source channels of a panel, onto what is there if these are not the first.
    ///
    /// # Safety
    /// The processor has the extension, `v` and `sums` have the lengths of a run of so many tile rows, and the panel is one
    /// of the block's.
    unsafe fn multiply<V: Lanes>(
        &self,
        block: usize,
        rows: usize,
        v: *const f32,
        panel: &Panel<'_>,
        sums: *mut f32,
    ) {
        let grid = &self.grid;
        let vectors = vectors::<V>(self.c.outputs, block * V::BLOCK);
        let tiles = rows * grid.wide;
        let parts = tiles.div_ceil(V::PIXELS);
        for element in 0..SIZE * SIZE {
            // SAFETY: each element of the transforms has its tiles and channels in `v`, and its tiles in `sums`.
            unsafe {
                let v = v.add(element * grid.plane(rows) + panel.channels.start * tiles * LANES);
                let sums = sums.add(element * grid.sums_plane::<V>(rows));
                let weights = &panel.weights[element * panel.plane..][..panel.plane];
                let more = panel.channels.start > 0;
                for part in 0..parts {
                    let own = part * tiles / parts..(part + 1) * tiles / parts;
                    let sums = sums.add(own.start * vectors * LANES);
                    let tile = Tile {
                        source: v.add(own.start * LANES),
                        row: 0,
                        channel: tiles * LANES,
                        channels: panel.channels.len(),
                        taps: LANE_OFFSETS.as_ptr(),
                        tap_count: LANES,
                        weights: weights.as_ptr(),
                        skipped: 0,
                        first: if more { sums } else { ZEROS.as_ptr() },
                        first_step: if more { vectors * LANES } else { 0 },
                        output: sums,
                        plane: 0,
                    };
                    kernel::<V, LANES>(1, own.len(), vectors)(&tile, sums);
                }
            }
        }
    }

    /// Transforms the sums of the tile rows `rows` to outputs, tells whether all are finite, and finishes them.
    ///
    /// # Safety
    /// The processor has the extension, `sums` has the length of the run's, and nothing else uses these outputs.
    unsafe fn outputs<V: Lanes, S: Scheme<OUT, SIZE>>(
        &self,
        group: usize,
        block: usize,
        rows: Range<usize>,
        sums: *const f32,
    ) -> bool {
        let (c, grid) = (self.c, &self.grid);
        let [height, width] = c.output;
        let plane = grid.sums_plane::<V>(rows.len());
        let start = block * V::BLOCK;
        let vectors = vectors::<V>(c.outputs, start);
        let line = grid.wide * OUT * LANES;
        let mut pixels = Scratch::<f32>::new(OUT * line);
        let bias = &self.bias[(group * self.blocks + block) * V::BLOCK..][..V::BLOCK];
        // SAFETY: the processor has the extension, the sums of the run lie in `sums`, the pixels of a tile row in `pixels`,
        // and the task has the outputs of these rows and channels to itself.
        let finite = unsafe {
            let (pixels, rows) = (pixels.as_mut_ptr(), rows.clone());
            V::run(
                #[inline(always)]
                move || {
                    // Products of 0 and the outputs add up to 0 if these are all finite, to NaN otherwise.
                    let mut zeros = V::zero();
                    for (i, row) in rows.clone().enumerate() {
                        let (image, top) = (row / grid.high, row % grid.high * OUT);
                        for v in 0..vectors {
                            let bias = V::load(bias.as_ptr().add(v * LANES));
                            for tile in 0..grid.wide {
                                let from = sums.add((i * grid.wide + tile) * vectors * LANES + v * LANES);
                                let mut m = [[V::zero(); SIZE]; SIZE];
                                for (at, m) in m.as_flattened_mut().iter_mut().enumerate() {
                                    *m = V::load(from.add(at * plane));
                                }
                                for (r, row) in both_ways(
                                    m,
                                    #[inline(always)]
                                    |x| S::outputs(x),
                                )
                                .iter()
                                .enumerate()
                                {
                                    for (s, &y) in row.iter().enumerate() {
                                        let y = y + bias;
                                        zeros = zeros.plus_scaled(0.0, y);
                                        y.store(pixels.add(r * line + (tile * OUT + s) * LANES));
                                    }
                                }
                            }
                            let first = start + v * LANES;
                            let channels = (c.outputs - first).min(LANES);
                            let at = ((image * c.groups + group) * c.outputs + first) * height;
                            for r in 0..OUT.min(height - top) {
                                let to = self.output.pointer().add((at + top + r) * width);
                                let from = pixels.add(r * line);
                                lanes_to_rows::<V>(from, LANES, width, channels, to, height * width);
                            }
                        }
                    }
                    zeros.sum() == 0.0
                },
            )
        };
        let mut row = rows.start;
        while row < rows.end {
            let image = row / grid.high;
            let end = rows.end.min((image + 1) * grid.high);
            let (top, bottom) = (row % grid.high * OUT, ((end - image * grid.high) * OUT).min(height));
            for k in group * c.outputs + start..group * c.outputs + c.outputs.min(start + V::BLOCK) {
                let at = ((image * c.groups * c.outputs + k) * height + top) * width;
                // SAFETY: as above.
                let z = unsafe { self.output.part(at, (bottom - top) * width) };
                self.epilogue.finish(k, at, z);
            }
            row = end;
        }
        finite
    }
}
