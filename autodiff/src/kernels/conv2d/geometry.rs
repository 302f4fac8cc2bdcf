//! Sizes of a two-dimensional convolution.

use std::ops::Range;

/// Everything that shapes a two-dimensional convolution: x `[N, C, H, W]`, w `[K, C/groups, R, S]`,
/// y `[N, K, P, Q]`.
///
/// Pairs are (rows, columns). The padding is what lies before the first row and column; how much lies behind
/// the last follows from the output, whose sizes are free: padding may be uneven, and windows may leave out
/// the end of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conv2dGeometry {
    pub(crate) batch: usize,
    pub(crate) in_channels: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) out_channels: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
    pub(crate) dilation: [usize; 2],
    /// Height P and width Q of the output.
    pub(crate) output: [usize; 2],
    pub(crate) groups: usize,
}

/// The outputs p in `0..output` whose input p·stride + offset lies in `0..input`.
pub(crate) fn inside(offset: isize, stride: usize, input: usize, output: usize) -> Range<usize> {
    let first = offset.min(0).unsigned_abs().div_ceil(stride);
    let end = usize::try_from(input as isize - offset).unwrap_or(0).div_ceil(stride).min(output);
    first.min(end)..end
}

impl Conv2dGeometry {
    /// Input channels of one group, C/groups.
    pub(crate) fn in_group(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Output channels of one group, K/groups.
    pub(crate) fn out_group(&self) -> usize {
        self.out_channels / self.groups
    }

    /// Taps of one kernel plane, R·S.
    pub(crate) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Elements of x.
    pub(crate) fn input_len(&self) -> usize {
        self.batch * self.in_channels * self.height * self.width
    }

    /// Elements of w.
    pub(crate) fn weight_len(&self) -> usize {
        self.out_channels * self.in_group() * self.taps()
    }

    /// Elements of y.
    pub(crate) fn output_len(&self) -> usize {
        let [p, q] = self.output;
        self.batch * self.out_channels * p * q
    }

    /// Multiplications and additions of one pass, two to a product.
    pub(crate) fn operations(&self) -> usize {
        2 * self.output_len() * self.in_group() * self.taps()
    }

    /// What the input row of output row p and kernel row r is, less p·stride: r·dilation − padding; the
    /// same for columns with `axis` 1.
    pub(crate) fn offset(&self, axis: usize, tap: usize) -> isize {
        (tap * self.dilation[axis]) as isize - self.padding[axis] as isize
    }

    /// Whether each output pixel meets exactly the input pixel at its own place.
    pub(crate) fn is_pointwise(&self) -> bool {
        let unmoved = self.kernel == [1, 1] && self.stride == [1, 1] && self.padding == [0, 0];
        unmoved && self.output == [self.height, self.width]
    }

    /// Whether some product of the sum would be with padding.
    pub(crate) fn is_padded(&self) -> bool {
        let input = [self.height, self.width];
        (0..2).any(|axis| {
            let end = self.output[axis].saturating_sub(1) * self.stride[axis];
            let last = self.offset(axis, self.kernel[axis].max(1) - 1);
            self.padding[axis] > 0 || end as isize + last >= input[axis] as isize
        })
    }

    /// The same convolution with a pointwise one's plane as a single row, which leaves no short rows.
    pub(crate) fn flattened(&self) -> Self {
        let pixels = self.height * self.width;
        match self.is_pointwise() {
            true => Self { height: 1, width: pixels, output: [1, pixels], ..*self },
            false => *self,
        }
    }

    /// Panics unless the slices have the lengths of x, w and y.
    #[track_caller]
    pub(crate) fn check(&self, x: usize, w: usize, y: usize) {
        assert!(
            self.groups > 0
                && self.in_channels.is_multiple_of(self.groups)
                && self.out_channels.is_multiple_of(self.groups),
            "conv2d: the channels are not divisible by the groups in {self:?}"
        );
        assert_eq!(
            [x, w, y],
            [self.input_len(), self.weight_len(), self.output_len()],
            "conv2d: elements of x, w and y for {self:?}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inside_is_where_the_input_is() {
        for offset in -9..9 {
            for stride in 1..4 {
                for (input, output) in [(5, 7), (0, 3), (1, 1), (8, 2)] {
                    let expected: Vec<usize> = (0..output)
                        .filter(|&p| (0..input as isize).contains(&((p * stride) as isize + offset)))
                        .collect();
                    let found: Vec<usize> = inside(offset, stride, input, output).collect();
                    assert_eq!(found, expected, "{offset} {stride} {input} {output}");
                }
            }
        }
    }
}
