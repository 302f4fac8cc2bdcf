//! What the functions know of a convolution's options, and what must be true of the shapes.

use super::options::{ConvOptions, ConvTransposeOptions, Padding};
use crate::kernels::conv3d::{Conv3dGeometry, output_extent, window_extent};
use crate::shape::{Shape, ShapeError};

/// The options of a convolution in one to three dimensions, seen in three: leading axes do nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// How many dimensions there are.
    pub(super) dims: usize,
    stride: [usize; 3],
    padding: Pads,
    dilation: [usize; 3],
    groups: usize,
}

#[derive(Clone, Copy, Debug)]
enum Pads {
    /// Before and behind each axis. Behind there may be less than nothing: output padding is that.
    Each([[isize; 2]; 3]),
    Same,
}

/// Sizes of the last axes, after as many of `leading` as are missing.
fn lifted<N: Copy>(sizes: &[N], leading: N) -> [N; 3] {
    let missing = 3 - sizes.len();
    std::array::from_fn(|axis| axis.checked_sub(missing).map_or(leading, |own| sizes[own]))
}

/// Padding too large to be a distance is too large for anything else, too.
fn distance(n: usize) -> isize {
    isize::try_from(n).unwrap_or(isize::MAX)
}

impl<const D: usize> From<ConvOptions<D>> for Window {
    fn from(options: ConvOptions<D>) -> Self {
        const { assert!(1 <= D && D <= 3, "convolutions have one to three dimensions") };
        let padding = match options.padding {
            Padding::Zeros(zeros) => Pads::Each(lifted(&zeros.map(|n| [distance(n); 2]), [0, 0])),
            Padding::Valid => Pads::Each([[0, 0]; 3]),
            Padding::Same => Pads::Same,
        };
        Self {
            dims: D,
            stride: lifted(&options.stride, 1),
            padding,
            dilation: lifted(&options.dilation, 1),
            groups: options.groups,
        }
    }
}

impl<const D: usize> From<ConvTransposeOptions<D>> for Window {
    fn from(options: ConvTransposeOptions<D>) -> Self {
        const { assert!(1 <= D && D <= 3, "convolutions have one to three dimensions") };
        let pads: [[isize; 2]; D] = std::array::from_fn(|axis| {
            let padding = distance(options.padding[axis]);
            [padding, padding - distance(options.output_padding[axis])]
        });
        Self {
            dims: D,
            stride: lifted(&options.stride, 1),
            padding: Pads::Each(lifted(&pads, [0, 0])),
            dilation: lifted(&options.dilation, 1),
            groups: options.groups,
        }
    }
}

fn fail<R>(detail: String) -> Result<R, ShapeError> {
    Err(ShapeError::new(detail))
}

