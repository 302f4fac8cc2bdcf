//! Every augmentation on one sheet.
//!
//! ```text
//! cargo run --release --example augment
//! ```
//!
//! changes some of the shipped digits in every way there is, several times each, and writes the sheet to
//! `target/augment.png`; `--image FILE` does so with a picture of yours, PNG or JPEG. At last it tells how many pictures
//! a second a usual pipeline of training changes.

#[path = "../charts/mod.rs"]
mod charts;
#[path = "../common/mod.rs"]
mod common;
mod gallery;
mod sheet;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use wengert::data::augment::{Compose, Resize};
use wengert::data::{digits, picture};
use wengert::prelude::*;

use common::{Outcome, finish, make_folder};

/// Draws pictures as every augmentation changes them.
#[derive(Parser)]
struct Options {
    /// A picture, PNG or JPEG, instead of the shipped digits.
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// Where the sheet goes, a PNG file.
    #[arg(long, value_name = "FILE", default_value = "target/augment.png")]
    out: PathBuf,
    /// What the changes are drawn from.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many pictures stand in a row.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
    columns: u16,
}

/// Height and width, or the shorter side, of the pictures that are changed.
const SIZE: usize = 64;

fn main() -> ExitCode {
    finish(run(&Options::parse()))
}

fn run(options: &Options) -> Outcome {
    let columns = usize::from(options.columns);
    let originals = match &options.image {
        Some(path) => {
            let one = picture::read(path)?.unsqueeze(0);
            let small = Compose::new().push(Resize::shorter_side(SIZE).max_size(2 * SIZE)).apply(&one, 0);
            Tensor::concat(&vec![&small; columns], 0)
        }
        None => {
            let first: Vec<usize> = (0..columns).collect();
            let gray = digits().batch(&first).inputs;
            let large = Compose::new().push(Resize::new(SIZE, SIZE)).apply(&gray, 0);
            // Ink of a colour, so that there is one to change.
            let ink = Tensor::from_vec([1, 3, 1, 1], vec![0.95, 0.75, 0.35]);
            large * ink + 0.05
        }
    };
    let rows = gallery::rows(&originals, options.seed);
    if let Some(folder) = options.out.parent() {
        make_folder(folder)?;
    }
    picture::write(&options.out, &sheet::draw(&rows)?)?;
    println!("{} ways to change {columns} pictures are in {}", rows.len() - 1, options.out.display());
    measure(&originals);
    Ok(())
}

fn measure(originals: &Tensor) {
    let large = Compose::new().push(Resize::new(256, 256)).apply(originals, 0);
    let batch = Tensor::concat(&vec![&large; 64 / large.shape()[0] + 1], 0);
    let pipeline = gallery::usual();
    let start = Instant::now();
    pipeline.apply(&batch, 0);
    let rate = batch.shape()[0] as f64 / start.elapsed().as_secs_f64();
    println!("cut, resized to 224 × 224, flipped, recoloured, normalized: {rate:.0} pictures a second");
}
