//! One step of a GRU cell. The gates of a row stand in the order r z n.
//!
//! In PyTorch's and cuDNN's form the reset gate multiplies the product of the candidate's weight with the state
//! (and its bias); in that of Cho et al. it multiplies the state, so that the candidate's product has to wait for
//! it and the step falls into two.

use super::rows::{map4, update, update2, update3};
use crate::Float;
use crate::kernels::simd::vectorized;

/// σ(x + product + bias).
#[inline(always)]
fn sigmoid<T: Float>(x: T, product: T, bias: T) -> T {
    (x + product + bias).vsigmoid()
}

/// (1 − z)·n + z·h′.
#[inline(always)]
fn mixed<T: Float>(_: T, z: T, n: T, before: T) -> T {
    (T::one() - z) * n + z * before
}

/// The gradient inside n = tanh(·).
#[inline(always)]
fn candidate_gradient<T: Float>(_: T, dh: T, z: T, n: T) -> T {
    dh * (T::one() - z) * (T::one() - n * n)
}

/// The gradient inside z = σ(·).
#[inline(always)]
fn update_gradient<T: Float>(dh: T, before: T, n: T, z: T) -> T {
    dh * (before - n) * z * (T::one() - z)
}

/// The gradient inside r = σ(·), for a product of r with a factor that has the gradient d.
#[inline(always)]
fn gate_gradient<T: Float>(_: T, d: T, factor: T, r: T) -> T {
    d * factor * r * (T::one() - r)
}

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
                update2(r, of_r, bias_r, sigmoid);
                update2(z, of_z, bias_z, sigmoid);
                update2(
                    u,
                    of_n,
                    bias_n,
                    #[inline(always)]
                    |_, product, bias| product + bias,
                );
                update3(
                    n,
                    bias_x,
                    r,
                    u,
                    #[inline(always)]
                    |n, bias, r, u| (n + bias + r * u).vtanh(),
                );
                update3(h, z, n, before, mixed);
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
                update3(dn, dh, z, n, candidate_gradient);
                map4(dz, dh, before, n, z, update_gradient);
                update3(dr, dn, u, r, gate_gradient);
                of_r.copy_from_slice(dr);
                of_z.copy_from_slice(dz);
                update2(
                    of_n,
                    dn,
                    r,
                    #[inline(always)]
                    |_, dn, r| dn * r,
                );
                update(
                    dh,
                    z,
                    #[inline(always)]
                    |dh, z| term!("gru/dh", dh * z),
                );
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
                update2(r, of_r, bias_r, sigmoid);
                update2(z, of_z, bias_z, sigmoid);
                update2(
                    kept,
                    r,
                    before,
                    #[inline(always)]
                    |_, r, before| r * before,
                );
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
                update3(
                    n,
                    product,
                    bias_x,
                    bias_n,
                    #[inline(always)]
                    |n, product, bias_x, bias_n| (n + product + (bias_x + bias_n)).vtanh(),
                );
                update3(h, z, n, before, mixed);
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
                update3(dn, dh, z, n, candidate_gradient);
                map4(dz, dh, before, n, z, update_gradient);
                update(
                    dh,
                    z,
                    #[inline(always)]
                    |dh, z| term!("gru/dh", dh * z),
                );
                update2(
                    kept,
                    r,
                    before,
                    #[inline(always)]
                    |_, r, before| r * before,
                );
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
    vectorized(
        #[inline(always)]
        || {
            let read = gates.chunks_exact(3 * hidden).zip(before.chunks_exact(hidden));
            let read = read.zip(d_kept.chunks_exact(hidden));
            let written = dh.chunks_exact_mut(hidden).zip(d_gates.chunks_exact_mut(3 * hidden));
            for (((gates, before), d_kept), (dh, d_gates)) in read.zip(written) {
                let (r, dr) = (&gates[..hidden], &mut d_gates[..hidden]);
                update3(dr, d_kept, before, r, gate_gradient);
                update2(
                    dh,
                    d_kept,
                    r,
                    #[inline(always)]
                    |dh, d_kept, r| dh + d_kept * r,
                );
            }
        },
    );
}
