//! What the programs do alike: how they begin, how they end, and what a network makes of a set.

// Each example takes what it needs.
#![allow(dead_code)]

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;

use wengert::data::{Batches, Dataset};
use wengert::prelude::*;

pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// What `main` gives: an error is told.
pub(crate) fn finish(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// So many threads, or all cores.
pub(crate) fn use_threads(threads: Option<NonZeroUsize>) -> Outcome {
    if let Some(threads) = threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build_global()?;
    }
    Ok(())
}

pub(crate) fn make_folder(folder: &Path) -> Outcome {
    std::fs::create_dir_all(folder)
        .map_err(|e| format!("cannot make the folder {}: {e}", folder.display()).into())
}

/// For the command line.
pub(crate) fn learning_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate.is_finite() => Ok(rate),
        _ => Err("a learning rate is a number above 0".into()),
    }
}

/// The class that a network sees in each picture of a set, on no tape.
pub(crate) fn predictions(model: &(impl Layer<f32> + ?Sized), set: &Dataset) -> Vec<i64> {
    let batches = Batches::new(set, 256).epoch(0);
    batches.flat_map(|batch| model.forward(&batch.inputs).argmax(1).to_vec()).collect()
}

/// How many predictions are right.
pub(crate) fn hits(predicted: &[i64], labels: &[i64]) -> usize {
    predicted.iter().zip(labels).filter(|(predicted, label)| predicted == label).count()
}
