//! Correlation for few output channels: tiles of up to 6 channels × 4 vectors of sixteen pixels (or one).
//!
//! Where the output channels would not fill a vector, pixels do: the windows of sixteen neighbouring
//! pixels are one load from the slab, the weights are broadcast, and the sums are stored as they are.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::SmallVec;

use super::correlation::{Correlation, Reaching};
use super::direct::block_rows;
use super::slab::Layout;
use crate::kernels::epilogue::Epilogue;
use crate::kernels::lanes::{LANES, Lanes, Mask, mask};
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, SharedMut};

/// The most output channels of a tile.
const CHANNELS: usize = 6;

/// Sums of a tile of so many vectors of pixels.
const fn tile_len(vectors: usize) -> usize {
    CHANNELS * vectors * LANES
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
    if V::WIDE {
        with::<V, 4>(c, source, w, bias, epilogue, output)
    } else {
        with::<V, 1>(c, source, w, bias, epilogue, output)
    }
}

/// The same with tiles of so many vectors of pixels.
fn with<V: Lanes, const VECTORS: usize>(
    c: &Correlation,
    source: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    epilogue: &Epilogue<'_, f32>,
    output: &mut [f32],
) -> bool {
    let weights = Weights::new(c, w);
    if !weights.finite && c.pads() {
        return false;
    }
    let rows = block_rows(c);
    let cuts = c.phase_extent()[0].div_ceil(rows);
    let layout = Layout::new(c, rows);
    let offsets: Vec<Vec<usize>> =
        c.taps.iter().map(|taps| taps.iter().map(|tap| layout.tap(tap)).collect()).collect();
    let reaching: Vec<Reaching> = (0..c.taps.len()).map(|phase| Reaching::new(c, phase)).collect();
    let (planes, plane) = (c.source[0] * c.source[1] * c.sources, c.output[0] * c.output[1]);
    let tiles = tiles::<VECTORS>(c, &layout, rows);
    let shared = SharedMut::new(output);
    let units = c.images * c.groups * cuts;
    let own_units = tasks::pieces_per_task(units, c.operations);
    tasks::run(units.div_ceil(own_units), c.operations, |task| {
        let mut slab = Scratch::new(layout.len(c.sources));
        let mut sums = Scratch::new(if c.phases[1] > 1 { c.phases[1] * tile_len(VECTORS) } else { 0 });
        for unit in task * own_units..((task + 1) * own_units).min(units) {
            let (image_group, start) = (unit / cuts, unit % cuts * rows);
            let group = image_group % c.groups;
            let own = start..(start + rows).min(c.phase_extent()[0]);
            let source = &source[image_group * planes..][..planes];
            // SAFETY: the processor has the extension or this module would not run, the source has all planes
            // of the group and the slab the length of the layout.
            unsafe {
                layout.fill::<V>(source.as_ptr(), c.sources, own.start, own.len(), slab.as_mut_ptr());
            }
            let output = shared.pointer().wrapping_add(image_group * c.outputs * plane);
            for channels in channel_runs(c.outputs, CHANNELS) {
                let mut first = [0.0; CHANNELS];
                if let Some(bias) = bias {
                    let bias = &bias[group * c.outputs..][channels.clone()];
                    first[..bias.len()].copy_from_slice(bias);
                }
                let phases = 0..c.taps.len();
                let job = Job {
                    c,
                    channel: layout.channel,
                    offsets: &offsets,
                    reaching: &reaching,
                    weights: phases.map(|phase| weights.run(c, group, &channels, phase)).collect(),
                    bias: &first,
                    channels: channels.len(),
                    plane,
                };
                let output = output.wrapping_add(channels.start * plane);
                // SAFETY: the unit's rows of its group's output planes are this task's alone.
                unsafe { job.rows::<V, VECTORS>(own.clone(), &tiles, &slab, &mut sums, output) };
                let (top, end) = (own.start * c.phases[0], (own.end * c.phases[0]).min(c.output[0]));
                for k in channels {
                    let at = (image_group * c.outputs + k) * plane + top * c.output[1];
                    // SAFETY: as above.
                    let z = unsafe { shared.part(at, (end - top) * c.output[1]) };
                    epilogue.finish(group * c.outputs + k, at, z);
                }
            }
        }
    });
    true
}

