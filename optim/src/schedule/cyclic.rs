//! Triangles.

use serde::{Deserialize, Serialize};

use super::Schedule;
use super::check::{non_negative, positive, steps};

/// Up and down between two rates, again and again: α₁ + (α₂ − α₁)·h(t)·s, where h rises from 0 to 1 in
/// `steps_up` steps and falls back to 0 in `steps_down`, and s is the [mode](CyclicMode)'s factor.
///
/// PyTorch's `CyclicLR`, with its defaults: 2000 steps up and as many down, in equal triangles. The momentum that it
/// moves against the rate is `Cyclic::new(max_momentum, base_momentum)` with the same options, by default
/// from 0.9 down to 0.8 and back.
///
/// L. N. Smith, "Cyclical learning rates for training neural networks" (2017).
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = Cyclic::new(0.1, 0.5).steps_up(4).mode(CyclicMode::Triangular2);
/// let rates = [0, 2, 4, 6, 8, 12, 20].map(|step| schedule.at(step));
/// assert!(rates.iter().zip([0.1, 0.3, 0.5, 0.3, 0.1, 0.3, 0.2]).all(|(a, b)| (a - b).abs() < 1e-15));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cyclic {
    base: f64,
    max: f64,
    up: u64,
    /// As many as up unless set.
    down: Option<u64>,
    mode: CyclicMode,
}

/// How high the triangles of [`Cyclic`] are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CyclicMode {
    /// All alike: s = 1.
    #[default]
    Triangular,
    /// Each half as high as the one before: s = 2⁻ᵏ in cycle k, counted from 0.
    Triangular2,
    /// Lower at each step t: s = γᵗ, for this γ.
    ExpRange(f64),
}

impl Cyclic {
    /// The rate at which the cycles begin and end, α₁, and the one at the top of the first, α₂.
    ///
    /// # Panics
    /// If one is negative or not finite.
    #[track_caller]
    pub fn new(base: f64, max: f64) -> Self {
        Self {
            base: non_negative("Cyclic::new (the base rate)", base),
            max: non_negative("Cyclic::new (the maximal rate)", max),
            up: 2000,
            down: None,
            mode: CyclicMode::Triangular,
        }
    }

    /// Sets the steps of each rise (default 2000).
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn steps_up(mut self, steps: u64) -> Self {
        self.up = self::steps("Cyclic::steps_up", steps);
        self
    }

    /// Sets the steps of each fall (default: as many as of the rise).
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub fn steps_down(mut self, steps: u64) -> Self {
        self.down = Some(self::steps("Cyclic::steps_down", steps));
        self
    }

    /// Sets how high the later triangles are (default: as high as the first).
    ///
    /// # Panics
    /// If the γ of [`CyclicMode::ExpRange`] does not lie in (0, 1].
    #[track_caller]
    pub fn mode(mut self, mode: CyclicMode) -> Self {
        if let CyclicMode::ExpRange(gamma) = mode
            && positive("Cyclic::mode (the factor γ)", gamma) > 1.0
        {
            panic!("Cyclic::mode: expected a factor γ in (0, 1], found {gamma}");
        }
        self.mode = mode;
        self
    }
}

impl Schedule for Cyclic {
    fn at(&self, step: u64) -> f64 {
        let down = self.down.unwrap_or(self.up);
        let length = u128::from(self.up) + u128::from(down);
        let (cycle, since) = (u128::from(step) / length, (u128::from(step) % length) as f64);
        let up = self.up as f64;
        let height = if since <= up { since / up } else { (length as f64 - since) / down as f64 };
        let scale = match self.mode {
            CyclicMode::Triangular => 1.0,
            CyclicMode::Triangular2 => 0.5f64.powf(cycle as f64),
            CyclicMode::ExpRange(gamma) => gamma.powf(step as f64),
        };
        let weight = height * scale;
        (1.0 - weight) * self.base + weight * self.max
    }
}
