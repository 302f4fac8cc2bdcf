//! What the configurations of this room check alike.

use std::fmt::Display;

use nn::ConfigError;

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