/// `0..outputs` in runs of at most `most`, of about equal length.
pub(super) fn channel_runs(outputs: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let runs = outputs.div_ceil(most);
    (0..runs).map(move |run| run * outputs / runs..(run + 1) * outputs / runs)
}

/// Sixteen neighbouring pixels of a row of one phase.
#[derive(Clone, Copy)]
struct Vector {
    /// The row within the block.
    row: usize,
    /// Where the windows begin in the slab.
    source: usize,
    /// Where the pixels of phase (0, 0) begin in the block's output rows.
    output: usize,
    /// Pixels of the output row from there on.
    left: usize,
}

/// The vectors of a block of rows, by tiles; the last tile repeats its last vector.
fn tiles<const VECTORS: usize>(c: &Correlation, layout: &Layout, rows: usize) -> Vec<[Vector; VECTORS]> {
    let ([_, width], [row_phases, column_phases]) = (c.output, c.phases);
    let columns = c.phase_extent()[1];
    let vectors: Vec<Vector> = (0..rows)
        .flat_map(|row| (0..columns).step_by(LANES).map(move |column| (row, column)))
        .map(|(row, column)| Vector {
            row,
            source: row * layout.row() + column,
            output: row * row_phases * width + column * column_phases,
            left: width - column * column_phases,
        })
        .collect();
    let tile = |chunk: &[Vector]| std::array::from_fn(|i| chunk[i.min(chunk.len() - 1)]);
    vectors.chunks(VECTORS).map(tile).collect()
}

/// The weights of each group, run of output channels and phase, as `[source channels][taps][run]`.
struct Weights {
    packed: Scratch<f32>,
    /// Where each phase begins, in elements of one output channel, and where they end.
    phases: Vec<usize>,
    finite: bool,
}

impl Weights {
    fn new(c: &Correlation, w: &[f32]) -> Self {
        let mut phases = vec![0];
        for taps in &c.taps {
            phases.push(phases[phases.len() - 1] + c.sources * taps.len());
        }
        let depth = c.sources * c.tap_count();
        let mut packed = Scratch::new(c.groups * c.outputs * depth);
        let [output, source] = c.weight_strides;
        let finite = AtomicBool::new(true);
        let group_len = c.outputs * depth;
        let groups = SharedMut::new(&mut packed);
        tasks::run(c.groups, 8 * w.len(), |group| {
            let w = &w[group * c.weight_group..][..c.weight_group];
            // SAFETY: each task has a group of its own.
            let mut to = unsafe { groups.part(group * group_len, group_len) }.iter_mut();
            let mut zeros = 0.0;
            for run in channel_runs(c.outputs, CHANNELS) {
                for taps in &c.taps {
                    for channel in 0..c.sources {
                        for tap in taps {
                            for k in run.clone() {
                                let weight = w[k * output + channel * source + tap.weight];
                                // 0 unless some weight is NaN or infinite.
                                zeros += weight * 0.0;
                                if let Some(to) = to.next() {
                                    *to = weight;
                                }
                            }
                        }
                    }
                }
            }
            if zeros != 0.0 {
                finite.store(false, Ordering::Relaxed);
            }
        });
        Self { packed, phases, finite: finite.into_inner() }
    }

    /// The weights of a run of output channels in one phase.
    fn run(&self, c: &Correlation, group: usize, channels: &Range<usize>, phase: usize) -> &[f32] {
        let depth = self.phases[self.phases.len() - 1];
        let start = (group * c.outputs + channels.start) * depth + self.phases[phase] * channels.len();
        &self.packed[start..][..(self.phases[phase + 1] - self.phases[phase]) * channels.len()]
    }
}

