//! Logistic regression as a network of one neuron: it tells malignant from benign tumours.
//!
//! ```text
//! cargo run --release --example logistic_regression
//! ```
//!
//! The Breast Cancer Wisconsin data are split by class, normalized by the mean and deviation of the training
//! part, and learned by batch gradient descent from weights of zero, w ← w − α ∂J/∂w, with an L2 penalty. Before
//! it starts, the gradient of the loss is checked against two-sided differences.

use std::process::ExitCode;

use clap::Parser;
use wengert::autodiff::check;
use wengert::data::{Normalizer, breast_cancer};
use wengert::models::LogisticRegression;
use wengert::prelude::*;
use wengert::train::{ConfusionMatrix, threshold};

/// Learns to tell malignant from benign tumours by batch gradient descent.
#[derive(Parser)]
struct Options {
    /// The seed of the split: which tumours are learned from, which are tested on.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many steps of gradient descent are made.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// The learning rate α.
    #[arg(long, default_value_t = 0.5, value_parser = positive, allow_negative_numbers = true)]
    lr: f64,
    /// The weight λ of the penalty λ/2m·‖w‖²; the bias is exempt.
    #[arg(long, default_value_t = 1.0, value_parser = not_negative, allow_negative_numbers = true)]
    penalty: f64,
}

fn positive(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|x: &f64| *x > 0.0 && x.is_finite()).ok_or("it must be a number above 0".into())
}

fn not_negative(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|x: &f64| *x >= 0.0 && x.is_finite())
        .ok_or("it must be a number of at least 0".into())
}

fn main() -> ExitCode {
    let options = Options::parse();

    let tumours = breast_cancer();
    let [train, test] = tumours.split([0.8, 0.2], &mut ChaCha8Rng::seed_from_u64(options.seed));
    let normalizer = Normalizer::per_feature(train.inputs());
    let (train, test) = (train.map_inputs(|x| normalizer.apply(x)), test.map_inputs(|x| normalizer.apply(x)));
    println!(
        "{} tumours to learn from, {} to test on, {} measurements of each",
        train.len(),
        test.len(),
        train.example_shape()[0]
    );

    // Double precision, so that the gradient can be checked sharply. Class 1 is benign.
    let features = train.to_batch().inputs.cast::<f64>();
    let labels = train.labels().iter().map(|&y| y as f64).collect();
    let labels = Tensor::from_vec([train.len()], labels);
    let model = LogisticRegression::<f64>::new(train.example_shape()[0]);
    let m = train.len() as f64;
    let cost = |tape: &Tape| {
        let logits = model.forward(&tape.constant(&features));
        let penalty = tape.watch(&model.linear.weight).square().sum(..) * (options.penalty / (2.0 * m));
        logits.binary_cross_entropy_with_logits(&labels) + penalty
    };

    match check::parameters(cost, &model.parameters()) {
        Ok(report) => println!("\ngradient check at zero weights\n{report}\n"),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    }

    let mut descent = Sgd::new(model.parameters(), options.lr);
    for step in 0..=options.steps {
        let tape = Tape::new();
        let cost = cost(&tape);
        let value = cost.item();
        if !value.is_finite() {
            eprintln!("error: the cost is no number any more at step {step}; try a smaller --lr");
            return ExitCode::FAILURE;
        }
        if step % (options.steps / 10).max(1) == 0 {
            println!("step {step:>5}  cost {value:.6}");
        }
        if step < options.steps {
            descent.step(&cost.backward());
        }
    }

    let probabilities = model.probability(&test.to_batch().inputs.cast());
    let mut confusion = ConfusionMatrix::new(test.class_names());
    confusion.record(&threshold(&probabilities.to_vec(), 0.5), test.labels());
    println!("\n{confusion}\n{}", confusion.report());
    println!("test accuracy: {:.2} %", 100.0 * confusion.accuracy());
    ExitCode::SUCCESS
}
