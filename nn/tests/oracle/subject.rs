//! A layer under test, and the comparison.

use std::collections::BTreeMap;

use wengert::prelude::*;

use crate::cases::{Array, Case};

const TOLERANCE: f64 = 1e-9;

/// A module with its forward pass.
pub(crate) trait Subject {
    fn module(&self) -> &dyn Module<f64>;
    fn forward(&self, inputs: &[Tensor<f64>], indices: &[Indices]) -> Vec<Tensor<f64>>;
}

/// A layer of one input and one output.
pub(crate) fn layer(layer: impl Layer<f64> + 'static) -> Box<dyn Subject> {
    module(layer, |layer, inputs, _| vec![layer.forward(&inputs[0])])
}

/// Any module, with its forward pass.
pub(crate) fn module<M: Module<f64> + 'static>(
    module: M,
    forward: impl Fn(&M, &[Tensor<f64>], &[Indices]) -> Vec<Tensor<f64>> + 'static,
) -> Box<dyn Subject> {
    Box::new(WithForward { module, forward })
}

struct WithForward<M, F> {
    module: M,
    forward: F,
}

impl<M, F> Subject for WithForward<M, F>
where
    M: Module<f64>,
    F: Fn(&M, &[Tensor<f64>], &[Indices]) -> Vec<Tensor<f64>>,
{
    fn module(&self) -> &dyn Module<f64> {
        &self.module
    }

    fn forward(&self, inputs: &[Tensor<f64>], indices: &[Indices]) -> Vec<Tensor<f64>> {
        (self.forward)(&self.module, inputs, indices)
    }
}

/// What differs; nothing if all is well.
pub(crate) fn failures(case: &Case, subject: &dyn Subject) -> Vec<String> {
    let mut found = Differences { case: &case.name, list: Vec::new() };
    if !set_state(subject.module(), &case.state, &mut found) {
        return found.list;
    }
    let indices: Vec<Indices> = case.indices.iter().map(Array::indices).collect();
    let evaluated = |step: usize| {
        let inputs: Vec<_> = case.inputs[step].iter().map(Array::tensor).collect();
        subject.forward(&inputs, &indices)
    };
    found.compare_all("evaluated", &evaluated(0), &case.evaluated);

    let tape = if case.random { Tape::new() } else { Tape::training(0) };
    let inputs: Vec<_> = case.inputs[0].iter().map(|x| tape.variable(x.tensor())).collect();
    let on_tape: Vec<Indices> = indices.iter().map(|ids| tape.indices(ids.clone())).collect();
    let outputs = subject.forward(&inputs, &on_tape);
    found.compare_all("trained", &outputs, &case.trained);
    let losses = outputs.iter().map(|y| (y * weights(y.shape())).sum(..));
    let loss = losses.reduce(|a, b| a + b).expect("an output");
    let wanted = case.input_gradients.iter().chain(case.gradients.values()).any(Option::is_some);
    if loss.requires_grad() {
        let grads = loss.backward();
        for (i, (x, expected)) in inputs.iter().zip(&case.input_gradients).enumerate() {
            found.compare_gradient(&format!("gradient of input {i}"), grads.get(x), expected.as_ref());
        }
        let mut expected = case.gradients.clone();
        for (name, parameter) in subject.module().named_parameters() {
            let expected = expected.remove(&name).flatten();
            found.compare_gradient(&format!("gradient of {name}"), grads.get(&parameter), expected.as_ref());
        }
        found.say(expected.is_empty(), || format!("no parameter {:?}", expected.keys()));
    } else {
        found.say(!wanted, || "no output wants a gradient".into());
    }

    for step in 1..case.inputs.len() {
        let tape = if case.random { Tape::new() } else { Tape::training(step as u64) };
        let inputs: Vec<_> = case.inputs[step].iter().map(|x| tape.constant(x.tensor())).collect();
        subject.forward(&inputs, &indices);
    }
    for (name, buffer) in subject.module().named_buffers() {
        match case.buffers.get(&name) {
            Some(expected) => found.compare(&name, &buffer.value(), expected),
            None => found.say(false, || format!("there is no buffer {name}")),
        }
    }
    found.compare_all("evaluated after", &evaluated(0), &case.evaluated_after);
    found.list
}

/// The fixed weights of an output's elements in the loss.
fn weights(shape: &[usize]) -> Tensor<f64> {
    let weight = |k: usize| ((k * 7 + 3) % 11) as f64 / 4.0 - 1.125;
    Tensor::from_vec(shape, (0..shape.iter().product()).map(weight).collect())
}

/// Sets all parameters and buffers; their names and shapes must be those of the state dict.
fn set_state(module: &dyn Module<f64>, state: &BTreeMap<String, Array>, found: &mut Differences<'_>) -> bool {
    let (parameters, buffers) = (module.named_parameters(), module.named_buffers());
    let shapes = parameters.iter().map(|(name, p)| (name.clone(), p.shape()));
    let ours: BTreeMap<_, _> =
        shapes.chain(buffers.iter().map(|(name, b)| (name.clone(), b.shape()))).collect();
    let theirs: BTreeMap<_, _> = state.iter().map(|(name, x)| (name.clone(), x.shape.clone())).collect();
    if ours != theirs {
        found.say(false, || format!("the state dict is {ours:?}, PyTorch's {theirs:?}"));
        return false;
    }
    parameters.iter().for_each(|(name, p)| p.set(&state[name].tensor()));
    buffers.iter().for_each(|(name, b)| b.set(&state[name].tensor()));
    true
}

struct Differences<'a> {
    case: &'a str,
    list: Vec<String>,
}

impl Differences<'_> {
    fn say(&mut self, holds: bool, text: impl FnOnce() -> String) {
        if !holds {
            self.list.push(format!("{}: {}", self.case, text()));
        }
    }

    fn compare_all(&mut self, what: &str, ours: &[Tensor<f64>], expected: &[Array]) {
        self.say(ours.len() == expected.len(), || format!("{what}: {} outputs", ours.len()));
        for (i, (y, expected)) in ours.iter().zip(expected).enumerate() {
            self.compare(&format!("{what} {i}"), y, expected);
        }
    }

    /// No gradient and one of zeros are the same.
    fn compare_gradient(&mut self, what: &str, ours: Option<&Tensor<f64>>, expected: Option<&Array>) {
        match (ours, expected) {
            (Some(ours), Some(expected)) => self.compare(what, ours, expected),
            (Some(ours), None) => {
                self.say(ours.to_vec().iter().all(|&x| x == 0.0), || format!("{what}: not zero"))
            }
            (None, Some(expected)) => {
                self.say(expected.values.iter().all(|&x| x == 0.0), || format!("{what}: there is none"));
            }
            (None, None) => {}
        }
    }

    /// Relative to the largest element.
    fn compare(&mut self, what: &str, ours: &Tensor<f64>, expected: &Array) {
        if ours.shape() != expected.shape {
            return self.say(false, || format!("{what}: shape {:?}, not {:?}", ours.shape(), expected.shape));
        }
        let ours = ours.to_vec();
        let largest = expected.values.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
        let allowed = TOLERANCE * largest.max(1e-3);
        // NaN is not close.
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= allowed;
        let wrong = ours.iter().zip(&expected.values).position(|pair| !close(pair));
        if let Some(at) = wrong {
            self.say(false, || format!("{what}: element {at} is {}, not {}", ours[at], expected.values[at]));
        }
    }
}
