//! The weight gradient: tiles of up to 12 taps × 32 output channels (or 6 × 16), summed over pixels.
//!
//! With dy transposed to `[pixel][output channel]`, each pixel adds the outer product of the inputs its
//! taps read (broadcast from the slab) and its channels of dy (one or two vectors) to sums that stay in
//! registers for a whole block of pixels.

use std::ops::Range;

use super::super::unfolded::add_in_order;
use super::correlation::Correlation;
use super::panels::vectors;
use super::slab::Layout;
use crate::kernels::lanes::{LANES, Lanes, lanes_to_rows, rows_to_lanes};
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, PIECES, SharedMut};

/// Sums a task keeps, so that they stay in the second-level cache: 256 KiB.
const SUMS: usize = 1 << 16;
/// Pixels summed before the next tile: their part of dy should stay in the cache closest to the processor.
const PIXELS: usize = 256;

/// How a weight gradient is cut, by its shape alone: into runs of images, whose partial sums are added in
/// order, and within a group into runs of source channels.
pub(super) struct Cuts {
    pub(super) images: usize,
    pub(super) image_runs: usize,
    pub(super) channels: usize,
    pub(super) channel_runs: usize,
}

impl Cuts {
    /// Runs of channels as long as their sums (`sums` for a channel) stay in the cache, and then as many
    /// runs of images as make enough pieces.
    pub(super) fn new(c: &Correlation, sums: usize) -> Self {
        let most = (SUMS / sums.max(1)).clamp(1, c.sources);
        let channels = c.sources.div_ceil(c.sources.div_ceil(most));
        let channel_runs = c.sources.div_ceil(channels);
        let wanted = PIECES.div_ceil(channel_runs * c.groups).min(c.images);
        let images = c.images.div_ceil(wanted);
        Self { images, image_runs: c.images.div_ceil(images), channels, channel_runs }
    }

    /// Calls `task(image run, group, channel run, sums)` for every piece, each of which writes its part of
    /// the sums it is given; these are then added up in the order of the image runs.
    pub(super) fn run(
        &self,
        c: &Correlation,
        dw: &mut [f32],
        task: impl Fn(Range<usize>, usize, Range<usize>, &SharedMut<f32>, usize) + Send + Sync,
    ) {
        let len = dw.len();
        let single = self.image_runs == 1;
        let mut partial = Scratch::new(if single { 0 } else { self.image_runs * len });
        {
            let sums = SharedMut::new(if single { &mut *dw } else { &mut partial });
            tasks::run(self.image_runs * c.groups * self.channel_runs, c.operations, |piece| {
                let (run, rest) = (piece % self.channel_runs, piece / self.channel_runs);
                let (group, image_run) = (rest % c.groups, rest / c.groups);
                let images = image_run * self.images..((image_run + 1) * self.images).min(c.images);
                let channels = run * self.channels..((run + 1) * self.channels).min(c.sources);
                task(images, group, channels, &sums, image_run * len);
            });
        }
        if !single {
            add_in_order(&partial, dw);
        }
    }
}

