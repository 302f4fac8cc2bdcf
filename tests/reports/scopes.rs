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
    assert!(modules.modules().iter().all(|row| row.count == if row.name.contains('.') { 1 } else { 200 }));
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
