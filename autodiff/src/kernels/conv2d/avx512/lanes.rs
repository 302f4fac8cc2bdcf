//! Vectors of sixteen: masks, transposition, interleaving.

use std::arch::x86_64::*;

/// Elements of a vector.
pub(super) const LANES: usize = 16;

/// The first `n` lanes.
#[inline(always)]
pub(super) fn mask(n: usize) -> __mmask16 {
    if n >= LANES { !0 } else { (1 << n) - 1 }
}

/// Transposes sixteen vectors as a 16×16 matrix.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn transpose(r: &mut [__m512; LANES]) {
    let mut t = [_mm512_setzero_ps(); LANES];
    for i in 0..8 {
        t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    for i in 0..4 {
        let [a, b, c, d] = [t[4 * i], t[4 * i + 1], t[4 * i + 2], t[4 * i + 3]].map(|v| _mm512_castps_pd(v));
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
        r[i] = _mm512_shuffle_f32x4::<0x88>(t[i], t[8 + i]);
        r[8 + i] = _mm512_shuffle_f32x4::<0xdd>(t[i], t[8 + i]);
        r[4 + i] = _mm512_shuffle_f32x4::<0x88>(t[4 + i], t[12 + i]);
        r[12 + i] = _mm512_shuffle_f32x4::<0xdd>(t[4 + i], t[12 + i]);
    }
}

/// a₀ b₀ a₁ b₁ …: the first and the second sixteen.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn interleave(a: __m512, b: __m512) -> [__m512; 2] {
    let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    [_mm512_permutex2var_ps(a, low, b), _mm512_permutex2var_ps(a, high, b)]
}

/// The elements 0, `stride`, 2·`stride`, … of a slice, `present` of them, and zeros.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn gather(from: &[f32], stride: usize, present: usize) -> __m512 {
    assert!(present == 0 || from.len() > (present - 1) * stride);
    let lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let index = _mm512_mullo_epi32(lane, _mm512_set1_epi32(stride as i32));
    // SAFETY: the lanes that are present lie in the slice, which is checked.
    unsafe { _mm512_mask_i32gather_ps::<4>(_mm512_setzero_ps(), mask(present), index, from.as_ptr()) }
}

/// Writes `rows` rows of `len` elements, `pitch` apart, as `len` vectors, `stride` apart; missing rows are zeros.
///
/// # Safety
/// The processor has AVX-512F, there are those rows, and there is room for the vectors.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn rows_to_lanes(
    from: *const f32,
    pitch: usize,
    rows: usize,
    len: usize,
    to: *mut f32,
    stride: usize,
) {
    for start in (0..len).step_by(LANES) {
        let present = mask(len - start);
        let mut square = [_mm512_setzero_ps(); LANES];
        for (i, row) in square.iter_mut().enumerate().take(rows) {
            // SAFETY: the mask ends with the row.
            *row = unsafe { _mm512_maskz_loadu_ps(present, from.add(i * pitch + start)) };
        }
        transpose(&mut square);
        for (i, &column) in square.iter().enumerate().take(len - start) {
            // SAFETY: column start + i is one of `len`.
            unsafe { _mm512_storeu_ps(to.add((start + i) * stride), column) };
        }
    }
}

/// Writes the first `rows` lanes of `len` vectors, `stride` apart, as rows of `len` elements, `pitch` apart.
///
/// # Safety
/// The processor has AVX-512F, there are those vectors, and there is room for the rows.
#[target_feature(enable = "avx512f")]
pub(super) unsafe fn lanes_to_rows(
    from: *const f32,
    stride: usize,
    len: usize,
    rows: usize,
    to: *mut f32,
    pitch: usize,
) {
    for start in (0..len).step_by(LANES) {
        let present = mask(len - start);
        let mut square = [_mm512_setzero_ps(); LANES];
        for (i, column) in square.iter_mut().enumerate().take(len - start) {
            // SAFETY: column start + i is one of `len`.
            *column = unsafe { _mm512_loadu_ps(from.add((start + i) * stride)) };
        }
        transpose(&mut square);
        for (i, &row) in square.iter().enumerate().take(rows) {
            // SAFETY: the mask ends with the row.
            unsafe { _mm512_mask_storeu_ps(to.add(i * pitch + start), present, row) };
        }
    }
}
