//! Diagonals of matrices that lie in two axes of an array.

use smallvec::SmallVec;

use super::layout::{Axes, coalesce, for_each_run};

/// Where the diagonals of an array lie.
#[derive(Clone, Debug)]
pub(crate) struct Diagonals {
    /// Which diagonal: 0 the main one, positive above it, negative below.
    pub(crate) offset: isize,
    /// The axis of the rows, and that of the columns.
    pub(crate) axes: [usize; 2],
}

impl Diagonals {
    /// The number of elements of each diagonal.
    pub(crate) fn len(&self, shape: &[usize]) -> usize {
        let [rows, columns] = self.axes.map(|axis| shape[axis]);
        rows.saturating_sub(self.below()).min(columns.saturating_sub(self.above()))
    }

    fn above(&self) -> usize {
        self.offset.max(0).unsigned_abs()
    }

    fn below(&self) -> usize {
        self.offset.min(0).unsigned_abs()
    }

    /// The place of the first element in a row-major array, and the axes that walk the other axes and, last, the
    /// diagonals.
    fn walk(&self, shape: &[usize]) -> (usize, Axes<1>) {
        let mut strides: SmallVec<[isize; 6]> = SmallVec::from_elem(1, shape.len());
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis] as isize;
        }
        let [row, column] = self.axes.map(|axis| strides[axis]);
        let first = self.below() * row as usize + self.above() * column as usize;
        let kept = |&axis: &usize| !self.axes.contains(&axis);
        let others: SmallVec<[usize; 6]> = (0..shape.len()).filter(kept).collect();
        let mut lens: SmallVec<[usize; 6]> = others.iter().map(|&axis| shape[axis]).collect();
        let mut steps: SmallVec<[isize; 6]> = others.iter().map(|&axis| strides[axis]).collect();
        lens.push(self.len(shape));
        steps.push(row + column);
        (first, coalesce(&lens, [&steps[..]]))
    }

    fn each(&self, shape: &[usize], len: usize, mut visit: impl FnMut(usize, usize)) {
        if len == 0 {
            return;
        }
        let (first, axes) = self.walk(shape);
        let step = axes[axes.len() - 1].strides[0] as usize;
        for_each_run(&axes, 0..len, |position, [offset], len| {
            let start = first + offset as usize;
            (0..len).for_each(|i| visit(position + i, start + i * step));
        });
    }

    /// out ← the diagonals of x, the axis along them last.
    pub(crate) fn take<T: Copy>(&self, x: &[T], shape: &[usize], out: &mut [T]) {
        self.each(shape, out.len(), |to, from| out[to] = x[from]);
    }

    /// The diagonals of `out` ← y.
    pub(crate) fn place<T: Copy>(&self, y: &[T], shape: &[usize], out: &mut [T]) {
        self.each(shape, y.len(), |from, to| out[to] = y[from]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagonals_of_any_two_axes() {
        let shape = [3, 2, 4];
        let x: Vec<usize> = (0..24).collect();
        for (a, b) in [(0, 1), (0, 2), (1, 2), (1, 0), (2, 0), (2, 1)] {
            for offset in -5..=5isize {
                let diagonals = Diagonals { offset, axes: [a, b] };
                let other = 3 - a - b;
                let mut expected = Vec::new();
                for o in 0..shape[other] {
                    for (i, j) in (0..shape[a]).flat_map(|i| (0..shape[b]).map(move |j| (i, j))) {
                        if j as isize - i as isize == offset {
                            let mut at = [0; 3];
                            (at[other], at[a], at[b]) = (o, i, j);
                            expected.push((at[0] * 2 + at[1]) * 4 + at[2]);
                        }
                    }
                }
                assert_eq!(diagonals.len(&shape) * shape[other], expected.len());
                let mut taken = vec![0; expected.len()];
                diagonals.take(&x, &shape, &mut taken);
                assert_eq!(taken, expected);
                let mut placed = vec![usize::MAX; 24];
                diagonals.place(&taken, &shape, &mut placed);
                assert!((0..24).all(|i| placed[i] == if expected.contains(&i) { i } else { usize::MAX }));
            }
        }
    }
}
