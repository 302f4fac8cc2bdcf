//! Sizes along spatial axes.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A size for each of D spatial axes, outermost first: one number for all, or an array or tuple of D.
///
/// In a file it is a number or an array, too.
///
/// ```
/// use wengert::autodiff::ops::Sizes;
/// use wengert::nn::MaxPool2d;
///
/// assert_eq!(Sizes::<2>::from(3), Sizes::from([3, 3]));
/// let layer: MaxPool2d = serde_json::from_str(r#"{"kernel": 3, "stride": [2, 1]}"#).unwrap();
/// assert_eq!(layer.window().stride, [2, 1]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sizes<const D: usize>(pub [usize; D]);

/// A size for each of the two axes of a picture, height before width.
pub type Pair = Sizes<2>;

impl<const D: usize> From<usize> for Sizes<D> {
    fn from(n: usize) -> Self {
        Self([n; D])
    }
}

impl<const D: usize> From<[usize; D]> for Sizes<D> {
    fn from(sizes: [usize; D]) -> Self {
        Self(sizes)
    }
}

impl From<(usize, usize)> for Sizes<2> {
    fn from((height, width): (usize, usize)) -> Self {
        Self([height, width])
    }
}

impl From<(usize, usize, usize)> for Sizes<3> {
    fn from((depth, height, width): (usize, usize, usize)) -> Self {
        Self([depth, height, width])
    }
}

impl<const D: usize> Serialize for Sizes<D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0)
    }
}

impl<'de, const D: usize> Deserialize<'de> for Sizes<D> {
    fn deserialize<S: Deserializer<'de>>(deserializer: S) -> Result<Self, S::Error> {
        PerAxis::deserialize(deserializer)?.of().map(Self)
    }
}

/// What a file says of each axis: one value for all, or an array.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number from 0 on, or an array with one for each axis")]
pub(super) enum PerAxis<V> {
    All(V),
    Each(Vec<V>),
}

impl<V: Copy> PerAxis<V> {
    /// The values of D axes.
    pub(super) fn of<const D: usize, E: Error>(self) -> Result<[V; D], E> {
        match self {
            Self::All(value) => Ok([value; D]),
            Self::Each(values) => values.try_into().map_err(|values: Vec<V>| {
                E::custom(format_args!("an array of {} for {D} axes", values.len()))
            }),
        }
    }
}
