//! Weights in the order the micro-kernel reads them.

use std::arch::x86_64::*;
use std::sync::atomic::{AtomicBool, Ordering};

use super::correlation::Correlation;
use super::lanes::{LANES, gather};
use crate::kernels::scratch::Scratch;
use crate::kernels::tasks::{self, SharedMut};

/// Output channels of a block.
pub(super) const BLOCK: usize = 2 * LANES;

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
    pub(super) fn new(c: &Correlation, w: &[f32], bias: Option<&[f32]>) -> Self {
        let blocks = c.outputs.div_ceil(BLOCK);
        let mut phases = vec![0];
        for taps in &c.taps {
            phases.push(phases[phases.len() - 1] + c.sources * taps.len() * BLOCK);
        }
        let block_len = phases[phases.len() - 1];
        let mut weights = Scratch::new(c.groups * blocks * block_len);
        let finite = AtomicBool::new(true);
        let parts = SharedMut::new(&mut weights);
        tasks::run(c.groups * blocks, 8 * w.len(), |task| {
            let (group, block) = (task / blocks, task % blocks);
            // SAFETY: each task has a block of its own, and the processor has AVX-512F or this module
            // would not run.
            let fine = unsafe {
                let to = parts.part(task * block_len, block_len);
                pack(c, &w[group * c.weight_group..][..c.weight_group], block * BLOCK, to)
            };
            if !fine {
                finite.store(false, Ordering::Relaxed);
            }
        });
        Self { weights, bias: padded_bias(c, bias), phases, blocks, finite: finite.into_inner() }
    }

    /// The weights of one block in one phase.
    pub(super) fn weights(&self, phase: usize, group: usize, block: usize) -> &[f32] {
        let start = (group * self.blocks + block) * self.phases[self.phases.len() - 1];
        &self.weights[start + self.phases[phase]..start + self.phases[phase + 1]]
    }

    /// What the sums of one block begin with.
    pub(super) fn bias(&self, group: usize, block: usize) -> &[f32] {
        &self.bias[(group * self.blocks + block) * BLOCK..][..BLOCK]
    }

    /// Elements of all blocks of a group.
    pub(super) fn group_len(&self) -> usize {
        self.blocks * self.phases[self.phases.len() - 1]
    }
}

/// The bias of each group, or zeros, padded to whole blocks.
pub(super) fn padded_bias(c: &Correlation, bias: Option<&[f32]>) -> Scratch<f32> {
    let padded = c.outputs.next_multiple_of(BLOCK);
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
pub(super) fn vectors(outputs: usize, start: usize) -> usize {
    if outputs - start > LANES { 2 } else { 1 }
}

/// Packs one block of output channels, and tells whether all its weights are finite.
///
/// # Safety
/// The processor has AVX-512F.
#[target_feature(enable = "avx512f")]
unsafe fn pack(c: &Correlation, w: &[f32], start: usize, mut to: &mut [f32]) -> bool {
    let [output, source] = c.weight_strides;
    let zero = _mm512_setzero_ps();
    // Products of 0 and the weights add up to 0 if these are all finite, to NaN otherwise.
    let mut zeros = zero;
    for taps in &c.taps {
        let (phase, rest) = to.split_at_mut(c.sources * taps.len() * BLOCK);
        to = rest;
        let size = vectors(c.outputs, start) * LANES;
        let mut rows = phase.chunks_exact_mut(size);
        for channel in 0..c.sources {
            for tap in taps {
                let Some(row) = rows.next() else { unreachable!("a row for each channel and tap") };
                for (v, row) in row.chunks_exact_mut(LANES).enumerate() {
                    let first = start + v * LANES;
                    let from = &w[first * output + channel * source + tap.weight..];
                    let weights = gather(from, output, (c.outputs - first).min(LANES));
                    zeros = _mm512_fmadd_ps(weights, zero, zeros);
                    // SAFETY: the row has sixteen elements.
                    unsafe { _mm512_storeu_ps(row.as_mut_ptr(), weights) };
                }
            }
        }
    }
    _mm512_reduce_add_ps(zeros) == 0.0
}
