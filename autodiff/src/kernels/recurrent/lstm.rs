//! One step of an LSTM cell. The gates of a row stand in the order i f g o.

use super::rows::{map4, update, update2, update3};
use crate::Float;
use crate::kernels::simd::vectorized;

#[inline(always)]
fn sigmoid<T: Float>(x: T, bias: T) -> T {
    (x + bias).vsigmoid()
}

#[inline(always)]
fn tanh<T: Float>(x: T, bias: T) -> T {
    (x + bias).vtanh()
}

/// Activates the gates in place after adding the bias, and writes c = f·c′ + i·g and h = o·tanh c.
pub(super) fn forward<T: Float>(
    hidden: usize,
    bias: &[T],
    gates: &mut [T],
    before: &[T],
    c: &mut [T],
    h: &mut [T],
) {
    if hidden == 0 {
        return;
    }
    let (bias_i, rest) = bias.split_at(hidden);
    let (bias_f, rest) = rest.split_at(hidden);
    let (bias_g, bias_o) = rest.split_at(hidden);
    let bias_o = &bias_o[..hidden];
    vectorized(
        #[inline(always)]
        || {
            let rows = gates.chunks_exact_mut(4 * hidden).zip(before.chunks_exact(hidden));
            let written = c.chunks_exact_mut(hidden).zip(h.chunks_exact_mut(hidden));
            for ((gates, before), (c, h)) in rows.zip(written) {
                let (i, rest) = gates.split_at_mut(hidden);
                let (f, rest) = rest.split_at_mut(hidden);
                let (g, o) = rest.split_at_mut(hidden);
                let o = &mut o[..hidden];
                update(i, bias_i, sigmoid);
                update(f, bias_f, sigmoid);
                update(g, bias_g, tanh);
                update(o, bias_o, sigmoid);
                map4(
                    c,
                    f,
                    before,
                    i,
                    g,
                    #[inline(always)]
                    |f, before, i, g| f * before + i * g,
                );
                update2(
                    h,
                    o,
                    c,
                    #[inline(always)]
                    |_, o, c| o * c.vtanh(),
                );
            }
        },
    );
}

/// The gradients of one step's raw gates, and of the cell state before it.
///
/// `dh` is the whole gradient of o·tanh c; `dc` comes in as that of the cell state from later steps and goes out
/// as that of the cell state before.
pub(super) fn backward<T: Float>(
    hidden: usize,
    gates: &[T],
    before: &[T],
    c: &[T],
    dh: &[T],
    dc: &mut [T],
    d_gates: &mut [T],
) {
    if hidden == 0 {
        return;
    }
    let one = T::one();
    vectorized(
        #[inline(always)]
        || {
            let read = gates.chunks_exact(4 * hidden).zip(before.chunks_exact(hidden));
            let read = read.zip(c.chunks_exact(hidden).zip(dh.chunks_exact(hidden)));
            let written = dc.chunks_exact_mut(hidden).zip(d_gates.chunks_exact_mut(4 * hidden));
            for (((gates, before), (c, dh)), (dc, d_gates)) in read.zip(written) {
                let (i, rest) = gates.split_at(hidden);
                let (f, rest) = rest.split_at(hidden);
                let (g, o) = rest.split_at(hidden);
                let o = &o[..hidden];
                let (di, rest) = d_gates.split_at_mut(hidden);
                let (df, rest) = rest.split_at_mut(hidden);
                let (dg, d_o) = rest.split_at_mut(hidden);
                let d_o = &mut d_o[..hidden];
                // For now tanh c, which two of them need.
                update(
                    d_o,
                    c,
                    #[inline(always)]
                    |_, c| c.vtanh(),
                );
                update3(
                    dc,
                    dh,
                    o,
                    d_o,
                    #[inline(always)]
                    |dc, dh, o, t| term!("lstm/dc", dc) + term!("lstm/dh", dh * o * (one - t * t)),
                );
                update2(
                    d_o,
                    dh,
                    o,
                    #[inline(always)]
                    |t, dh, o| dh * t * o * (one - o),
                );
                update3(
                    di,
                    dc,
                    g,
                    i,
                    #[inline(always)]
                    |_, dc, g, i| dc * g * i * (one - i),
                );
                update3(
                    df,
                    dc,
                    before,
                    f,
                    #[inline(always)]
                    |_, dc, before, f| dc * before * f * (one - f),
                );
                update3(
                    dg,
                    dc,
                    i,
                    g,
                    #[inline(always)]
                    |_, dc, i, g| dc * i * (one - g * g),
                );
                update(
                    dc,
                    f,
                    #[inline(always)]
                    |dc, f| dc * f,
                );
            }
        },
    );
}

/// out = o·tanh c: what a projection was applied to.
pub(super) fn output<T: Float>(hidden: usize, gates: &[T], c: &[T], out: &mut [T]) {
    if hidden == 0 {
        return;
    }
    vectorized(
        #[inline(always)]
        || {
            let rows = gates.chunks_exact(4 * hidden).zip(c.chunks_exact(hidden));
            for ((gates, c), out) in rows.zip(out.chunks_exact_mut(hidden)) {
                update2(
                    out,
                    &gates[3 * hidden..],
                    c,
                    #[inline(always)]
                    |_, o, c| o * c.vtanh(),
                );
            }
        },
    );
}
