//! Two-dimensional convolution and its two gradients.
//!
//! `y[n, k, p, q] = bias[k] + Σ x[n, c, p·stride + r·dilation − padding, …]·w[k, c, r, s]`, the sum over the
//! input channels c of k's group and the taps (r, s); products with padding are left out, so that a NaN or
//! ∞ in w or x reaches exactly the outputs whose sum holds it.
//!
//! The plan follows from the shape alone, never from the number of threads.

mod geometry;
mod portable;
#[cfg(test)]
mod reference;
mod rows;
#[cfg(test)]
mod tests;
mod unfold;
mod unfolded;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod vectors;

pub(crate) use geometry::{Conv2dGeometry, inside};
pub(crate) use unfold::{fold, unfold};

use super::channels::Channels;
use super::epilogue::Epilogue;
use crate::Float;

/// y `[N, K, P, Q]` ← w `[K, C/groups, R, S]` ⋆ x `[N, C, H, W]` (+ bias `[K]`), finished: cross-correlation, as in
/// PyTorch.
#[track_caller]
pub(crate) fn forward<T: Float>(
    g: &Conv2dGeometry,
    x: &[T],
    w: &[T],
    bias: Option<&[T]>,
    epilogue: &Epilogue<'_, T>,
    y: &mut [T],
) {
    g.check(x.len(), w.len(), y.len());
    if let Some(bias) = bias {
        assert_eq!(bias.len(), g.out_channels, "conv2d: elements of bias for {g:?}");
    }
    let channels =
        Channels { batch: g.batch, channels: g.out_channels, positions: g.output[0] * g.output[1] };
    epilogue.check(channels);
    let g = &g.flattened();
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    if vectors::forward(g, x, w, bias, epilogue, y) {
        return;
    }
    portable::forward(g, x, w, bias, y);
    epilogue.finish_all(channels, y);
}

/// dx ← the gradient of x for the gradient dy of y: the transposed convolution of dy with w (+ bias `[C]`).
#[track_caller]
pub(crate) fn input_gradient<T: Float>(
    g: &Conv2dGeometry,
    dy: &[T],
    w: &[T],
    bias: Option<&[T]>,
    dx: &mut [T],
) {
    g.check(dx.len(), w.len(), dy.len());
    if let Some(bias) = bias {
        assert_eq!(bias.len(), g.in_channels, "conv2d: elements of the transposed bias for {g:?}");
    }
    let g = &g.flattened();
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    if vectors::input_gradient(g, dy, w, bias, dx) {
        return;
    }
    portable::input_gradient(g, dy, w, bias, dx);
}

/// dw ← the gradient of w for the gradient dy of y.
#[track_caller]
pub(crate) fn weight_gradient<T: Float>(g: &Conv2dGeometry, x: &[T], dy: &[T], dw: &mut [T]) {
    g.check(x.len(), dw.len(), dy.len());
    let g = &g.flattened();
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    if vectors::weight_gradient(g, x, dy, dw) {
        return;
    }
    portable::weight_gradient(g, x, dy, dw);
}
