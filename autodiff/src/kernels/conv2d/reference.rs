//! Convolution as its formula reads: seven loops, for the tests.

use super::geometry::Conv2dGeometry;
use crate::Float;

/// Calls `visit(x, w, y)` with the three positions of every product in the convolution.
fn for_each_product(g: &Conv2dGeometry, mut visit: impl FnMut(usize, usize, usize)) {
    let [p_len, q_len] = g.output;
    let channels = g.in_group();
    for n in 0..g.batch {
        for k in 0..g.out_channels {
            for p in 0..p_len {
                for q in 0..q_len {
                    for c in 0..channels {
                        for r in 0..g.kernel[0] {
                            for s in 0..g.kernel[1] {
                                let h = (p * g.stride[0] + r * g.dilation[0]).wrapping_sub(g.padding[0]);
                                let v = (q * g.stride[1] + s * g.dilation[1]).wrapping_sub(g.padding[1]);
                                if h < g.height && v < g.width {
                                    let plane = n * g.in_channels + k / g.out_group() * channels + c;
                                    visit(
                                        (plane * g.height + h) * g.width + v,
                                        ((k * channels + c) * g.kernel[0] + r) * g.kernel[1] + s,
                                        ((n * g.out_channels + k) * p_len + p) * q_len + q,
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn forward<T: Float>(g: &Conv2dGeometry, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) {
    let plane: usize = g.output.iter().product();
    for (i, y) in y.iter_mut().enumerate() {
        *y = bias.map_or(T::zero(), |bias| bias[i / plane % g.out_channels]);
    }
    for_each_product(g, |i, j, o| y[o] += x[i] * w[j]);
}

pub(super) fn input_gradient<T: Float>(
    g: &Conv2dGeometry,
    dy: &[T],
    w: &[T],
    bias: Option<&[T]>,
    dx: &mut [T],
) {
    for (i, dx) in dx.iter_mut().enumerate() {
        *dx = bias.map_or(T::zero(), |bias| bias[i / (g.height * g.width) % g.in_channels]);
    }
    for_each_product(g, |i, j, o| dx[i] += dy[o] * w[j]);
}

pub(super) fn weight_gradient<T: Float>(g: &Conv2dGeometry, x: &[T], dy: &[T], dw: &mut [T]) {
    dw.fill(T::zero());
    for_each_product(g, |i, j, o| dw[j] += x[i] * dy[o]);
}
