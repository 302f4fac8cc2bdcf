//! What the forward pass and the input gradient have in common: a correlation written in phases.
//!
//! Let the outputs of one phase (a, b) be those at rows i·A + a and columns j·B + b. Then
//!
//! y[k, i·A + a, j·B + b] = Σ source[c, i·step₀ + row, j·step₁ + column]·w[k, c, tap]
//!
//! over the channels c and the taps of the phase. Forward there is one phase, and the steps are the
//! convolution's strides; the input gradient has a phase for every remainder modulo the stride, each with
//! the taps that meet it, and steps of one. So no product with a zero between the pixels is ever taken.

use std::ops::Range;

use super::super::geometry::Conv2dGeometry;

/// A tap of one phase.
pub(super) struct Tap {
    /// The source row is the output's row in the phase, times the step, plus this.
    pub(super) row: isize,
    /// The same for columns.
    pub(super) column: isize,
    /// The tap's place r·S + s in a kernel plane.
    pub(super) weight: usize,
}

/// The taps of a phase, cut to those that reach the source from some rows.
///
/// A kernel row that would read padding for all pixels of a tile is left out: on small maps that is a good
/// part of the work.
pub(super) struct Reaching {
    /// Source rows from the first one on that each run of taps reads, and where the run begins.
    runs: Vec<(isize, usize)>,
    height: isize,
    step: isize,
}

impl Reaching {
    pub(super) fn new(c: &Correlation, phase: usize) -> Self {
        let taps = &c.taps[phase];
        let starts = (0..taps.len()).filter(|&i| i == 0 || taps[i].row != taps[i - 1].row);
        let mut runs: Vec<(isize, usize)> = starts.map(|i| (taps[i].row, i)).collect();
        runs.push((0, taps.len()));
        Self { runs, height: c.source[0] as isize, step: c.step[0] as isize }
    }

    /// The taps that reach the source from any of the output rows `first..=last` of the phase.
    pub(super) fn taps(&self, first: usize, last: usize) -> Range<usize> {
        let (top, bottom) = (first as isize * self.step, last as isize * self.step);
        let misses = |row: isize| bottom + row < 0 || top + row >= self.height;
        let (mut start, mut end) = (0, self.runs.len() - 1);
        while start < end && misses(self.runs[start].0) {
            start += 1;
        }
        while start < end && misses(self.runs[end - 1].0) {
            end -= 1;
        }
        self.runs[start].1..self.runs[end].1
    }
}

/// A convolution or its input gradient, by phases; see the head of the file.
pub(super) struct Correlation {
    pub(super) images: usize,
    pub(super) groups: usize,
    /// Source channels of a group.
    pub(super) sources: usize,
    /// Output channels of a group.
    pub(super) outputs: usize,
    /// Height and width of the source planes.
    pub(super) source: [usize; 2],
    /// Height and width of the output planes.
    pub(super) output: [usize; 2],
    pub(super) step: [usize; 2],
    /// How many phases rows and columns have, A and B.
    pub(super) phases: [usize; 2],
    /// The taps of phase (a, b) at a·B + b.
    pub(super) taps: Vec<Vec<Tap>>,
    /// Elements of w from one output channel to the next, and from one source channel to the next.
    pub(super) weight_strides: [usize; 2],
    /// Elements of w from one group to the next.
    pub(super) weight_group: usize,
    /// The smallest row and column of a tap.
    pub(super) first: [isize; 2],
    /// The greatest row and column of a tap.
    pub(super) last: [isize; 2],
    pub(super) operations: usize,
}

