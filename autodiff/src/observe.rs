//! What is looked at while operations run: for a tape that detects anomalies or is profiled, each call and each
//! rule passes through here. For any other, it costs one look at a flag.

use std::panic::Location;
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use crate::Float;
use crate::anomaly;
use crate::function::{Function, InputGradients, Saved};
use crate::node::Node;
use crate::profile::Log;
use crate::scope::{Modules, parameters_at};
use crate::tape::{Leaf, Tape};
use crate::tensor::Tensor;
use crate::value::Value;

pub(crate) const ANOMALY: u8 = 1;
const PROFILE: u8 = 2;

/// What observation has gathered.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    pub(crate) log: Log,
    /// How many recording replays are under way. The operations they record are part of the backward pass.
    replaying: u32,
}

/// One call of a function, done.
pub(crate) struct Call<'a, T: Float> {
    pub(crate) function: &'a dyn Function<T>,
    pub(crate) inputs: &'a [&'a Tensor<T>],
    pub(crate) outputs: &'a [Value<T>],
    pub(crate) start: Instant,
    pub(crate) took: Duration,
}

/// One step of a replay, done.
pub(crate) struct Step<'a, T: Float> {
    pub(crate) node: &'a Node<T>,
    pub(crate) grads: &'a [Option<Tensor<T>>],
    pub(crate) gradients: &'a InputGradients<T>,
    /// When it began and how long it took, unless its operations are timed each by itself.
    pub(crate) took: Option<(Instant, Duration)>,
}

/// Is shown the steps of a replay.
pub(crate) trait Observer<T: Float> {
    /// An error ends the replay with a panic at the line that called it.
    fn step(&mut self, step: &Step<'_, T>) -> Result<(), String>;
}

/// The observer that a tape's own settings ask for.
pub(crate) struct TapeObserver {
    tape: Tape,
    /// Of the record as it was before the replay, which may drain it.
    modules: Modules,
    leaves: Vec<(u32, Leaf)>,
}

impl<T: Float> Observer<T> for TapeObserver {
    fn step(&mut self, step: &Step<'_, T>) -> Result<(), String> {
        let used = parameters_at(&self.leaves, step.node.inputs.iter().filter_map(|input| input.slot));
        if self.tape.observes(PROFILE) && step.took.is_some() {
            let mut observed = self.tape.observed();
            observed.log.backward(step, &used);
        }
        if self.tape.observes(ANOMALY) {
            anomaly::check_step(step, || self.modules.path(step.node.scope, &used))?;
        }
        Ok(())
    }
}

/// Marks a recording replay as long as it lives.
pub(crate) struct Replaying<'a>(Option<&'a Tape>);

impl Drop for Replaying<'_> {
    fn drop(&mut self) {
        if let Some(tape) = self.0 {
            tape.observed().replaying -= 1;
        }
    }
}

impl Tape {
    /// Whether the first NaN or ∞ stops the program with a report of where it came from (default: no).
    ///
    /// On such a tape every operation looks at what it gives, forward and backward, and panics at the line that
    /// called it — in a backward pass at the line that called that — if a NaN is among it, or an ∞ where none
    /// was given to it. (An ∞ that the program put there, as the −∞ of an attention mask, passes.) The report
    /// names the operation, its caller's file and line, the part of the model (see [`Tape::scope`]), and the
    /// shapes and ranges of its inputs and results. A tape that does not detect pays nothing.
    ///
    /// ```should_panic
    /// use wengert::prelude::*;
    ///
    /// let tape = Tape::new().detect_anomaly(true);
    /// let x = tape.variable(Tensor::<f32>::from_vec([3], vec![1.0, 0.0, -1.0]));
    /// let _ = x.ln(); // ln at src/main.rs:5:13: its output holds 1 NaN and 1 ∞ …
    /// ```
    #[must_use = "this is the same tape; the setting holds for all its handles"]
    pub fn detect_anomaly(self, detect: bool) -> Self {
        self.observe(ANOMALY, detect);
        self
    }

    /// The tape, which measures from now on what each operation costs, forward and backward: see
    /// [`Tape::profile`].
    #[must_use = "this is the same tape; the setting holds for all its handles"]
    pub fn profiled(self) -> Self {
        self.observed().log.begin();
        self.observe(PROFILE, true);
        self
    }

    fn observe(&self, what: u8, on: bool) {
        let observing = &self.inner().observing;
        if on {
            observing.fetch_or(what, Ordering::Relaxed);
        } else {
            observing.fetch_and(!what, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_observed(&self) -> bool {
        self.inner().observing.load(Ordering::Relaxed) != 0
    }

    fn observes(&self, what: u8) -> bool {
        self.inner().observing.load(Ordering::Relaxed) & what != 0
    }

    pub(crate) fn observed(&self) -> MutexGuard<'_, Observed> {
        self.inner().observed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a replay of the tape is to be shown to, if it detects anomalies or is profiled.
    pub(crate) fn observer<T: Float>(&self) -> Option<TapeObserver> {
        self.is_observed().then(|| TapeObserver {
            tape: self.clone(),
            modules: Modules::of::<T>(self),
            leaves: self.lock::<T>().leaves.clone(),
        })
    }

    /// Marks that a recording replay runs.
    pub(crate) fn replaying(&self) -> Replaying<'_> {
        if !self.is_observed() {
            return Replaying(None);
        }
        self.observed().replaying += 1;
        Replaying(Some(self))
    }

    /// Looks at a call, and gives its number in the profile.
    #[cold]
    #[track_caller]
    pub(crate) fn observe_forward<T: Float>(
        &self,
        call: &Call<'_, T>,
        saved: &Option<SmallVec<[Saved<T>; 2]>>,
    ) -> Option<usize> {
        let caller = Location::caller();
        let scope = self.current_scope();
        let slots = call.inputs.iter().filter_map(|x| x.place.as_ref().and_then(|p| p.slot));
        let used = parameters_at(&self.lock::<T>().leaves, slots);
        let mut observed = self.observed();
        let replaying = observed.replaying > 0;
        let event = self.observes(PROFILE).then(|| {
            let saved = saved.as_deref().unwrap_or_default();
            observed.log.forward(call, saved, caller, scope, &used, replaying)
        });
        drop(observed);
        // In a recording replay the whole rule is looked at, whose caller is the program.
        if self.observes(ANOMALY) && !replaying {
            let path = || {
                let mut uses = Modules::uses::<T>(self);
                uses.push((scope, used.clone()));
                Modules::from_uses(self, &uses).path(scope, &used)
            };
            if let Err(report) = anomaly::check_call(call, caller, path) {
                panic!("{report}");
            }
        }
        event
    }

    /// Says in which slot the first result of a profiled call was recorded.
    #[cold]
    pub(crate) fn observe_slot<T: Float>(&self, event: usize, slot: u32) {
        self.observed().log.recorded::<T>(event, slot);
    }
}
