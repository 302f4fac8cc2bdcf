//! The tools that look at a record: scopes, callbacks, audit, anomalies, summary, page and profile.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use wengert::autodiff::audit::{Audit, Finding, Problem};
use wengert::autodiff::graph::Graph;
use wengert::prelude::*;

fn vector(elements: &[f64]) -> Tensor<f64> {
    Tensor::from_vec([elements.len()], elements.to_vec())
}

/// The text of the panic of a function that must panic.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else { panic!("it did not panic") };
    match payload.downcast_ref::<&str>() {
        Some(text) => text.to_string(),
        None => payload.downcast_ref::<String>().cloned().expect("a panic with a text"),
    }
}

mod scopes {
    use super::*;

    fn path(y: &Tensor<f64>) -> String {
        Graph::of(y.tape().unwrap()).path(y).unwrap().to_string()
    }

    #[test]
    fn nest_and_end_where_their_guards_do() {
        let tape = Tape::new();
        let x = tape.variable(Tensor::scalar(1.0));
        let outside = x.exp();
        let (deep, shallow);
        {
            let _a = tape.scope("backbone");
            {
                let _b = tape.scope("layer3.0");
                let _c = tape.scope("conv2");
                deep = x.exp();
            }
            shallow = x.exp();
        }
        let after = x.exp();
        assert_eq!(
            [&outside, &deep, &shallow, &after].map(path),
            ["", "backbone.layer3.0.conv2", "backbone", ""]
        );
        // A guard that ends before one entered after it takes only itself away.
        let a = tape.scope("a");
        let b = tape.scope("b");
        drop(a);
        assert_eq!(path(&x.exp()), "a.b");
        drop(b);
        assert_eq!(path(&x.exp()), "");
    }

    #[test]
    fn are_their_threads() {
        let tape = Tape::new();
        let x = tape.variable(Tensor::<f64>::scalar(1.0));
        let all = std::sync::Barrier::new(8);
        std::thread::scope(|threads| {
            for i in 0..8 {
                let (tape, x, all) = (&tape, &x, &all);
                threads.spawn(move || {
                    let name = format!("branch{i}");
                    let _branch = tape.scope(&name);
                    all.wait();
                    for k in 0..200 {
                        let _layer = tape.scope(&k.to_string());
                        let y = x.exp();
                        if k % 50 == 0 {
                            assert_eq!(path(&y), format!("{name}.{k}"));
                        }
                    }
                });
            }
        });
        let modules = Graph::<f64>::of(&tape).summary();
        assert_eq!(modules.modules().len(), 8 * 201);
        assert!(
            modules.modules().iter().all(|row| row.count == if row.name.contains('.') { 1 } else { 200 })
        );
        assert_eq!(path(&x.exp()), "");
    }

    #[test]
    fn of_rayon_branches_do_not_mix() {
        let tape = Tape::new();
        let x = tape.variable(Tensor::<f64>::scalar(1.0));
        let branch = |name: &str| {
            let _scope = tape.scope(name);
            (0..500).for_each(|_| drop(x.exp()));
        };
        rayon::join(|| branch("left"), || rayon::join(|| branch("middle"), || branch("right")));
        let summary = Graph::<f64>::of(&tape).summary();
        let mut counts: Vec<_> = summary.modules().iter().map(|row| (row.name.as_str(), row.count)).collect();
        counts.sort();
        assert_eq!(counts, [("left", 500), ("middle", 500), ("right", 500)]);
    }

    #[derive(Clone, Module)]
    struct Block {
        conv: Linear<f64>,
        norm: Linear<f64>,
    }

    impl Layer<f64> for Block {
        fn forward(&self, x: &Tensor<f64>) -> Tensor<f64> {
            (self.norm.forward(&self.conv.forward(x).relu()) + x).tanh()
        }
    }

    #[derive(Module)]
    struct Net {
        stem: Linear<f64>,
        features: Sequential<f64>,
        head: Vec<Linear<f64>>,
    }