/// dw ← the weight gradient; `c` is the forward pass, its source x and its output dy.
pub(super) fn weight_gradient<V: Lanes>(c: &Correlation, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let [p_len, q_len] = c.output;
    let pixels = p_len * q_len;
    let planes = c.source[0] * c.source[1];
    let blocks = c.outputs.div_ceil(V::BLOCK);
    let taps = c.tap_count();
    let transposed = transposed::<V>(c, dy, blocks);
    let in_place = c.is_pointwise() && p_len == 1;
    // Blocks of whole rows, or of a part of a row where that is long already (only in place).
    let rows = (PIXELS / q_len).clamp(1, p_len);
    let columns = if in_place { q_len.min(PIXELS) } else { q_len };
    let layout = if in_place { Layout::in_place(c) } else { Layout::new(c, rows) };
    let offsets: Vec<usize> = c.taps[0].iter().map(|tap| layout.tap(tap)).collect();
    let cuts = Cuts::new(c, taps * blocks * V::BLOCK);
    cuts.run(c, dw, |images, group, channels, dw, part| {
        let lines = channels.len() * taps;
        let mut sums = Scratch::new(blocks * lines * V::BLOCK);
        sums.fill(0.0);
        let mut slab = Scratch::new(if in_place { 0 } else { layout.len(channels.len()) });
        let offsets: Vec<usize> = (0..lines).map(|i| i / taps * layout.channel + offsets[i % taps]).collect();
        for image in images {
            let x = &x[((image * c.groups + group) * c.sources + channels.start) * planes..];
            for row in (0..p_len).step_by(rows) {
                let high = rows.min(p_len - row);
                let windows = if in_place {
                    x
                } else {
                    // SAFETY: x has the planes of the channels and the slab the length of the layout.
                    unsafe { layout.fill::<V>(x.as_ptr(), channels.len(), row, high, slab.as_mut_ptr()) };
                    &slab[..]
                };
                for column in (0..q_len).step_by(columns) {
                    let wide = columns.min(q_len - column);
                    for block in 0..blocks {
                        let vectors = vectors::<V>(c.outputs, block * V::BLOCK);
                        let size = vectors * LANES;
                        let dy = (image * c.groups + group) * blocks + block;
                        let dy = &transposed[dy * pixels * V::BLOCK + (row * q_len + column) * size..];
                        let sums = &mut sums[block * lines * V::BLOCK..];
                        let most = most_taps::<V>(vectors);
                        let tiles = lines.div_ceil(most);
                        for tile in 0..tiles {
                            let own = tile * lines / tiles..(tile + 1) * lines / tiles;
                            let kernel = kernel::<V>(own.len(), vectors);
                            let block = Block {
                                source: windows[column..].as_ptr(),
                                row: layout.row(),
                                taps: offsets[own.clone()].as_ptr(),
                                dy: dy.as_ptr(),
                                high,
                                wide,
                            };
                            // SAFETY: the slab (or x) holds the windows of these pixels, dy a row for each,
                            // and the sums a row for each tap.
                            unsafe { kernel(&block, sums[own.start * size..].as_mut_ptr()) };
                        }
                    }
                }
            }
        }
        let depth = c.sources * taps;
        for block in 0..blocks {
            let start = block * V::BLOCK;
            let vectors = vectors::<V>(c.outputs, start);
            for v in 0..vectors {
                let first = start + v * LANES;
                let sums = &sums[block * lines * V::BLOCK + v * LANES..];
                let to = part + (group * c.outputs + first) * depth + channels.start * taps;
                // SAFETY: the task has its channels of this part of dw to itself.
                unsafe {
                    let to = dw.pointer().add(to);
                    let channels = (c.outputs - first).min(LANES);
                    lanes_to_rows::<V>(sums.as_ptr(), vectors * LANES, lines, channels, to, depth);
                }
            }
        }
    });
}

/// dy of each image, group and block of output channels as `[pixels][16 or 32]`.
fn transposed<V: Lanes>(c: &Correlation, dy: &[f32], blocks: usize) -> Scratch<f32> {
    let pixels = c.output[0] * c.output[1];
    let mut transposed = Scratch::new(c.images * c.groups * blocks * pixels * V::BLOCK);
    let parts = SharedMut::new(&mut transposed);
    tasks::run(c.images * c.groups * blocks, 4 * dy.len(), |task| {
        let (image_group, start) = (task / blocks, task % blocks * V::BLOCK);
        // SAFETY: each task has a block of its own.
        let to = unsafe { parts.part(task * pixels * V::BLOCK, pixels * V::BLOCK) };
        let vectors = vectors::<V>(c.outputs, start);
        for v in 0..vectors {
            let first = start + v * LANES;
            let rows = (c.outputs - first).min(LANES);
            let from = &dy[(image_group * c.outputs + first) * pixels..][..rows * pixels];
            // SAFETY: the processor has the extension, and `to` has a row of `vectors` vectors for each pixel.
            unsafe {
                let to = to[v * LANES..].as_mut_ptr();
                rows_to_lanes::<V>(from.as_ptr(), pixels, rows, pixels, to, vectors * LANES);
            }
        }
    });
    transposed
}

