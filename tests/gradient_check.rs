//! The gradient check itself: it finds what is wrong, passes what is right, and says which.

use std::cell::Cell;
use std::panic;
use std::slice::from_ref;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use wengert::autodiff::check::{self, Check, CheckError, Quantity, Verdict};
use wengert::autodiff::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors};
use wengert::autodiff::{Shape, ShapeError, Shapes, Value, apply};
use wengert::prelude::*;

/// x³, whose rule multiplies by a factor that should be 1, and takes the input as a constant if told so.
struct Cube {
    factor: f64,
    cut: bool,
}

impl Function<f64> for Cube {
    fn name(&self) -> &'static str {
        "cube"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok([Shape::from_slice(inputs[0])].into_iter().collect())
    }

    fn forward(&self, inputs: &[&Value<f64>], cx: &mut Forward<'_, f64>) -> Outputs<f64> {
        cx.save_input(0);
        inputs[0].view().mapv(|x| x * x * x).into()
    }

    fn backward(&self, cx: &Backward<'_, f64>, grads: &[Option<Tensor<f64>>]) -> InputGradients<f64> {
        let x = if self.cut { cx.input(0).detach() } else { cx.input(0) };
        [grads[0].as_ref().map(|dy| x.square() * (3.0 * self.factor) * dy)].into_iter().collect()
    }
}

fn cube(x: &Tensor<f64>, factor: f64) -> Tensor<f64> {
    apply(Cube { factor, cut: false }, &[x]).remove(0)
}

/// A fused x² whose composed form is x³ times a number.
struct Fused;

impl Function<f64> for Fused {
    fn name(&self) -> &'static str {
        "fused"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok([Shape::from_slice(inputs[0])].into_iter().collect())
    }

    fn forward(&self, inputs: &[&Value<f64>], _: &mut Forward<'_, f64>) -> Outputs<f64> {
        inputs[0].view().mapv(|x| x * x).into()
    }

    fn backward(&self, cx: &Backward<'_, f64>, grads: &[Option<Tensor<f64>>]) -> InputGradients<f64> {
        [grads[0].as_ref().map(|dy| cx.input(0) * 2.0 * dy)].into_iter().collect()
    }

    fn fused(&self) -> Option<&dyn Composed<f64>> {
        Some(self)
    }
}

impl Composed<f64> for Fused {
    fn composed(&self, inputs: &[Tensor<f64>]) -> Tensors<f64> {
        [inputs[0].pow(3) * 0.9].into_iter().collect()
    }
}

fn points() -> Tensor<f64> {
    Tensor::from_vec([2, 3], vec![0.5, -1.0, 2.0, 3.0, -0.25, 1.5])
}

#[test]
fn a_right_rule_is_right_to_both_orders() {
    let report = Check::new().order(2).gradients(|x| cube(&x[0], 1.0), &[points()]).unwrap();
    assert!(report.is_right() && report.distance() < 1e-10, "{report}");
    let quantities: Vec<_> = report.comparisons().iter().map(|c| c.quantity).collect();
    assert_eq!(quantities, [Quantity::Gradient, Quantity::Replay, Quantity::SecondOrder, Quantity::Forward]);
}

#[test]
fn a_wrong_rule_is_wrong_and_its_worst_component_named() {
    let other = Tensor::from_vec([2], vec![1.0, 2.0]);
    let f = |x: &[Tensor<f64>]| (x[1].square(), cube(&x[0], 1.5));
    let report = check::gradients(f, &[points(), other]).unwrap();
    assert_eq!(report.verdict(), Verdict::Wrong);
    assert!((report.distance() - 0.2).abs() < 1e-9, "|1.5 − 1| / (1.5 + 1) is {}", report.distance());
    let [first, second] = report.comparisons() else { panic!("{report}") };
    assert_eq!((first.verdict, second.verdict), (Verdict::Wrong, Verdict::Right));
    // The largest gradient, 3·3², has the largest error.
    assert_eq!(first.worst[0].index, [1, 0]);
    let ratio = first.worst[0].analytical / first.worst[0].numerical;
    assert!((ratio - 1.5).abs() < 1e-9, "{ratio}");
    let message = *panic::catch_unwind(|| report.assert()).unwrap_err().downcast::<String>().unwrap();
    assert_eq!(message, report.to_string());
}

#[test]
fn a_small_error_is_suspicious() {
    let report = check::gradients(|x| cube(&x[0], 1.0 + 1e-5), &[points()]).unwrap();
    assert_eq!(report.verdict(), Verdict::Suspicious);
    let lenient = Check::new().tolerance(1e-5).gradients(|x| cube(&x[0], 1.0 + 1e-5), &[points()]);
    assert!(lenient.unwrap().is_right());
}

