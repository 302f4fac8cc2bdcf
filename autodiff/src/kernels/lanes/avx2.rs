//! Two registers of AVX2.

use std::arch::x86_64::*;
use std::ops::{Add, Mul, Sub};

use super::{LANES, Lanes, Mask};

/// Elements of a register.
const HALF: usize = LANES / 2;

#[derive(Clone, Copy, Debug)]
pub(in crate::kernels) struct Avx2([__m256; 2]);

impl Lanes for Avx2 {
    const WIDE: bool = false;

    fn available() -> bool {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
    }

    #[inline(always)]
    unsafe fn run<R>(f: impl FnMut() -> R) -> R {
        #[target_feature(enable = "avx2,fma")]
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
        Self([unsafe { _mm256_set1_ps(x) }; 2])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for the processor and the elements.
        unsafe { Self([_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(HALF))]) }
    }

    #[inline(always)]
    unsafe fn load_some(lanes: Mask, from: *const f32) -> Self {
        // SAFETY: the caller vouches for the processor and the elements.
        unsafe {
            if lanes == !0 {
                return Self::load(from);
            }
            let [low, high] = halves(lanes);
            Self([_mm256_maskload_ps(from, low), _mm256_maskload_ps(from.wrapping_add(HALF), high)])
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: there is a vector, and the caller vouches for the elements.
        unsafe {
            _mm256_storeu_ps(to, self.0[0]);
            _mm256_storeu_ps(to.add(HALF), self.0[1]);
        }
    }

    #[inline(always)]
    unsafe fn store_some(self, lanes: Mask, to: *mut f32) {
        // SAFETY: there is a vector, and the caller vouches for the elements.
        unsafe {
            if lanes == !0 {
                return self.store(to);
            }
            store_some_of_half(self.0[0], lanes & 0xff, to);
            store_some_of_half(self.0[1], lanes >> HALF, to.wrapping_add(HALF));
        }
    }

    #[inline(always)]
    fn plus(self, a: Self, b: Self) -> Self {
        // SAFETY: there is a vector.
        unsafe {
            Self([_mm256_fmadd_ps(a.0[0], b.0[0], self.0[0]), _mm256_fmadd_ps(a.0[1], b.0[1], self.0[1])])
        }
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
        // The matrix in four squares of 8×8.
        for i in 0..2 {
            for j in 0..2 {
                let mut square = [all[0].0[0]; HALF];
                for (row, from) in square.iter_mut().zip(&all[j * HALF..]) {
                    *row = from.0[i];
                }
                for (to, row) in rows[i * HALF..].iter_mut().zip(transposed(square)) {
                    to.0[j] = row;
                }
            }
        }
    }

    #[inline(always)]
    fn interleave(a: Self, b: Self) -> [Self; 2] {
        // SAFETY: there is a vector.
        unsafe {
            let (low, high) = (
                [_mm256_unpacklo_ps(a.0[0], b.0[0]), _mm256_unpackhi_ps(a.0[0], b.0[0])],
                [_mm256_unpacklo_ps(a.0[1], b.0[1]), _mm256_unpackhi_ps(a.0[1], b.0[1])],
            );
            [
                Self([
                    _mm256_permute2f128_ps::<0x20>(low[0], low[1]),
                    _mm256_permute2f128_ps::<0x31>(low[0], low[1]),
                ]),
                Self([
                    _mm256_permute2f128_ps::<0x20>(high[0], high[1]),
                    _mm256_permute2f128_ps::<0x31>(high[0], high[1]),
                ]),
            ]
        }
    }

    #[inline(always)]
    fn even(low: Self, high: Self) -> Self {
        // SAFETY: there is a vector.
        unsafe {
            // Of each half of the registers: a₀ a₂ b₀ b₂ | a₄ a₆ b₄ b₆.
            let low = _mm256_castps_pd(_mm256_shuffle_ps::<0x88>(low.0[0], low.0[1]));
            let high = _mm256_castps_pd(_mm256_shuffle_ps::<0x88>(high.0[0], high.0[1]));
            Self([
                _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(low)),
                _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(high)),
            ])
        }
    }

    #[inline(always)]
    fn fetch(at: *const f32) {
        // SAFETY: prefetching takes any address.
        unsafe { _mm_prefetch::<_MM_HINT_ET0>(at.cast()) }
    }
}

