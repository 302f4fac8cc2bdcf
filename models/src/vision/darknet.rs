//! Darknet-19 and Darknet-53: the classifiers that YOLO's detectors grew from.

mod block;
mod darknet19;
mod darknet53;

use autodiff::Float;
use nn::Flatten;

pub(crate) use self::block::SLOPE;
pub use self::block::{ConvBnLeaky, ConvBnLeakyConfig};
pub use self::darknet19::{Darknet19, Darknet19Backbone, Darknet19Config};
pub use self::darknet53::{Darknet53, Darknet53Backbone, Darknet53Config, DarknetResidual, DarknetStage};
use crate::{Stage, Stages};

const FLATTEN: Flatten = Flatten::new();

/// The stages of a network's field `backbone`.
fn of_backbone<T: Float>(backbone: &impl Stages<T>) -> Vec<Stage<'_, T>> {
    let mut stages = backbone.stages();
    stages.iter_mut().for_each(|stage| stage.name.insert_str(0, "backbone."));
    stages
}

/// A number of channels times the width, rounded to the nearest, at least 1.
pub(crate) fn widened(channels: usize, width: f64) -> usize {
    ((channels as f64 * width).round() as usize).max(1)
}

/// The configuration of a network, which itself says how its `backbone` is built and what is made of it
/// `with_classifier`.
macro_rules! configuration {
    ($Config:ident, $Model:ident, $Backbone:ident) => {
        #[doc = concat!("What a [`", stringify!($Model), "`] is built from.")]
        ///
        /// ```
        #[doc = concat!("use wengert::models::vision::", stringify!($Config), ";")]
        ///
        /// let file = r#"{"classes": 10, "in_channels": 1}"#;
        #[doc = concat!("let config: ", stringify!($Config), " = serde_json::from_str(file)?;")]
        #[doc = concat!("assert_eq!(config, ", stringify!($Config), "::new(10).in_channels(1));")]
        /// # Ok::<(), serde_json::Error>(())
        /// ```
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $Config {
            classes: usize,
            #[serde(default = "crate::configured::three")]
            in_channels: usize,
            #[serde(default = "crate::configured::full")]
            width: f64,
        }

        impl<T: Float> $Model<T> {
            /// For pictures of three channels.
            ///
            /// # Panics
            /// If there are no classes.
            #[track_caller]
            pub fn new(classes: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
                $Config::new(classes).init(rng)
            }
        }

        impl $Config {
            /// For a number of classes.
            pub fn new(classes: usize) -> Self {
                Self { classes, in_channels: crate::configured::three(), width: crate::configured::full() }
            }

            /// The channels of the pictures (default: 3).
            pub fn in_channels(mut self, channels: usize) -> Self {
                self.in_channels = channels;
                self
            }

            /// A factor of all numbers of channels inside, which are rounded to the nearest from 1 on (default: 1).
            pub fn width(mut self, width: f64) -> Self {
                self.width = width;
                self
            }

            /// The model: draws block by block, the classifier last.
            ///
            /// # Panics
            /// If there are no classes or channels, or the width is not a finite number above 0.
            #[track_caller]
            pub fn init<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> $Model<T> {
                crate::configured::expect(self.try_init(rng))
            }

            /// The model, for a configuration that comes from outside the program.
            ///
            /// # Errors
            /// Where [`init`](Self::init) panics.
            pub fn try_init<T: Float>(
                &self,
                rng: &mut (impl Rng + ?Sized),
            ) -> Result<$Model<T>, ConfigError> {
                let backbone = self.try_init_backbone(rng)?;
                self.with_classifier(backbone, rng)
            }

            /// The model without its classifier.
            ///
            /// # Panics
            /// As [`init`](Self::init).
            #[track_caller]
            pub fn init_backbone<T: Float>(&self, rng: &mut (impl Rng + ?Sized)) -> $Backbone<T> {
                crate::configured::expect(self.try_init_backbone(rng))
            }

            /// The model without its classifier, for a configuration that comes from outside the program.
            ///
            /// # Errors
            /// Where [`init`](Self::init) panics.
            pub fn try_init_backbone<T: Float>(
                &self,
                rng: &mut (impl Rng + ?Sized),
            ) -> Result<$Backbone<T>, ConfigError> {
                const NAME: &str = stringify!($Config);
                let counts = [("in_channels", self.in_channels), ("classes", self.classes)];
                crate::configured::positive(NAME, counts)?;
                crate::configured::check_width(NAME, self.width)?;
                self.backbone(rng)
            }
        }
    };
}
use configuration;
