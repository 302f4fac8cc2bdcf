//! What the arguments of schedules must be.

pub(super) use crate::group::non_negative;

/// A number of steps that is not 0.
#[track_caller]
pub(super) fn steps(place: &str, steps: u64) -> u64 {
    if steps == 0 {
        panic!("{place}: expected at least one step, found 0");
    }
    steps
}

/// A number that one divides by.
#[track_caller]
pub(super) fn positive(place: &str, x: f64) -> f64 {
    if !(x.is_finite() && x > 0.0) {
        panic!("{place}: expected a finite number > 0, found {x}");
    }
    x
}

/// A share of a whole.
#[track_caller]
pub(super) fn share(place: &str, x: f64) -> f64 {
    if !(0.0..=1.0).contains(&x) {
        panic!("{place}: expected a number in [0, 1], found {x}");
    }
    x
}
