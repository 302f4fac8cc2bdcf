//! Averages of windows, and their adjoint.

use std::ops::Range;

use super::geometry::{Pool2dGeometry, Windows2d, adaptive_ranges};
use super::max::planes_per_task;
use super::split::Split;
use crate::Float;
use crate::kernels::scratch::Scratch;
use crate::kernels::simd::vectorized;
use crate::kernels::tasks::{self, SharedMut};

/// y `[planes, P, Q]` ← the sum of each window of x `[planes, H, W]`, divided by its size.
///
/// The size is `divisor_override` where one is given, or else the number of elements in the window: with
/// `count_include_pad` those in the padding too (but never what lies behind the padding, which a last
/// window of ceil mode can cover), otherwise those of the input alone. A window with no element of the
/// input gives 0.
#[track_caller]
pub(crate) fn average<T: Float>(
    windows: &Windows2d,
    count_include_pad: bool,
    divisor_override: Option<usize>,
    x: &[T],
    y: &mut [T],
) {
    windows.check(x.len(), y.len());
    let (planes, source, plane) = (windows.planes(), windows.input_plane(), windows.output_plane());
    let spans = Spans::new(windows, count_include_pad, divisor_override);
    let per_task = planes_per_task(source + plane);
    let values = SharedMut::new(y);
    tasks::run(planes.div_ceil(per_task), windows.operations(), |task| {
        let mut columns = spans.scratch();
        for i in task * per_task..((task + 1) * per_task).min(planes) {
            let x = &x[i * source..][..source];
            // SAFETY: each task has planes of its own.
            let y = unsafe { values.part(i * plane, plane) };
            vectorized(
                #[inline(always)]
                || spans.plane_average(x, &mut columns, y),
            );
        }
    });
}

/// dx `[planes, H, W]` ← the gradient of x for the gradient dy of y: each window's share, dy divided by its
/// size, added to its elements.
#[track_caller]
pub(crate) fn average_gradient<T: Float>(
    windows: &Windows2d,
    count_include_pad: bool,
    divisor_override: Option<usize>,
    dy: &[T],
    dx: &mut [T],
) {
    windows.check(dx.len(), dy.len());
    let (planes, source, plane) = (windows.planes(), windows.input_plane(), windows.output_plane());
    let spans = Spans::new(windows, count_include_pad, divisor_override);
    let per_task = planes_per_task(source + plane);
    let sums = SharedMut::new(dx);
    tasks::run(planes.div_ceil(per_task), windows.operations(), |task| {
        let mut shares = vec![T::zero(); spans.columns.len()];
        let mut columns = spans.scratch();
        for i in task * per_task..((task + 1) * per_task).min(planes) {
            let dy = &dy[i * plane..][..plane];
            // SAFETY: each task has planes of its own.
            let dx = unsafe { sums.part(i * source, source) };
            vectorized(
                #[inline(always)]
                || spans.plane_gradient(dy, &mut shares, &mut columns, dx),
            );
        }
    });
}

/// The windows of a plane along each axis, with what they are divided by.
struct Spans<T> {
    rows: Vec<Span<T>>,
    columns: Vec<Span<T>>,
    /// The sizes of the columns, side by side.
    sizes: Vec<T>,
    height: usize,
    width: usize,
    plan: Plan,
}

/// How the windows of a plane are summed.
enum Plan {
    /// They are the 2×2 tiles of the plane.
    Halving,
    /// They are all as wide as the plane.
    Rows,
    /// One after the other: they are wider than the output, or differ in size.
    Windows,
    /// One tap after the other over whole rows of outputs.
    Taps(Split),
}

/// A window along one axis.
struct Span<T> {
    /// Its elements in the input.
    inside: Range<usize>,
    /// What it contributes to the divisor as a factor.
    size: T,
}

impl<T: Float> Spans<T> {
    #[track_caller]
    fn new(windows: &Windows2d, count_include_pad: bool, divisor_override: Option<usize>) -> Self {
        assert_ne!(divisor_override, Some(0), "avg_pool2d: a divisor of 0");
        match windows {
            Windows2d::Sliding(g) => Self::sliding(g, count_include_pad, divisor_override),
            Windows2d::Adaptive(g) => {
                let [rows, columns] = [0, 1].map(|axis| {
                    let spans = adaptive_ranges(g.input[axis], g.output[axis]).map(|inside| {
                        let size = divisor_override.map_or(inside.len(), |divisor| [divisor, 1][axis]);
                        Span { inside, size: T::from_f64(size as f64) }
                    });
                    spans.collect()
                });
                Self::of(rows, columns, g.input, Plan::Windows)
            }
        }
    }

