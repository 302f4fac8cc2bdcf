//! One step of an LSTM cell. The gates of a row stand in the order i f g o.

use crate::Float;
use crate::kernels::simd::vectorized;

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
                for j in 0..hidden {
                    i[j] = (i[j] + bias_i[j]).vsigmoid();
                    f[j] = (f[j] + bias_f[j]).vsigmoid();
                    g[j] = (g[j] + bias_g[j]).vtanh();
                    o[j] = (o[j] + bias_o[j]).vsigmoid();
                    c[j] = f[j] * before[j] + i[j] * g[j];
                    h[j] = o[j] * c[j].vtanh();
                }
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
                for j in 0..hidden {
                    let t = c[j].vtanh();
                    let d = dc[j] + dh[j] * o[j] * (one - t * t);
                    di[j] = d * g[j] * i[j] * (one - i[j]);
                    df[j] = d * before[j] * f[j] * (one - f[j]);
                    dg[j] = d * i[j] * (one - g[j] * g[j]);
                    d_o[j] = dh[j] * t * o[j] * (one - o[j]);
                    dc[j] = d * f[j];
                }
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
                for ((out, &o), &c) in out.iter_mut().zip(&gates[3 * hidden..]).zip(c) {
                    *out = o * c.vtanh();
                }
            }
        },
    );
}
