//! Where a function is differentiated: its inputs as fresh slots of a tape.

use smallvec::smallvec;

use super::Tree;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::replay::Mode;
use crate::shape::{Shape, ShapeError, Shapes};
use crate::tape::Mark;
use crate::tensor::apply_one;
use crate::{Float, Tape, Tensor, Value};

builtin!(Identity);

/// The same tensor in a slot of its own. Rule: dx = dy.
#[derive(Clone, Copy, Debug)]
struct Identity;

impl<T: Float> Function<T> for Identity {
    fn name(&self) -> &'static str {
        "identity"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(smallvec![Shape::from_slice(inputs[0])])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        inputs[0].clone().into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        grads.iter().cloned().collect()
    }
}

/// A tape from a point of its record on: derivatives are taken of what is recorded after it, by what was put
/// on the tape after it.
pub(crate) struct Start {
    tape: Tape,
    mark: Mark,
}

impl Start {
    pub(crate) fn of<T: Float>(tape: Tape) -> Self {
        Self { mark: tape.mark::<T>(), tape }
    }

    pub(crate) fn tape(&self) -> &Tape {
        &self.tape
    }

    /// What gradients `seeds` at the tensors `from` give to `to`, zeros where nothing arrives.
    #[track_caller]
    pub(crate) fn pull<T: Float>(
        &self,
        from: &[&Tensor<T>],
        seeds: &[&Tensor<T>],
        to: &[&Tensor<T>],
        mode: Mode,
    ) -> Vec<Tensor<T>> {
        let slot = |x: &Tensor<T>| x.place.as_ref().and_then(|p| p.slot);
        let seeds: Vec<_> =
            from.iter().zip(seeds).filter_map(|(y, seed)| Some((slot(y)?, (*seed).clone()))).collect();
        let wanted: Vec<_> = to.iter().map(|x| slot(x).expect("put on the tape as a variable")).collect();
        let found = T::pull(&self.tape, self.mark, &seeds, &wanted, mode);
        to.iter().zip(found).map(|(x, g)| g.unwrap_or_else(|| Tensor::zeros(x.shape()))).collect()
    }

    /// What the tensors `outputs` change by when `inputs` move by `tangents`: the gradient with respect to u of
    /// the products of the Jacobian with u, which are linear in it.
    #[track_caller]
    pub(crate) fn push_forward<T: Float>(
        &self,
        outputs: &[&Tensor<T>],
        inputs: &[&Tensor<T>],
        tangents: &[&Tensor<T>],
        mode: Mode,
    ) -> Vec<Tensor<T>> {
        let cotangents: Vec<_> =
            outputs.iter().map(|y| self.tape.variable(Tensor::zeros(y.shape()))).collect();
        let cotangents: Vec<_> = cotangents.iter().collect();
        let products = self.pull(outputs, &cotangents, inputs, Mode::Graph);
        self.pull(&products.iter().collect::<Vec<_>>(), tangents, &cotangents, mode)
    }
}

/// Inputs on a tape, each in a slot of its own.
pub(super) struct Point<I> {
    pub(super) start: Start,
    pub(super) inputs: I,
    /// Whether the tape is the caller's: then what is computed from the point stays connected to it.
    pub(super) nested: bool,
}

impl<I> Point<I> {
    /// Puts the inputs on the tape they lie on, or on a new one.
    #[track_caller]
    pub(super) fn new<T: Float>(transform: &str, at: &I) -> Self
    where
        I: Tree<T>,
    {
        let leaves = at.leaves();
        let outer = leaves.iter().find_map(|x| x.tape());
        if let Some(outer) = outer
            && leaves.iter().any(|x| x.tape().is_some_and(|tape| !tape.is(outer)))
        {
            panic!("{transform}: the inputs lie on two tapes");
        }
        let start = Start::of::<T>(outer.cloned().unwrap_or_default());
        // A tensor that is differentiated further out gets another slot, so that its gradient here is not what
        // flows to it by other ways.
        let inputs = at.map(&mut |x| match x.requires_grad() {
            true => apply_one(Identity, &[x]),
            false => start.tape.variable(x),
        });
        Self { nested: outer.is_some(), start, inputs }
    }

    /// Derivatives stay connected to the caller's tape, and are plain values otherwise.
    pub(super) fn mode(&self) -> Mode {
        if self.nested { Mode::Graph } else { Mode::Retain }
    }

    /// A result as the caller gets it: connected to the caller's tape, and on none that is not.
    pub(super) fn given<T: Float>(&self, y: &Tensor<T>) -> Tensor<T> {
        if self.nested { y.clone() } else { y.detach() }
    }
}
