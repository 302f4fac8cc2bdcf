//! Exponentially weighted averages.

use std::ops::{Add, Div, Mul};

use serde::{Deserialize, Deserializer, Serialize};

use crate::group::averaging_factor;

/// An exponentially weighted average: v ← β·v + (1−β)·θ, from v = 0 on.
///
/// It is about the mean of the last 1/(1−β) values. Because it begins at 0 it is too small at first; after t
/// values [`corrected`](Self::corrected) gives v / (1 − βᵗ), whose weights sum up to 1.
///
/// θ is a number, a tensor, or anything that can be added, and multiplied and divided by a number. A tensor that
/// is on a tape keeps its record alive: average `x.detach()`.
///
/// ```
/// use wengert::optim::Ewa;
///
/// let close = |a: Option<f64>, b: f64| (a.unwrap() - b).abs() < 1e-9;
/// let mut average = Ewa::new(0.9);
/// average.update(1124.0);
/// assert!(close(average.value(), 112.4)); // 0.1·θ₁
/// assert!(close(average.corrected(), 1124.0));
/// average.update(1184.0);
/// assert!(close(average.value(), 219.56)); // 0.09·θ₁ + 0.1·θ₂
/// assert!(close(average.corrected(), 219.56 / 0.19));
///
/// // The weights of the first values, and of so many that the beginning is forgotten.
/// let mut weights = Ewa::new(0.9);
/// for sum in [0.1, 0.19, 0.271] {
///     weights.update(1.0);
///     assert!(close(weights.value(), sum) && close(weights.corrected(), 1.0));
/// }
/// // It looks back over about 10 values: what is older weighs about 1/e.
/// assert!((weights.time_constant() - 10.0).abs() < 1e-12);
/// assert!((0.9f64.powi(10) - 1.0 / std::f64::consts::E).abs() < 0.02);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ewa<V = f64> {
    #[serde(deserialize_with = "factor")]
    beta: f64,
    count: u64,
    value: Option<V>,
}

fn factor<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let beta = f64::deserialize(from)?;
    if (0.0..1.0).contains(&beta) {
        Ok(beta)
    } else {
        Err(serde::de::Error::custom(format_args!("Ewa: expected a β in [0, 1), found {beta}")))
    }
}

impl<V> Ewa<V> {
    /// An average of nothing yet, with the weight β of what is old.
    ///
    /// # Panics
    /// If β does not lie in \[0, 1).
    #[track_caller]
    pub fn new(beta: f64) -> Self {
        Self { beta: averaging_factor("Ewa::new (β)", beta), count: 0, value: None }
    }

    /// The weight β of what is old.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// The number of values so far, t.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// About how many values it looks back: 1 / (1−β), an approximation of −1/ln β, after which many the weight
    /// of a value has fallen to 1/e.
    pub fn time_constant(&self) -> f64 {
        1.0 / (1.0 - self.beta)
    }
}

impl<V: Clone + Add<Output = V> + Mul<f64, Output = V> + Div<f64, Output = V>> Ewa<V> {
    /// Takes in a value: v ← β·v + (1−β)·θ.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let mut average = Ewa::new(0.75);
    /// average.update(Tensor::<f64>::from_vec([2], vec![4.0, 8.0]));
    /// assert_eq!(average.value().unwrap().to_vec(), [1.0, 2.0]);
    /// assert_eq!(average.corrected().unwrap().to_vec(), [4.0, 8.0]);
    /// ```
    #[track_caller]
    pub fn update(&mut self, theta: V) {
        let new = theta * (1.0 - self.beta);
        self.value = Some(match self.value.take() {
            Some(value) => value * self.beta + new,
            None => new,
        });
        self.count += 1;
    }

    /// The average v; `None` before the first value.
    pub fn value(&self) -> Option<V> {
        self.value.clone()
    }

    /// The average without the bias to its beginning at 0, v / (1 − βᵗ); `None` before the first value.
    pub fn corrected(&self) -> Option<V> {
        let weights = 1.0 - self.beta.powf(self.count as f64);
        self.value().map(|value| value / weights)
    }
}
