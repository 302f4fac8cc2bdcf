//! What a step costs: time, arithmetic and memory, by operation and by part of the model.

mod log;
mod table;
mod trace;

use std::collections::HashMap;
use std::panic::Location;
use std::path::Path;
use std::time::Duration;

pub(crate) use self::log::{Log, span};
#[doc(hidden)]
pub use self::table::{bytes, flops, table};
use crate::Float;
use crate::shape::Shape;
use crate::tape::Tape;

/// What the operations on a tape cost, each call by itself: see [`Tape::profile`].
///
/// It prints as two tables, by operation and by part of the model.
#[derive(Clone, Debug)]
pub struct Profile {
    /// In the order in which they ended.
    pub(crate) events: Vec<Event>,
}

/// One call of an operation or of its rule.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) operation: &'static str,
    pub(crate) backward: bool,
    pub(crate) caller: &'static Location<'static>,
    pub(crate) path: String,
    /// A small number for each thread, in the order of their first call.
    pub(crate) thread: usize,
    /// Since the profile began.
    pub(crate) start: Duration,
    pub(crate) took: Duration,
    pub(crate) flops: u64,
    pub(crate) moved: u64,
    pub(crate) saved: u64,
    /// The most bytes that large buffers took during the call or since the one before.
    pub(crate) peak: u64,
    /// Of the first output.
    pub(crate) shape: Option<Shape>,
    /// The events, by number, that took an output for an input.
    pub(crate) users: Vec<usize>,
    /// The first slot it was recorded in, and the element type's name.
    pub(crate) slot: Option<(&'static str, u32)>,
}

/// What calls cost together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// The operation, or the path of the part of the model; empty for all together.
    pub name: String,
    /// Calls of operations, forward, and of rules, backward.
    pub calls: usize,
    /// The time of the forward pass.
    pub forward: Duration,
    /// The time of the backward pass.
    pub backward: Duration,
    /// Floating-point operations; a multiplication and an addition are two
    /// ([`Function::flops`](crate::Function::flops)).
    pub flops: u64,
    /// Bytes that had to be read or written at least once: inputs, results, what was saved, gradients.
    pub moved: u64,
    /// Bytes that the record keeps for the backward pass; a buffer that several calls save counts for the first.
    pub saved: u64,
    /// The most bytes that large buffers took at any time during the calls ([`pool::in_use`](crate::pool::in_use)).
    pub peak: u64,
    /// The shape of the last result of the forward pass that was used elsewhere, or of the last one if none was; of
    /// several outputs of an operation the first.
    pub shape: Vec<usize>,
}

impl Cost {
    fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    fn add(&mut self, event: &Event) {
        self.calls += 1;
        *if event.backward { &mut self.backward } else { &mut self.forward } += event.took;
        self.flops += event.flops;
        self.moved += event.moved;
        self.saved += event.saved;
        self.peak = self.peak.max(event.peak);
    }

    /// Forward and backward together.
    pub fn time(&self) -> Duration {
        self.forward + self.backward
    }
}

impl Tape {
    /// What the operations since [`Tape::profiled`] cost, forward and backward.
    ///
    /// Each call is timed by itself, on the thread that made it; the time between calls belongs to none. Counted
    /// are the operations on the tape: those on tensors that are on no tape are not seen.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let tape = Tape::new().profiled();
    /// let x = tape.variable(Tensor::<f32>::ones([64, 32]));
    /// let loss = x.matmul(&Tensor::ones([32, 16])).relu().mean(..);
    /// loss.backward();
    /// let profile = tape.profile();
    /// let product = &profile.by_operation().into_iter().find(|c| c.name == "matmul").unwrap();
    /// // Forward, and one product of the same size backward, for x alone wants a gradient.
    /// assert_eq!(product.flops, 2 * (2 * 64 * 32 * 16));
    /// println!("{profile}");
    /// ```
    pub fn profile(&self) -> Profile {
        let (log, uses) = {
            let observed = self.observed();
            (observed.log.events.clone(), observed.log.uses())
        };
        let modules = crate::scope::Modules::from_uses(self, &uses);
        let event = |mut entry: log::Entry| {
            entry.event.path = modules.path(entry.scope, &entry.parameters);
            entry.event
        };
        Profile { events: log.into_iter().map(event).collect() }
    }