    #[test]
    fn find_their_place_in_the_model_by_the_names_of_parameters() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut linear = || Linear::<f64>::new(3, 3, &mut rng);
        let mut block = || Block { conv: linear(), norm: linear() };
        let inner = Sequential::new().push(Relu).push(block());
        let features = Sequential::new().push(block()).push(Relu).push(inner);
        let net = Net { stem: linear(), features, head: vec![linear(), linear()] };
        let tape = Tape::new();
        tape.name(&net);
        let x = tape.constant(Tensor::ones([2, 3]));
        let y = net.features.forward(&net.stem.forward(&x));
        let y = net.head.iter().fold(y, |y, layer| layer.forward(&y)).exp();
        assert_eq!(path(&y), "");
        let summary = Graph::<f64>::of(&tape).summary();
        let parts: Vec<_> = summary.modules().iter().map(|row| (row.name.as_str(), row.count)).collect();
        let expected = [
            ("stem", 1),
            ("features", 12),
            ("features.0", 5),
            ("features.0.conv", 1),
            ("features.0.norm", 1),
            ("features.1", 1),
            ("features.2", 6),
            ("features.2.0", 1),
            ("features.2.1", 5),
            ("features.2.1.conv", 1),
            ("features.2.1.norm", 1),
            ("head", 2),
            ("head.0", 1),
            ("head.1", 1),
        ];
        assert_eq!(parts, expected);
        // A scope around the model that is no part of it comes before.
        let _generator = tape.scope("generator");
        let y = net.features.forward(&x);
        assert_eq!(path(&y), "generator.features.2.1");
        let y = net.stem.forward(&x);
        assert_eq!(path(&y), "generator.stem");
    }

    #[test]
    fn hold_for_what_a_recording_replay_records() {
        let tape = Tape::new();
        let x = tape.variable(Tensor::<f64>::scalar(0.3));
        let y = {
            let _scope = tape.scope("part");
            x.sin_by_hand()
        };
        let before = tape.len();
        let dx = y.backward_with(Replay::new().create_graph(true)).get(&x).unwrap().clone();
        assert!(tape.len() > before);
        assert_eq!(path(&dx), "part");
    }

    trait ByHand {
        fn sin_by_hand(&self) -> Self;
    }

    impl ByHand for Tensor<f64> {
        fn sin_by_hand(&self) -> Self {
            self.exp() * self
        }
    }
}

mod hooks {
    use super::*;

    type Log = Arc<Mutex<Vec<(&'static str, Vec<f64>)>>>;

    fn watch(log: &Log, name: &'static str, x: &Tensor<f64>) {
        let log = log.clone();
        x.on_gradient(move |g| log.lock().unwrap().push((name, g.to_vec())));
    }

    fn replays() -> [Replay<f64>; 3] {
        [Replay::new().retain(true), Replay::new().create_graph(true), Replay::new()]
    }

    #[test]
    fn see_complete_gradients_in_the_order_of_the_replay() {
        let tape = Tape::new();
        let (a, b) = (tape.variable(vector(&[2.0, 3.0])), tape.variable(vector(&[5.0, 7.0])));
        let u = &a * &b;
        // Two ways lead to u: its gradient is complete when both have arrived.
        let v = &u * 3.0;
        let loss = (&v + &u).sum(..);
        let log = Log::default();
        for (name, x) in [("a", &a), ("loss", &loss), ("b", &b), ("v", &v), ("u", &u)] {
            watch(&log, name, x);
        }
        let expected = [
            ("loss", vec![1.0]),
            ("v", vec![1.0, 1.0]),
            ("u", vec![4.0, 4.0]),
            ("b", vec![8.0, 12.0]),
            ("a", vec![20.0, 28.0]),
        ];
        for replay in replays() {
            loss.backward_with(replay);
            assert_eq!(*log.lock().unwrap(), expected);
            log.lock().unwrap().clear();
        }
    }

    #[test]
    fn replace_what_flows_on_and_what_is_kept() {
        for replay in replays() {
            let tape = Tape::new();
            let x = tape.variable(vector(&[1.0, -2.0]));
            let u = x.square();
            u.retain_grad();
            u.on_gradient(|g| Some(g * 10.0));
            let seen = Log::default();
            watch(&seen, "after", &u);
            x.on_gradient(|g| g + 0.5);
            let grads = (&u * 3.0).sum(..).backward_with(replay);
            assert_eq!(grads.get(&u).unwrap().to_vec(), [30.0, 30.0]);
            assert_eq!(*seen.lock().unwrap(), [("after", vec![30.0, 30.0])]);
            assert_eq!(grads.get(&x).unwrap().to_vec(), [60.5, -119.5]);
        }
    }

    #[test]
    fn are_differentiated_in_a_recording_replay() {
        let tape = Tape::new();
        let x = tape.variable(Tensor::<f64>::scalar(3.0));
        let u = x.square();
        // dL/du = 1 becomes g² + 1 = 2, so dL/dx = 2·2x, and its derivative is 4.
        u.on_gradient(|g| g.square() + 1.0);
        let dx = u.backward_with(Replay::new().create_graph(true)).get(&x).unwrap().clone();
        assert_eq!(dx.item(), 12.0);
        assert_eq!(dx.backward().get(&x).unwrap().item(), 4.0);
    }

    #[test]
    fn of_fused_functions_see_each_output() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let lstm = Lstm::<f64>::new(2, 3, &mut rng);
        for replay in replays() {
            let tape = Tape::new();
            let x = tape.variable(Tensor::full([4, 1, 2], 0.1));
            let y = lstm.forward(&x);
            let log = Log::default();
            watch(&log, "y", &y);
            y.sum(..).backward_with(replay);
            assert_eq!(*log.lock().unwrap(), [("y", vec![1.0; 12])]);
        }
    }

