//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Parser;

use crate::common::learning_rate;

/// Trains a small YOLO to find digits in scenes and tests it.
#[derive(Parser)]
pub(crate) struct Options {
    /// The seed of everything random: first weights, scenes, anchors.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// How many steps to train; 0 only tests.
    #[arg(long, default_value_t = 4500)]
    pub(crate) steps: u64,
    /// How many scenes a step takes.
    #[arg(long, default_value = "8")]
    pub(crate) batch: NonZeroUsize,
    /// The highest learning rate; it rises to this and falls along half a cosine.
    #[arg(long, default_value_t = 2e-3, value_parser = learning_rate, allow_negative_numbers = true)]
    pub(crate) lr: f64,
    /// How many scenes to test on.
    #[arg(long, default_value = "500")]
    pub(crate) test: NonZeroUsize,
    /// How many threads to use (default: all cores). The result does not depend on it.
    #[arg(long)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Where weights and pictures go.
    #[arg(long, value_name = "DIR", default_value = "target/detect_digits")]
    pub(crate) out: PathBuf,
    /// Weights to start from, saved by an earlier run, with its model.json beside them.
    #[arg(long, value_name = "FILE")]
    pub(crate) load: Option<PathBuf>,
    /// A picture, PNG or JPEG of any size, in which to find digits with the loaded weights, in place of training.
    #[arg(long, value_name = "PICTURE", requires = "load")]
    pub(crate) image: Option<PathBuf>,
    /// The side of the square that the picture is fitted into; digits are found if they have about 18 to 44 pixels
    /// there.
    #[arg(long, default_value = "96", requires = "image")]
    pub(crate) size: NonZeroUsize,
}
