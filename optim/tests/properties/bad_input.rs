//! Wrong uses of optimizers panic at their own line and say what was expected and found.

use wengert::optim::LineSearch;
use wengert::prelude::*;

use crate::panics::panic_of;

#[track_caller]
fn assert_panics<R>(f: impl FnOnce() -> R, expected: &str) {
    let (text, file) = panic_of(f);
    assert!(text.contains(expected), "expected {expected:?} in {text:?}");
    assert!(file.ends_with("bad_input.rs"), "{text:?} points at {file}");
}

fn scalar(x: f64) -> Parameter<f64> {
    Parameter::new(Tensor::scalar(x))
}

fn gradients_of(p: &Parameter<f64>) -> Gradients<f64> {
    Tape::new().watch(p).square().sum(..).backward()
}

#[test]
fn gradients_of_another_model() {
    let (ours, frozen, theirs) = (scalar(1.0), scalar(1.0), scalar(1.0));
    let grads = gradients_of(&theirs);
    frozen.freeze();
    let mut adam = Adam::new([ours.clone(), frozen], 0.1);
    assert_panics(
        || adam.step(&grads),
        "Adam::step: these are the gradients of another model: they belong to 1 parameters, none of which is \
         among the 1 unfrozen parameters of this optimizer (1 more are frozen)",
    );
    assert_eq!((adam.step_count(), ours.value().item()), (0, 1.0));
    // A copy is another model.
    let mut sgd = Sgd::new([ours.deep_clone()], 0.1);
    assert_panics(|| sgd.step(&gradients_of(&ours)), "Sgd::step: these are the gradients of another model");
}

#[test]
fn a_gradient_of_another_shape() {
    let (a, b) = (scalar(1.0), Parameter::<f64>::new(Tensor::ones([2])));
    let tape = Tape::new();
    let mut grads = (tape.watch(&a) * tape.watch(&b)).sum(..).backward();
    for (id, gradient) in grads.parameters_mut() {
        if id == b.id() {
            *gradient = Tensor::ones([3]);
        }
    }
    let mut sgd = Sgd::new([a.clone(), b], 0.1);
    assert_panics(|| sgd.step(&grads), "Sgd::step: the gradient has shape [3], its parameter [2]");
    assert_eq!(a.value().item(), 1.0, "nothing changes");
}

#[test]
fn a_parameter_listed_twice() {
    let (a, b) = (scalar(1.0), scalar(1.0));
    assert_panics(
        || AdamW::new([a.clone(), b.clone(), a.clone()], 0.1),
        "AdamW::new: parameter 2 of group 0",
    );
    let sgd = Sgd::new([a.clone()], 0.1);
    assert_panics(|| sgd.add_group(ParameterGroup::new([b, a])), "Sgd::add_group: parameter 1 of group 1");
}

#[test]
fn rates_that_are_none() {
    let p = || [scalar(1.0)];
    assert_panics(|| Sgd::new(p(), -0.1), "Sgd::new: the schedule begins with the learning rate -0.1");
    assert_panics(|| Adam::new(p(), f64::NAN), "Adam::new: the schedule begins with the learning rate NaN");
    assert_panics(|| ParameterGroup::new(p()).learning_rate(f64::INFINITY), "the learning rate inf");
    let w = scalar(1.0);
    let mut sgd = Sgd::new([w.clone()], optim::schedule::from_fn(|step| 1.0 - step as f64));
    sgd.step(&gradients_of(&w));
    sgd.step(&gradients_of(&w));
    assert_panics(
        || sgd.step(&gradients_of(&w)),
        "Sgd::step: the schedule of group 0 gives the learning rate -1 at step 2",
    );
    assert_eq!(sgd.step_count(), 2);
    assert_panics(|| sgd.learning_rate_of(1), "there is no group 1, only 1");
}

