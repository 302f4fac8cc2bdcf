//! The one-dimensional transforms of Winograd's minimal filtering, and their adjoints.
//!
//! F(m, 3) computes m outputs of a filter of 3 taps with m + 2 multiplications: y = Aᵀ[(G g) ⊙ (Bᵀ d)]. The rows of
//! Bᵀ, G and A belong to the points at which polynomials are multiplied: for a point p the row of A is the powers of p,
//! that of G the powers up to p², divided by N(p) = Π (p − q) over the other points q, and that of Bᵀ the coefficients
//! of Π (x − q); the last point is ∞. After Lavin and Gray, "Fast algorithms for convolutional neural networks" (2015);
//! the points of F(4, 3) are 0, ±5/8, ±3/2 and ∞, whose error is less than half of that with 0, ±1, ±2.

use std::arch::x86_64::*;
use std::ops::{Add, Mul, Sub};

/// Taps of a kernel plane.
pub(super) const TAPS: usize = 9;

/// A vector of sixteen channels. There is one only where the processor has AVX-512F: whoever makes the first vouches
/// for it.
#[derive(Clone, Copy)]
pub(super) struct Lanes(__m512);

impl Lanes {
    /// # Safety
    /// The processor has AVX-512F.
    #[inline(always)]
    pub(super) unsafe fn zero() -> Self {
        // SAFETY: the caller vouches for the processor.
        Self(unsafe { _mm512_setzero_ps() })
    }

    /// # Safety
    /// The processor has AVX-512F, and sixteen elements can be read.
    #[inline(always)]
    pub(super) unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for the processor and the elements.
        Self(unsafe { _mm512_loadu_ps(from) })
    }

    /// # Safety
    /// Sixteen elements can be written.
    #[inline(always)]
    pub(super) unsafe fn store(self, to: *mut f32) {
        // SAFETY: there is a vector, and the caller vouches for the elements.
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    /// The sum of all sixteen.
    #[inline(always)]
    pub(super) fn sum(self) -> f32 {
        // SAFETY: there is a vector.
        unsafe { _mm512_reduce_add_ps(self.0) }
    }

    /// self + factor·other.
    #[inline(always)]
    pub(super) fn plus(self, factor: f32, other: Self) -> Self {
        // SAFETY: there is a vector.
        Self(unsafe { _mm512_fmadd_ps(_mm512_set1_ps(factor), other.0, self.0) })
    }
}

impl From<__m512> for Lanes {
    #[inline(always)]
    fn from(x: __m512) -> Self {
        Self(x)
    }
}

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: there is a vector.
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }
}

impl Sub for Lanes {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        // SAFETY: there is a vector.
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }
}

impl Mul<f32> for Lanes {
    type Output = Self;

    #[inline(always)]
    fn mul(self, factor: f32) -> Self {
        // SAFETY: there is a vector.
        Self(unsafe { _mm512_mul_ps(self.0, _mm512_set1_ps(factor)) })
    }
}

/// F(m, 3): `OUT` is m, `SIZE` is m + 2.
pub(super) trait Scheme<const OUT: usize, const SIZE: usize> {
    /// Bᵀ d.
    fn source(d: [Lanes; SIZE]) -> [Lanes; SIZE];
    /// G g.
    fn weights(g: [Lanes; 3]) -> [Lanes; SIZE];
    /// Aᵀ m.
    fn outputs(m: [Lanes; SIZE]) -> [Lanes; OUT];
    /// A y, the adjoint of `outputs`.
    fn gradients(y: [Lanes; OUT]) -> [Lanes; SIZE];
    /// Gᵀ u, the adjoint of `weights`.
    fn taps(u: [Lanes; SIZE]) -> [Lanes; 3];
}

/// F(2, 3), with the points 0, 1, −1, ∞.
pub(super) struct F2;

impl Scheme<2, 4> for F2 {
    #[inline(always)]
    fn source([a, b, c, d]: [Lanes; 4]) -> [Lanes; 4] {
        [a - c, b + c, c - b, d - b]
    }

    #[inline(always)]
    fn weights([a, b, c]: [Lanes; 3]) -> [Lanes; 4] {
        let even = (a + c) * 0.5;
        [a, even.plus(0.5, b), even.plus(-0.5, b), c]
    }

    #[inline(always)]
    fn outputs([a, b, c, d]: [Lanes; 4]) -> [Lanes; 2] {
        [a + b + c, b - c + d]
    }

