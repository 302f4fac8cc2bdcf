//! Four registers of NEON.

use std::arch::aarch64::*;
use std::ops::{Add, Mul, Sub};

use super::{LANES, Lanes, Mask};

/// Elements of a register.
const QUARTER: usize = LANES / 4;

#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct Neon([float32x4_t; 4]);

impl Lanes for Neon {
    const WIDE: bool = false;

    fn available() -> bool {
        std::arch::is_aarch64_feature_detected!("neon")
    }

    #[inline(always)]
    unsafe fn run<R>(f: impl FnMut() -> R) -> R {
        #[target_feature(enable = "neon")]
        #[inline]
        unsafe fn run<R>(mut f: impl FnMut() -> R) -> R {
            f()
        }
        // SAFETY: the caller vouches for the processor.
        unsafe { run(f) }
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller vouches for the processor.
        Self([unsafe { vdupq_n_f32(x) }; 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(each(
            #[inline(always)]
            // SAFETY: the caller vouches for the processor and the elements.
            |i| unsafe { vld1q_f32(from.add(i * QUARTER)) },
        ))
    }

    #[inline(always)]
    unsafe fn load_some(lanes: Mask, from: *const f32) -> Self {
        // SAFETY: the caller vouches for the processor and the elements.
        unsafe {
            if lanes == !0 {
                return Self::load(from);
            }
            let mut x = [0.0; LANES];
            for (i, x) in x.iter_mut().enumerate().filter(|(i, _)| lanes >> i & 1 == 1) {
                *x = *from.wrapping_add(i);
            }
            Self::load(x.as_ptr())
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        for (i, &x) in self.0.iter().enumerate() {
            // SAFETY: there is a vector, and the caller vouches for the elements.
            unsafe { vst1q_f32(to.add(i * QUARTER), x) };
        }
    }

    #[inline(always)]
    unsafe fn store_some(self, lanes: Mask, to: *mut f32) {
        // SAFETY: there is a vector, and the caller vouches for the elements.
        unsafe {
            if lanes == !0 {
                return self.store(to);
            }
            for (i, &x) in self.0.iter().enumerate() {
                let (lanes, to) = (lanes >> (i * QUARTER) & 0b1111, to.wrapping_add(i * QUARTER));
                if lanes == 0b1111 {
                    vst1q_f32(to, x);
                    continue;
                }
                if lanes & 1 != 0 {
                    vst1q_lane_f32::<0>(to, x);
                }
                if lanes & 2 != 0 {
                    vst1q_lane_f32::<1>(to.wrapping_add(1), x);
                }
                if lanes & 4 != 0 {
                    vst1q_lane_f32::<2>(to.wrapping_add(2), x);
                }
                if lanes & 8 != 0 {
                    vst1q_lane_f32::<3>(to.wrapping_add(3), x);
                }
            }
        }
    }

    #[inline(always)]
    fn plus(self, a: Self, b: Self) -> Self {
        Self(each(
            #[inline(always)]
            // SAFETY: there is a vector.
            |i| unsafe { vfmaq_f32(self.0[i], a.0[i], b.0[i]) },
        ))
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        let mut x = [0.0; LANES];
        // SAFETY: there is a vector, and room for it.
        unsafe { self.store(x.as_mut_ptr()) };
        x.iter().sum()
    }

    #[inline(always)]
    fn transpose(rows: &mut [Self; LANES]) {
        let all = *rows;
        // The matrix in sixteen squares of 4×4.
        for i in 0..4 {
            for j in 0..4 {
                let square = transposed(each(
                    #[inline(always)]
                    |k| all[j * QUARTER + k].0[i],
                ));
                for (k, &row) in square.iter().enumerate() {
                    rows[i * QUARTER + k].0[j] = row;
                }
            }
        }
    }

    #[inline(always)]
    fn interleave(a: Self, b: Self) -> [Self; 2] {
        let (a, b) = (a.0, b.0);
        // SAFETY: there is a vector.
        unsafe {
            [
                Self([
                    vzip1q_f32(a[0], b[0]),
                    vzip2q_f32(a[0], b[0]),
                    vzip1q_f32(a[1], b[1]),
                    vzip2q_f32(a[1], b[1]),
                ]),
                Self([
                    vzip1q_f32(a[2], b[2]),
                    vzip2q_f32(a[2], b[2]),
                    vzip1q_f32(a[3], b[3]),
                    vzip2q_f32(a[3], b[3]),
                ]),
            ]
        }
    }

    #[inline(always)]
    fn even(low: Self, high: Self) -> Self {
        // SAFETY: there is a vector.
        unsafe {
            Self([
                vuzp1q_f32(low.0[0], low.0[1]),
                vuzp1q_f32(low.0[2], low.0[3]),
                vuzp1q_f32(high.0[0], high.0[1]),
                vuzp1q_f32(high.0[2], high.0[3]),
            ])
        }
    }

    #[inline(always)]
    fn fetch(_: *const f32) {
        // The standard library has no stable name for this instruction.
    }
}

/// A register for each of the four.
#[inline(always)]
fn each(f: impl Fn(usize) -> float32x4_t) -> [float32x4_t; 4] {
    [f(0), f(1), f(2), f(3)]
}

/// Four registers, transposed as a 4×4 matrix.
#[inline(always)]
fn transposed([a, b, c, d]: [float32x4_t; QUARTER]) -> [float32x4_t; QUARTER] {
    // SAFETY: there is a vector.
    unsafe {
        let (low, high) = (
            [vreinterpretq_f64_f32(vtrn1q_f32(a, b)), vreinterpretq_f64_f32(vtrn2q_f32(a, b))],
            [vreinterpretq_f64_f32(vtrn1q_f32(c, d)), vreinterpretq_f64_f32(vtrn2q_f32(c, d))],
        );
        [
            vreinterpretq_f32_f64(vtrn1q_f64(low[0], high[0])),
            vreinterpretq_f32_f64(vtrn1q_f64(low[1], high[1])),
            vreinterpretq_f32_f64(vtrn2q_f64(low[0], high[0])),
            vreinterpretq_f32_f64(vtrn2q_f64(low[1], high[1])),
        ]
    }
}

impl Add for Neon {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(each(
            #[inline(always)]
            // SAFETY: there is a vector.
            |i| unsafe { vaddq_f32(self.0[i], other.0[i]) },
        ))
    }
}

impl Sub for Neon {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(each(
            #[inline(always)]
            // SAFETY: there is a vector.
            |i| unsafe { vsubq_f32(self.0[i], other.0[i]) },
        ))
    }
}

impl Mul<f32> for Neon {
    type Output = Self;

    #[inline(always)]
    fn mul(self, factor: f32) -> Self {
        Self(each(
            #[inline(always)]
            // SAFETY: there is a vector.
            |i| unsafe { vmulq_n_f32(self.0[i], factor) },
        ))
    }
}