impl Correlation {
    /// y from x.
    pub(super) fn forward(g: &Conv2dGeometry) -> Self {
        let taps = taps(g, |axis, _, tap| Some(g.offset(axis, tap)), [1, 1]);
        let (first, last) = reach(&taps);
        let taps_of_plane = g.taps();
        Self {
            images: g.batch,
            groups: g.groups,
            sources: g.in_group(),
            outputs: g.out_group(),
            source: [g.height, g.width],
            output: g.output,
            step: g.stride,
            phases: [1, 1],
            taps,
            weight_strides: [g.in_group() * taps_of_plane, taps_of_plane],
            weight_group: g.out_group() * g.in_group() * taps_of_plane,
            first,
            last,
            operations: g.operations(),
        }
    }

    /// dx from dy.
    pub(super) fn input_gradient(g: &Conv2dGeometry) -> Self {
        // Input row h = i·stride + a met output row p through tap r if p·stride + offset(r) = h.
        let meets = |axis: usize, phase: usize, tap: usize| {
            let (distance, stride) = (phase as isize - g.offset(axis, tap), g.stride[axis] as isize);
            (distance % stride == 0).then_some(distance / stride)
        };
        let taps = taps(g, meets, g.stride);
        let (first, last) = reach(&taps);
        let taps_of_plane = g.taps();
        Self {
            images: g.batch,
            groups: g.groups,
            sources: g.out_group(),
            outputs: g.in_group(),
            source: g.output,
            output: [g.height, g.width],
            step: [1, 1],
            phases: g.stride,
            taps,
            weight_strides: [taps_of_plane, g.in_group() * taps_of_plane],
            weight_group: g.out_group() * g.in_group() * taps_of_plane,
            first,
            last,
            operations: g.operations(),
        }
    }

    /// Rows and columns of the largest phase, the one at (0, 0).
    pub(super) fn phase_extent(&self) -> [usize; 2] {
        [self.output[0].div_ceil(self.phases[0]), self.output[1].div_ceil(self.phases[1])]
    }

    /// Whether some window reaches beyond the source.
    pub(super) fn pads(&self) -> bool {
        let extent = self.phase_extent();
        (0..2).any(|axis| {
            let end = (extent[axis].max(1) - 1) * self.step[axis];
            self.first[axis] < 0 || end as isize + self.last[axis] >= self.source[axis] as isize
        })
    }

    /// Whether every output pixel takes just the source pixel at its own place: the source can then be
    /// read where it is.
    pub(super) fn is_pointwise(&self) -> bool {
        let unmoved = self.first == [0, 0] && self.last == [0, 0];
        unmoved && self.step == [1, 1] && self.phases == [1, 1] && self.source == self.output
    }

    /// Taps of all phases together.
    pub(super) fn tap_count(&self) -> usize {
        self.taps.iter().map(Vec::len).sum()
    }
}

/// The smallest and the greatest row and column of a tap.
fn reach(taps: &[Vec<Tap>]) -> ([isize; 2], [isize; 2]) {
    let all = || taps.iter().flatten();
    let first = [all().map(|t| t.row).min(), all().map(|t| t.column).min()];
    let last = [all().map(|t| t.row).max(), all().map(|t| t.column).max()];
    (first.map(Option::unwrap_or_default), last.map(Option::unwrap_or_default))
}

/// The taps of each phase; `meets(axis, phase, tap)` gives a tap's row or column if it has one.
fn taps(
    g: &Conv2dGeometry,
    meets: impl Fn(usize, usize, usize) -> Option<isize>,
    phases: [usize; 2],
) -> Vec<Vec<Tap>> {
    let mut lists = Vec::with_capacity(phases[0] * phases[1]);
    for a in 0..phases[0] {
        for b in 0..phases[1] {
            let mut list = Vec::with_capacity(g.taps());
            for r in 0..g.kernel[0] {
                for s in 0..g.kernel[1] {
                    if let (Some(row), Some(column)) = (meets(0, a, r), meets(1, b, s)) {
                        list.push(Tap { row, column, weight: r * g.kernel[1] + s });
                    }
                }
            }
            // In the order of the source, whichever way the kernel lies.
            list.sort_by_key(|tap| (tap.row, tap.column));
            lists.push(list);
        }
    }
    lists
}
