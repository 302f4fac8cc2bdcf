//! One step of a GRU cell. The gates of a row stand in the order r z n.
//!
//! In PyTorch's and cuDNN's form the reset gate multiplies the product of the candidate's weight with the state
//! (and its bias); in that of Cho et al. it multiplies the state, so that the candidate's product has to wait for
//! it and the step falls into two.

use crate::Float;
use crate::kernels::simd::vectorized;

/// r, z = σ(gates + products + bias), u = product + bias_n, n = tanh(gate + bias + r·u) and h = (1 − z)·n + z·h′.
///
/// `gates` hold the inputs' share and take r, z and n; `products` are those of the state before.
#[allow(clippy::too_many_arguments)]
pub(super) fn forward<T: Float>(
    hidden: usize,
    bias: &[T],
    bias_n: &[T],
    gates: &mut [T],
    products: &[T],
    before: &[T],
    u: &mut [T],
    h: &mut [T],
) {
    if hidden == 0 {
        return;
    }
    let (bias_r, rest) = bias.split_at(hidden);
    let (bias_z, bias_x) = rest.split_at(hidden);
    let (bias_x, bias_n) = (&bias_x[..hidden], &bias_n[..hidden]);
    vectorized(
        #[inline(always)]
        || {
            let read = products.chunks_exact(3 * hidden).zip(before.chunks_exact(hidden));
            let written = u.chunks_exact_mut(hidden).zip(h.chunks_exact_mut(hidden));
            for (gates, ((products, before), (u, h))) in
                gates.chunks_exact_mut(3 * hidden).zip(read.zip(written))
            {
                let (r, rest) = gates.split_at_mut(hidden);
                let (z, n) = rest.split_at_mut(hidden);
                let n = &mut n[..hidden];
                let (of_r, rest) = products.split_at(hidden);
                let (of_z, of_n) = rest.split_at(hidden);
                let of_n = &of_n[..hidden];
                for j in 0..hidden {
                    r[j] = (r[j] + of_r[j] + bias_r[j]).vsigmoid();
                    z[j] = (z[j] + of_z[j] + bias_z[j]).vsigmoid();
                    u[j] = of_n[j] + bias_n[j];
                    n[j] = (n[j] + bias_x[j] + r[j] * u[j]).vtanh();
                    h[j] = (T::one() - z[j]) * n[j] + z[j] * before[j];
                }
            }
        },
    );
}

/// The gradients of a step's gates on the inputs' side and on the state's, which differ at n by the factor r.
///
/// `dh` comes in as the gradient of the step's state and goes out as what reaches the state before directly.
#[allow(clippy::too_many_arguments)]
pub(super) fn backward<T: Float>(
    hidden: usize,
    gates: &[T],
    u: &[T],
    before: &[T],
    dh: &mut [T],
    d_gates: &mut [T],
    d_products: &mut [T],
) {
    if hidden == 0 {
        return;
    }
    let one = T::one();
    vectorized(
        #[inline(always)]
        || {
            let read = gates.chunks_exact(3 * hidden).zip(u.chunks_exact(hidden));
            let read = read.zip(before.chunks_exact(hidden));
            let written = d_gates.chunks_exact_mut(3 * hidden).zip(d_products.chunks_exact_mut(3 * hidden));
            for ((((gates, u), before), dh), (d_gates, d_products)) in
                read.zip(dh.chunks_exact_mut(hidden)).zip(written)
            {
                let (r, rest) = gates.split_at(hidden);
                let (z, n) = rest.split_at(hidden);
                let n = &n[..hidden];
                let (dr, rest) = d_gates.split_at_mut(hidden);
                let (dz, dn) = rest.split_at_mut(hidden);
                let dn = &mut dn[..hidden];
                let (of_r, rest) = d_products.split_at_mut(hidden);
                let (of_z, of_n) = rest.split_at_mut(hidden);
                let of_n = &mut of_n[..hidden];
                for j in 0..hidden {
                    dn[j] = dh[j] * (one - z[j]) * (one - n[j] * n[j]);
                    dz[j] = dh[j] * (before[j] - n[j]) * z[j] * (one - z[j]);
                    dr[j] = dn[j] * u[j] * r[j] * (one - r[j]);
                    of_r[j] = dr[j];
                    of_z[j] = dz[j];
                    of_n[j] = dn[j] * r[j];
                    dh[j] = dh[j] * z[j];
                }
            }
        },
    );
}

