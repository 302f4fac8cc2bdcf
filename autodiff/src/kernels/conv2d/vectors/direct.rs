//! Direct correlation: tiles of up to 14 pixels × 32 output channels (or 6 × 16), straight from a slab of the source.

use std::ops::Range;

use super::correlation::{Correlation, Reaching};
use super::panels::{Panels, vectors};
use super::slab::Layout;
use crate::kernels::epilogue::Epilogue;
use crate::kernels::lanes::outer::{Kernel, Tile, kernel};
use crate::kernels::lanes::{LANES, Lanes, mask};
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, PIECES, SharedMut};

/// Elements a slab should not exceed, so that it stays in the second-level cache: 512 KiB.
const SLAB: usize = 1 << 17;
/// Elements of packed weights that stay there beside it: 1 MiB.
const WEIGHTS: usize = 1 << 18;
/// The most images (or row blocks) a task handles while a block of weights is in the cache.
const UNITS: usize = 8;

/// Rows below which a block is not cut further: its neighbours copy the rows between them twice.
const ROWS: usize = 8;

/// Output rows of a block: as many as let their slab stay in the cache, or fewer when there are few images,
/// in blocks of about equal size.
pub(super) fn block_rows(c: &Correlation) -> usize {
    let rows = c.phase_extent()[0];
    let extra = (c.last[0] - c.first[0]) as usize;
    let line = (c.phase_extent()[1] * c.step[1] + (c.last[1] - c.first[1]) as usize) * c.sources;
    let cached = (SLAB / line.max(1)).saturating_sub(extra) / c.step[0];
    let shared = rows.div_ceil(PIECES.div_ceil(c.images * c.groups)).max(ROWS);
    rows.div_ceil(rows.div_ceil(cached.min(shared).max(1)))
}

/// output ← the correlation of source with w (+ bias), finished, or false when a weight is NaN or infinite and some
/// window reaches into the padding, where 0·∞ would spread it.
pub(super) fn correlate<V: Lanes>(
    c: &Correlation,
    source: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    epilogue: &Epilogue<'_, f32>,
    output: &mut [f32],
) -> bool {
    let panels = Panels::new::<V>(c, w, bias);
    if !panels.finite && c.pads() {
        return false;
    }
    let in_place = c.is_pointwise() && c.output[0] == 1;
    let rows = block_rows(c);
    let layout = if in_place { Layout::in_place(c) } else { Layout::new(c, rows) };
    let job = Job {
        c,
        panels: &panels,
        offsets: c.taps.iter().map(|taps| taps.iter().map(|tap| layout.tap(tap)).collect()).collect(),
        reaching: (0..c.taps.len()).map(|phase| Reaching::new(c, phase)).collect(),
        layout,
        rows,
        cuts: c.phase_extent()[0].div_ceil(rows),
        epilogue,
        output: SharedMut::new(output),
    };
    // A unit is a block of rows of one image. While the weights fit into the cache a task does one unit for
    // all output channels; otherwise it takes some channels and does several units for them.
    let units = c.images * job.cuts;
    let (own_units, own_blocks) = if panels.group_len() <= WEIGHTS && units * c.groups >= PIECES {
        (1, panels.blocks)
    } else {
        let own_units = if panels.group_len() <= WEIGHTS { 1 } else { units.min(UNITS) };
        let cuts = PIECES.div_ceil(units.div_ceil(own_units) * c.groups).min(panels.blocks);
        (own_units, panels.blocks.div_ceil(cuts))
    };
    let (unit_runs, block_runs) = (units.div_ceil(own_units), panels.blocks.div_ceil(own_blocks));
    let planes = c.source[0] * c.source[1] * c.sources;
    let shared = !in_place && block_runs > 1;
    let slab_len = job.layout.len(c.sources);
    let mut slabs = Scratch::new(if shared { units * c.groups * slab_len } else { 0 });
    if shared {
        let parts = SharedMut::new(&mut slabs);
        tasks::run(units * c.groups, 4 * units * c.groups * slab_len, |task| {
            // SAFETY: each task has a slab of its own.
            let slab = unsafe { parts.part(task * slab_len, slab_len) };
            job.fill::<V>(source, task / units, task % units, slab);
        });
    }
    tasks::run(c.groups * unit_runs * block_runs, c.operations, |task| {
        let (unit_run, block_run, group) =
            (task % unit_runs, task / unit_runs % block_runs, task / unit_runs / block_runs);
        let own = unit_run * own_units..((unit_run + 1) * own_units).min(units);
        let blocks = block_run * own_blocks..((block_run + 1) * own_blocks).min(panels.blocks);
        let mut sums = Scratch::new(c.phases[1] * LANES * V::BLOCK);
        if shared || in_place {
            for block in blocks {
                for unit in own.clone() {
                    let slab = if shared {
                        &slabs[(group * units + unit) * slab_len..][..slab_len]
                    } else {
                        &source[(unit * c.groups + group) * planes..][..planes]
                    };
                    job.unit::<V>(group, unit, block..block + 1, slab, &mut sums);
                }
            }
        } else {
            let mut slab = Scratch::new(slab_len);
            for unit in own {
                job.fill::<V>(source, group, unit, &mut slab);
                job.unit::<V>(group, unit, blocks.clone(), &slab, &mut sums);
            }
        }
    });
    true
}

