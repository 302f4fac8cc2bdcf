use super::*;

fn parameter(elements: &[f64]) -> Parameter<f64> {
    Parameter::new(vector(elements))
}

fn one(audit: &Audit) -> &Finding {
    let [finding] = audit.findings() else { panic!("{audit}") };
    finding
}

#[test]
fn finds_nothing_where_all_learn_and_leaves_the_tape_alone() {
    let w = parameter(&[1.0, 2.0]);
    let tape = Tape::new();
    let y = tape.watch(&w).square();
    y.on_gradient(|_| -> () { panic!("an audit calls no callback") }).remove();
    let calls = Arc::new(Mutex::new(0));
    let count = calls.clone();
    y.on_gradient(move |_| *count.lock().unwrap() += 1);
    let loss = y.sum(..);
    let (operations, saved) = (tape.len(), tape.saved_bytes());
    let audit = Audit::of(&loss, [("w", &w)]);
    assert!(audit.is_clean(), "{audit}");
    assert_eq!((tape.len(), tape.saved_bytes(), *calls.lock().unwrap()), (operations, saved, 0));
    assert_eq!(loss.backward().get(&w).unwrap().to_vec(), [2.0, 4.0]);
    assert_eq!(*calls.lock().unwrap(), 1);
}

#[test]
fn names_what_was_frozen_or_never_watched() {
    let (w, frozen, unused, by_value) =
        (parameter(&[1.0]), parameter(&[1.0]), parameter(&[1.0]), parameter(&[1.0]));
    frozen.freeze();
    let tape = Tape::new();
    let loss = (tape.watch(&w) * tape.watch(&frozen) * by_value.value()).sum(..);
    let named = [("w", &w), ("frozen", &frozen), ("unused", &unused), ("by_value", &by_value)];
    let audit = Audit::of(&loss, named);
    let found: Vec<_> = audit.findings().iter().map(|f| (f.name.as_str(), f.problem)).collect();
    let never = Problem::NotWatched;
    assert_eq!(found, [("frozen", Problem::Frozen), ("unused", never), ("by_value", never)]);
    let text = audit.to_string();
    assert!(text.starts_with("audit of 4 parameters (4 numbers): 1 get a gradient, 3 do not\n"), "{text}");
}

#[test]
fn says_where_a_way_to_the_loss_is_cut() {
    let (w, v) = (parameter(&[1.0, 3.0]), parameter(&[1.0, 2.0]));
    type Cut = fn(&Tensor<f64>) -> Tensor<f64>;
    let cuts: [(&str, Cut); 4] = [
        ("detach", |h| h.detach()),
        ("argmax", |h| Tensor::scalar(h.argmax(0).as_slice()[0] as f64)),
        ("gt", |h| h.gt(1.0).to_tensor()),
        ("cast", |h| h.cast::<f32>().cast()),
    ];
    for (name, cut) in cuts {
        let tape = Tape::new();
        let _scope = tape.scope("encoder");
        let h = tape.watch(&w).square().exp();
        let line = line!() - 1;
        let loss = (cut(&h) * tape.watch(&v)).sum(..);
        let audit = Audit::of(&loss, [("w", &w), ("v", &v)]);
        let finding = one(&audit);
        assert_eq!((finding.name.as_str(), finding.problem), ("w", Problem::Missing));
        let [cause] = &finding.causes[..] else { panic!("{audit}") };
        assert_eq!((cause.operation, cause.path.as_str()), ("exp", "encoder"), "{audit}");
        let caller = cause.caller.unwrap();
        assert_eq!((caller.file(), caller.line()), (file!(), line));
        assert!(cause.what.contains(&format!("{name} at {}", file!())), "{audit}");
    }
}

#[test]
fn says_that_a_watched_parameter_was_not_used() {
    let (w, v) = (parameter(&[1.0]), parameter(&[1.0]));
    let tape = Tape::new();
    let _ = tape.watch(&w);
    let loss = tape.watch(&v).sum(..);
    let audit = Audit::of(&loss, [("w", &w), ("v", &v)]);
    assert!(one(&audit).causes[0].what.contains("no operation"), "{audit}");
    let detached = tape.watch(&w).detach();
    let audit = Audit::of(&(tape.watch(&v) * detached).sum(..), [("w", &w), ("v", &v)]);
    assert!(one(&audit).causes[0].what.contains("detach at"), "{audit}");
}

