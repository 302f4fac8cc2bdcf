//! Sizes of a two-dimensional pooling.

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
    let steps = padded.checked_sub(window)?;
    if !ceil_mode {
        return Some(steps / stride + 1);
    }
    let last = steps.div_ceil(stride);
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

    /// A measure of the work, for the choice between one thread and many.
    pub(crate) fn operations(&self) -> usize {
        self.planes * self.output_plane() * (self.kernel[0] * self.kernel[1] + 4)
    }

    /// Panics unless x has the elements of the input and y those of the output.
    #[track_caller]
    pub(crate) fn check(&self, x: usize, y: usize) {
        assert_eq!(
            [x, y],
            [self.planes * self.input_plane(), self.planes * self.output_plane()],
            "pool2d: elements of the input and the output for {self:?}"
        );
    }
}
