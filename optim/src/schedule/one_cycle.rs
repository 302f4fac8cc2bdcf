//! One cycle of the rate, and of the momentum against it.

use super::check::{non_negative, positive, share, steps};
use super::{Anneal, Schedule};

/// One cycle: a rise from α_max/d to α_max in the first part of the training, then a fall to α_max/(d·f).
///
/// With T steps and p = `pct_start`, the top is at step p·T − 1 and the end at step T − 1; from there on the
/// rate stays. With three phases it falls back to α_max/d as fast as it rose, until step 2·p·T − 2, and then
/// to the end. PyTorch's `OneCycleLR`, with its defaults: p = 0.3, d = 25, f = 10⁴, along cosines, in two
/// phases. PyTorch moves the momentum against the rate: see [`momentum`](Self::momentum).
///
/// L. N. Smith and N. Topin, "Super-convergence: very fast training of neural networks using large learning
/// rates" (2018).
///
/// ```
/// use wengert::prelude::*;
///
/// let schedule = OneCycle::new(0.1, 1000);
/// assert_eq!(schedule.at(0), 0.004);
/// assert_eq!(schedule.at(299), 0.1);
/// assert!((schedule.at(999) - 4e-7).abs() < 1e-18);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycle {
    max: f64,
    total: u64,
    pct_start: f64,
    anneal: Anneal,
    three_phase: bool,
    div_factor: f64,
    final_div_factor: f64,
}

impl OneCycle {
    /// The rate at the top, α_max, and the steps of the training, T.
    ///
    /// # Panics
    /// If the rate is negative or not finite, or there are no steps.
    #[track_caller]
    pub fn new(max: f64, total_steps: u64) -> Self {
        Self {
            max: non_negative("OneCycle::new (the maximal rate)", max),
            total: steps("OneCycle::new", total_steps),
            pct_start: 0.3,
            anneal: Anneal::Cos,
            three_phase: false,
            div_factor: 25.0,
            final_div_factor: 1e4,
        }
    }

    /// Sets the part p of the steps in which the rate rises (default 0.3).
    ///
    /// # Panics
    /// If it does not lie in \[0, 1\], or is more than one half in three phases.
    #[track_caller]
    pub fn pct_start(mut self, pct_start: f64) -> Self {
        self.pct_start = share("OneCycle::pct_start", pct_start);
        self.check("OneCycle::pct_start");
        self
    }

    /// Sets the form of the rise and of the fall (default: half cosines).
    pub fn anneal(mut self, anneal: Anneal) -> Self {
        self.anneal = anneal;
        self
    }

    /// Sets whether there are three phases (default: two).
    ///
    /// # Panics
    /// If there are, and more than one half of the steps belongs to the first.
    #[track_caller]
    pub fn three_phase(mut self, three_phase: bool) -> Self {
        self.three_phase = three_phase;
        self.check("OneCycle::three_phase");
        self
    }

    /// Sets by how much the rate at the top is more than that at the beginning, d (default 25).
    ///
    /// # Panics
    /// If it is not a finite number above 0.
    #[track_caller]
    pub fn div_factor(mut self, div_factor: f64) -> Self {
        self.div_factor = positive("OneCycle::div_factor", div_factor);
        self
    }

    /// Sets by how much the rate at the beginning is more than that at the end, f (default 10⁴).
    ///
    /// # Panics
    /// If it is not a finite number above 0.
    #[track_caller]
    pub fn final_div_factor(mut self, final_div_factor: f64) -> Self {
        self.final_div_factor = positive("OneCycle::final_div_factor", final_div_factor);
        self
    }

    /// The momentum that goes with the rate: from `max` down to `base` while the rate rises, and back while
    /// it falls. PyTorch's defaults are 0.85 and 0.95.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let momentum = OneCycle::new(0.1, 1000).momentum(0.85, 0.95);
    /// assert_eq!([0, 299, 999].map(|step| momentum.at(step)), [0.95, 0.85, 0.95]);
    /// ```
    ///
    /// # Panics
    /// If one is negative or not finite.
    #[track_caller]
    pub fn momentum(self, base: f64, max: f64) -> OneCycleMomentum {
        OneCycleMomentum {
            cycle: self,
            base: non_negative("OneCycle::momentum (the base)", base),
            max: non_negative("OneCycle::momentum (the maximum)", max),
        }
    }

    #[track_caller]
    fn check(&self, place: &str) {
        if self.three_phase && self.pct_start > 0.5 {
            panic!(
                "{place}: in three phases the rise takes at most 0.5 of the steps, found {}",
                self.pct_start
            );
        }
    }

    /// The value at a step that is `first` at the beginning and `top` at the top, `back` at the end of the
    /// second of three phases and `last` at the end.
    fn phases(&self, step: u64, first: f64, top: f64, back: f64, last: f64) -> f64 {
        let total = self.total as f64;
        let end = total - 1.0;
        let rise = self.pct_start * total - 1.0;
        let step = (step as f64).min(end);
        let (from, to, start, goal) = if step <= rise {
            (0.0, rise, first, top)
        } else if !self.three_phase {
            (rise, end, top, last)
        } else if step <= 2.0 * rise {
            (rise, 2.0 * rise, top, back)
        } else {
            (2.0 * rise, end, back, last)
        };
        // A rise of no length is at its top at once.
        let share = if to > from { (step - from) / (to - from) } else { 1.0 };
        self.anneal.between(start, goal, share)
    }
}

impl Schedule for OneCycle {
    fn at(&self, step: u64) -> f64 {
        let initial = self.max / self.div_factor;
        self.phases(step, initial, self.max, initial, initial / self.final_div_factor)
    }
}

/// The momentum against a [`OneCycle`] of the rate; see [`OneCycle::momentum`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycleMomentum {
    cycle: OneCycle,
    base: f64,
    max: f64,
}

impl Schedule for OneCycleMomentum {
    fn at(&self, step: u64) -> f64 {
        self.cycle.phases(step, self.max, self.base, self.max, self.max)
    }
}
