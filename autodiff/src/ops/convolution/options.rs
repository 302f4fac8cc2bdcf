//! How a kernel moves: stride, padding, dilation, groups.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ops::Sizes;

/// What stands around the input of a convolution. Padding takes no part in any sum, as if its zeros made a
/// product 0 even with ∞.
///
/// In a file it is a number, an array, or one of the words `"same"` and `"valid"`.
///
/// ```
/// use wengert::prelude::*;
///
/// let (x, w) = (Tensor::<f32>::ones([1, 1, 9]), Tensor::ones([1, 1, 4]));
/// let padded = |padding: Padding<1>| x.conv1d(&w, None, Conv1dOptions::new().padding(padding));
/// assert_eq!(padded(2.into()).shape(), [1, 1, 10]);
/// assert_eq!(padded(Padding::Valid).shape(), [1, 1, 6]);
/// let same = padded(Padding::Same);
/// assert_eq!(same.to_vec(), [3.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 3.0, 2.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding<const D: usize> {
    /// So many zeros on each side of each axis.
    Zeros([usize; D]),
    /// As many as give the output the size of the input, at stride 1: dilation·(kernel − 1) an axis, of which
    /// the odd one stands behind the last element.
    Same,
    /// None: every window lies inside the input.
    Valid,
}

impl<const D: usize, S: Into<Sizes<D>>> From<S> for Padding<D> {
    fn from(sizes: S) -> Self {
        Self::Zeros(sizes.into().0)
    }
}

/// What a file says of a padding.
#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected a number from 0 on, an array with one for each axis, \"same\" or \"valid\""
)]
enum Form<const D: usize> {
    Word(Word),
    Zeros(Sizes<D>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Same,
    Valid,
}

impl<const D: usize> Serialize for Padding<D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = match *self {
            Self::Zeros(sizes) => Form::Zeros(Sizes(sizes)),
            Self::Same => Form::Word(Word::Same),
            Self::Valid => Form::Word(Word::Valid),
        };
        form.serialize(serializer)
    }
}

impl<'de, const D: usize> Deserialize<'de> for Padding<D> {
    fn deserialize<S: Deserializer<'de>>(deserializer: S) -> Result<Self, S::Error> {
        Ok(match Form::deserialize(deserializer)? {
            Form::Zeros(sizes) => Self::Zeros(sizes.0),
            Form::Word(Word::Same) => Self::Same,
            Form::Word(Word::Valid) => Self::Valid,
        })
    }
}

/// How the kernel of a convolution in D dimensions moves over its input.
///
/// ```
/// use wengert::prelude::*;
///
/// let options = Conv2dOptions::new().stride(2).padding((1, 0)).groups(2);
/// let x = Tensor::<f32>::zeros([1, 4, 9, 9]);
/// let w = Tensor::zeros([6, 2, 3, 3]);
/// assert_eq!(x.conv2d(&w, None, options).shape(), [1, 6, 5, 4]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvOptions<const D: usize> {
    pub(super) stride: [usize; D],
    pub(super) padding: Padding<D>,
    pub(super) dilation: [usize; D],
    pub(super) groups: usize,
}

/// The options of [`conv1d`](crate::Tensor::conv1d).
pub type Conv1dOptions = ConvOptions<1>;
/// The options of [`conv2d`](crate::Tensor::conv2d).
pub type Conv2dOptions = ConvOptions<2>;
/// The options of [`conv3d`](crate::Tensor::conv3d).
pub type Conv3dOptions = ConvOptions<3>;

impl<const D: usize> Default for ConvOptions<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const D: usize> From<()> for ConvOptions<D> {
    fn from((): ()) -> Self {
        Self::new()
    }
}

impl<const D: usize> ConvOptions<D> {
    /// Stride 1, no padding, dilation 1, one group.
    pub const fn new() -> Self {
        Self { stride: [1; D], padding: Padding::Valid, dilation: [1; D], groups: 1 }
    }

    /// The step from one position of the kernel to the next (default: 1).
    pub fn stride(mut self, stride: impl Into<Sizes<D>>) -> Self {
        self.stride = stride.into().0;
        self
    }

    /// What stands around the input: a number of zeros for each side, a number for each axis,
    /// [`Padding::Same`] or [`Padding::Valid`] (default: nothing).
    pub fn padding(mut self, padding: impl Into<Padding<D>>) -> Self {
        self.padding = padding.into();
        self
    }

    /// The distance between neighbouring taps of the kernel (default: 1).
    pub fn dilation(mut self, dilation: impl Into<Sizes<D>>) -> Self {
        self.dilation = dilation.into().0;
        self
    }

    /// Into how many groups the channels are divided, each convolved by itself (default: 1).
    pub const fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }
}

/// How the kernel of a transposed convolution in D dimensions moves over its output.
///
/// ```
/// use wengert::prelude::*;
///
/// // Doubles a picture.
/// let options = ConvTranspose2dOptions::new().stride(2).padding(1).output_padding(1);
/// let x = Tensor::<f32>::zeros([1, 4, 7, 7]);
/// let w = Tensor::zeros([4, 3, 3, 3]);
/// assert_eq!(x.conv_transpose2d(&w, None, options).shape(), [1, 3, 14, 14]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvTransposeOptions<const D: usize> {
    pub(super) stride: [usize; D],
    pub(super) padding: [usize; D],
    pub(super) output_padding: [usize; D],
    pub(super) dilation: [usize; D],
    pub(super) groups: usize,
}

/// The options of [`conv_transpose1d`](crate::Tensor::conv_transpose1d).
pub type ConvTranspose1dOptions = ConvTransposeOptions<1>;
/// The options of [`conv_transpose2d`](crate::Tensor::conv_transpose2d).
pub type ConvTranspose2dOptions = ConvTransposeOptions<2>;
/// The options of [`conv_transpose3d`](crate::Tensor::conv_transpose3d).
pub type ConvTranspose3dOptions = ConvTransposeOptions<3>;

impl<const D: usize> Default for ConvTransposeOptions<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const D: usize> From<()> for ConvTransposeOptions<D> {
    fn from((): ()) -> Self {
        Self::new()
    }
}

impl<const D: usize> ConvTransposeOptions<D> {
    /// Stride 1, no padding, no output padding, dilation 1, one group.
    pub const fn new() -> Self {
        Self { stride: [1; D], padding: [0; D], output_padding: [0; D], dilation: [1; D], groups: 1 }
    }

    /// The step in the output from one element of the input to the next (default: 1).
    pub fn stride(mut self, stride: impl Into<Sizes<D>>) -> Self {
        self.stride = stride.into().0;
        self
    }

    /// How many elements are cut off on each side of the output (default: 0): the padding of the convolution
    /// that this one transposes.
    pub fn padding(mut self, padding: impl Into<Sizes<D>>) -> Self {
        self.padding = padding.into().0;
        self
    }

    /// How many elements fewer are cut off behind the last (default: 0). With a stride above 1 several sizes
    /// have a convolution of the same size; this chooses among them. It must be below the stride or the
    /// dilation.
    pub fn output_padding(mut self, padding: impl Into<Sizes<D>>) -> Self {
        self.output_padding = padding.into().0;
        self
    }

    /// The distance between neighbouring taps of the kernel (default: 1).
    pub fn dilation(mut self, dilation: impl Into<Sizes<D>>) -> Self {
        self.dilation = dilation.into().0;
        self
    }

    /// Into how many groups the channels are divided, each convolved by itself (default: 1).
    pub const fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }
}
