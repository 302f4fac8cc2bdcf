//! A recurrent layer in tensor operations.

use smallvec::smallvec;

use super::layer::{Plan, Recurrent, RecurrentCell};
use crate::Float;
use crate::function::{Composed, Tensors};
use crate::indices::Indices;
use crate::kernels::recurrent::Packing;
use crate::shape::Shape;
use crate::tensor::Tensor;

impl<T: Float> Composed<T> for Recurrent {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let p = self.plan(inputs.len(), &|i| Shape::from_slice(inputs[i].shape()));
        let packing = Packing::new(p.steps, p.batch, self.lengths.as_deref(), self.reverse);
        let pick = |x: &Tensor<T>, rows: &[i64]| x.index_select(0, &Indices::from(rows.to_vec()));
        let x = pick(&inputs[0].reshape([p.steps * p.batch, p.input]), &packing.rows);
        let of_inputs = x.linear(&inputs[p.w_ih], p.biases.map(|(ih, _)| &inputs[ih]));
        // All states by row, the initial ones first.
        let mut states = vec![pick(&inputs[1], &packing.order)];
        let mut cells = vec![];
        if self.is_lstm() {
            cells.push(pick(&inputs[2], &packing.order));
        }
        let mut start = 0;
        for &n in &packing.counts {
            let n = n as isize;
            let gates = of_inputs.slice(0, start..start + n);
            let before = |states: &[Tensor<T>]| states.last().map(|state| state.slice(0, 0..n));
            let (h, c) = (before(&states).expect("an initial state"), before(&cells));
            let (h, c) = self.step(&p, inputs, &gates, &h, c.as_ref());
            states.push(h);
            cells.extend(c);
            start += n;
        }
        let all = |states: &[Tensor<T>]| Tensor::concat(&states.iter().collect::<Vec<_>>(), 0);
        let last_cells = self.is_lstm().then(|| pick(&all(&cells), &packing.last));
        // One more row is what stands beyond the lengths.
        states.push(Tensor::zeros([1, p.width]));
        let states = all(&states);
        let beyond = p.batch + packing.rows.len();
        let mut places = vec![beyond as i64; p.steps * p.batch];
        for (i, &row) in packing.rows.iter().enumerate() {
            places[row as usize] = (p.batch + i) as i64;
        }
        let y = pick(&states, &places).reshape([p.steps, p.batch, p.width]);
        let mut outputs: Tensors<T> = smallvec![y, pick(&states, &packing.last)];
        outputs.extend(last_cells);
        outputs
    }
}

impl Recurrent {
    /// The states after a step, from the inputs' share of its gates and the states before.
    fn step<T: Float>(
        &self,
        p: &Plan,
        inputs: &[Tensor<T>],
        gates: &Tensor<T>,
        h: &Tensor<T>,
        c: Option<&Tensor<T>>,
    ) -> (Tensor<T>, Option<Tensor<T>>) {
        let (w_hh, b_hh) = (&inputs[p.w_hh], p.biases.map(|(_, hh)| &inputs[hh]));
        let hidden = p.hidden as isize;
        // Gates from..to of a tensor that has all.
        let part =
            |x: &Tensor<T>, axis: isize, from: isize, to: isize| x.slice(axis, from * hidden..to * hidden);
        let gate = |x: &Tensor<T>, k: isize| part(x, 1, k, k + 1);
        match self.cell {
            RecurrentCell::RnnTanh => ((gates + h.linear(w_hh, b_hh)).tanh(), None),
            RecurrentCell::RnnRelu => ((gates + h.linear(w_hh, b_hh)).relu(), None),
            RecurrentCell::Gru { reset_after } => {
                let (z, n) = if reset_after {
                    let of_state = h.linear(w_hh, b_hh);
                    let r = (gate(gates, 0) + gate(&of_state, 0)).sigmoid();
                    let z = (gate(gates, 1) + gate(&of_state, 1)).sigmoid();
                    let n = (gate(gates, 2) + r * gate(&of_state, 2)).tanh();
                    (z, n)
                } else {
                    let bias = |from, to| b_hh.map(|b| part(b, 0, from, to));
                    let two = part(gates, 1, 0, 2) + h.linear(&part(w_hh, 0, 0, 2), bias(0, 2).as_ref());
                    let (r, z) = (gate(&two, 0).sigmoid(), gate(&two, 1).sigmoid());
                    let of_state = (&r * h).linear(&part(w_hh, 0, 2, 3), bias(2, 3).as_ref());
                    (z, (gate(gates, 2) + of_state).tanh())
                };
                ((1.0 - &z) * n + z * h, None)
            }
            RecurrentCell::Lstm => {
                let sums = gates + h.linear(w_hh, b_hh);
                let (i, f) = (gate(&sums, 0).sigmoid(), gate(&sums, 1).sigmoid());
                let (g, o) = (gate(&sums, 2).tanh(), gate(&sums, 3).sigmoid());
                let c = f * c.expect("an LSTM has a cell state") + i * g;
                let h = o * c.tanh();
                (p.w_hr.map_or_else(|| h.clone(), |w_hr| h.linear(&inputs[w_hr], None)), Some(c))
            }
        }
    }
}
