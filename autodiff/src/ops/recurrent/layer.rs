//! One recurrent layer in one direction, as one node of the record.

use ndarray::Slice;
use smallvec::smallvec;

use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::index::{index_add, index_select};
use crate::kernels::layout::Along;
use crate::kernels::product::{Matrices, matmul_batched};
use crate::kernels::recurrent::{Found, Kept, Layer, Packing, Pass, Schedule};
use crate::kernels::reduce;
use crate::shape::{Shape, ShapeError, Shapes};
use crate::tensor::Tensor;
use crate::value::Value;

pub use crate::kernels::recurrent::Cell as RecurrentCell;

builtin!(Recurrent);

/// One recurrent layer in one direction over a whole sequence; fused.
///
/// Inputs x [T, N, I], h₀ [N, P], for an LSTM c₀ [N, H], then w_ih [G·H, I], w_hh [G·H, P], perhaps b_ih \[G·H\] and
/// b_hh \[G·H\], and for an LSTM perhaps a projection w_hr [P, H]; without one P = H. G is the number of gates: 1, 3
/// (in the order r z n) or 4 (i f g o). Outputs the states [T, N, P], the last state [N, P], and the last cell state
/// [N, H] of an LSTM. The formulas stand at [`Tensor::rnn_tanh`], [`Tensor::gru`] and [`Tensor::lstm`].
///
/// The inputs' share of all gates of all steps is one product, and so is each weight's gradient.
#[derive(Clone, Debug)]
pub struct Recurrent {
    /// What each step does.
    pub cell: RecurrentCell,
    /// Whether the sequences are gone through from their ends.
    pub reverse: bool,
    /// The lengths of the N sequences, if they are not all T. The outputs beyond a length are zeros.
    pub lengths: Option<Vec<usize>>,
}

/// The sizes, and the positions of the weights among the inputs.
pub(super) struct Plan {
    pub(super) steps: usize,
    pub(super) batch: usize,
    pub(super) input: usize,
    /// H.
    pub(super) hidden: usize,
    /// P.
    pub(super) width: usize,
    /// G·H.
    pub(super) gates: usize,
    pub(super) w_ih: usize,
    pub(super) w_hh: usize,
    pub(super) biases: Option<(usize, usize)>,
    pub(super) w_hr: Option<usize>,
}

fn elements<T: Float>(value: &Value<T>) -> &[T] {
    value.as_slice().expect("row-major")
}

fn elements_mut<T: Float>(value: &mut Value<T>) -> &mut [T] {
    value.view_mut().into_slice().expect("row-major")
}

/// A value all of whose elements are written later.
fn blank<T: Float>(shape: &[usize]) -> Value<T> {
    Value::build(shape, |_| ())
}

/// Rows of a matrix in another order.
fn picked<T: Float>(matrix: &[T], width: usize, rows: &[i64]) -> Value<T> {
    let along = Along { outer: 1, n: matrix.len().checked_div(width).unwrap_or(0), inner: width };
    Value::build(&[rows.len(), width], |out| index_select(matrix, along, rows, out))
}

/// Rows put where they belong in a value of zeros.
fn placed<T: Float>(matrix: &[T], shape: &[usize], rows: &[i64]) -> Value<T> {
    let width = *shape.last().expect("features");
    let n = shape[..shape.len() - 1].iter().product();
    Value::build(shape, |out| {
        out.fill(T::zero());
        index_add(matrix, Along { outer: 1, n, inner: width }, rows, out);
    })
}

/// The rows of [steps, batch, features] in the order of a packing; if there is none, as they are.
fn packed<T: Float>(x: &Value<T>, packing: Option<&Packing>) -> Value<T> {
    match packing {
        Some(packing) => picked(elements(x), x.shape()[2], &packing.rows),
        None => x.clone(),
    }
}

/// A state of each entry in the order of a packing.
fn in_order<T: Float>(state: &Value<T>, packing: Option<&Packing>) -> Value<T> {
    match packing {
        Some(packing) => picked(elements(state), state.shape()[1], &packing.order),
        None => state.clone(),
    }
}

