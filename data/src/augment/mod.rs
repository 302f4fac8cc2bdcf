//! Training pictures changed at random, so that each is seen a little differently every time.
//!
//! The transforms have the names and parameters of torchvision's `transforms.v2`. A [`Compose`] applies them one
//! after the other to each picture of a batch, in parallel; [`Batches::augment`](crate::Batches::augment) does so
//! while training.
//!
//! ```
//! use wengert::data::augment::{Compose, Normalize, RandomAffine, RandomCrop, RandomHorizontalFlip};
//! use wengert::data::{Batches, digits};
//!
//! let pipeline = Compose::new()
//!     .push(RandomAffine::new().degrees(10.0).shear(5.0))
//!     .push(RandomCrop::new(8, 8).padding(1))
//!     .push(RandomHorizontalFlip::new())
//!     .push(Normalize::new([0.3], [0.4]));
//! let digits = digits();
//! let batches = Batches::new(&digits, 64).shuffle(0).augment(pipeline, 0);
//! // The next two batches are made while this one is learned from.
//! for batch in batches.epoch(0).prefetch(2).take(3) {
//!     assert_eq!(batch.inputs.shape(), [64, 1, 8, 8]);
//! }
//! ```
//!
//! | | |
//! | --- | --- |
//! | place and size | [`RandomHorizontalFlip`], [`RandomVerticalFlip`], [`RandomCrop`], [`RandomResizedCrop`], [`CenterCrop`], [`Resize`], [`Pad`], [`LetterboxTo`] |
//! | shape | [`RandomAffine`], [`RandomRotation`], [`RandomPerspective`], [`ElasticTransform`] |
//! | colour | [`ColorJitter`], [`PcaNoise`], [`Grayscale`], [`RandomGrayscale`] |
//! | noise | [`GaussianBlur`], [`GaussianNoise`], [`SaltAndPepper`], [`RandomErasing`], [`Cutout`] |
//! | of the whole | [`Compose`], [`RandomApply`], [`Normalize`] |
//! | two pictures in one | [`Mixup`], [`CutMix`], on batches |
//!
//! Those that move pixels move the boxes of objects too, if a [`Sample`] has any: see there.

mod affine;
mod color;
mod compose;
mod crop;
mod elastic;
mod erase;
mod flip;
mod mix;
mod noise;
mod normalize;
mod pca;
mod perspective;
mod resize;
mod sample;

pub use affine::{RandomAffine, RandomRotation};
pub use color::{ColorJitter, Grayscale, RandomGrayscale};
pub(crate) use compose::stack;
pub use compose::{Compose, RandomApply};
pub use crop::{CenterCrop, RandomCrop, RandomResizedCrop};
pub use elastic::ElasticTransform;
pub use erase::{Cutout, RandomErasing};
pub use flip::{RandomHorizontalFlip, RandomVerticalFlip};
pub use mix::{CutMix, Mixed, Mixup};
pub use noise::{GaussianBlur, GaussianNoise, SaltAndPepper};
pub use normalize::Normalize;
pub use pca::PcaNoise;
pub use perspective::RandomPerspective;
pub use resize::{LetterboxTo, Pad, Resize};
pub use sample::Sample;

use rand::{RngExt, rngs::ChaCha8Rng};
use std::fmt::Debug;

/// A change of a picture, and of the boxes of its objects, that may leave something to chance.
///
/// ```
/// use wengert::data::augment::{Compose, Sample, Transform};
/// use wengert::prelude::*;
///
/// /// Light becomes dark.
/// #[derive(Debug)]
/// struct Invert;
///
/// impl Transform for Invert {
///     fn transform(&self, sample: Sample, _: &mut ChaCha8Rng) -> Sample {
///         sample.map_picture(|x| 1.0 - x)
///     }
/// }
///
/// let black = Compose::new().push(Invert).apply(&Tensor::ones([1, 3, 2, 2]), 0);
/// assert_eq!(black.to_vec(), [0.0; 12]);
/// ```
pub trait Transform: Debug + Send + Sync {
    /// The changed sample. Everything random comes from `rng`, which belongs to this picture alone.
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample;
}

impl<F: Transform + ?Sized> Transform for Box<F> {
    fn transform(&self, sample: Sample, rng: &mut ChaCha8Rng) -> Sample {
        (**self).transform(sample, rng)
    }
}

/// A number drawn evenly from a range, which may be a point.
fn between(low: f64, high: f64, rng: &mut ChaCha8Rng) -> f64 {
    low + (high - low) * rng.random::<f64>()
}

/// Says whose probability it is that is none.
#[track_caller]
fn check_probability(name: &str, p: f64) {
    assert!((0.0..=1.0).contains(&p), "{name}: a probability of {p} is not in 0..=1");
}

#[track_caller]
fn check_visible(fraction: f64) {
    assert!((0.0..=1.0).contains(&fraction), "min_visible: a part of {fraction} is not in 0..=1");
}

/// Says whose range it is that is none.
#[track_caller]
fn check_range(name: &str, what: &str, low: f64, high: f64) {
    assert!(
        low > 0.0 && low <= high && high.is_finite(),
        "{name}: a {what} from {low} to {high} is no range of positive numbers"
    );
}
