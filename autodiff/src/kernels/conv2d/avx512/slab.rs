//! The slab: a copy of some source rows with their padding, its columns split by the step.
//!
//! With every `step`-th column next to its like, the windows of neighbouring outputs are neighbours in
//! memory whatever the stride, and a tap is one constant offset for all of them.

use std::arch::x86_64::*;

use super::correlation::{Correlation, Tap};
use super::lanes::{LANES, mask};

/// Where things lie in a slab.
pub(super) struct Layout {
    /// Elements of one class of columns in a row.
    segment: usize,
    /// Elements from one row to the next.
    line: usize,
    /// Elements from one channel to the next.
    pub(super) channel: usize,
    first: [isize; 2],
    step: [usize; 2],
    /// Whether a source row (or column) at this distance from the first, modulo the step, is read at all.
    read: [Vec<bool>; 2],
    /// Whether the source itself serves as the slab.
    pub(super) in_place: bool,
}

impl Layout {
    /// The layout for blocks of `rows` output rows (of one phase).
    pub(super) fn new(c: &Correlation, rows: usize, in_place: bool) -> Self {
        if in_place {
            let channel = c.source[0] * c.source[1];
            let line = c.source[1];
            return Self {
                segment: line,
                line,
                channel,
                first: [0, 0],
                step: [1, 1],
                read: [vec![true], vec![true]],
                in_place,
            };
        }
        let reach = |axis: usize, outputs: usize| {
            (outputs.max(1) - 1) * c.step[axis] + (c.last[axis] - c.first[axis]) as usize + 1
        };
        let segment = reach(1, c.phase_extent()[1]).div_ceil(c.step[1]);
        let line = segment * c.step[1];
        // An odd number of cache lines: channels at a power of two would fall into the same cache sets.
        let channel = ((reach(0, rows) * line).div_ceil(LANES) | 1) * LANES;
        let mut read = [vec![false; c.step[0]], vec![false; c.step[1]]];
        for tap in c.taps.iter().flatten() {
            read[0][(tap.row - c.first[0]) as usize % c.step[0]] = true;
            read[1][(tap.column - c.first[1]) as usize % c.step[1]] = true;
        }
        Self { segment, line, channel, first: c.first, step: c.step, read, in_place }
    }

    /// The offset of a tap.
    pub(super) fn tap(&self, tap: &Tap) -> usize {
        let (row, column) = ((tap.row - self.first[0]) as usize, (tap.column - self.first[1]) as usize);
        row * self.line + column % self.step[1] * self.segment + column / self.step[1]
    }

    /// Elements of a slab of so many channels, and of what vectors read behind the last.
    pub(super) fn len(&self, channels: usize) -> usize {
        channels * self.channel + 8 * LANES
    }

    /// Elements from one output row's windows to those of the next; columns are one apart.
    pub(super) fn row(&self) -> usize {
        self.line * self.step[0]
    }

    /// Copies what the output rows `start..start + rows` of every phase read of some channels.
    ///
    /// # Safety
    /// The processor has AVX-512F, `source` holds the planes of `channels` channels, and `slab` has room
    /// for them.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn fill(
        &self,
        c: &Correlation,
        source: *const f32,
        channels: usize,
        start: usize,
        rows: usize,
        slab: *mut f32,
    ) {
        let [height, width] = c.source;
        let first_row = (start * self.step[0]) as isize + self.first[0];
        let lines = (rows - 1) * self.step[0] + (c.last[0] - c.first[0]) as usize + 1;
        for channel in 0..channels {
            for i in (0..lines).filter(|i| self.read[0][i % self.step[0]]) {
                let row = first_row + i as isize;
                // SAFETY: line i of the channel lies in the slab, and the row, where it is read, in the
                // plane.
                unsafe {
                    let to = slab.add(channel * self.channel + i * self.line);
                    if (0..height as isize).contains(&row) {
                        let from = source.add((channel * height + row as usize) * width);
                        self.copy_row(from, width, to);
                    } else {
                        std::ptr::write_bytes(to, 0, self.line);
                    }
                }
            }
        }
    }

    /// # Safety
    /// As for [`Layout::fill`]: `from` holds `width` elements and `to` has room for a line.
    #[target_feature(enable = "avx512f")]
    #[inline]
    unsafe fn copy_row(&self, from: *const f32, width: usize, to: *mut f32) {
        let step = self.step[1];
        for class in (0..step).filter(|&class| self.read[1][class]) {
            // Slab column j of this class is source column offset + j·step.
            let offset = self.first[1] + class as isize;
            let inside = super::super::geometry::inside(offset, step, width, self.segment);
            // SAFETY: `inside` holds the columns of the segment whose source column exists.
            unsafe {
                let to = to.add(class * self.segment);
                for j in 0..inside.start {
                    *to.add(j) = 0.0;
                }
                for j in inside.end..self.segment {
                    *to.add(j) = 0.0;
                }
                if inside.is_empty() {
                    continue;
                }
                let from = from.add(((inside.start * step) as isize + offset) as usize);
                let to = to.add(inside.start);
                match step {
                    1 => copy(from, inside.len(), to),
                    2 => copy_even(from, inside.len(), to),
                    _ => (0..inside.len()).for_each(|j| *to.add(j) = *from.add(j * step)),
                }
            }
        }
    }
}

/// # Safety
/// The processor has AVX-512F and both ranges of `len` elements are valid.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn copy(from: *const f32, len: usize, to: *mut f32) {
    let whole = len / LANES * LANES;
    // SAFETY: every lane that is read or written is below `len`.
    unsafe {
        for j in (0..whole).step_by(LANES) {
            _mm512_storeu_ps(to.add(j), _mm512_loadu_ps(from.add(j)));
        }
        let rest = mask(len - whole);
        _mm512_mask_storeu_ps(to.add(whole), rest, _mm512_maskz_loadu_ps(rest, from.add(whole)));
    }
}

/// Copies elements 0, 2, 4, ….
///
/// # Safety
/// The processor has AVX-512F, `from` holds 2·len − 1 elements and `to` has room for `len`.
#[target_feature(enable = "avx512f")]
#[inline]
unsafe fn copy_even(from: *const f32, len: usize, to: *mut f32) {
    let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    let mut j = 0;
    while j < len {
        // Of the last element only the even half is there to be read.
        let present = 2 * (len - j) - 1;
        // SAFETY: the masks keep both sides within their ranges.
        unsafe {
            let low = _mm512_maskz_loadu_ps(mask(present), from.add(2 * j));
            let high =
                _mm512_maskz_loadu_ps(mask(present.saturating_sub(LANES)), from.wrapping_add(2 * j + LANES));
            _mm512_mask_storeu_ps(to.add(j), mask(len - j), _mm512_permutex2var_ps(low, even, high));
        }
        j += LANES;
    }
}