    #[test]
    fn are_removed_and_not_called_where_nothing_flows() {
        let tape = Tape::new();
        let x = tape.variable(vector(&[1.0]));
        let (used, unused) = (x.exp(), x.exp());
        let log = Log::default();
        watch(&log, "unused", &unused);
        let handle = used.on_gradient(|_| -> () { panic!("removed") });
        handle.clone().remove();
        handle.remove();
        used.sum(..).backward();
        assert!(log.lock().unwrap().is_empty());
    }

    #[test]
    fn that_compute_on_a_tape_leave_a_first_order_replay_unrecorded() {
        let tape = Tape::new();
        let x = tape.variable(vector(&[1.0]));
        let (y, weight) = (x.exp(), Tape::new().variable(vector(&[2.0])));
        y.on_gradient(move |g| g * &weight);
        let grads = y.sum(..).backward();
        let gradient = grads.get(&x).unwrap();
        assert!(gradient.tape().is_none());
        assert_eq!(gradient.item(), 2.0 * 1f64.exp());
    }

    #[test]
    fn panic_where_they_cannot_be() {
        let text = panic_of(|| vector(&[1.0]).on_gradient(|_| ()));
        assert!(text.contains("on_gradient") && text.contains("[1]"), "{text}");
        let tape = Tape::new();
        let x = tape.variable(vector(&[1.0, 2.0]));
        let y = x.exp();
        y.on_gradient(|g| g.sum(..));
        let text = panic_of(|| y.sum(..).backward());
        assert!(text.contains("shape []") && text.contains("shape [2]"), "{text}");
        assert!(panic_of(|| y.on_gradient(|_| ())).contains("drained"));
    }
}

mod audit {
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
        assert!(
            text.starts_with("audit of 4 parameters (4 numbers): 1 get a gradient, 3 do not\n"),
            "{text}"
        );
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
        assert_eq!(
            (finding.problem, finding.causes[0].operation),
            (Problem::Missing, "forgetful"),
            "{audit}"
        );
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
}

mod anomalies {
    use super::*;

    /// A training tape that detects, with a model's part entered.
    fn tape() -> Tape {
        Tape::training(0).detect_anomaly(true)
    }

