//! Numbers of connections, by which variances are scaled.

use serde::{Deserialize, Serialize};

/// A number of connections of a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fan {
    /// fan_in: how many inputs an output has. Keeps the variance of activations.
    In,
    /// fan_out: how many outputs an input has. Keeps the variance of gradients.
    Out,
    /// (fan_in + fan_out) / 2.
    Average,
}

/// The form of a distribution with a given mean and variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// N(0, σ²).
    Normal,
    /// U(−√3 σ, √3 σ).
    Uniform,
}

/// How many inputs an output of a layer has, and how many outputs an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fans {
    /// Inputs of an output.
    pub fan_in: usize,
    /// Outputs of an input.
    pub fan_out: usize,
}

impl Fans {
    /// The fans of a weight [out, in, …], the rest being a kernel's extents: in·k and out·k, where k is the
    /// kernel's number of taps. `None` for fewer than two axes.
    pub fn of(shape: &[usize]) -> Option<Self> {
        let [out, inputs, kernel @ ..] = shape else { return None };
        let taps: usize = kernel.iter().product();
        Some(Self { fan_in: inputs * taps, fan_out: out * taps })
    }

    pub(super) fn number(self, fan: Fan) -> f64 {
        match fan {
            Fan::In => self.fan_in as f64,
            Fan::Out => self.fan_out as f64,
            Fan::Average => (self.fan_in as f64 + self.fan_out as f64) / 2.0,
        }
    }
}
