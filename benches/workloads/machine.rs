//! What the machine can do: the arithmetic of its registers and the bandwidth of its memory, measured in the same run
//! as the workloads that are judged by them.

use std::hint::black_box;

use rayon::prelude::*;
use wengert::autodiff::vectorized;

use crate::measure::{Measure, Work};

/// Elements of a vector register at most.
const LANES: usize = 16;
/// Sums that do not wait for each other: a processor starts two a cycle and finishes each after four cycles or five.
const SUMS: usize = 12;
/// Rounds of a step, which takes some milliseconds.
const ROUNDS: usize = 1 << 18;

/// Fused multiply-adds on registers, on every thread of the pool.
pub(crate) fn peak(measure: &Measure) {
    let flop = 2.0 * (measure.threads * ROUNDS * SUMS * LANES) as f64;
    let times = measure.time_briefly(|| {
        rayon::broadcast(|_| black_box(multiply_adds(black_box(0.9999), black_box(0.0001))));
    });
    measure.report("m_peak_fma", times, Work::Flop(flop));
}

/// x ← x·a + b in [`SUMS`] vectors.
fn multiply_adds(a: f32, b: f32) -> f32 {
    vectorized(
        #[inline(always)]
        || {
            let mut sums = [[1.0_f32; LANES]; SUMS];
            for _ in 0..ROUNDS {
                for sum in &mut sums {
                    for x in sum {
                        *x = x.mul_add(a, b);
                    }
                }
            }
            sums.as_flattened().iter().sum()
        },
    )
}

/// A copy of `len` numbers, each thread a stretch.
pub(crate) fn copy(measure: &Measure, len: usize) {
    let from = vec![1.0_f32; len];
    let mut to = vec![0.0_f32; len];
    let stretch = len.div_ceil(measure.threads);
    let times = measure.time_briefly(|| {
        to.par_chunks_mut(stretch)
            .zip(from.par_chunks(stretch))
            .for_each(|(to, from)| to.copy_from_slice(from));
        black_box(&mut to);
    });
    measure.report("k_copy_64mb", times, Work::Bytes((2 * len * size_of::<f32>()) as f64));
}
