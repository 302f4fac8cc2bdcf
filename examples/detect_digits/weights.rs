//! A trained model on the disk: its weights and, beside them, what it is built from.

use std::error::Error;
use std::path::Path;

use wengert::prelude::*;

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
    let model =
        config.try_init(&mut ChaCha8Rng::seed_from_u64(0)).map_err(|e| format!("{}: {e}", path.display()))?;
    model.load(weights)?;
    Ok((config, model))
}
