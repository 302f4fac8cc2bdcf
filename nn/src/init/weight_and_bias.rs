//! The two parameters that most layers have.

use autodiff::{Float, Parameter};
use rand::Rng;

use super::{Fans, Init};
use crate::ConfigError;
use crate::config::Check;

/// A layer's weight, and its bias of one element for each output, as a configuration describes them.
pub(crate) struct WeightAndBias<'a> {
    /// Of the weight.
    pub(crate) shape: &'a [usize],
    pub(crate) outputs: usize,
    /// The weight's by its shape, once that is known to fit; the bias follows them too.
    pub(crate) fans: fn(&[usize]) -> Option<Fans>,
    pub(crate) weight_init: Init,
    pub(crate) bias_init: Init,
    /// Whether there is a bias.
    pub(crate) bias: bool,
}

impl WeightAndBias<'_> {
    /// Checks the initializations and draws the weight, then the bias.
    pub(crate) fn draw<T: Float>(
        &self,
        check: &Check,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<(Parameter<T>, Option<Parameter<T>>), ConfigError> {
        let Self { shape, outputs, fans, weight_init, bias_init, bias } = *self;
        weight_init.check_for(check.0, "weight_init", shape)?;
        bias_init.check_for(check.0, "bias_init", &[outputs])?;
        check.fits("weight", shape)?;
        let fans = fans(shape).expect("a weight has two axes at least");
        let weight = Parameter::new(weight_init.tensor_with(shape, fans, rng));
        let bias = bias.then(|| Parameter::new(bias_init.tensor_with([outputs], fans, rng)));
        Ok((weight, bias))
    }
}
