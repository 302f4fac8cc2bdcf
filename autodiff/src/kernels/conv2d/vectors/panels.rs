//! Weights in the order the micro-kernel reads them.

use std::sync::atomic::{AtomicBool, Ordering};

use super::correlation::Correlation;
use crate::kernels::lanes::{LANES, Lanes};
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, SharedMut};

/// The weights of each phase, group and block of output channels as `[source channels][taps][16 or 32]`,
/// and the bias of each group padded to whole blocks.
pub(super) struct Panels {
    weights: Scratch<f32>,
    bias: Scratch<f32>,
    /// Where each phase begins in a block's weights, and where they end.
    phases: Vec<usize>,
    /// Blocks of a group.
    pub(super) blocks: usize,
    /// Whether no weight is NaN or infinite.
    pub(super) finite: bool,
}

impl Panels {
    pub(super) fn new<V: Lanes>(c: &Correlation, w: &[f32], bias: Option<&[f32]>) -> Self {
        let blocks = c.outputs.div_ceil(V::BLOCK);
        let mut phases = vec![0];
        for taps in &c.taps {
            phases.push(phases[phases.len() - 1] + c.sources * taps.len() * V::BLOCK);
        }
        let block_len = phases[phases.len() - 1];
        let mut weights = Scratch::new(c.groups * blocks * block_len);
        let finite = AtomicBool::new(true);
        let parts = SharedMut::new(&mut weights);
        tasks::run(c.groups * blocks, 8 * w.len(), |task| {
            let (group, block) = (task / blocks, task % blocks);
            // SAFETY: each task has a block of its own, and the processor has the extension or this module
            // would not run.
            let fine = unsafe {
                let to = parts.part(task * block_len, block_len);
                pack::<V>(c, &w[group * c.weight_group..][..c.weight_group], block * V::BLOCK, to)
            };
            if !fine {
                finite.store(false, Ordering::Relaxed);
            }
        });
        Self { weights, bias: padded_bias::<V>(c, bias), phases, blocks, finite: finite.into_inner() }
    }

    /// The weights of one block in one phase.
    pub(super) fn weights(&self, phase: usize, group: usize, block: usize) -> &[f32] {
        let start = (group * self.blocks + block) * self.phases[self.phases.len() - 1];
        &self.weights[start + self.phases[phase]..start + self.phases[phase + 1]]
    }

    /// What the sums of one block begin with.
    pub(super) fn bias<V: Lanes>(&self, group: usize, block: usize) -> &[f32] {
        &self.bias[(group * self.blocks + block) * V::BLOCK..][..V::BLOCK]
    }

    /// Elements of all blocks of a group.
    pub(super) fn group_len(&self) -> usize {
        self.blocks * self.phases[self.phases.len() - 1]
    }
}

/// The bias of each group, or zeros, padded to whole blocks.
pub(super) fn padded_bias<V: Lanes>(c: &Correlation, bias: Option<&[f32]>) -> Scratch<f32> {
    let padded = c.outputs.next_multiple_of(V::BLOCK);
    let mut all = Scratch::new(c.groups * padded);
    all.fill(0.0);
    if let Some(bias) = bias {
        for (to, from) in all.chunks_exact_mut(padded).zip(bias.chunks_exact(c.outputs)) {
            to[..c.outputs].copy_from_slice(from);
        }
    }
    all
}

/// Vectors of output channels in the block that begins at `start`.
pub(super) fn vectors<V: Lanes>(outputs: usize, start: usize) -> usize {
    (outputs - start).div_ceil(LANES).min(V::VECTORS)
}

/// Packs one block of output channels, and tells whether all its weights are finite.
///
/// # Safety
/// The processor has the extension.
unsafe fn pack<V: Lanes>(c: &Correlation, w: &[f32], start: usize, to: &mut [f32]) -> bool {
    let [output, source] = c.weight_strides;
    let size = vectors::<V>(c.outputs, start) * LANES;
    // SAFETY: the caller vouches for the processor, and each row has the vectors stored to it.
    unsafe {
        V::run(
            #[inline(always)]
            || {
                // Products of 0 and the weights add up to 0 if these are all finite, to NaN otherwise.
                let mut zeros = V::zero();
                let mut at = 0;
                for taps in &c.taps {
                    let phase = &mut to[at..][..c.sources * taps.len() * V::BLOCK];
                    at += phase.len();
                    let mut rows = phase.chunks_exact_mut(size);
                    for channel in 0..c.sources {
                        for tap in taps {
                            let Some(row) = rows.next() else {
                                unreachable!("a row for each channel and tap")
                            };
                            for (v, row) in row.chunks_exact_mut(LANES).enumerate() {
                                let first = start + v * LANES;
                                let from = &w[first * output + channel * source + tap.weight..];
                                let weights = V::gather(from, output, (c.outputs - first).min(LANES));
                                zeros = zeros.plus_scaled(0.0, weights);
                                weights.store(row.as_mut_ptr());
                            }
                        }
                    }
                }
                zeros.sum() == 0.0
            },
        )
    }
}
