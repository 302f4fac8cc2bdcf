//! A rate that falls when a metric no longer gets better.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::Schedule;
use super::check::non_negative;

/// A rate that is multiplied by a factor when a metric has not got better for some time.
///
/// This schedule is no function of the step: it is a handle, whose clones share one rate, and
/// [`observe`](Self::observe) changes it. Give a clone to the optimizer, and keep one to tell it the
/// validation loss after each epoch. Where a resumed training is to go on in the same way, save its
/// [`state`](Self::state) beside the optimizer's.
///
/// At each observation of a metric m, with the best one so far b:
///
/// - m is better if m < b·(1 − threshold), or m > b·(1 + threshold) where the metric is to be
///   [high](PlateauMode::Max); b ∓ threshold in place of the product if the threshold is
///   [absolute](PlateauThreshold::Absolute). A metric that is not finite is never better.
/// - After more than `patience` observations in a row that were not better, α ← max(α·factor, `min_lr`), unless
///   that would change α by no more than `eps`; then `cooldown` observations pass before any is counted again.
///
/// Defaults: a low metric is good, factor 0.1, patience 10, a relative threshold of 10⁻⁴, no cooldown,
/// `min_lr` 0, `eps` 10⁻⁸. All as in PyTorch's `ReduceLROnPlateau`.
///
/// ```
/// use wengert::prelude::*;
///
/// let plateau = ReduceOnPlateau::new(0.4).factor(0.5).patience(1);
/// let w = Parameter::new(Tensor::<f32>::scalar(1.0));
/// let sgd = Sgd::new([w], plateau.clone());
/// for (loss, rate) in [(1.0, 0.4), (0.8, 0.4), (0.9, 0.4), (0.8, 0.2), (0.7, 0.2)] {
///     plateau.observe(loss);
///     assert_eq!(sgd.learning_rate(), rate);
/// }
///
/// // As a factor of another schedule.
/// let schedule = Cosine::new(0.1, 1000).scale(ReduceOnPlateau::new(1.0));
/// assert_eq!(schedule.at(0), 0.1);
/// ```
#[derive(Clone, Debug)]
pub struct ReduceOnPlateau {
    options: Options,
    state: Arc<Mutex<PlateauState>>,
}

/// Which metrics are good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlateauMode {
    /// Low ones: a loss, an error.
    #[default]
    Min,
    /// High ones: an accuracy.
    Max,
}

/// By how much a metric must be better than the best before it counts as better.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlateauThreshold {
    /// By this part of the best.
    Relative(f64),
    /// By this much.
    Absolute(f64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Options {
    mode: PlateauMode,
    factor: f64,
    patience: u64,
    threshold: PlateauThreshold,
    cooldown: u64,
    min_lr: f64,
    eps: f64,
}

/// What a [`ReduceOnPlateau`] remembers, to be saved.
///
/// ```
/// use wengert::optim::schedule::PlateauState;
///
/// let state: PlateauState =
///     serde_json::from_str(r#"{"rate": 0.1, "best": 0.5, "bad": 3, "cooldown": 0}"#)?;
/// assert_eq!(state.rate(), 0.1);
/// let error = serde_json::from_str::<PlateauState>(r#"{"rate": -1, "best": null, "bad": 0, "cooldown": 0}"#);
/// assert!(error.unwrap_err().to_string().contains("expected a finite rate ≥ 0, found -1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct PlateauState {
    rate: f64,
    /// None before the first metric that is a number.
    best: Option<f64>,
    /// How many observations in a row were not better.
    bad: u64,
    /// How many observations to come are not counted.
    cooldown: u64,
}

/// A state as a file claims it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    rate: f64,
    best: Option<f64>,
    bad: u64,
    cooldown: u64,
}

impl TryFrom<Unchecked> for PlateauState {
    type Error = String;

    fn try_from(found: Unchecked) -> Result<Self, String> {
        let Unchecked { rate, best, bad, cooldown } = found;
        if !(rate.is_finite() && rate >= 0.0) {
            return Err(format!("state of a plateau: expected a finite rate ≥ 0, found {rate}"));
        }
        if let Some(best) = best.filter(|best| !best.is_finite()) {
            return Err(format!("state of a plateau: expected a finite metric as the best, found {best}"));
        }
        Ok(Self { rate, best, bad, cooldown })
    }
}

impl PlateauState {
    /// The rate.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The best metric so far, `None` before the first.
    pub fn best(&self) -> Option<f64> {
        self.best
    }
}

