//! What mini-batches are taken from.

use crate::augment::{Compose, Sample};
use crate::{Batch, Dataset};
use autodiff::Tensor;

/// Examples by number, of which [`Batches`](crate::Batches) takes some at a time: a [`Dataset`] in memory, an
/// [`ImageFolder`](crate::ImageFolder) or a [`DetectionDataset`](crate::detection::DetectionDataset) on the disk.
///
/// A clone should be cheap: [`Epoch::prefetch`](crate::Epoch::prefetch) takes one to its thread.
pub trait Examples: Clone + Send + Sync {
    /// What some examples make.
    type Batch: Send + 'static;

    /// How many examples there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The examples of these numbers, in this order, their pictures changed by the augmentation if there is one.
    fn gather(&self, indices: &[usize], augmentation: Option<&Augmentation>) -> Self::Batch;
}

impl Examples for Dataset {
    type Batch = Batch;

    fn len(&self) -> usize {
        self.len()
    }

    fn gather(&self, indices: &[usize], augmentation: Option<&Augmentation>) -> Batch {
        let mut batch = self.batch(indices);
        if let Some(augmentation) = augmentation {
            batch.inputs = augmentation.pictures(&batch.inputs, indices);
        }
        batch
    }
}

/// How pictures are changed in one epoch.
#[derive(Clone, Debug)]
pub struct Augmentation {
    pub(crate) pipeline: Compose,
    pub(crate) seed: u64,
    pub(crate) epoch: u64,
}

impl Augmentation {
    /// Changes pictures `[n, c, h, w]`, the examples of these numbers.
    ///
    /// # Panics
    /// As [`Compose::apply_at`].
    #[track_caller]
    pub fn pictures(&self, pictures: &Tensor<f32>, indices: &[usize]) -> Tensor<f32> {
        self.pipeline.apply_at(pictures, self.seed, self.epoch, indices)
    }

    /// Changes the picture, and the boxes, of the example of this number.
    pub fn sample(&self, sample: Sample, index: usize) -> Sample {
        self.pipeline.sample(sample, self.seed, self.epoch, index)
    }
}
