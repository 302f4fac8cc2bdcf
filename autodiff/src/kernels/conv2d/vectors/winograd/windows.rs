//! What a row of tiles reads of the source, sixteen channels to a vector.

use crate::kernels::lanes::{LANES, Lanes, rows_to_lanes};

/// The windows of a row of tiles for sixteen channels: `[SIZE][columns][16]`, with the padding.
pub(super) struct Windows<const OUT: usize, const SIZE: usize> {
    /// Height and width of the planes.
    pub(super) size: [usize; 2],
    /// The row and column at which the window of the first tile begins.
    pub(super) first: [isize; 2],
    /// Tiles in a row.
    pub(super) wide: usize,
}

impl<const OUT: usize, const SIZE: usize> Windows<OUT, SIZE> {
    fn columns(&self) -> usize {
        self.wide * OUT + SIZE - OUT
    }

    pub(super) fn len(&self) -> usize {
        SIZE * self.columns() * LANES
    }

    /// Copies the windows of tile row `row` from the planes of `channels` channels. If those of the row before are in
    /// the slab (`next`), the lines that both have are moved.
    ///
    /// # Safety
    /// The processor has the extension.
    pub(super) unsafe fn fill<V: Lanes>(
        &self,
        planes: &[f32],
        channels: usize,
        row: usize,
        next: bool,
        slab: &mut [f32],
    ) {
        let [height, width] = self.size;
        let columns = self.columns();
        // Columns of the slab that are columns of the plane.
        let start = (-self.first[1]).clamp(0, columns as isize) as usize;
        let end = (width as isize - self.first[1]).clamp(start as isize, columns as isize) as usize;
        let top = (row * OUT) as isize + self.first[0];
        let slab = &mut slab[..self.len()];
        if next {
            slab.copy_within(OUT * columns * LANES.., 0);
        }
        let there = if next { SIZE - OUT } else { 0 };
        for (i, line) in slab.chunks_exact_mut(columns * LANES).enumerate().skip(there) {
            let row = top + i as isize;
            if end == start || !(0..height as isize).contains(&row) {
                line.fill(0.0);
                continue;
            }
            line[..start * LANES].fill(0.0);
            line[end * LANES..].fill(0.0);
            let from = row as usize * width + (start as isize + self.first[1]) as usize;
            let line = &mut line[start * LANES..end * LANES];
            assert!(planes.len() >= channels * height * width);
            // SAFETY: the columns are those of a row of each plane, and the line has a vector for each.
            unsafe {
                let from = planes.as_ptr().add(from);
                rows_to_lanes::<V>(from, height * width, channels, end - start, line.as_mut_ptr(), LANES);
            }
        }
    }

    /// The window of a tile.
    ///
    /// # Safety
    /// The processor has the extension, and `slab` has the length of the windows.
    #[inline(always)]
    pub(super) unsafe fn at<V: Lanes>(&self, slab: &[f32], tile: usize) -> [[V; SIZE]; SIZE] {
        // SAFETY: the window of each tile lies in the slab.
        unsafe {
            let mut window = [[V::zero(); SIZE]; SIZE];
            for (i, row) in window.iter_mut().enumerate() {
                for (j, x) in row.iter_mut().enumerate() {
                    *x = V::load(slab.as_ptr().add((i * self.columns() + tile * OUT + j) * LANES));
                }
            }
            window
        }
    }
}
