//! Weights, transformed, in the order the micro-kernel reads them.

use std::ops::Range;

use super::super::correlation::Correlation;
use super::super::panels::vectors;
use super::grid::Grid;
use super::scheme::{Scheme, TAPS, both_ways};
use crate::kernels::lanes::{LANES, Lanes, rows_to_lanes};
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, SharedMut};

/// The transformed weights from some source channels to a block of output channels, as `[elements][source
/// channels][16 or 32]`, with zeros for the channels that fill up the last vector.
pub(super) struct Panel<'a> {
    pub(super) weights: &'a [f32],
    /// Elements from one element of the transform to the next.
    pub(super) plane: usize,
    /// The vectors of source channels.
    pub(super) channels: Range<usize>,
}

/// Elements of the panel of `channels` vectors of source channels, from one element of the transform to the next.
fn plane<V: Lanes, const OUT: usize, const SIZE: usize>(channels: usize) -> usize {
    channels * LANES * V::BLOCK + Grid::<OUT, SIZE>::APART
}

/// The panels of all source channels, for each group and block of output channels.
pub(super) struct Weights {
    weights: Scratch<f32>,
    blocks: usize,
    /// Elements of a panel, and from one element of the transform to the next.
    panel: usize,
    plane: usize,
    channels: usize,
}

impl Weights {
    pub(super) fn new<V: Lanes, S: Scheme<OUT, SIZE>, const OUT: usize, const SIZE: usize>(
        c: &Correlation,
        w: &[f32],
    ) -> Self {
        let (blocks, channels) = (c.outputs.div_ceil(V::BLOCK), c.sources.div_ceil(LANES));
        let plane = plane::<V, OUT, SIZE>(channels);
        let panel = SIZE * SIZE * plane;
        let mut weights = Scratch::<f32>::new(c.groups * blocks * panel);
        let parts = SharedMut::new(&mut weights);
        tasks::run(c.groups * blocks * channels, 64 * w.len(), |task| {
            let (channel, part) = (task % channels, task / channels);
            let (group, block) = (part / blocks, part % blocks);
            let w = &w[group * c.weight_group..][..c.weight_group];
            // SAFETY: each task has its own source channels of a panel, and the processor has the extension or this
            // module would not run.
            unsafe {
                let to = parts
                    .pointer()
                    .add(part * panel + channel * LANES * vectors::<V>(c.outputs, block * V::BLOCK) * LANES);
                transform::<V, S, OUT, SIZE>(c, w, block * V::BLOCK, channel * LANES, to, plane);
            }
        });
        Self { weights, blocks, panel, plane, channels }
    }

    /// The panel of a block.
    pub(super) fn panel(&self, group: usize, block: usize) -> Panel<'_> {
        let weights = &self.weights[(group * self.blocks + block) * self.panel..][..self.panel];
        Panel { weights, plane: self.plane, channels: 0..self.channels }
    }
}

/// The panel of some vectors of source channels, which is written to `to`.
pub(super) fn panel<'a, V: Lanes, S: Scheme<OUT, SIZE>, const OUT: usize, const SIZE: usize>(
    c: &Correlation,
    w: &[f32],
    group: usize,
    block: usize,
    channels: Range<usize>,
    to: &'a mut [f32],
) -> Panel<'a> {
    let plane = plane::<V, OUT, SIZE>(channels.len());
    let to = &mut to[..SIZE * SIZE * plane];
    let w = &w[group * c.weight_group..][..c.weight_group];
    for (i, channel) in channels.clone().enumerate() {
        // SAFETY: the panel has room for these channels, and the processor has the extension or this module would not
        // run.
        unsafe {
            let to = to.as_mut_ptr().add(i * LANES * vectors::<V>(c.outputs, block * V::BLOCK) * LANES);
            transform::<V, S, OUT, SIZE>(c, w, block * V::BLOCK, channel * LANES, to, plane);
        }
    }
    Panel { weights: to, plane, channels }
}

/// Elements that [`panel`] writes at the most, for so many vectors of source channels.
pub(super) fn panel_len<V: Lanes, const OUT: usize, const SIZE: usize>(channels: usize) -> usize {
    SIZE * SIZE * plane::<V, OUT, SIZE>(channels)
}

/// Transforms the weights from sixteen source channels, from number `first` on, to a block of output channels.
///
/// # Safety
/// The processor has the extension, and `to` has room for all elements of the transform, `plane` apart.
unsafe fn transform<V: Lanes, S: Scheme<OUT, SIZE>, const OUT: usize, const SIZE: usize>(
    c: &Correlation,
    w: &[f32],
    start: usize,
    first: usize,
    to: *mut f32,
    plane: usize,
) {
    let [output, source] = c.weight_strides;
    let vectors = vectors::<V>(c.outputs, start);
    let present = c.sources.saturating_sub(first).min(LANES);
    let w = &w[(start * output + first * source).min(w.len())..];
    // The taps of source channels, sixteen output channels to a vector. Where they are each other's neighbours in
    // memory, those of all source channels are turned at once.
    let mut lines = [0.0; LANES * TAPS * LANES];
    let together = if source == TAPS { LANES } else { 1 };
    for i in (0..LANES).step_by(together) {
        for v in 0..vectors {
            let (rows, channels) =
                ((c.outputs - start - v * LANES).min(LANES), present.saturating_sub(i).min(together));
            if channels > 0 {
                let from = &w[v * LANES * output + i * source..];
                assert!(from.len() >= (rows - 1) * output + channels * TAPS);
                let lines = lines.as_mut_ptr();
                // SAFETY: the processor has the extension, the rows were measured, and there is a line for each tap.
                unsafe { rows_to_lanes::<V>(from.as_ptr(), output, rows, channels * TAPS, lines, LANES) };
            }
            let lines = &lines;
            // SAFETY: the processor has the extension, and each element has a row for each channel.
            unsafe {
                V::run(
                    #[inline(always)]
                    move || {
                        for j in 0..together {
                            let mut taps = [[V::zero(); 3]; 3];
                            if j < channels {
                                for (x, tap) in taps.as_flattened_mut().iter_mut().zip(&c.taps[0]) {
                                    *x = V::load(lines[(j * TAPS + tap.weight) * LANES..][..LANES].as_ptr());
                                }
                            }
                            let to = to.add(((i + j) * vectors + v) * LANES);
                            for (i, &x) in both_ways(
                                taps,
                                #[inline(always)]
                                |x| S::weights(x),
                            )
                            .as_flattened()
                            .iter()
                            .enumerate()
                            {
                                x.store(to.add(i * plane));
                            }
                        }
                    },
                );
            }
        }
    }
}
