//! The windows of a pooling: sizes, steps, padding, and where they fit.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kernels::pool2d::{self, Pool2dGeometry, Windows2d};
use crate::ops::sizes::{PerAxis, Sizes};
use crate::shape::{Shape, ShapeError};

/// The size of an adaptive pooling's result: a number for all axes, or one for each; `None` keeps the
/// input's. In a file it is a number, or an array with a number or null for each axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AdaptiveSizes<const D: usize>(pub [Option<usize>; D]);

impl<const D: usize> From<usize> for AdaptiveSizes<D> {
    fn from(n: usize) -> Self {
        Self([Some(n); D])
    }
}

impl<const D: usize> From<[usize; D]> for AdaptiveSizes<D> {
    fn from(sizes: [usize; D]) -> Self {
        Self(sizes.map(Some))
    }
}

impl<const D: usize> From<[Option<usize>; D]> for AdaptiveSizes<D> {
    fn from(sizes: [Option<usize>; D]) -> Self {
        Self(sizes)
    }
}

impl<const D: usize> Serialize for AdaptiveSizes<D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0)
    }
}

impl<'de, const D: usize> Deserialize<'de> for AdaptiveSizes<D> {
    fn deserialize<S: Deserializer<'de>>(deserializer: S) -> Result<Self, S::Error> {
        PerAxis::deserialize(deserializer)?.of().map(Self)
    }
}

/// A pooling window of `D` axes: its size, and how it moves over the input.
///
/// A number, an array or a tuple stands for a window that moves by its own size. In a file it is a map of the fields,
/// of which all but `kernel` may be left out.
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::zeros([1, 3, 9, 9]);
/// assert_eq!(x.max_pool2d(2).shape(), [1, 3, 4, 4]);
/// assert_eq!(x.max_pool2d(Pool2d::new(3).stride(2).padding(1)).shape(), [1, 3, 5, 5]);
/// assert_eq!(x.avg_pool2d(Pool2d::new(2).ceil_mode(true)).shape(), [1, 3, 5, 5]);
/// assert_eq!(x.avg_pool3d(Pool3d::new((3, 2, 1)).stride(1)).shape(), [1, 1, 8, 9]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Form<D>", into = "Form<D>")]
pub struct Pool<const D: usize> {
    /// The window's size.
    pub kernel: [usize; D],
    /// The step from one window to the next.
    pub stride: [usize; D],
    /// Elements added on each side of the input.
    pub padding: [usize; D],
    /// The distance between neighbouring elements of a window.
    pub dilation: [usize; D],
    /// Whether a last window that reaches over the edge counts.
    pub ceil_mode: bool,
    /// Whether an average divides by the padding's elements too.
    pub count_include_pad: bool,
    /// What an average divides by, in place of the number of elements.
    pub divisor_override: Option<usize>,
}

/// What a file says of a window.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form<const D: usize> {
    #[serde(alias = "kernel_size")]
    kernel: Sizes<D>,
    #[serde(default)]
    stride: Option<Sizes<D>>,
    #[serde(default)]
    padding: Option<Sizes<D>>,
    #[serde(default)]
    dilation: Option<Sizes<D>>,
    #[serde(default)]
    ceil_mode: bool,
    #[serde(default = "yes")]
    count_include_pad: bool,
    #[serde(default)]
    divisor_override: Option<usize>,
}

fn yes() -> bool {
    true
}

impl<const D: usize> From<Form<D>> for Pool<D> {
    fn from(form: Form<D>) -> Self {
        Self {
            kernel: form.kernel.0,
            stride: form.stride.unwrap_or(form.kernel).0,
            padding: form.padding.map_or([0; D], |sizes| sizes.0),
            dilation: form.dilation.map_or([1; D], |sizes| sizes.0),
            ceil_mode: form.ceil_mode,
            count_include_pad: form.count_include_pad,
            divisor_override: form.divisor_override,
        }
    }
}

impl<const D: usize> From<Pool<D>> for Form<D> {
    fn from(pool: Pool<D>) -> Self {
        Self {
            kernel: Sizes(pool.kernel),
            stride: Some(Sizes(pool.stride)),
            padding: Some(Sizes(pool.padding)),
            dilation: Some(Sizes(pool.dilation)),
            ceil_mode: pool.ceil_mode,
            count_include_pad: pool.count_include_pad,
            divisor_override: pool.divisor_override,
        }
    }
}

/// A window over rows [N, C, L].
pub type Pool1d = Pool<1>;
/// A window over pictures [N, C, H, W].
pub type Pool2d = Pool<2>;
/// A window over volumes [N, C, D, H, W].
pub type Pool3d = Pool<3>;

