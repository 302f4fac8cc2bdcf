//! Mini-batches.

use crate::Dataset;
use autodiff::{Indices, Tensor};
use ndarray::ArrayD;
use rand::{SeedableRng, rngs::ChaCha8Rng, seq::SliceRandom};

/// Some examples of a data set, ready for one step.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The examples, `[n, …]`.
    pub inputs: Tensor<f32>,
    /// The class of each, `[n]`.
    pub labels: Indices,
}

impl Batch {
    /// The one place where what a data set holds becomes what a model takes.
    pub(crate) fn new(inputs: ArrayD<f32>, labels: Vec<i64>) -> Self {
        Batch { inputs: inputs.into(), labels: labels.into() }
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no examples.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// The mini-batches of a data set, epoch after epoch.
///
/// Without options the examples come in their order and the last batch is as short as it has to be. Shuffled,
/// the order is a function of seed and epoch alone, so that a run resumed at epoch 7 sees what an
/// uninterrupted one sees.
///
/// ```
/// use wengert::data::{Batches, iris};
///
/// let iris = iris();
/// let batches = Batches::new(&iris, 64).shuffle(0);
/// assert_eq!(batches.len(), 3);
/// let sizes: Vec<usize> = batches.epoch(0).map(|batch| batch.len()).collect();
/// assert_eq!(sizes, [64, 64, 22]);
/// assert_ne!(batches.order(0), batches.order(1));
/// ```
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    dataset: &'a Dataset,
    size: usize,
    seed: Option<u64>,
    drop_last: bool,
}

impl<'a> Batches<'a> {
    /// Batches of `size` examples of `dataset`, in order.
    ///
    /// # Panics
    /// When `size` is 0.
    #[track_caller]
    pub fn new(dataset: &'a Dataset, size: usize) -> Self {
        assert!(size > 0, "Batches::new: a batch of 0 examples");
        Batches { dataset, size, seed: None, drop_last: false }
    }

    /// Shuffles the examples anew in each epoch.
    pub fn shuffle(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Whether to leave out a last batch that is shorter than the others. By default it is not.
    pub fn drop_last(mut self, drop_last: bool) -> Self {
        self.drop_last = drop_last;
        self
    }

    /// How many batches an epoch has.
    pub fn len(&self) -> usize {
        if self.drop_last { self.dataset.len() / self.size } else { self.dataset.len().div_ceil(self.size) }
    }

    /// Whether an epoch has no batches.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers of all examples in the order of an epoch.
    pub fn order(&self, epoch: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.dataset.len()).collect();
        if let Some(seed) = self.seed {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(epoch);
            order.shuffle(&mut rng);
        }
        order
    }

    /// The batches of an epoch.
    pub fn epoch(&self, epoch: u64) -> Epoch<'a> {
        let mut order = self.order(epoch);
        if self.drop_last {
            order.truncate(self.len() * self.size);
        }
        Epoch { dataset: self.dataset, size: self.size, order, next: 0 }
    }
}

/// An iterator over the batches of one epoch: [`Batches::epoch`].
#[derive(Clone, Debug)]
pub struct Epoch<'a> {
    dataset: &'a Dataset,
    size: usize,
    order: Vec<usize>,
    next: usize,
}

impl Iterator for Epoch<'_> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let rest = &self.order[self.next..];
        let indices = &rest[..rest.len().min(self.size)];
        self.next += indices.len();
        (!indices.is_empty()).then(|| self.dataset.batch(indices))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.order.len() - self.next).div_ceil(self.size);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Epoch<'_> {}

impl std::iter::FusedIterator for Epoch<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Example `i` is the number `i` and has label `i`.
    fn numbered(examples: usize) -> Dataset {
        let inputs = ArrayD::from_shape_fn(vec![examples, 1], |i| i[0] as f32);
        let names = (0..examples).map(|i| i.to_string());
        Dataset::new(inputs, (0..examples as i64).collect(), names).unwrap()
    }

    #[test]
    fn without_options_the_order_is_kept() {
        let data = numbered(5);
        let labels: Vec<Vec<i64>> =
            Batches::new(&data, 2).epoch(9).map(|batch| batch.labels.to_vec()).collect();
        assert_eq!(labels, [vec![0, 1], vec![2, 3], vec![4]]);
    }

    #[test]
    fn order_is_a_function_of_seed_and_epoch() {
        let data = numbered(50);
        let order = |seed, epoch| Batches::new(&data, 8).shuffle(seed).order(epoch);
        assert_eq!(order(1, 3), order(1, 3));
        assert_ne!(order(1, 3), order(1, 4));
        assert_ne!(order(1, 3), order(2, 3));
        assert_ne!(order(1, 0), (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn the_shuffle_is_the_one_that_earlier_runs_saw() {
        // Published results depend on it: a change here is a change of all of them.
        let data = numbered(8);
        assert_eq!(Batches::new(&data, 8).shuffle(0).order(0), [2, 0, 6, 1, 3, 5, 7, 4]);
    }

    #[test]
    fn an_empty_data_set_has_no_batches() {
        let data = numbered(0);
        let batches = Batches::new(&data, 4).shuffle(0);
        assert!(batches.is_empty());
        assert_eq!(batches.epoch(0).count(), 0);
    }

    #[test]
    #[should_panic(expected = "Batches::new: a batch of 0 examples")]
    fn batches_of_nothing_panic() {
        Batches::new(&numbered(1), 0);
    }

    proptest! {
        #[test]
        fn an_epoch_is_every_example_once(
            examples in 0usize..60, size in 1usize..20, seed: Option<u64>, epoch: u64, drop_last: bool,
        ) {
            let data = numbered(examples);
            let mut batches = Batches::new(&data, size).drop_last(drop_last);
            if let Some(seed) = seed {
                batches = batches.shuffle(seed);
            }
            let epoch = batches.epoch(epoch);
            prop_assert_eq!(epoch.len(), batches.len());
            let all: Vec<Batch> = epoch.collect();
            prop_assert_eq!(all.len(), batches.len());
            let mut seen = Vec::new();
            for (number, batch) in all.iter().enumerate() {
                let last_and_short = !drop_last && number + 1 == all.len() && examples % size != 0;
                prop_assert_eq!(batch.len(), if last_and_short { examples % size } else { size });
                prop_assert_eq!(batch.inputs.shape(), [batch.len(), 1]);
                for (input, &label) in batch.inputs.view().iter().zip(batch.labels.as_slice()) {
                    prop_assert_eq!(*input, label as f32);
                    seen.push(label);
                }
            }
            seen.sort_unstable();
            let count = seen.len();
            seen.dedup();
            prop_assert_eq!(seen.len(), count);
            prop_assert_eq!(count, if drop_last { examples / size * size } else { examples });
        }
    }
}
