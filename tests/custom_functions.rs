//! Functions of a user's own: a pair that are each other's derivatives, to the third order.

use wengert::autodiff::check::Check;
use wengert::autodiff::function::{Backward, Forward, Function, InputGradients, Outputs};
use wengert::autodiff::{Shape, ShapeError, Shapes, Value, apply};
use wengert::prelude::*;

/// sin x. Rule: dx = cos x·dy.
struct Sin;

/// cos x. Rule: dx = −sin x·dy.
struct Cos;

macro_rules! circular {
    ($name:ident, $text:literal, $value:ident, |$x:ident, $dy:ident| $rule:expr) => {
        impl<T: Float> Function<T> for $name {
            fn name(&self) -> &'static str {
                $text
            }

            fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
                Ok([Shape::from_slice(inputs[0])].into_iter().collect())
            }

            fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
                cx.save_input(0);
                inputs[0].view().mapv(T::$value).into()
            }

            fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
                let $x = cx.input(0);
                [grads[0].as_ref().map(|$dy| $rule)].into_iter().collect()
            }
        }
    };
}

circular!(Sin, "sin", sin, |x, dy| cos(&x) * dy);
circular!(Cos, "cos", cos, |x, dy| -sin(&x) * dy);

#[track_caller]
fn sin<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    apply(Sin, &[x]).remove(0)
}

#[track_caller]
fn cos<T: Float>(x: &Tensor<T>) -> Tensor<T> {
    apply(Cos, &[x]).remove(0)
}

/// The derivative of a scalar, recorded.
fn derivative(y: &Tensor<f64>, x: &Tensor<f64>) -> Tensor<f64> {
    y.backward_with(Replay::new().create_graph(true)).get(x).unwrap().clone()
}

#[test]
fn the_third_derivative_of_the_sine_of_a_square() {
    for x in [-1.3, 0.0, 0.4, 1.0, 2.5] {
        let tape = Tape::new();
        let at = tape.variable(Tensor::scalar(x));
        let y = sin(&at.square());
        let first = derivative(&y, &at);
        let second = derivative(&first, &at);
        let third = derivative(&second, &at);
        let (s, c) = (x * x).sin_cos();
        let expected = [2.0 * x * c, 2.0 * c - 4.0 * x * x * s, -12.0 * x * s - 8.0 * x.powi(3) * c];
        for (found, expected) in [first, second, third].iter().zip(expected) {
            assert!((found.item() - expected).abs() < 1e-12 * (1.0 + expected.abs()), "{found} at {x}");
        }
    }
}

#[test]
fn the_third_derivative_of_an_exponential_and_a_hyperbolic_tangent() {
    let (x, tape) = (0.7f64, Tape::new());
    let at = tape.variable(Tensor::scalar(x));
    let third = |y: &Tensor<f64>| derivative(&derivative(&derivative(y, &at), &at), &at).item();
    let e = (x * x).exp();
    assert!((third(&at.square().exp()) - (12.0 * x + 8.0 * x.powi(3)) * e).abs() < 1e-11);
    let t = x.tanh();
    let expected = -2.0 + 8.0 * t.powi(2) - 6.0 * t.powi(4);
    assert!((third(&at.tanh()) - expected).abs() < 1e-13);
}

#[test]
fn check_proves_them() {
    let x = Tensor::from_vec([4], vec![-2.0, 0.1, 0.9, 3.0]);
    Check::new().order(2).gradients(|x| [sin(&x[0]), cos(&x[0].square())], &[x]).unwrap().assert();
}

#[test]
fn a_shape_error_is_an_err_or_a_panic_at_the_callers_line() {
    let wrong = autodiff::try_apply(autodiff::ops::Add, &[&Tensor::<f32>::ones([2]), &Tensor::ones([3])]);
    let error = wrong.unwrap_err();
    assert_eq!(error.operation(), "add");
    assert!(
        error.to_string().starts_with("add: axis -1 has 2 elements in the left operand and 3"),
        "{error}"
    );
}