    /// The bytes that the record keeps alive for a backward pass, of both element types; a buffer that several
    /// operations save counts once. The values of parameters, which live anyway, are not counted. A view counts
    /// the elements it spans, even if it keeps more alive.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::<f32>::ones([100]));
    /// let y = x.tanh(); // saves its output
    /// assert_eq!(tape.saved_bytes(), 400);
    /// let z = y.square(); // saves its input, which is kept already
    /// assert_eq!(tape.saved_bytes(), 400);
    /// ```
    pub fn saved_bytes(&self) -> usize {
        log::saved_bytes::<f32>(&self.lock()) + log::saved_bytes::<f64>(&self.lock())
    }
}

impl Profile {
    /// Everything together.
    pub fn total(&self) -> Cost {
        let mut total = Cost::default();
        self.events.iter().for_each(|event| total.add(event));
        total.shape = self.output(|_| true);
        total
    }

    /// By operation, the one that took longest first.
    pub fn by_operation(&self) -> Vec<Cost> {
        let mut costs: Vec<Cost> = Vec::new();
        let mut places = HashMap::new();
        for event in &self.events {
            let at = *places.entry(event.operation).or_insert_with(|| {
                costs.push(Cost::named(event.operation));
                costs.len() - 1
            });
            costs[at].add(event);
            if let Some(shape) = event.shape.as_ref().filter(|_| !event.backward) {
                costs[at].shape = shape.to_vec();
            }
        }
        costs.sort_by(|a, b| b.time().cmp(&a.time()).then_with(|| a.name.cmp(&b.name)));
        costs
    }

    /// By part of the model, each with the parts inside it, in the order of the forward pass. What belongs to no
    /// part is only in the [`total`](Self::total).
    pub fn by_module(&self) -> Vec<Cost> {
        let mut tree = table::Tree::default();
        self.events.iter().for_each(|event| tree.add(event));
        let mut costs = tree.flatten();
        for cost in &mut costs {
            cost.shape = self.output(|path| {
                path.strip_prefix(&cost.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            });
        }
        costs
    }

    /// The shape of what leaves a part of the model, whose paths these are.
    fn output(&self, is_inside: impl Fn(&str) -> bool) -> Vec<usize> {
        let inside = || self.events.iter().rev().filter(|e| !e.backward && is_inside(&e.path));
        let leaves = |e: &&Event| e.users.iter().any(|&user| !is_inside(&self.events[user].path));
        let last = inside().find(leaves).or_else(|| inside().next());
        last.and_then(|event| event.shape.as_ref()).map(|shape| shape.to_vec()).unwrap_or_default()
    }

    /// The calls as a Chrome trace: the JSON that `chrome://tracing` and <https://ui.perfetto.dev> show, with the
    /// parts of the model as nested bars on each thread, and the memory as a curve.
    pub fn to_trace(&self) -> String {
        trace::json(&self.events)
    }

    /// Writes [`to_trace`](Self::to_trace) to a file.
    ///
    /// # Errors
    /// The file system refuses; the text names the path.
    pub fn write_trace(&self, path: impl AsRef<Path>) -> std::io::Result<()> {
        let path = path.as_ref();
        std::fs::write(path, self.to_trace())
            .map_err(|e| std::io::Error::new(e.kind(), format!("cannot write {}: {e}", path.display())))
    }

    /// The times of the operation recorded in a slot, forward and backward, and its forward FLOP.
    pub(crate) fn of_slot<T: Float>(&self) -> HashMap<u32, (Duration, Duration, u64)> {
        let mut times = HashMap::new();
        for event in &self.events {
            if let Some((name, slot)) = event.slot
                && name == T::NAME
            {
                let entry = times.entry(slot).or_insert((Duration::ZERO, Duration::ZERO, 0));
                *if event.backward { &mut entry.1 } else { &mut entry.0 } += event.took;
                entry.2 += event.flops;
            }
        }
        times
    }
}
