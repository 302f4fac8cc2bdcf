//! The record of a computation: tapes, their nodes, and what is watched on them.

use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use smallvec::SmallVec;

use crate::Float;
use crate::function::{Saved, SharedFunction};
use crate::hook::Hook;
use crate::indices::Indices;
use crate::node::{Input, Node, Nodes};
use crate::observe::{ANOMALY, Observed};
use crate::parameter::{Parameter, ParameterId};
use crate::scope::Scopes;
use crate::shape::copied;
use crate::tensor::Tensor;
use crate::value::Value;

/// A Wengert tape: the record of the operations on its tensors, and the context of one forward pass.
///
/// A tape is cheap to make: make one for each training step. Operations record on the tape their inputs
/// lie on; [`Tensor::backward`] replays it. [`Tape::new`] evaluates; [`Tape::training`] turns dropout on
/// and lets batch normalization learn. A clone is the same tape.
///
/// After R. E. Wengert, "A simple automatic derivative evaluation program" (1964).
///
/// ```
/// use wengert::prelude::*;
///
/// let tape = Tape::new();
/// let x = tape.variable(Tensor::<f64>::scalar(3.0));
/// let y = &x * &x + 2.0 * &x;
/// assert_eq!(y.item(), 15.0);
/// assert_eq!(y.backward().get(&x).unwrap().item(), 8.0);
/// ```
#[derive(Clone)]
pub struct Tape(Arc<Inner>);

/// A handle that does not keep its tape alive.
#[derive(Clone, Debug)]
pub struct WeakTape(Weak<Inner>);

#[doc(hidden)]
pub struct Inner {
    /// Unique in the process.
    id: u64,
    /// The seed of a training tape.
    seed: Option<u64>,
    draws: AtomicU64,
    /// Whether what runs on the tape ran before, on another one or on this.
    recomputing: AtomicBool,
    pub(crate) single: Mutex<Record<f32>>,
    pub(crate) double: Mutex<Record<f64>>,
    /// How many scopes are open, of all threads: while none is, an operation looks no further.
    pub(crate) open_scopes: AtomicU32,
    pub(crate) scopes: Mutex<Scopes>,
    /// What is looked for as operations run; 0 for nothing (see the module `observe`).
    pub(crate) observing: AtomicU8,
    pub(crate) observed: Mutex<Observed>,
}

/// Where a tensor lies: on a tape, and in which slot if it wants a gradient.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) tape: Tape,
    pub(crate) slot: Option<u32>,
}

/// A point of a record: how many nodes and slots there were.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pub(crate) node: usize,
    pub(crate) slot: u32,
}

/// What a slot without a node stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leaf {
    Variable,
    Parameter(ParameterId),
}

impl Leaf {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Variable => "variable",
            Self::Parameter(_) => "parameter",
        }
    }
}

/// A place where the value of a slot was used without a way back for its gradient.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) slot: u32,
    pub(crate) operation: &'static str,
    pub(crate) caller: &'static Location<'static>,
}

/// The nodes and leaves of one element type.
#[doc(hidden)]
pub struct Record<T: Float> {
    pub(crate) nodes: Nodes<T>,
    pub(crate) slots: u32,
    /// In the order of their slots.
    pub(crate) leaves: Vec<(u32, Leaf)>,
    pub(crate) watched: HashMap<ParameterId, (Option<u32>, Value<T>)>,
    /// The parameters asked for, where nothing is to be recorded but which these are.
    asked: Option<Vec<Parameter<T>>>,
    /// Slots of intermediate tensors whose gradient is asked for.
    pub(crate) kept: Vec<u32>,
    /// In the order of their slots, those of one slot in that of their making.
    pub(crate) hooks: Vec<Hook<T>>,
    /// Where a value left the record.
    pub(crate) cuts: Vec<Cut>,
    pub(crate) drained: bool,
}

impl<T: Float> Record<T> {
    fn new() -> Self {
        Self {
            nodes: Nodes::default(),
            slots: 0,
            leaves: Vec::new(),
            watched: HashMap::new(),
            asked: None,
            kept: Vec::new(),
            hooks: Vec::new(),
            cuts: Vec::new(),
            drained: false,
        }
    }