/// The states of an order by entry.
fn by_entry<T: Float>(state: Value<T>, packing: Option<&Packing>) -> Value<T> {
    match packing {
        Some(packing) => picked(elements(&state), state.shape()[1], &packing.places),
        None => state,
    }
}

/// out ← dᵀ·x for some columns of d [rows, …] and all of x: what the rows of a weight get.
fn weight_gradient<T: Float>(d: &Value<T>, from: usize, x: &Value<T>, out: &mut [T]) {
    let (rows, wide, columns) = (d.shape()[0], d.shape()[1], x.shape()[1]);
    if out.is_empty() {
        return;
    }
    let d = Matrices::row_major(&elements(d)[from.min(d.len())..], rows, wide).transposed();
    let x = Matrices::row_major(elements(x), rows, columns);
    matmul_batched(1, out.len() / columns, rows, columns, d, x, out, false);
}

/// The sum of the rows.
fn column_sums<T: Float>(d: &Value<T>) -> Tensor<T> {
    Value::build(&d.shape()[1..], |out| reduce::sum(d.view(), &[0], out)).into()
}

impl Recurrent {
    pub(super) fn is_lstm(&self) -> bool {
        self.cell == RecurrentCell::Lstm
    }

    /// The sizes for inputs of as many and of these shapes, which fit.
    pub(super) fn plan(&self, inputs: usize, shape: &dyn Fn(usize) -> Shape) -> Plan {
        let (x, w_ih) = (shape(0), if self.is_lstm() { 3 } else { 2 });
        let (width, gates) = (shape(1)[1], shape(w_ih)[0]);
        let weights = inputs - w_ih;
        Plan {
            steps: x[0],
            batch: x[1],
            input: x[2],
            hidden: if self.is_lstm() { shape(2)[1] } else { width },
            width,
            gates,
            w_ih,
            w_hh: w_ih + 1,
            biases: (weights >= 4).then_some((w_ih + 2, w_ih + 3)),
            w_hr: (weights % 2 == 1).then_some(inputs - 1),
        }
    }

    /// The packing, if the sequences have several lengths.
    fn packing(&self, steps: usize, batch: usize) -> Option<Packing> {
        let lengths = self.lengths.as_ref()?;
        let needed = lengths.iter().any(|&n| n != steps);
        needed.then(|| Packing::new(steps, batch, Some(lengths), self.reverse))
    }

    fn schedule(&self, packing: Option<&Packing>, plan: &Plan) -> Schedule {
        match packing {
            Some(packing) => packing.schedule(),
            None => Schedule::uniform(plan.steps, plan.batch, self.reverse),
        }
    }

    /// What a step adds to the gates, and to a GRU's product of the candidate with the state, which the reset
    /// gate multiplies with its bias.
    fn biases<T: Float>(&self, hidden: usize, biases: Option<(&[T], &[T])>) -> (Vec<T>, Vec<T>) {
        let gates = self.cell.gates() * hidden;
        let Some((ih, hh)) = biases else { return (vec![T::zero(); gates], vec![T::zero(); hidden]) };
        let mut sum: Vec<T> = ih.iter().zip(hh).map(|(&a, &b)| a + b).collect();
        if !matches!(self.cell, RecurrentCell::Gru { .. }) {
            return (sum, Vec::new());
        }
        sum[2 * hidden..].copy_from_slice(&ih[2 * hidden..]);
        (sum, hh[2 * hidden..].to_vec())
    }

