//! What is learned from, and what is only tested on.

use wengert::data::detection::{SceneConfig, Scenes};
use wengert::data::digits;
use wengert::prelude::*;

/// Height and width of the scenes.
pub(crate) const SIDE: usize = 96;

/// Scenes of four fifths of the digits for training, by seed, and of the others for testing, which must not follow the
/// seed of the training.
pub(crate) fn scenes(seed: u64) -> (Scenes, Scenes) {
    let [train, test] = digits().split([0.8, 0.2], &mut ChaCha8Rng::seed_from_u64(2026));
    let config = SceneConfig::new().size(SIDE, SIDE).objects(1, 6).object_size(18.0, 44.0);
    (config.init(&train, seed), config.init(&test, u64::MAX))
}