impl ReduceOnPlateau {
    /// The rate to begin with; 1 where it is the factor of another schedule.
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn new(initial: f64) -> Self {
        let rate = non_negative("ReduceOnPlateau::new (the initial rate)", initial);
        Self {
            options: Options {
                mode: PlateauMode::Min,
                factor: 0.1,
                patience: 10,
                threshold: PlateauThreshold::Relative(1e-4),
                cooldown: 0,
                min_lr: 0.0,
                eps: 1e-8,
            },
            state: Arc::new(Mutex::new(PlateauState { rate, best: None, bad: 0, cooldown: 0 })),
        }
    }

    /// Sets which metrics are good (default: low ones).
    pub fn mode(mut self, mode: PlateauMode) -> Self {
        self.options.mode = mode;
        self
    }

    /// Sets the factor (default 0.1).
    ///
    /// # Panics
    /// If it does not lie in \[0, 1).
    #[track_caller]
    pub fn factor(mut self, factor: f64) -> Self {
        if !(0.0..1.0).contains(&factor) {
            panic!("ReduceOnPlateau::factor: expected a number in [0, 1), found {factor}");
        }
        self.options.factor = factor;
        self
    }

    /// Sets how many observations in a row may be no better (default 10).
    pub fn patience(mut self, patience: u64) -> Self {
        self.options.patience = patience;
        self
    }

    /// Sets by how much a metric must be better (default: by 10⁻⁴ of the best).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn threshold(mut self, threshold: PlateauThreshold) -> Self {
        let (PlateauThreshold::Relative(by) | PlateauThreshold::Absolute(by)) = threshold;
        non_negative("ReduceOnPlateau::threshold", by);
        self.options.threshold = threshold;
        self
    }

    /// Sets how many observations pass after a fall before any is counted again (default 0).
    pub fn cooldown(mut self, cooldown: u64) -> Self {
        self.options.cooldown = cooldown;
        self
    }

    /// Sets the least rate (default 0).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn min_lr(mut self, min_lr: f64) -> Self {
        self.options.min_lr = non_negative("ReduceOnPlateau::min_lr", min_lr);
        self
    }

    /// Sets the fall of the rate that is too small to be made (default 10⁻⁸).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn eps(mut self, eps: f64) -> Self {
        self.options.eps = non_negative("ReduceOnPlateau::eps", eps);
        self
    }

    /// Takes note of a metric, and returns the rate from now on.
    pub fn observe(&self, metric: f64) -> f64 {
        let mut state = self.lock();
        state.observe(metric, &self.options);
        state.rate
    }

    /// The rate now.
    pub fn rate(&self) -> f64 {
        self.lock().rate
    }

    /// What it remembers: the rate, the best metric, and the counts.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let make = || ReduceOnPlateau::new(0.1).patience(2);
    /// let (first, second) = (make(), make());
    /// first.observe(0.5);
    /// first.observe(0.6);
    /// let saved = serde_json::to_string(&first.state())?;
    ///
    /// second.load_state(serde_json::from_str(&saved)?);
    /// assert_eq!(second.state(), first.state());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn state(&self) -> PlateauState {
        *self.lock()
    }

    /// Goes on from a saved [`state`](Self::state). The options are not in it: construct the handle as it
    /// was.
    pub fn load_state(&self, state: PlateauState) {
        *self.lock() = state;
    }

    /// Nothing panics while the lock is held, so that a state is whole even after a panic elsewhere.
    fn lock(&self) -> MutexGuard<'_, PlateauState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PlateauState {
    fn observe(&mut self, metric: f64, options: &Options) {
        if options.is_better(metric, self.best) {
            self.best = Some(metric);
            self.bad = 0;
        } else {
            self.bad = self.bad.saturating_add(1);
        }
        if self.cooldown > 0 {
            self.cooldown -= 1;
            self.bad = 0;
        }
        if self.bad > options.patience {
            let reduced = (self.rate * options.factor).max(options.min_lr);
            if self.rate - reduced > options.eps {
                self.rate = reduced;
            }
            self.cooldown = options.cooldown;
            self.bad = 0;
        }
    }
}

impl Options {
    fn is_better(&self, metric: f64, best: Option<f64>) -> bool {
        if !metric.is_finite() {
            return false;
        }
        let Some(best) = best else { return true };
        match (self.mode, self.threshold) {
            (PlateauMode::Min, PlateauThreshold::Relative(by)) => metric < best * (1.0 - by),
            (PlateauMode::Min, PlateauThreshold::Absolute(by)) => metric < best - by,
            (PlateauMode::Max, PlateauThreshold::Relative(by)) => metric > best * (1.0 + by),
            (PlateauMode::Max, PlateauThreshold::Absolute(by)) => metric > best + by,
        }
    }
}

impl Schedule for ReduceOnPlateau {
    fn at(&self, _: u64) -> f64 {
        self.rate()
    }
}
