//! `.weights` files: what Darknet's networks have learned.

mod error;
mod layer;
mod orders;
mod read;
mod write;

use std::path::Path;

use autodiff::Float;
use nn::{Module, SaveError};

pub use self::error::WeightsError;
pub use self::layer::DarknetLayer;

/// The version in the head of a file of weights.
///
/// It says how the rest is to be read: the number of pictures seen in training has 64 bits if 10·major + minor is at
/// least 2 and both are below 1000, otherwise 32; with either above 1000 the matrices of connected layers stand
/// transposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The third number, which says nothing about the file.
    pub revision: u32,
}

/// What Darknet writes today: 0.2.0.
impl Default for Version {
    fn default() -> Self {
        Self { major: 0, minor: 2, revision: 0 }
    }
}

impl Version {
    /// Whether the number of pictures seen has 64 bits.
    pub fn is_wide(self) -> bool {
        let (major, minor) = (u64::from(self.major), u64::from(self.minor));
        major * 10 + minor >= 2 && major < 1000 && minor < 1000
    }

    /// Whether the matrices of connected layers stand transposed.
    pub fn is_transposed(self) -> bool {
        self.major > 1000 || self.minor > 1000
    }

    /// The bytes before the first number: 20 or 16.
    pub fn header_len(self) -> usize {
        if self.is_wide() { 20 } else { 16 }
    }
}

/// What a file of weights gave a network.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// The version in its head.
    pub version: Version,
    /// How many pictures the network had seen in training.
    pub seen: u64,
    /// How many layers were read.
    pub layers: usize,
    /// How many numbers the file has beyond them.
    pub left_over: u64,
}

/// A module whose weights Darknet's files can hold: its layers have an order.
///
/// Each layer's numbers are 32-bit floats, in this order. Of a convolution: the biases, or where it is normalized what
/// batch normalization adds (β); then, if it is, what it multiplies by (γ), the running means and the running variances;
/// then the weights [out, in, height, width]. Of a connected layer: the biases or β; the weights [out, in]; then
/// γ, means and variances.
///
/// ```
/// use wengert::models::detection::darknet::{DarknetWeights, Version};
/// use wengert::models::vision::Darknet19Config;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let config = Darknet19Config::new(10).width(0.1);
/// let (model, other) = (config.init::<f32>(&mut rng), config.init::<f32>(&mut rng));
/// let bytes = model.weights_bytes(Version::default(), 12_800);
/// let loaded = other.load_weights_bytes(&bytes)?;
/// assert_eq!((loaded.layers, loaded.seen), (19, 12_800));
/// let error = other.load_weights_bytes(&bytes[..bytes.len() - 8]).unwrap_err().to_string();
/// assert!(error.contains("layer 18 (`classifier`): 2 of its 1020 weights"), "{error}");
/// # Ok::<(), wengert::models::detection::darknet::WeightsError>(())
/// ```
pub trait DarknetWeights<T: Float>: Module<T> {
    /// The layers that have weights, in the file's order.
    fn darknet_layers(&self) -> Vec<DarknetLayer<'_, T>>;

    /// Reads a file, which must hold the numbers of all layers and nothing else. The module changes whole or not at
    /// all.
    ///
    /// # Errors
    /// The file cannot be read, is shorter or longer than the layers, or has a running variance that is none, as when
    /// it belongs to another network.
    fn load_weights(&self, path: impl AsRef<Path>) -> Result<Loaded, WeightsError>
    where
        Self: Sized,
    {
        read::from_file(&self.darknet_layers(), path.as_ref(), None)
    }

    /// Reads the layers whose numbers are below `layers` from a file, which may have more: from a file like
    /// `darknet53.conv.74` the first 74, which is all that it has.
    ///
    /// The layers of a [`DarknetNet`](super::DarknetNet) are numbered as in its `.cfg`, of other models those with
    /// weights are counted.
    ///
    /// # Errors
    /// The file cannot be read, is shorter than these layers, or has a running variance that is none.
    fn load_weights_upto(&self, path: impl AsRef<Path>, layers: usize) -> Result<Loaded, WeightsError>
    where
        Self: Sized,
    {
        read::from_file(&self.darknet_layers(), path.as_ref(), Some(layers))
    }

    /// [`load_weights`](Self::load_weights) from memory.
    ///
    /// # Errors
    /// As for `load_weights`.
    fn load_weights_bytes(&self, bytes: &[u8]) -> Result<Loaded, WeightsError> {
        read::from_bytes(&self.darknet_layers(), bytes, None)
    }

    /// [`load_weights_upto`](Self::load_weights_upto) from memory.
    ///
    /// # Errors
    /// As for `load_weights_upto`.
    fn load_weights_bytes_upto(&self, bytes: &[u8], layers: usize) -> Result<Loaded, WeightsError> {
        read::from_bytes(&self.darknet_layers(), bytes, Some(layers))
    }

    /// Writes a file that Darknet reads, of networks in `f64` rounded. It appears whole or not at all.
    ///
    /// # Errors
    /// The file system refuses; the text names the path.
    fn save_weights(&self, path: impl AsRef<Path>, version: Version, seen: u64) -> Result<(), SaveError>
    where
        Self: Sized,
    {
        nn::write_whole(path, &self.weights_bytes(version, seen))
    }

    /// What [`save_weights`](Self::save_weights) writes. Where the version has 32 bits for the number of pictures seen,
    /// a larger one is written as the largest.
    fn weights_bytes(&self, version: Version, seen: u64) -> Vec<u8> {
        write::to_bytes(&self.darknet_layers(), version, seen)
    }
}