    fn check(&self, inputs: &[&[usize]]) -> Result<(), ShapeError> {
        let fail = |detail: String| Err(ShapeError::new(detail));
        let states = if self.is_lstm() { 2 } else { 1 };
        let weights = inputs.len().saturating_sub(1 + states);
        if !(weights == 2 || weights == 4 || self.is_lstm() && (weights == 3 || weights == 5)) {
            return fail(format!("{} inputs are not an input, states and weights", inputs.len()));
        }
        let (&[steps, batch, input], &[_, width]) = (inputs[0], inputs[1]) else {
            return fail("the input is not [steps, batch, features] or the state not [batch, units]".into());
        };
        let hidden = match (self.is_lstm(), inputs[states]) {
            (_, &[_, hidden]) => hidden,
            _ => return fail("the cell state is not [batch, units]".into()),
        };
        let gates = self.cell.gates() * hidden;
        let mut expected: Vec<(&str, Vec<usize>)> = vec![("hidden state", vec![batch, width])];
        if self.is_lstm() {
            expected.push(("cell state", vec![batch, hidden]));
        }
        expected.extend([("weight_ih", vec![gates, input]), ("weight_hh", vec![gates, width])]);
        if weights >= 4 {
            expected.extend([("bias_ih", vec![gates]), ("bias_hh", vec![gates])]);
        }
        if weights % 2 == 1 {
            expected.push(("weight_hr", vec![width, hidden]));
        } else if width != hidden {
            expected[0].1[1] = hidden;
        }
        for ((name, expected), found) in expected.iter().zip(&inputs[1..]) {
            if expected != found {
                return fail(format!("the {name} {found:?} is not {expected:?}"));
            }
        }
        let Some(lengths) = &self.lengths else { return Ok(()) };
        if lengths.len() != batch {
            return fail(format!("{} lengths were given for a batch of {batch}", lengths.len()));
        }
        match lengths.iter().position(|&n| n > steps) {
            Some(i) => fail(format!("the length {} of entry {i} is more than the {steps} steps", lengths[i])),
            None => Ok(()),
        }
    }
}

impl Recurrent {
    /// The steps of all sequences that are computed.
    fn valid_steps(&self, p: &Plan) -> usize {
        self.lengths.as_ref().map_or(p.steps * p.batch, |lengths| lengths.iter().sum())
    }
}