/// The lanes as the signs of the elements of two registers.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn halves(lanes: Mask) -> [__m256i; 2] {
    // SAFETY: the caller vouches for the processor.
    unsafe {
        // Shifted left by as much, the bit of each lane is its sign.
        let low = _mm256_setr_epi32(31, 30, 29, 28, 27, 26, 25, 24);
        let high = _mm256_setr_epi32(23, 22, 21, 20, 19, 18, 17, 16);
        let lanes = _mm256_set1_epi32(i32::from(lanes));
        [_mm256_sllv_epi32(lanes, low), _mm256_sllv_epi32(lanes, high)]
    }
}

/// Writes the elements of some lanes of a register. The masked store takes some processors tens of cycles, and so the
/// first lanes, which it mostly is about, are written in parts.
///
/// # Safety
/// The processor has AVX2, and these elements can be written.
#[inline(always)]
unsafe fn store_some_of_half(x: __m256, lanes: Mask, to: *mut f32) {
    // SAFETY: the caller vouches for the processor and the elements.
    unsafe {
        if lanes == 0xff {
            return _mm256_storeu_ps(to, x);
        }
        if lanes & (lanes + 1) != 0 {
            let [low, _] = halves(lanes);
            return _mm256_maskstore_ps(to, low, x);
        }
        let (mut part, mut to) = (_mm256_castps256_ps128(x), to);
        if lanes > 0b111 {
            _mm_storeu_ps(to, part);
            (part, to) = (_mm256_extractf128_ps::<1>(x), to.wrapping_add(4));
        }
        let left = lanes.count_ones() % 4;
        if left > 1 {
            _mm_storel_pd(to.cast(), _mm_castps_pd(part));
            (part, to) = (_mm_movehl_ps(part, part), to.wrapping_add(2));
        }
        if left % 2 == 1 {
            _mm_store_ss(to, part);
        }
    }
}

/// Eight registers, transposed as an 8×8 matrix.
#[inline(always)]
fn transposed(r: [__m256; HALF]) -> [__m256; HALF] {
    // SAFETY: there is a vector.
    unsafe {
        let mut t = r;
        for i in 0..4 {
            t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
            t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
        }
        let mut q = t;
        for i in 0..2 {
            q[4 * i] = _mm256_shuffle_ps::<0x44>(t[4 * i], t[4 * i + 2]);
            q[4 * i + 1] = _mm256_shuffle_ps::<0xee>(t[4 * i], t[4 * i + 2]);
            q[4 * i + 2] = _mm256_shuffle_ps::<0x44>(t[4 * i + 1], t[4 * i + 3]);
            q[4 * i + 3] = _mm256_shuffle_ps::<0xee>(t[4 * i + 1], t[4 * i + 3]);
        }
        for i in 0..4 {
            t[i] = _mm256_permute2f128_ps::<0x20>(q[i], q[4 + i]);
            t[4 + i] = _mm256_permute2f128_ps::<0x31>(q[i], q[4 + i]);
        }
        t
    }
}

impl Add for Avx2 {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: there is a vector.
        unsafe { Self([_mm256_add_ps(self.0[0], other.0[0]), _mm256_add_ps(self.0[1], other.0[1])]) }
    }
}

impl Sub for Avx2 {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: there is a vector.
        unsafe { Self([_mm256_sub_ps(self.0[0], other.0[0]), _mm256_sub_ps(self.0[1], other.0[1])]) }
    }
}

impl Mul<f32> for Avx2 {
    type Output = Self;

    #[inline(always)]
    fn mul(self, factor: f32) -> Self {
        // SAFETY: there is a vector.
        unsafe {
            let factor = _mm256_set1_ps(factor);
            Self([_mm256_mul_ps(self.0[0], factor), _mm256_mul_ps(self.0[1], factor)])
        }
    }
}
