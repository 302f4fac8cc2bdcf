//! LeNet-5 learns to read handwritten digits.
//!
//! ```text
//! cargo run --release --example lenet5
//! ```
//!
//! trains on 80 % of the 1,797 digits that ship with Wengert and tests on the other 20 %, which stay the same
//! for every seed. It leaves in `target/lenet5/` the weights, the curves of loss and accuracy, the confusion
//! matrix and a sheet of the mistakes. With `--data DIR` it trains on MNIST, Fashion-MNIST or any set in their
//! format; with `--load FILE --predict IMAGE.png` it reads a picture of yours.

#[path = "../charts/mod.rs"]
mod charts;
#[path = "../common/mod.rs"]
mod common;
mod input;
mod options;
mod pictures;
mod training;

use std::process::ExitCode;

use clap::Parser;
use wengert::models::LeNet5;
use wengert::prelude::*;

use common::{Outcome, finish, make_folder, use_threads};
use options::Options;

fn main() -> ExitCode {
    finish(run(&Options::parse()))
}

fn run(options: &Options) -> Outcome {
    use_threads(options.threads)?;
    if let Some(image) = &options.predict {
        let weights = options.load.as_ref().expect("clap asks for it");
        return predict(weights, image);
    }

    let sets = input::load(options.data.as_deref())?;
    println!("{}", sets.description);
    println!(
        "{} pictures to train on, {} to test on, {} classes",
        sets.train.len(),
        sets.test.len(),
        sets.train.classes()
    );
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let model = LeNet5::<f32>::new(sets.train.classes(), &mut rng);
    println!("LeNet-5 of {} parameters\n", model.parameter_count());
    if let Some(weights) = &options.load {
        model.load(weights)?;
    }

    make_folder(&options.out)?;
    let history = training::train(&model, &sets, options)?;
    let verdict = training::evaluate(&model, &sets.test);

    let out = |name: &str| options.out.join(name);
    model.save(out("weights.safetensors"))?;
    pictures::curves(&history, &out("curves.png"))?;
    pictures::confusion(&verdict.confusion, &out("confusion.png"))?;
    pictures::mistakes(&sets.test, &verdict.predictions, &out("mistakes.png"))?;

    println!("\n{}", verdict.confusion.report());
    println!("weights and pictures are in {}", options.out.display());
    println!("test accuracy: {:.2} %", 100.0 * verdict.confusion.accuracy());
    Ok(())
}

/// Reads one picture and says what the network sees in it.
fn predict(weights: &std::path::Path, image: &std::path::Path) -> Outcome {
    let picture = input::picture(image)?;
    let model = LeNet5::<f32>::new(10, &mut ChaCha8Rng::seed_from_u64(0));
    model.load(weights)?;
    let probabilities = model.forward(&picture).softmax(1);
    let mut ranking: Vec<(usize, f32)> = probabilities.to_vec().into_iter().enumerate().collect();
    ranking.sort_by(|a, b| b.1.total_cmp(&a.1));
    println!("{}: {}", image.display(), ranking[0].0);
    for (class, p) in ranking.iter().take(3) {
        println!("  {class}  {:6.2} %  {}", 100.0 * p, "█".repeat((30.0 * p).round() as usize));
    }
    Ok(())
}
