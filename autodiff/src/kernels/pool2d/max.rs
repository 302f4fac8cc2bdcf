//! Maxima of windows, where they stand, and the gather and scatter that carry gradients through them.

use super::geometry::{Adaptive2d, Pool2dGeometry, Windows2d, adaptive_ranges};
use super::lines::{LANES, Lines};
use crate::Float;
use crate::kernels::conv2d::inside;
use crate::kernels::scratch::Scratch;
use crate::kernels::simd::vectorized;
use crate::kernels::tasks::{self, SharedMut};

/// The index of a window that lies in the padding altogether: its maximum is −∞ and stands nowhere.
pub(crate) const NOWHERE: i64 = -1;

/// y `[planes, P, Q]` ← the greatest element of each window of x `[planes, H, W]`; indices ← its place
/// h·W + w in the plane.
///
/// Of equal elements the first counts; a NaN counts as greater than any number, and of several the last
/// counts (as in PyTorch). Padding is never chosen; a window of padding alone gives −∞ and index −1.
#[track_caller]
pub(crate) fn max<T: Float>(windows: &Windows2d, x: &[T], y: &mut [T], indices: &mut [i64]) {
    windows.check(x.len(), y.len());
    assert_eq!(y.len(), indices.len(), "max_pool2d: elements of the output and of the indices");
    match windows {
        Windows2d::Sliding(g) => sliding(g, x, y, indices),
        Windows2d::Adaptive(g) => adaptive(g, x, y, indices),
    }
}

fn sliding<T: Float>(g: &Pool2dGeometry, x: &[T], y: &mut [T], indices: &mut [i64]) {
    let (source, plane) = (g.input_plane(), g.output_plane());
    let per_task = planes_per_task(source + plane);
    let (values, places) = (SharedMut::new(y), SharedMut::new(indices));
    // Windows wider than the output are few; and places in a plane are compared in 32 bits.
    let by_rows = !g.is_halving() && g.output()[1] >= g.kernel[1] && source < 1 << 31;
    let rows = by_rows.then(|| Rows::new(g));
    tasks::run(g.planes.div_ceil(per_task), g.operations(), |task| {
        let first = task * per_task;
        let count = per_task.min(g.planes - first);
        // SAFETY: each task has planes of its own.
        let (y, indices) =
            unsafe { (values.part(first * plane, count * plane), places.part(first * plane, count * plane)) };
        let mut lines = Scratch::new(rows.as_ref().map_or(0, |rows| g.height * rows.lines.len()));
        lines.fill(T::neg_infinity());
        let outputs = rows.as_ref().map_or(0, |rows| rows.together(g) * rows.pitch);
        let (mut best, mut place) = (vec![T::zero(); outputs], vec![0; outputs]);
        vectorized(
            #[inline(always)]
            || {
                for i in 0..count {
                    let x = &x[(first + i) * source..][..source];
                    let (y, indices) = (&mut y[i * plane..][..plane], &mut indices[i * plane..][..plane]);
                    match &rows {
                        Some(rows) => {
                            rows.lines.fill(x, &mut lines);
                            rows.maxima(g, &lines, (&mut best, &mut place), (y, indices));
                        }
                        None if g.is_halving() => halve(g, x, y, indices),
                        None => by_windows(g, x, y, indices),
                    }
                }
            },
        );
    });
}

/// Windows compared row by row of outputs, or several rows at once where they lie like their inputs.
struct Rows {
    lines: Lines,
    /// Elements from one row of outputs to the next: all that are in a block of lanes, and some more.
    pitch: usize,
    /// Where the first element of each window in the plane stands, and that of its first row and column, seen from
    /// row 0 of the plane.
    first: Vec<i32>,
    start: Vec<i32>,
}

/// Outputs that are compared to one tap after the other while they lie in the first-level cache.
const CACHED: usize = 1 << 11;