#[test]
fn options_out_of_range() {
    let sgd = || Sgd::new([scalar(1.0)], 0.1);
    let adam = || Adam::new([scalar(1.0)], 0.1);
    let rprop = || Rprop::new([scalar(1.0)], 0.1);
    let lbfgs = || Lbfgs::new([scalar(1.0)], 1.0);
    assert_panics(|| sgd().momentum(1.0), "Sgd::momentum: expected a number in [0, 1), found 1");
    assert_panics(|| sgd().momentum(f64::NAN), "found NaN");
    assert_panics(|| sgd().averaged_momentum(-0.5), "Sgd::averaged_momentum");
    assert_panics(|| sgd().dampening(1.5), "Sgd::dampening: expected a number in [0, 1], found 1.5");
    assert_panics(|| sgd().momentum(0.9).dampening(0.1).nesterov(true), "Sgd::nesterov: Nesterov's");
    assert_panics(|| sgd().nesterov(true).dampening(0.1), "Sgd::dampening: Nesterov's");
    assert_panics(|| sgd().nesterov(true).averaged_momentum(0.9), "Sgd::averaged_momentum: Nesterov's");
    assert_panics(|| sgd().weight_decay(-1.0), "expected a finite number ≥ 0, found -1");
    assert_panics(|| adam().betas(0.9, 1.0), "Adam::betas (β₂): expected a number in [0, 1), found 1");
    assert_panics(|| adam().eps(-1e-8), "Adam::eps: expected a finite number ≥ 0");
    assert_panics(|| AdamW::new([scalar(1.0)], 0.1).betas(1.0, 0.9), "AdamW::betas (β₁): expected a number");
    assert_panics(
        || Adamax::new([scalar(1.0)], 0.1).eps(f64::NAN),
        "Adamax::eps: expected a finite number ≥ 0",
    );
    assert_panics(
        || NAdam::new([scalar(1.0)], 0.1).momentum_decay(-1.0),
        "NAdam::momentum_decay: expected a",
    );
    assert_panics(|| RAdam::new([scalar(1.0)], 0.1).betas(0.5, -0.1), "RAdam::betas (β₂): expected a number");
    assert_panics(
        || Lion::new([scalar(1.0)], 0.1).betas(0.5, 2.0),
        "Lion::betas (β₂): expected a number in [0, 1)",
    );
    assert_panics(|| Adagrad::new([scalar(1.0)], 0.1).lr_decay(-1.0), "Adagrad::lr_decay: expected a finite");
    assert_panics(
        || Adagrad::new([scalar(1.0)], 0.1).initial_accumulator_value(-1.0),
        "Adagrad::initial_accumulator_value: expected a finite number ≥ 0, found -1",
    );
    assert_panics(
        || Adagrad::new([scalar(1.0)], 0.1).eps(-1.0),
        "Adagrad::eps: expected a finite number ≥ 0",
    );
    assert_panics(
        || Adadelta::new([scalar(1.0)], 0.1).rho(1.0),
        "Adadelta::rho: expected a number in [0, 1)",
    );
    assert_panics(
        || Adadelta::new([scalar(1.0)], 0.1).eps(-1.0),
        "Adadelta::eps: expected a finite number ≥ 0",
    );
    assert_panics(
        || RmsProp::new([scalar(1.0)], 0.1).alpha(1.5),
        "RmsProp::alpha: expected a number in [0, 1)",
    );
    assert_panics(|| RmsProp::new([scalar(1.0)], 0.1).momentum(1.0), "RmsProp::momentum: expected a number");
    assert_panics(
        || RmsProp::new([scalar(1.0)], 0.1).eps(-1.0),
        "RmsProp::eps: expected a finite number ≥ 0",
    );
    assert_panics(
        || rprop().etas(0.5, 1.0),
        "Rprop::etas: expected 0 < η₋ < 1 < η₊, found η₋ = 0.5 and η₊ = 1",
    );
    assert_panics(|| rprop().etas(0.0, 1.2), "found η₋ = 0 and η₊ = 1.2");
    assert_panics(|| rprop().step_sizes(1.0, 0.5), "expected 0 ≤ least ≤ largest, found 1 and 0.5");
    assert_panics(|| lbfgs().max_iter(0), "Lbfgs::max_iter: expected at least 1, found 0");
    assert_panics(|| lbfgs().max_eval(0), "Lbfgs::max_eval: expected at least 1, found 0");
    assert_panics(|| lbfgs().history_size(0), "Lbfgs::history_size: expected at least 1, found 0");
    assert_panics(
        || lbfgs().tolerance_grad(-1.0),
        "Lbfgs::tolerance_grad: expected a finite number ≥ 0, found -1",
    );
    assert_panics(|| lbfgs().tolerance_change(f64::NAN), "Lbfgs::tolerance_change: expected a finite number");
    assert_panics(|| ParameterGroup::<f64>::new([]).weight_decay(f64::NAN), "ParameterGroup::weight_decay");
}

#[test]
fn optimizers_that_cannot_be_joined() {
    let (a, b) = (scalar(1.0), scalar(1.0));
    assert_panics(
        || Adam::new([a.clone()], 0.1).join(Adam::new([b.clone(), a.clone()], 0.1)),
        "Adam::join: parameter 1 of group 1",
    );
    let mut stepped = Adam::new([b.clone()], 0.1);
    stepped.step(&gradients_of(&b));
    assert_panics(
        || Adam::new([a.clone()], 0.1).join(stepped),
        "Adam::join: the optimizer to take in has taken 1 steps already",
    );
}

#[test]
fn wrong_losses_for_lbfgs() {
    let (w, other) = (scalar(1.0), scalar(1.0));
    assert_panics(|| Lbfgs::new([w.clone(), w.clone()], 1.0), "Lbfgs::new: parameter 1, ");
    assert_panics(
        || Lbfgs::new([w.clone()], -1.0),
        "Lbfgs::new: the schedule begins with the learning rate -1",
    );
    let mut lbfgs = Lbfgs::new([w.clone()], 1.0).line_search_fn(LineSearch::StrongWolfe);
    let square = || Tape::new().watch(&other).square();
    assert_panics(|| lbfgs.step(square), "Lbfgs::step: these are the gradients of another model");
    assert_panics(|| lbfgs.step(|| Tensor::<f64>::ones([2])), "backward");
    let falling = optim::schedule::from_fn(|step| 1.0 - 2.0 * step as f64);
    let mut lbfgs = Lbfgs::new([w.clone()], falling);
    lbfgs.step(|| Tape::new().watch(&w).square());
    let before = w.value().item();
    assert_panics(
        || lbfgs.step(|| Tape::new().watch(&w).square()),
        "Lbfgs::step: the schedule of group 0 gives the learning rate -1 at step 1",
    );
    assert_eq!((lbfgs.step_count(), w.value().item()), (1, before));
}