/// The first half of a step with the reset before the product: r, z = σ(gates + products + bias), and r·h′.
///
/// `products` are those of r and z with the state before.
pub(super) fn reset<T: Float>(
    hidden: usize,
    bias: &[T],
    gates: &mut [T],
    products: &[T],
    before: &[T],
    kept: &mut [T],
) {
    if hidden == 0 {
        return;
    }
    let (bias_r, bias_z) = bias[..2 * hidden].split_at(hidden);
    vectorized(
        #[inline(always)]
        || {
            let read = products.chunks_exact(2 * hidden).zip(before.chunks_exact(hidden));
            let written = gates.chunks_exact_mut(3 * hidden).zip(kept.chunks_exact_mut(hidden));
            for ((gates, kept), (products, before)) in written.zip(read) {
                let (r, rest) = gates.split_at_mut(hidden);
                let (z, _) = rest.split_at_mut(hidden);
                let (of_r, of_z) = products.split_at(hidden);
                let of_z = &of_z[..hidden];
                for j in 0..hidden {
                    r[j] = (r[j] + of_r[j] + bias_r[j]).vsigmoid();
                    z[j] = (z[j] + of_z[j] + bias_z[j]).vsigmoid();
                    kept[j] = r[j] * before[j];
                }
            }
        },
    );
}

/// The second half: n = tanh(gate + product + bias) and h = (1 − z)·n + z·h′, for the product of n with r·h′.
///
/// `bias` is the inputs' of n, `bias_n` the state's.
#[allow(clippy::too_many_arguments)]
pub(super) fn candidate<T: Float>(
    hidden: usize,
    bias: &[T],
    bias_n: &[T],
    gates: &mut [T],
    products: &[T],
    before: &[T],
    h: &mut [T],
) {
    if hidden == 0 {
        return;
    }
    let (bias_x, bias_n) = (&bias[2 * hidden..][..hidden], &bias_n[..hidden]);
    vectorized(
        #[inline(always)]
        || {
            let read = products.chunks_exact(hidden).zip(before.chunks_exact(hidden));
            let written = gates.chunks_exact_mut(3 * hidden).zip(h.chunks_exact_mut(hidden));
            for ((gates, h), (product, before)) in written.zip(read) {
                let (z, n) = gates[hidden..].split_at_mut(hidden);
                let n = &mut n[..hidden];
                for j in 0..hidden {
                    n[j] = (n[j] + product[j] + (bias_x[j] + bias_n[j])).vtanh();
                    h[j] = (T::one() - z[j]) * n[j] + z[j] * before[j];
                }
            }
        },
    );
}

/// The gradients of z and n with the reset before the product, and r·h′ once more. `dh` goes out as what reaches
/// the state before through z.
pub(super) fn candidate_backward<T: Float>(
    hidden: usize,
    gates: &[T],
    before: &[T],
    dh: &mut [T],
    d_gates: &mut [T],
    kept: &mut [T],
) {
    if hidden == 0 {
        return;
    }
    let one = T::one();
    vectorized(
        #[inline(always)]
        || {
            let read = gates.chunks_exact(3 * hidden).zip(before.chunks_exact(hidden));
            let written = d_gates.chunks_exact_mut(3 * hidden).zip(kept.chunks_exact_mut(hidden));
            for (((gates, before), dh), (d_gates, kept)) in read.zip(dh.chunks_exact_mut(hidden)).zip(written)
            {
                let (r, rest) = gates.split_at(hidden);
                let (z, n) = rest.split_at(hidden);
                let n = &n[..hidden];
                let (dz, dn) = d_gates[hidden..].split_at_mut(hidden);
                let dn = &mut dn[..hidden];
                for j in 0..hidden {
                    dn[j] = dh[j] * (one - z[j]) * (one - n[j] * n[j]);
                    dz[j] = dh[j] * (before[j] - n[j]) * z[j] * (one - z[j]);
                    dh[j] = dh[j] * z[j];
                    kept[j] = r[j] * before[j];
                }
            }
        },
    );
}

/// The gradient of r from that of r·h′, whose share of the state before is added to `dh`.
pub(super) fn reset_backward<T: Float>(
    hidden: usize,
    gates: &[T],
    before: &[T],
    d_kept: &[T],
    dh: &mut [T],
    d_gates: &mut [T],
) {
    if hidden == 0 {
        return;
    }
    let one = T::one();
    vectorized(
        #[inline(always)]
        || {
            let read = gates.chunks_exact(3 * hidden).zip(before.chunks_exact(hidden));
            let read = read.zip(d_kept.chunks_exact(hidden));
            let written = dh.chunks_exact_mut(hidden).zip(d_gates.chunks_exact_mut(3 * hidden));
            for (((gates, before), d_kept), (dh, d_gates)) in read.zip(written) {
                let (r, dr) = (&gates[..hidden], &mut d_gates[..hidden]);
                for j in 0..hidden {
                    dr[j] = d_kept[j] * before[j] * r[j] * (one - r[j]);
                    dh[j] += d_kept[j] * r[j];
                }
            }
        },
    );
}
