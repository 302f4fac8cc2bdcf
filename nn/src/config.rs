//! What can be wrong with a configuration.

use std::fmt::Display;

use autodiff::ops::Sizes;

/// A configuration that describes no layer: where, what was found, and what was expected.
///
/// A configuration read from a file is used with `try_init`, which gives this error. Written in a program it
/// is used with `init`, which panics with the same text.
///
/// ```
/// use wengert::prelude::*;
///
/// let error = Conv2dConfig::new(4, 8, 3).groups(3).try_init::<f32>(&mut ChaCha8Rng::seed_from_u64(0)).unwrap_err();
/// assert_eq!(error.to_string(), "Conv2dConfig: in_channels is 4, expected a multiple of groups, which is 3");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{configuration}: {field} is {found}, expected {expected}")]
pub struct ConfigError {
    configuration: &'static str,
    field: &'static str,
    found: String,
    expected: String,
}

impl ConfigError {
    /// An error about a field of a configuration.
    pub fn new(
        configuration: &'static str,
        field: &'static str,
        found: impl Display,
        expected: impl Display,
    ) -> Self {
        Self { configuration, field, found: found.to_string(), expected: expected.to_string() }
    }

    /// The name of the field.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

/// The checks that several configurations make.
pub(crate) struct Check(pub(crate) &'static str);

impl Check {
    pub(crate) fn that(
        &self,
        holds: bool,
        field: &'static str,
        found: impl Display,
        expected: impl Display,
    ) -> Result<(), ConfigError> {
        if holds { Ok(()) } else { Err(ConfigError::new(self.0, field, found, expected)) }
    }

    pub(crate) fn positive(&self, field: &'static str, n: usize) -> Result<(), ConfigError> {
        self.that(n > 0, field, n, "at least 1")
    }

    pub(crate) fn all_positive(&self, field: &'static str, sizes: &[usize]) -> Result<(), ConfigError> {
        self.that(!sizes.contains(&0), field, format_args!("{sizes:?}"), "at least 1 on each axis")
    }

    /// What must be true of a convolution, a transposed one too.
    pub(crate) fn convolution<const D: usize>(
        &self,
        channels: [usize; 2],
        groups: usize,
        kernel: [usize; D],
        stride: [usize; D],
        dilation: [usize; D],
    ) -> Result<(), ConfigError> {
        let channels = [("in_channels", channels[0]), ("out_channels", channels[1])];
        for (field, n) in channels.into_iter().chain([("groups", groups)]) {
            self.positive(field, n)?;
        }
        for (field, sizes) in [("kernel", kernel), ("stride", stride), ("dilation", dilation)] {
            self.all_positive(field, &sizes)?;
        }
        for (field, n) in channels {
            let expected = format_args!("a multiple of groups, which is {groups}");
            self.that(n.is_multiple_of(groups), field, n, expected)?;
        }
        Ok(())
    }

    pub(crate) fn probability(&self, field: &'static str, p: f64) -> Result<(), ConfigError> {
        self.that((0.0..=1.0).contains(&p), field, p, "a probability in 0..=1")
    }

    /// Whether the address space could hold a tensor of this shape.
    pub(crate) fn fits(&self, field: &'static str, shape: &[usize]) -> Result<(), ConfigError> {
        let bytes = shape.iter().try_fold(8usize, |n, &size| n.checked_mul(size));
        self.that(
            bytes.is_some_and(|n| n <= isize::MAX as usize),
            field,
            format_args!("of shape {shape:?}"),
            "one that fits into the address space",
        )
    }
}

/// The layer of a configuration that a program wrote, or a panic with the error's text.
#[track_caller]
pub(crate) fn expect<L>(layer: Result<L, ConfigError>) -> L {
    match layer {
        Ok(layer) => layer,
        Err(error) => panic!("{error}"),
    }
}

// Defaults of fields that a file leaves out.

pub(crate) fn yes() -> bool {
    true
}

/// The p of a Euclidean norm.
pub(crate) fn two() -> f64 {
    2.0
}

pub(crate) fn one() -> usize {
    1
}

pub(crate) fn ones<const D: usize>() -> Sizes<D> {
    Sizes([1; D])
}

pub(crate) fn zeros<const D: usize>() -> Sizes<D> {
    Sizes([0; D])
}
