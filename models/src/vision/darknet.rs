//! Darknet-19 and Darknet-53: the classifiers that YOLO's detectors grew from.

mod block;
mod darknet19;
mod darknet53;

use nn::ConfigError;

pub use self::block::{ConvBnLeaky, ConvBnLeakyConfig};
pub use self::darknet19::{Darknet19, Darknet19Backbone, Darknet19Config};
pub use self::darknet53::{Darknet53, Darknet53Backbone, Darknet53Config, DarknetResidual, DarknetStage};

/// What the configurations of both networks have in common, and how they are checked.
struct Size {
    configuration: &'static str,
    in_channels: usize,
    classes: usize,
    width: f64,
}

impl Size {
    fn check(&self) -> Result<(), ConfigError> {
        let wrong =
            |field, found, expected| Err(ConfigError::new(self.configuration, field, found, expected));
        match self {
            Self { in_channels: 0, .. } => wrong("in_channels", "0".to_owned(), "at least 1"),
            Self { classes: 0, .. } => wrong("classes", "0".to_owned(), "at least 1"),
            Self { width, .. } if !(width.is_finite() && *width > 0.0) => {
                wrong("width", width.to_string(), "a finite number above 0")
            }
            _ => Ok(()),
        }
    }
}

/// A number of channels times the width, rounded to the nearest, at least 1.
pub(crate) fn widened(channels: usize, width: f64) -> usize {
    ((channels as f64 * width).round() as usize).max(1)
}

fn rgb() -> usize {
    3
}

fn full() -> f64 {
    1.0
}
