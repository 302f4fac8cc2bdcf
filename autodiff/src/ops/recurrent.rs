//! Recurrent layers over whole sequences.

use smallvec::smallvec;

use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors, builtin};
use crate::kernels::lstm;
use crate::kernels::product::{Matrices, matmul_batched};
use crate::kernels::reduce;
use crate::shape::{Shape, ShapeError, Shapes};
use crate::tensor::{Tensor, apply_several};
use crate::value::Value;

builtin!(Lstm);

/// One LSTM layer over a sequence; fused.
///
/// Inputs x [T, N, I], h₀ [N, H], c₀ [N, H], w_ih [4H, I], w_hh [4H, H] and perhaps b_ih \[4H\], b_hh \[4H\], the
/// gates in the order i f g o; outputs h [T, N, H], h_T [N, H], c_T [N, H]. For each step
/// i, f, o = σ(·), g = tanh(·) of w_ih x + b_ih + w_hh h + b_hh, c ← f·c + i·g, h ← o·tanh c.
///
/// The inputs' share of all gates of all steps is one product, and so is each weight's gradient.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lstm;

#[derive(Clone, Copy)]
struct Sizes {
    steps: usize,
    batch: usize,
    input: usize,
    hidden: usize,
}

impl Sizes {
    fn of(x: &[usize], h: &[usize]) -> Self {
        Self { steps: x[0], batch: x[1], input: x[2], hidden: h[1] }
    }

    /// Elements of the hidden states of one step.
    fn state(self) -> usize {
        self.batch * self.hidden
    }

    fn check(inputs: &[&[usize]]) -> Result<Self, ShapeError> {
        let fail = |detail: String| Err(ShapeError::new(detail));
        if inputs.len() != 5 && inputs.len() != 7 {
            return fail(format!("{} inputs were given, not 5, or 7 with biases", inputs.len()));
        }
        let (&[_, batch, input], &[_, hidden]) = (inputs[0], inputs[1]) else {
            return fail("the input is not [steps, batch, features] or the state not [batch, hidden]".into());
        };
        let gates = 4 * hidden;
        let expected: [(&str, &[usize]); 7] = [
            ("input", inputs[0]),
            ("hidden state", &[batch, hidden]),
            ("cell state", &[batch, hidden]),
            ("input weight", &[gates, input]),
            ("hidden weight", &[gates, hidden]),
            ("input bias", &[gates]),
            ("hidden bias", &[gates]),
        ];
        for ((name, expected), found) in expected.iter().zip(inputs) {
            if expected != found {
                return fail(format!("the {name} {found:?} is not {expected:?}"));
            }
        }
        Ok(Self::of(inputs[0], inputs[1]))
    }
}

fn elements<T: Float>(value: &Value<T>) -> &[T] {
    value.as_slice().expect("row-major")
}

