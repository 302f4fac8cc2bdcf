//! How well do LeNet-5 and a small residual network read the digits? Cross-validation over all of them.
//!
//! ```text
//! cargo run --release --example classify_digits -- --model resnet
//! ```
//!
//! cuts the 1,797 digits that ship with Wengert into five folds with the same mix of classes, trains a network on each
//! four of them with distorted pictures, and tests it on the fifth, which it never saw. The folds are the same for every
//! seed. The accuracy by epoch of each fold goes to `target/classify_digits/`.

#[path = "../charts/mod.rs"]
mod charts;
#[path = "../common/mod.rs"]
mod common;
mod options;
mod training;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use plotters::prelude::*;
use wengert::data::{digits, split, transform};
use wengert::prelude::*;

use charts::{COLOURS, Series, fonts, lines};
use common::{Outcome, finish, make_folder, use_threads};
use options::Options;

/// The folds must not follow the seed of the training.
const FOLDS_SEED: u64 = 2026;

fn main() -> ExitCode {
    finish(run(&Options::parse()))
}

fn run(options: &Options) -> Outcome {
    use_threads(options.threads)?;
    make_folder(&options.out)?;
    let size = options.model.input_size();
    let digits = digits().map_inputs(|x| transform::resize_bilinear(x, size, size));
    let count = usize::from(options.folds);
    let folds = split::stratified_folds(digits.labels(), count, &mut ChaCha8Rng::seed_from_u64(FOLDS_SEED));
    let example = options.model.network(digits.classes(), options.seed);
    let summary = nn::summary(&example, &Tensor::zeros([1, 1, size, size]));
    println!(
        "{} of {} parameters and {:.2} million multiply-adds, {} folds of {} digits enlarged to {size}×{size}\n",
        options.model.name(),
        example.parameter_count(),
        summary.total().flops as f64 / 2e6,
        count,
        digits.len(),
    );

    let started = Instant::now();
    let (mut curves, mut accuracies) = (Vec::new(), Vec::new());
    for (number, fold) in folds.iter().enumerate() {
        let (train, test) = (digits.subset(&split::rest(&folds, number)), digits.subset(fold));
        let seed = options.seed * count as u64 + number as u64;
        let model = options.model.network(digits.classes(), seed);
        let fold_started = Instant::now();
        let curve = training::train(&model, &train, &test, options, seed)?;
        let accuracy = *curve.last().expect("at least one epoch");
        println!(
            "fold {}: {:.2} % of {} digits, {:.1} s",
            number + 1,
            100.0 * accuracy,
            test.len(),
            fold_started.elapsed().as_secs_f64()
        );
        curves.push(curve);
        accuracies.push(accuracy);
    }
    let picture = options.out.join(format!("{}.png", options.model.file_name()));
    draw(&curves, options.model.name(), &picture)?;
    println!("\nthe accuracy by epoch is in {}", picture.display());
    println!("{:.1} s in all", started.elapsed().as_secs_f64());
    let mean = accuracies.iter().sum::<f64>() / count as f64;
    println!("mean accuracy: {:.2} %", 100.0 * mean);
    Ok(())
}

/// The accuracy of each fold by epoch, and their mean.
fn draw(curves: &[Vec<f64>], network: &str, path: &Path) -> Outcome {
    fonts();
    let root = BitMapBackend::new(path, (640, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let percent: Vec<Vec<f64>> =
        curves.iter().map(|curve| curve.iter().map(|share| 100.0 * share).collect()).collect();
    let epochs = percent[0].len();
    let mean: Vec<f64> = (0..epochs)
        .map(|epoch| percent.iter().map(|curve| curve[epoch]).sum::<f64>() / percent.len() as f64)
        .collect();
    // The axis begins where most of the run is.
    let lowest = (mean[epochs / 10] - 4.0).max(0.0).floor();
    let fold = |values| Series { name: None, colour: RGBColor(170, 190, 210), width: 1, values };
    let mut series: Vec<Series<'_>> = percent.iter().map(|curve| fold(curve.as_slice())).collect();
    series[0].name = Some("each fold");
    series.push(Series { name: Some("mean of the folds"), colour: COLOURS[0], width: 3, values: &mean });
    let title = format!("{network}: digits read rightly, %");
    lines(&root, &title, lowest..100.2, SeriesLabelPosition::LowerRight, &series)?;
    root.present().map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    Ok(())
}
