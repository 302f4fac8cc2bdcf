//! Borders as layers.

use autodiff::{Float, PadMode, Tensor};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{Layer, Module};

/// How many elements are added before and behind each of `D` axes, outermost first: one number for all, or an array of
/// a pair for each: `[(top, bottom), (left, right)]`. Negative numbers take elements away.
///
/// In a file it is a number or an array of arrays. PyTorch counts the sides from the last axis: its
/// `(left, right, top, bottom)` is `[(top, bottom), (left, right)]` here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PadWidths<const D: usize>(#[serde(serialize_with = "sequence")] pub [(isize, isize); D]);

fn sequence<S: serde::Serializer, const D: usize>(
    widths: &[(isize, isize); D],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(widths)
}

/// What a file says of the widths.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number, or an array with a pair of numbers for each axis")]
enum Form {
    All(isize),
    Each(Vec<(isize, isize)>),
}

impl<'de, const D: usize> Deserialize<'de> for PadWidths<D> {
    fn deserialize<S: Deserializer<'de>>(deserializer: S) -> Result<Self, S::Error> {
        match Form::deserialize(deserializer)? {
            Form::All(width) => Ok(width.into()),
            Form::Each(widths) => match widths.try_into() {
                Ok(widths) => Ok(Self(widths)),
                Err(widths) => Err(S::Error::custom(format_args!("{} pairs for {D} axes", widths.len()))),
            },
        }
    }
}

impl<const D: usize> From<isize> for PadWidths<D> {
    fn from(width: isize) -> Self {
        Self([(width, width); D])
    }
}

impl<const D: usize> From<[(isize, isize); D]> for PadWidths<D> {
    fn from(widths: [(isize, isize); D]) -> Self {
        Self(widths)
    }
}

impl<const D: usize> PadWidths<D> {
    /// The tensor with a border on its last `D` axes.
    #[track_caller]
    fn around<T: Float>(&self, layer: &str, x: &Tensor<T>, mode: PadMode) -> Tensor<T> {
        let shape = x.shape();
        assert!(shape.len() >= D, "{layer}{D}d: the input {shape:?} has fewer than {D} axes");
        let mut widths = vec![(0, 0); shape.len() - D];
        widths.extend(self.0);
        x.pad(widths, mode)
    }
}

macro_rules! pad {
    ($(#[$doc:meta])* $Layer:ident: $mode:expr, $what:literal, $($D:literal $Alias:ident $of:literal),*) => {
        $(#[$doc])*
        ///
        /// # Panics
        /// In `forward`, if the input has fewer axes, more is taken away than there is, or an axis is too short.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Module, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $Layer<const D: usize> {
            #[module(skip)]
            padding: PadWidths<D>,
        }

        impl<const D: usize> $Layer<D> {
            /// With one width for all sides, or a pair for each axis.
            pub fn new(padding: impl Into<PadWidths<D>>) -> Self {
                Self { padding: padding.into() }
            }
        }

        impl<const D: usize, T: Float> Layer<T> for $Layer<D> {
            fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
                self.padding.around(stringify!($Layer), x, $mode)
            }
        }

        $(
            #[doc = concat!("A border of ", $what, " around ", $of, ".")]
            pub type $Alias = $Layer<$D>;
        )*
    };
}

pad!(
    /// A border of zeros on the last `D` axes of a tensor.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f32>::ones([1, 1, 2]);
    /// assert_eq!(ZeroPad1d::new([(2, 1)]).forward(&x).to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0]);
    /// assert_eq!(ZeroPad2d::new(1).forward(&x).shape(), [1, 3, 4]);
    /// ```
    ZeroPad: PadMode::Constant(0.0), "zeros",
    1 ZeroPad1d "rows", 2 ZeroPad2d "pictures", 3 ZeroPad3d "volumes"
);

pad!(
    /// A border on the last `D` axes of a tensor, of the elements mirrored at the first and the last one, which are
    /// not repeated: after 1, 2, 3 come 3, 2, 1, 2, 3, 2, 1. It must be narrower than the axis.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f32>::from_vec([1, 3], vec![1.0, 2.0, 3.0]);
    /// assert_eq!(ReflectionPad1d::new(2).forward(&x).to_vec(), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]);
    /// ```
    ReflectionPad: PadMode::Reflect, "mirrored elements",
    1 ReflectionPad1d "rows", 2 ReflectionPad2d "pictures", 3 ReflectionPad3d "volumes"
);

pad!(
    /// A border on the last `D` axes of a tensor, of its first and last elements: after 1, 2, 3 come
    /// 1, 1, 1, 2, 3, 3, 3.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f32>::from_vec([1, 3], vec![1.0, 2.0, 3.0]);
    /// assert_eq!(ReplicationPad1d::new(2).forward(&x).to_vec(), [1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0]);
    /// ```
    ReplicationPad: PadMode::Replicate, "the outermost elements",
    1 ReplicationPad1d "rows", 2 ReplicationPad2d "pictures", 3 ReplicationPad3d "volumes"
);

pad!(
    /// A border on the last `D` axes of a tensor, of the elements from the other end: after 1, 2, 3 come
    /// 2, 3, 1, 2, 3, 1, 2. It must be no wider than the axis.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let x = Tensor::<f32>::from_vec([1, 3], vec![1.0, 2.0, 3.0]);
    /// assert_eq!(CircularPad1d::new(2).forward(&x).to_vec(), [2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0]);
    /// ```
    CircularPad: PadMode::Circular, "the elements from the other end",
    1 CircularPad1d "rows", 2 CircularPad2d "pictures", 3 CircularPad3d "volumes"
);

/// A border of a number around rows.
pub type ConstantPad1d = ConstantPad<1>;

/// A border of a number around pictures.
pub type ConstantPad2d = ConstantPad<2>;

/// A border of a number around volumes.
pub type ConstantPad3d = ConstantPad<3>;

/// A border of a number on the last `D` axes of a tensor.
///
/// ```
/// use wengert::prelude::*;
///
/// let x = Tensor::<f32>::from_vec([1, 2], vec![1.0, 2.0]);
/// assert_eq!(ConstantPad1d::new(1, 3.5).forward(&x).to_vec(), [3.5, 1.0, 2.0, 3.5]);
/// ```
///
/// # Panics
/// In `forward`, if the input has fewer axes, or more is taken away than there is.
#[derive(Clone, Copy, Debug, PartialEq, Module, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstantPad<const D: usize> {
    #[module(skip)]
    padding: PadWidths<D>,
    value: f64,
}

impl<const D: usize> ConstantPad<D> {
    /// With one width for all sides, or a pair for each axis, and the number.
    pub fn new(padding: impl Into<PadWidths<D>>, value: f64) -> Self {
        Self { padding: padding.into(), value }
    }
}

impl<const D: usize, T: Float> Layer<T> for ConstantPad<D> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.padding.around("ConstantPad", x, PadMode::Constant(self.value))
    }
}