    #[inline(always)]
    fn gradients([a, b]: [Lanes; 2]) -> [Lanes; 4] {
        [a, a + b, a - b, b]
    }

    #[inline(always)]
    fn taps([a, b, c, d]: [Lanes; 4]) -> [Lanes; 3] {
        let even = (b + c) * 0.5;
        [a + even, (b - c) * 0.5, even + d]
    }
}

/// F(4, 3), with the points 0, ±P, ±Q, ∞.
pub(super) struct F4;

const P: f32 = 0.625;
const Q: f32 = 1.5;
const P2: f32 = P * P;
const Q2: f32 = Q * Q;
/// 1/N of the points 0, ±P and ±Q.
const N0: f32 = 1.0 / (P2 * Q2);
const NP: f32 = 1.0 / (2.0 * P2 * (P2 - Q2));
const NQ: f32 = 1.0 / (2.0 * Q2 * (Q2 - P2));

impl Scheme<4, 6> for F4 {
    #[inline(always)]
    fn source([d0, d1, d2, d3, d4, d5]: [Lanes; 6]) -> [Lanes; 6] {
        let (even_p, odd_p) = (d4.plus(-Q2, d2), d3.plus(-Q2, d1) * P);
        let (even_q, odd_q) = (d4.plus(-P2, d2), d3.plus(-P2, d1) * Q);
        [
            d4.plus(P2 * Q2, d0).plus(-(P2 + Q2), d2),
            even_p + odd_p,
            even_p - odd_p,
            even_q + odd_q,
            even_q - odd_q,
            d5.plus(P2 * Q2, d1).plus(-(P2 + Q2), d3),
        ]
    }

    #[inline(always)]
    fn weights([a, b, c]: [Lanes; 3]) -> [Lanes; 6] {
        let (even_p, even_q) = ((a * NP).plus(NP * P2, c), (a * NQ).plus(NQ * Q2, c));
        [
            a * N0,
            even_p.plus(NP * P, b),
            even_p.plus(-NP * P, b),
            even_q.plus(NQ * Q, b),
            even_q.plus(-NQ * Q, b),
            c,
        ]
    }

    #[inline(always)]
    fn outputs([m0, m1, m2, m3, m4, m5]: [Lanes; 6]) -> [Lanes; 4] {
        let (even_p, odd_p) = (m1 + m2, m1 - m2);
        let (even_q, odd_q) = (m3 + m4, m3 - m4);
        [
            m0 + even_p + even_q,
            (odd_p * P).plus(Q, odd_q),
            (even_p * P2).plus(Q2, even_q),
            m5.plus(P2 * P, odd_p).plus(Q2 * Q, odd_q),
        ]
    }

    #[inline(always)]
    fn gradients([y0, y1, y2, y3]: [Lanes; 4]) -> [Lanes; 6] {
        let (even_p, odd_p) = (y0.plus(P2, y2), y1.plus(P2, y3) * P);
        let (even_q, odd_q) = (y0.plus(Q2, y2), y1.plus(Q2, y3) * Q);
        [y0, even_p + odd_p, even_p - odd_p, even_q + odd_q, even_q - odd_q, y3]
    }

    #[inline(always)]
    fn taps([u0, u1, u2, u3, u4, u5]: [Lanes; 6]) -> [Lanes; 3] {
        let (even_p, odd_p) = ((u1 + u2) * NP, (u1 - u2) * NP);
        let (even_q, odd_q) = ((u3 + u4) * NQ, (u3 - u4) * NQ);
        [(even_p + even_q).plus(N0, u0), (odd_p * P).plus(Q, odd_q), u5.plus(P2, even_p).plus(Q2, even_q)]
    }
}

/// Applies `f` to the columns of a matrix, and then to the rows of what that gives.
///
/// `f` must be a closure that is `#[inline(always)]`: a function's name would be called through code without vectors.
#[inline(always)]
pub(super) fn both_ways<const FROM: usize, const TO: usize>(
    x: [[Lanes; FROM]; FROM],
    f: impl Fn([Lanes; FROM]) -> [Lanes; TO],
) -> [[Lanes; TO]; TO] {
    let mut half = [[x[0][0]; FROM]; TO];
    for j in 0..FROM {
        let mut column = x[0];
        for i in 0..FROM {
            column[i] = x[i][j];
        }
        let column = f(column);
        for i in 0..TO {
            half[i][j] = column[i];
        }
    }
    let mut whole = [[x[0][0]; TO]; TO];
    for i in 0..TO {
        whole[i] = f(half[i]);
    }
    whole
}
