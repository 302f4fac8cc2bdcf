//! All learning-rate schedules on one sheet.
//!
//! ```text
//! cargo run --release --example schedules
//! ```
//!
//! prints each schedule's rates at a few steps and draws them, over 400 steps, into `target/schedules.png`. With
//! `--out FILE.svg` the picture is one of vectors.

#[path = "../charts/mod.rs"]
mod charts;
#[path = "../common/mod.rs"]
mod common;
mod gallery;
mod sheet;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use gallery::{Panel, STEPS};

/// Draws all learning-rate schedules on one sheet and prints their rates.
#[derive(Parser)]
struct Options {
    /// Where the picture goes: a PNG file, or SVG if the name ends so.
    #[arg(long, value_name = "FILE", default_value = "target/schedules.png")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let panels = gallery::panels();
    print_table(&panels);
    match draw(&panels, &options) {
        Ok(()) => {
            println!("\nthe picture is in {}", options.out.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {}: {error}", options.out.display());
            ExitCode::FAILURE
        }
    }
}

fn draw(panels: &[Panel], options: &Options) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = options.out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    sheet::draw(panels, &options.out)
}

fn print_table(panels: &[Panel]) {
    let steps: Vec<usize> = (0..=4).map(|i| i * STEPS / 4).collect();
    print!("{:<21}{:<24}", "schedule", "options");
    steps.iter().for_each(|step| print!("{:>9}", format!("step {step}")));
    println!();
    for panel in panels {
        for (i, curve) in panel.curves.iter().enumerate() {
            print!("{:<21}{:<24}", if i == 0 { panel.title } else { "" }, curve.label);
            steps.iter().for_each(|&step| print!("{:>9}", format!("{:.4}", curve.rates[step])));
            println!();
        }
    }
}
