//! What shortcuts are for: plain and residual networks of growing depth learn the digits.
//!
//! ```text
//! cargo run --release --example residual_depth
//! ```
//!
//! trains the networks of He et al. (2015), section 4.2, with and without shortcuts, alike in all else: as many layers,
//! parameters, multiplications, the same first weights, the same order of pictures. A plain network learns worse the
//! deeper it is, on the training pictures too, so that it is no matter of too many parameters; a residual one does not.
//! The curves go to `target/residual_depth/`.

#[path = "../charts/mod.rs"]
mod charts;
#[path = "../common/mod.rs"]
mod common;

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use plotters::prelude::*;
use wengert::data::{Batches, Dataset, digits};
use wengert::models::vision::Shortcut;
use wengert::prelude::*;

use charts::{COLOURS, Series, fonts, lines};
use common::{Outcome, finish, hits, learning_rate, make_folder, predictions, use_threads};

/// Trains plain and residual networks of growing depth on the digits.
#[derive(Parser)]
struct Options {
    /// The depths: 6n + 2 layers each.
    #[arg(long, value_delimiter = ',', default_value = "20,32,44,56", value_parser = depth)]
    depths: Vec<usize>,
    /// The seed of everything random: first weights and order of the pictures.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How often the training pictures are gone through.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..))]
    epochs: u64,
    /// How many channels the first stage has; the paper's networks have 16.
    #[arg(long, default_value = "16", value_parser = clap::value_parser!(u16).range(1..=256))]
    width: u16,
    /// How many pictures a step takes.
    #[arg(long, default_value = "64", value_parser = clap::value_parser!(u16).range(2..=1024))]
    batch: u16,
    /// The highest learning rate of gradient descent with momentum 0.9.
    #[arg(long, default_value_t = 0.1, value_parser = learning_rate, allow_negative_numbers = true)]
    lr: f64,
    /// How many threads to use (default: all cores). The result does not depend on it.
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Where the picture goes.
    #[arg(long, value_name = "DIR", default_value = "target/residual_depth")]
    out: PathBuf,
}

fn depth(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(depth) if depth >= 8 && depth % 6 == 2 && depth <= 1202 => Ok(depth),
        _ => Err("a depth is 6n + 2 for an n from 1 to 200, such as 20, 32, 44 or 56".into()),
    }
}

fn main() -> ExitCode {
    finish(run(&Options::parse()))
}

/// Accuracies after each epoch, in percent.
#[derive(Default)]
struct History {
    train: Vec<f64>,
    test: Vec<f64>,
}

impl History {
    fn last(&self) -> (f64, f64) {
        let last = |values: &[f64]| *values.last().expect("at least one epoch");
        (last(&self.train), last(&self.test))
    }
}

fn run(options: &Options) -> Outcome {
    use_threads(options.threads)?;
    make_folder(&options.out)?;
    // The split must not follow the seed of the training.
    let [train, test] = digits().split([0.8, 0.2], &mut ChaCha8Rng::seed_from_u64(2026));
    println!("{} digits to train on, {} to test on, 8×8 pixels\n", train.len(), test.len());
    println!("         plain                     residual");
    println!("layers   training  test            training  test            seconds");
    let mut depths = options.depths.clone();
    depths.sort_unstable();
    depths.dedup();
    let (mut plain, mut residual) = (Vec::new(), Vec::new());
    for &depth in &depths {
        let started = Instant::now();
        plain.push(learn(depth, Shortcut::None, &train, &test, options)?);
        residual.push(learn(depth, Shortcut::Padding, &train, &test, options)?);
        let seconds = started.elapsed().as_secs_f64();
        let ((a, b), (c, d)) = (plain[plain.len() - 1].last(), residual[residual.len() - 1].last());
        println!("{depth:>6}   {a:6.2} %  {b:6.2} %        {c:6.2} %  {d:6.2} %        {seconds:.1}");
    }
    let picture = options.out.join("curves.png");
    draw(&depths, &plain, &residual, &picture)?;
    println!("\nthe curves are in {}", picture.display());
    let deepest = depths.len() - 1;
    let (depth, plain, residual) = (depths[deepest], plain[deepest].last().1, residual[deepest].last().1);
    println!("test accuracy of {depth} layers: plain {plain:.2} %, residual {residual:.2} %");
    Ok(())
}

/// Trains one network as the paper does: momentum, weight decay, no distortion of the pictures.
fn learn(
    depth: usize,
    shortcut: Shortcut,
    train: &Dataset,
    test: &Dataset,
    options: &Options,
) -> Result<History, Box<dyn Error>> {
    let config = ResNetConfig::cifar((depth - 2) / 6).shortcut(shortcut).width(options.width.into());
    let model = config.in_channels(1).init::<f32>(&mut ChaCha8Rng::seed_from_u64(options.seed));
    let batches = Batches::new(train, options.batch.into()).shuffle(options.seed).drop_last(true);
    let steps = options.epochs * batches.len() as u64;
    let schedule = Cosine::new(options.lr, steps).warmup(steps / 20);
    let mut optimizer = Sgd::new(model.parameters(), schedule).momentum(0.9).weight_decay(1e-4);
    let style = ProgressStyle::with_template("{bar:32.cyan/blue} {pos:>3}/{len} epochs  {msg}  {eta} left")?;
    let bar = ProgressBar::new(options.epochs).with_style(style);
    bar.set_message(format!("{depth} layers"));
    let mut history = History::default();
    for epoch in 0..options.epochs {
        let (mut right, mut seen) = (0, 0);
        for batch in batches.epoch(epoch) {
            let tape = Tape::training(epoch);
            let logits = model.forward(&tape.constant(batch.inputs));
            right += hits(logits.argmax(1).as_slice(), batch.labels.as_slice());
            seen += batch.labels.len();
            optimizer.step(&logits.cross_entropy(&batch.labels).backward());
        }
        let tested = hits(&predictions(&model, test), test.labels());
        history.train.push(100.0 * right as f64 / seen as f64);
        history.test.push(100.0 * tested as f64 / test.len() as f64);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(history)
}

/// The curves of the plain networks on the left, those of the residual ones on the right, each depth in a colour: on the
/// training pictures thin, on the test pictures thick. The legend stands on the right, where there is room.
fn draw(depths: &[usize], plain: &[History], residual: &[History], path: &Path) -> Outcome {
    fonts();
    let root = BitMapBackend::new(path, (1100, 440)).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(550);
    let names: Vec<String> = depths.iter().map(|depth| format!("{depth} layers")).collect();
    for (area, title, histories, named) in
        [(&left, "plain", plain, false), (&right, "residual", residual, true)]
    {
        let mut all = Vec::new();
        for (at, history) in histories.iter().enumerate() {
            let colour = COLOURS[at % COLOURS.len()];
            all.push(Series { name: None, colour, width: 1, values: &history.train });
            let name = named.then_some(names[at].as_str());
            all.push(Series { name, colour, width: 3, values: &history.test });
        }
        let title = format!("{title}: accuracy in training (thin) and test (thick), %");
        lines(area, &title, 0.0..101.0, SeriesLabelPosition::LowerRight, &all)?;
    }
    root.present().map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    Ok(())
}
