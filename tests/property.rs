//! The battery notices what is wrong with an operation, a function or a layer, and names a small case.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};

use proptest::strategy::{Just, Strategy};
use wengert::autodiff::check::property::{Battery, Cases, Plan, cases, full_shape, one};
use wengert::autodiff::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors};
use wengert::autodiff::{Shape, ShapeError, Shapes, Value, property_test};
use wengert::nn::check;
use wengert::prelude::*;

/// What a battery panics with.
fn complaint(run: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("the battery notices nothing");
    payload.downcast_ref::<String>().expect("a message").clone()
}

fn any_input() -> Cases<()> {
    cases(one(), -2.0..=2.0)
}

fn battery() -> Battery {
    Battery::new().cases(24)
}

/// x³ in which one thing may be wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cube {
    Right,
    WrongFactor,
    WrongComposed,
    WrongValue,
    WrongShapes,
    PanicsOnVectors,
}

impl<T: Float> Function<T> for Cube {
    fn name(&self) -> &'static str {
        "cube"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let shape = inputs[0];
        let said = if *self == Self::WrongShapes && shape.len() == 1 { &[7][..] } else { shape };
        Ok([Shape::from_slice(said)].into_iter().collect())
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        assert!(*self != Self::PanicsOnVectors || inputs[0].shape().len() != 1, "not for vectors");
        let wrong = if *self == Self::WrongValue { 1e-6 } else { 0.0 };
        inputs[0].view().mapv(|x| x * x * x + T::from_f64(wrong)).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let factor = if *self == Self::WrongFactor { 3.01 } else { 3.0 };
        [grads[0].as_ref().map(|dy| cx.input(0).square() * factor * dy)].into_iter().collect()
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

impl<T: Float> Composed<T> for Cube {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let x = &inputs[0];
        let exponent = if *self == Self::WrongComposed { 3.5 } else { 3.0 };
        [x * x.abs().pow(exponent - 1.0)].into_iter().collect()
    }
}

#[test]
fn a_right_function_passes() {
    battery().function("cube", any_input, |()| Cube::Right);
}

#[test]
fn each_mistake_of_a_function_is_noticed() {
    let says = |cube: Cube| complaint(|| battery().function("cube", any_input, move |()| cube));
    let text = says(Cube::WrongFactor);
    assert!(
        text.contains("cube: gradient check: WRONG") || text.contains("gradient check: suspicious"),
        "{text}"
    );
    // The smallest case: one element, or none of the axes.
    assert!(text.contains("the smallest case that fails:"), "{text}");
    assert!(text.contains("input 0: [], ") || text.contains("input 0: [1], "), "{text}");
    assert!(says(Cube::WrongComposed).contains("recorded replay"));
    assert!(says(Cube::WrongValue).contains("that of the composed form"));
    assert!(says(Cube::WrongShapes).contains("its rule said [[7]]"));
    assert!(says(Cube::PanicsOnVectors).contains("not for vectors"));
}

#[test]
fn single_precision_that_differs_is_noticed() {
    let text = complaint(|| {
        battery().operation("exp", any_input, |x, ()| x[0].exp(), |x, ()| x[0].exp() * 1.001);
    });
    assert!(text.contains("in f32 and in f64"), "{text}");
}

#[test]
fn an_operation_that_forgets_is_noticed() {
    // Half of the dependence is hidden from the tape.
    let forgets = |x: &[Tensor<f64>], (): &()| &x[0] * x[0].detach();
    let text = complaint(|| battery().operation("half", any_input, forgets, |x, ()| x[0].square()));
    assert!(text.contains("WRONG"), "{text}");
}

#[test]
fn an_operation_that_is_another_each_time_is_noticed() {
    let calls = AtomicU32::new(0);
    let drifts = move |x: &[Tensor<f64>], (): &()| &x[0] + f64::from(calls.fetch_add(1, Ordering::Relaxed));
    let text = complaint(|| battery().operation("drift", any_input, drifts, |x, ()| x[0].clone()));
    assert!(text.contains("not deterministic"), "{text}");
}

property_test!(a_test_of_its_own, cases(one(), -2.0..=2.0), |x| x[0].sigmoid() * x[0].tanh());

/// One input of the layers' width.
fn pictures() -> impl Strategy<Value = Plan<()>> {
    full_shape(2..=2).prop_map(|size| (vec![[vec![2, 3], size].concat()], ()))
}

#[test]
fn layers_are_proved_by_input_and_parameters() {
    fn convolution<T: Float>((): &()) -> Conv2d<T> {
        Conv2dConfig::new(3, 2, 3).padding(1).init(&mut ChaCha8Rng::seed_from_u64(0))
    }
    check::layer(&battery(), "convolution", pictures, convolution::<f64>, convolution::<f32>);
    fn norm<T: Float>((): &()) -> BatchNorm2d<T> {
        BatchNorm2d::new(3)
    }
    check::layer(&battery(), "norm", pictures, norm::<f64>, norm::<f32>);
}

/// A layer that hides its weight from the tape.
#[derive(Module)]
struct Hidden<T: Float> {
    weight: Parameter<T>,
}

impl<T: Float> Layer<T> for Hidden<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        x * self.weight.on_tape_of(x).detach()
    }
}

#[test]
fn a_layer_that_hides_a_parameter_is_noticed() {
    fn hidden<T: Float>((): &()) -> Hidden<T> {
        Hidden { weight: Parameter::new(Tensor::ones([])) }
    }
    let plans = || (full_shape(1..=2), Just(())).prop_map(|(shape, ())| (vec![shape], ()));
    let text = complaint(|| check::layer(&battery(), "hidden", plans, hidden::<f64>, hidden::<f32>));
    assert!(text.contains("input 1") && text.contains("WRONG"), "{text}");
}
