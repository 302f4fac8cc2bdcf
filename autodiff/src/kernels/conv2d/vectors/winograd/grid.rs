//! The tiles of a correlation, and its source transformed.

use std::ops::Range;

use super::super::correlation::Correlation;
use super::scheme::{Scheme, both_ways};
use super::windows::Windows;
use crate::kernels::lanes::{LANES, Lanes};
use crate::kernels::scratch::Scratch;

/// How the planes of an output are cut into tiles, and how what belongs to a run of tile rows is laid out.
///
/// The tile rows of all images follow each other; those of different groups are apart.
#[derive(Clone, Copy)]
pub(super) struct Grid<const OUT: usize, const SIZE: usize> {
    pub(super) images: usize,
    /// Tile rows of an image, and tiles of a tile row.
    pub(super) high: usize,
    pub(super) wide: usize,
    /// Source channels of a group, in whole vectors.
    pub(super) sources: usize,
}

impl<const OUT: usize, const SIZE: usize> Grid<OUT, SIZE> {
    /// The elements of a transform lie this much further apart than their tiles need: at a power of two they would
    /// fall into the same cache sets.
    pub(super) const APART: usize = LANES;

    pub(super) fn new(c: &Correlation) -> Self {
        let [high, wide] = c.output.map(|n| n.div_ceil(OUT));
        Self { images: c.images, high, wide, sources: c.sources.next_multiple_of(LANES) }
    }

    /// Tile rows of a run with about so many tiles, all runs of about equal length.
    pub(super) fn runs_of(&self, tiles: usize) -> usize {
        let rows = self.images * self.high;
        let most = (tiles / self.wide).clamp(1, rows);
        rows.div_ceil(rows.div_ceil(most))
    }

    /// Elements from one element of the transformed source of a run to the next; `[channels/16][tiles][16]` each.
    pub(super) fn plane(&self, rows: usize) -> usize {
        self.sources * rows * self.wide + Self::APART
    }

    /// Elements of the transformed source of a run.
    pub(super) fn transformed(&self, rows: usize) -> usize {
        SIZE * SIZE * self.plane(rows)
    }

    /// Transforms the windows of the tile rows `own` of a run, for the vectors `channels` of source channels.
    ///
    /// # Safety
    /// The processor has the extension, and `v` has the length of the run's transformed source, of which nothing else uses
    /// these rows and channels.
    #[allow(clippy::too_many_arguments)]
    pub(super) unsafe fn source<V: Lanes, S: Scheme<OUT, SIZE>>(
        &self,
        c: &Correlation,
        source: &[f32],
        group: usize,
        run: Range<usize>,
        own: Range<usize>,
        channels: Range<usize>,
        v: *mut f32,
    ) {
        let planes = c.source[0] * c.source[1];
        let plane = self.plane(run.len());
        let windows = Windows::<OUT, SIZE> { size: c.source, first: c.first, wide: self.wide };
        let mut slab = Scratch::new(windows.len());
        for channel in channels {
            let first = channel * LANES;
            let present = (c.sources - first).min(LANES);
            for row in own.clone() {
                let image = row / self.high;
                let from = ((image * c.groups + group) * c.sources + first) * planes;
                let from = &source[from..][..present * planes];
                // SAFETY: the processor has the extension, and the transforms of these tiles lie in `v`.
                unsafe {
                    windows.fill::<V>(
                        from,
                        present,
                        row % self.high,
                        row > own.start && row % self.high > 0,
                        &mut slab,
                    );
                    let to = v.add((channel * run.len() + row - run.start) * self.wide * LANES);
                    let (windows, slab) = (&windows, &slab[..]);
                    V::run(
                        #[inline(always)]
                        move || {
                            for tile in 0..self.wide {
                                let to = to.add(tile * LANES);
                                for (i, row) in both_ways(
                                    windows.at::<V>(slab, tile),
                                    #[inline(always)]
                                    |x| S::source(x),
                                )
                                .iter()
                                .enumerate()
                                {
                                    for (j, &x) in row.iter().enumerate() {
                                        x.store(to.add((i * SIZE + j) * plane));
                                    }
                                }
                            }
                        },
                    );
                }
            }
        }
    }

    /// Elements from one element of the sums of a run to the next; `[tiles][16 or 32]` each.
    pub(super) fn sums_plane<V: Lanes>(&self, rows: usize) -> usize {
        rows * self.wide * V::BLOCK + Self::APART
    }

    /// Elements of the sums of a run.
    pub(super) fn sums<V: Lanes>(&self, rows: usize) -> usize {
        SIZE * SIZE * self.sums_plane::<V>(rows)
    }
}