/// What all tasks of a correlation share.
struct Job<'a> {
    c: &'a Correlation,
    panels: &'a Panels,
    layout: Layout,
    /// Where the taps of each phase lie in a slab.
    offsets: Vec<Vec<usize>>,
    reaching: Vec<Reaching>,
    /// Output rows of a block, per phase.
    rows: usize,
    /// Row blocks of an image.
    cuts: usize,
    epilogue: &'a Epilogue<'a, f32>,
    output: SharedMut<'a, f32>,
}

impl Job<'_> {
    /// The image and the rows (of a phase) of a unit.
    fn place(&self, unit: usize) -> (usize, Range<usize>) {
        let start = unit % self.cuts * self.rows;
        (unit / self.cuts, start..(start + self.rows).min(self.c.phase_extent()[0]))
    }

    /// Fills the slab of a unit.
    fn fill<V: Lanes>(&self, source: &[f32], group: usize, unit: usize, slab: &mut [f32]) {
        let c = self.c;
        let (image, rows) = self.place(unit);
        let planes = c.source[0] * c.source[1] * c.sources;
        let source = &source[(image * c.groups + group) * planes..][..planes];
        assert!(slab.len() >= self.layout.len(c.sources));
        // SAFETY: the processor has the extension or this module would not run, the source has all planes of
        // the group, and the slab was just measured.
        unsafe {
            self.layout.fill::<V>(source.as_ptr(), c.sources, rows.start, rows.len(), slab.as_mut_ptr());
        }
    }

    /// Computes the outputs of a unit for some blocks of output channels.
    fn unit<V: Lanes>(
        &self,
        group: usize,
        unit: usize,
        blocks: Range<usize>,
        slab: &[f32],
        sums: &mut [f32],
    ) {
        let (c, panels, layout) = (self.c, self.panels, &self.layout);
        let (image, rows) = self.place(unit);
        let [height, width] = c.output;
        let [row_phases, column_phases] = c.phases;
        let columns = c.phase_extent()[1];
        let plane = height * width;
        // Short rows go two at a time: a tile of few pixels could not keep both multipliers busy.
        let pairs = 2 * columns <= V::PIXELS && c.phases == [1, 1];
        let tiles = columns.div_ceil(V::PIXELS);
        for block in blocks {
            let start = block * V::BLOCK;
            let vectors = vectors::<V>(c.outputs, start);
            let first = ((image * c.groups + group) * c.outputs + start) * plane;
            let mut i = rows.start;
            while i < rows.end {
                let high = if pairs && i + 1 < rows.end { 2 } else { 1 };
                for a in (0..row_phases).take_while(|a| i * row_phases + a < height) {
                    let phases = a * column_phases..(a + 1) * column_phases;
                    if phases.clone().all(|phase| self.offsets[phase].is_empty()) {
                        let channels = (c.outputs - start).min(V::BLOCK);
                        for (k, &bias) in panels.bias::<V>(group, block)[..channels].iter().enumerate() {
                            let row = first + k * plane + (i * row_phases + a) * width;
                            // SAFETY: the unit has the output rows of its phase rows to itself.
                            unsafe { self.output.part(row, width).fill(bias) };
                        }
                        continue;
                    }
                    let mut j = 0;
                    for tile in 0..tiles {
                        // Tiles of about equal width.
                        let wide = (columns - j).div_ceil(tiles - tile);
                        let kernel: Kernel = kernel::<V, 1>(high, wide, vectors);
                        let at = first + (i * row_phases + a) * width + j * column_phases;
                        let output = self.output.pointer().wrapping_add(at);
                        for (b, phase) in phases.clone().enumerate() {
                            let window = (i - rows.start) * layout.row() + j;
                            let taps = self.reaching[phase].taps(i, i + high - 1);
                            let weights = panels.weights(phase, group, block);
                            let tile = Tile {
                                source: slab[window..].as_ptr(),
                                row: layout.row(),
                                channel: layout.channel,
                                // A phase without taps is its bias alone.
                                channels: if taps.is_empty() { 0 } else { c.sources },
                                taps: self.offsets[phase][taps.clone()].as_ptr(),
                                tap_count: taps.len(),
                                weights: weights[taps.start * vectors * LANES..].as_ptr(),
                                skipped: (c.taps[phase].len() - taps.len()) * vectors * LANES,
                                first: panels.bias::<V>(group, block).as_ptr(),
                                first_step: 0,
                                output,
                                plane,
                            };
                            // SAFETY: the slab holds every window of the unit's pixels, the panel a row for
                            // each channel and tap, and `sums` 16 rows of a block for each column phase.
                            unsafe { kernel(&tile, sums[b * LANES * V::BLOCK..].as_mut_ptr()) };
                        }
                        for v in 0..vectors {
                            let channels = (c.outputs - start - v * LANES).min(LANES);
                            let stored = Stored {
                                output: output.wrapping_add(v * LANES * plane),
                                plane,
                                channels,
                                width,
                                high,
                                wide,
                                pixels: (wide * column_phases).min(width - j * column_phases),
                            };
                            let sums = &sums[v * LANES..];
                            // SAFETY: the unit has the output rows of its phase rows to itself, for the
                            // channels of this block, and `pixels` of them are left in the row.
                            unsafe {
                                match column_phases {
                                    1 => stored.store::<V>(sums, vectors),
                                    2 => stored.store_interleaved::<V>(sums, vectors),
                                    _ => stored.store_phases::<V>(sums, vectors, column_phases),
                                }
                            }
                        }
                        j += wide;
                    }
                }
                i += high;
            }
            let (top, end) = (rows.start * row_phases, (rows.end * row_phases).min(height));
            for k in 0..(c.outputs - start).min(V::BLOCK) {
                let at = first + k * plane + top * width;
                // SAFETY: the unit has these rows of its blocks' channels to itself.
                let z = unsafe { self.output.part(at, (end - top) * width) };
                self.epilogue.finish(group * c.outputs + start + k, at, z);
            }
        }
    }
}

