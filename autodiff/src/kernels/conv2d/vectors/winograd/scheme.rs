//! The one-dimensional transforms of Winograd's minimal filtering, and their adjoints.
//!
//! F(m, 3) computes m outputs of a filter of 3 taps with m + 2 multiplications: y = Aᵀ[(G g) ⊙ (Bᵀ d)]. The rows of
//! Bᵀ, G and A belong to the points at which polynomials are multiplied: for a point p the row of A is the powers of p,
//! that of G the powers up to p², divided by N(p) = Π (p − q) over the other points q, and that of Bᵀ the coefficients
//! of Π (x − q); the last point is ∞. After Lavin and Gray, "Fast algorithms for convolutional neural networks" (2015);
//! the points of F(4, 3) are 0, ±5/8, ±3/2 and ∞, whose error is less than half of that with 0, ±1, ±2.

use crate::kernels::lanes::Lanes;

/// Taps of a kernel plane.
pub(super) const TAPS: usize = 9;

/// F(m, 3): `OUT` is m, `SIZE` is m + 2.
pub(super) trait Scheme<const OUT: usize, const SIZE: usize> {
    /// Bᵀ d.
    fn source<V: Lanes>(d: [V; SIZE]) -> [V; SIZE];
    /// G g.
    fn weights<V: Lanes>(g: [V; 3]) -> [V; SIZE];
    /// Aᵀ m.
    fn outputs<V: Lanes>(m: [V; SIZE]) -> [V; OUT];
    /// A y, the adjoint of `outputs`.
    fn gradients<V: Lanes>(y: [V; OUT]) -> [V; SIZE];
    /// Gᵀ u, the adjoint of `weights`.
    fn taps<V: Lanes>(u: [V; SIZE]) -> [V; 3];
}

/// F(2, 3), with the points 0, 1, −1, ∞.
pub(super) struct F2;

impl Scheme<2, 4> for F2 {
    #[inline(always)]
    fn source<V: Lanes>([a, b, c, d]: [V; 4]) -> [V; 4] {
        [a - c, b + c, c - b, d - b]
    }

    #[inline(always)]
    fn weights<V: Lanes>([a, b, c]: [V; 3]) -> [V; 4] {
        let even = (a + c) * 0.5;
        [a, even.plus_scaled(0.5, b), even.plus_scaled(-0.5, b), c]
    }

    #[inline(always)]
    fn outputs<V: Lanes>([a, b, c, d]: [V; 4]) -> [V; 2] {
        [a + b + c, b - c + d]
    }

    #[inline(always)]
    fn gradients<V: Lanes>([a, b]: [V; 2]) -> [V; 4] {
        [a, a + b, a - b, b]
    }

    #[inline(always)]
    fn taps<V: Lanes>([a, b, c, d]: [V; 4]) -> [V; 3] {
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
    fn source<V: Lanes>([d0, d1, d2, d3, d4, d5]: [V; 6]) -> [V; 6] {
        let (even_p, odd_p) = (d4.plus_scaled(-Q2, d2), d3.plus_scaled(-Q2, d1) * P);
        let (even_q, odd_q) = (d4.plus_scaled(-P2, d2), d3.plus_scaled(-P2, d1) * Q);
        [
            d4.plus_scaled(P2 * Q2, d0).plus_scaled(-(P2 + Q2), d2),
            even_p + odd_p,
            even_p - odd_p,
            even_q + odd_q,
            even_q - odd_q,
            d5.plus_scaled(P2 * Q2, d1).plus_scaled(-(P2 + Q2), d3),
        ]
    }

    #[inline(always)]
    fn weights<V: Lanes>([a, b, c]: [V; 3]) -> [V; 6] {
        let (even_p, even_q) = ((a * NP).plus_scaled(NP * P2, c), (a * NQ).plus_scaled(NQ * Q2, c));
        [
            a * N0,
            even_p.plus_scaled(NP * P, b),
            even_p.plus_scaled(-NP * P, b),
            even_q.plus_scaled(NQ * Q, b),
            even_q.plus_scaled(-NQ * Q, b),
            c,
        ]
    }

    #[inline(always)]
    fn outputs<V: Lanes>([m0, m1, m2, m3, m4, m5]: [V; 6]) -> [V; 4] {
        let (even_p, odd_p) = (m1 + m2, m1 - m2);
        let (even_q, odd_q) = (m3 + m4, m3 - m4);
        [
            m0 + even_p + even_q,
            (odd_p * P).plus_scaled(Q, odd_q),
            (even_p * P2).plus_scaled(Q2, even_q),
            m5.plus_scaled(P2 * P, odd_p).plus_scaled(Q2 * Q, odd_q),
        ]
    }

    #[inline(always)]
    fn gradients<V: Lanes>([y0, y1, y2, y3]: [V; 4]) -> [V; 6] {
        let (even_p, odd_p) = (y0.plus_scaled(P2, y2), y1.plus_scaled(P2, y3) * P);
        let (even_q, odd_q) = (y0.plus_scaled(Q2, y2), y1.plus_scaled(Q2, y3) * Q);
        [y0, even_p + odd_p, even_p - odd_p, even_q + odd_q, even_q - odd_q, y3]
    }

    #[inline(always)]
    fn taps<V: Lanes>([u0, u1, u2, u3, u4, u5]: [V; 6]) -> [V; 3] {
        let (even_p, odd_p) = ((u1 + u2) * NP, (u1 - u2) * NP);
        let (even_q, odd_q) = ((u3 + u4) * NQ, (u3 - u4) * NQ);
        [
            (even_p + even_q).plus_scaled(N0, u0),
            (odd_p * P).plus_scaled(Q, odd_q),
            u5.plus_scaled(P2, even_p).plus_scaled(Q2, even_q),
        ]
    }
}

/// Applies `f` to the columns of a matrix, and then to the rows of what that gives.
///
/// `f` must be a closure that is `#[inline(always)]`: a function's name would be called through code without vectors.
#[inline(always)]
pub(super) fn both_ways<V: Lanes, const FROM: usize, const TO: usize>(
    x: [[V; FROM]; FROM],
    f: impl Fn([V; FROM]) -> [V; TO],
) -> [[V; TO]; TO] {
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
