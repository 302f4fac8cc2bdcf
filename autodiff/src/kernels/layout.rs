//! Shapes as kernels see them: the axes of strided operands, in as few as describe them.

use smallvec::SmallVec;

/// The sizes of an array around the axis that a kernel works along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Along {
    /// The product of the lengths before the axis.
    pub(crate) outer: usize,
    /// The length of the axis.
    pub(crate) n: usize,
    /// The product of the lengths after the axis.
    pub(crate) inner: usize,
}

impl Along {
    /// The sizes of an array of `shape` around `axis`.
    pub(crate) fn axis(shape: &[usize], axis: usize) -> Self {
        Self {
            outer: shape[..axis].iter().product(),
            n: shape[axis],
            inner: shape[axis + 1..].iter().product(),
        }
    }

    /// How many elements the array has.
    pub(crate) fn len(self) -> usize {
        self.outer * self.n * self.inner
    }

    /// How many elements it has with the axis reduced.
    pub(crate) fn rows(self) -> usize {
        self.outer * self.inner
    }

    /// Elements of one index of the outer axes.
    pub(crate) fn slab(self) -> usize {
        self.n * self.inner
    }
}

/// One axis of N operands that are walked together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Axis<const N: usize> {
    pub(crate) len: usize,
    pub(crate) strides: [isize; N],
}

/// The axes of N operands, outermost first.
pub(crate) type Axes<const N: usize> = SmallVec<[Axis<N>; 6]>;

/// The axes of `shape` without those of length 1, neighbours joined where every operand steps through both
/// as through one. At least one axis remains.
pub(crate) fn coalesce<const N: usize>(shape: &[usize], strides: [&[isize]; N]) -> Axes<N> {
    let mut axes = Axes::new();
    for (i, &len) in shape.iter().enumerate() {
        if len == 1 {
            continue;
        }
        let axis = Axis { len, strides: strides.map(|s| s[i]) };
        match axes.last_mut() {
            Some(outer) if joins(outer, &axis) => {
                *outer = Axis { len: outer.len * len, strides: axis.strides };
            }
            _ => axes.push(axis),
        }
    }
    if axes.is_empty() {
        axes.push(Axis { len: 1, strides: [0; N] });
    }
    axes
}

fn joins<const N: usize>(outer: &Axis<N>, inner: &Axis<N>) -> bool {
    (0..N).all(|i| outer.strides[i] == inner.strides[i] * inner.len as isize)
}

/// The strides with which an array of `shape` and `strides` reads as one of shape `to`: 0 along the axes it
/// is repeated along.
pub(crate) fn broadcast_strides(shape: &[usize], strides: &[isize], to: &[usize]) -> SmallVec<[isize; 6]> {
    let new = to.len() - shape.len();
    (0..to.len()).map(|i| if i < new || shape[i - new] == 1 { 0 } else { strides[i - new] }).collect()
}

/// Calls `run(position, offsets, len)` for each maximal stretch of the innermost axis within the positions
/// `range` of the row-major order of `axes`.
#[inline(always)]
pub(crate) fn for_each_run<const N: usize>(
    axes: &[Axis<N>],
    range: std::ops::Range<usize>,
    mut run: impl FnMut(usize, [isize; N], usize),
) {
    let (inner, outer) = axes.split_last().expect("coalesce leaves an axis");
    // The index of the first position, axis by axis, and where it lies in each operand.
    let mut index = SmallVec::<[usize; 6]>::from_elem(0, outer.len());
    let mut rest = range.start / inner.len.max(1);
    let mut within = range.start % inner.len.max(1);
    let mut row = [0isize; N];
    for (i, axis) in outer.iter().enumerate().rev() {
        index[i] = rest % axis.len;
        rest /= axis.len;
        for (row, stride) in row.iter_mut().zip(axis.strides) {
            *row += index[i] as isize * stride;
        }
    }
    let mut position = range.start;
    while position < range.end {
        let len = (inner.len - within).min(range.end - position);
        let mut offsets = row;
        for (offset, stride) in offsets.iter_mut().zip(inner.strides) {
            *offset += within as isize * stride;
        }
        run(position, offsets, len);
        position += len;
        within = 0;
        for (i, axis) in outer.iter().enumerate().rev() {
            index[i] += 1;
            let wrapped = index[i] == axis.len;
            let step = if wrapped { 1 - axis.len as isize } else { 1 };
            for (row, stride) in row.iter_mut().zip(axis.strides) {
                *row += step * stride;
            }
            if !wrapped {
                break;
            }
            index[i] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_join_where_all_operands_allow() {
        let axes = coalesce(&[2, 1, 3, 4], [&[12, 7, 4, 1], &[4, 0, 0, 1]]);
        let lens: Vec<_> = axes.iter().map(|a| (a.len, a.strides)).collect();
        assert_eq!(lens, [(2, [12, 4]), (3, [4, 0]), (4, [1, 1])]);
        assert_eq!(coalesce(&[2, 3, 4], [&[12, 4, 1]])[..], [Axis { len: 24, strides: [1] }]);
        assert_eq!(coalesce(&[1, 1], [&[5, 5]])[..], [Axis { len: 1, strides: [0] }]);
        assert_eq!(coalesce(&[], [&[]])[..], [Axis { len: 1, strides: [0] }]);
    }

    #[test]
    fn runs_cover_a_range_once_and_in_order() {
        let axes = coalesce(&[3, 4, 5], [&[100, -10, 2]]);
        let mut seen = Vec::new();
        for range in [0..7, 7..8, 8..31, 31..60] {
            for_each_run(&axes, range, |position, [offset], len| {
                assert_eq!(position, seen.len());
                seen.extend((0..len as isize).map(|i| offset + 2 * i));
            });
        }
        let all: Vec<isize> = (0..60).map(|p| 100 * (p / 20) - 10 * (p / 5 % 4) + 2 * (p % 5)).collect();
        assert_eq!(seen, all);
    }
}
