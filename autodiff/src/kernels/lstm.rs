//! The recurrent part of an LSTM layer: one cell step for a batch, forward and backward.
//!
//! The products stand outside: one for the inputs of all steps, one a step for the hidden state. Here the
//! gates of one step, laid out [batch, 4·hidden] in the order i f g o, are activated and combined in one
//! vector pass a row.

use super::parallel::{Shared, each, worthwhile};
use super::simd::vectorized;
use crate::Float;

/// Activates the gates in place, and writes c = f·c′ + i·g and h = o·tanh c.
pub(crate) fn forward<T: Float>(hidden: usize, gates: &mut [T], c_before: &[T], c: &mut [T], h: &mut [T]) {
    let rows = h.len() / hidden.max(1);
    let (gates, c, h) = (Shared::new(gates), Shared::new(c), Shared::new(h));
    for_each_row(rows, hidden, |n| {
        // SAFETY: each row is its own.
        let (gates, c, h) = unsafe {
            (
                gates.slice(4 * n * hidden, 4 * hidden),
                c.slice(n * hidden, hidden),
                h.slice(n * hidden, hidden),
            )
        };
        let c_before = &c_before[n * hidden..(n + 1) * hidden];
        let (i, rest) = gates.split_at_mut(hidden);
        let (f, rest) = rest.split_at_mut(hidden);
        let (g, o) = rest.split_at_mut(hidden);
        vectorized(
            #[inline(always)]
            || {
                for gate in [&mut *i, f, o] {
                    gate.iter_mut().for_each(|x| *x = x.vsigmoid());
                }
                g.iter_mut().for_each(|x| *x = x.vtanh());
                for (j, c) in c.iter_mut().enumerate() {
                    *c = f[j] * c_before[j] + i[j] * g[j];
                }
                for (j, h) in h.iter_mut().enumerate() {
                    *h = o[j] * c[j].vtanh();
                }
            },
        );
    });
}

/// The gradients of one step's raw gates, and of the cell state before it.
///
/// `dh` is the whole gradient of the step's hidden state; `dc` comes in as that of its cell state from later
/// steps and goes out as that of the cell state before.
#[allow(clippy::too_many_arguments)]
pub(crate) fn backward<T: Float>(
    hidden: usize,
    gates: &[T],
    c_before: &[T],
    c: &[T],
    dh: &[T],
    dc: &mut [T],
    d_gates: &mut [T],
) {
    let rows = dh.len() / hidden.max(1);
    let (dc, d_gates) = (Shared::new(dc), Shared::new(d_gates));
    let one = T::one();
    for_each_row(rows, hidden, |n| {
        // SAFETY: each row is its own.
        let (dc, d_gates) =
            unsafe { (dc.slice(n * hidden, hidden), d_gates.slice(4 * n * hidden, 4 * hidden)) };
        let row = n * hidden..(n + 1) * hidden;
        let (c_before, c, dh) = (&c_before[row.clone()], &c[row.clone()], &dh[row]);
        let gates = &gates[4 * n * hidden..4 * (n + 1) * hidden];
        let (i, rest) = gates.split_at(hidden);
        let (f, rest) = rest.split_at(hidden);
        let (g, o) = rest.split_at(hidden);
        let (di, rest) = d_gates.split_at_mut(hidden);
        let (df, rest) = rest.split_at_mut(hidden);
        let (dg, d_o) = rest.split_at_mut(hidden);
        vectorized(
            #[inline(always)]
            || {
                for j in 0..hidden {
                    let t = c[j].vtanh();
                    let d = dc[j] + dh[j] * o[j] * (one - t * t);
                    di[j] = d * g[j] * i[j] * (one - i[j]);
                    df[j] = d * c_before[j] * f[j] * (one - f[j]);
                    dg[j] = d * i[j] * (one - g[j] * g[j]);
                    d_o[j] = dh[j] * t * o[j] * (one - o[j]);
                    dc[j] = d * f[j];
                }
            },
        );
    });
}

fn for_each_row(rows: usize, hidden: usize, row: impl Fn(usize) + Sync + Send) {
    // A gate costs about eight simple operations an element.
    if rows > 1 && worthwhile(rows * hidden * 8) {
        each(rows, rows.div_ceil(16), &row);
    } else {
        (0..rows).for_each(row);
    }
}
