//! The slab: a copy of some source rows with their padding, its columns split by the step.
//!
//! With every `step`-th column next to its like, the windows of neighbouring outputs are neighbours in
//! memory whatever the stride, and a tap is one constant offset for all of them.

use super::correlation::{Correlation, Tap};
use crate::kernels::lanes::{LANES, Lanes, Mask};

/// Where things lie in a slab.
pub(super) struct Layout {
    /// Height and width of the source.
    source: [usize; 2],
    /// Elements of one class of columns in a row.
    segment: usize,
    /// Elements from one row to the next.
    line: usize,
    /// Elements from one channel to the next.
    pub(super) channel: usize,
    first: [isize; 2],
    last: [isize; 2],
    step: [usize; 2],
    /// Whether a source row at this distance from the first, modulo the step, is read at all.
    read: Vec<bool>,
    /// The vectors of a row, in the order of their places.
    vectors: Vec<Vector>,
}

/// A vector of a slab row.
struct Vector {
    /// Its place in the row; a last vector may reach into what is written after it.
    to: usize,
    /// The source column of its first element; those of the next are a step apart.
    from: isize,
    /// Which of its source columns exist; for a step of 2, of the 32 columns from the first on.
    exist: u32,
}

impl Layout {
    /// The layout for blocks of `rows` output rows (of one phase).
    pub(super) fn new(c: &Correlation, rows: usize) -> Self {
        let step = c.step;
        let reach = |axis: usize, outputs: usize| {
            (outputs.max(1) - 1) * step[axis] + (c.last[axis] - c.first[axis]) as usize + 1
        };
        let segment = reach(1, c.phase_extent()[1]).div_ceil(step[1]);
        let line = segment * step[1];
        // An odd number of cache lines: channels at a power of two would fall into the same cache sets.
        let channel = ((reach(0, rows) * line).div_ceil(LANES) | 1) * LANES;
        let mut read = [vec![false; step[0]], vec![false; step[1]]];
        for tap in c.taps.iter().flatten() {
            read[0][(tap.row - c.first[0]) as usize % step[0]] = true;
            read[1][(tap.column - c.first[1]) as usize % step[1]] = true;
        }
        let mut vectors = Vec::new();
        for class in (0..step[1]).filter(|&class| read[1][class]) {
            for start in (0..segment).step_by(LANES) {
                let from = c.first[1] + (class + start * step[1]) as isize;
                let (columns, apart) = if step[1] == 2 { (2 * LANES, 1) } else { (LANES, step[1]) };
                let exists = |i: usize| (0..c.source[1] as isize).contains(&(from + (i * apart) as isize));
                let exist = (0..columns).filter(|&i| exists(i)).fold(0, |bits, i| bits | 1 << i);
                vectors.push(Vector { to: class * segment + start, from, exist });
            }
        }
        let [read, _] = read;
        Self { source: c.source, segment, line, channel, first: c.first, last: c.last, step, read, vectors }
    }

    /// The layout of the source itself, which serves as the slab of a pointwise correlation.
    pub(super) fn in_place(c: &Correlation) -> Self {
        Self {
            source: c.source,
            segment: c.source[1],
            line: c.source[1],
            channel: c.source[0] * c.source[1],
            first: [0, 0],
            last: [0, 0],
            step: [1, 1],
            read: vec![true],
            vectors: Vec::new(),
        }
    }

    /// The offset of a tap.
    pub(super) fn tap(&self, tap: &Tap) -> usize {
        let (row, column) = ((tap.row - self.first[0]) as usize, (tap.column - self.first[1]) as usize);
        row * self.line + column % self.step[1] * self.segment + column / self.step[1]
    }

    /// Elements of a slab of so many channels, and of what vectors read or write behind the last.
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
    /// The processor has the extension, `source` holds the planes of `channels` channels, and `slab` has
    /// room for them.
    pub(super) unsafe fn fill<V: Lanes>(
        &self,
        source: *const f32,
        channels: usize,
        start: usize,
        rows: usize,
        slab: *mut f32,
    ) {
        let [height, width] = self.source;
        let first = (start * self.step[0]) as isize + self.first[0];
        let lines = (rows - 1) * self.step[0] + (self.last[0] - self.first[0]) as usize + 1;
        // SAFETY: line i of a channel lies in the slab, and the row, where there is one, in the plane.
        unsafe {
            V::run(
                #[inline(always)]
                move || {
                    for channel in 0..channels {
                        let mut class = 0;
                        for i in 0..lines {
                            let read = self.read[class];
                            class = if class + 1 == self.step[0] { 0 } else { class + 1 };
                            if !read {
                                continue;
                            }
                            let row = first + i as isize;
                            let to = slab.add(channel * self.channel + i * self.line);
                            if (0..height as isize).contains(&row) {
                                let from = source.add((channel * height + row as usize) * width);
                                self.copy_row::<V>(from, to);
                            } else {
                                for vector in &self.vectors {
                                    V::zero().store(to.add(vector.to));
                                }
                            }
                        }
                    }
                },
            );
        }
    }

    /// # Safety
    /// As for [`Layout::fill`]: `from` is a row of the source, and `to` has room for a line and a vector.
    #[inline(always)]
    unsafe fn copy_row<V: Lanes>(&self, from: *const f32, to: *mut f32) {
        // SAFETY: only columns that exist are read; what a vector writes behind its class of columns is
        // written after it or never read.
        unsafe {
            match self.step[1] {
                1 => {
                    for vector in &self.vectors {
                        let from = from.wrapping_offset(vector.from);
                        V::load_some(vector.exist as Mask, from).store(to.add(vector.to));
                    }
                }
                2 => {
                    for vector in &self.vectors {
                        let from = from.wrapping_offset(vector.from);
                        let low = V::load_some(vector.exist as Mask, from);
                        let high = V::load_some((vector.exist >> LANES) as Mask, from.wrapping_add(LANES));
                        V::even(low, high).store(to.add(vector.to));
                    }
                }
                step => {
                    for vector in &self.vectors {
                        let mut x = [0.0; LANES];
                        for (i, x) in x.iter_mut().enumerate().filter(|(i, _)| vector.exist >> i & 1 == 1) {
                            *x = *from.wrapping_offset(vector.from + (i * step) as isize);
                        }
                        V::load(x.as_ptr()).store(to.add(vector.to));
                    }
                }
            }
        }
    }
}
