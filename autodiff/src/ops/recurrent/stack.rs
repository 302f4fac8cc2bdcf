//! Layers over layers, in one direction or two.

use super::{Recurrent, RecurrentCell, RecurrentOptions, RecurrentWeights};
use crate::shape::{ShapeError, refuse};
use crate::tensor::apply_several;
use crate::{Float, Function, Tensor};

impl<T: Float> Tensor<T> {
    /// Layers of a cell that has a hidden state only.
    #[track_caller]
    pub(super) fn stack_of_one_state(
        &self,
        cell: RecurrentCell,
        state: Option<&Self>,
        weights: &[RecurrentWeights<T>],
        options: RecurrentOptions,
    ) -> (Self, Self) {
        let (y, mut last) = self.stack_of_layers(cell, state.map(|h| vec![h]), weights, options);
        (y, last.pop().expect("a hidden state"))
    }

    /// Runs each layer over the states of the one below. Gives the last one's states, and the last states of all,
    /// one tensor for each kind of state.
    #[track_caller]
    pub(super) fn stack_of_layers(
        &self,
        cell: RecurrentCell,
        states: Option<Vec<&Self>>,
        weights: &[RecurrentWeights<T>],
        options: RecurrentOptions,
    ) -> (Self, Vec<Self>) {
        let stack = match Stack::of(cell, self, states, weights, &options) {
            Ok(stack) => stack,
            Err(error) => {
                let layer = Recurrent { cell, reverse: false, lengths: None };
                refuse(error.of(Function::<T>::name(&layer), &[self.shape()]))
            }
        };
        let mut sequence = stack.sequence.clone();
        let mut last = vec![Vec::new(); stack.states.len()];
        for (l, weights) in weights.chunks_exact(stack.directions).enumerate() {
            if l > 0 {
                sequence = sequence.dropout(options.dropout);
            }
            let mut sides = Vec::with_capacity(stack.directions);
            for (d, weights) in weights.iter().enumerate() {
                let layer = Recurrent { cell, reverse: d == 1, lengths: options.lengths.clone() };
                let entry = (l * stack.directions + d) as isize;
                let states: Vec<Self> = stack.states.iter().map(|s| s.select(0, entry)).collect();
                let mut inputs = vec![&sequence];
                inputs.extend(&states);
                inputs.extend(weights.inputs());
                let mut out = apply_several(layer, &inputs).into_iter();
                sides.push(out.next().expect("the states of all steps"));
                last.iter_mut().zip(out).for_each(|(last, state)| last.push(state));
            }
            sequence = match &sides[..] {
                [one] => one.clone(),
                both => Self::concat(&both.iter().collect::<Vec<_>>(), 2),
            };
        }
        let mut last: Vec<Self> =
            last.iter().map(|all| Self::stack(&all.iter().collect::<Vec<_>>(), 0)).collect();
        if self.ndim() == 2 {
            last = last.iter().map(|state| state.squeeze(1)).collect();
            sequence = sequence.squeeze(1);
        } else if options.batch_first {
            sequence = sequence.transpose(0, 1);
        }
        (sequence, last)
    }
}

/// A stack's inputs, with a batch and steps first.
struct Stack<T: Float> {
    sequence: Tensor<T>,
    /// h, and c of an LSTM, [entries, batch, units] each.
    states: Vec<Tensor<T>>,
    directions: usize,
}

impl<T: Float> Stack<T> {
    fn of(
        cell: RecurrentCell,
        x: &Tensor<T>,
        states: Option<Vec<&Tensor<T>>>,
        weights: &[RecurrentWeights<T>],
        options: &RecurrentOptions,
    ) -> Result<Self, ShapeError> {
        let fail = |detail: String| Err(ShapeError::new(detail));
        let directions = if options.bidirectional { 2 } else { 1 };
        if weights.is_empty() || !weights.len().is_multiple_of(directions) {
            let needed = if options.bidirectional { "two for each layer" } else { "one for each layer" };
            return fail(format!("{} weights were given, not {needed}", weights.len()));
        }
        let is_gru = matches!(cell, RecurrentCell::Gru { .. });
        if !options.reset_after && !is_gru {
            return fail("only a GRU has a reset gate to be put before the product".into());
        }
        if !(0.0..=1.0).contains(&options.dropout) {
            return fail(format!("the probability {} is not in 0..=1", options.dropout));
        }
        let biased = weights[0].biases.is_some();
        let projected = weights[0].weight_hr.is_some();
        if let Some(i) = weights.iter().position(|w| w.biases.is_some() != biased) {
            return fail(format!("weights 0 and {i} differ in having biases"));
        }
        if let Some(i) = weights.iter().position(|w| w.weight_hr.is_some() != projected) {
            return fail(format!("weights 0 and {i} differ in having a projection"));
        }
        if projected && cell != RecurrentCell::Lstm {
            return fail("only an LSTM has a projection of its state".into());
        }
        let sequence = match x.ndim() {
            2 => x.unsqueeze(1),
            3 if options.batch_first => x.transpose(0, 1),
            3 => x.clone(),
            _ => {
                return fail(
                    "the input does not have the 3 axes of a batch of sequences, or the 2 of one".into(),
                );
            }
        };
        // The sizes of the states, from weights whose own sizes are checked where they are used.
        let (&[rows, _], &[_, width]) = (weights[0].weight_ih.shape(), weights[0].weight_hh.shape()) else {
            return fail("weight_ih and weight_hh must have 2 axes".into());
        };
        let (batch, units) = (sequence.shape()[1], rows / cell.gates());
        if !projected && width != units {
            return fail(format!(
                "the weight_hh {:?} is not [{rows}, {units}]",
                weights[0].weight_hh.shape()
            ));
        }
        let units = [width, units];
        let count = if cell == RecurrentCell::Lstm { 2 } else { 1 };
        let names = ["hidden", "cell"];
        let mut found = Vec::with_capacity(count);
        for (i, &units) in units[..count].iter().enumerate() {
            let expected = [weights.len(), batch, units];
            let Some(given) = states.as_ref().map(|states| states[i]) else {
                found.push(Tensor::zeros(expected));
                continue;
            };
            let shape = given.shape();
            let fits = if x.ndim() == 2 { shape == [expected[0], units] } else { shape == expected };
            if !fits {
                let without_batch: &[usize] = &[expected[0], units];
                let expected = if x.ndim() == 2 { without_batch } else { &expected };
                return fail(format!("the {} state {shape:?} is not {expected:?}", names[i]));
            }
            found.push(if x.ndim() == 2 { given.unsqueeze(1) } else { given.clone() });
        }
        Ok(Self { sequence, states: found, directions })
    }
}
