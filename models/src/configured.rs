//! What configurations have alike.

use std::fmt::Display;

use nn::{ConfigError, Dropout};

/// The model of a configuration that a program wrote, or a panic with the error's text.
#[track_caller]
pub(crate) fn expect<M>(model: Result<M, ConfigError>) -> M {
    match model {
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

pub(crate) fn check_classes(configuration: &'static str, classes: usize) -> Result<(), ConfigError> {
    if classes == 0 { wrong(configuration, "classes", 0, "at least 1") } else { Ok(()) }
}

pub(crate) fn dropout(
    configuration: &'static str,
    field: &'static str,
    p: f64,
) -> Result<Dropout, ConfigError> {
    Dropout::try_new(p).or_else(|_| wrong(configuration, field, p, "a probability in 0..=1"))
}

pub(crate) fn thousand() -> usize {
    1000
}

/// The channels of coloured pictures.
pub(crate) fn three() -> usize {
    3
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
