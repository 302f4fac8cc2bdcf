//! The weight gradient for few output channels: tiles of a few taps × up to 6 channels (or 2), summed over
//! vectors of sixteen pixels.
//!
//! Each lane sums over its own pixels of every vector; the lanes are added up at the end.

use super::correlation::Correlation;
use super::pixels::channel_runs;
use super::slab::Layout;
use super::taps::Cuts;
use crate::kernels::lanes::{LANES, Lanes, mask};
use crate::kernels::scratch::Scratch;

/// Pixels summed before the next tile: their part of dy should stay in the cache closest to the processor.
const PIXELS: usize = 1024;

/// dw ← the weight gradient; `c` is the forward pass, its source x and its output dy.
pub(super) fn weight_gradient<V: Lanes>(c: &Correlation, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    let [p_len, q_len] = c.output;
    let (pixels, planes) = (p_len * q_len, c.source[0] * c.source[1]);
    let taps = c.tap_count();
    let rows = (PIXELS / q_len).clamp(1, p_len);
    let layout = Layout::new(c, rows);
    let offsets: Vec<usize> = c.taps[0].iter().map(|tap| layout.tap(tap)).collect();
    let cuts = Cuts::new(c, taps * c.outputs * LANES);
    cuts.run(c, dw, |images, group, channels, dw, part| {
        let lines = channels.len() * taps;
        // The lanes' sums of each tap for each output channel, a run of these after the other.
        let mut sums = Scratch::new(lines * c.outputs * LANES);
        sums.fill(0.0);
        let mut slab = Scratch::new(layout.len(channels.len()));
        let offsets: Vec<usize> = (0..lines).map(|i| i / taps * layout.channel + offsets[i % taps]).collect();
        for image in images {
            let x = &x[((image * c.groups + group) * c.sources + channels.start) * planes..];
            for row in (0..p_len).step_by(rows) {
                let high = rows.min(p_len - row);
                // SAFETY: x has the planes of the channels and the slab the length of the layout.
                unsafe { layout.fill::<V>(x.as_ptr(), channels.len(), row, high, slab.as_mut_ptr()) };
                for run in channel_runs(c.outputs, most_channels::<V>()) {
                    let dy =
                        &dy[((image * c.groups + group) * c.outputs + run.start) * pixels + row * q_len..];
                    let sums = &mut sums[lines * run.start * LANES..];
                    let tiles = lines.div_ceil(most_taps::<V>(run.len()));
                    for tile in 0..tiles {
                        let own = tile * lines / tiles..(tile + 1) * lines / tiles;
                        let block = Block {
                            source: slab.as_ptr(),
                            row: layout.row(),
                            taps: offsets[own.clone()].as_ptr(),
                            dy: dy.as_ptr(),
                            plane: pixels,
                            high,
                            wide: q_len,
                        };
                        let sums = sums[own.start * run.len() * LANES..].as_mut_ptr();
                        // SAFETY: the slab holds the windows of these pixels and dy the pixels, and there are
                        // sums for each tap and channel.
                        unsafe { kernel::<V>(own.len(), run.len())(&block, sums) };
                    }
                }
            }
        }
        for run in channel_runs(c.outputs, most_channels::<V>()) {
            for line in 0..lines {
                for (i, k) in run.clone().enumerate() {
                    let sums = &sums[(lines * run.start + line * run.len() + i) * LANES..][..LANES];
                    let at = (group * c.outputs + k) * c.sources * taps + channels.start * taps + line;
                    // SAFETY: the task has its channels of this part of dw to itself.
                    unsafe { dw.part(part + at, 1)[0] = sums.iter().sum() };
                }
            }
        }
    });
}

/// The most output channels of a tile.
fn most_channels<V: Lanes>() -> usize {
    if V::WIDE { 6 } else { 2 }
}

/// The most taps of a tile with so many channels: as many as keep the sums in registers.
fn most_taps<V: Lanes>(channels: usize) -> usize {
    if V::WIDE { (24 / channels).min(12) } else { 4 / channels }
}

/// A block of pixels, and the taps whose products with them are summed.
struct Block {
    /// The window of the first pixel.
    source: *const f32,
    /// Elements from one row's windows to the next's.
    row: usize,
    /// The offsets of the taps.
    taps: *const usize,
    /// The first pixel of the first output channel, rows of `wide` pixels.
    dy: *const f32,
    /// Elements from one output channel to the next.
    plane: usize,
    high: usize,
    wide: usize,
}

/// Adds the products of a block to the sums `[taps][channels][16]`.
///
/// # Safety
/// The processor has the extension it was chosen for, and all that the block describes can be read.
type Kernel = unsafe fn(block: &Block, sums: *mut f32);

/// # Safety
/// As for [`Kernel`].
unsafe fn inner<V: Lanes, const TAPS: usize, const K: usize>(block: &Block, sums: *mut f32) {
    // SAFETY: the caller vouches for the processor and for every element the block describes, and the mask of
    // the last vector of a row for what lies behind it.
    unsafe {
        V::run(
            #[inline(always)]
            move || {
                let mut sum = [[V::zero(); K]; TAPS];
                for (i, sum) in sum.as_flattened_mut().iter_mut().enumerate() {
                    *sum = V::load(sums.add(i * LANES));
                }
                let whole = block.wide / LANES * LANES;
                let rest = mask(block.wide - whole);
                for row in 0..block.high {
                    let (window, dy) = (block.source.add(row * block.row), block.dy.add(row * block.wide));
                    for column in (0..whole).step_by(LANES) {
                        let mut gradient = [V::zero(); K];
                        for (k, gradient) in gradient.iter_mut().enumerate() {
                            *gradient = V::load(dy.add(k * block.plane + column));
                        }
                        for (t, tap) in sum.iter_mut().enumerate() {
                            let x = V::load(window.add(*block.taps.add(t) + column));
                            for (sum, &gradient) in tap.iter_mut().zip(&gradient) {
                                *sum = sum.plus(x, gradient);
                            }
                        }
                    }
                    if rest != 0 {
                        let mut gradient = [V::zero(); K];
                        for (k, gradient) in gradient.iter_mut().enumerate() {
                            *gradient = V::load_some(rest, dy.add(k * block.plane + whole));
                        }
                        for (t, tap) in sum.iter_mut().enumerate() {
                            // Both masked: what follows in the slab may be NaN.
                            let x = V::load_some(rest, window.add(*block.taps.add(t) + whole));
                            for (sum, &gradient) in tap.iter_mut().zip(&gradient) {
                                *sum = sum.plus(x, gradient);
                            }
                        }
                    }
                }
                for (i, &sum) in sum.as_flattened().iter().enumerate() {
                    sum.store(sums.add(i * LANES));
                }
            },
        );
    }
}

fn kernel<V: Lanes>(taps: usize, channels: usize) -> Kernel {
    macro_rules! table {
        ($($channels:literal: $($taps:literal)*;)*) => {
            match (taps, channels) {
                $($(($taps, $channels) => inner::<V, $taps, $channels>,)*)*
                _ => unreachable!("tiles are of {} taps at the most", most_taps::<V>(channels)),
            }
        };
    }
    // A condition known when this is compiled: each extension has only its own tiles.
    if V::WIDE {
        table! {
            1: 1 2 3 4 5 6 7 8 9 10 11 12;
            2: 1 2 3 4 5 6 7 8 9 10 11 12;
            3: 1 2 3 4 5 6 7 8;
            4: 1 2 3 4 5 6;
            5: 1 2 3 4;
            6: 1 2 3 4;
        }
    } else {
        table! {
            1: 1 2 3 4;
            2: 1 2;
        }
    }
}
