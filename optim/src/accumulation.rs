//! One step from the gradients of several micro-batches.

use std::collections::HashMap;

use autodiff::{Float, Gradients, ParameterId, Tensor};

/// The gradients of several backward passes, added up: a batch that does not fit into memory, in parts.
///
/// Losses that are means over their micro-batch go in with its number of examples and come out as the mean
/// over all examples, Σ nᵢ·gᵢ / Σ nᵢ, so that the last micro-batch may be smaller; losses that are sums go in as
/// they are and come out as their sum. Either is what the whole batch would have given, but for rounding: the
/// parts are added in the order in which they came. (Batch normalization sees each part by itself.)
///
/// A parameter to which no gradient flowed in some of the parts had the gradient 0 there. Gradients of variables
/// belong to their tape and are not taken over.
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::scalar(2.0));
/// let mut sgd = Sgd::new([w.clone()], 0.5);
/// let examples = [1.0, 2.0, 3.0, 6.0, 8.0];
///
/// let mut accumulated = AccumulatedGradients::new();
/// for part in examples.chunks(2) {
///     let tape = Tape::new();
///     let x = tape.constant(Tensor::from_vec([part.len()], part.to_vec()));
///     let loss = (tape.watch(&w) * x).mean(..);
///     accumulated.add(loss.backward(), part.len() as f64);
/// }
/// sgd.step(&accumulated.take_mean());
/// assert_eq!(w.value().item(), 2.0 - 0.5 * 4.0);
/// ```
#[derive(Clone, Debug)]
pub struct AccumulatedGradients<T: Float = f32> {
    /// In the order in which they first came.
    sums: Vec<(ParameterId, Tensor<T>)>,
    places: HashMap<ParameterId, usize>,
    weight: f64,
}

impl<T: Float> AccumulatedGradients<T> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { sums: Vec::new(), places: HashMap::new(), weight: 0.0 }
    }

    /// Adds the gradients of one part, times its weight: its number of examples where its loss is a mean over
    /// them, 1 where it is a sum.
    ///
    /// # Panics
    /// If the weight is not a finite number above 0, or a gradient has another shape than one of its parameter
    /// before.
    #[track_caller]
    pub fn add(&mut self, gradients: Gradients<T>, weight: f64) {
        if !(weight.is_finite() && weight > 0.0) {
            panic!("AccumulatedGradients::add: expected a finite weight > 0, found {weight}");
        }
        for (id, gradient) in gradients.parameters() {
            if let Some(&place) = self.places.get(&id)
                && self.sums[place].1.shape() != gradient.shape()
            {
                panic!(
                    "AccumulatedGradients::add: the gradient has shape {:?}, the same parameter's before {:?}",
                    gradient.shape(),
                    self.sums[place].1.shape()
                );
            }
        }
        for (id, gradient) in gradients.parameters() {
            let gradient = gradient.detach();
            let gradient = if weight == 1.0 { gradient } else { gradient * weight };
            match self.places.get(&id) {
                Some(&place) => {
                    let sum = &mut self.sums[place].1;
                    *sum = &*sum + gradient;
                }
                None => {
                    self.places.insert(id, self.sums.len());
                    self.sums.push((id, gradient));
                }
            }
        }
        self.weight += weight;
    }

    /// The sum of the weights so far.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// The sum of all parts times their weights. The next part begins a new one.
    pub fn take_sum(&mut self) -> Gradients<T> {
        let Self { sums, .. } = std::mem::take(self);
        Gradients::of_parameters(sums)
    }

    /// The mean of all parts by their weights. The next part begins a new one.
    ///
    /// # Panics
    /// If nothing was added.
    #[track_caller]
    pub fn take_mean(&mut self) -> Gradients<T> {
        if self.weight == 0.0 {
            panic!("AccumulatedGradients::take_mean: nothing was added");
        }
        let Self { sums, weight, .. } = std::mem::take(self);
        Gradients::of_parameters(sums.into_iter().map(|(id, sum)| (id, sum / weight)))
    }
}

impl<T: Float> Default for AccumulatedGradients<T> {
    fn default() -> Self {
        Self::new()
    }
}
