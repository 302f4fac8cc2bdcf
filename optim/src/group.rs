//! Parameters with options of their own.

use std::fmt;
use std::sync::Arc;

use autodiff::{Float, Parameter};

use crate::Schedule;

/// Parameters that are learned under the same options.
///
/// What is not set here is the optimizer's; [`Descent::join`](crate::Descent::join) makes groups in which every
/// option differs. A frequent use leaves biases out of weight decay, see also [`partition_parameters`]:
///
/// ```
/// use wengert::prelude::*;
///
/// let weight = Parameter::new(Tensor::<f32>::ones([3, 2]));
/// let bias = Parameter::new(Tensor::zeros([3]));
/// let sgd = Sgd::new([weight], 0.1)
///     .weight_decay(1e-4)
///     .add_group(ParameterGroup::new([bias]).learning_rate(0.2).weight_decay(0.0));
/// assert_eq!((sgd.learning_rate_of(0), sgd.learning_rate_of(1)), (0.1, 0.2));
/// ```
pub struct ParameterGroup<T: Float = f32> {
    pub(crate) parameters: Vec<Parameter<T>>,
    pub(crate) schedule: Option<Arc<dyn Schedule>>,
    pub(crate) weight_decay: Option<f64>,
}

impl<T: Float> ParameterGroup<T> {
    /// A group with the optimizer's options.
    pub fn new(parameters: impl IntoIterator<Item = Parameter<T>>) -> Self {
        Self { parameters: parameters.into_iter().collect(), schedule: None, weight_decay: None }
    }

    /// The group's own learning rate.
    ///
    /// # Panics
    /// If the schedule begins with a rate that is negative or not finite.
    #[track_caller]
    pub fn learning_rate(mut self, schedule: impl Schedule + 'static) -> Self {
        self.schedule = Some(checked_schedule("ParameterGroup::learning_rate", schedule));
        self
    }

    /// The group's own weight decay λ.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = Some(non_negative("ParameterGroup::weight_decay", weight_decay));
        self
    }
}

impl<T: Float> fmt::Debug for ParameterGroup<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParameterGroup")
            .field("parameters", &self.parameters)
            .field("learning_rate", &self.schedule.as_ref().map(|s| s.at(0)))
            .field("weight_decay", &self.weight_decay)
            .finish()
    }
}

/// Splits named parameters into those of which `predicate` is true and the others, each in the order they
/// come in: to put them into different groups.
///
/// ```
/// use wengert::optim::{decays, partition_parameters};
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let net = Sequential::new().push(Linear::<f32>::new(4, 8, &mut rng)).push(BatchNorm1d::new(8));
/// // Biases and norms are exempt from weight decay.
/// let (weights, others) = partition_parameters(net.named_parameters(), decays);
/// let adamw = AdamW::new(weights, 1e-3)
///     .weight_decay(0.05)
///     .add_group(ParameterGroup::new(others).weight_decay(0.0));
/// // The first layer learns slower than the rest.
/// let (first, rest) = partition_parameters(net.named_parameters(), |path, _| path.starts_with("0."));
/// assert_eq!((first.len(), rest.len()), (2, 2));
/// # assert_eq!(adamw.learning_rate_of(1), 1e-3);
/// ```
pub fn partition_parameters<T: Float>(
    named: impl IntoIterator<Item = (String, Parameter<T>)>,
    mut predicate: impl FnMut(&str, &Parameter<T>) -> bool,
) -> (Vec<Parameter<T>>, Vec<Parameter<T>>) {
    let (mut yes, mut no) = (Vec::new(), Vec::new());
    for (path, parameter) in named {
        let side = if predicate(&path, &parameter) { &mut yes } else { &mut no };
        side.push(parameter);
    }
    (yes, no)
}

/// Whether weight decay is customarily applied to a parameter: not to biases and the scales and shifts of
/// norms, which are those of rank 1 or 0. A predicate for [`partition_parameters`].
///
/// A layer norm over several axes has scales of a higher rank: tell it by its path.
pub fn decays<T: Float>(_path: &str, parameter: &Parameter<T>) -> bool {
    parameter.shape().len() > 1
}

#[track_caller]
pub(crate) fn checked_schedule(
    place: impl fmt::Display,
    schedule: impl Schedule + 'static,
) -> Arc<dyn Schedule> {
    let rate = schedule.at(0);
    if !(rate.is_finite() && rate >= 0.0) {
        panic!("{place}: the schedule begins with the learning rate {rate}; expected a finite number ≥ 0");
    }
    Arc::new(schedule)
}

/// The rate that the schedule of a group gives at a step, if it is one.
#[track_caller]
pub(crate) fn checked_rate(optimizer: &str, group: usize, rate: f64, step: u64) -> f64 {
    if !(rate.is_finite() && rate >= 0.0) {
        panic!(
            "{optimizer}::step: the schedule of group {group} gives the learning rate {rate} at step {step}; \
             expected a finite number ≥ 0"
        );
    }
    rate
}

#[track_caller]
pub(crate) fn non_negative(place: &str, x: f64) -> f64 {
    if !(x.is_finite() && x >= 0.0) {
        panic!("{place}: expected a finite number ≥ 0, found {x}");
    }
    x
}

/// The factor of an exponentially weighted average, which lies in \[0, 1).
#[track_caller]
pub(crate) fn averaging_factor(place: &str, x: f64) -> f64 {
    if !(0.0..1.0).contains(&x) {
        panic!("{place}: expected a number in [0, 1), found {x}");
    }
    x
}
