//! What is wrong with a file of weights.

use std::io;

/// What is wrong with a file of weights. The network is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file system refused.
    #[error("{origin}: the weights cannot be read: {source}")]
    Io {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The head of the file is none.
    #[error("{origin}: {problem}")]
    Header {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The file ends before the layers do.
    #[error(
        "{origin}: the file ends in layer {layer} (`{name}`): {missing} of its {expected} {part} are missing; \
         it has {found} numbers, the layers {needed}"
    )]
    TooShort {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// The number of the layer.
        layer: usize,
        /// The layer's name in the module.
        name: String,
        /// Which of its numbers: biases, scales, means, variances or weights.
        part: &'static str,
        /// How many of them are missing.
        missing: u64,
        /// How many there are.
        expected: u64,
        /// The numbers in the file.
        found: u64,
        /// The numbers of all layers.
        needed: u64,
    },
    /// The file goes on after the last layer.
    #[error(
        "{origin}: {left_over} numbers are left over after the last layer, {layer} (`{name}`); \
         the file has {found}, the layers {needed}"
    )]
    TooLong {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// The number of the last layer.
        layer: usize,
        /// Its name in the module.
        name: String,
        /// How many are left over.
        left_over: u64,
        /// The numbers in the file.
        found: u64,
        /// The numbers of all layers.
        needed: u64,
    },
    /// The file does not consist of whole numbers.
    #[error("{origin}: after the header of {header} bytes there are {found} bytes, expected a multiple of 4")]
    Ragged {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// The bytes of the header.
        header: usize,
        /// The bytes after it.
        found: u64,
    },
    /// A running variance is negative or not finite.
    #[error(
        "{origin}: layer {layer} (`{name}`): the running variance of channel {channel} is {found}, \
         expected a number from 0 on; the file is damaged or of another network"
    )]
    Variance {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// The number of the layer.
        layer: usize,
        /// The layer's name in the module.
        name: String,
        /// The channel.
        channel: usize,
        /// What stands there.
        found: f32,
    },
}
