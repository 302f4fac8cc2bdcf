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
use self::scheme::{F2, F4, Lanes, Scheme, both_ways};
use self::weights::Weights;
use super::correlation::Correlation;
use super::lanes::{LANES, lanes_to_rows};
use super::outer::{PIXELS, Tile, kernel};
use super::panels::{BLOCK, vectors};
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, PIECES, SharedMut};

/// Elements of the transformed source that a task keeps in the second-level cache, beside its sums and their weights:
/// 256 KiB.
const CACHED: usize = 1 << 16;
/// Elements of transformed weights that a task may read anew for few tiles, from the third-level cache: 12 MiB.
const WEIGHTS: usize = 3 << 20;
/// Tiles of a task whose weights are more, or whose transformed source is not its own.
const SHARED_TILES: usize = 112;

/// Where the lanes of sixteen channels begin, as the taps of the micro-kernel.
const LANE_OFFSETS: [usize; LANES] = {
    let mut offsets = [0; LANES];
    let mut i = 0;
    while i < LANES {
        offsets[i] = i;
        i += 1;
    }
    offsets
};

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
    let direct = (9 * c.images * height * width) as f64;
    // Products for each pair of channels; those of the transforms count as if there were some more channels, and
    // writing and reading the transformed weights as if there were some more tiles.
    let (sources, outputs) = (c.sources.next_multiple_of(LANES), c.outputs.next_multiple_of(LANES));
    let padded = (sources * outputs) as f64 / (c.sources * outputs) as f64;
    let transforms = 1.0 + 12.0 / sources as f64 + 12.0 / outputs as f64;
    let cost = |out: usize| {
        let tiles = c.images * height.div_ceil(out) * width.div_ceil(out);
        ((out + 2).pow(2) * (tiles + 40)) as f64 * padded * transforms
    };
    let (two, four) = (cost(2), cost(4));
    let (least, tiles) = if four <= two { (four, Tiles::Four) } else { (two, Tiles::Two) };
    (least < direct).then_some(tiles)
}

/// output ← the correlation of source with w (+ bias), or false when some result is NaN or infinite.
pub(super) fn correlate(
    c: &Correlation,
    tiles: Tiles,
    source: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) -> bool {
    match tiles {
        Tiles::Two => with::<F2, 2, 4>(c, source, w, bias, output),
        Tiles::Four => with::<F4, 4, 6>(c, source, w, bias, output),
    }
}

fn with<S: Scheme<OUT, SIZE>, const OUT: usize, const SIZE: usize>(
    c: &Correlation,
    source: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    output: &mut [f32],
) -> bool {
    let weights = Weights::new::<S, OUT, SIZE>(c, w, bias);
    let grid = Grid::<OUT, SIZE>::new(c);
    let many_weights = weights.group_len() > WEIGHTS;
    let tiles = if many_weights { SHARED_TILES } else { CACHED / (SIZE * SIZE * grid.sources) };
    let cached = grid.runs_of(tiles);
    let rows = grid.images * grid.high;
    let finite = AtomicBool::new(true);
    let output = SharedMut::new(output);
    let job = Job::<OUT, SIZE> { c, grid, weights: &weights, output: &output };
    // Either a task transforms its part of the source and uses it for all output channels, or, where that would make
    // too few tasks, all is transformed first: it is not much then.
    if rows.div_ceil(cached) * c.groups >= PIECES {
        let runs = rows.div_ceil(cached);
        tasks::run(runs * c.groups, c.operations, |task| {
            let (run, group) = (task % runs, task / runs);
            let own = run * cached..((run + 1) * cached).min(rows);
            let mut v = Scratch::<f32>::new(grid.transformed(own.len()));
            let mut sums = Scratch::<f32>::new(grid.sums(own.len()));
            // SAFETY: the processor has AVX-512F or this module would not run; the buffers have the lengths of the
            // grid, and the task has its tile rows of its group's output planes to itself.
            unsafe {
                grid.source::<S>(
                    c,
                    source,
                    group,
                    own.clone(),
                    own.clone(),
                    0..grid.sources / LANES,
                    v.as_mut_ptr(),
                );
                for block in 0..weights.blocks {
                    job.multiply(group, block, own.len(), v.as_ptr(), sums.as_mut_ptr());
                    if !job.outputs::<S>(group, block, own.clone(), sums.as_ptr()) {
                        finite.store(false, Ordering::Relaxed);
                    }
                }
            }
        });
    } else {
        let wanted = PIECES.div_ceil(c.groups * weights.blocks);
        let own_rows = grid.runs_of(SHARED_TILES).min(rows.div_ceil(wanted));
        let runs = rows.div_ceil(own_rows);
        let own = |run: usize| run * own_rows..((run + 1) * own_rows).min(rows);
        let len = grid.transformed(own_rows);
        let mut shared = Scratch::<f32>::new(c.groups * runs * len);
        let channels = grid.sources / LANES;
        {
            let parts = SharedMut::new(&mut shared);
            tasks::run(c.groups * runs * channels, 16 * c.groups * runs * len, |task| {
                let (channel, rest) = (task % channels, task / channels);
                let (run, group) = (rest % runs, rest / runs);
                // SAFETY: as above; each task has its own channels of a part.
                unsafe {
                    let v = parts.pointer().add(rest * len);
                    grid.source::<S>(c, source, group, own(run), own(run), channel..channel + 1, v);
                }
            });
        }
        tasks::run(c.groups * runs * weights.blocks, c.operations, |task| {
            let (run, rest) = (task % runs, task / runs);
            let (block, group) = (rest % weights.blocks, rest / weights.blocks);
            let own = own(run);
            let mut sums = Scratch::<f32>::new(grid.sums(own.len()));
            let v = &shared[(group * runs + run) * len..][..len];
            // SAFETY: as above; the task has its block of output channels of these rows to itself.
            unsafe {
                job.multiply(group, block, own.len(), v.as_ptr(), sums.as_mut_ptr());
                if !job.outputs::<S>(group, block, own, sums.as_ptr()) {
                    finite.store(false, Ordering::Relaxed);
                }
            }
        });
    }
    finite.into_inner()
}

