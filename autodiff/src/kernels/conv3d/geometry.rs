//! Sizes of a convolution in up to three dimensions.

use crate::kernels::conv2d::Conv2dGeometry;

/// Everything that shapes a convolution: x `[N, C, D, H, W]`, w `[K, C/groups, kernel…]`, y `[N, K, output…]`.
///
/// Triples are (depth, rows, columns); a convolution in fewer dimensions has leading axes of size 1. The padding
/// is what lies before the first element of an axis; how much lies behind the last follows from the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conv3dGeometry {
    pub(crate) batch: usize,
    pub(crate) in_channels: usize,
    pub(crate) out_channels: usize,
    pub(crate) groups: usize,
    pub(crate) input: [usize; 3],
    pub(crate) kernel: [usize; 3],
    pub(crate) stride: [usize; 3],
    pub(crate) padding: [usize; 3],
    pub(crate) dilation: [usize; 3],
    pub(crate) output: [usize; 3],
}

/// The positions a window takes along one axis: ⌊(n + before + after − d(k−1) − 1)/s⌋ + 1, or `None` when the
/// window does not fit or is of no size, or a stride or dilation is zero.
///
/// Less than nothing may be added behind the axis: then its end is left out.
pub(crate) fn output_extent(
    input: usize,
    kernel: usize,
    stride: usize,
    [before, after]: [isize; 2],
    dilation: usize,
) -> Option<usize> {
    if kernel == 0 || stride == 0 || dilation == 0 {
        return None;
    }
    let padded = input.checked_add_signed(before)?.checked_add_signed(after)?;
    Some(padded.checked_sub(window_extent(kernel, dilation)?)? / stride + 1)
}

/// What a window covers of an axis: d(k−1) + 1.
pub(crate) fn window_extent(kernel: usize, dilation: usize) -> Option<usize> {
    dilation.checked_mul(kernel.checked_sub(1)?)?.checked_add(1)
}

impl Conv3dGeometry {
    /// Input channels of one group, C/groups.
    pub(super) fn in_group(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Elements of one slice of the input, of the output, and of the kernel.
    pub(super) fn planes(&self) -> [usize; 3] {
        [self.input, self.output, self.kernel].map(|[_, rows, columns]| rows * columns)
    }

    /// The convolution of some slices, stacked as images, in the last two dimensions.
    pub(super) fn of_slices(&self, batch: usize, in_channels: usize, out_channels: usize) -> Conv2dGeometry {
        let last = |[_, rows, columns]: [usize; 3]| [rows, columns];
        let [height, width] = last(self.input);
        Conv2dGeometry {
            batch,
            in_channels,
            height,
            width,
            out_channels,
            kernel: last(self.kernel),
            stride: last(self.stride),
            padding: last(self.padding),
            dilation: last(self.dilation),
            output: last(self.output),
            groups: self.groups,
        }
    }

    /// Whether each output along an axis meets exactly the input at its own place.
    fn is_unmoved(&self, axis: usize) -> bool {
        let same = self.input[axis] == self.output[axis];
        same && self.kernel[axis] == 1 && self.stride[axis] == 1 && self.padding[axis] == 0
    }

    /// The same convolution in two dimensions, if nothing happens along the first axis that could not happen
    /// along the second: when it has size 1, or can be joined with the second.
    pub(super) fn flat(&self) -> Option<Conv2dGeometry> {
        if !self.is_unmoved(0) || (self.input[0] != 1 && !self.is_unmoved(1)) {
            return None;
        }
        let plane = self.of_slices(self.batch, self.in_channels, self.out_channels);
        Some(Conv2dGeometry {
            height: self.input[0] * plane.height,
            output: [self.output[0] * plane.output[0], plane.output[1]],
            ..plane
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_are_those_of_the_formula() {
        let even = |n, kernel, stride, padding: isize, dilation| {
            output_extent(n, kernel, stride, [padding, padding], dilation)
        };
        assert_eq!(even(28, 5, 1, 2, 1), Some(28));
        assert_eq!(even(224, 7, 2, 3, 1), Some(112));
        assert_eq!(even(9, 3, 2, 0, 2), Some(3));
        assert_eq!(even(0, 3, 1, 1, 1), None);
        assert_eq!(even(1, 3, 1, 1, 1), Some(1));
        assert_eq!(even(4, 0, 1, 0, 1), None);
        assert_eq!(even(4, 1, 0, 0, 1), None);
        assert_eq!(even(4, 3, 1, 0, usize::MAX), None);
        assert_eq!(output_extent(usize::MAX, 3, 1, [1, 1], 1), None);
        assert_eq!(output_extent(5, 2, 1, [0, 1], 1), Some(5));
        assert_eq!(output_extent(6, 3, 1, [0, -1], 2), Some(1));
        assert_eq!(output_extent(2, 1, 1, [0, -3], 1), None);
    }
}
