//! Schedules of one's own.

use std::fmt::{self, Debug};

use super::Schedule;

/// A schedule from a closure; see [`from_fn`].
#[derive(Clone)]
pub struct FromFn<F>(F);

/// A schedule from a closure.
///
/// ```
/// use wengert::optim::schedule::{self, Schedule};
///
/// // A saw: from 0.1 down to 0.02, again and again.
/// let schedule = schedule::from_fn(|step| 0.1 - 0.02 * (step % 5) as f64);
/// assert_eq!(schedule.at(0), 0.1);
/// assert_eq!(schedule.at(5), 0.1);
/// ```
pub fn from_fn<F: Fn(u64) -> f64 + Send + Sync>(f: F) -> FromFn<F> {
    FromFn(f)
}

impl<F: Fn(u64) -> f64 + Send + Sync> Schedule for FromFn<F> {
    fn at(&self, step: u64) -> f64 {
        (self.0)(step)
    }
}

impl<F> Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn(..)")
    }
}
