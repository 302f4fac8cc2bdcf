//! What does a network look at when it reads a digit? Heat maps over its pictures.
//!
//! ```text
//! cargo run --release --example explain
//! ```
//!
//! trains a small residual network on digits that lie at random places in larger pictures, and draws a sheet of digits it
//! has not seen, `target/explain/sheet.png`: one column for each picture, and below it Grad-CAM for the class it
//! predicts, Grad-CAM for its second choice, the saliency of the pixels, and SmoothGrad. The weights are kept; `--load`
//! takes them again.

#[path = "../common/mod.rs"]
mod common;
mod scattered;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use wengert::data::picture::{self, Grid};
use wengert::data::{Batches, Dataset, digits};
use wengert::models::vision::explain::{ColorMap, SmoothGrad, grad_cam, overlay, saliency, scaled};
use wengert::models::vision::{BlockForm, Stem};
use wengert::prelude::*;
use wengert::train::accuracy;

use common::{Outcome, finish, make_folder, predictions, use_threads};
use scattered::{Place, scatter};

/// Shows what a network that reads digits looks at.
#[derive(Parser)]
struct Options {
    /// The seed of everything random: places of the digits, first weights, order of the pictures, noise.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How often the training pictures are gone through.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..))]
    epochs: u64,
    /// How many pictures the sheet shows.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pictures: u16,
    /// The stage that Grad-CAM looks at: conv1, bn1, relu, layer1.0, layer2.0 or layer3.0.
    #[arg(long, default_value = "layer3.0", value_parser = STAGES)]
    stage: String,
    /// How many threads to use (default: all cores). The result does not depend on it.
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Weights of an earlier run, in place of training.
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,
    /// Where sheet and weights go.
    #[arg(long, value_name = "DIR", default_value = "target/explain")]
    out: PathBuf,
}

const STAGES: [&str; 6] = ["conv1", "bn1", "relu", "layer1.0", "layer2.0", "layer3.0"];

fn main() -> ExitCode {
    finish(run(&Options::parse()))
}

fn run(options: &Options) -> Outcome {
    use_threads(options.threads)?;
    make_folder(&options.out)?;
    // The split must not follow the seed of the training.
    let [train, test] = digits().split([0.8, 0.2], &mut ChaCha8Rng::seed_from_u64(2026));
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let config = ResNetConfig::new(Stem::Small, BlockForm::Basic, 16, [1, 1, 1]).in_channels(1).classes(10);
    let model = config.init::<f32>(&mut rng);
    match &options.load {
        Some(weights) => {
            model.load(weights)?;
        }
        None => {
            learn(&model, &train, options)?;
            model.save(options.out.join("weights.safetensors"))?;
        }
    }

    let (set, places) = scatter(&test, &mut rng);
    let predicted = predictions(&model, &set);
    let right = accuracy(&predicted, set.labels());
    println!("{:.2} % of {} digits are read rightly", 100.0 * right, set.len());

    let shown: Vec<usize> = (0..set.len()).take(options.pictures.into()).collect();
    sheet(&model, &set.batch(&shown).inputs, options, &mut rng)?;

    let all = set.to_batch().inputs;
    let heat = grad_cam(&model, &options.stage, &all, &Indices::from_vec([set.len()], predicted));
    let (share, area) = on_the_digits(&heat, &places);
    println!("the digits take {:.2} % of the pictures", 100.0 * area);
    println!("heat on the digits: {:.2} %", 100.0 * share);
    Ok(())
}

/// Trains with AdamW; each epoch has the digits at other places.
fn learn(model: &ResNet, train: &Dataset, options: &Options) -> Outcome {
    const BATCH: usize = 32;
    let steps = options.epochs * train.len().div_ceil(BATCH) as u64;
    let mut optimizer = AdamW::new(model.parameters(), Cosine::new(5e-3, steps).warmup(steps / 20));
    let style = ProgressStyle::with_template("{bar:32.cyan/blue} {pos:>3}/{len} epochs  {msg}  {eta} left")?;
    let bar = ProgressBar::new(options.epochs).with_style(style);
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    rng.set_stream(1);
    for epoch in 0..options.epochs {
        let (set, _) = scatter(train, &mut rng);
        let mut sum = 0.0;
        for batch in Batches::new(&set, BATCH).shuffle(options.seed).epoch(epoch) {
            let tape = Tape::training(epoch);
            let loss = model.forward(&tape.constant(&batch.inputs)).cross_entropy(&batch.labels);
            sum += f64::from(loss.item()) * batch.len() as f64;
            optimizer.step(&loss.backward());
        }
        bar.set_message(format!("loss {:.4}", sum / set.len() as f64));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// One column for each picture: itself, and below it what the network looks at.
fn sheet(model: &ResNet, pictures: &Tensor, options: &Options, rng: &mut ChaCha8Rng) -> Outcome {
    let n = pictures.shape()[0];
    let probabilities = model.forward(pictures).softmax(1);
    let first = probabilities.argmax(1);
    let second = (&probabilities - first.one_hot::<f32>(10)).argmax(1);
    let stage = options.stage.as_str();
    let over = |heat: Tensor| overlay(pictures, &scaled(&heat), ColorMap::Jet, 0.5);
    let rows = [
        ("the pictures".to_owned(), Tensor::concat(&[pictures; 3], 1)),
        (format!("Grad-CAM at {stage}, for the prediction"), over(grad_cam(model, stage, pictures, &first))),
        (
            format!("Grad-CAM at {stage}, for the second choice"),
            over(grad_cam(model, stage, pictures, &second)),
        ),
        (
            "saliency, for the prediction".to_owned(),
            ColorMap::Viridis.apply(&scaled(&saliency(model, pictures, &first))),
        ),
        (
            "SmoothGrad, for the prediction".to_owned(),
            ColorMap::Viridis.apply(&scaled(&SmoothGrad::new().saliency(model, pictures, &first, rng))),
        ),
    ];
    println!("\nthe rows of the sheet:");
    for (name, _) in &rows {
        println!("  {name}");
    }
    let percent = |i: usize, class: &Indices| 100.0 * probabilities.view()[[i, class.as_slice()[i] as usize]];
    println!("its columns:");
    for i in 0..n {
        println!(
            "  {}: {} ({:.1} %), then {} ({:.1} %)",
            i + 1,
            first.as_slice()[i],
            percent(i, &first),
            second.as_slice()[i],
            percent(i, &second)
        );
    }
    let all: Vec<&Tensor> = rows.iter().map(|(_, row)| row).collect();
    // Pixels as squares that can be seen.
    let large = Tensor::concat(&all, 0).interpolate(Interpolate::scale_factor(3.0));
    let file = options.out.join("sheet.png");
    picture::write(&file, &Grid::new().columns(n).padding(4).fill(1.0).layout(&large))?;
    println!("\nthe sheet is {}", file.display());
    Ok(())
}

/// The mean share of the maps' heat that lies on the digits, and the share of the pictures that these take.
fn on_the_digits(heat: &Tensor, places: &[Place]) -> (f64, f64) {
    let (mut shares, mut counted) = (0.0, 0);
    for (i, place) in places.iter().enumerate() {
        let map = heat.select(0, i as isize);
        let all = f64::from(map.sum(..).item());
        // Where nothing speaks for the class, there is no heat to be anywhere.
        if all > 0.0 {
            shares += f64::from(place.cut(&map).sum(..).item()) / all;
            counted += 1;
        }
    }
    let area = scattered::DIGIT.pow(2) as f64 / scattered::SIZE.pow(2) as f64;
    (shares / f64::from(counted.max(1)), area)
}