#[test]
fn one_wrong_component_among_many_is_seen() {
    // A mask that forgets one of 64 elements.
    let keep = Tensor::from_vec([64], (0..64).map(|i| f64::from(i != 41)).collect());
    let f = |x: &[Tensor<f64>]| &x[0] * &keep + x[0].detach() * (1.0 - &keep);
    let x = Tensor::full([64], 0.5);
    let report = check::gradients(f, from_ref(&x)).unwrap();
    assert_eq!(report.verdict(), Verdict::Wrong);
    assert_eq!(report.comparisons()[0].worst[0].index, [41]);
    assert!(!Check::new().directions(2).gradients(f, &[x]).unwrap().is_right());
}

#[test]
fn a_wrong_second_order_is_seen() {
    let f = |x: &[Tensor<f64>]| apply(Cube { factor: 1.0, cut: true }, &[&x[0]]).remove(0);
    assert!(check::gradients(f, &[points()]).unwrap().is_right());
    let report = Check::new().order(2).gradients(f, &[points()]).unwrap();
    let verdicts: Vec<_> = report.comparisons().iter().map(|c| c.verdict).collect();
    assert_eq!(verdicts, [Verdict::Right, Verdict::Right, Verdict::Wrong, Verdict::Right], "{report}");
}

#[test]
fn a_fused_function_that_is_not_its_composed_form_is_seen() {
    let f = |x: &[Tensor<f64>]| apply(Fused, &[&x[0]]).remove(0);
    let report = Check::new().order(2).gradients(f, &[points()]).unwrap();
    let verdicts: Vec<_> = report.comparisons().iter().map(|c| c.verdict).collect();
    assert_eq!(verdicts, [Verdict::Right, Verdict::Wrong, Verdict::Wrong, Verdict::Wrong], "{report}");
}

#[test]
fn gradients_that_are_truly_zero_are_right() {
    let f = |x: &[Tensor<f64>]| (x[0].softmax(1).sum(1) * 1e3, &x[1] * 0.0, x[2].clone());
    let x = [points(), points(), points()];
    Check::new().order(2).gradients(f, &x).unwrap().assert();
    // An input that is not used has a gradient of zero.
    check::gradients(|x| x[0].square(), &x).unwrap().assert();
}

#[test]
fn the_step_follows_the_size_of_the_components() {
    let sizes = [1e-6, 1e-3, 1.0, 1e3, 1e6];
    let x = Tensor::from_vec([5], sizes.to_vec());
    let f = |x: &[Tensor<f64>]| x[0].ln() * Tensor::from_vec([5], sizes.to_vec());
    let report = check::gradients(f, &[x]);
    // The default step leaves the domain of ln at 1e-6: this is said, and a smaller step does.
    assert!(matches!(report, Err(CheckError::NotFinite { output: 0, .. })), "{report:?}");
    for size in [1e-2, 1.0, 1e3, 1e6] {
        let x = Tensor::from_vec([2], vec![size, size * 1.5]);
        check::gradients(|x| x[0].ln() + x[0].sqrt() + 1.0 / &x[0], &[x]).unwrap().assert();
    }
}

#[test]
fn a_kink_beside_the_point_is_stepped_around() {
    let x = Tensor::from_vec([3], vec![1e-4, -1e-4, 0.5]);
    check::gradients(|x| x[0].relu() + x[0].abs(), &[x]).unwrap().assert();
}

#[test]
fn directions_check_big_inputs_in_few_calls() {
    let calls = Cell::new(0);
    let (x, w) = (Tensor::full([50, 400], 0.1), Tensor::full([400, 30], 0.02));
    let f = |x: &[Tensor<f64>]| {
        calls.set(calls.get() + 1);
        x[0].matmul(&x[1]).tanh().square().mean(..)
    };
    Check::new().directions(3).order(2).gradients(f, &[x, w]).unwrap().assert();
    assert!(calls.get() < 50, "{} calls", calls.get());
    let report = Check::new().directions(3).gradients(|x| cube(&x[0], 1.1), &[points()]).unwrap();
    assert_eq!(report.verdict(), Verdict::Wrong);
    assert_eq!(report.comparisons()[0].shape, [3]);
}

#[test]
fn parameters_are_checked_and_given_back() {
    let (w, b) = (Parameter::new(points()), Parameter::new(Tensor::from_vec([2], vec![0.1, -0.2])));
    let frozen = Parameter::new(Tensor::scalar(3.0));
    frozen.freeze();
    let x = Tensor::from_vec([2, 3], vec![1.0, 0.5, -0.5, 0.2, 0.3, -1.0]);
    let loss = |tape: &Tape| {
        let y = tape.constant(&x).linear(&tape.watch(&w), Some(&tape.watch(&b))) * tape.watch(&frozen);
        y.cross_entropy(&Indices::from([0, 1])) + 0.1 * tape.watch(&w).square().sum(..)
    };
    let address = |p: &Parameter<f64>| p.value().view().as_ptr();
    let before = (address(&w), w.value().to_vec(), b.value().to_vec());
    let named = [("w".to_owned(), w.clone()), ("b".to_owned(), b.clone()), ("f".to_owned(), frozen.clone())];
    let report = Check::new().order(2).named_parameters(loss, &named).unwrap();
    report.assert();
    let names: Vec<_> = report.comparisons().iter().take(2).map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["w", "b"]);
    assert_eq!((address(&w), w.value().to_vec(), b.value().to_vec()), before);
    assert!(!report.to_string().contains("f ["), "frozen parameters are left out");

    // Given back when the function fails in the middle.
    let calls = Cell::new(0);
    let fails = |tape: &Tape| {
        calls.set(calls.get() + 1);
        assert!(calls.get() < 9, "the ninth call fails");
        tape.watch(&w).square()
    };
    let check = || check::parameters(fails, from_ref(&w));
    assert!(panic::catch_unwind(panic::AssertUnwindSafe(check)).is_err());
    assert_eq!((address(&w), w.value().to_vec(), b.value().to_vec()), before);
}

