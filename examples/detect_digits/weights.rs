//! A trained model on the disk: its weights and, beside them, what it is built from.

use std::error::Error;
use std::path::Path;

use wengert::prelude::*;

use crate::scenes::SIDE;

/// How many classes and colours the scenes have.
const DIGITS: usize = 10;
const COLOURS: usize = 3;

/// Writes `weights.safetensors` and `model.json`.
pub(crate) fn save(config: &TinyYoloConfig, model: &TinyYolo, folder: &Path) -> Result<(), Box<dyn Error>> {
    model.save(folder.join("weights.safetensors"))?;
    let path = folder.join("model.json");
    std::fs::write(&path, serde_json::to_string_pretty(config)?)
        .map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    Ok(())
}

/// Reads weights and the `model.json` beside them.
pub(crate) fn load(weights: &Path) -> Result<(TinyYoloConfig, TinyYolo), Box<dyn Error>> {
    let path = weights.with_file_name("model.json");
    let text = std::fs::read_to_string(&path)
        .map_err(|e| format!("cannot read the model's configuration {}: {e}", path.display()))?;
    let config: TinyYoloConfig =
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?;
    // The first values are replaced.
    let model: TinyYolo =
        config.try_init(&mut ChaCha8Rng::seed_from_u64(0)).map_err(|e| format!("{}: {e}", path.display()))?;
    // A network can be built of it, but is it one for these scenes?
    let (classes, channels) = (model.head.classes(), model.features[0].conv.weight.shape()[1]);
    for (what, found, expected) in [("classes", classes, DIGITS), ("in_channels", channels, COLOURS)] {
        if found != expected {
            return Err(format!("{}: {what} is {found}, expected {expected}", path.display()).into());
        }
    }
    if !SIDE.is_multiple_of(model.stride()) {
        let (path, side) = (path.display(), model.stride());
        return Err(
            format!("{path}: the cells have sides of {side} pixels, expected a divisor of {SIDE}").into()
        );
    }
    model.load(weights)?;
    Ok((config, model))
}
