//! A plane with its columns split by the stride.
//!
//! With every stride-th column next to its like, a window's column steps from output to output by one, and
//! loops over a row of outputs become loops over vectors.

use std::ops::Range;

use super::geometry::Pool2dGeometry;
use crate::Float;
use crate::kernels::conv2d::inside;

/// Columns that are moved side by side.
const LANES: usize = 16;

/// Where the columns of a plane lie, split into classes modulo the stride.
pub(super) struct Split {
    width: usize,
    stride: usize,
    /// Columns of a class.
    segment: usize,
    /// The window's columns.
    pub(super) runs: Vec<Run>,
}

/// A column of the window over a row of outputs.
pub(super) struct Run {
    /// The outputs from which it reaches the input.
    pub(super) outputs: Range<usize>,
    /// What the first of them reaches: a column of the split row, those of the next outputs following.
    pub(super) column: usize,
}

/// Copies the elements of a row to two, in turn, which hold all of them.
#[inline(always)]
pub(super) fn deinterleave<T: Float>(row: &[T], even: &mut [T], odd: &mut [T]) {
    let (blocks, rest) = row.as_chunks::<{ 2 * LANES }>();
    let done = blocks.len() * LANES;
    let evens = even.as_chunks_mut::<LANES>().0.iter_mut();
    for (block, (even, odd)) in blocks.iter().zip(evens.zip(odd.as_chunks_mut::<LANES>().0)) {
        *even = std::array::from_fn(|i| block[2 * i]);
        *odd = std::array::from_fn(|i| block[2 * i + 1]);
    }
    even[done..].iter_mut().zip(rest.iter().step_by(2)).for_each(|(to, &x)| *to = x);
    odd[done..].iter_mut().zip(rest.iter().skip(1).step_by(2)).for_each(|(to, &x)| *to = x);
}

impl Split {
    pub(super) fn new(g: &Pool2dGeometry) -> Self {
        let (width, stride, q_len) = (g.width, g.stride[1], g.output()[1]);
        let segment = width.div_ceil(stride);
        let run = |tap: usize| {
            let offset = g.offset(1, tap);
            let outputs = inside(offset, stride, width, q_len);
            let place = ((outputs.start * stride) as isize + offset).max(0) as usize;
            Run { outputs, column: place % stride * segment + place / stride }
        };
        let runs = (0..g.kernel[1]).map(run).filter(|run| !run.outputs.is_empty()).collect();
        Self { width, stride, segment, runs }
    }

    /// Whether a split plane is the plane itself.
    pub(super) fn is_identity(&self) -> bool {
        self.stride == 1
    }

    /// Elements of a split row.
    pub(super) fn line(&self) -> usize {
        self.segment * self.stride
    }

    /// Splits the rows of a plane.
    #[inline(always)]
    pub(super) fn split<T: Float>(&self, plane: &[T], to: &mut [T]) {
        for (row, to) in plane.chunks_exact(self.width.max(1)).zip(to.chunks_exact_mut(self.line().max(1))) {
            if self.stride == 2 {
                let (even, odd) = to.split_at_mut(self.segment);
                deinterleave(row, even, odd);
                continue;
            }
            for (class, to) in to.chunks_exact_mut(self.segment).enumerate().take(self.width) {
                for (to, &x) in to.iter_mut().zip(row[class..].iter().step_by(self.stride)) {
                    *to = x;
                }
            }
        }
    }

    /// Puts the rows of a split plane together again.
    #[inline(always)]
    pub(super) fn join<T: Float>(&self, split: &[T], plane: &mut [T]) {
        for (from, row) in
            split.chunks_exact(self.line().max(1)).zip(plane.chunks_exact_mut(self.width.max(1)))
        {
            if self.stride == 2 {
                let (even, odd) = from.split_at(self.segment);
                let (blocks, rest) = row.as_chunks_mut::<{ 2 * LANES }>();
                let done = blocks.len() * LANES;
                let evens = even.as_chunks::<LANES>().0.iter();
                for (block, (even, odd)) in blocks.iter_mut().zip(evens.zip(odd.as_chunks::<LANES>().0)) {
                    *block = std::array::from_fn(|i| if i % 2 == 0 { even[i / 2] } else { odd[i / 2] });
                }
                rest.iter_mut().step_by(2).zip(&even[done..]).for_each(|(to, &x)| *to = x);
                rest.iter_mut().skip(1).step_by(2).zip(&odd[done..]).for_each(|(to, &x)| *to = x);
                continue;
            }
            for (class, from) in from.chunks_exact(self.segment).enumerate().take(self.width) {
                for (to, &x) in row[class..].iter_mut().step_by(self.stride).zip(from) {
                    *to = x;
                }
            }
        }
    }
}
