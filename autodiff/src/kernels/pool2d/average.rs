//! Averages of windows, and their adjoint.

use std::ops::Range;

use super::geometry::Pool2dGeometry;
use super::max::planes_per_task;
use crate::Float;
use crate::kernels::conv2d::inside;
use crate::kernels::tasks::{self, SharedMut};

/// y `[planes, P, Q]` ← the sum of each window of x `[planes, H, W]`, divided by its size.
///
/// The size is `divisor_override` where one is given, or else the number of elements in the window: with
/// `count_include_pad` those in the padding too (but never what lies behind the padding, which a last
/// window of ceil mode can cover), otherwise those of the input alone. A window with no element of the
/// input gives 0.
#[track_caller]
pub(crate) fn average<T: Float>(
    g: &Pool2dGeometry,
    count_include_pad: bool,
    divisor_override: Option<usize>,
    x: &[T],
    y: &mut [T],
) {
    g.check(x.len(), y.len());
    let windows = Windows::new(g, count_include_pad, divisor_override);
    let (source, plane) = (g.input_plane(), g.output_plane());
    let per_task = planes_per_task(source + plane);
    let values = SharedMut::new(y);
    let arch = pulp::Arch::new();
    tasks::run(g.planes.div_ceil(per_task), g.operations(), |task| {
        for i in task * per_task..((task + 1) * per_task).min(g.planes) {
            let x = &x[i * source..][..source];
            // SAFETY: each task has planes of its own.
            let y = unsafe { values.part(i * plane, plane) };
            arch.dispatch(
                #[inline(always)]
                || windows.plane_average(g, x, y),
            );
        }
    });
}

/// dx `[planes, H, W]` ← the gradient of x for the gradient dy of y: each window's share, dy divided by its
/// size, added to its elements.
#[track_caller]
pub(crate) fn average_gradient<T: Float>(
    g: &Pool2dGeometry,
    count_include_pad: bool,
    divisor_override: Option<usize>,
    dy: &[T],
    dx: &mut [T],
) {
    g.check(dx.len(), dy.len());
    let windows = Windows::new(g, count_include_pad, divisor_override);
    let (source, plane) = (g.input_plane(), g.output_plane());
    let per_task = planes_per_task(source + plane);
    let sums = SharedMut::new(dx);
    let arch = pulp::Arch::new();
    tasks::run(g.planes.div_ceil(per_task), g.operations(), |task| {
        let mut shares = vec![T::zero(); g.output()[1]];
        for i in task * per_task..((task + 1) * per_task).min(g.planes) {
            let dy = &dy[i * plane..][..plane];
            // SAFETY: each task has planes of its own.
            let dx = unsafe { sums.part(i * source, source) };
            arch.dispatch(
                #[inline(always)]
                || windows.plane_gradient(g, dy, &mut shares, dx),
            );
        }
    });
}

/// The windows of a pooling, along each axis.
struct Windows<T> {
    rows: Vec<Span<T>>,
    columns: Vec<Span<T>>,
}

/// A window along one axis.
struct Span<T> {
    /// Its elements in the input.
    inside: Range<usize>,
    /// What it contributes to the divisor as a factor.
    size: T,
}

impl<T: Float> Windows<T> {
    #[track_caller]
    fn new(g: &Pool2dGeometry, count_include_pad: bool, divisor_override: Option<usize>) -> Self {
        assert_eq!(g.dilation, [1, 1], "avg_pool2d: the dilation of {g:?}");
        assert_ne!(divisor_override, Some(0), "avg_pool2d: a divisor of 0");
        let [p_len, q_len] = g.output();
        let spans = |axis: usize, input: usize, output: usize| -> Vec<Span<T>> {
            let padding = g.padding[axis];
            (0..output)
                .map(|o| {
                    // Positions count from the start of the padding.
                    let start = o * g.stride[axis];
                    let end = (start + g.kernel[axis]).min(input + 2 * padding);
                    let first = start.max(padding) - padding;
                    let inside = first..end.min(input + padding).saturating_sub(padding).max(first);
                    let size = match divisor_override {
                        Some(divisor) => [divisor, 1][axis],
                        None if count_include_pad => end - start,
                        // A window without elements has the sum 0, which any divisor leaves 0.
                        None => inside.len().max(1),
                    };
                    Span { inside, size: T::from_f64(size as f64) }
                })
                .collect()
        };
        Self { rows: spans(0, g.height, p_len), columns: spans(1, g.width, q_len) }
    }

    #[inline(always)]
    fn plane_average(&self, g: &Pool2dGeometry, x: &[T], y: &mut [T]) {
        let (q_len, stride) = (self.columns.len(), g.stride[1]);
        for (row, y) in self.rows.iter().zip(y.chunks_exact_mut(q_len)) {
            if g.is_halving() {
                let start = row.inside.start * g.width;
                let upper = x[start..][..2 * q_len].as_chunks::<2>().0;
                let lower = x[start + g.width..][..2 * q_len].as_chunks::<2>().0;
                let divisor = row.size * self.columns[0].size;
                for ((y, upper), lower) in y.iter_mut().zip(upper).zip(lower) {
                    *y = ((upper[0] + upper[1]) + (lower[0] + lower[1])) / divisor;
                }
                continue;
            }
            y.fill(T::zero());
            for h in row.inside.clone() {
                let x = &x[h * g.width..][..g.width];
                if q_len < g.kernel[1] {
                    // Few wide windows: sum along each.
                    for (y, column) in y.iter_mut().zip(&self.columns) {
                        *y += x[column.inside.clone()].iter().copied().sum::<T>();
                    }
                    continue;
                }
                for s in 0..g.kernel[1] {
                    let offset = g.offset(1, s);
                    let run = inside(offset, stride, g.width, q_len);
                    if !run.is_empty() {
                        let first = ((run.start * stride) as isize + offset) as usize;
                        for (y, &x) in y[run].iter_mut().zip(x[first..].iter().step_by(stride)) {
                            *y += x;
                        }
                    }
                }
            }
            for (y, column) in y.iter_mut().zip(&self.columns) {
                *y /= row.size * column.size;
            }
        }
    }

    #[inline(always)]
    fn plane_gradient(&self, g: &Pool2dGeometry, dy: &[T], shares: &mut [T], dx: &mut [T]) {
        let (q_len, stride) = (self.columns.len(), g.stride[1]);
        let halving = g.is_halving();
        dx.fill(T::zero());
        for (row, dy) in self.rows.iter().zip(dy.chunks_exact(q_len)) {
            for ((share, &dy), column) in shares.iter_mut().zip(dy).zip(&self.columns) {
                *share = dy / (row.size * column.size);
            }
            for h in row.inside.clone() {
                let dx = &mut dx[h * g.width..][..g.width];
                if halving {
                    for (dx, &share) in dx.as_chunks_mut::<2>().0.iter_mut().zip(&*shares) {
                        *dx = [share, share];
                    }
                    continue;
                }
                if q_len < g.kernel[1] {
                    for (&share, column) in shares.iter().zip(&self.columns) {
                        dx[column.inside.clone()].iter_mut().for_each(|dx| *dx += share);
                    }
                    continue;
                }
                for s in 0..g.kernel[1] {
                    let offset = g.offset(1, s);
                    let run = inside(offset, stride, g.width, q_len);
                    if !run.is_empty() {
                        let first = ((run.start * stride) as isize + offset) as usize;
                        for (dx, &share) in dx[first..].iter_mut().step_by(stride).zip(&shares[run]) {
                            *dx += share;
                        }
                    }
                }
            }
        }
    }
}