/// Where up to sixteen channels of a tile's sums go.
struct Stored {
    output: *mut f32,
    plane: usize,
    channels: usize,
    /// Columns of the output.
    width: usize,
    /// Rows and columns of the tile, per column phase.
    high: usize,
    wide: usize,
    /// Columns of the tile in the output.
    pixels: usize,
}

impl Stored {
    /// # Safety
    /// The processor has the extension and the output has the tile's pixels for each channel; `sums` is
    /// `[pixels][vectors·16]` from the tile's first channel on.
    unsafe fn store<V: Lanes>(&self, sums: &[f32], vectors: usize) {
        // SAFETY: only lanes of the tile's pixels are stored.
        unsafe {
            V::run(
                #[inline(always)]
                move || {
                    let channels = columns::<V>(sums, self.high * self.wide, vectors);
                    for (k, &channel) in channels.iter().enumerate().take(self.channels) {
                        let row = self.output.add(k * self.plane);
                        channel.store_some(mask(self.wide), row);
                        if self.high == 2 {
                            let second = mask(2 * self.wide) & !mask(self.wide);
                            channel.store_some(second, row.wrapping_add(self.width - self.wide));
                        }
                    }
                },
            );
        }
    }

    /// The same for two column phases, whose pixels alternate.
    ///
    /// # Safety
    /// As for [`Stored::store`].
    unsafe fn store_interleaved<V: Lanes>(&self, sums: &[f32], vectors: usize) {
        // SAFETY: only lanes of the tile's pixels are stored.
        unsafe {
            V::run(
                #[inline(always)]
                move || {
                    let even = columns::<V>(sums, self.wide, vectors);
                    let odd = columns::<V>(&sums[LANES * V::BLOCK..], self.wide, vectors);
                    for k in 0..self.channels {
                        let row = self.output.add(k * self.plane);
                        let [low, high] = V::interleave(even[k], odd[k]);
                        low.store_some(mask(self.pixels), row);
                        let rest = mask(self.pixels.saturating_sub(LANES));
                        high.store_some(rest, row.wrapping_add(LANES));
                    }
                },
            );
        }
    }

    /// The same for any number of column phases.
    ///
    /// # Safety
    /// As for [`Stored::store`].
    unsafe fn store_phases<V: Lanes>(&self, sums: &[f32], vectors: usize, phases: usize) {
        for k in 0..self.channels {
            for pixel in 0..self.pixels {
                let sum = sums[pixel % phases * LANES * V::BLOCK + pixel / phases * vectors * LANES + k];
                // SAFETY: `pixel` is one of the tile's.
                unsafe { *self.output.add(k * self.plane + pixel) = sum };
            }
        }
    }
}

/// The sums of `pixels` pixels, a vector for each of sixteen channels.
///
/// # Safety
/// The processor has the extension.
#[inline(always)]
unsafe fn columns<V: Lanes>(sums: &[f32], pixels: usize, vectors: usize) -> [V; LANES] {
    // SAFETY: the caller vouches for the processor, and `from` has sixteen elements.
    unsafe {
        let mut rows = [V::zero(); LANES];
        for (p, row) in rows.iter_mut().enumerate().take(pixels) {
            let from = &sums[p * vectors * LANES..][..LANES];
            *row = V::load(from.as_ptr());
        }
        V::transpose(&mut rows);
        rows
    }
}