    #[test]
    fn are_reported_forward_with_place_and_ranges() {
        let tape = tape();
        let _scope = tape.scope("head.0");
        let x = tape.variable(vector(&[4.0, 0.0, -1.0]));
        let text = panic_of(|| x.ln());
        let line = line!() - 1;
        let first = format!("ln at {}:{line}:", file!());
        assert!(text.starts_with(&first), "{text}");
        for part in [
            " in head.0: its output holds 1 NaN and 1 ∞",
            "input 0 [3]: from -1 to 4",
            "output 0 [3]: all 1.386",
        ] {
            assert!(text.contains(part), "{text}");
        }
        // Without a slot too: what is on the tape is looked at.
        assert!(panic_of(|| tape.constant(vector(&[0.0])).recip_by_hand()).contains("1 ∞"));
    }

    trait ByHand {
        fn recip_by_hand(&self) -> Self;
    }

    impl ByHand for Tensor<f64> {
        fn recip_by_hand(&self) -> Self {
            1.0 / self
        }
    }

    #[test]
    fn are_reported_backward_in_each_kind_of_replay() {
        let replays = [Replay::new(), Replay::new().retain(true), Replay::new().create_graph(true)];
        for replay in replays {
            let tape = tape();
            let w = Parameter::new(vector(&[0.0, 1.0]));
            tape.name_parameters([("scale.weight", &w)]);
            let y = tape.watch(&w).sqrt();
            let line = line!() - 1;
            let loss = (y * 2.0).sum(..);
            let text = panic_of(|| loss.backward_with(replay));
            let first = format!("backward of sqrt at {}:{line}:", file!());
            assert!(text.starts_with(&first), "{text}");
            for part in [
                " in scale: the gradient of its input 0 holds 1 ∞",
                "gradient of output 0 [2]: all 2",
                "gradient of input 0 [2]: all 1, 1 ∞",
            ] {
                assert!(text.contains(part), "{text}");
            }
        }
    }

    #[test]
    fn that_come_from_outside_are_named_so_and_wanted_infinities_pass() {
        let tape = tape();
        let x = tape.variable(vector(&[1.0, 2.0]));
        let text = panic_of(|| &x * &vector(&[f64::NAN, 1.0]));
        assert!(text.contains("input 1 held NaN before, from outside the tape"), "{text}");
        let mask = vector(&[0.0, f64::NEG_INFINITY]);
        let y = (&x + &mask).softmax(0);
        assert_eq!(y.to_vec(), [1.0, 0.0]);
        let grads = (y * vector(&[3.0, 4.0])).sum(..).backward();
        assert_eq!(grads.get(&x).unwrap().to_vec(), [0.0, 0.0]);
    }

    #[test]
    fn are_found_in_what_will_be_computed_again() {
        let tape = tape();
        let x = tape.variable(vector(&[0.0]));
        let text = panic_of(|| autodiff::checkpoint(|x: &Tensor<f64>| x.exp().ln().ln(), &x));
        let line = line!() - 1;
        assert!(text.starts_with(&format!("ln at {}:{line}:", file!())), "{text}");
    }

    #[test]
    fn are_not_looked_for_unless_asked() {
        let tape = Tape::new();
        let x = tape.variable(vector(&[0.0]));
        assert!(x.ln().sqrt().sum(..).item().is_nan());
        let tape = tape.detect_anomaly(true);
        assert!(panic_of(|| x.ln()).contains("ln"));
        let _ = tape.detect_anomaly(false);
        assert_eq!(x.ln().item(), f64::NEG_INFINITY);
    }
}

mod profiles {
    use super::*;

    #[test]
    fn count_the_arithmetic_of_products_exactly() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let conv = Conv2dConfig::new(4, 6, 3).stride(2).padding(1).groups(2).init::<f32>(&mut rng);
        let tape = Tape::training(0).profiled();
        let x = tape.constant(Tensor::ones([2, 4, 8, 8]));
        conv.forward(&x).sum(..).backward();
        let cost = |name: &str| tape.profile().by_operation().into_iter().find(|c| c.name == name).unwrap();
        let results = 2 * 6 * 4 * 4;
        let forward = 2 * results * (2 * 3 * 3);
        // The pictures want no gradient: one product for the weight, and the sum for the bias.
        assert_eq!(cost("conv2d").flops, forward + forward + results);