#[test]
fn what_cannot_be_checked_is_an_error() {
    let rng = Cell::new(0.0);
    let drifting = |x: &[Tensor<f64>]| {
        rng.set(rng.get() + 1e-12);
        &x[0] + rng.get()
    };
    let error = check::gradients(drifting, &[points()]).unwrap_err();
    assert!(matches!(error, CheckError::NotDeterministic { output: 0, .. }), "{error}");
    assert!(error.to_string().contains("output 0 at [0, 0] was 5.00000000001e-1"), "{error}");

    let growing = Cell::new(1);
    let grows = |x: &[Tensor<f64>]| {
        growing.set(growing.get() + 1);
        Tensor::stack(&vec![&x[0]; growing.get()], 0)
    };
    let error = check::gradients(grows, &[points()]).unwrap_err();
    assert!(matches!(error, CheckError::ShapesChanged { .. }), "{error}");

    let error = check::gradients(|x| x[0].ln(), &[points()]).unwrap_err();
    assert!(matches!(&error, CheckError::NotFinite { index, .. } if index == &[0, 1]), "{error}");

    assert_eq!(check::gradients(|x| x[0].detach(), &[points()]), Err(CheckError::NothingToCheck));
    assert_eq!(check::gradients(|_| Tensor::ones([2]), &[points()]), Err(CheckError::NothingToCheck));
    assert_eq!(check::gradients(|_| Tensor::<f64>::ones([1]), &[]), Err(CheckError::NothingToCheck));
    let frozen = Parameter::new(points());
    frozen.freeze();
    let watch = |tape: &Tape| tape.watch(&frozen);
    assert_eq!(check::parameters(watch, from_ref(&frozen)), Err(CheckError::NothingToCheck));
}

#[test]
fn dropout_is_checked_on_a_training_tape() {
    let x = Tensor::full([40], 0.7);
    let f = |x: &[Tensor<f64>]| x[0].dropout(0.5).square();
    let check = Check::new().order(2).training(5);
    check.gradients(f, from_ref(&x)).unwrap().assert();
    let dropped = f(&[check.tape().constant(&x)]);
    assert!((5..35).contains(&dropped.eq(0.0).count()), "dropout is on");
    // Chance from elsewhere is refused; the same chance in each call is not.
    let rng = Cell::new(Some(ChaCha8Rng::seed_from_u64(0)));
    let noisy = |x: &[Tensor<f64>]| {
        let mut own = rng.take().unwrap();
        let y = &x[0] * own.random::<f64>();
        rng.set(Some(own));
        y
    };
    let error = check::gradients(noisy, from_ref(&x)).unwrap_err();
    assert!(matches!(error, CheckError::NotDeterministic { .. }), "{error}");
    let anew = |x: &[Tensor<f64>]| &x[0] * ChaCha8Rng::seed_from_u64(0).random::<f64>();
    check::gradients(anew, &[x]).unwrap().assert();
}

#[test]
fn empty_inputs_are_checked_without_a_component() {
    let report = Check::new().order(2).gradients(|x| x[0].exp(), &[Tensor::zeros([0, 3])]).unwrap();
    assert!(report.is_right() && report.comparisons().iter().all(|c| c.worst.is_empty()));
}

#[test]
fn the_report_is_a_few_aligned_lines() {
    let x = Tensor::from_vec([2], vec![1.0, 2.0]);
    let report = check::gradients(|x| (cube(&x[0], 2.0), x[1].sigmoid()), &[x, points()]).unwrap();
    let text = report.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "gradient check: WRONG, E = 3.3e-1 (right below 1e-7, wrong above 1e-3)");
    assert_eq!(lines[1], "  gradient         input 0 [2]     E = 3.3e-1   WRONG");
    assert!(lines[2].ends_with("numerical            analytical  difference"), "{text}");
    assert!(lines[3].starts_with("      [1]  ") && lines[4].starts_with("      [0]  "), "{text}");
    assert_eq!(lines[3].len(), lines[4].len());
    assert!(lines[5].starts_with("  gradient         input 1 [2, 3]  E = ") && lines[5].ends_with("right"));
    assert_eq!(lines.len(), 6);
}
