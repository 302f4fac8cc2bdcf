//! The command line, and the networks it names.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use wengert::models::vision::{BlockForm, Stem};
use wengert::prelude::*;

/// Tests a network on all shipped digits by cross-validation.
#[derive(Parser)]
pub(crate) struct Options {
    /// The network.
    #[arg(long, value_enum, default_value = "resnet")]
    pub(crate) model: Architecture,
    /// The seed of everything random but the folds: first weights, order of the pictures, distortions.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..1 << 32))]
    pub(crate) seed: u64,
    /// How often the training pictures are gone through.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) epochs: u64,
    /// Into how many folds the digits are cut.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=1797))]
    pub(crate) folds: u16,
    /// How many pictures a step takes.
    #[arg(long, default_value = "32")]
    pub(crate) batch: NonZeroUsize,
    /// How many threads to use (default: all cores). The result does not depend on it.
    #[arg(long)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Where the picture goes.
    #[arg(long, value_name = "DIR", default_value = "target/classify_digits")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Architecture {
    /// LeNet-5.
    Lenet5,
    /// A residual network of three stages with one block each: eight layers.
    Resnet,
}

impl Architecture {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lenet5 => "LeNet-5",
            Self::Resnet => "ResNet-8",
        }
    }

    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Lenet5 => "lenet5",
            Self::Resnet => "resnet",
        }
    }

    /// Height and width to which the digits are enlarged.
    pub(crate) fn input_size(self) -> usize {
        match self {
            Self::Lenet5 => 28,
            Self::Resnet => 16,
        }
    }

    /// The highest learning rate.
    pub(crate) fn learning_rate(self) -> f64 {
        match self {
            Self::Lenet5 => 2e-3,
            Self::Resnet => 5e-3,
        }
    }

    pub(crate) fn network(self, classes: usize, seed: u64) -> Box<dyn Layer<f32>> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        match self {
            Self::Lenet5 => Box::new(LeNet5::new(classes, &mut rng)),
            Self::Resnet => {
                let config = ResNetConfig::new(Stem::Small, BlockForm::Basic, 16, [1, 1, 1]);
                Box::new(config.in_channels(1).classes(classes).init(&mut rng))
            }
        }
    }
}
