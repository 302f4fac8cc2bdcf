//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Parser;

use crate::common::learning_rate;

/// Trains LeNet-5 on handwritten digits and tests it.
#[derive(Parser)]
pub(crate) struct Options {
    /// The seed of everything random: first weights, order of the pictures, distortions.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// How often the training pictures are gone through.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) epochs: u64,
    /// How many pictures a step takes.
    #[arg(long, default_value = "32")]
    pub(crate) batch: NonZeroUsize,
    /// The highest learning rate; it rises to this and falls along half a cosine.
    #[arg(long, default_value_t = 2e-3, value_parser = learning_rate, allow_negative_numbers = true)]
    pub(crate) lr: f64,
    /// How many threads to use (default: all cores). The result does not depend on it.
    #[arg(long)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// A folder of IDX files under MNIST's names, gzipped or not: train and t10k parts, or t10k alone, which
    /// is then split. Without it, the digits that ship with Wengert.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Where weights and pictures go.
    #[arg(long, value_name = "DIR", default_value = "target/lenet5")]
    pub(crate) out: PathBuf,
    /// Weights to start from, saved by an earlier run.
    #[arg(long, value_name = "FILE")]
    pub(crate) load: Option<PathBuf>,
    /// A picture of one digit to read with the loaded weights, in place of training.
    #[arg(long, value_name = "IMAGE.png", requires = "load")]
    pub(crate) predict: Option<PathBuf>,
}