impl Window {
    /// The axes of the options, without the leading ones.
    fn own<'a, N>(&self, sizes: &'a [N; 3]) -> &'a [N] {
        &sizes[3 - self.dims..]
    }

    /// What the spatial axes are called.
    fn names(&self) -> &'static str {
        ["length", "height, width", "depth, height, width"][self.dims - 1]
    }

    /// Whether the input has an axis for the batch; an error if it has another number of axes.
    fn is_batched(&self, x: &[usize]) -> Result<bool, ShapeError> {
        match x.len().checked_sub(self.dims) {
            Some(2) => Ok(true),
            Some(1) => Ok(false),
            _ => fail(format!(
                "the input {x:?} is not [batch, channels, {names}] or [channels, {names}]",
                names = self.names()
            )),
        }
    }

    /// Checks what does not depend on the input.
    fn check_weight(&self, w: &[usize], layout: &str) -> Result<(), ShapeError> {
        if w.len() != self.dims + 2 {
            return fail(format!("the weight {w:?} is not [{layout}, {}]", self.names()));
        }
        if self.stride.contains(&0) || self.dilation.contains(&0) || self.groups == 0 {
            return fail(format!(
                "stride {:?}, dilation {:?} and groups {} must be at least 1",
                self.own(&self.stride),
                self.own(&self.dilation),
                self.groups
            ));
        }
        if matches!(self.padding, Pads::Same) && self.stride != [1; 3] {
            return fail(format!(
                "padding \"same\" is for stride 1, the stride is {:?}",
                self.own(&self.stride)
            ));
        }
        Ok(())
    }

    /// The zeros before and behind each axis.
    fn pads(&self, kernel: [usize; 3]) -> [[isize; 2]; 3] {
        match self.padding {
            Pads::Each(pads) => pads,
            Pads::Same => std::array::from_fn(|axis| {
                let total = self.dilation[axis].saturating_mul(kernel[axis].saturating_sub(1));
                [total / 2, total - total / 2].map(distance)
            }),
        }
    }

    /// The geometry for an input and a weight of these shapes.
    pub(super) fn geometry(&self, x: &[usize], w: &[usize]) -> Result<Conv3dGeometry, ShapeError> {
        let first = usize::from(self.is_batched(x)?);
        self.check_weight(w, "out channels, in channels / groups")?;
        let (in_channels, out_channels, in_group) = (x[first], w[0], w[1]);
        if !in_channels.is_multiple_of(self.groups) {
            return fail(format!(
                "axis {first} of the input has {in_channels} channels, which do not divide into {} groups",
                self.groups
            ));
        }
        if !out_channels.is_multiple_of(self.groups) {
            return fail(format!(
                "axis 0 of the weight has {out_channels} channels, which do not divide into {} groups",
                self.groups
            ));
        }
        if in_group != in_channels / self.groups {
            return fail(format!(
                "axis 1 of the weight has {in_group} channels, the input has {in_channels} in {} groups",
                self.groups
            ));
        }
        let (input, kernel) = (lifted(&x[first + 1..], 1), lifted(&w[2..], 1));
        let pads = self.pads(kernel);
        let mut output = [1; 3];
        for axis in 3 - self.dims..3 {
            let ([before, after], dilation) = (pads[axis], self.dilation[axis]);
            let extent = output_extent(input[axis], kernel[axis], self.stride[axis], pads[axis], dilation);
            let Some(extent) = extent else {
                let padding =
                    if before == after { format!("{before}") } else { format!("{before} and {after}") };
                return fail(format!(
                    "the kernel of {} with dilation {dilation} does not fit into axis {} of {} with padding \
                     {padding}",
                    kernel[axis],
                    axis + self.dims + first - 2,
                    input[axis]
                ));
            };
            output[axis] = extent;
        }
        Ok(Conv3dGeometry {
            batch: if first == 1 { x[0] } else { 1 },
            in_channels,
            out_channels,
            groups: self.groups,
            input,
            kernel,
            stride: self.stride,
            padding: pads.map(|[before, _]| before.unsigned_abs()),
            dilation: self.dilation,
            output,
        })
    }

    /// The shape of the convolution's output, with a batch if its input has one.
    pub(super) fn output_shape(&self, g: &Conv3dGeometry, x: &[usize]) -> Shape {
        let batched = x.len() == self.dims + 2;
        let batch = batched.then_some(g.batch);
        batch.into_iter().chain([g.out_channels]).chain(self.own(&g.output).iter().copied()).collect()
    }

    /// The shape of the transposed convolution of x: the smallest input whose convolution has the shape of x.
    pub(super) fn transposed_shape(&self, x: &[usize], w: &[usize]) -> Result<Shape, ShapeError> {
        let first = usize::from(self.is_batched(x)?);
        self.check_weight(w, "in channels, out channels / groups")?;
        if x[first] != w[0] {
            return fail(format!(
                "axis {first} of the input has {} channels, axis 0 of the weight {}",
                x[first], w[0]
            ));
        }
        if !w[0].is_multiple_of(self.groups) {
            return fail(format!(
                "axis 0 of the weight has {} channels, which do not divide into {} groups",
                w[0], self.groups
            ));
        }
        let Some(out_channels) = w[1].checked_mul(self.groups) else {
            return fail(format!("{} channels in {} groups are too many", w[1], self.groups));
        };
        let (input, kernel) = (lifted(&x[first + 1..], 1), lifted(&w[2..], 1));
        let pads = self.pads(kernel);
        let mut shape = Shape::from_slice(&x[..first]);
        shape.push(out_channels);
        for axis in 3 - self.dims..3 {
            let ([before, after], stride, dilation) = (pads[axis], self.stride[axis], self.dilation[axis]);
            let output_padding = before.abs_diff(after);
            if output_padding >= stride.max(dilation) {
                return fail(format!(
                    "the output padding {output_padding} is below neither the stride {stride} nor the dilation \
                     {dilation}"
                ));
            }
            let extent = || {
                let reach = input[axis].checked_sub(1)?.checked_mul(stride)?;
                let padded = reach.checked_add(window_extent(kernel[axis], dilation)?)?;
                padded.checked_sub(before.unsigned_abs())?.checked_add_signed(after.checked_neg()?)
            };
            match extent() {
                Some(extent) if extent > 0 => shape.push(extent),
                _ => {
                    return fail(format!(
                        "nothing is left of axis {} of {} with a kernel of {} and padding {before}",
                        axis + self.dims + first - 2,
                        input[axis],
                        kernel[axis]
                    ));
                }
            }
        }
        Ok(shape)
    }
}