impl<T: Float> Function<T> for Recurrent {
    fn name(&self) -> &'static str {
        match self.cell {
            RecurrentCell::RnnTanh => "rnn_tanh",
            RecurrentCell::RnnRelu => "rnn_relu",
            RecurrentCell::Gru { .. } => "gru",
            RecurrentCell::Lstm => "lstm",
        }
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        self.check(inputs)?;
        let state = |i: usize| Shape::from_slice(inputs[i]);
        let mut shapes: Shapes =
            smallvec![Shape::from_slice(&[inputs[0][0], inputs[0][1], inputs[1][1]]), state(1)];
        if self.is_lstm() {
            shapes.push(state(2));
        }
        Ok(shapes)
    }

    fn flops(&self, inputs: &[&[usize]], _: &[&[usize]]) -> u64 {
        // The products with the weights; then for each unit its gates' activations, and what makes a state of them.
        let p = self.plan(inputs.len(), &|i| Shape::from_slice(inputs[i]));
        let products = p.gates * (p.input + p.width) + p.w_hr.map_or(0, |_| p.hidden * p.width);
        (self.valid_steps(&p) * (2 * products + p.gates + 5 * p.hidden)) as u64
    }

    fn backward_flops(&self, inputs: &[&[usize]], _: &[&[usize]], needs: &[bool]) -> u64 {
        // The product that carries the gradient through time is always taken, those for x and the weights where
        // they are wanted; the cell's own rule is about three times its forward pass.
        let p = self.plan(inputs.len(), &|i| Shape::from_slice(inputs[i]));
        let wanted = |i: usize| usize::from(needs[i]);
        let gates = p.gates * (p.input * (wanted(0) + wanted(p.w_ih)) + p.width * (1 + wanted(p.w_hh)));
        let projection = p.w_hr.map_or(0, |i| p.hidden * p.width * (1 + wanted(i)));
        (self.valid_steps(&p) * (2 * (gates + projection) + 3 * (p.gates + 5 * p.hidden))) as u64
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        let p = self.plan(inputs.len(), &|i| Shape::from_slice(inputs[i].shape()));
        let inputs: Vec<Value<T>> = inputs.iter().map(|x| x.contiguous()).collect();
        let packing = self.packing(p.steps, p.batch);
        let (packing, schedule) = (packing.as_ref(), self.schedule(packing.as_ref(), &p));
        let rows = schedule.rows();
        let mut gates = Value::build(&[rows, p.gates], |gates| {
            let x = packed(&inputs[0], packing);
            let x = Matrices::row_major(elements(&x), rows, p.input);
            let w_ih = Matrices::row_major(elements(&inputs[p.w_ih]), p.gates, p.input).transposed();
            matmul_batched(1, rows, p.input, p.gates, x, w_ih, gates, false);
        });
        let begun = |first: &Value<T>, width: usize| {
            let (first, at) = (in_order(first, packing), schedule.initial * width);
            let mut all = blank(&[p.batch + rows, width]);
            elements_mut(&mut all)[at..at + first.len()].copy_from_slice(elements(&first));
            all
        };
        let mut states = begun(&inputs[1], p.width);
        let mut carry = match self.cell {
            RecurrentCell::Lstm => begun(&inputs[2], p.hidden),
            RecurrentCell::Gru { reset_after: true } => blank(&[rows, p.hidden]),
            _ => blank(&[0]),
        };
        let biases = p.biases.map(|(ih, hh)| (elements(&inputs[ih]), elements(&inputs[hh])));
        let (bias, bias_n) = self.biases(p.hidden, biases);
        let layer = Layer {
            cell: self.cell,
            schedule: &schedule,
            hidden: p.hidden,
            width: p.width,
            weight_hh: elements(&inputs[p.w_hh]),
            weight_hr: p.w_hr.map(|i| elements(&inputs[i])),
        };
        let pass = Pass {
            gates: elements_mut(&mut gates),
            carry: elements_mut(&mut carry),
            states: elements_mut(&mut states),
        };
        layer.forward(&bias, &bias_n, pass);

        let last = |all: &Value<T>, width: usize| match packing {
            Some(packing) => picked(elements(all), width, &packing.last),
            None => {
                let row = schedule.steps.last().map_or(schedule.initial, |step| step.0 + schedule.shift);
                let last = &elements(all)[row * width..(row + p.batch) * width];
                Value::build(&[p.batch, width], |out| out.copy_from_slice(last))
            }
        };
        let shape = [p.steps, p.batch, p.width];
        let after = states.sliced(0, Slice::from(schedule.shift..schedule.shift + rows));
        let y = match packing {
            Some(packing) => placed(elements(&after), &shape, &packing.rows),
            None => after.reshaped(&shape),
        };
        let mut outputs = vec![y, last(&states, p.width)];
        if self.is_lstm() {
            outputs.push(last(&carry, p.hidden));
        }
        cx.save(states);
        if self.cell.gates() > 1 {
            cx.save(gates);
            cx.save(carry);
        }
        Outputs::several(outputs)
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let p = self.plan(cx.inputs(), &|i| Shape::from_slice(cx.input_shape(i)));
        let input = |i: usize| cx.input(i).value.contiguous();
        let packing = self.packing(p.steps, p.batch);
        let (packing, schedule) = (packing.as_ref(), self.schedule(packing.as_ref(), &p));
        let rows = schedule.rows();
        let states = cx.extra(0).value;
        let (gates, carry) = match self.cell.gates() {
            1 => (blank(&[0]), blank(&[0])),
            _ => (cx.extra(1).value, cx.extra(2).value),
        };
        let gradient = |i: usize| grads.get(i)?.as_ref().map(|grad| grad.value.contiguous());
        let dy = gradient(0).map(|dy| packed(&dy, packing));
        let begun = |grad: Option<Value<T>>, width: usize| {
            Value::build(&[p.batch, width], |out| match grad {
                Some(grad) => out.copy_from_slice(elements(&in_order(&grad, packing))),
                None => out.fill(T::zero()),
            })
        };
        let (mut dh, mut dc) = (begun(gradient(1), p.width), begun(gradient(2), p.hidden));
        let reset_after = self.cell == RecurrentCell::Gru { reset_after: true };
        let reset_before = self.cell == RecurrentCell::Gru { reset_after: false };
        let blank_if = |needed: bool, width: usize| blank(&[if needed { rows } else { 0 }, width]);
        let mut d_gates = blank_if(true, p.gates);
        let mut d_products = blank_if(reset_after, p.gates);
        let mut d_states = blank_if(p.w_hr.is_some(), p.width);
        let mut inner = blank_if(p.w_hr.is_some() || reset_before, p.hidden);
        let (w_hh, w_hr) = (input(p.w_hh), p.w_hr.map(input));
        let layer = Layer {
            cell: self.cell,
            schedule: &schedule,
            hidden: p.hidden,
            width: p.width,
            weight_hh: elements(&w_hh),
            weight_hr: w_hr.as_ref().map(elements),
        };
        let kept = Kept { gates: elements(&gates), carry: elements(&carry), states: elements(&states) };
        let found = Found {
            dh: elements_mut(&mut dh),
            dc: elements_mut(&mut dc),
            d_gates: elements_mut(&mut d_gates),
            d_products: elements_mut(&mut d_products),
            d_states: elements_mut(&mut d_states),
            inner: elements_mut(&mut inner),
        };
        layer.backward(kept, dy.as_ref().map(elements), found);

        let mut out: InputGradients<T> = smallvec![None; cx.inputs()];
        if cx.needs(0) {
            let w_ih = input(p.w_ih);
            let dx = Value::build(&[rows, p.input], |dx| {
                let d = Matrices::row_major(elements(&d_gates), rows, p.gates);
                let w_ih = Matrices::row_major(elements(&w_ih), p.gates, p.input);
                matmul_batched(1, rows, p.gates, p.input, d, w_ih, dx, false);
            });
            let shape = [p.steps, p.batch, p.input];
            let dx = match packing {
                Some(packing) => placed(elements(&dx), &shape, &packing.rows),
                None => dx.reshaped(&shape),
            };
            out[0] = Some(dx.into());
        }
        out[1] = Some(by_entry(dh, packing).into());
        if self.is_lstm() {
            out[2] = Some(by_entry(dc, packing).into());
        }
        if cx.needs(p.w_ih) {
            let x = packed(&input(0), packing).reshaped(&[rows, p.input]);
            let dw = Value::build(&[p.gates, p.input], |dw| weight_gradient(&d_gates, 0, &x, dw));
            out[p.w_ih] = Some(dw.into());
        }
        // What the products with the state have as gradients.
        let d_products = if reset_after { &d_products } else { &d_gates };
        if cx.needs(p.w_hh) {
            let before = match packing {
                Some(packing) => picked(elements(&states), p.width, &packing.before),
                None => {
                    let from = p.batch - schedule.shift;
                    states.sliced(0, Slice::from(from..from + rows))
                }
            };
            let dw = Value::build(&[p.gates, p.width], |dw| {
                let of_states = if reset_before { 2 * p.hidden * p.width } else { dw.len() };
                let (dw, dw_n) = dw.split_at_mut(of_states);
                weight_gradient(d_products, 0, &before, dw);
                weight_gradient(d_products, 2 * p.hidden, &inner, dw_n);
            });
            out[p.w_hh] = Some(dw.into());
        }
        if let Some((ih, hh)) = p.biases {
            let db = column_sums(&d_gates);
            out[hh] = Some(if reset_after { column_sums(d_products) } else { db.clone() });
            out[ih] = Some(db);
        }
        if let Some(w_hr) = p.w_hr
            && cx.needs(w_hr)
        {
            let dw = Value::build(&[p.width, p.hidden], |dw| weight_gradient(&d_states, 0, &inner, dw));
            out[w_hr] = Some(dw.into());
        }
        out
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}
