//! Weights, transformed, in the order the micro-kernel reads them.

use super::super::correlation::Correlation;
use super::super::lanes::{LANES, gather};
use super::super::panels::{BLOCK, padded_bias, vectors};
use super::grid::Grid;
use super::scheme::{Lanes, Scheme, both_ways};
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, SharedMut};

/// The weights of each group, block of output channels and element of the transform as `[source channels][16 or 32]`,
/// with zeros for the source channels that fill up the last vector; and the bias padded to whole blocks.
pub(super) struct Weights {
    weights: Scratch<f32>,
    bias: Scratch<f32>,
    /// Blocks of a group.
    pub(super) blocks: usize,
    /// Elements of the transform.
    elements: usize,
    /// Elements from one element of the transform to the next.
    plane: usize,
}

impl Weights {
    pub(super) fn new<S: Scheme<OUT, SIZE>, const OUT: usize, const SIZE: usize>(
        c: &Correlation,
        w: &[f32],
        bias: Option<&[f32]>,
    ) -> Self {
        let blocks = c.outputs.div_ceil(BLOCK);
        let channels = c.sources.div_ceil(LANES);
        let plane = channels * LANES * BLOCK + Grid::<OUT, SIZE>::APART;
        let elements = SIZE * SIZE;
        let mut weights = Scratch::<f32>::new(c.groups * blocks * elements * plane);
        let parts = SharedMut::new(&mut weights);
        tasks::run(c.groups * blocks * channels, 64 * w.len(), |task| {
            let (channel, part) = (task % channels, task / channels);
            let (group, block) = (part / blocks, part % blocks);
            let w = &w[group * c.weight_group..][..c.weight_group];
            // SAFETY: each task has its own source channels of a part, and the processor has AVX-512F or this module
            // would not run.
            unsafe {
                let to = parts.pointer().add(part * elements * plane);
                transform::<S, OUT, SIZE>(c, w, block * BLOCK, channel * LANES, to, plane);
            }
        });
        Self { weights, bias: padded_bias(c, bias), blocks, elements, plane }
    }

    /// The weights of one block for one element of the transform.
    pub(super) fn element(&self, group: usize, block: usize, element: usize) -> &[f32] {
        &self.weights[((group * self.blocks + block) * self.elements + element) * self.plane..][..self.plane]
    }

    /// Elements of all blocks of a group.
    pub(super) fn group_len(&self) -> usize {
        self.blocks * self.elements * self.plane
    }

    /// What the outputs of one block begin with.
    pub(super) fn bias(&self, group: usize, block: usize) -> &[f32] {
        &self.bias[(group * self.blocks + block) * BLOCK..][..BLOCK]
    }
}

/// Transforms the weights from sixteen source channels to a block of output channels.
///
/// # Safety
/// The processor has AVX-512F, and `to` has room for all elements of the transform, `plane` apart.
#[target_feature(enable = "avx512f")]
unsafe fn transform<S: Scheme<OUT, SIZE>, const OUT: usize, const SIZE: usize>(
    c: &Correlation,
    w: &[f32],
    start: usize,
    first: usize,
    to: *mut f32,
    plane: usize,
) {
    let [output, source] = c.weight_strides;
    let vectors = vectors(c.outputs, start);
    for channel in first..first + LANES {
        for v in 0..vectors {
            let k = start + v * LANES;
            // SAFETY: the processor has AVX-512F, and each element has a row for this channel.
            unsafe {
                let mut taps = [[Lanes::zero(); 3]; 3];
                if channel < c.sources {
                    for (x, tap) in taps.as_flattened_mut().iter_mut().zip(&c.taps[0]) {
                        let from = &w[k * output + channel * source + tap.weight..];
                        *x = Lanes::from(gather(from, output, (c.outputs - k).min(LANES)));
                    }
                }
                let to = to.add(channel * vectors * LANES + v * LANES);
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
        }
    }
}
