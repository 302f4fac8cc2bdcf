//! Walking over the parameters and buffers of a module.

use std::collections::HashMap;

use autodiff::{Float, Parameter, ParameterId, Tensor};

use super::{Module, Visitor, VisitorMut};
use crate::Buffer;

/// A parameter or a buffer.
#[derive(Clone, Debug)]
pub(crate) enum Leaf<T: Float> {
    Parameter(Parameter<T>),
    Buffer(Buffer<T>),
}

/// Which leaf it is, whatever its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LeafId {
    Parameter(ParameterId),
    Buffer(usize),
}

impl<T: Float> Leaf<T> {
    pub(crate) fn id(&self) -> LeafId {
        match self {
            Self::Parameter(parameter) => LeafId::Parameter(parameter.id()),
            Self::Buffer(buffer) => LeafId::Buffer(buffer.address()),
        }
    }

    pub(crate) fn value(&self) -> Tensor<T> {
        match self {
            Self::Parameter(parameter) => parameter.value(),
            Self::Buffer(buffer) => buffer.value(),
        }
    }

    pub(crate) fn set(&self, value: &Tensor<T>) {
        match self {
            Self::Parameter(parameter) => parameter.set(value),
            Self::Buffer(buffer) => buffer.set(value),
        }
    }

    pub(crate) fn freeze(&self) {
        match self {
            Self::Parameter(parameter) => parameter.freeze(),
            Self::Buffer(buffer) => buffer.freeze(),
        }
    }

    pub(crate) fn unfreeze(&self) {
        match self {
            Self::Parameter(parameter) => parameter.unfreeze(),
            Self::Buffer(buffer) => buffer.unfreeze(),
        }
    }
}

/// Every parameter and buffer with its path, in order; a shared one at each of its paths.
pub(crate) fn leaves<T: Float>(module: &(impl Module<T> + ?Sized)) -> Vec<(String, Leaf<T>)> {
    let mut walk = Walk { path: String::new(), lengths: Vec::new(), found: Vec::new() };
    module.visit(&mut walk);
    walk.found
}

struct Walk<T: Float> {
    path: String,
    /// How long the path was before each name.
    lengths: Vec<usize>,
    found: Vec<(String, Leaf<T>)>,
}

impl<T: Float> Visitor<T> for Walk<T> {
    fn parameter(&mut self, parameter: &Parameter<T>) {
        self.found.push((self.path.clone(), Leaf::Parameter(parameter.clone())));
    }

    fn buffer(&mut self, buffer: &Buffer<T>) {
        self.found.push((self.path.clone(), Leaf::Buffer(buffer.clone())));
    }

    fn enter(&mut self, name: &str) {
        let length = self.path.len();
        if !self.lengths.is_empty() {
            self.path.push('.');
        }
        self.lengths.push(length);
        self.path.push_str(name);
    }

    fn leave(&mut self) {
        let length = self.lengths.pop().expect("each leave follows an enter");
        self.path.truncate(length);
    }
}

/// Puts copies in the place of all leaves: one copy of each, however often it occurs.
pub(crate) fn replace_by_copies<T: Float>(module: &mut (impl Module<T> + ?Sized)) {
    module.visit_mut(&mut Copies { parameters: HashMap::new(), buffers: HashMap::new() });
}

struct Copies<T: Float> {
    parameters: HashMap<ParameterId, Parameter<T>>,
    /// By address, with the original, so that it stays alive and no other takes its address.
    buffers: HashMap<usize, (Buffer<T>, Buffer<T>)>,
}

impl<T: Float> VisitorMut<T> for Copies<T> {
    fn parameter(&mut self, parameter: &mut Parameter<T>) {
        let copy = self.parameters.entry(parameter.id()).or_insert_with(|| parameter.deep_clone());
        *parameter = copy.clone();
    }

    fn buffer(&mut self, buffer: &mut Buffer<T>) {
        let entry = self.buffers.entry(buffer.address());
        let (_, copy) = entry.or_insert_with(|| (buffer.clone(), buffer.deep_clone()));
        *buffer = copy.clone();
    }

    fn enter(&mut self, _: &str) {}

    fn leave(&mut self) {}
}