    #[track_caller]
    fn leaf(&mut self, leaf: Leaf) -> u32 {
        let slot = self.take_slots(1);
        self.leaves.push((slot, leaf));
        slot
    }

    #[track_caller]
    fn take_slots(&mut self, n: u32) -> u32 {
        let first = self.slots;
        self.slots = first.checked_add(n).expect("a tape holds at most 4,294,967,295 tensors");
        first
    }

    /// Takes everything out for a draining replay; the record is closed from now on.
    pub(crate) fn drain(&mut self) -> Self {
        let slots = self.slots;
        std::mem::replace(self, Self { slots, drained: true, ..Self::new() })
    }
}

impl Tape {
    /// A tape that evaluates: dropout is off, batch normalization uses its running statistics.
    pub fn new() -> Self {
        Self::with_seed(None)
    }

    /// A tape that trains: dropout is on, batch normalization uses the batch's statistics and learns from
    /// them. Every random draw follows from the seed.
    pub fn training(seed: u64) -> Self {
        Self::with_seed(Some(seed))
    }

    /// A tape that trains, but from which layers learn no statistics, as if everything on it
    /// [ran before](Self::is_recomputing): to see what a training step does, and leave the model as it is.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let norm = BatchNorm1d::<f32>::new(2);
    /// let tape = Tape::rehearsing(0);
    /// norm.forward(&tape.constant(Tensor::full([4, 2], 3.0)));
    /// assert!(tape.is_training());
    /// assert_eq!(norm.running_mean.as_ref().unwrap().value().to_vec(), [0.0; 2]);
    /// ```
    pub fn rehearsing(seed: u64) -> Self {
        Self::from_draw(Some(seed), 0, true)
    }

    fn with_seed(seed: Option<u64>) -> Self {
        Self::from_draw(seed, 0, false)
    }

    fn from_draw(seed: Option<u64>, draw: u64, recomputing: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(Arc::new(Inner {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            seed,
            draws: AtomicU64::new(draw),
            recomputing: AtomicBool::new(recomputing),
            single: Mutex::new(Record::new()),
            double: Mutex::new(Record::new()),
            open_scopes: AtomicU32::new(0),
            scopes: Mutex::default(),
            observing: AtomicU8::new(0),
            observed: Mutex::default(),
        }))
    }

    /// Whether the tape was made by [`Tape::training`].
    pub fn is_training(&self) -> bool {
        self.0.seed.is_some()
    }

    /// Whether what runs on the tape now ran before and is computed again for a [`checkpoint`](crate::checkpoint).
    /// A layer that learns statistics from what it sees has learned from it already.
    pub fn is_recomputing(&self) -> bool {
        self.0.recomputing.load(Ordering::Relaxed)
    }

    pub(crate) fn seed(&self) -> Option<u64> {
        self.0.seed
    }

    /// The seed and number of the next random draw, on a training tape.
    pub(crate) fn draw(&self) -> Option<(u64, u64)> {
        self.0.seed.map(|seed| (seed, self.0.draws.fetch_add(1, Ordering::Relaxed)))
    }

    /// The tensor's value on this tape, wanting no gradient. A tensor that lies on another tape is cut
    /// from it.
    pub fn constant<T: Float>(&self, x: impl Into<Tensor<T>>) -> Tensor<T> {
        Tensor { value: x.into().value, place: Some(Place { tape: self.clone(), slot: None }) }
    }

    /// The tensor's value on this tape as a leaf that wants a gradient.
    ///
    /// # Panics
    /// If the tape was drained by a backward pass.
    #[track_caller]
    pub fn variable<T: Float>(&self, x: impl Into<Tensor<T>>) -> Tensor<T> {
        let value = x.into().value;
        let slot = {
            let mut record = self.open::<T>(|| "Tape::variable");
            record.leaf(Leaf::Variable)
        };
        Tensor { value, place: Some(Place { tape: self.clone(), slot: Some(slot) }) }
    }

