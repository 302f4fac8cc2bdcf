//! Property-based proofs of layers (feature `proptest`).

use std::fmt::Debug;

use autodiff::check::property::{Battery, Plan, cases};
use autodiff::{Float, Parameter, Tensor};
use proptest::strategy::Strategy;

use crate::Layer;

/// Puts a layer through a [`Battery`]: its gradients by the input and by every parameter, to the second order and
/// in forward mode, in `f64` and `f32`, on views, at any number of threads.
///
/// A case draws the shape of the input and options. `double` and `single` build the layer from the options, the
/// same one at both element types; the case gives it parameters of its own, distinct numbers between −1 and 1, as
/// the input has.
///
/// ```
/// use wengert::autodiff::check::property::{Battery, full_shape, up_to};
/// use wengert::nn::check;
/// use wengert::prelude::*;
/// use proptest::strategy::Strategy;
///
/// fn build<T: Float>(&(inputs, outputs): &(usize, usize)) -> Linear<T> {
///     Linear::new(inputs, outputs, &mut ChaCha8Rng::seed_from_u64(0))
/// }
///
/// let plans = || (full_shape(1..=3), 1..=3usize).prop_map(|(shape, outputs)| {
///     let inputs = *shape.last().unwrap();
///     (vec![shape], (inputs, outputs))
/// });
/// check::layer(&Battery::new().cases(16), "linear", plans, build::<f64>, build::<f32>);
/// ```
///
/// # Panics
/// With the smallest case that fails, and what fails there; or if a case has not one shape, the input's.
#[track_caller]
pub fn layer<O, P, A, B>(
    battery: &Battery,
    name: &str,
    plans: impl Fn() -> P,
    double: impl Fn(&O) -> A + Clone + Send + Sync + 'static,
    single: impl Fn(&O) -> B + Send + Sync + 'static,
) where
    O: Debug + Clone + Send + Sync + 'static,
    P: Strategy<Value = Plan<O>> + 'static,
    A: Layer<f64>,
    B: Layer<f32>,
{
    let with_parameters = || {
        let build = double.clone();
        let plans = plans().prop_map(move |(mut shapes, options)| {
            assert_eq!(shapes.len(), 1, "a layer has one input");
            shapes.extend(build(&options).named_parameters().iter().map(|(_, p)| p.shape()));
            (shapes, options)
        });
        cases(plans, -1.0..=1.0)
    };
    let build = double.clone();
    battery.operation(
        name,
        with_parameters,
        move |x, options| forward(&build(options), x),
        move |x, options| forward(&single(options), x),
    );
}

/// The output for the first tensor, with the others in place of the parameters.
fn forward<T: Float>(layer: &dyn Layer<T>, x: &[Tensor<T>]) -> Tensor<T> {
    let (x, values) = x.split_first().expect("a layer has one input");
    let parameters: Vec<Parameter<T>> = layer.parameters();
    for (parameter, value) in parameters.iter().zip(values) {
        match x.tape() {
            Some(tape) => tape.watch_as(parameter, value),
            None => parameter.set(value),
        }
    }
    layer.forward(x)
}