/// What the tiles of a run of output channels share.
struct Job<'a> {
    c: &'a Correlation,
    /// Elements from one source channel to the next.
    channel: usize,
    /// Where the taps of each phase lie in a slab.
    offsets: &'a [Vec<usize>],
    reaching: &'a [Reaching],
    /// The run's weights of each phase.
    weights: SmallVec<[&'a [f32]; 4]>,
    bias: &'a [f32; CHANNELS],
    channels: usize,
    plane: usize,
}

impl Job<'_> {
    /// Computes the output rows `own` (of each phase) for a run of output channels.
    ///
    /// # Safety
    /// The processor has the extension, the slab is filled for these rows, and `output` points to the plane of
    /// the first channel, whose rows nobody else writes or reads.
    unsafe fn rows<V: Lanes, const VECTORS: usize>(
        &self,
        own: Range<usize>,
        tiles: &[[Vector; VECTORS]],
        slab: &[f32],
        sums: &mut [f32],
        output: *mut f32,
    ) {
        let ([height, width], [row_phases, column_phases]) = (self.c.output, self.c.phases);
        let kernel = kernel::<V, VECTORS>(self.channels);
        for a in 0..row_phases {
            // Rows of this phase, and where the first lies in the plane.
            let rows = height.saturating_sub(a).div_ceil(row_phases).saturating_sub(own.start).min(own.len());
            let start = (own.start * row_phases + a) * width;
            for vectors in tiles.iter().take_while(|vectors| vectors[0].row < rows) {
                let last = vectors[VECTORS - 1].row.min(rows - 1);
                for b in 0..column_phases {
                    let phase = a * column_phases + b;
                    let taps = self.reaching[phase].taps(own.start + vectors[0].row, own.start + last);
                    let skipped = self.offsets[phase].len() - taps.len();
                    let mut tile = Tile {
                        source: slab.as_ptr(),
                        vectors: vectors.map(|v| v.source),
                        channel: self.channel,
                        // A phase without taps is its bias alone.
                        channels: if taps.is_empty() { 0 } else { self.c.sources },
                        taps: &self.offsets[phase][taps.clone()],
                        weights: self.weights[phase][taps.start * self.channels..].as_ptr(),
                        skipped: skipped * self.channels,
                        bias: self.bias,
                        output: vectors.map(|v| output.wrapping_add(start + v.output)),
                        masks: vectors.map(|v| if v.row < rows { mask(v.left) } else { 0 }),
                        plane: self.plane,
                    };
                    // SAFETY: the slab has the windows of every vector and sixteen elements more; the
                    // masks let through the pixels that exist, and `sums` takes whole vectors.
                    unsafe {
                        if column_phases > 1 {
                            let sums = sums[b * tile_len(VECTORS)..][..tile_len(VECTORS)].as_mut_ptr();
                            tile.output = std::array::from_fn(|i| sums.wrapping_add(i * LANES));
                            tile.masks = [!0; VECTORS];
                            tile.plane = VECTORS * LANES;
                        }
                        kernel(&tile);
                    }
                }
                if column_phases == 1 {
                    continue;
                }
                for k in 0..self.channels {
                    for (i, v) in vectors.iter().enumerate().filter(|(_, v)| v.row < rows) {
                        let from = &sums[(k * VECTORS + i) * LANES..];
                        // SAFETY: `left` pixels of the row begin here.
                        unsafe {
                            let row = output.add(k * self.plane + start + v.output);
                            store_phases::<V, VECTORS>(from, column_phases, row, v.left);
                        }
                    }
                }
            }
        }
    }
}

