//! One register of AVX-512.

use std::arch::x86_64::*;
use std::ops::{Add, Mul, Sub};

use super::{LANES, Lanes, Mask, mask};

#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct Avx512(__m512);

impl Lanes for Avx512 {
    const WIDE: bool = true;

    fn available() -> bool {
        is_x86_feature_detected!("avx512f")
    }

    #[inline(always)]
    unsafe fn run<R>(f: impl FnMut() -> R) -> R {
        #[target_feature(enable = "avx512f")]
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
        Self(unsafe { _mm512_set1_ps(x) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for the processor and the elements.
        Self(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn load_some(lanes: Mask, from: *const f32) -> Self {
        // SAFETY: the caller vouches for the processor and the elements.
        Self(unsafe { _mm512_maskz_loadu_ps(lanes, from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: there is a vector, and the caller vouches for the elements.
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn store_some(self, lanes: Mask, to: *mut f32) {
        // SAFETY: there is a vector, and the caller vouches for the elements.
        unsafe { _mm512_mask_storeu_ps(to, lanes, self.0) }
    }

    #[inline(always)]
    fn plus(self, a: Self, b: Self) -> Self {
        // SAFETY: there is a vector.
        Self(unsafe { _mm512_fmadd_ps(a.0, b.0, self.0) })
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: there is a vector.
        unsafe { _mm512_reduce_add_ps(self.0) }
    }

    #[inline(always)]
    fn transpose(rows: &mut [Self; LANES]) {
        // SAFETY: there is a vector.
        unsafe {
            let (mut r, mut t) = ([_mm512_setzero_ps(); LANES], [_mm512_setzero_ps(); LANES]);
            for i in 0..8 {
                t[2 * i] = _mm512_unpacklo_ps(rows[2 * i].0, rows[2 * i + 1].0);
                t[2 * i + 1] = _mm512_unpackhi_ps(rows[2 * i].0, rows[2 * i + 1].0);
            }
            for i in 0..4 {
                let a = _mm512_castps_pd(t[4 * i]);
                let b = _mm512_castps_pd(t[4 * i + 1]);
                let c = _mm512_castps_pd(t[4 * i + 2]);
                let d = _mm512_castps_pd(t[4 * i + 3]);
                r[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
                r[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
                r[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
                r[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
            }
            for i in 0..4 {
                t[i] = _mm512_shuffle_f32x4::<0x88>(r[i], r[4 + i]);
                t[4 + i] = _mm512_shuffle_f32x4::<0xdd>(r[i], r[4 + i]);
                t[8 + i] = _mm512_shuffle_f32x4::<0x88>(r[8 + i], r[12 + i]);
                t[12 + i] = _mm512_shuffle_f32x4::<0xdd>(r[8 + i], r[12 + i]);
            }
            for i in 0..4 {
                rows[i] = Self(_mm512_shuffle_f32x4::<0x88>(t[i], t[8 + i]));
                rows[8 + i] = Self(_mm512_shuffle_f32x4::<0xdd>(t[i], t[8 + i]));
                rows[4 + i] = Self(_mm512_shuffle_f32x4::<0x88>(t[4 + i], t[12 + i]));
                rows[12 + i] = Self(_mm512_shuffle_f32x4::<0xdd>(t[4 + i], t[12 + i]));
            }
        }
    }

    #[inline(always)]
    fn interleave(a: Self, b: Self) -> [Self; 2] {
        // SAFETY: there is a vector.
        unsafe {
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            [Self(_mm512_permutex2var_ps(a.0, low, b.0)), Self(_mm512_permutex2var_ps(a.0, high, b.0))]
        }
    }

    #[inline(always)]
    fn even(low: Self, high: Self) -> Self {
        // SAFETY: there is a vector.
        unsafe {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            Self(_mm512_permutex2var_ps(low.0, even, high.0))
        }
    }

    #[inline(always)]
    unsafe fn gather(from: &[f32], stride: usize, present: usize) -> Self {
        // The indices have 32 bits.
        assert!(stride < 1 << 27 && (present == 0 || from.len() > (present - 1) * stride));
        // SAFETY: the caller vouches for the processor, and the lanes that are present lie in the slice.
        unsafe {
            let lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let index = _mm512_mullo_epi32(lane, _mm512_set1_epi32(stride as i32));
            let zero = _mm512_setzero_ps();
            Self(_mm512_mask_i32gather_ps::<4>(zero, mask(present), index, from.as_ptr()))
        }
    }

    #[inline(always)]
    fn fetch(at: *const f32) {
        // SAFETY: prefetching takes any address.
        unsafe { _mm_prefetch::<_MM_HINT_ET0>(at.cast()) }
    }
}

impl Add for Avx512 {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: there is a vector.
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }
}

impl Sub for Avx512 {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: there is a vector.
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }
}

impl Mul<f32> for Avx512 {
    type Output = Self;

    #[inline(always)]
    fn mul(self, factor: f32) -> Self {
        // SAFETY: there is a vector.
        Self(unsafe { _mm512_mul_ps(self.0, _mm512_set1_ps(factor)) })
    }
}
