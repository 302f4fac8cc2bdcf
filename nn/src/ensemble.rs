//! Several models that answer together.

use autodiff::{Float, Indices, Tensor};

use crate::{Layer, Module};

/// Several models of the same task, whose answers are joined: by averaging their outputs, by averaging the
/// probabilities of classes, or by voting.
///
/// As a layer it gives the average of the outputs. The models are found at `models.0`, `models.1`, ….
///
/// ```
/// use wengert::nn::Ensemble;
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let ensemble = Ensemble::new((0..5).map(|_| Linear::<f32>::new(4, 3, &mut rng)).collect());
/// let x = Tensor::ones([2, 4]);
/// assert_eq!(ensemble.forward(&x).shape(), [2, 3]);
/// let sums = ensemble.probabilities(&x).sum(1).to_vec();
/// assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-6));
/// assert_eq!(ensemble.vote(&x).shape(), [2]);
/// ```
#[derive(Clone, Debug, Module)]
pub struct Ensemble<M> {
    models: Vec<M>,
}

impl<M> Ensemble<M> {
    /// Of at least one model.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn new(models: Vec<M>) -> Self {
        assert!(!models.is_empty(), "Ensemble: there are no models");
        Self { models }
    }

    /// The models.
    pub fn models(&self) -> &[M] {
        &self.models
    }

    /// The average of what `answer` makes of each model: for models that are called otherwise than layers, or whose
    /// outputs are to be changed before they are averaged.
    ///
    /// # Panics
    /// If the answers have different shapes.
    #[track_caller]
    pub fn average<T: Float>(&self, mut answer: impl FnMut(&M) -> Tensor<T>) -> Tensor<T> {
        mean(self.models.iter().map(&mut answer).collect())
    }

    /// The average of the probabilities that the models give to the classes, which lie along axis 1 of their logits
    /// [batch, classes, …], or along the only axis.
    ///
    /// # Panics
    /// If the models' logits have different shapes, or no axes.
    #[track_caller]
    pub fn probabilities<T: Float>(&self, x: &Tensor<T>) -> Tensor<T>
    where
        M: Layer<T>,
    {
        // Not in a closure, which would hide the caller's line.
        let mut all = Vec::with_capacity(self.models.len());
        for model in &self.models {
            let logits = model.forward(x);
            all.push(logits.softmax(class_axis(&logits)));
        }
        mean(all)
    }

    /// For each example the class that most models hold for the most likely; of classes with equally many votes the
    /// first. The classes lie as for [`probabilities`](Self::probabilities).
    ///
    /// # Panics
    /// If the models' logits have different shapes, or no axes.
    #[track_caller]
    pub fn vote<T: Float>(&self, x: &Tensor<T>) -> Indices
    where
        M: Layer<T>,
    {
        let mut votes = Vec::with_capacity(self.models.len());
        for model in &self.models {
            let logits = model.forward(x).detach();
            let axis = class_axis(&logits);
            votes.push(logits.argmax(axis).one_hot::<T>(logits.shape()[axis as usize]));
        }
        mean(votes).argmax(-1)
    }
}

/// The average of the models' answers, of which there is at least one.
#[track_caller]
fn mean<T: Float>(answers: Vec<Tensor<T>>) -> Tensor<T> {
    let n = answers.len() as f64;
    let mut answers = answers.into_iter();
    let mut sum = answers.next().expect("there is a model");
    for y in answers {
        if sum.shape() != y.shape() {
            panic!("Ensemble: one model gives the shape {:?}, another {:?}", sum.shape(), y.shape());
        }
        sum = sum + y;
    }
    sum / n
}

#[track_caller]
fn class_axis<T: Float>(logits: &Tensor<T>) -> isize {
    match logits.ndim() {
        0 => panic!("Ensemble: the output has no axis for the classes"),
        1 => 0,
        _ => 1,
    }
}

impl<T: Float, M: Layer<T>> Layer<T> for Ensemble<M> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        let mut all = Vec::with_capacity(self.models.len());
        for model in &self.models {
            all.push(model.forward(x));
        }
        mean(all)
    }
}
