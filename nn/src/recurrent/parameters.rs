//! The parameters of one recurrent layer in one direction.

use autodiff::{Float, Parameter, RecurrentWeights, Tensor};
use rand::Rng;

use crate::init::Init;
use crate::{Visitor, VisitorMut};

/// The parameters of one recurrent layer in one direction, or of a cell, for H units with G gates: G is 1 of a plain
/// layer, 3 of a GRU (in the order r z n), 4 of an LSTM (i f g o).
///
/// Forget gates that start open, for example:
///
/// ```
/// use wengert::prelude::*;
///
/// let lstm = Lstm::<f32>::new(3, 2, &mut ChaCha8Rng::seed_from_u64(0));
/// let (bias_ih, _) = lstm.entries[0].biases.as_ref().unwrap();
/// bias_ih.set(&Tensor::from_vec([8], vec![0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]));
/// ```
#[derive(Clone, Debug)]
pub struct RecurrentParameters<T: Float = f32> {
    /// Of the input, [G·H, features].
    pub weight_ih: Parameter<T>,
    /// Of the hidden state, [G·H, H], or [G·H, P] where it is projected.
    pub weight_hh: Parameter<T>,
    /// `bias_ih` and `bias_hh`, added to the product with the input and to that with the hidden state, \[G·H\] each.
    pub biases: Option<(Parameter<T>, Parameter<T>)>,
    /// The projection of an LSTM's hidden state, [P, H].
    pub weight_hr: Option<Parameter<T>>,
}

/// The sizes of one layer's parameters.
pub(super) struct Sizes {
    pub(super) gates: usize,
    pub(super) features: usize,
    pub(super) hidden: usize,
    /// P, if there is a projection.
    pub(super) projection: Option<usize>,
    pub(super) bias: bool,
}

impl<T: Float> RecurrentParameters<T> {
    /// Values uniform in ±1/√H, drawn in the order of the names.
    pub(super) fn draw(sizes: &Sizes, rng: &mut (impl Rng + ?Sized)) -> Self {
        let Sizes { gates, features, hidden, projection, bias } = *sizes;
        let bound = 1.0 / (hidden as f64).sqrt();
        let mut draw = |shape: &[usize]| Parameter::new(Init::uniform(-bound, bound).tensor(shape, rng));
        Self {
            weight_ih: draw(&[gates * hidden, features]),
            weight_hh: draw(&[gates * hidden, projection.unwrap_or(hidden)]),
            biases: bias.then(|| (draw(&[gates * hidden]), draw(&[gates * hidden]))),
            weight_hr: projection.map(|width| draw(&[width, hidden])),
        }
    }

    /// The parameters as the operations take them.
    #[track_caller]
    pub(super) fn on_tape_of(&self, x: &Tensor<T>) -> RecurrentWeights<T> {
        let mut weights = RecurrentWeights::new(self.weight_ih.on_tape_of(x), self.weight_hh.on_tape_of(x));
        if let Some((ih, hh)) = &self.biases {
            weights = weights.biases(ih.on_tape_of(x), hh.on_tape_of(x));
        }
        match &self.weight_hr {
            Some(weight_hr) => weights.projection(weight_hr.on_tape_of(x)),
            None => weights,
        }
    }

    /// Visits the parameters under PyTorch's names, each followed by a suffix.
    pub(super) fn visit(&self, suffix: &str, visitor: &mut dyn Visitor<T>) {
        visitor.child(&format!("weight_ih{suffix}"), &self.weight_ih);
        visitor.child(&format!("weight_hh{suffix}"), &self.weight_hh);
        if let Some((ih, hh)) = &self.biases {
            visitor.child(&format!("bias_ih{suffix}"), ih);
            visitor.child(&format!("bias_hh{suffix}"), hh);
        }
        visitor.child(&format!("weight_hr{suffix}"), &self.weight_hr);
    }

    /// The same, mutably.
    pub(super) fn visit_mut(&mut self, suffix: &str, visitor: &mut dyn VisitorMut<T>) {
        visitor.child(&format!("weight_ih{suffix}"), &mut self.weight_ih);
        visitor.child(&format!("weight_hh{suffix}"), &mut self.weight_hh);
        if let Some((ih, hh)) = &mut self.biases {
            visitor.child(&format!("bias_ih{suffix}"), ih);
            visitor.child(&format!("bias_hh{suffix}"), hh);
        }
        visitor.child(&format!("weight_hr{suffix}"), &mut self.weight_hr);
    }
}
