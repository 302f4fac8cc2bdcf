//! What the machine can do: the arithmetic of its registers and the bandwidth of its memory, measured in the same run
//! as the workloads that are judged by them.

use std::hint::black_box;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::measure::{Measure, Work};

/// Sums that do not wait for each other: a processor starts at most two multiply-adds a cycle, and finishes each after
/// four cycles or five.
const SUMS: usize = 12;
/// Multiply-adds to each sum in a step, which takes a millisecond or two.
const ROUNDS: usize = 1 << 18;

/// Fused multiply-adds on the widest registers, on every thread of the pool.
pub(crate) fn peak(measure: &Measure) {
    let run = || Arch::new().dispatch(MultiplyAdds { a: black_box(0.9999), b: black_box(0.0001) });
    let flop = 2 * measure.threads * ROUNDS * SUMS * run();
    let times = measure.time_briefly(|| {
        rayon::broadcast(|_| run());
    });
    measure.report("m_peak_fma", times, Work::Flop(flop as f64));
}

/// x ← x·a + b in [`SUMS`] registers. It gives the number of elements in one.
struct MultiplyAdds {
    a: f32,
    b: f32,
}

impl WithSimd for MultiplyAdds {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let (a, b) = (simd.splat_f32s(self.a), simd.splat_f32s(self.b));
        let mut sums = [simd.splat_f32s(1.0); SUMS];
        for _ in 0..ROUNDS {
            for x in &mut sums {
                *x = simd.mul_add_f32s(*x, a, b);
            }
        }
        black_box(sums);
        S::F32_LANES
    }
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