        let lstm = Lstm::<f32>::new(5, 7, &mut rng);
        let tape = Tape::training(0).profiled();
        let steps = 3 * 2 * 7;
        lstm.forward(&tape.constant(Tensor::ones([3, 2, 5]))).sum(..).backward();
        let cost = tape.profile().by_operation().into_iter().find(|c| c.name == "lstm").unwrap();
        let (forward, backward) = (steps * (8 * (5 + 7) + 9), steps * (8 * (5 + 7 + 7) + 27));
        assert_eq!(cost.flops, forward + backward);

        let tape = Tape::new().profiled();
        let a = tape.variable(Tensor::<f64>::ones([3, 1, 4, 5]));
        let b = tape.variable(Tensor::ones([2, 5, 6]));
        a.matmul(&b).sum(..).backward();
        let cost = tape.profile().by_operation().into_iter().find(|c| c.name == "matmul").unwrap();
        assert_eq!(cost.flops, 3 * (2 * 3 * 2 * 4 * 5 * 6));
    }

    #[test]
    fn belong_to_the_parts_of_the_model_and_nest_in_the_trace() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let model = Sequential::<f32>::new()
            .push(Linear::new(8, 16, &mut rng))
            .push(Relu)
            .push(Sequential::new().push(Linear::new(16, 4, &mut rng)).push(Tanh));
        for replay in [Replay::new(), Replay::new().create_graph(true)] {
            let tape = Tape::training(0).profiled();
            tape.name(&model);
            let loss = model.forward(&tape.constant(Tensor::ones([5, 8]))).square().mean(..);
            loss.backward_with(replay);
            let profile = tape.profile();
            let parts = profile.by_module();
            let names: Vec<&str> = parts.iter().map(|c| c.name.as_str()).collect();
            assert_eq!(names, ["0", "1", "2", "2.0", "2.1"]);
            let inside = |name: &str| parts.iter().find(|c| c.name == name).unwrap();
            assert_eq!(inside("2").time(), inside("2.0").time() + inside("2.1").time());
            assert!(parts.iter().all(|c| !c.forward.is_zero() && !c.backward.is_zero()));
            let total = profile.total();
            assert!(total.time() > parts.iter().filter(|c| !c.name.contains('.')).map(|c| c.time()).sum());
            assert!(profile.to_string().lines().count() > 14);

            let trace: serde_json::Value = serde_json::from_str(&profile.to_trace()).unwrap();
            let events = trace["traceEvents"].as_array().unwrap();
            let bars: Vec<_> = events.iter().filter(|e| e["ph"] == "X").collect();
            let span = |e: &serde_json::Value| {
                let start = e["ts"].as_f64().unwrap();
                (start, start + e["dur"].as_f64().unwrap())
            };
            for (i, bar) in bars.iter().enumerate() {
                assert!(
                    bar["tid"].as_u64().is_some() && bar["pid"].as_u64().is_some() && bar["name"].is_string()
                );
                // Any two bars of a thread lie apart, or one in the other.
                for other in &bars[i + 1..] {
                    let ((a, b), (c, d)) = (span(bar), span(other));
                    let slack = 1e-6;
                    let apart = b <= c + slack || d <= a + slack;
                    let nested = (a <= c + slack && d <= b + slack) || (c <= a + slack && b <= d + slack);
                    assert!(apart || nested, "{bar} and {other} cross");
                }
            }
            let module = |path: &str| {
                bars.iter().filter(|e| e["cat"] == "module" && e["args"]["path"] == path).count()
            };
            assert_eq!((module("2.0"), module("0")), (2, 2), "forward and backward");
            assert!(bars.iter().any(|e| e["name"] == "linear" && e["args"]["module"] == "2.0"));
        }
    }

    #[test]
    fn time_a_checkpoint_as_one_call() {
        let tape = Tape::new().profiled();
        let x = tape.variable(vector(&[0.5; 100]));
        autodiff::checkpoint(|x: &Tensor<f64>| x.exp().tanh(), &x).sum(..).backward();
        let profile = tape.profile();
        let costs = profile.by_operation();
        let cost = costs.iter().find(|c| c.name == "checkpoint").unwrap();
        assert!(cost.calls == 2 && !cost.forward.is_zero() && !cost.backward.is_zero());
        assert_eq!(cost.saved, 800);
    }

    #[test]
    fn know_the_thread() {
        let tape = Tape::new().profiled();
        let x = tape.variable(Tensor::<f32>::scalar(1.0));
        let _ = x.exp();
        std::thread::scope(|s| s.spawn(|| drop(x.exp())).join().unwrap());
        let trace: serde_json::Value = serde_json::from_str(&tape.profile().to_trace()).unwrap();
        let threads: Vec<_> = trace["traceEvents"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|e| e["name"] == "exp")
            .map(|e| e["tid"].as_u64().unwrap())
            .collect();
        assert_eq!(threads, [1, 2]);
    }

    #[test]
    fn refuse_a_place_that_cannot_be_written() {
        let tape = Tape::new().profiled();
        let path = std::env::temp_dir().join("wengert-no-such-folder").join("trace.json");
        let error = tape.profile().write_trace(&path).unwrap_err();
        assert!(error.to_string().contains("wengert-no-such-folder"), "{error}");
        let error = Graph::<f32>::of(&tape).write_html("", &path).unwrap_err();
        assert!(error.to_string().contains("wengert-no-such-folder"), "{error}");
    }
}

