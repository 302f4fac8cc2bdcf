//! A plane with its padding, laid out so that each column of a window reads a line of neighbours.
//!
//! Rows of outputs are rounded up to whole blocks of [`LANES`]. Column s of the window at output q is column
//! q·stride + s·dilation of the padded row; with every stride-th column next to its like that is one line for all q,
//! and reading it needs neither ranges nor remainders, however few outputs a row has.

use super::geometry::Pool2dGeometry;
use super::split::deinterleave;
use crate::Float;

/// Outputs that are computed side by side.
pub(super) const LANES: usize = 16;

/// How the lines of a row lie.
pub(super) struct Lines {
    width: usize,
    stride: usize,
    padding: usize,
    /// Elements of one class of columns modulo the stride.
    segment: usize,
    /// Where the line of each column of the window begins.
    pub(super) taps: Vec<usize>,
}

impl Lines {
    pub(super) fn new(g: &Pool2dGeometry) -> Self {
        let (stride, dilation) = (g.stride[1], g.dilation[1]);
        let reach = (g.kernel[1] - 1) * dilation / stride;
        let segment = g.output()[1].next_multiple_of(LANES) + reach;
        let tap = |s: usize| s * dilation % stride * segment + s * dilation / stride;
        Self {
            width: g.width,
            stride,
            padding: g.padding[1],
            segment,
            taps: (0..g.kernel[1]).map(tap).collect(),
        }
    }

    /// Elements of a row.
    pub(super) fn len(&self) -> usize {
        self.segment * self.stride
    }

    /// Lays the rows of a plane out. What belongs to no column stays as it is.
    #[inline(always)]
    pub(super) fn fill<T: Float>(&self, plane: &[T], to: &mut [T]) {
        // The class of a column of the plane, and its place there.
        let at = |column: usize| {
            let padded = column + self.padding;
            (padded % self.stride, padded / self.stride)
        };
        for (row, to) in plane.chunks_exact(self.width.max(1)).zip(to.chunks_exact_mut(self.len())) {
            match self.stride {
                1 => {
                    let to = &mut to[self.padding.min(self.segment)..];
                    let shared = to.len().min(row.len());
                    to[..shared].copy_from_slice(&row[..shared]);
                }
                2 => {
                    let (first, second) = to.split_at_mut(self.segment);
                    let [(class, even), (_, odd)] = [at(0), at(1)];
                    let (evens, odds) = if class == 0 { (first, second) } else { (second, first) };
                    let (evens, odds) =
                        (&mut evens[even.min(self.segment)..], &mut odds[odd.min(self.segment)..]);
                    let shared = row.len().min(2 * evens.len()).min(2 * odds.len());
                    deinterleave(&row[..shared], evens, odds);
                    // One of the lines can hold one more.
                    if let Some(&x) = row.get(shared) {
                        evens.get_mut(shared / 2).into_iter().for_each(|to| *to = x);
                    }
                }
                _ => {
                    for column in 0..self.stride.min(row.len()) {
                        let (class, place) = at(column);
                        let line = &mut to[class * self.segment..][..self.segment];
                        let from = row[column..].iter().step_by(self.stride);
                        line.iter_mut().skip(place).zip(from).for_each(|(to, &x)| *to = x);
                    }
                }
            }
        }
    }
}
