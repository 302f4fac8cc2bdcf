//! Parameters that get their values back.

use crate::{Parameter, Tensor};

/// Holds the values of parameters and gives them back when dropped, also by a panic.
pub(super) struct Restore<'a> {
    parameters: &'a [Parameter<f64>],
    values: Vec<Tensor<f64>>,
}

impl<'a> Restore<'a> {
    pub(super) fn new(parameters: &'a [Parameter<f64>]) -> Self {
        Self { parameters, values: parameters.iter().map(Parameter::value).collect() }
    }

    pub(super) fn values(&self) -> &[Tensor<f64>] {
        &self.values
    }
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        for (parameter, value) in self.parameters.iter().zip(&self.values) {
            parameter.set(value);
        }
    }
}