mod pages {
    use super::*;

    /// The data of a page.
    fn data(page: &str) -> serde_json::Value {
        let start = page.find("id=\"data\">").unwrap() + "id=\"data\">".len();
        let end = start + page[start..].find("</script>").unwrap();
        serde_json::from_str(&page[start..end]).unwrap()
    }

    #[test]
    fn hold_the_whole_record_and_need_no_network() {
        let tape = Tape::new().profiled();
        let w = Parameter::new(vector(&[1.0, 2.0]));
        tape.name_parameters([("a.</script>", &w)]);
        let y = tape.watch(&w).exp();
        let loss = y.sum(..);
        y.retain_grad();
        let mut graph = Graph::of(&tape);
        graph.name("y", &y);
        graph.gradients(&loss.backward());
        graph.profile(&tape.profile());
        let page = graph.to_html("<A & B>");
        assert!(page.contains("<title>&lt;A &amp; B&gt;"), "{}", &page[..300]);
        assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("src="));
        let data = data(&page);
        let nodes = data["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 3);
        assert_eq!((&nodes[0]["name"], &nodes[0]["leaf"]), (&"a.</script>".into(), &true.into()));
        assert_eq!(
            (&nodes[1]["op"], &nodes[1]["path"], &nodes[1]["saved"]),
            (&"exp".into(), &"a".into(), &16.into())
        );
        assert_eq!(nodes[1]["gradient"], "1 … 1");
        assert!(nodes[1]["at"].as_str().unwrap().starts_with(file!()));
        assert!(nodes[1]["forward"].as_f64().unwrap() > 0.0 && nodes[1]["backward"].as_f64().unwrap() > 0.0);
        assert_eq!(nodes[2]["in"], serde_json::json!([1]));
    }

    #[test]
    fn agree_with_the_summary_and_the_tape_on_what_is_saved() {
        let tape = Tape::new();
        let x = tape.variable(Tensor::<f32>::full([10, 10], 0.5));
        let w = Parameter::new(Tensor::ones([10, 10]));
        let y = x.matmul(&tape.watch(&w)).tanh().square().permute([1, 0]).exp();
        let graph = Graph::<f32>::of(&tape);
        // x for the product (its weight lives anyway), the result of tanh, which square keeps too, and exp's.
        assert_eq!(tape.saved_bytes(), 3 * 400);
        assert_eq!(graph.summary().total().saved, 1200);
        let saved = data(&graph.to_html(""))["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|n| n["saved"].as_u64())
            .sum::<u64>();
        assert_eq!(saved, 1200);
        drop(y);
    }
}