impl Rows {
    fn new(g: &Pool2dGeometry) -> Self {
        let lines = Lines::new(g);
        let [p_len, q_len] = g.output();
        let pitch = if g.stride == [1, 1] { lines.len() } else { q_len.next_multiple_of(LANES) };
        let mut first = vec![NOWHERE as i32; p_len * pitch];
        let mut start = vec![0; p_len * pitch];
        let columns: Vec<_> = (0..q_len).map(|q| inside_window(g, 1, q, g.width).next()).collect();
        for (p, (first, start)) in
            first.chunks_exact_mut(pitch).zip(start.chunks_exact_mut(pitch)).enumerate()
        {
            let row = inside_window(g, 0, p, g.height).next();
            for (first, column) in first.iter_mut().zip(&columns) {
                *first =
                    row.zip(*column).map_or(NOWHERE as i32, |(row, column)| (row * g.width + column) as i32);
            }
            for (q, start) in start.iter_mut().enumerate() {
                *start = (p * g.stride[0] * g.width + q * g.stride[1]) as i32;
            }
        }
        Self { lines, pitch, first, start }
    }

    /// Rows of outputs that are compared together.
    fn together(&self, g: &Pool2dGeometry) -> usize {
        (CACHED / self.pitch).clamp(1, g.output()[0])
    }

    /// The maxima of a plane from its lines, in which padding is −∞; `best` and `place` hold the rows of
    /// [`together`](Self::together).
    ///
    /// The first element in the plane counts from the start, so that padding never wins: nothing is below −∞.
    #[inline(always)]
    fn maxima<T: Float>(
        &self,
        g: &Pool2dGeometry,
        lines: &[T],
        (best, place): (&mut [T], &mut [i32]),
        (y, indices): (&mut [T], &mut [i64]),
    ) {
        let [p_len, q_len] = g.output();
        let (pitch, line, together) = (self.pitch, self.lines.len(), self.together(g));
        for top in (0..p_len).step_by(together) {
            let own = top..p_len.min(top + together);
            let start = &self.start[own.start * pitch..own.end * pitch];
            best.fill(T::neg_infinity());
            place[..start.len()].copy_from_slice(&self.first[own.start * pitch..own.end * pitch]);
            for r in 0..g.kernel[0] {
                let offset = g.offset(0, r);
                let rows = inside(offset, g.stride[0], g.height, p_len);
                let rows = rows.start.max(own.start)..rows.end.min(own.end);
                // The input's rows follow each other as the output's do, or are compared one by one.
                let at_once = if g.stride == [1, 1] { rows.len().max(1) } else { 1 };
                for p in rows.step_by(at_once) {
                    let h = ((p * g.stride[0]) as isize + offset) as usize;
                    let outputs = (p - top) * pitch..(p - top + at_once) * pitch;
                    let len = outputs.len().min((at_once - 1) * pitch + q_len.next_multiple_of(LANES));
                    for (s, &tap) in self.lines.taps.iter().enumerate() {
                        let x = &lines[h * line + tap..][..len];
                        let at = offset * g.width as isize + g.offset(1, s);
                        let (best, place) =
                            (&mut best[outputs.start..][..len], &mut place[outputs.start..][..len]);
                        challenge_row(best, place, x, &start[outputs.start..][..len], at as i32);
                    }
                }
            }
            for (i, p) in own.enumerate() {
                let (y, indices) = (&mut y[p * q_len..][..q_len], &mut indices[p * q_len..][..q_len]);
                y.copy_from_slice(&best[i * pitch..][..q_len]);
                for (index, &place) in indices.iter_mut().zip(&place[i * pitch..]) {
                    *index = place.into();
                }
            }
        }
    }
}

/// Takes `x`, which stands at `at`, if it beats the best so far.
#[inline(always)]
fn take_greater<T: Float>(best: &mut T, place: &mut i64, x: T, at: i64) {
    // Bitwise or: a select, not a branch.
    let wins = (x > *best) | x.is_nan();
    *best = if wins { x } else { *best };
    *place = if wins { at } else { *place };
}