struct Job<'a, const OUT: usize, const SIZE: usize> {
    c: &'a Correlation,
    grid: Grid<OUT, SIZE>,
    weights: &'a Weights,
    output: &'a SharedMut<'a, f32>,
}

impl<const OUT: usize, const SIZE: usize> Job<'_, OUT, SIZE> {
    /// Sums the products of a run over the source channels, for one block of output channels.
    ///
    /// # Safety
    /// The processor has AVX-512F, and `v` and `sums` have the lengths of a run of so many tile rows.
    unsafe fn multiply(&self, group: usize, block: usize, rows: usize, v: *const f32, sums: *mut f32) {
        const ZERO: [f32; BLOCK] = [0.0; BLOCK];
        let grid = &self.grid;
        let vectors = vectors(self.c.outputs, block * BLOCK);
        let tiles = rows * grid.wide;
        let parts = tiles.div_ceil(PIXELS);
        for element in 0..SIZE * SIZE {
            // SAFETY: each element of the transforms has its tiles and channels in `v`, and its tiles in `sums`.
            unsafe {
                let v = v.add(element * grid.plane(rows));
                let sums = sums.add(element * grid.sums_plane(rows));
                let weights = self.weights.element(group, block, element);
                for part in 0..parts {
                    let own = part * tiles / parts..(part + 1) * tiles / parts;
                    let tile = Tile {
                        source: v.add(own.start * LANES),
                        row: 0,
                        channel: tiles * LANES,
                        channels: grid.sources / LANES,
                        taps: LANE_OFFSETS.as_ptr(),
                        tap_count: LANES,
                        weights: weights.as_ptr(),
                        skipped: 0,
                        first: ZERO.as_ptr(),
                        first_step: 0,
                        output: sums.add(own.start * vectors * LANES),
                        plane: 0,
                    };
                    kernel::<LANES>(1, own.len(), vectors)(&tile, sums.add(own.start * vectors * LANES));
                }
            }
        }
    }

    /// Transforms the sums of the tile rows `rows` to outputs, and tells whether all are finite.
    ///
    /// # Safety
    /// The processor has AVX-512F, `sums` has the length of the run's, and nothing else uses these outputs.
    #[target_feature(enable = "avx512f")]
    unsafe fn outputs<S: Scheme<OUT, SIZE>>(
        &self,
        group: usize,
        block: usize,
        rows: Range<usize>,
        sums: *const f32,
    ) -> bool {
        let (c, grid) = (self.c, &self.grid);
        let [height, width] = c.output;
        let plane = grid.sums_plane(rows.len());
        let start = block * BLOCK;
        let vectors = vectors(c.outputs, start);
        let line = grid.wide * OUT * LANES;
        let mut pixels = Scratch::<f32>::new(OUT * line);
        // SAFETY: the processor has AVX-512F, the sums of the run lie in `sums`, the pixels of a tile row in `pixels`,
        // and the task has the outputs of these rows and channels to itself.
        unsafe {
            // Products of 0 and the outputs add up to 0 if these are all finite, to NaN otherwise.
            let mut zeros = Lanes::zero();
            for (i, row) in rows.clone().enumerate() {
                let (image, top) = (row / grid.high, row % grid.high * OUT);
                for v in 0..vectors {
                    let bias = Lanes::load(self.weights.bias(group, block).as_ptr().add(v * LANES));
                    for tile in 0..grid.wide {
                        let from = sums.add((i * grid.wide + tile) * vectors * LANES + v * LANES);
                        let mut m = [[Lanes::zero(); SIZE]; SIZE];
                        for (at, m) in m.as_flattened_mut().iter_mut().enumerate() {
                            *m = Lanes::load(from.add(at * plane));
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
                                zeros = zeros.plus(0.0, y);
                                y.store(pixels.as_mut_ptr().add(r * line + (tile * OUT + s) * LANES));
                            }
                        }
                    }
                    let first = start + v * LANES;
                    let channels = (c.outputs - first).min(LANES);
                    let at = ((image * c.groups + group) * c.outputs + first) * height;
                    for r in 0..OUT.min(height - top) {
                        let to = self.output.pointer().add((at + top + r) * width);
                        let from = pixels.as_ptr().add(r * line);
                        lanes_to_rows(from, LANES, width, channels, to, height * width);
                    }
                }
            }
            zeros.sum() == 0.0
        }
    }
}