impl<const D: usize> Pool<D> {
    /// A window that moves by its own size, without padding.
    pub fn new(kernel: impl Into<Sizes<D>>) -> Self {
        let kernel = kernel.into().0;
        Self {
            kernel,
            stride: kernel,
            padding: [0; D],
            dilation: [1; D],
            ceil_mode: false,
            count_include_pad: true,
            divisor_override: None,
        }
    }

    /// The step from one window to the next (default: the window's size).
    pub fn stride(mut self, stride: impl Into<Sizes<D>>) -> Self {
        self.stride = stride.into().0;
        self
    }

    /// Elements added on each side of the input, at most half of the window (default: 0). A maximum never
    /// takes them, an average takes them as zeros.
    pub fn padding(mut self, padding: impl Into<Sizes<D>>) -> Self {
        self.padding = padding.into().0;
        self
    }

    /// The distance between neighbouring elements of a window (default: 1); for maxima only.
    pub fn dilation(mut self, dilation: impl Into<Sizes<D>>) -> Self {
        self.dilation = dilation.into().0;
        self
    }

    /// Whether a last window that reaches over the edge counts, as long as it begins before it (default:
    /// no).
    pub const fn ceil_mode(mut self, ceil_mode: bool) -> Self {
        self.ceil_mode = ceil_mode;
        self
    }

    /// Whether an average divides by the padding's elements too (default: yes).
    pub const fn count_include_pad(mut self, count: bool) -> Self {
        self.count_include_pad = count;
        self
    }

    /// What an average divides by, in place of the number of elements.
    pub const fn divisor_override(mut self, divisor: usize) -> Self {
        self.divisor_override = Some(divisor);
        self
    }

    /// The same window for volumes, over the last `D` of their axes.
    pub(super) fn of_volumes(&self) -> Pool3d {
        Pool3d {
            kernel: last(self.kernel, 1),
            stride: last(self.stride, 1),
            padding: last(self.padding, 0),
            dilation: last(self.dilation, 1),
            ceil_mode: self.ceil_mode,
            count_include_pad: self.count_include_pad,
            divisor_override: self.divisor_override,
        }
    }
}

/// The last `D` of three values, after others.
pub(super) fn last<V: Copy, const D: usize>(values: [V; D], other: V) -> [V; 3] {
    const { assert!(D >= 1 && D <= 3, "pooling has one, two or three dimensions") };
    let mut all = [other; 3];
    all[3 - D..].copy_from_slice(&values);
    all
}

impl<const D: usize> From<usize> for Pool<D> {
    fn from(kernel: usize) -> Self {
        Self::new(kernel)
    }
}

impl<const D: usize> From<[usize; D]> for Pool<D> {
    fn from(kernel: [usize; D]) -> Self {
        Self::new(kernel)
    }
}

impl From<(usize, usize)> for Pool2d {
    fn from(kernel: (usize, usize)) -> Self {
        Self::new(kernel)
    }
}

impl From<(usize, usize, usize)> for Pool3d {
    fn from(kernel: (usize, usize, usize)) -> Self {
        Self::new(kernel)
    }
}

/// The windows of a pooling over the last one, two or three axes of [N, C, …] or [C, …].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Windows {
    dims: usize,
    kind: Kind,
}

/// Rows and pictures are taken as volumes whose first axes have one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Sliding(Pool3d),
    Adaptive([Option<usize>; 3]),
}

impl Windows {
    /// Windows of one size that move by a stride.
    pub fn sliding<const D: usize>(window: Pool<D>) -> Self {
        Self { dims: D, kind: Kind::Sliding(window.of_volumes()) }
    }

    /// As many windows along each axis as the result is to have elements, which divide it as evenly as whole
    /// numbers allow: window i of m over n elements is ⌊i·n/m⌋ .. ⌈(i+1)·n/m⌉. `None` keeps the axis.
    pub fn adaptive<const D: usize>(sizes: AdaptiveSizes<D>) -> Self {
        Self { dims: D, kind: Kind::Adaptive(last(sizes.0, None)) }
    }

    /// How many axes are pooled.
    pub(super) fn dims(&self) -> usize {
        self.dims
    }

    /// The window, if it slides.
    pub(super) fn pool(&self) -> Option<&Pool3d> {
        match &self.kind {
            Kind::Sliding(pool) => Some(pool),
            Kind::Adaptive(_) => None,
        }
    }

