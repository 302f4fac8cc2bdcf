//! One step of one recurrent layer.

use super::{Recurrent, RecurrentCell, RecurrentWeights};
use crate::function::Tensors;
use crate::shape::{ShapeError, refuse};
use crate::tensor::apply_several;
use crate::{Float, Function, Tensor};

impl<T: Float> Tensor<T> {
    /// One step of [`rnn_tanh`](Self::rnn_tanh): tanh(w_ih x + b_ih + w_hh h + b_hh) of [batch, features] or
    /// \[features\], from the state [batch, units] or \[units\].
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let weights = RecurrentWeights::<f64>::new(Tensor::ones([1, 2]), Tensor::ones([1, 1]));
    /// let x = Tensor::from_vec([2], vec![1.0, 2.0]);
    /// assert_eq!(x.rnn_tanh_cell(&Tensor::full([1], -2.5), &weights).to_vec(), [0.5f64.tanh()]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn rnn_tanh_cell(&self, h: &Self, weights: &RecurrentWeights<T>) -> Self {
        self.step_of(RecurrentCell::RnnTanh, &[h], weights).remove(0)
    }

    /// One step of [`rnn_relu`](Self::rnn_relu): max(w_ih x + b_ih + w_hh h + b_hh, 0) of [batch, features] or
    /// \[features\], from the state [batch, units] or \[units\].
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let weights = RecurrentWeights::<f64>::new(Tensor::ones([1, 2]), Tensor::ones([1, 1]));
    /// let x = Tensor::from_vec([2], vec![1.0, 2.0]);
    /// assert_eq!(x.rnn_relu_cell(&Tensor::full([1], -2.5), &weights).to_vec(), [0.5]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn rnn_relu_cell(&self, h: &Self, weights: &RecurrentWeights<T>) -> Self {
        self.step_of(RecurrentCell::RnnRelu, &[h], weights).remove(0)
    }

    /// One step of [`gru`](Self::gru): the state after x, [batch, features] or \[features\], from the state
    /// [batch, units] or \[units\].
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let weights = RecurrentWeights::<f32>::new(Tensor::ones([12, 3]), Tensor::ones([12, 4]));
    /// let h = Tensor::zeros([2, 3]).gru_cell(&Tensor::zeros([2, 4]), &weights);
    /// assert_eq!(h.to_vec(), [0.0; 8]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn gru_cell(&self, h: &Self, weights: &RecurrentWeights<T>) -> Self {
        self.gru_cell_with(h, weights, true)
    }

    /// [`gru_cell`](Self::gru_cell) with the reset after the product of the state, as there, or before it, as in Cho
    /// et al.: n = tanh(W_n x + b_n + U_n(r⊙h) + c_n).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let weights = RecurrentWeights::<f64>::new(Tensor::zeros([3, 1]), Tensor::from_vec([3, 1], vec![0.0, 0.0, 2.0]));
    /// let h = Tensor::zeros([1]).gru_cell_with(&Tensor::ones([1]), &weights, false);
    /// assert_eq!(h.item(), 0.5 * 1f64.tanh() + 0.5);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn gru_cell_with(&self, h: &Self, weights: &RecurrentWeights<T>, reset_after: bool) -> Self {
        self.step_of(RecurrentCell::Gru { reset_after }, &[h], weights).remove(0)
    }

    /// One step of [`lstm`](Self::lstm): (h, c) after x, [batch, features] or \[features\], from (h, c), [batch, units] or
    /// \[units\] each.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let weights = RecurrentWeights::<f32>::new(Tensor::zeros([16, 3]), Tensor::zeros([16, 4]));
    /// let (h, c) = Tensor::zeros([2, 3]).lstm_cell((&Tensor::zeros([2, 4]), &Tensor::ones([2, 4])), &weights);
    /// assert_eq!(c.to_vec(), [0.5; 8]);
    /// assert_eq!(h.to_vec(), [0.5 * 0.5f32.tanh(); 8]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn lstm_cell(&self, state: (&Self, &Self), weights: &RecurrentWeights<T>) -> (Self, Self) {
        let mut out = self.step_of(RecurrentCell::Lstm, &[state.0, state.1], weights);
        let c = out.remove(1);
        (out.remove(0), c)
    }

    /// The states after one step: the last ones of a sequence that has no more.
    #[track_caller]
    fn step_of(&self, cell: RecurrentCell, states: &[&Self], weights: &RecurrentWeights<T>) -> Tensors<T> {
        let layer = Recurrent { cell, reverse: false, lengths: None };
        let rank = self.ndim();
        let name = Function::<T>::name(&layer);
        if !(rank == 1 || rank == 2) || states.iter().any(|s| s.ndim() != rank) {
            let shapes: Vec<&[usize]> =
                [self].into_iter().chain(states.iter().copied()).map(Self::shape).collect();
            let what = "the input and the state are not [batch, features] and [batch, units], or \
                        [features] and [units]";
            refuse(ShapeError::new(what).of(name, &shapes));
        }
        if weights.weight_hr.is_some() && cell != RecurrentCell::Lstm {
            refuse(ShapeError::new("only an LSTM has a projection of its state").of(name, &[self.shape()]));
        }
        let batched = |x: &Self| if rank == 1 { x.unsqueeze(0) } else { x.clone() };
        let x = batched(self).unsqueeze(0);
        let states: Vec<Self> = states.iter().map(|state| batched(state)).collect();
        let mut inputs = vec![&x];
        inputs.extend(&states);
        inputs.extend(weights.inputs());
        let mut out = apply_several(layer, &inputs);
        out.remove(0);
        if rank == 1 { out.iter().map(|state| state.squeeze(0)).collect() } else { out }
    }
}
