//! What the 1×1 convolutions of an Inception module save.
//!
//! ```text
//! cargo run --release --example inception_cost
//! ```
//!
//! First the example of the course: 28×28 places of 192 channels to 32 channels by a 5×5 convolution take 120 million
//! multiplications, by way of 16 channels 12 million. Then all nine modules of GoogLeNet, with and without their
//! reductions. Each number is found twice, by formula and by the summary of a network that is run; and the time is
//! measured. The picture is `target/inception_cost/cost.png`.

#[path = "../charts/mod.rs"]
mod charts;
#[path = "../common/mod.rs"]
mod common;
mod modules;
mod picture;

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use wengert::prelude::*;

use common::{Outcome, finish, make_folder, use_threads};
use modules::{GOOGLENET, Module};

/// Counts and measures the 5×5 branch and whole Inception modules, with and without 1×1 reductions.
#[derive(Parser)]
struct Options {
    /// The seed of weights and inputs.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How often each network is run; the median time counts.
    #[arg(long, default_value = "11", value_parser = clap::value_parser!(u16).range(1..))]
    repeats: u16,
    /// How many threads to use (default: all cores).
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Where the picture goes.
    #[arg(long, value_name = "DIR", default_value = "target/inception_cost")]
    out: PathBuf,
}

/// What a network costs for one picture.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) multiplications: u64,
    pub(crate) milliseconds: f64,
}

fn main() -> ExitCode {
    finish(run(&Options::parse()))
}

fn run(options: &Options) -> Outcome {
    use_threads(options.threads)?;
    make_folder(&options.out)?;
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let conv =
        |inputs, outputs, kernel| Conv2dConfig::new(inputs, outputs, kernel).padding(kernel / 2).bias(false);

    println!("28×28×192 to 28×28×32 by 5×5        multiplications        ms");
    let places = 28 * 28;
    let direct = Sequential::new().push(conv(192, 32, 5).init(&mut rng));
    let direct = cost(&direct, places * 32 * 25 * 192, 192, 28, options, &mut rng)?;
    println!(
        "  directly                          {:>15} {:>9.3}",
        thousands(direct.multiplications),
        direct.milliseconds
    );
    let reduced =
        Sequential::new().push(conv(192, 16, 1).init(&mut rng)).push(conv(16, 32, 5).init(&mut rng));
    let formula = places * 16 * 192 + places * 32 * 25 * 16;
    let reduced = cost(&reduced, formula, 192, 28, options, &mut rng)?;
    println!(
        "  by way of 16 channels             {:>15} {:>9.3}",
        thousands(reduced.multiplications),
        reduced.milliseconds
    );
    let factor = direct.multiplications as f64 / reduced.multiplications as f64;
    let faster = direct.milliseconds / reduced.milliseconds;
    println!("  fewer by a factor of {factor:.1}, faster by a factor of {faster:.1}\n");

    println!("module           multiplications, naive    reduced         ms, naive   reduced");
    let mut rows = Vec::new();
    for module in &GOOGLENET {
        let naive = module.naive().init(&mut rng);
        let naive =
            cost(&naive, module.naive_multiplications(), module.inputs, module.side, options, &mut rng)?;
        let small = module.reduced().init(&mut rng);
        let small =
            cost(&small, module.reduced_multiplications(), module.inputs, module.side, options, &mut rng)?;
        let Module { name, side, inputs, .. } = module;
        println!(
            "{name} {:<14} {:>19} {:>15} {:>15.3} {:>9.3}",
            format!("{side}×{side}×{inputs}"),
            thousands(naive.multiplications),
            thousands(small.multiplications),
            naive.milliseconds,
            small.milliseconds
        );
        rows.push((*name, naive, small));
    }
    let file = options.out.join("cost.png");
    picture::draw(direct, reduced, &rows, &file)?;
    println!("\nthe picture is {}", file.display());
    println!(
        "5×5 branch: {:.1} M directly, {:.1} M reduced",
        direct.multiplications as f64 / 1e6,
        reduced.multiplications as f64 / 1e6
    );
    Ok(())
}

/// What the framework counts, which must be what the formula says, and the median time of a forward pass.
fn cost(
    network: &impl Layer<f32>,
    formula: usize,
    channels: usize,
    side: usize,
    options: &Options,
    rng: &mut ChaCha8Rng,
) -> Result<Cost, Box<dyn Error>> {
    let x: Tensor = Init::uniform(0.0, 1.0).tensor([1, channels, side, side], rng);
    let summary = nn::summary(network, &x);
    // Of an addition with each multiplication; the convolutions have no bias.
    let counted: u64 =
        summary.parts().iter().filter(|part| part.kind == "Conv2d").map(|part| part.flops / 2).sum();
    if counted != formula as u64 {
        return Err(format!("the framework counts {counted} multiplications, the formula {formula}").into());
    }
    network.forward(&x);
    let mut times: Vec<f64> = (0..options.repeats)
        .map(|_| {
            let started = Instant::now();
            network.forward(&x);
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    Ok(Cost { multiplications: counted, milliseconds: times[times.len() / 2] })
}

/// A number with a comma between thousands.
fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).expect("digits")).collect();
    groups.join(",")
}
