//! A small YOLO learns to find digits in pictures.
//!
//! ```text
//! cargo run --release --example detect_digits
//! ```
//!
//! trains on scenes made of four fifths of the digits that ship with Wengert, at random places and sizes on textured
//! backgrounds, no scene twice, and tests on scenes made of the other fifth, which stays the same for every seed. It
//! leaves in `target/detect_digits/` the weights, the model's configuration, a sheet of test scenes with what stands in
//! them and what was found, the curves of precision by recall, and those of the loss. With
//! `--load FILE --image PICTURE` it finds the digits in a picture of yours.

#[path = "../charts/mod.rs"]
mod charts;
#[path = "../common/mod.rs"]
mod common;
mod drawing;
mod evaluation;
mod options;
mod pictures;
mod scenes;
mod training;
mod weights;

use std::process::ExitCode;

use clap::Parser;
use wengert::data::picture::Reader;
use wengert::data::transform::letterbox;
use wengert::ndarray::Axis;
use wengert::prelude::*;

use common::{Outcome, finish, make_folder, use_threads};
use options::Options;

/// Boxes of a lower score are not drawn.
const SHOWN_SCORE: f64 = 0.5;

fn main() -> ExitCode {
    finish(run(&Options::parse()))
}

fn run(options: &Options) -> Outcome {
    use_threads(options.threads)?;
    make_folder(&options.out)?;
    if let Some(image) = &options.image {
        return find(image, options);
    }

    let (train, test) = scenes::scenes(options.seed);
    println!("Scenes of {}×{} pixels with one to six digits of 13 writers", scenes::SIDE, scenes::SIDE);
    let (config, model) = match &options.load {
        Some(path) => weights::load(path)?,
        None => training::network(&train, options.seed)?,
    };
    println!(
        "a small YOLO of {} parameters, one cell every {} pixels\n",
        model.parameter_count(),
        model.stride()
    );

    let (model, history) = training::train(model, &train, options)?;
    weights::save(&config, &model, &options.out)?;
    let verdict = evaluation::evaluate(&model, &test, options.test.get());

    let out = |name: &str| options.out.join(name);
    pictures::loss(&history, &out("loss.png"))?;
    pictures::precision_recall(&verdict.voc, &out("precision_recall.png"))?;
    pictures::scenes(&test, &verdict.found, &out("scenes.png"))?;

    println!(
        "\n{} scenes of digits that were never seen, a box is right from an IoU of 0.5 on:\n",
        options.test
    );
    println!("{}", verdict.voc);
    println!("{}", verdict.coco);
    println!("weights and pictures are in {}", options.out.display());
    let map = |map: Option<f64>| map.ok_or("there is no object in the test scenes; ask for more with --test");
    println!("COCO mAP@[.5:.95]: {:.4}", map(verdict.coco.ap)?);
    println!("mAP@0.5: {:.4}", map(verdict.voc.mean_average_precision())?);
    Ok(())
}

/// Finds the digits in a picture of the user's, and draws them.
fn find(image: &std::path::Path, options: &Options) -> Outcome {
    let (_, model) = weights::load(options.load.as_ref().expect("clap asks for it"))?;
    let side = options.size.get();
    if !side.is_multiple_of(model.stride()) {
        return Err(format!("--size is {side}, expected a multiple of {}", model.stride()).into());
    }
    let picture = Reader::new().read(image)?;
    let view = picture.view().into_dimensionality().expect("pictures are [c, h, w]");
    let (frame, place) = letterbox(view, (side, side), 0.5);
    let frame: Tensor = frame.insert_axis(Axis(0)).into_dyn().into();
    let mut found = model.detect(&frame, SHOWN_SCORE, evaluation::NMS_IOU).remove(0);
    for detection in &mut found {
        detection.bounding_box = place.undo(&detection.bounding_box);
    }
    println!("{}: {} digits", image.display(), found.len());
    for detection in &found {
        let b = detection.bounding_box;
        println!(
            "  {}  {:5.1} %  x {:.0} to {:.0}, y {:.0} to {:.0}",
            detection.class,
            100.0 * detection.score,
            b.x1,
            b.x2,
            b.y1,
            b.y2
        );
    }
    let path = options.out.join("found.png");
    pictures::found(&picture, &found, &path)?;
    println!("drawn in {}", path.display());
    Ok(())
}
