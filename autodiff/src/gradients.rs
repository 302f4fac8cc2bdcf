//! What a backward pass returns.

use std::collections::HashMap;

use crate::Float;
use crate::parameter::{Parameter, ParameterId};
use crate::tensor::Tensor;

/// The gradients of a scalar with respect to the parameters and variables it came from.
///
/// A parameter or tensor to which no gradient flowed has none: [`get`](Self::get) says `None`, not zeros.
///
/// ```
/// use wengert::prelude::*;
///
/// let (used, unused) = (Parameter::new(Tensor::<f32>::scalar(2.0)), Parameter::new(Tensor::<f32>::scalar(1.0)));
/// let tape = Tape::new();
/// let grads = tape.watch(&used).square().backward();
/// assert_eq!(grads.get(&used).unwrap().item(), 4.0);
/// assert!(grads.get(&unused).is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Gradients<T: Float> {
    /// The tape replayed.
    tape: u64,
    /// In the order of their slots: that in which the tape met them.
    entries: Vec<Entry<T>>,
    by_slot: HashMap<u32, usize>,
    by_id: HashMap<ParameterId, usize>,
}

#[derive(Clone, Debug)]
struct Entry<T: Float> {
    parameter: Option<ParameterId>,
    gradient: Tensor<T>,
}

/// What a gradient can be asked for: a [`Parameter`], or a [`Tensor`] that is a variable of the tape or
/// had its gradient retained.
pub trait Differentiable<T: Float> {
    #[doc(hidden)]
    fn gradient_in<'a>(&self, gradients: &'a Gradients<T>) -> Option<&'a Tensor<T>>;
}

impl<T: Float> Differentiable<T> for Parameter<T> {
    fn gradient_in<'a>(&self, gradients: &'a Gradients<T>) -> Option<&'a Tensor<T>> {
        gradients.parameter(self.id())
    }
}

impl<T: Float> Differentiable<T> for Tensor<T> {
    fn gradient_in<'a>(&self, gradients: &'a Gradients<T>) -> Option<&'a Tensor<T>> {
        let place = self.place.as_ref()?;
        gradients.at(place.tape.id(), place.slot?)
    }
}

impl<T: Float> Gradients<T> {
    /// The gradients by slot, each of them with the parameter it belongs to, if one.
    pub(crate) fn new(
        tape: u64,
        gradients: impl IntoIterator<Item = (u32, Option<ParameterId>, Tensor<T>)>,
    ) -> Self {
        let mut out = Self { tape, entries: Vec::new(), by_slot: HashMap::new(), by_id: HashMap::new() };
        for (slot, parameter, gradient) in gradients {
            let at = out.entries.len();
            out.by_slot.insert(slot, at);
            out.by_id.extend(parameter.map(|id| (id, at)));
            out.entries.push(Entry { parameter, gradient });
        }
        out
    }

    /// Gradients that came about in another way than by one backward pass: an average of several, an estimate.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let w = Parameter::new(Tensor::<f32>::scalar(2.0));
    /// let grads = Gradients::of_parameters([(w.id(), Tensor::scalar(0.5))]);
    /// Sgd::new([w.clone()], 1.0).step(&grads);
    /// assert_eq!(w.value().item(), 1.5);
    /// ```
    ///
    /// # Panics
    /// If a parameter stands twice among them.
    #[track_caller]
    pub fn of_parameters(gradients: impl IntoIterator<Item = (ParameterId, Tensor<T>)>) -> Self {
        // No slot is known, so that the number of the tape does not matter.
        let mut out =
            Self { tape: u64::MAX, entries: Vec::new(), by_slot: HashMap::new(), by_id: HashMap::new() };
        for (id, gradient) in gradients {
            if out.by_id.insert(id, out.entries.len()).is_some() {
                panic!("Gradients::of_parameters: {id:?} is listed twice");
            }
            out.entries.push(Entry { parameter: Some(id), gradient });
        }
        out
    }

    /// The gradient of a parameter, of a variable, or of a tensor whose gradient was retained; `None` if
    /// none flowed to it.
    pub fn get(&self, of: &impl Differentiable<T>) -> Option<&Tensor<T>> {
        of.gradient_in(self)
    }

    /// The gradient of a slot of a tape, if that tape was replayed.
    pub(crate) fn at(&self, tape: u64, slot: u32) -> Option<&Tensor<T>> {
        let at = self.by_slot.get(&slot).filter(|_| tape == self.tape)?;
        Some(&self.entries[*at].gradient)
    }

    /// The gradient of the parameter with this identity.
    pub fn parameter(&self, id: ParameterId) -> Option<&Tensor<T>> {
        self.by_id.get(&id).map(|&at| &self.entries[at].gradient)
    }

    /// The parameters' gradients, in the order in which the tape first watched them.
    pub fn parameters(&self) -> impl Iterator<Item = (ParameterId, &Tensor<T>)> {
        self.entries.iter().filter_map(|e| e.parameter.map(|id| (id, &e.gradient)))
    }

    /// The same, for replacing gradients: to clip them, for example.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = (ParameterId, &mut Tensor<T>)> {
        self.entries.iter_mut().filter_map(|e| e.parameter.map(|id| (id, &mut e.gradient)))
    }
}