    /// The indices, carried by this tape.
    pub fn indices(&self, ids: impl Into<Indices>) -> Indices {
        ids.into().on(self)
    }

    /// The parameter's value on this tape. Watching it again gives the same slot, so that the gradients of
    /// shared weights add up. A frozen parameter is a constant.
    ///
    /// # Panics
    /// If the tape was drained by a backward pass.
    #[track_caller]
    pub fn watch<T: Float>(&self, parameter: &Parameter<T>) -> Tensor<T> {
        if parameter.is_frozen() {
            return self.constant(parameter.value());
        }
        let id = parameter.id();
        // Read before the record is locked: whoever changes the parameter may use this tape meanwhile.
        let value = parameter.read();
        let mut record = self.open::<T>(|| "Tape::watch");
        if let Some(asked) = &mut record.asked {
            if asked.iter().all(|p| p.id() != id) {
                asked.push(parameter.clone());
            }
            drop(record);
            return self.constant(Tensor::from(value));
        }
        let (slot, value) = match record.watched.get(&id) {
            Some((slot, value)) => (*slot, value.clone()),
            None => {
                let slot = record.leaf(Leaf::Parameter(id));
                record.watched.insert(id, (Some(slot), value.clone()));
                (Some(slot), value)
            }
        };
        drop(record);
        Tensor { value, place: Some(Place { tape: self.clone(), slot }) }
    }

    /// Makes a tensor of this tape stand for a parameter: [`watch`](Self::watch) gives it from now on. A gradient
    /// goes to the tensor, and where it leads, not to the parameter.
    ///
    /// This makes a function of parameters a function of tensors, to differentiate it as
    /// [transforms](crate::transform) do, or to try weights that come from another model.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let w = Parameter::new(Tensor::<f64>::scalar(3.0));
    /// let tape = Tape::new();
    /// let trial = tape.variable(Tensor::scalar(5.0));
    /// tape.watch_as(&w, &trial);
    /// let y = tape.watch(&w).square();
    /// assert_eq!(y.item(), 25.0);
    /// assert_eq!(y.backward().get(&trial).unwrap().item(), 10.0);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ, the parameter is frozen or was watched on this tape before, or the tensor lies on
    /// another tape.
    #[track_caller]
    pub fn watch_as<T: Float>(&self, parameter: &Parameter<T>, x: &Tensor<T>) {
        if parameter.shape() != x.shape() {
            panic!(
                "Tape::watch_as: the parameter has shape {:?}, the tensor {:?}",
                parameter.shape(),
                x.shape()
            );
        }
        if parameter.is_frozen() {
            panic!("Tape::watch_as: the parameter {parameter:?} is frozen, and a constant on every tape");
        }
        if x.tape().is_some_and(|tape| !tape.is(self)) {
            panic!("Tape::watch_as: the tensor lies on another tape");
        }
        let slot = x.slot();
        let mut record = self.open::<T>(|| "Tape::watch_as");
        if record.watched.contains_key(&parameter.id()) {
            drop(record);
            panic!("Tape::watch_as: the parameter {parameter:?} was watched on this tape already");
        }
        record.watched.insert(parameter.id(), (slot, x.value.clone()));
    }

    /// The number of operations recorded and not yet replayed, of both element types.
    pub fn len(&self) -> usize {
        self.lock::<f32>().nodes.len() + self.lock::<f64>().nodes.len()
    }

    /// Whether no operation is recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A handle that does not keep the tape alive.
    pub fn downgrade(&self) -> WeakTape {
        WeakTape(Arc::downgrade(&self.0))
    }

    /// Where the record ends now.
    pub(crate) fn mark<T: Float>(&self) -> Mark {
        let record = self.lock::<T>();
        Mark { node: record.nodes.len(), slot: record.slots }
    }

