//! The kernels for every element type and processor: shifted rows or products with the unfolded input.

use super::geometry::Conv2dGeometry;
use super::{rows, unfolded};
use crate::Float;

/// y ← w ⋆ x (+ bias).
pub(super) fn forward<T: Float>(g: &Conv2dGeometry, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) {
    if one_to_one(g) || (g.is_padded() && !all_finite(w)) {
        rows::forward(g, x, w, bias, y);
    } else {
        unfolded::forward(g, x, w, bias, y);
    }
}

/// dx ← the gradient of x (+ bias).
pub(super) fn input_gradient<T: Float>(
    g: &Conv2dGeometry,
    dy: &[T],
    w: &[T],
    bias: Option<&[T]>,
    dx: &mut [T],
) {
    if one_to_one(g) {
        rows::input_gradient(g, dy, w, bias, dx);
    } else {
        unfolded::input_gradient(g, dy, w, bias, dx);
    }
}

/// dw ← the gradient of w.
pub(super) fn weight_gradient<T: Float>(g: &Conv2dGeometry, x: &[T], dy: &[T], dw: &mut [T]) {
    if !one_to_one(g) {
        unfolded::weight_gradient(g, x, dy, dw);
        // A NaN or ∞ of dy that met padding has left its trace.
        if !g.is_padded() || all_finite(dw) {
            return;
        }
    }
    rows::weight_gradient(g, x, dy, dw);
}

/// Whether each group takes one channel to one, as in depthwise convolution.
fn one_to_one(g: &Conv2dGeometry) -> bool {
    g.in_group() == 1 && g.out_group() == 1
}

/// Whether no element is NaN or infinite: only then can padding be multiplied in as zeros.
pub(super) fn all_finite<T: Float>(x: &[T]) -> bool {
    // x·0 is 0 for finite x and NaN for others, and a sum with a NaN is NaN: a test without branches.
    x.chunks(1024).all(|part| {
        let mut lanes = [T::zero(); 16];
        let blocks = part.chunks_exact(16);
        let rest: T = blocks.remainder().iter().map(|&x| x * T::zero()).sum();
        for block in blocks {
            for (lane, &x) in lanes.iter_mut().zip(block) {
                *lane += x * T::zero();
            }
        }
        lanes.into_iter().sum::<T>() + rest == T::zero()
    })
}
