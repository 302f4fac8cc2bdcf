//! A batch in parts is the batch.

use proptest::prelude::*;
use wengert::prelude::*;

struct Task {
    net: Sequential<f64>,
    inputs: Vec<f64>,
    labels: Vec<i64>,
}

impl Task {
    fn new(seed: u64, examples: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let net =
            Sequential::new().push(Linear::new(3, 5, &mut rng)).push(Tanh).push(Linear::new(5, 2, &mut rng));
        let inputs = (0..3 * examples).map(|_| rng.random_range(-1.0..1.0)).collect();
        let labels = (0..examples).map(|_| rng.random_range(0..2)).collect();
        Self { net, inputs, labels }
    }

    /// The gradients of the mean loss over these examples, or of its sum.
    fn gradients(&self, from: usize, to: usize, sum: bool) -> Gradients<f64> {
        let tape = Tape::new();
        let x = Tensor::from_vec([to - from, 3], self.inputs[3 * from..3 * to].to_vec());
        let labels = Indices::from_vec([to - from], self.labels[from..to].to_vec());
        let loss = self.net.forward(&tape.constant(x)).cross_entropy(&labels);
        (if sum { loss * (to - from) as f64 } else { loss }).backward()
    }

    fn assert_same(&self, a: &Gradients<f64>, b: &Gradients<f64>) -> Result<(), TestCaseError> {
        for parameter in self.net.parameters() {
            let (a, b) = (a.get(&parameter).unwrap(), b.get(&parameter).unwrap());
            prop_assert!((a - b).abs().max(..).item() < 1e-14, "{:?} {:?}", a, b);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn parts_make_the_batch(seed in 0u64..1000, sizes in prop::collection::vec(1usize..6, 1..6)) {
        let total: usize = sizes.iter().sum();
        let task = Task::new(seed, total);
        let (mut means, mut sums) = (AccumulatedGradients::new(), AccumulatedGradients::new());
        let mut from = 0;
        for size in sizes {
            means.add(task.gradients(from, from + size, false), size as f64);
            sums.add(task.gradients(from, from + size, true), 1.0);
            from += size;
        }
        prop_assert_eq!(means.weight(), total as f64);
        task.assert_same(&means.take_mean(), &task.gradients(0, total, false))?;
        task.assert_same(&sums.take_sum(), &task.gradients(0, total, true))?;
        prop_assert_eq!(means.weight(), 0.0);
    }
}

#[test]
fn equal_parts_make_the_same_step() {
    let step = |parts: usize| {
        let task = Task::new(7, 12);
        let mut adam = AdamW::new(task.net.parameters(), 0.1);
        let mut accumulated = AccumulatedGradients::new();
        for _ in 0..3 {
            for part in 0..parts {
                let size = 12 / parts;
                accumulated.add(task.gradients(part * size, (part + 1) * size, false), size as f64);
            }
            adam.step(&accumulated.take_mean());
        }
        task.net.parameters().iter().flat_map(|p| p.value().to_vec()).collect::<Vec<_>>()
    };
    let whole = step(1);
    for parts in [2, 3, 12] {
        for (a, b) in step(parts).iter().zip(&whole) {
            assert!((a - b).abs() < 1e-9, "{parts} parts: {a} instead of {b}");
        }
    }
}

#[test]
fn a_parameter_without_a_gradient_had_none_to_add() {
    let (a, b) = (Parameter::<f64>::new(Tensor::scalar(1.0)), Parameter::new(Tensor::scalar(1.0)));
    let mut accumulated = AccumulatedGradients::new();
    let tape = Tape::new();
    accumulated.add((tape.watch(&a) * 4.0).backward(), 1.0);
    let tape = Tape::new();
    let x = tape.variable(Tensor::scalar(1.0));
    accumulated.add((tape.watch(&b) * 8.0 + tape.watch(&a) * &x).backward(), 3.0);
    let grads = accumulated.take_mean();
    assert_eq!((grads.get(&a).unwrap().item(), grads.get(&b).unwrap().item()), (1.75, 6.0));
    assert!(grads.get(&x).is_none(), "the gradient of a variable is its tape's");
}
