//! The weights and options of recurrent layers.

use crate::{Float, Tensor};

/// The weights of one recurrent layer in one direction, for H units with G gates: G is 1 of a plain cell, 3 of a
/// GRU (in the order r z n), 4 of an LSTM (i f g o).
///
/// ```
/// use wengert::prelude::*;
///
/// let (features, units) = (3, 5);
/// let weights = RecurrentWeights::<f32>::new(Tensor::ones([3 * units, features]), Tensor::ones([3 * units, units]))
///     .biases(Tensor::zeros([3 * units]), Tensor::zeros([3 * units]));
/// let (y, h) = Tensor::zeros([7, 2, features]).gru(None, &[weights], RecurrentOptions::new());
/// assert_eq!((y.shape(), h.shape()), (&[7, 2, 5][..], &[1, 2, 5][..]));
/// ```
#[derive(Clone, Debug)]
pub struct RecurrentWeights<T: Float = f32> {
    /// Of the input, [G·H, features].
    pub weight_ih: Tensor<T>,
    /// Of the hidden state, [G·H, H]; [G·H, P] where the state is projected.
    pub weight_hh: Tensor<T>,
    /// Added to the product with the input and to that with the state, \[G·H\] each.
    pub biases: Option<(Tensor<T>, Tensor<T>)>,
    /// The projection of an LSTM's hidden state, [P, H].
    pub weight_hr: Option<Tensor<T>>,
}

impl<T: Float> RecurrentWeights<T> {
    /// Weights without biases.
    pub fn new(weight_ih: Tensor<T>, weight_hh: Tensor<T>) -> Self {
        Self { weight_ih, weight_hh, biases: None, weight_hr: None }
    }

    /// With biases added to the product with the input and to that with the state.
    pub fn biases(mut self, bias_ih: Tensor<T>, bias_hh: Tensor<T>) -> Self {
        self.biases = Some((bias_ih, bias_hh));
        self
    }

    /// With a projection of the hidden state, for an LSTM.
    pub fn projection(mut self, weight_hr: Tensor<T>) -> Self {
        self.weight_hr = Some(weight_hr);
        self
    }

    /// The weights as the last inputs of [`Recurrent`](super::Recurrent).
    pub(super) fn inputs(&self) -> impl Iterator<Item = &Tensor<T>> {
        let biases = self.biases.iter().flat_map(|(ih, hh)| [ih, hh]);
        [&self.weight_ih, &self.weight_hh].into_iter().chain(biases).chain(&self.weight_hr)
    }
}

/// How recurrent layers go over sequences; the default is one direction, steps first, all of one length.
///
/// ```
/// use wengert::prelude::*;
///
/// let weights = RecurrentWeights::<f64>::new(Tensor::ones([1, 1]), Tensor::ones([1, 1]));
/// let x = Tensor::from_vec([2, 3, 1], vec![1.0, 2.0, 4.0, 1.0, 2.0, 4.0]);
/// let options = RecurrentOptions::new().batch_first(true).lengths([3, 2]);
/// let (y, h) = x.rnn_relu(None, &[weights], options);
/// assert_eq!(y.to_vec(), [1.0, 3.0, 7.0, 1.0, 3.0, 0.0]);
/// assert_eq!(h.to_vec(), [7.0, 3.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RecurrentOptions {
    pub(super) bidirectional: bool,
    pub(super) batch_first: bool,
    pub(super) dropout: f64,
    pub(super) lengths: Option<Vec<usize>>,
    pub(super) reset_after: bool,
}

impl Default for RecurrentOptions {
    fn default() -> Self {
        Self { bidirectional: false, batch_first: false, dropout: 0.0, lengths: None, reset_after: true }
    }
}

impl RecurrentOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether each layer also goes over the sequences from their ends, with weights of its own; the outputs of
    /// the two directions stand side by side (default: no).
    pub fn bidirectional(mut self, bidirectional: bool) -> Self {
        self.bidirectional = bidirectional;
        self
    }

    /// Whether sequences are [batch, steps, features] rather than [steps, batch, features] (default: no). States
    /// are not concerned.
    pub fn batch_first(mut self, batch_first: bool) -> Self {
        self.batch_first = batch_first;
        self
    }

    /// The probability of dropout between two layers, on training tapes (default: 0).
    pub fn dropout(mut self, p: f64) -> Self {
        self.dropout = p;
        self
    }

    /// The length of each entry of the batch, in any order (default: all have all steps).
    ///
    /// An entry's outputs beyond its length are zeros, its last state is that after its own last step, and the
    /// reverse direction begins there. What x holds beyond a length is not looked at, and its gradient is 0. An
    /// entry of length 0 keeps its initial state.
    pub fn lengths(mut self, lengths: impl Into<Vec<usize>>) -> Self {
        self.lengths = Some(lengths.into());
        self
    }

    /// Where a GRU's reset gate acts: after the product of the state, n = tanh(… + r⊙(W h + b)), as in PyTorch and
    /// cuDNN (default), or before it, n = tanh(… + W(r⊙h) + b), as in Cho et al.
    pub fn reset_after(mut self, reset_after: bool) -> Self {
        self.reset_after = reset_after;
        self
    }
}