    #[track_caller]
    fn sliding(g: &Pool2dGeometry, count_include_pad: bool, divisor_override: Option<usize>) -> Self {
        assert_eq!(g.dilation, [1, 1], "avg_pool2d: the dilation of {g:?}");
        let [p_len, q_len] = g.output();
        let spans = |axis: usize, input: usize, output: usize| -> Vec<Span<T>> {
            let padding = g.padding[axis];
            (0..output)
                .map(|o| {
                    // Positions count from the start of the padding.
                    let start = o * g.stride[axis];
                    let end = (start + g.kernel[axis]).min(input + 2 * padding);
                    let first = (start.max(padding) - padding).min(input);
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
        let columns = spans(1, g.width, q_len);
        let plan = if g.is_halving() {
            Plan::Halving
        } else if q_len == 1 && columns[0].inside == (0..g.width) {
            Plan::Rows
        } else if q_len < g.kernel[1] {
            Plan::Windows
        } else {
            Plan::Taps(Split::new(g))
        };
        Self::of(spans(0, g.height, p_len), columns, [g.height, g.width], plan)
    }

    fn of(rows: Vec<Span<T>>, columns: Vec<Span<T>>, [height, width]: [usize; 2], plan: Plan) -> Self {
        let sizes = columns.iter().map(|column| column.size).collect();
        Self { rows, columns, sizes, height, width, plan }
    }

    /// Room for a split plane, if the plan wants one.
    fn scratch(&self) -> Scratch<T> {
        Scratch::new(match &self.plan {
            Plan::Taps(split) if !split.is_identity() => self.height * split.line(),
            _ => 0,
        })
    }

    #[inline(always)]
    fn plane_average(&self, x: &[T], columns: &mut [T], y: &mut [T]) {
        let (q_len, width) = (self.columns.len(), self.width);
        let lines = match &self.plan {
            Plan::Taps(split) if !columns.is_empty() => {
                split.split(x, columns);
                columns
            }
            _ => x,
        };
        for (row, y) in self.rows.iter().zip(y.chunks_exact_mut(q_len)) {
            let start = row.inside.start * width;
            match &self.plan {
                Plan::Halving => {
                    let upper = x[start..][..2 * q_len].as_chunks::<2>().0;
                    let lower = x[start + width..][..2 * q_len].as_chunks::<2>().0;
                    for ((y, upper), lower) in y.iter_mut().zip(upper).zip(lower) {
                        *y = (upper[0] + upper[1]) + (lower[0] + lower[1]);
                    }
                }
                Plan::Rows => y[0] = sum(&x[start..row.inside.end * width]),
                Plan::Windows => {
                    for (y, column) in y.iter_mut().zip(&self.columns) {
                        let rows = row.inside.clone().map(|h| &x[h * width..][column.inside.clone()]);
                        *y = rows.flatten().copied().sum();
                    }
                }
                Plan::Taps(split) => {
                    y.fill(T::zero());
                    for h in row.inside.clone() {
                        for run in &split.runs {
                            let x = &lines[h * split.line()..][run.column..];
                            for (y, &x) in y[run.outputs.clone()].iter_mut().zip(x) {
                                *y += x;
                            }
                        }
                    }
                }
            }
            for (y, &size) in y.iter_mut().zip(&self.sizes) {
                *y /= row.size * size;
            }
        }
    }

    #[inline(always)]
    fn plane_gradient(&self, dy: &[T], shares: &mut [T], columns: &mut [T], dx: &mut [T]) {
        match &self.plan {
            Plan::Taps(split) if !columns.is_empty() => {
                columns.fill(T::zero());
                self.spread(dy, shares, columns);
                split.join(columns, dx);
            }
            _ => {
                let written = matches!(self.plan, Plan::Halving) && dx.len() == 4 * dy.len();
                if !written {
                    dx.fill(T::zero());
                }
                self.spread(dy, shares, dx);
            }
        }
    }

    /// Adds each window's share to its elements of `dx`, which is split if the plan is [`Plan::Taps`].
    #[inline(always)]
    fn spread(&self, dy: &[T], shares: &mut [T], dx: &mut [T]) {
        let (q_len, width) = (self.columns.len(), self.width);
        for (row, dy) in self.rows.iter().zip(dy.chunks_exact(q_len)) {
            for ((share, &dy), &size) in shares.iter_mut().zip(dy).zip(&self.sizes) {
                *share = dy / (row.size * size);
            }
            for h in row.inside.clone() {
                match &self.plan {
                    Plan::Halving => {
                        let pairs = dx[h * width..][..2 * q_len].as_chunks_mut::<2>().0;
                        for (dx, &share) in pairs.iter_mut().zip(&*shares) {
                            *dx = [share, share];
                        }
                    }
                    Plan::Rows | Plan::Windows => {
                        let dx = &mut dx[h * width..][..width];
                        for (&share, column) in shares.iter().zip(&self.columns) {
                            dx[column.inside.clone()].iter_mut().for_each(|dx| *dx += share);
                        }
                    }
                    Plan::Taps(split) => {
                        for run in &split.runs {
                            let dx = &mut dx[h * split.line()..][run.column..];
                            for (dx, &share) in dx.iter_mut().zip(&shares[run.outputs.clone()]) {
                                *dx += share;
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The sum of a slice, in sixteen lanes that are added up at the end.
#[inline(always)]
fn sum<T: Float>(x: &[T]) -> T {
    let (blocks, rest) = x.as_chunks::<16>();
    let mut lanes = [T::zero(); 16];
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane += x;
        }
    }
    lanes.into_iter().sum::<T>() + rest.iter().copied().sum::<T>()
}
