//! Data for training: data sets, readers, splits, mini-batches and transforms.
//!
//! * [`Dataset`]: examples, their labels and the names of the classes; [`digits`], [`breast_cancer`] and
//!   [`iris`] are shipped with the library.
//! * [`idx`] reads MNIST's file format, [`csv`] reads tables; both unpack gzip and believe no size before it is
//!   checked.
//! * [`picture`] reads PNG and JPEG and writes PNG; an [`ImageFolder`] has a folder of them for each class.
//! * [`detection`] has pictures with several objects: labels of Pascal VOC, COCO and YOLO, and scenes that are made up.
//! * [`split`] cuts a data set into parts, keeping the share of each class; [`Batches`] walks through a part in
//!   mini-batches whose order is a function of seed and epoch.
//! * [`Normalizer`] is fitted on the training part and used on all of them; [`transform`] resizes, crops and
//!   recolours pictures, [`augment`] changes those that are learned from at random, in parallel, and ahead of
//!   time if asked to ([`Epoch::prefetch`]).
//!
//! ```
//! use rand::{SeedableRng, rngs::ChaCha8Rng};
//! use wengert::data::{Batches, Normalizer, breast_cancer};
//!
//! let mut rng = ChaCha8Rng::seed_from_u64(0);
//! let [train, test] = breast_cancer().split([0.8, 0.2], &mut rng);
//! let normalizer = Normalizer::per_feature(train.inputs());
//! let train = train.map_inputs(|x| normalizer.apply(x));
//! let test = test.map_inputs(|x| normalizer.apply(x)); // by the training part's μ and σ
//! assert_eq!((train.len(), test.len()), (455, 114));
//!
//! for epoch in 0..2 {
//!     for batch in Batches::new(&train, 64).shuffle(7).epoch(epoch) {
//!         assert!(batch.len() == 64 || batch.len() == 455 % 64);
//!     }
//! }
//! ```

pub mod augment;
mod batches;
mod bundled;
pub mod csv;
mod dataset;
pub mod detection;
mod error;
mod examples;
pub mod idx;
mod normalizer;
pub mod picture;
mod prefetch;
mod source;
pub mod split;
pub mod transform;

pub use augment::RandomAffine;
pub use batches::{Batch, Batches, Epoch};
pub use bundled::{breast_cancer, digits, iris};
pub use dataset::Dataset;
pub use error::{CsvProblem, Error, IdxProblem, LabelProblem, PictureProblem};
pub use examples::{Augmentation, Examples};
pub use normalizer::Normalizer;
pub use picture::ImageFolder;
pub use prefetch::Prefetch;
