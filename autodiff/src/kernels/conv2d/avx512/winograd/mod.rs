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
mod scheme;
mod weights;

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

pub(super) use self::gradient::weight_gradient;
use self::scheme::{F2, F4, Lanes, Scheme, both_ways};
use self::weights::Weights;
use super::correlation::Correlation;
use super::lanes::{LANES, lanes_to_rows, rows_to_lanes};
use super::outer::{PIXELS, Tile, kernel};
use super::panels::{BLOCK, vectors};
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, SharedMut};

/// Elements of the transformed source that a task keeps in the second-level cache, beside its sums and their weights:
/// 256 KiB.
const CACHED: usize = 1 << 16;
/// Elements of transformed weights that every task may read anew, from the third-level cache: 12 MiB.
const WEIGHTS: usize = 3 << 20;
/// Tiles of a task that reads the transformed source from memory shared by all: what it reads is used for 32 channels.
const SHARED_TILES: usize = 112;
/// Pieces of work to aim for, so that a dozen threads find some.
const PIECES: usize = 16;

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
    match two.min(four) < direct {
        true if four <= two => Some(Tiles::Four),
        true => Some(Tiles::Two),
        false => None,
    }
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
    let cached = grid.runs_of(CACHED / (SIZE * SIZE * grid.sources));
    let rows = grid.images * grid.high;
    let finite = AtomicBool::new(true);
    let output = SharedMut::new(output);
    let job = Job::<OUT, SIZE> { c, grid, weights: &weights, output: &output };
    // Either a task transforms its part of the source and uses it for all output channels, or, when that would make
    // too few tasks or the weights are many, all is transformed first.
    if rows.div_ceil(cached) * c.groups >= PIECES && weights.group_len() <= WEIGHTS {
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

/// How the planes of an output are cut into tiles, and how what belongs to a run of tile rows is laid out.
///
/// The tile rows of all images follow each other; those of different groups are apart.
#[derive(Clone, Copy)]
struct Grid<const OUT: usize, const SIZE: usize> {
    images: usize,
    /// Tile rows of an image, and tiles of a tile row.
    high: usize,
    wide: usize,
    /// Source channels of a group, in whole vectors.
    sources: usize,
}

impl<const OUT: usize, const SIZE: usize> Grid<OUT, SIZE> {
    /// The elements of a transform lie this much further apart than their tiles need: at a power of two they would
    /// fall into the same cache sets.
    const APART: usize = LANES;

    fn new(c: &Correlation) -> Self {
        let [high, wide] = c.output.map(|n| n.div_ceil(OUT));
        Self { images: c.images, high, wide, sources: c.sources.next_multiple_of(LANES) }
    }

    /// Tile rows of a run with about so many tiles, all runs of about equal length.
    fn runs_of(&self, tiles: usize) -> usize {
        let rows = self.images * self.high;
        let most = (tiles / self.wide).clamp(1, rows);
        rows.div_ceil(rows.div_ceil(most))
    }

    /// Elements from one element of the transformed source of a run to the next; `[channels/16][tiles][16]` each.
    fn plane(&self, rows: usize) -> usize {
        self.sources * rows * self.wide + Self::APART
    }

    /// Elements of the transformed source of a run.
    fn transformed(&self, rows: usize) -> usize {
        SIZE * SIZE * self.plane(rows)
    }

    /// Transforms the windows of the tile rows `own` of a run, for the vectors `channels` of source channels.
    ///
    /// # Safety
    /// The processor has AVX-512F, and `v` has the length of the run's transformed source, of which nothing else uses
    /// these rows and channels.
    #[target_feature(enable = "avx512f")]
    #[allow(clippy::too_many_arguments)]
    unsafe fn source<S: Scheme<OUT, SIZE>>(
        &self,
        c: &Correlation,
        source: &[f32],
        group: usize,
        run: Range<usize>,
        own: Range<usize>,
        channels: Range<usize>,
        v: *mut f32,
    ) {
        let planes = c.source[0] * c.source[1];
        let plane = self.plane(run.len());
        let windows = Windows::<OUT, SIZE> { size: c.source, first: c.first, wide: self.wide };
        let mut slab = Scratch::new(windows.len());
        for channel in channels {
            let first = channel * LANES;
            let present = (c.sources - first).min(LANES);
            for row in own.clone() {
                let image = row / self.high;
                let from = ((image * c.groups + group) * c.sources + first) * planes;
                let from = &source[from..][..present * planes];
                // SAFETY: the processor has AVX-512F, and the transforms of these tiles lie in `v`.
                unsafe {
                    windows.fill(
                        from,
                        present,
                        row % self.high,
                        row > own.start && row % self.high > 0,
                        &mut slab,
                    );
                    let to = v.add((channel * run.len() + row - run.start) * self.wide * LANES);
                    for tile in 0..self.wide {
                        let to = to.add(tile * LANES);
                        for (i, row) in both_ways(
                            windows.at(&slab, tile),
                            #[inline(always)]
                            |x| S::source(x),
                        )
                        .iter()
                        .enumerate()
                        {
                            for (j, &x) in row.iter().enumerate() {
                                x.store(to.add((i * SIZE + j) * plane));
                            }
                        }
                    }
                }
            }
        }
    }

    /// Elements from one element of the sums of a run to the next; `[tiles][16 or 32]` each.
    fn sums_plane(&self, rows: usize) -> usize {
        rows * self.wide * BLOCK + Self::APART
    }

    /// Elements of the sums of a run.
    fn sums(&self, rows: usize) -> usize {
        SIZE * SIZE * self.sums_plane(rows)
    }
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

/// The windows of a row of tiles for sixteen channels: `[SIZE][columns][16]`, with the padding.
struct Windows<const OUT: usize, const SIZE: usize> {
    /// Height and width of the planes.
    size: [usize; 2],
    /// The row and column at which the window of the first tile begins.
    first: [isize; 2],
    /// Tiles in a row.
    wide: usize,
}

impl<const OUT: usize, const SIZE: usize> Windows<OUT, SIZE> {
    fn columns(&self) -> usize {
        self.wide * OUT + SIZE - OUT
    }

    fn len(&self) -> usize {
        SIZE * self.columns() * LANES
    }

    /// Copies the windows of tile row `row` from the planes of `channels` channels. If those of the row before are in
    /// the slab (`next`), the lines that both have are moved.
    ///
    /// # Safety
    /// The processor has AVX-512F.
    #[target_feature(enable = "avx512f")]
    unsafe fn fill(&self, planes: &[f32], channels: usize, row: usize, next: bool, slab: &mut [f32]) {
        let [height, width] = self.size;
        let columns = self.columns();
        // Columns of the slab that are columns of the plane.
        let start = (-self.first[1]).clamp(0, columns as isize) as usize;
        let end = (width as isize - self.first[1]).clamp(start as isize, columns as isize) as usize;
        let top = (row * OUT) as isize + self.first[0];
        let slab = &mut slab[..self.len()];
        if next {
            slab.copy_within(OUT * columns * LANES.., 0);
        }
        let there = if next { SIZE - OUT } else { 0 };
        for (i, line) in slab.chunks_exact_mut(columns * LANES).enumerate().skip(there) {
            let row = top + i as isize;
            if end == start || !(0..height as isize).contains(&row) {
                line.fill(0.0);
                continue;
            }
            line[..start * LANES].fill(0.0);
            line[end * LANES..].fill(0.0);
            let from = row as usize * width + (start as isize + self.first[1]) as usize;
            let line = &mut line[start * LANES..end * LANES];
            assert!(planes.len() >= channels * height * width);
            // SAFETY: the columns are those of a row of each plane, and the line has a vector for each.
            unsafe {
                let from = planes.as_ptr().add(from);
                rows_to_lanes(from, height * width, channels, end - start, line.as_mut_ptr(), LANES);
            }
        }
    }

    /// The window of a tile.
    ///
    /// # Safety
    /// The processor has AVX-512F, and `slab` has the length of the windows.
    #[inline(always)]
    unsafe fn at(&self, slab: &[f32], tile: usize) -> [[Lanes; SIZE]; SIZE] {
        // SAFETY: the window of each tile lies in the slab.
        unsafe {
            let mut window = [[Lanes::zero(); SIZE]; SIZE];
            for (i, row) in window.iter_mut().enumerate() {
                for (j, x) in row.iter_mut().enumerate() {
                    *x = Lanes::load(slab.as_ptr().add((i * self.columns() + tile * OUT + j) * LANES));
                }
            }
            window
        }
    }
}
