//! The axes that layer and root-mean-square normalization take together.

use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::config::Check;

/// The sizes of the trailing axes that are normalized together: from one size, an array, a slice or a vector.
///
/// A configuration file may also give one size as a plain number.
///
/// ```
/// use wengert::nn::NormalizedShape;
///
/// assert_eq!(NormalizedShape::from(8), NormalizedShape::from([8]));
/// assert_eq!(serde_json::from_str::<NormalizedShape>("8")?, NormalizedShape::from([8]));
/// assert_eq!(NormalizedShape::from([2, 3]).sizes(), [2, 3]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "OneOrMany")]
pub struct NormalizedShape(Vec<usize>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(usize),
    Many(Vec<usize>),
}

impl From<OneOrMany> for NormalizedShape {
    fn from(shape: OneOrMany) -> Self {
        match shape {
            OneOrMany::One(size) => size.into(),
            OneOrMany::Many(sizes) => sizes.into(),
        }
    }
}

impl From<usize> for NormalizedShape {
    fn from(size: usize) -> Self {
        Self(vec![size])
    }
}

impl<const N: usize> From<[usize; N]> for NormalizedShape {
    fn from(sizes: [usize; N]) -> Self {
        Self(sizes.to_vec())
    }
}

impl From<&[usize]> for NormalizedShape {
    fn from(sizes: &[usize]) -> Self {
        Self(sizes.to_vec())
    }
}

impl From<Vec<usize>> for NormalizedShape {
    fn from(sizes: Vec<usize>) -> Self {
        Self(sizes)
    }
}

impl NormalizedShape {
    /// The sizes, the last axis last.
    pub fn sizes(&self) -> &[usize] {
        &self.0
    }

    pub(super) fn check(&self, check: &Check) -> Result<(), ConfigError> {
        let found = format_args!("{:?}", self.0);
        check.that(!self.0.is_empty(), "normalized_shape", found, "at least one axis")?;
        check.that(!self.0.contains(&0), "normalized_shape", found, "sizes of at least 1")?;
        check.fits("weight", &self.0)
    }

    #[track_caller]
    pub(super) fn check_input(&self, layer: &str, input: &[usize]) {
        assert!(input.ends_with(&self.0), "{layer}: the input {input:?} does not end with {:?}", self.0);
    }
}
