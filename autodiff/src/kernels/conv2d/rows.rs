//! Convolution by shifted rows: for each tap, w·(a run of an input row) is added to a run of an output row.
//!
//! The runs are cut to where input and output meet, so padding takes no part in any sum. That makes these
//! the right kernels for one channel to one (depthwise convolution, where a matrix product would have a
//! single row), and for data with NaN or ∞, which a multiplied zero of padding would spread.

use super::geometry::{Conv2dGeometry, inside};
use crate::Float;
use crate::kernels::simd::vectorized;
use crate::kernels::tasks::{self, SharedMut};

/// Sums of a dot product that run side by side, so that it can use vectors.
const LANES: usize = 16;

/// y ← w ⋆ x (+ bias).
pub(super) fn forward<T: Float>(g: &Conv2dGeometry, x: &[T], w: &[T], bias: Option<&[T]>, y: &mut [T]) {
    let [p_len, q_len] = g.output;
    let (plane, source, channels, taps) = (p_len * q_len, g.height * g.width, g.in_group(), g.taps());
    let planes = SharedMut::new(y);
    tasks::run(g.batch * g.out_channels, g.operations(), |task| {
        let (n, k) = (task / g.out_channels, task % g.out_channels);
        let first = n * g.in_channels + k / g.out_group() * channels;
        // SAFETY: each task has a plane of its own.
        let y = unsafe { planes.part(task * plane, plane) };
        y.fill(bias.map_or(T::zero(), |bias| bias[k]));
        vectorized(
            #[inline(always)]
            || {
                for c in 0..channels {
                    let x = &x[(first + c) * source..][..source];
                    let w = &w[(k * channels + c) * taps..][..taps];
                    for_each_run(
                        g,
                        #[inline(always)]
                        |run, tap| {
                            let (input, output) = (&x[run.input..], &mut y[run.output..][..run.len]);
                            if run.stride == 1 {
                                for (y, &x) in output.iter_mut().zip(input) {
                                    *y += w[tap] * x;
                                }
                            } else {
                                for (y, &x) in output.iter_mut().zip(input.iter().step_by(run.stride)) {
                                    *y += w[tap] * x;
                                }
                            }
                        },
                    );
                }
            },
        );
    });
}

/// dx ← the gradient of x (+ bias).
pub(super) fn input_gradient<T: Float>(
    g: &Conv2dGeometry,
    dy: &[T],
    w: &[T],
    bias: Option<&[T]>,
    dx: &mut [T],
) {
    let [p_len, q_len] = g.output;
    let (plane, source, channels, taps) = (p_len * q_len, g.height * g.width, g.in_group(), g.taps());
    let planes = SharedMut::new(dx);
    tasks::run(g.batch * g.in_channels, g.operations(), |task| {
        let (n, c) = (task / g.in_channels, task % g.in_channels);
        let first = c / channels * g.out_group();
        // SAFETY: each task has a plane of its own.
        let dx = unsafe { planes.part(task * source, source) };
        dx.fill(bias.map_or(T::zero(), |bias| bias[c]));
        vectorized(
            #[inline(always)]
            || {
                for k in first..first + g.out_group() {
                    let dy = &dy[(n * g.out_channels + k) * plane..][..plane];
                    let w = &w[(k * channels + c % channels) * taps..][..taps];
                    for_each_run(
                        g,
                        #[inline(always)]
                        |run, tap| {
                            let (input, output) = (&mut dx[run.input..], &dy[run.output..][..run.len]);
                            if run.stride == 1 {
                                for (dx, &dy) in input.iter_mut().zip(output) {
                                    *dx += w[tap] * dy;
                                }
                            } else {
                                for (dx, &dy) in input.iter_mut().step_by(run.stride).zip(output) {
                                    *dx += w[tap] * dy;
                                }
                            }
                        },
                    );
                }
            },
        );
    });
}

/// dw ← the gradient of w.
pub(super) fn weight_gradient<T: Float>(g: &Conv2dGeometry, x: &[T], dy: &[T], dw: &mut [T]) {
    let [p_len, q_len] = g.output;
    let (plane, source, channels, taps) = (p_len * q_len, g.height * g.width, g.in_group(), g.taps());
    let pairs = SharedMut::new(dw);
    tasks::run(g.out_channels * channels, g.operations(), |task| {
        let (k, c) = (task / channels, task % channels);
        let c = k / g.out_group() * channels + c;
        // SAFETY: each task has a kernel plane of its own.
        let dw = unsafe { pairs.part(task * taps, taps) };
        dw.fill(T::zero());
        vectorized(
            #[inline(always)]
            || {
                for n in 0..g.batch {
                    let x = &x[(n * g.in_channels + c) * source..][..source];
                    let dy = &dy[(n * g.out_channels + k) * plane..][..plane];
                    for_each_run(
                        g,
                        #[inline(always)]
                        |run, tap| {
                            let (input, output) = (&x[run.input..], &dy[run.output..][..run.len]);
                            dw[tap] += if run.stride == 1 {
                                dot(&input[..run.len], output)
                            } else {
                                input.iter().step_by(run.stride).zip(output).map(|(&x, &dy)| x * dy).sum()
                            };
                        },
                    );
                }
            },
        );
    });
}

/// Where a tap joins a row of the input to a row of the output.
struct Run {
    /// The first element in the input plane; the next ones are `stride` apart.
    input: usize,
    stride: usize,
    /// The first element in the output plane; the next ones follow.
    output: usize,
    len: usize,
}

/// Calls `visit(run, tap)` for every row of the output and every tap that reaches the input from it.
#[inline(always)]
fn for_each_run(g: &Conv2dGeometry, mut visit: impl FnMut(Run, usize)) {
    let [p_len, q_len] = g.output;
    let stride = g.stride[1];
    for s in 0..g.kernel[1] {
        let offset = g.offset(1, s);
        let columns = inside(offset, stride, g.width, q_len);
        if columns.is_empty() {
            continue;
        }
        let column = ((columns.start * stride) as isize + offset) as usize;
        for r in 0..g.kernel[0] {
            for p in 0..p_len {
                let h = (p * g.stride[0]) as isize + g.offset(0, r);
                if (0..g.height as isize).contains(&h) {
                    let (input, output) = (h as usize * g.width + column, p * q_len + columns.start);
                    visit(Run { input, stride, output, len: columns.len() }, r * g.kernel[1] + s);
                }
            }
        }
    }
}

#[inline(always)]
fn dot<T: Float>(a: &[T], b: &[T]) -> T {
    let mut lanes = [T::zero(); LANES];
    let (a_blocks, b_blocks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: T = a_blocks.remainder().iter().zip(b_blocks.remainder()).map(|(&a, &b)| a * b).sum();
    for (a, b) in a_blocks.zip(b_blocks) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.into_iter().sum::<T>() + rest
}
