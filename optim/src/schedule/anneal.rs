//! Ways from one rate to another.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// How a rate goes from one value to another. Everything that asks for it takes the cosine by default, as
/// PyTorch's `anneal_strategy` does, but for the points of a [`Piecewise`](super::Piecewise) table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anneal {
    /// Along half a period of a cosine: slow at both ends.
    #[default]
    Cos,
    /// Along a straight line.
    Linear,
}

impl Anneal {
    /// From `start` to `end`, a `share` of the way in [0, 1].
    pub(super) fn between(self, start: f64, end: f64, share: f64) -> f64 {
        let done = match self {
            Self::Cos => 0.5 * (1.0 - (PI * share).cos()),
            Self::Linear => share,
        };
        (1.0 - done) * start + done * end
    }
}