impl<T: Float> Function<T> for Lstm {
    fn name(&self) -> &'static str {
        "lstm"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let s = Sizes::check(inputs)?;
        let state = Shape::from_slice(&[s.batch, s.hidden]);
        Ok(smallvec![Shape::from_slice(&[s.steps, s.batch, s.hidden]), state.clone(), state])
    }

    fn flops(&self, inputs: &[&[usize]], _: &[&[usize]]) -> u64 {
        // The gates' two products; then for each unit four activations of gates, c = f·c + i·g, h = o·tanh c.
        let s = Sizes::of(inputs[0], inputs[1]);
        (s.steps * s.batch * s.hidden * (2 * 4 * (s.input + s.hidden) + 4 + 3 + 2)) as u64
    }

    fn backward_flops(&self, inputs: &[&[usize]], _: &[&[usize]], needs: &[bool]) -> u64 {
        // The product that carries the gradient through time is always taken, those for x and the weights where
        // they are wanted; the cell's own rule is about three times its forward pass.
        let s = Sizes::of(inputs[0], inputs[1]);
        let wanted = |i: usize| usize::from(needs[i]);
        let columns = s.input * (wanted(0) + wanted(3)) + s.hidden * (1 + wanted(4));
        (s.steps * s.batch * s.hidden * (2 * 4 * columns + 3 * 9)) as u64
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        let s = Sizes::of(inputs[0].shape(), inputs[1].shape());
        let inputs: Vec<Value<T>> = inputs.iter().map(|x| x.contiguous()).collect();
        let (x, h0, c0) = (elements(&inputs[0]), elements(&inputs[1]), elements(&inputs[2]));
        let (state, width) = (s.state(), 4 * s.hidden);
        let w_ih = Matrices::row_major(elements(&inputs[3]), width, s.input).transposed();
        let w_hh = Matrices::row_major(elements(&inputs[4]), width, s.hidden).transposed();
        let mut cells = Value::full(&[s.steps, s.batch, s.hidden], T::zero());
        let mut hidden = Value::full(&[s.steps, s.batch, s.hidden], T::zero());
        let gates = Value::build(&[s.steps, s.batch, width], |gates| {
            let biased = inputs.len() == 7;
            if biased && width > 0 {
                let (b_ih, b_hh) = (elements(&inputs[5]), elements(&inputs[6]));
                let bias: Vec<T> = b_ih.iter().zip(b_hh).map(|(&a, &b)| a + b).collect();
                gates.chunks_exact_mut(width).for_each(|row| row.copy_from_slice(&bias));
            }
            let rows = s.steps * s.batch;
            let x = Matrices::row_major(x, rows, s.input);
            matmul_batched(1, rows, s.input, width, x, w_ih, gates, biased);
            let (mut cells, mut hidden) = (cells.view_mut(), hidden.view_mut());
            let cells = cells.as_slice_mut().expect("row-major");
            let hidden = hidden.as_slice_mut().expect("row-major");
            for t in 0..s.steps {
                let gates = &mut gates[t * 4 * state..(t + 1) * 4 * state];
                let (c_past, c_rest) = cells.split_at_mut(t * state);
                let (h_past, h_rest) = hidden.split_at_mut(t * state);
                let (c, h) =
                    if t == 0 { (c0, h0) } else { (&c_past[(t - 1) * state..], &h_past[(t - 1) * state..]) };
                let h = Matrices::row_major(h, s.batch, s.hidden);
                matmul_batched(1, s.batch, s.hidden, width, h, w_hh, gates, true);
                lstm::forward(s.hidden, gates, c, &mut c_rest[..state], &mut h_rest[..state]);
            }
        });
        let last = |all: &Value<T>, first: &Value<T>| match s.steps {
            0 => first.clone(),
            _ => Value::build(&[s.batch, s.hidden], |out| {
                out.copy_from_slice(&elements(all)[(s.steps - 1) * state..]);
            }),
        };
        let (h_last, c_last) = (last(&hidden, &inputs[1]), last(&cells, &inputs[2]));
        cx.save(gates);
        cx.save(cells);
        cx.save_output(0);
        Outputs::several([hidden, h_last, c_last])
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let s = Sizes::of(cx.input_shape(0), cx.input_shape(1));
        let input = |i: usize| cx.input(i).value.contiguous();
        let (x, h0, c0, w_ih, w_hh) = (input(0), input(1), input(2), input(3), input(4));
        let (gates, cells, hidden) = (cx.extra(0).value, cx.extra(1).value, cx.output(0).value);
        let (state, width) = (s.state(), 4 * s.hidden);
        let state_shape = [s.batch, s.hidden];
        let start = |grad: &Option<Tensor<T>>| match grad {
            Some(grad) => elements(&grad.value.contiguous()).to_vec(),
            None => vec![T::zero(); state],
        };
        let dy = grads[0].as_ref().map(|g| g.value.contiguous());
        let (mut dh, mut dc) = (start(&grads[1]), start(&grads[2]));
        let w_hh_rows = Matrices::row_major(elements(&w_hh), width, s.hidden);
        let d_gates = Value::build(&[s.steps, s.batch, width], |d_gates| {
            for t in (0..s.steps).rev() {
                if let Some(dy) = &dy {
                    let dy = &elements(dy)[t * state..(t + 1) * state];
                    dh.iter_mut().zip(dy).for_each(|(dh, &dy)| *dh += dy);
                }
                let c_before =
                    if t == 0 { elements(&c0) } else { &elements(&cells)[(t - 1) * state..t * state] };
                let d_gates = &mut d_gates[t * 4 * state..(t + 1) * 4 * state];
                lstm::backward(
                    s.hidden,
                    &elements(&gates)[t * 4 * state..(t + 1) * 4 * state],
                    c_before,
                    &elements(&cells)[t * state..(t + 1) * state],
                    &dh,
                    &mut dc,
                    d_gates,
                );
                let d_gates = Matrices::row_major(&*d_gates, s.batch, width);
                matmul_batched(1, s.batch, width, s.hidden, d_gates, w_hh_rows, &mut dh, false);
            }
        });
        let rows = s.steps * s.batch;
        let all_gates = || Matrices::row_major(elements(&d_gates), rows, width);
        let dx = cx.needs(0).then(|| {
            Value::build(&[s.steps, s.batch, s.input], |dx| {
                let w_ih = Matrices::row_major(elements(&w_ih), width, s.input);
                matmul_batched(1, rows, width, s.input, all_gates(), w_ih, dx, false);
            })
        });
        let dw_ih = cx.needs(3).then(|| {
            Value::build(&[width, s.input], |dw| {
                let x = Matrices::row_major(elements(&x), rows, s.input);
                matmul_batched(1, width, rows, s.input, all_gates().transposed(), x, dw, false);
            })
        });
        let dw_hh = cx.needs(4).then(|| {
            Value::build(&[width, s.hidden], |dw| {
                // Step t read the hidden state of step t − 1, the first step h₀.
                dw.fill(T::zero());
                if s.steps == 0 {
                    return;
                }
                let first =
                    Matrices::row_major(&elements(&d_gates)[..4 * state], s.batch, width).transposed();
                let h0 = Matrices::row_major(elements(&h0), s.batch, s.hidden);
                matmul_batched(1, width, s.batch, s.hidden, first, h0, dw, true);
                let later = (s.steps - 1) * s.batch;
                let others = Matrices::row_major(&elements(&d_gates)[4 * state..], later, width).transposed();
                let before = Matrices::row_major(&elements(&hidden)[..later * s.hidden], later, s.hidden);
                matmul_batched(1, width, later, s.hidden, others, before, dw, true);
            })
        });
        let mut out: InputGradients<T> = smallvec![
            dx.map(Tensor::from),
            Some(Value::build(&state_shape, |out| out.copy_from_slice(&dh)).into()),
            Some(Value::build(&state_shape, |out| out.copy_from_slice(&dc)).into()),
            dw_ih.map(Tensor::from),
            dw_hh.map(Tensor::from),
        ];
        if cx.inputs() == 7 {
            let db: Tensor<T> = Value::build(&[width], |db| reduce::sum(d_gates.view(), &[0, 1], db)).into();
            out.extend([Some(db.clone()), Some(db)]);
        }
        out
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

impl<T: Float> Composed<T> for Lstm {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let (x, w_ih, w_hh) = (&inputs[0], &inputs[3], &inputs[4]);
        let (mut h, mut c) = (inputs[1].clone(), inputs[2].clone());
        let hidden = h.shape()[1] as isize;
        let mut all = Vec::with_capacity(x.shape()[0]);
        for t in 0..x.shape()[0] as isize {
            let step = x.select(0, t);
            let gates = step.linear(w_ih, inputs.get(5)) + h.linear(w_hh, inputs.get(6));
            let gate = |k: isize| gates.slice(1, k * hidden..(k + 1) * hidden);
            let (i, f, g, o) = (gate(0).sigmoid(), gate(1).sigmoid(), gate(2).tanh(), gate(3).sigmoid());
            c = f * &c + i * g;
            h = o * c.tanh();
            all.push(h.clone());
        }
        let outputs = if all.is_empty() {
            // No step: an empty sequence of states, still connected to h₀.
            h.unsqueeze(0).slice(0, 0..0)
        } else {
            Tensor::stack(&all.iter().collect::<Vec<_>>(), 0)
        };
        smallvec![outputs, h, c]
    }
}