#[test]
fn finds_the_rule_that_gives_no_gradient() {
    use wengert::autodiff::function::{Backward, Forward, InputGradients, Outputs};
    use wengert::autodiff::{ShapeError, Shapes, Value, apply};

    struct Forgetful;

    impl Function<f64> for Forgetful {
        fn name(&self) -> &'static str {
            "forgetful"
        }
        fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
            Ok([inputs[0].into()].into_iter().collect())
        }
        fn forward(&self, inputs: &[&Value<f64>], _: &mut Forward<'_, f64>) -> Outputs<f64> {
            inputs[0].clone().into()
        }
        fn backward(&self, _: &Backward<'_, f64>, _: &[Option<Tensor<f64>>]) -> InputGradients<f64> {
            [None].into_iter().collect()
        }
    }

    let w = parameter(&[1.0]);
    let tape = Tape::new();
    let loss = apply(Forgetful, &[&tape.watch(&w).exp()]).remove(0).sum(..);
    let audit = Audit::of(&loss, [("w", &w)]);
    let finding = one(&audit);
    assert_eq!((finding.problem, finding.causes[0].operation), (Problem::Missing, "forgetful"), "{audit}");
}

#[test]
fn finds_the_operation_that_makes_zeros() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let net = Sequential::<f32>::new()
        .push(Linear::new(3, 4, &mut rng))
        .push_named("dead", Relu)
        .push(Linear::new(4, 2, &mut rng));
    let named = net.named_parameters();
    named[1].1.set(&Tensor::full([4], -100.0));
    let tape = Tape::new();
    let loss = net.forward(&tape.constant(Tensor::ones([5, 3]))).square().mean(..);
    let audit = tape.audit(&loss, &net);
    let found: Vec<_> = audit.findings().iter().map(|f| (f.name.as_str(), f.problem)).collect();
    let zero = Problem::Zero;
    assert_eq!(found, [("0.weight", zero), ("0.bias", zero), ("2.weight", zero)], "{audit}");
    let causes: Vec<_> =
        audit.findings().iter().map(|f| (f.causes[0].operation, &f.causes[0].path[..])).collect();
    assert_eq!(causes[..2], [("relu", "dead"), ("relu", "dead")], "{audit}");
    // The second layer reads nothing but zeros.
    assert_eq!(causes[2], ("linear", "2"), "{audit}");
}

#[test]
fn finds_the_operation_that_makes_nan_or_infinities() {
    let w = parameter(&[0.0, 4.0]);
    let tape = Tape::new();
    let loss = (tape.watch(&w) * 2.0).sqrt().sum(..);
    let audit = Audit::of(&loss, [("w", &w)]);
    let finding = one(&audit);
    assert_eq!((finding.problem, finding.causes[0].operation), (Problem::NotFinite, "sqrt"), "{audit}");
    // Two gradients that are finite add up to one that is not.
    let big = parameter(&[1.0]);
    let tape = Tape::new();
    let x = tape.watch(&big);
    let loss = (&x * 1e308 + &x * 1e308).sum(..);
    let audit = Audit::of(&loss, [("big", &big)]);
    assert!(one(&audit).causes[0].what.contains("add up"), "{audit}");
}

#[test]
fn panics_where_there_is_nothing_to_audit() {
    let w = parameter(&[1.0, 2.0]);
    let none = || std::iter::empty::<(String, &Parameter<f64>)>();
    assert!(panic_of(|| Audit::of(&w.value(), none())).contains("no tape"));
    let tape = Tape::new();
    assert!(panic_of(|| Audit::of(&tape.watch(&w), none())).contains("no scalar"));
    assert!(panic_of(|| Audit::of(&tape.constant(w.value()), none())).contains("nothing"));
    let loss = tape.watch(&w).sum(..);
    loss.backward();
    assert!(panic_of(|| Audit::of(&loss, none())).contains("drained"));
}
