//! Mini-batches.

use crate::augment::Compose;
use crate::{Augmentation, Dataset, Examples, Prefetch};
use autodiff::{Indices, Tensor};
use ndarray::ArrayD;
use rand::{SeedableRng, rngs::ChaCha8Rng, seq::SliceRandom};
use std::borrow::Cow;

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

/// The mini-batches of a data set, or of any other [`Examples`], epoch after epoch.
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
pub struct Batches<'a, E = Dataset> {
    examples: &'a E,
    size: usize,
    seed: Option<u64>,
    drop_last: bool,
    augmentation: Option<(Compose, u64)>,
}

impl<'a, E: Examples> Batches<'a, E> {
    /// Batches of `size` of the examples, in order.
    ///
    /// # Panics
    /// When `size` is 0.
    #[track_caller]
    pub fn new(examples: &'a E, size: usize) -> Self {
        assert!(size > 0, "Batches::new: a batch of 0 examples");
        Batches { examples, size, seed: None, drop_last: false, augmentation: None }
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

    /// Changes the pictures at random, anew in each epoch. What a picture becomes is a function of this seed, the
    /// epoch and its number among the examples alone: the same in whatever batch it is, at any number of threads.
    ///
    /// ```
    /// use wengert::data::augment::{Compose, RandomAffine};
    /// use wengert::data::{Batches, digits};
    ///
    /// let digits = digits();
    /// let pipeline = Compose::new().push(RandomAffine::new().degrees(10.0));
    /// let batches = Batches::new(&digits, 32).augment(pipeline, 1);
    /// let [first, again, next] = [0, 0, 1].map(|epoch| batches.epoch(epoch).next().unwrap().inputs.to_vec());
    /// assert_eq!(first, again);
    /// assert_ne!(first, next);
    /// ```
    pub fn augment(mut self, pipeline: Compose, seed: u64) -> Self {
        self.augmentation = Some((pipeline, seed));
        self
    }

    /// How many batches an epoch has.
    pub fn len(&self) -> usize {
        let examples = self.examples.len();
        if self.drop_last { examples / self.size } else { examples.div_ceil(self.size) }
    }

    /// Whether an epoch has no batches.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The numbers of all examples in the order of an epoch.
    pub fn order(&self, epoch: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.examples.len()).collect();
        if let Some(seed) = self.seed {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(epoch);
            order.shuffle(&mut rng);
        }
        order
    }

    /// The batches of an epoch.
    pub fn epoch(&self, epoch: u64) -> Epoch<'a, E> {
        let mut order = self.order(epoch);
        if self.drop_last {
            order.truncate(self.len() * self.size);
        }
        let augmentation = self.augmentation.clone();
        Epoch {
            examples: Cow::Borrowed(self.examples),
            size: self.size,
            order,
            next: 0,
            augmentation: augmentation.map(|(pipeline, seed)| Augmentation { pipeline, seed, epoch }),
        }
    }
}

/// An iterator over the batches of one epoch: [`Batches::epoch`].
#[derive(Clone, Debug)]
pub struct Epoch<'a, E: Clone = Dataset> {
    examples: Cow<'a, E>,
    size: usize,
    order: Vec<usize>,
    next: usize,
    augmentation: Option<Augmentation>,
}

impl<E: Examples> Epoch<'_, E> {
    /// The same batches, to the last bit, made on a thread of their own: up to `ahead` of them wait until they are
    /// asked for.
    ///
    /// ```
    /// use wengert::data::{Batches, digits};
    ///
    /// let digits = digits();
    /// let batches = Batches::new(&digits, 64).shuffle(0);
    /// for (here, there) in batches.epoch(0).zip(batches.epoch(0).prefetch(2)) {
    ///     assert_eq!(here.inputs.to_vec(), there.inputs.to_vec());
    /// }
    /// ```
    ///
    /// # Panics
    /// When `ahead` is 0, and when the system has no thread to give.
    #[track_caller]
    pub fn prefetch(self, ahead: usize) -> Prefetch<E::Batch>
    where
        E: 'static,
    {
        let examples = Cow::<'static, E>::Owned(self.examples.into_owned());
        let Self { size, order, next, augmentation, .. } = self;
        Prefetch::new(Epoch { examples, size, order, next, augmentation }, ahead)
    }
}

impl<E: Examples> Iterator for Epoch<'_, E> {
    type Item = E::Batch;

    fn next(&mut self) -> Option<E::Batch> {
        let rest = &self.order[self.next..];
        let indices = &rest[..rest.len().min(self.size)];
        self.next += indices.len();
        (!indices.is_empty()).then(|| self.examples.gather(indices, self.augmentation.as_ref()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.order.len() - self.next).div_ceil(self.size);
        (left, Some(left))
    }
}

impl<E: Examples> ExactSizeIterator for Epoch<'_, E> {}

impl<E: Examples> std::iter::FusedIterator for Epoch<'_, E> {}

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