/// Stores sixteen sums of each column phase, a tile apart, alternating, as far as `left` pixels go.
///
/// # Safety
/// The processor has the extension and `row` has room for `left` pixels.
unsafe fn store_phases<V: Lanes, const VECTORS: usize>(
    sums: &[f32],
    phases: usize,
    row: *mut f32,
    left: usize,
) {
    if phases == 2 {
        let (even, odd) = (&sums[..LANES], &sums[tile_len(VECTORS)..][..LANES]);
        // SAFETY: both have sixteen elements, and the masks let `left` pixels through.
        unsafe {
            V::run(
                #[inline(always)]
                move || {
                    let [low, high] = V::interleave(V::load(even.as_ptr()), V::load(odd.as_ptr()));
                    low.store_some(mask(left), row);
                    high.store_some(mask(left.saturating_sub(LANES)), row.wrapping_add(LANES));
                },
            );
        }
        return;
    }
    for pixel in 0..left.min(phases * LANES) {
        // SAFETY: `pixel` is below `left`.
        unsafe { *row.add(pixel) = sums[pixel % phases * tile_len(VECTORS) + pixel / phases] };
    }
}

/// What the sums of one tile are made of, and where they go.
struct Tile<'a, const VECTORS: usize> {
    source: *const f32,
    /// Where the windows of each vector begin in the source.
    vectors: [usize; VECTORS],
    /// Elements from one source channel to the next.
    channel: usize,
    channels: usize,
    taps: &'a [usize],
    /// `[channels][taps][output channels]`, with other elements between the channels.
    weights: *const f32,
    /// How many other elements.
    skipped: usize,
    bias: &'a [f32; CHANNELS],
    /// Where each vector of the first output channel goes, and which of its lanes.
    output: [*mut f32; VECTORS],
    masks: [Mask; VECTORS],
    /// Elements from one output channel to the next.
    plane: usize,
}

/// Computes and stores a tile.
///
/// # Safety
/// The processor has the extension it was chosen for, all that the tile describes can be read, and the lanes
/// of the masks be written.
type Kernel<const VECTORS: usize> = unsafe fn(tile: &Tile<VECTORS>);

/// # Safety
/// As for [`Kernel`].
unsafe fn vectors<V: Lanes, const VECTORS: usize, const K: usize>(tile: &Tile<VECTORS>) {
    // SAFETY: the caller vouches for the processor and for every element the tile describes.
    unsafe {
        V::run(
            #[inline(always)]
            move || {
                let mut sums = [[V::zero(); VECTORS]; K];
                for (sums, &bias) in sums.iter_mut().zip(tile.bias) {
                    *sums = [V::splat(bias); VECTORS];
                }
                let mut source = tile.vectors.map(|at| tile.source.add(at));
                let mut weights = tile.weights;
                for _ in 0..tile.channels {
                    for &tap in tile.taps {
                        let mut x = [V::zero(); VECTORS];
                        for (x, source) in x.iter_mut().zip(&source) {
                            *x = V::load(source.add(tap));
                        }
                        for (k, sums) in sums.iter_mut().enumerate() {
                            let weight = V::splat(*weights.add(k));
                            for (sum, &x) in sums.iter_mut().zip(&x) {
                                *sum = sum.plus(weight, x);
                            }
                        }
                        weights = weights.add(K);
                    }
                    weights = weights.wrapping_add(tile.skipped);
                    for source in &mut source {
                        *source = source.wrapping_add(tile.channel);
                    }
                }
                for (k, sums) in sums.iter().enumerate() {
                    for ((&sum, &output), &lanes) in sums.iter().zip(&tile.output).zip(&tile.masks) {
                        sum.store_some(lanes, output.wrapping_add(k * tile.plane));
                    }
                }
            },
        );
    }
}

fn kernel<V: Lanes, const VECTORS: usize>(channels: usize) -> Kernel<VECTORS> {
    match channels {
        1 => vectors::<V, VECTORS, 1>,
        2 => vectors::<V, VECTORS, 2>,
        3 => vectors::<V, VECTORS, 3>,
        4 => vectors::<V, VECTORS, 4>,
        5 => vectors::<V, VECTORS, 5>,
        6 => vectors::<V, VECTORS, 6>,
        _ => unreachable!("runs are of 1 to 6 channels"),
    }
}
