//! Recurrent layers one over the other, in one direction or two.

use autodiff::{Float, RecurrentOptions, Tensor};
use rand::Rng;

use super::{Kind, RecurrentConfig, RecurrentParameters};
use crate::{Layer, Module, Visitor, VisitorMut};

/// Recurrent layers over sequences: [`Rnn`](crate::Rnn), [`Gru`](crate::Gru) or [`Lstm`](crate::Lstm).
///
/// Sequences are [steps, batch, features], or [batch, steps, features] where the layers are batch-first, or [steps,
/// features] without a batch. Each layer runs over the hidden states of the one below; a bidirectional one also from
/// the sequences' ends, with parameters of its own, the hidden states of both directions standing side by side.
///
/// The parameters have PyTorch's names: `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, `weight_hr_l0` of
/// layer 0, the same with `_reverse` of its other direction, and so on for `l1`, ….
#[derive(Clone, Debug)]
pub struct Recurrent<K: Kind, T: Float = f32> {
    /// The parameters of each layer, or of the two directions of each: layer 0 forward, layer 0 reverse, layer 1
    /// forward, ….
    pub entries: Vec<RecurrentParameters<T>>,
    pub(super) kind: K,
    pub(super) batch_first: bool,
    pub(super) dropout: f64,
    pub(super) bidirectional: bool,
}

impl<K: Kind, T: Float> Recurrent<K, T> {
    /// One layer in one direction with PyTorch's defaults: steps first, with biases, all values uniform in
    /// ±1/√hidden.
    ///
    /// # Panics
    /// If a size is 0.
    #[track_caller]
    pub fn new(input_size: usize, hidden_size: usize, rng: &mut (impl Rng + ?Sized)) -> Self {
        RecurrentConfig::new(input_size, hidden_size).init(rng)
    }

    /// The hidden states of the last layer at all steps, [steps, batch, directions·units], and the last state of all
    /// layers and directions, [layers·directions, batch, units].
    ///
    /// It begins with `state`, of that shape; without one, with zeros. The state is h, and (h, c) of an LSTM. What
    /// was returned can be given for the sequence's next part.
    ///
    /// `lengths` are those of the sequences of the batch, in any order; without them all have all steps. What x holds
    /// beyond a sequence's length is not looked at, its gradient and the outputs there are zeros, the last state is
    /// that after the sequence's own last step, and the reverse direction begins there.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// let gru = GruConfig::new(2, 4).batch_first(true).init::<f64>(&mut rng);
    /// let x = Tensor::ones([2, 3, 2]);
    /// let (y, h) = gru.forward_with(&x, None, Some(&[3, 1]));
    /// assert_eq!((y.shape(), h.shape()), (&[2, 3, 4][..], &[1, 2, 4][..]));
    /// assert_eq!(y.select(0, 1).slice(0, 1..).to_vec(), [0.0; 8]);
    /// assert_eq!(y.select(0, 1).select(0, 0).to_vec(), h.select(0, 0).select(0, 1).to_vec());
    /// ```
    ///
    /// Backpropagation through time is truncated by detaching the state between the parts of a long sequence: it is
    /// carried on, but no gradient flows back through it.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// let (rnn, head) = (Rnn::<f32>::new(1, 8, &mut rng), Linear::new(8, 1, &mut rng));
    /// let mut sgd = Sgd::new([rnn.parameters(), head.parameters()].concat(), 0.1);
    /// let song = Tensor::from_vec([40, 1, 1], (0..40).map(|t| (t as f32 / 3.0).sin()).collect());
    /// let mut state = None;
    /// for part in song.split(10, 0) {
    ///     let tape = Tape::training(0);
    ///     let (y, last) = rnn.forward_with(&tape.constant(part.slice(0, ..9)), state.as_ref(), None);
    ///     sgd.step(&head.forward(&y).mse_loss(&part.slice(0, 1..)).backward());
    ///     state = Some(last.detach());
    /// }
    /// ```
    ///
    /// # Panics
    /// If the shapes or lengths do not fit.
    #[track_caller]
    pub fn forward_with(
        &self,
        x: &Tensor<T>,
        state: Option<&K::State<T>>,
        lengths: Option<&[usize]>,
    ) -> (Tensor<T>, K::State<T>) {
        let recorded = recorded::<K, T>(x, state);
        let mut weights = Vec::with_capacity(self.entries.len());
        // Not in a closure, which would hide the caller's line.
        for entry in &self.entries {
            weights.push(entry.on_tape_of(recorded));
        }
        let mut options = RecurrentOptions::new()
            .batch_first(self.batch_first)
            .dropout(self.dropout)
            .bidirectional(self.bidirectional);
        if let Some(lengths) = lengths {
            options = options.lengths(lengths);
        }
        self.kind.run(x, state, &weights, options)
    }
}

/// The input, unless it is on no tape and a state is on one: that state.
pub(super) fn recorded<'a, K: Kind, T: Float>(
    x: &'a Tensor<T>,
    state: Option<&'a K::State<T>>,
) -> &'a Tensor<T> {
    let states = state.into_iter().flat_map(K::tensors);
    [x].into_iter().chain(states).find(|tensor| tensor.tape().is_some()).unwrap_or(x)
}

impl<K: Kind, T: Float> Recurrent<K, T> {
    /// What stands behind the names of an entry's parameters.
    fn suffix(&self, entry: usize) -> String {
        let directions = if self.bidirectional { 2 } else { 1 };
        let side = if entry % directions == 1 { "_reverse" } else { "" };
        format!("_l{}{side}", entry / directions)
    }
}

impl<K: Kind, T: Float> Module<T> for Recurrent<K, T> {
    fn kind(&self) -> &'static str {
        K::CONFIG.trim_end_matches("Config")
    }

    fn visit(&self, visitor: &mut dyn Visitor<T>) {
        for (i, entry) in self.entries.iter().enumerate() {
            entry.visit(&self.suffix(i), visitor);
        }
    }

    fn visit_mut(&mut self, visitor: &mut dyn VisitorMut<T>) {
        for i in 0..self.entries.len() {
            let suffix = self.suffix(i);
            self.entries[i].visit_mut(&suffix, visitor);
        }
    }
}

/// The hidden states of the last layer at all steps, from a state of zeros.
impl<K: Kind, T: Float> Layer<T> for Recurrent<K, T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.forward_with(x, None, None).0
    }
}