#[inline(always)]
fn halve<T: Float>(g: &Pool2dGeometry, x: &[T], y: &mut [T], indices: &mut [i64]) {
    let [p_len, q_len] = g.output();
    let width = g.width;
    for p in 0..p_len {
        let upper = &x[2 * p * width..][..2 * q_len];
        let lower = &x[(2 * p + 1) * width..][..2 * q_len];
        let (y, indices) = (&mut y[p * q_len..][..q_len], &mut indices[p * q_len..][..q_len]);
        let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
        let start = (2 * p * width) as i64;
        for (q, ((upper, lower), (y, index))) in pairs.zip(y.iter_mut().zip(indices)).enumerate() {
            let at = start + 2 * q as i64;
            let (mut best, mut place) = (upper[0], at);
            take_greater(&mut best, &mut place, upper[1], at + 1);
            take_greater(&mut best, &mut place, lower[0], at + width as i64);
            take_greater(&mut best, &mut place, lower[1], at + width as i64 + 1);
            (*y, *index) = (best, place);
        }
    }
}

/// Takes those of a row of `x`, which stand at `start + at`, that beat the best so far.
#[inline(always)]
fn challenge_row<T: Float>(best: &mut [T], place: &mut [i32], x: &[T], start: &[i32], at: i32) {
    for ((best, place), (&x, &start)) in best.iter_mut().zip(place).zip(x.iter().zip(start)) {
        let wins = (x > *best) | x.is_nan();
        *best = if wins { x } else { *best };
        *place = if wins { start + at } else { *place };
    }
}

/// Takes `x`, which stands at `at`, if it beats the best so far; the first element of a window counts even when it
/// is −∞.
#[inline(always)]
fn challenge<T: Float>(best: &mut T, place: &mut i64, x: T, at: i64) {
    let wins = (x > *best) | x.is_nan() | (*place == NOWHERE);
    *best = if wins { x } else { *best };
    *place = if wins { at } else { *place };
}

/// One window after the other, where they are wider than the output.
#[inline(always)]
fn by_windows<T: Float>(g: &Pool2dGeometry, x: &[T], y: &mut [T], indices: &mut [i64]) {
    let [_, q_len] = g.output();
    for (o, (best, place)) in y.iter_mut().zip(indices).enumerate() {
        (*best, *place) = (T::neg_infinity(), NOWHERE);
        let rows = inside_window(g, 0, o / q_len, g.height);
        let columns = inside_window(g, 1, o % q_len, g.width);
        for h in rows {
            for w in columns.clone() {
                let at = h * g.width + w;
                challenge(best, place, x[at], at as i64);
            }
        }
    }
}

fn adaptive<T: Float>(g: &Adaptive2d, x: &[T], y: &mut [T], indices: &mut [i64]) {
    let (width, q_len) = (g.input[1], g.output[1]);
    let [rows, columns] =
        [0, 1].map(|axis| adaptive_ranges(g.input[axis], g.output[axis]).collect::<Vec<_>>());
    let (source, plane) = (g.input[0] * width, g.output[0] * q_len);
    let per_task = planes_per_task(source + plane);
    let operations = Windows2d::Adaptive(*g).operations();
    let (values, places) = (SharedMut::new(y), SharedMut::new(indices));
    tasks::run(g.planes.div_ceil(per_task), operations, |task| {
        for i in task * per_task..((task + 1) * per_task).min(g.planes) {
            let x = &x[i * source..][..source];
            // SAFETY: each task has planes of its own.
            let (y, indices) = unsafe { (values.part(i * plane, plane), places.part(i * plane, plane)) };
            for (p, rows) in rows.iter().enumerate() {
                for (q, columns) in columns.iter().enumerate() {
                    let o = p * q_len + q;
                    let (best, place) = (&mut y[o], &mut indices[o]);
                    (*best, *place) = (T::neg_infinity(), NOWHERE);
                    for h in rows.clone() {
                        let start = h * width + columns.start;
                        for (at, &x) in (start as i64..).zip(&x[start..][..columns.len()]) {
                            challenge(best, place, x, at);
                        }
                    }
                }
            }
        }
    });
}

/// The rows (or columns) of the input that window `o` covers.
fn inside_window(
    g: &Pool2dGeometry,
    axis: usize,
    o: usize,
    input: usize,
) -> impl Iterator<Item = usize> + Clone + use<> {
    let (start, dilation) = ((o * g.stride[axis]) as isize + g.offset(axis, 0), g.dilation[axis] as isize);
    (0..g.kernel[axis] as isize)
        .map(move |tap| start + tap * dilation)
        .filter(move |at| (0..input as isize).contains(at))
        .map(|at| at as usize)
}