    /// The name for windows of this kind and dimension: first those that slide in 1, 2 and 3 dimensions, then the
    /// adaptive ones.
    pub(super) fn name(&self, names: [&'static str; 6]) -> &'static str {
        names[self.dims - 1 + if self.pool().is_none() { 3 } else { 0 }]
    }

    /// The windows along each axis of an input of these sizes must fit. The first is axis `first` of the
    /// tensor if that is a volume.
    fn check(&self, input: [usize; 3], first: isize) -> Result<(), ShapeError> {
        let fail = |detail: String| Err(ShapeError::new(detail));
        let pooled = 3 - self.dims;
        match &self.kind {
            Kind::Adaptive(output) => {
                let axis = |at: usize| first + at as isize;
                if let Some(at) = output.iter().position(|&size| size == Some(0)) {
                    return fail(format!("the output size of axis {} is 0", axis(at)));
                }
                match input.iter().position(|&n| n == 0) {
                    Some(at) => fail(format!("axis {} is empty, and has nothing to pool", axis(at))),
                    None => Ok(()),
                }
            }
            Kind::Sliding(pool) => {
                if pool.kernel.contains(&0) || pool.stride.contains(&0) || pool.dilation.contains(&0) {
                    return fail(format!(
                        "window {:?}, stride {:?} and dilation {:?} must be at least 1",
                        &pool.kernel[pooled..],
                        &pool.stride[pooled..],
                        &pool.dilation[pooled..]
                    ));
                }
                if pool.divisor_override == Some(0) {
                    return fail("the divisor is 0".into());
                }
                for (axis, n) in input.into_iter().enumerate() {
                    let (kernel, stride) = (pool.kernel[axis], pool.stride[axis]);
                    let (padding, dilation) = (pool.padding[axis], pool.dilation[axis]);
                    let axis = first + axis as isize;
                    if padding > kernel / 2 {
                        return fail(format!(
                            "the padding {padding} of axis {axis} is more than half of the window of {kernel}"
                        ));
                    }
                    let windows = pool2d::output_extent(n, kernel, stride, padding, dilation, pool.ceil_mode);
                    if windows.is_none() {
                        return fail(format!(
                            "the window of {kernel} with dilation {dilation} does not fit into axis {axis} of \
                             {n} with padding {padding}"
                        ));
                    }
                }
                Ok(())
            }
        }
    }

    /// The passes of a pooling of an input of this shape.
    pub(super) fn passes(&self, x: &[usize]) -> Result<Passes, ShapeError> {
        let (lead, input) = planes_and_sizes(x, self.dims)?;
        self.check(input, lead.len() as isize + self.dims as isize - 3)?;
        let planes = lead.iter().product::<usize>();
        let [depth, height, width] = input;
        let plane = self.windows(planes * depth, [height, width], [Some(1), Some(2)]);
        let [p, q] = plane.output();
        let depth =
            (self.dims == 3).then(|| self.windows(planes, [depth, p.saturating_mul(q)], [Some(0), None]));
        let mut output = Shape::from_slice(lead);
        let sizes = [depth.map_or(1, |depth| depth.output()[0]), p, q];
        output.extend_from_slice(&sizes[3 - self.dims..]);
        Ok(Passes { plane, depth, output })
    }

    /// The windows over planes whose rows and columns lie along these axes, `None` where each element of the
    /// plane is a window of its own.
    fn windows(&self, planes: usize, input: [usize; 2], axes: [Option<usize>; 2]) -> Windows2d {
        match &self.kind {
            Kind::Sliding(pool) => {
                let pick =
                    |of: [usize; 3], otherwise| axes.map(|axis| axis.map_or(otherwise, |axis| of[axis]));
                Windows2d::Sliding(Pool2dGeometry {
                    planes,
                    height: input[0],
                    width: input[1],
                    kernel: pick(pool.kernel, 1),
                    stride: pick(pool.stride, 1),
                    padding: pick(pool.padding, 0),
                    dilation: pick(pool.dilation, 1),
                    ceil_mode: pool.ceil_mode,
                })
            }
            Kind::Adaptive(output) => {
                let size = |i: usize| axes[i].and_then(|axis| output[axis]).unwrap_or(input[i]);
                Windows2d::adaptive(planes, input, [size(0), size(1)])
            }
        }
    }
}

/// How an input is pooled: over the rows and columns of its planes, and then over the depth of its volumes.
pub(super) struct Passes {
    pub(super) plane: Windows2d,
    /// The planes that the first pass gives have the depth as rows, and rows and columns as columns.
    pub(super) depth: Option<Windows2d>,
    /// The result's shape.
    pub(super) output: Shape,
}

/// The shape's leading axes, and the last `dims` as those of a volume.
pub(super) fn planes_and_sizes(x: &[usize], dims: usize) -> Result<(&[usize], [usize; 3]), ShapeError> {
    if !(dims + 1..=dims + 2).contains(&x.len()) {
        let axes = ["length", "height, width", "depth, height, width"][dims - 1];
        return Err(ShapeError::new(format!(
            "the input {x:?} is not [batch, channels, {axes}] or [channels, {axes}]"
        )));
    }
    let (lead, sizes) = x.split_at(x.len() - dims);
    let mut volume = [1; 3];
    volume[3 - dims..].copy_from_slice(sizes);
    Ok((lead, volume))
}
