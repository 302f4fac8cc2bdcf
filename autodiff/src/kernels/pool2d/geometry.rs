//! Sizes of a two-dimensional pooling.

use std::ops::Range;

/// The windows of a pooling of x `[planes, H, W]` to y `[planes, P, Q]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Windows2d {
    /// Windows of one size that move by a stride.
    Sliding(Pool2dGeometry),
    /// Windows that divide the plane as evenly as whole numbers allow.
    Adaptive(Adaptive2d),
}

/// A pooling to a given size: windows as in [`adaptive_ranges`] along each axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Adaptive2d {
    pub(crate) planes: usize,
    /// H and W.
    pub(crate) input: [usize; 2],
    /// P and Q.
    pub(crate) output: [usize; 2],
}

/// The windows that divide `input` elements into `output` parts: part i is ⌊i·n/m⌋ .. ⌈(i+1)·n/m⌉, so that
/// neighbours overlap by one element where m does not divide n.
pub(crate) fn adaptive_ranges(
    input: usize,
    output: usize,
) -> impl ExactSizeIterator<Item = Range<usize>> + Clone {
    (0..output).map(move |i| i * input / output..((i + 1) * input).div_ceil(output))
}

impl Windows2d {
    /// The windows of a pooling to the size `output`. Where they are all alike they slide.
    pub(crate) fn adaptive(planes: usize, input: [usize; 2], output: [usize; 2]) -> Self {
        if [0, 1].iter().any(|&axis| output[axis] == 0 || !input[axis].is_multiple_of(output[axis])) {
            return Self::Adaptive(Adaptive2d { planes, input, output });
        }
        // An empty axis has no window that fits.
        let kernel = [0, 1].map(|axis| (input[axis] / output[axis]).max(1));
        Self::Sliding(Pool2dGeometry {
            planes,
            height: input[0],
            width: input[1],
            kernel,
            stride: kernel,
            padding: [0, 0],
            dilation: [1, 1],
            ceil_mode: false,
        })
    }

    /// N·C.
    pub(crate) fn planes(&self) -> usize {
        match self {
            Self::Sliding(g) => g.planes,
            Self::Adaptive(g) => g.planes,
        }
    }

    /// The input's height H and width W.
    pub(crate) fn input(&self) -> [usize; 2] {
        match self {
            Self::Sliding(g) => [g.height, g.width],
            Self::Adaptive(g) => g.input,
        }
    }

    /// The output's height P and width Q.
    #[track_caller]
    pub(crate) fn output(&self) -> [usize; 2] {
        match self {
            Self::Sliding(g) => g.output(),
            Self::Adaptive(g) => g.output,
        }
    }

    /// Elements of one input plane.
    pub(crate) fn input_plane(&self) -> usize {
        self.input().iter().product()
    }

    /// Elements of one output plane.
    #[track_caller]
    pub(crate) fn output_plane(&self) -> usize {
        self.output().iter().product()
    }

    /// A measure of the work, for the choice between one thread and many.
    pub(crate) fn operations(&self) -> usize {
        match self {
            Self::Sliding(g) => g.operations(),
            // Windows overlap by one row and one column at most.
            Self::Adaptive(g) => 8 * g.planes * (2 * self.input_plane() + 8 * self.output_plane()),
        }
    }

    /// Panics unless x has the elements of the input and y those of the output.
    #[track_caller]
    pub(crate) fn check(&self, x: usize, y: usize) {
        assert_eq!(
            [x, y],
            [self.planes() * self.input_plane(), self.planes() * self.output_plane()],
            "pool2d: elements of the input and the output for {self:?}"
        );
    }
}

/// Everything that shapes a pooling of x `[planes, H, W]` to y `[planes, P, Q]`; planes is N·C.
///
/// Pairs are (rows, columns).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pool2dGeometry {
    pub(crate) planes: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
    /// Of a maximum; an average wants `[1, 1]`.
    pub(crate) dilation: [usize; 2],
    /// Whether a last window that only partly fits counts, as long as it begins inside the input or the
    /// padding before it.
    pub(crate) ceil_mode: bool,
}

/// The positions a pooling window takes along one axis: ⌊(n + 2p − d(k−1) − 1)/s⌋ + 1, with ⌈ ⌉ in ceil mode
/// but no window that begins in the padding after the input; `None` when no window fits or a size, stride
/// or dilation is zero.
pub(crate) fn output_extent(
    input: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
    ceil_mode: bool,
) -> Option<usize> {
    if kernel == 0 || stride == 0 || dilation == 0 {
        return None;
    }
    let padded = padding.checked_mul(2)?.checked_add(input)?;
    let window = dilation.checked_mul(kernel - 1)?.checked_add(1)?;
    if !ceil_mode {
        return Some(padded.checked_sub(window)? / stride + 1);
    }
    let last = match padded.checked_sub(window) {
        Some(steps) => steps.div_ceil(stride),
        // Even the first window reaches over the end, by less than a step.
        None if window - padded < stride => 0,
        None => return None,
    };
    let begins_behind = last.checked_mul(stride)? >= input + padding;
    let windows = if begins_behind { last } else { last + 1 };
    (windows > 0).then_some(windows)
}

impl Pool2dGeometry {
    /// The output's height P and width Q.
    ///
    /// # Panics
    /// When [`output_extent`] gives none for an axis.
    #[track_caller]
    pub(crate) fn output(&self) -> [usize; 2] {
        let extent = |axis: usize, input| {
            let [kernel, stride] = [self.kernel[axis], self.stride[axis]];
            let [padding, dilation] = [self.padding[axis], self.dilation[axis]];
            output_extent(input, kernel, stride, padding, dilation, self.ceil_mode)
                .unwrap_or_else(|| panic!("pool2d: no window fits on axis {} of {self:?}", axis + 2))
        };
        [extent(0, self.height), extent(1, self.width)]
    }

    /// Elements of one input plane.
    pub(crate) fn input_plane(&self) -> usize {
        self.height * self.width
    }

    /// Elements of one output plane.
    #[track_caller]
    pub(crate) fn output_plane(&self) -> usize {
        self.output().iter().product()
    }

    /// What the input row of output row p and window row r is, less p·stride: r·dilation − padding; the
    /// same for columns with `axis` 1.
    pub(crate) fn offset(&self, axis: usize, tap: usize) -> isize {
        (tap * self.dilation[axis]) as isize - self.padding[axis] as isize
    }

    /// Whether the windows are the 2×2 tiles of the input: the commonest pooling, with a kernel of its own.
    pub(crate) fn is_halving(&self) -> bool {
        let [p, q] = self.output();
        self.kernel == [2, 2]
            && self.stride == [2, 2]
            && self.padding == [0, 0]
            && self.dilation == [1, 1]
            && 2 * p <= self.height
            && 2 * q <= self.width
    }

    /// A measure of the work, for the choice between one thread and many: in operations of a convolution, eight of which
    /// take the time of one of these.
    pub(crate) fn operations(&self) -> usize {
        8 * self.planes * self.output_plane() * (self.kernel[0] * self.kernel[1] + 4)
    }
}
