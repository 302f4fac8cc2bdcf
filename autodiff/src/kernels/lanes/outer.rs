//! The micro-kernel: sums for a row of pixels × 16 or 32 output channels, held in registers.
//!
//! It is written in the words of a direct convolution. In Winograd's a tile takes the place of a pixel, and in a product
//! of matrices a row; the terms are then what the source channels and taps count together.
//!
//! For each source channel and tap the channels' weights are one or two vectors and each pixel's input a
//! broadcast scalar: an outer product. With AVX-512, 14 pixels × 32 channels take 28 of the 32 vector
//! registers, 2 more hold the weights, and each load of a scalar feeds two multiplications, which keeps both
//! multipliers busy. So it is with 6 pixels × 16 channels in 12 of the 16 registers of AVX2, or 24 of the 32
//! of NEON.

use crate::kernels::lanes::{LANES, Lanes};

/// Where the lanes of a vector begin, as taps: of a source whose sixteen channels are neighbours.
pub(in crate::kernels) const LANE_OFFSETS: [usize; LANES] = {
    let mut offsets = [0; LANES];
    let mut i = 0;
    while i < LANES {
        offsets[i] = i;
        i += 1;
    }
    offsets
};

/// What the sums of one tile are made of.
pub(in crate::kernels) struct Tile {
    /// The window of the tile's first pixel; those of its next pixels in the row follow, a kernel's `STEP` apart.
    pub(in crate::kernels) source: *const f32,
    /// Elements from one row of pixels to the next, for tiles of two rows.
    pub(in crate::kernels) row: usize,
    /// Elements from one source channel to the next.
    pub(in crate::kernels) channel: usize,
    pub(in crate::kernels) channels: usize,
    /// The offsets of the taps.
    pub(in crate::kernels) taps: *const usize,
    pub(in crate::kernels) tap_count: usize,
    /// `[channels][taps][16 or 32]`, with other elements between the channels.
    pub(in crate::kernels) weights: *const f32,
    /// How many other elements.
    pub(in crate::kernels) skipped: usize,
    /// What the sums begin with, an element for each output channel, and elements from one pixel's to the next's.
    pub(in crate::kernels) first: *const f32,
    pub(in crate::kernels) first_step: usize,
    /// Where the tile's first output channel will be stored; fetched into the cache meanwhile.
    pub(in crate::kernels) output: *const f32,
    /// Elements from one output channel to the next.
    pub(in crate::kernels) plane: usize,
}

/// A micro-kernel: writes the sums of a tile, `[pixels][16 or 32]`.
///
/// # Safety
/// The processor has the extension it was chosen for, all that the tile describes can be read, and there is room for the sums.
pub(in crate::kernels) type Kernel = unsafe fn(tile: &Tile, sums: *mut f32);

/// # Safety
/// As for [`Kernel`].
unsafe fn outer<V: Lanes, const STEP: usize, const ROWS: usize, const WIDTH: usize, const VECTORS: usize>(
    tile: &Tile,
    sums: *mut f32,
) {
    // SAFETY: the caller vouches for the processor and for every element the tile describes.
    unsafe {
        V::run(
            #[inline(always)]
            move || {
                let mut sum = [[[V::zero(); VECTORS]; WIDTH]; ROWS];
                for (p, pixel) in sum.as_flattened_mut().iter_mut().enumerate() {
                    for (v, sum) in pixel.iter_mut().enumerate() {
                        *sum = V::load(tile.first.add(p * tile.first_step + v * LANES));
                    }
                }
                let (mut source, mut weights) = (tile.source, tile.weights);
                for c in 0..tile.channels {
                    V::fetch(tile.output.wrapping_add(c % (VECTORS * LANES) * tile.plane));
                    for t in 0..tile.tap_count {
                        let window = source.add(*tile.taps.add(t));
                        let mut weight = [V::zero(); VECTORS];
                        for (v, weight) in weight.iter_mut().enumerate() {
                            *weight = V::load(weights.add(v * LANES));
                        }
                        weights = weights.add(VECTORS * LANES);
                        for (r, row) in sum.iter_mut().enumerate() {
                            let window = window.add(r * tile.row);
                            for (p, pixel) in row.iter_mut().enumerate() {
                                let x = V::splat(*window.add(p * STEP));
                                for (sum, &weight) in pixel.iter_mut().zip(&weight) {
                                    *sum = sum.plus(x, weight);
                                }
                            }
                        }
                    }
                    weights = weights.wrapping_add(tile.skipped);
                    source = source.wrapping_add(tile.channel);
                }
                for (r, row) in sum.iter().enumerate() {
                    for (p, pixel) in row.iter().enumerate() {
                        for (v, &sum) in pixel.iter().enumerate() {
                            sum.store(sums.add(((r * WIDTH + p) * VECTORS + v) * LANES));
                        }
                    }
                }
            },
        );
    }
}

/// The micro-kernel for tiles of `rows`×`width` pixels, `STEP` elements apart, and `vectors` vectors of output channels.
pub(in crate::kernels) fn kernel<V: Lanes, const STEP: usize>(
    rows: usize,
    width: usize,
    vectors: usize,
) -> Kernel {
    macro_rules! table {
        ($($rows:literal $vectors:literal: $($width:literal)*;)*) => {
            match (rows, width, vectors) {
                $($(($rows, $width, $vectors) => outer::<V, STEP, $rows, $width, $vectors>,)*)*
                _ => unreachable!("tiles are of {} pixels at the most", V::PIXELS),
            }
        };
    }
    // A condition known when this is compiled: each extension has only its own tiles.
    if V::WIDE {
        table! {
            1 1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14;
            1 2: 1 2 3 4 5 6 7 8 9 10 11 12 13 14;
            2 1: 1 2 3 4 5 6 7;
            2 2: 1 2 3 4 5 6 7;
        }
    } else {
        table! {
            1 1: 1 2 3 4 5 6;
            2 1: 1 2 3;
        }
    }
}
