//! What configurations have alike.

use std::fmt::Display;

use nn::{ConfigError, Dropout};

/// What a program asked for, or a panic with the error's text.
#[track_caller]
pub(crate) fn expect<M, E: Display>(found: Result<M, E>) -> M {
    match found {
        Ok(model) => model,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn wrong<M>(
    configuration: &'static str,
    field: &'static str,
    found: impl Display,
    expected: impl Display,
) -> Result<M, ConfigError> {
    Err(ConfigError::new(configuration, field, found, expected))
}

/// Whether each field is at least 1.
pub(crate) fn positive(
    configuration: &'static str,
    fields: impl IntoIterator<Item = (&'static str, usize)>,
) -> Result<(), ConfigError> {
    match fields.into_iter().find(|(_, n)| *n == 0) {
        Some((field, _)) => wrong(configuration, field, 0, "at least 1"),
        None => Ok(()),
    }
}

/// Whether each field is a finite number from 0 on.
pub(crate) fn not_negative(
    configuration: &'static str,
    fields: impl IntoIterator<Item = (&'static str, f64)>,
) -> Result<(), ConfigError> {
    match fields.into_iter().find(|(_, x)| !(*x >= 0.0 && x.is_finite())) {
        Some((field, x)) => wrong(configuration, field, x, "a finite number from 0 on"),
        None => Ok(()),
    }
}

/// Whether channels can be multiplied by it.
pub(crate) fn check_width(configuration: &'static str, width: f64) -> Result<(), ConfigError> {
    if width > 0.0 && width.is_finite() {
        return Ok(());
    }
    wrong(configuration, "width", width, "a finite number above 0")
}

pub(crate) fn dropout(
    configuration: &'static str,
    field: &'static str,
    p: f64,
) -> Result<Dropout, ConfigError> {
    Dropout::try_new(p).or_else(|_| wrong(configuration, field, p, "a probability in 0..=1"))
}

// Defaults of fields that a file leaves out.

pub(crate) fn yes() -> bool {
    true
}

pub(crate) fn one() -> usize {
    1
}

pub(crate) fn two() -> usize {
    2
}

/// The channels of coloured pictures.
pub(crate) fn three() -> usize {
    3
}

pub(crate) fn thousand() -> usize {
    1000
}

pub(crate) fn half() -> f64 {
    0.5
}

/// All of it.
pub(crate) fn full() -> f64 {
    1.0
}

/// Named networks: for each a constructor of the configuration, and of the model a short cut.
macro_rules! named {
    ($Model:ident, $Config:ident: $($name:ident, $text:literal => $config:expr;)*) => {
        impl $Config {
            $(
                #[doc = concat!($text, ".")]
                pub fn $name() -> Self {
                    $config
                }
            )*
        }

        impl<T: autodiff::Float> $Model<T> {
            $(
                #[doc = concat!($text, ", for a number of classes.")]
                ///
                /// # Panics
                /// If there are no classes.
                #[track_caller]
                pub fn $name(classes: usize, rng: &mut (impl rand::Rng + ?Sized)) -> Self {
                    $Config::$name().classes(classes).init(rng)
                }
            )*
        }
    };
}
pub(crate) use named;