/// y `[planes, P·Q]` ← the elements of x `[planes, H·W]` at `indices`, each within its plane; 0 at index −1.
///
/// With the indices of [`max`] this takes a tangent of x to one of y: it is the adjoint of
/// [`scatter_planes`].
///
/// # Panics
/// When the lengths do not fit or an index lies outside its plane.
#[track_caller]
pub(crate) fn gather_planes<T: Float>(planes: usize, x: &[T], indices: &[i64], y: &mut [T]) {
    let (source, plane) = plane_sizes(planes, x.len(), indices.len(), y.len());
    let per_task = planes_per_task(plane);
    let operations = 8 * y.len();
    let values = SharedMut::new(y);
    tasks::run(planes.div_ceil(per_task), operations, |task| {
        for i in task * per_task..((task + 1) * per_task).min(planes) {
            let (x, indices) = (&x[i * source..][..source], &indices[i * plane..][..plane]);
            // SAFETY: each task has planes of its own.
            let y = unsafe { values.part(i * plane, plane) };
            for (y, &index) in y.iter_mut().zip(indices) {
                *y = if index == NOWHERE { T::zero() } else { x[index as usize] };
            }
        }
    });
}

/// dx `[planes, H·W]` ← 0, then dy `[planes, P·Q]` added at `indices`, each within its plane; nothing is
/// added at index −1.
///
/// With the indices of [`max`] this is its gradient.
///
/// # Panics
/// When the lengths do not fit or an index lies outside its plane.
#[track_caller]
pub(crate) fn scatter_planes<T: Float>(planes: usize, dy: &[T], indices: &[i64], dx: &mut [T]) {
    let (source, plane) = plane_sizes(planes, dx.len(), indices.len(), dy.len());
    let per_task = planes_per_task(source + plane);
    let operations = 2 * dx.len() + 8 * dy.len();
    let sums = SharedMut::new(dx);
    tasks::run(planes.div_ceil(per_task), operations, |task| {
        for i in task * per_task..((task + 1) * per_task).min(planes) {
            let (dy, indices) = (&dy[i * plane..][..plane], &indices[i * plane..][..plane]);
            // SAFETY: each task has planes of its own.
            let dx = unsafe { sums.part(i * source, source) };
            dx.fill(T::zero());
            for (&dy, &index) in dy.iter().zip(indices) {
                if index != NOWHERE {
                    dx[index as usize] += dy;
                }
            }
        }
    });
}

/// The indices that count when the elements of each plane are written one after the other to their indices:
/// of those that are equal the last; the others become −1.
///
/// # Panics
/// When an index lies outside its plane of `source` elements.
pub(crate) fn last_writers(planes: usize, source: usize, indices: &[i64]) -> Vec<i64> {
    let mut winners = indices.to_vec();
    let plane = indices.len() / planes.max(1);
    let per_task = planes_per_task(source + plane);
    let operations = source * planes + 8 * indices.len();
    let shared = SharedMut::new(&mut winners);
    tasks::run(planes.div_ceil(per_task), operations, |task| {
        let mut written = vec![false; source];
        for i in task * per_task..((task + 1) * per_task).min(planes) {
            written.fill(false);
            // SAFETY: each task has planes of its own.
            for index in unsafe { shared.part(i * plane, plane) }.iter_mut().rev() {
                if std::mem::replace(&mut written[*index as usize], true) {
                    *index = NOWHERE;
                }
            }
        }
    });
    winners
}

/// Elements of a plane of x and of a plane of y.
#[track_caller]
fn plane_sizes(planes: usize, x: usize, indices: usize, y: usize) -> (usize, usize) {
    assert_eq!(indices, y, "max_pool2d: elements of the indices and of the output");
    let (source, plane) = (x / planes.max(1), y / planes.max(1));
    assert_eq!([source * planes, plane * planes], [x, y], "max_pool2d: elements of {planes} planes");
    (source, plane)
}

/// Planes to a task: enough to be worth handing out.
pub(super) fn planes_per_task(elements: usize) -> usize {
    (1usize << 15).div_ceil(elements.max(1))
}
