//! Checkpointing: what a part of a model computed is forgotten, and computed again in the backward pass.

use std::time::Instant;

use smallvec::SmallVec;

use crate::Float;
use crate::function::{
    Backward, Composed, Forward, Function, InputGradients, Outputs, SharedFunction, Tensors,
};
use crate::parameter::Parameter;
use crate::replay::Mode;
use crate::shape::{Shape, ShapeError, Shapes};
use crate::tape::Tape;
use crate::tensor::{Computed, Tensor};
use crate::transform::{Start, Tree};
use crate::value::Value;

/// f(x), of which the tape keeps the inputs and outputs only: the backward pass computes f again, and with it
/// what its rules need.
///
/// A chain of n layers in √n parts, each a checkpoint, keeps √n values between the parts and, while it goes
/// back, √n values within one, in place of n; it costs one more forward pass. The gradients are the same to the
/// bit: dropout draws the same numbers, layers that learn statistics learn once, and parameters have the values
/// they had.
///
/// The function gets the inputs on a tape of its own and must compute from them, from parameters and from
/// constants alone: tensors of the outer tape that it captures cannot be reached. It must do the same at each
/// call. Clones of layers share their parameters, so `let block = block.clone();` before a `move` closure gives
/// it what it needs. Where the inputs lie on no tape, f is just called.
///
/// After Chen, Xu, Zhang and Guestrin, "Training deep nets with sublinear memory cost" (2016).
///
/// ```
/// use wengert::autodiff::checkpoint;
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::from_vec([2], vec![0.5, -0.25]));
/// let block = { let w = w.clone(); move |x: &Tensor<f64>| (x * w.on_tape_of(x)).tanh().dropout(0.5).exp() };
///
/// let gradient = |checkpointed: bool| {
///     let tape = Tape::training(1);
///     let x = tape.constant(Tensor::ones([2]));
///     let y = if checkpointed { checkpoint(block.clone(), &x) } else { block(&x) };
///     assert_eq!(tape.len(), if checkpointed { 1 } else { 4 });
///     y.sum(..).backward().get(&w).unwrap().to_vec()
/// };
/// assert_eq!(gradient(true), gradient(false));
/// ```
///
/// # Panics
/// If the inputs lie on two tapes, or where the function panics.
#[track_caller]
pub fn checkpoint<T, I, O, F>(f: F, at: &I) -> O
where
    T: Float,
    I: Tree<T> + Send + Sync + 'static,
    O: Tree<T>,
    F: Fn(&I) -> O + Send + Sync + 'static,
{
    let leaves = at.leaves();
    let Some(tape) = leaves.iter().find_map(|x| x.tape()) else { return f(at) };
    if leaves.iter().any(|x| x.tape().is_some_and(|other| !other.is(tape))) {
        panic!("checkpoint: the inputs lie on two tapes");
    }
    let start = tape.is_observed().then(Instant::now);
    let segment = tape.segment::<T>();
    let outputs = f(&at.map(&mut |x| segment.tape().constant(x.detach())));
    let took = start.map(|start| (start, start.elapsed()));
    let (parameters, draw) = segment.finish(tape);
    let watched: Vec<Tensor<T>> = parameters.iter().map(|p| tape.watch(p)).collect();
    let inputs: Vec<&Tensor<T>> = leaves.into_iter().chain(&watched).collect();
    let values: SmallVec<[_; 1]> = outputs.leaves().into_iter().map(|y| y.value.clone()).collect();
    let shapes = values.iter().map(|y| Shape::from_slice(y.shape())).collect();
    let mut computed = Computed::keeping_inputs(Outputs::several(values), tape, &inputs);
    let tensors = if computed.is_to_be_recorded() {
        // The containers alone: the values are kept as the node's inputs.
        let containers = at.map(&mut |_| Tensor::zeros([0]));
        let run = move |inputs: &[Tensor<T>]| {
            let mut inputs = inputs.iter();
            let at = containers.map(&mut |_| inputs.next().expect("one for each").clone());
            f(&at).leaves().into_iter().cloned().collect()
        };
        let function = Checkpoint { run: Box::new(run), parameters, shapes, seed: tape.seed(), draw };
        if let Some((start, took)) = took {
            computed.observe(&function, &inputs, start, took);
        }
        let first = T::record_call(SharedFunction::new(function), &inputs, &mut computed);
        computed.place(Some(first)).0
    } else {
        computed.place(None).0
    };
    let mut tensors = tensors.into_iter();
    outputs.map(&mut |_| tensors.next().expect("one for each"))
}

type Run<T> = Box<dyn Fn(&[Tensor<T>]) -> Tensors<T> + Send + Sync>;

/// A function of its first inputs and of parameters, its last ones, which its rule computes again.
struct Checkpoint<T: Float> {
    run: Run<T>,
    parameters: Vec<Parameter<T>>,
    shapes: Shapes,
    /// The seed of the tape, and the number of the first random draw.
    seed: Option<u64>,
    draw: u64,
}

impl<T: Float> Checkpoint<T> {
    /// Runs the function on a new tape, with the parameters' values among the inputs.
    fn again(&self, inputs: &[Tensor<T>], tape: &Tape) -> Tensors<T> {
        let (inputs, values) = inputs.split_at(inputs.len() - self.parameters.len());
        for (parameter, value) in self.parameters.iter().zip(values) {
            // One that was frozen since is a constant.
            if !parameter.is_frozen() {
                tape.watch_as(parameter, value);
            }
        }
        (self.run)(inputs)
    }
}

impl<T: Float> Function<T> for Checkpoint<T> {
    fn name(&self) -> &'static str {
        "checkpoint"
    }

    fn output_shapes(&self, _: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(self.shapes.clone())
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let tape = Tape::recomputing(self.seed, self.draw);
        let inputs: Vec<_> = inputs.iter().map(|&x| tape.constant(x.clone())).collect();
        Outputs::several(self.again(&inputs, &tape).into_iter().map(|y| y.value))
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let start = Start::of::<T>(Tape::recomputing(self.seed, self.draw));
        let on_tape = |i: usize| match cx.needs(i) {
            true => start.tape().variable(cx.input(i)),
            false => start.tape().constant(cx.input(i)),
        };
        let inputs: Vec<Tensor<T>> = (0..cx.inputs()).map(on_tape).collect();
        let outputs = self.again(&inputs, start.tape());
        let arrived = || outputs.iter().zip(grads).filter_map(|(y, dy)| Some((y, dy.as_ref()?)));
        let (from, seeds): (Vec<_>, Vec<_>) = arrived().unzip();
        let wanted: Vec<&Tensor<T>> = inputs.iter().filter(|x| x.requires_grad()).collect();
        let mut found = start.pull(&from, &seeds, &wanted, Mode::Drain).into_iter();
        inputs.iter().map(|x| x.requires_grad().then(|| found.next().expect("one for each"))).collect()
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

impl<T: Float> Composed<T> for Checkpoint<T> {
    /// On the tape of the inputs, where the parameters are watched already.
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let inputs = &inputs[..inputs.len() - self.parameters.len()];
        let tape = inputs.iter().find_map(|x| x.tape()).expect("an input lies on the tape");
        tape.recompute_from(self.draw, || (self.run)(inputs))
    }
}