/// The most taps of a tile with so many vectors of output channels.
fn most_taps<V: Lanes>(vectors: usize) -> usize {
    if V::WIDE { 24 / vectors } else { 6 }
}

/// A block of pixels, and the taps whose products with them are summed.
struct Block {
    /// The window of the first pixel.
    source: *const f32,
    /// Elements from one row's windows to the next's.
    row: usize,
    /// The offsets of the taps.
    taps: *const usize,
    /// `[pixels][16 or 32]`.
    dy: *const f32,
    high: usize,
    wide: usize,
}

/// Adds the products of a block to the sums `[taps][16 or 32]`.
///
/// # Safety
/// The processor has the extension it was chosen for, and all that the block describes can be read.
type Kernel = unsafe fn(block: &Block, sums: *mut f32);

/// # Safety
/// As for [`Kernel`].
unsafe fn outer<V: Lanes, const TAPS: usize, const VECTORS: usize, const UNROLLED: usize>(
    block: &Block,
    sums: *mut f32,
) {
    // SAFETY: the caller vouches for the processor and for every element the block describes.
    unsafe {
        V::run(
            #[inline(always)]
            move || {
                let mut sum = [[V::zero(); VECTORS]; TAPS];
                for (t, tap) in sum.iter_mut().enumerate() {
                    for (v, sum) in tap.iter_mut().enumerate() {
                        *sum = V::load(sums.add((t * VECTORS + v) * LANES));
                    }
                }
                let mut dy = block.dy;
                for row in 0..block.high {
                    let mut window = block.source.add(row * block.row);
                    // Several pixels to each look at a tap's offset.
                    for _ in 0..block.wide / UNROLLED {
                        let mut gradient = [[V::zero(); VECTORS]; UNROLLED];
                        for (i, gradient) in gradient.as_flattened_mut().iter_mut().enumerate() {
                            *gradient = V::load(dy.add(i * LANES));
                        }
                        dy = dy.add(UNROLLED * VECTORS * LANES);
                        for (t, tap) in sum.iter_mut().enumerate() {
                            let x = window.add(*block.taps.add(t));
                            for (u, gradient) in gradient.iter().enumerate() {
                                let x = V::splat(*x.add(u));
                                for (sum, &gradient) in tap.iter_mut().zip(gradient) {
                                    *sum = sum.plus(x, gradient);
                                }
                            }
                        }
                        window = window.add(UNROLLED);
                    }
                    for _ in 0..block.wide % UNROLLED {
                        for (t, tap) in sum.iter_mut().enumerate() {
                            let x = V::splat(*window.add(*block.taps.add(t)));
                            for (v, sum) in tap.iter_mut().enumerate() {
                                *sum = sum.plus(x, V::load(dy.add(v * LANES)));
                            }
                        }
                        dy = dy.add(VECTORS * LANES);
                        window = window.add(1);
                    }
                }
                for (t, tap) in sum.iter().enumerate() {
                    for (v, &sum) in tap.iter().enumerate() {
                        sum.store(sums.add((t * VECTORS + v) * LANES));
                    }
                }
            },
        );
    }
}

fn kernel<V: Lanes>(taps: usize, vectors: usize) -> Kernel {
    macro_rules! table {
        ($($vectors:literal $unrolled:literal: $($taps:literal)*;)*) => {
            match (taps, vectors) {
                $($(($taps, $vectors) => outer::<V, $taps, $vectors, $unrolled>,)*)*
                _ => unreachable!("tiles are of {} taps at the most", most_taps::<V>(vectors)),
            }
        };
    }
    // A condition known when this is compiled: each extension has only its own tiles.
    if V::WIDE {
        table! {
            1 4: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24;
            2 2: 1 2 3 4 5 6 7 8 9 10 11 12;
        }
    } else {
        table! {
            1 1: 1 2 3 4 5 6;
        }
    }
}