/// The weights of one LSTM layer, the gates in the order i f g o.
#[derive(Clone, Debug)]
pub struct LstmWeights<T: Float> {
    /// [4H, I].
    pub input: Tensor<T>,
    /// [4H, H].
    pub hidden: Tensor<T>,
    /// The two biases, \[4H\] each.
    pub biases: Option<(Tensor<T>, Tensor<T>)>,
}

impl<T: Float> Tensor<T> {
    /// Stacked LSTM layers over a sequence [steps, batch, features]: each layer runs over the hidden states
    /// of the one below. `state` is (h₀, c₀), each [layers, batch, hidden].
    ///
    /// For each step i, f, o = σ(·) and g = tanh(·) of w_ih x + b_ih + w_hh h + b_hh, then c ← f·c + i·g and
    /// h ← o·tanh c. Gives the hidden states of the last layer [steps, batch, hidden] and the last (h, c) of
    /// all layers. After Hochreiter and Schmidhuber, "Long short-term memory" (1997), with the forget gate of
    /// Gers et al. (2000).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// use wengert::autodiff::ops::LstmWeights;
    ///
    /// let (steps, batch, features, hidden) = (5, 2, 3, 4);
    /// let x = Tensor::<f32>::ones([steps, batch, features]);
    /// let layer = |features| LstmWeights {
    ///     input: Tensor::zeros([4 * hidden, features]),
    ///     hidden: Tensor::zeros([4 * hidden, hidden]),
    ///     biases: None,
    /// };
    /// let zero = Tensor::zeros([2, batch, hidden]);
    /// let (y, (h, c)) = x.lstm((&zero, &zero), &[layer(features), layer(hidden)]);
    /// assert_eq!((y.shape(), h.shape(), c.shape()), (&[5, 2, 4][..], &[2, 2, 4][..], &[2, 2, 4][..]));
    /// ```
    ///
    /// # Panics
    /// If there is no layer or the shapes do not fit.
    #[track_caller]
    pub fn lstm(&self, state: (&Self, &Self), layers: &[LstmWeights<T>]) -> (Self, (Self, Self)) {
        assert!(!layers.is_empty(), "lstm: there are no layers");
        for (name, s) in [("hidden", state.0), ("cell", state.1)] {
            assert!(
                s.ndim() == 3 && s.shape()[0] == layers.len(),
                "lstm: the {name} state {:?} is not [{} layers, batch, hidden]",
                s.shape(),
                layers.len()
            );
        }
        let mut sequence = self.clone();
        let (mut last_h, mut last_c) = (Vec::new(), Vec::new());
        for (l, weights) in layers.iter().enumerate() {
            let (h, c) = (state.0.select(0, l as isize), state.1.select(0, l as isize));
            let mut inputs = vec![&sequence, &h, &c, &weights.input, &weights.hidden];
            if let Some((b_ih, b_hh)) = &weights.biases {
                inputs.extend([b_ih, b_hh]);
            }
            let mut out = apply_several(Lstm, &inputs).into_iter();
            let mut next = || out.next().expect("three outputs");
            sequence = next();
            last_h.push(next());
            last_c.push(next());
        }
        let stack = |states: &[Self]| Self::stack(&states.iter().collect::<Vec<_>>(), 0);
        (sequence, (stack(&last_h), stack(&last_c)))
    }
}
