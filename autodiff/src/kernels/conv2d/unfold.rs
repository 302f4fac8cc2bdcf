//! Unfolding (im2col) and folding (col2im) of some output rows, by runs of columns.
//!
//! The unfolded matrix has a row for each (channel, kernel row, kernel column) and a column for each output
//! pixel of the block; the element is the input that this tap reads for this pixel, 0 in the padding.

use std::ops::Range;

use super::geometry::{Conv2dGeometry, inside};
use crate::Float;

/// columns `[channels·R·S, rows·Q]` ← the inputs of the output rows `rows`, for the channel planes in `x`.
pub(crate) fn unfold<T: Float>(g: &Conv2dGeometry, x: &[T], rows: Range<usize>, columns: &mut [T]) {
    let width = g.output[1];
    if x.is_empty() {
        columns.fill(T::zero());
        return;
    }
    let mut lines = columns.chunks_exact_mut(width);
    for plane in x.chunks_exact(g.height * g.width) {
        for r in 0..g.kernel[0] {
            for s in 0..g.kernel[1] {
                let (stride, offset) = (g.stride[1], g.offset(1, s));
                let reached = inside(offset, stride, g.width, width);
                for p in rows.clone() {
                    let Some(line) = lines.next() else { unreachable!("one line for each tap and row") };
                    let h = (p * g.stride[0]) as isize + g.offset(0, r);
                    if reached.is_empty() || !(0..g.height as isize).contains(&h) {
                        line.fill(T::zero());
                        continue;
                    }
                    let first = (reached.start * stride) as isize + offset;
                    let source = &plane[h as usize * g.width + first as usize..];
                    line[..reached.start].fill(T::zero());
                    line[reached.end..].fill(T::zero());
                    let line = &mut line[reached.clone()];
                    if stride == 1 {
                        line.copy_from_slice(&source[..line.len()]);
                    } else {
                        for (to, &from) in line.iter_mut().zip(source.iter().step_by(stride)) {
                            *to = from;
                        }
                    }
                }
            }
        }
    }
}

/// Adds each element of `columns` to the input it was (or would have been) unfolded from: the adjoint of
/// [`unfold`].
pub(crate) fn fold<T: Float>(g: &Conv2dGeometry, columns: &[T], rows: Range<usize>, dx: &mut [T]) {
    let width = g.output[1];
    if dx.is_empty() {
        return;
    }
    let mut lines = columns.chunks_exact(width);
    for plane in dx.chunks_exact_mut(g.height * g.width) {
        for r in 0..g.kernel[0] {
            for s in 0..g.kernel[1] {
                let (stride, offset) = (g.stride[1], g.offset(1, s));
                let reached = inside(offset, stride, g.width, width);
                for p in rows.clone() {
                    let Some(line) = lines.next() else { unreachable!("one line for each tap and row") };
                    let h = (p * g.stride[0]) as isize + g.offset(0, r);
                    if reached.is_empty() || !(0..g.height as isize).contains(&h) {
                        continue;
                    }
                    let first = (reached.start * stride) as isize + offset;
                    let target = &mut plane[h as usize * g.width + first as usize..];
                    let line = &line[reached.clone()];
                    if stride == 1 {
                        for (to, &from) in target.iter_mut().zip(line) {
                            *to += from;
                        }
                    } else {
                        for (to, &from) in target.iter_mut().step_by(stride).zip(line) {
                            *to += from;
                        }
                    }
                }
            }
        }
    }
}
