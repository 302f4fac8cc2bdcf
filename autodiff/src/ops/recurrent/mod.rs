//! Recurrent layers over whole sequences, and their cells.

mod cells;
mod composed;
mod layer;
mod options;
mod stack;

pub use layer::{Recurrent, RecurrentCell};
pub use options::{RecurrentOptions, RecurrentWeights};

use crate::{Float, Tensor};

impl<T: Float> Tensor<T> {
    /// Plain recurrent layers over a sequence: h ← tanh(w_ih x + b_ih + w_hh h + b_hh) at each step; each layer
    /// runs over the states of the one below.
    ///
    /// The tensor is [steps, batch, features], or [batch, steps, features] where the options say so, or [steps,
    /// features] without a batch. `weights` has an entry for each layer, or two for each layer that is
    /// bidirectional, forward and reverse, as in PyTorch. `state` holds an initial state for each of these entries,
    /// [entries, batch, units]; without one they are zeros. Gives the last layer's states at all steps, [steps, batch,
    /// directions·units], and the last states of all entries, [entries, batch, units].
    ///
    /// After Elman, "Finding structure in time" (1990).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let weights = RecurrentWeights::<f64>::new(Tensor::ones([1, 1]), Tensor::ones([1, 1]));
    /// let x = Tensor::from_vec([2, 1], vec![1.0, -1.0]);
    /// let (y, h) = x.rnn_tanh(None, &[weights], RecurrentOptions::new());
    /// assert_eq!(y.to_vec(), [1f64.tanh(), (1f64.tanh() - 1.0).tanh()]);
    /// assert_eq!(h.to_vec(), y.to_vec()[1..]);
    /// ```
    ///
    /// # Panics
    /// If there are no weights or the shapes do not fit.
    #[track_caller]
    pub fn rnn_tanh(
        &self,
        state: Option<&Self>,
        weights: &[RecurrentWeights<T>],
        options: RecurrentOptions,
    ) -> (Self, Self) {
        self.stack_of_one_state(RecurrentCell::RnnTanh, state, weights, options)
    }

    /// Plain recurrent layers with a rectifier: h ← max(w_ih x + b_ih + w_hh h + b_hh, 0) at each step. Everything
    /// else is as for [`rnn_tanh`](Self::rnn_tanh).
    ///
    /// After Le, Jaitly and Hinton, "A simple way to initialize recurrent networks of rectified linear units" (2015).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let weights = RecurrentWeights::<f64>::new(Tensor::ones([1, 1]), Tensor::ones([1, 1]));
    /// let both = RecurrentOptions::new().bidirectional(true);
    /// let x = Tensor::from_vec([3, 1], vec![1.0, 2.0, 4.0]);
    /// let (y, h) = x.rnn_relu(None, &[weights.clone(), weights], both);
    /// assert_eq!(y.to_vec(), [1.0, 7.0, 3.0, 6.0, 7.0, 4.0]);
    /// assert_eq!(h.to_vec(), [7.0, 7.0]);
    /// ```
    ///
    /// # Panics
    /// If there are no weights or the shapes do not fit.
    #[track_caller]
    pub fn rnn_relu(
        &self,
        state: Option<&Self>,
        weights: &[RecurrentWeights<T>],
        options: RecurrentOptions,
    ) -> (Self, Self) {
        self.stack_of_one_state(RecurrentCell::RnnRelu, state, weights, options)
    }

    /// Layers of gated recurrent units over a sequence. With the parts of the weights and biases for r, z and n, at
    /// each step
    ///
    /// r = σ(W_r x + b_r + U_r h + c_r), z = σ(W_z x + b_z + U_z h + c_z),
    /// n = tanh(W_n x + b_n + r⊙(U_n h + c_n)), h ← (1 − z)⊙n + z⊙h,
    ///
    /// or, where the options say that the reset comes before the product,
    /// n = tanh(W_n x + b_n + U_n(r⊙h) + c_n). Everything else is as for [`rnn_tanh`](Self::rnn_tanh).
    ///
    /// After Cho et al., "Learning phrase representations using RNN encoder–decoder for statistical machine
    /// translation" (2014), whose z is 1 − z here.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let layer = |features| RecurrentWeights::<f32>::new(Tensor::ones([12, features]), Tensor::ones([12, 4]));
    /// let x = Tensor::ones([5, 2, 3]);
    /// let (y, h) = x.gru(None, &[layer(3), layer(4)], RecurrentOptions::new());
    /// assert_eq!((y.shape(), h.shape()), (&[5, 2, 4][..], &[2, 2, 4][..]));
    /// ```
    ///
    /// # Panics
    /// If there are no weights or the shapes do not fit.
    #[track_caller]
    pub fn gru(
        &self,
        state: Option<&Self>,
        weights: &[RecurrentWeights<T>],
        options: RecurrentOptions,
    ) -> (Self, Self) {
        let cell = RecurrentCell::Gru { reset_after: options.reset_after };
        self.stack_of_one_state(cell, state, weights, options)
    }

    /// Layers of long short-term memory over a sequence. At each step i, f, o = σ(·) and g = tanh(·) of
    /// w_ih x + b_ih + w_hh h + b_hh, then c ← f⊙c + i⊙g and h ← o⊙tanh c; with a projection h ← w_hr (o⊙tanh c).
    ///
    /// `state` is (h₀, c₀), [entries, batch, units] each (h₀ has the projection's size where there is one). Gives the
    /// last layer's hidden states and the last (h, c) of all entries. Everything else is as for
    /// [`rnn_tanh`](Self::rnn_tanh).
    ///
    /// After Hochreiter and Schmidhuber, "Long short-term memory" (1997), with the forget gate of Gers et al.
    /// (2000) and the projection of Sak et al. (2014).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let (steps, batch, features, units) = (5, 2, 3, 4);
    /// let x = Tensor::<f32>::ones([steps, batch, features]);
    /// let layer = |features| {
    ///     RecurrentWeights::new(Tensor::ones([4 * units, features]), Tensor::ones([4 * units, units]))
    /// };
    /// let (y, (h, c)) = x.lstm(None, &[layer(features), layer(units)], RecurrentOptions::new());
    /// assert_eq!((y.shape(), h.shape(), c.shape()), (&[5, 2, 4][..], &[2, 2, 4][..], &[2, 2, 4][..]));
    /// let (more, _) = x.lstm(Some((&h, &c)), &[layer(features), layer(units)], RecurrentOptions::new());
    /// assert_eq!(more.shape(), [5, 2, 4]);
    /// ```
    ///
    /// # Panics
    /// If there are no weights or the shapes do not fit.
    #[track_caller]
    pub fn lstm(
        &self,
        state: Option<(&Self, &Self)>,
        weights: &[RecurrentWeights<T>],
        options: RecurrentOptions,
    ) -> (Self, (Self, Self)) {
        let states = state.map(|(h, c)| vec![h, c]);
        let (y, mut last) = self.stack_of_layers(RecurrentCell::Lstm, states, weights, options);
        let c = last.pop().expect("a cell state");
        (y, (last.pop().expect("a hidden state"), c))
    }
}