    pub(crate) fn is(&self, other: &Tape) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A number that no other tape of the process has.
    pub(crate) fn id(&self) -> u64 {
        self.0.id
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn lock<T: Float>(&self) -> MutexGuard<'_, Record<T>> {
        T::record(&self.0).lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record, for writing.
    #[track_caller]
    fn open<T: Float>(&self, operation: impl FnOnce() -> &'static str) -> MutexGuard<'_, Record<T>> {
        let record = self.lock::<T>();
        if record.drained {
            drop(record);
            drained(operation());
        }
        record
    }

    /// Records a node and returns the slot of its first output.
    #[track_caller]
    pub(crate) fn push<T: Float>(
        &self,
        function: SharedFunction<T>,
        inputs: &[&Tensor<T>],
        outputs: usize,
        saved: SmallVec<[Saved<T>; 2]>,
    ) -> u32 {
        let caller = Location::caller();
        let scope = self.current_scope();
        let mut record = self.open::<T>(|| function.name());
        let outputs = outputs as u32;
        let first = record.take_slots(outputs);
        let node = Node { function, inputs: SmallVec::new(), saved, first, outputs, scope, caller };
        let node = record.nodes.push(node);
        // Written where they stay: to move them costs more.
        for x in inputs {
            node.inputs.push(Input { slot: x.slot(), shape: copied(x.shape()) });
        }
        first
    }
}

/// A tape beside another that records nothing but which parameters were asked for: for what is to be computed
/// again. Its draws are the other's next ones.
pub(crate) struct Segment {
    tape: Tape,
    first_draw: u64,
}

impl Segment {
    pub(crate) fn tape(&self) -> &Tape {
        &self.tape
    }

    /// The parameters asked for and the number of the first draw. The other tape goes on after the last draw.
    pub(crate) fn finish<T: Float>(self, outer: &Tape) -> (Vec<Parameter<T>>, u64) {
        outer.0.draws.fetch_max(self.tape.0.draws.load(Ordering::Relaxed), Ordering::Relaxed);
        (self.tape.lock::<T>().asked.take().unwrap_or_default(), self.first_draw)
    }
}

impl Tape {
    pub(crate) fn segment<T: Float>(&self) -> Segment {
        let first_draw = self.0.draws.load(Ordering::Relaxed);
        let tape = Self::from_draw(self.0.seed, first_draw, self.is_recomputing());
        tape.lock::<T>().asked = Some(Vec::new());
        tape.0.observing.store(self.0.observing.load(Ordering::Relaxed) & ANOMALY, Ordering::Relaxed);
        Segment { tape, first_draw }
    }

    /// A tape for what ran before from a draw on.
    pub(crate) fn recomputing(seed: Option<u64>, draw: u64) -> Self {
        Self::from_draw(seed, draw, true)
    }

    /// Runs on this tape what ran before from a draw on.
    pub(crate) fn recompute_from<R>(&self, draw: u64, run: impl FnOnce() -> R) -> R {
        /// Puts the tape back also if `run` panics.
        struct Restore<'a>(&'a Inner, u64, bool);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                self.0.draws.store(self.1, Ordering::Relaxed);
                self.0.recomputing.store(self.2, Ordering::Relaxed);
            }
        }
        let draws = self.0.draws.swap(draw, Ordering::Relaxed);
        let _restore = Restore(&self.0, draws, self.0.recomputing.swap(true, Ordering::Relaxed));
        run()
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn drained(operation: &str) -> ! {
    panic!(
        "{operation}: this tape was drained by a backward pass and records no more; \
         detach() the tensor to use its value, make a new tape, or keep the record with \
         backward_with(Replay::new().retain(true))"
    )
}

/// Whether they are handles of the same tape.
impl PartialEq for Tape {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl Eq for Tape {}

impl Default for Tape {
    fn default() -> Self {
        Self::new()
    }
}

impl WeakTape {
    /// The tape, if a tensor or handle still keeps it alive.
    pub fn upgrade(&self) -> Option<Tape> {
        self.0.upgrade().map(Tape)
    }
}

impl fmt::Debug for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_training() { "training" } else { "evaluating" };
        write!(f, "Tape({kind}, {} operations)", self.len())
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("seed", &self.seed).finish_non_exhaustive()
    }
}
