//! Replaying a record backward: how gradients flow from slots to slots.

use std::time::Instant;

use smallvec::SmallVec;

use crate::Float;
use crate::function::{Backward, Function, InputGradients, Tensors};
use crate::gradients::Gradients;
use crate::hook::Hook;
#[cfg(feature = "mutation")]
use crate::mutation;
use crate::node::{Input, Node, Nodes};
use crate::observe::{Observer, Step};
use crate::shape::{ShapeError, broadcasts_to, refuse, same};
use crate::tape::{Leaf, Mark, Place, Record, Tape};
use crate::tensor::Tensor;

/// How a backward pass is run; the default drains the tape and gives first-order gradients.
///
/// ```
/// use wengert::prelude::*;
///
/// let tape = Tape::new();
/// let x = tape.variable(Tensor::<f64>::scalar(2.0));
/// let y = x.pow(3.0);
/// // dy/dx = 3x², recorded, so that it can be differentiated again.
/// let dx = y.backward_with(Replay::new().create_graph(true)).get(&x).unwrap().clone();
/// assert_eq!(dx.item(), 12.0);
/// assert_eq!(dx.backward().get(&x).unwrap().item(), 12.0); // 6x
/// ```
#[derive(Clone, Debug)]
pub struct Replay<T: Float> {
    retain: bool,
    create_graph: bool,
    seed: Option<Tensor<T>>,
}

impl<T: Float> Replay<T> {
    /// A draining first-order replay seeded with 1.
    pub fn new() -> Self {
        Self { retain: false, create_graph: false, seed: None }
    }

    /// Whether the record is kept for another replay (default: no). Kept, it also keeps its memory.
    pub fn retain(mut self, retain: bool) -> Self {
        self.retain = retain;
        self
    }

    /// Whether the backward pass is recorded, so that its gradients can be differentiated (default: no).
    /// It retains the record as well.
    pub fn create_graph(mut self, create_graph: bool) -> Self {
        self.create_graph = create_graph;
        self
    }

    /// The gradient to start from, of the tensor's shape (default: 1, for a tensor of one element).
    pub fn seed(mut self, seed: Tensor<T>) -> Self {
        self.seed = Some(seed);
        self
    }
}

impl<T: Float> Default for Replay<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Float> Tensor<T> {
    /// The gradients of this scalar with respect to the parameters and variables it came from.
    ///
    /// The tape is drained: its memory falls as the replay goes, and it records no more.
    ///
    /// # Panics
    /// If the tensor has more than one element, lies on no tape, came from nothing that wants a gradient,
    /// or if its tape is drained.
    #[track_caller]
    pub fn backward(&self) -> Gradients<T> {
        self.backward_with(Replay::new())
    }

    /// The same, with a seed of one's own, keeping the record, or recording the replay.
    ///
    /// # Panics
    /// As [`backward`](Self::backward); and if the seed's shape is not the tensor's.
    #[track_caller]
    pub fn backward_with(&self, replay: Replay<T>) -> Gradients<T> {
        T::replay(self, replay)
    }
}

#[track_caller]
pub(crate) fn replay<T: Float>(from: &Tensor<T>, replay: Replay<T>) -> Gradients<T> {
    let Some(Place { tape, slot }) = &from.place else {
        panic!(
            "backward: the tensor of shape {:?} lies on no tape; put an input on one with \
                 tape.variable(x), or a parameter with tape.watch(&parameter)",
            from.shape()
        );
    };
    let Some(slot) = *slot else {
        panic!(
            "backward: the tensor of shape {:?} came from nothing that wants a gradient: no \
                 variable and no unfrozen parameter",
            from.shape()
        );
    };
    let seed = match replay.seed {
        Some(seed) if seed.shape() != from.shape() => {
            panic!("backward: the seed has shape {:?}, the tensor {:?}", seed.shape(), from.shape())
        }
        Some(seed) => seed,
        None if from.len() == 1 => Tensor::full(from.shape(), 1.0),
        None => panic!(
            "backward: a tensor of shape {:?} is no scalar; reduce it (mean(..), sum(..)) or give the \
                 gradient to start from with Replay::seed",
            from.shape()
        ),
    };
    let mut observer = tape.observer::<T>();
    let observer = observer.as_mut().map(|o| o as &mut dyn Observer<T>);
    if replay.create_graph {
        linked(tape, slot, seed, observer)
    } else if replay.retain {
        retained(tape, slot, seed.value.into(), observer)
    } else {
        drained(tape, slot, seed.value.into(), observer)
    }
}

/// A first-order replay that keeps the record, calls no callbacks and shows each step to an observer.
#[track_caller]
pub(crate) fn look_on<T: Float>(
    tape: &Tape,
    slot: u32,
    seed: Tensor<T>,
    observer: &mut dyn Observer<T>,
) -> Gradients<T> {
    let (end, mut pass) = Pass::of(tape, Some(observer));
    pass.hooks.clear();
    retain(end, slot, seed, pass)
}

/// What one replay asks of its record beside the gradients of leaves.
struct Pass<'a, T: Float> {
    tape: &'a Tape,
    leaves: Vec<(u32, Leaf)>,
    kept: Vec<u32>,
    hooks: Vec<Hook<T>>,
    observer: Option<&'a mut dyn Observer<T>>,
}

impl<'a, T: Float> Pass<'a, T> {
    /// A pass over a record that stays, and how many nodes it has now.
    #[track_caller]
    fn of(tape: &'a Tape, observer: Option<&'a mut dyn Observer<T>>) -> (usize, Self) {
        let record = tape.lock::<T>();
        if record.drained {
            drop(record);
            refuse_drained();
        }
        let (leaves, kept, hooks) = (record.leaves.clone(), record.kept.clone(), record.hooks.clone());
        (record.nodes.len(), Self { tape, leaves, kept, hooks, observer })
    }

    /// A pass within another one.
    fn within(tape: &'a Tape) -> Self {
        Self { tape, leaves: Vec::new(), kept: Vec::new(), hooks: Vec::new(), observer: None }
    }

    /// The rule of a node, before the eyes of the observer if there is one.
    #[track_caller]
    fn rule(&mut self, node: &Node<T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let cx = Backward { node, tape: None };
        if self.observer.is_none() {
            return run_rule(&cx, grads);
        }
        let start = Instant::now();
        let gradients = run_rule(&cx, grads);
        let took = Some((start, start.elapsed()));
        self.show(&Step { node, grads, gradients: &gradients, took });
        gradients
    }

    /// Shows a step to the observer, whose complaint ends the replay.
    #[track_caller]
    fn show(&mut self, step: &Step<'_, T>) {
        if let Some(observer) = &mut self.observer
            && let Err(complaint) = observer.step(step)
        {
            panic!("{complaint}");
        }
    }

    /// Calls what is set on a slot's gradient, which is complete.
    #[track_caller]
    fn call_hooks(&self, slot: u32, gradient: &mut Option<Tensor<T>>) {
        let first = self.hooks.partition_point(|hook| hook.slot < slot);
        for hook in self.hooks[first..].iter().take_while(|hook| hook.slot == slot) {
            let Some(before) = gradient else { return };
            let Some(after) = (hook.call)(before) else { continue };
            if after.shape() != before.shape() {
                panic!(
                    "on_gradient: the callback returned a tensor of shape {:?} for a gradient of shape {:?}",
                    after.shape(),
                    before.shape()
                );
            }
            // A first-order replay records nothing, whatever a callback computes with.
            *gradient = Some(if before.place.is_some() { after } else { after.value.into() });
        }
    }
}

/// The rule of a node.
#[track_caller]
fn run_rule<T: Float>(cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
    #[cfg(feature = "mutation")]
    return mutation::rule(cx.node.function.name(), || cx.node.function.backward(cx, grads));
    #[cfg(not(feature = "mutation"))]
    cx.node.function.backward(cx, grads)
}

/// Gradients by slot, from slot `base` on; those below it are the replay's leaves.
struct Flow<T: Float> {
    base: u32,
    above: Vec<Option<Tensor<T>>>,
    below: Vec<(u32, Tensor<T>)>,
}

impl<T: Float> Flow<T> {
    fn new(base: u32, end: u32) -> Self {
        Self { base, above: vec![None; (end - base) as usize], below: Vec::new() }
    }

    /// Adds a gradient: the first is moved in, later ones are added in place.
    fn add(&mut self, slot: u32, gradient: Tensor<T>) {
        let entry = if slot >= self.base {
            let entry = &mut self.above[(slot - self.base) as usize];
            if entry.is_none() {
                *entry = Some(gradient);
                return;
            }
            entry.as_mut()
        } else {
            let found = self.below.iter().position(|(s, _)| *s == slot);
            let Some(at) = found else { return self.below.push((slot, gradient)) };
            Some(&mut self.below[at].1)
        };
        let sum = entry.expect("checked above");
        if sum.place.is_none() && gradient.place.is_none() {
            sum.value.accumulate(&gradient.value);
        } else {
            *sum = &*sum + &gradient;
        }
    }

    // Nothing has arrived at a slot beyond the replay's end: those of a function's later outputs, where the
    // replay begins at an earlier one.
    fn take(&mut self, slot: u32) -> Option<Tensor<T>> {
        self.above.get_mut((slot - self.base) as usize)?.take()
    }

    fn peek(&self, slot: u32) -> Option<&Tensor<T>> {
        self.above.get((slot - self.base) as usize)?.as_ref()
    }

    /// The gradients that arrived at a node's outputs, or `None` if none did.
    #[track_caller]
    fn at_outputs(&mut self, node: &Node<T>, pass: &Pass<'_, T>) -> Option<SmallVec<[Option<Tensor<T>>; 1]>> {
        let mut grads: SmallVec<[_; 1]> = SmallVec::new();
        for slot in node.first..node.first + node.outputs {
            if !pass.hooks.is_empty()
                && let Some(entry) = self.above.get_mut((slot - self.base) as usize)
            {
                pass.call_hooks(slot, entry);
            }
            let kept = pass.kept.binary_search(&slot).is_ok();
            grads.push(if kept { self.peek(slot).cloned() } else { self.take(slot) });
        }
        grads.iter().any(Option::is_some).then_some(grads)
    }

    /// Hands a rule's results on to the inputs that want them. This is where broadcasting is undone.
    fn distribute(&mut self, node: &Node<T>, gradients: InputGradients<T>) {
        assert!(
            gradients.len() == node.inputs.len(),
            "{}: its rule returned {} gradients for {} inputs",
            node.function.name(),
            gradients.len(),
            node.inputs.len()
        );
        for (i, (input, gradient)) in node.inputs.iter().zip(gradients).enumerate() {
            let (Some(slot), Some(gradient)) = (input.slot, gradient) else { continue };
            let gradient = if same(gradient.shape(), &input.shape) {
                gradient
            } else if broadcasts_to(&input.shape, gradient.shape()) {
                gradient.sum_to(&input.shape)
            } else {
                refuse(ShapeError::new(format!(
                    "{}: its rule returned a gradient of shape {:?} for input {i} of shape {:?}",
                    node.function.name(),
                    gradient.shape(),
                    &input.shape[..]
                )))
            };
            self.add(slot, gradient);
        }
    }

    /// The gradients of leaves and kept tensors, in the order of their slots.
    #[track_caller]
    fn finish(mut self, pass: &Pass<'_, T>) -> Gradients<T> {
        if !pass.hooks.is_empty() {
            for &(slot, _) in pass.leaves.iter().rev() {
                if let Some(entry) = self.above.get_mut(slot as usize) {
                    pass.call_hooks(slot, entry);
                }
            }
        }
        let mut found = Vec::new();
        let mut take = |slot: u32, id| {
            if let Some(gradient) = self.above.get_mut(slot as usize).and_then(Option::take) {
                found.push((slot, id, gradient));
            }
        };
        for &(slot, leaf) in &pass.leaves {
            match leaf {
                Leaf::Parameter(id) => take(slot, Some(id)),
                Leaf::Variable => take(slot, None),
            }
        }
        pass.kept.iter().for_each(|&slot| take(slot, None));
        found.sort_by_key(|(slot, ..)| *slot);
        Gradients::new(pass.tape.id(), found)
    }
}

/// The default: each node is taken out of the record as it is used.
#[track_caller]
fn drained<'a, T: Float>(
    tape: &'a Tape,
    slot: u32,
    seed: Tensor<T>,
    observer: Option<&'a mut dyn Observer<T>>,
) -> Gradients<T> {
    let Record { nodes, leaves, kept, hooks, .. } = {
        let mut record = tape.lock::<T>();
        if record.drained {
            drop(record);
            refuse_drained();
        }
        record.drain()
    };
    let mut pass = Pass { tape, leaves, kept, hooks, observer };
    let mut flow = Flow::new(0, slot + 1);
    flow.add(slot, seed);
    replay_drained(&mut pass, nodes, 0, slot, &mut flow);
    flow.finish(&pass)
}

/// Replays the nodes from the last to number `first`.
#[track_caller]
fn replay_drained<T: Float>(
    pass: &mut Pass<'_, T>,
    mut nodes: Nodes<T>,
    first: usize,
    last: u32,
    flow: &mut Flow<T>,
) {
    while let Some(node) = nodes.get(first..).and_then(<[_]>::last) {
        if node.first <= last
            && let Some(grads) = flow.at_outputs(node, pass)
        {
            let gradients = pass.rule(node, &grads);
            flow.distribute(node, gradients);
        }
        nodes.drop_last();
    }
}

/// The record stays; each node is copied as it is used (its values are shared, not copied).
#[track_caller]
fn retained<'a, T: Float>(
    tape: &'a Tape,
    slot: u32,
    seed: Tensor<T>,
    observer: Option<&'a mut dyn Observer<T>>,
) -> Gradients<T> {
    let (end, pass) = Pass::of(tape, observer);
    retain(end, slot, seed, pass)
}

#[track_caller]
fn retain<T: Float>(end: usize, slot: u32, seed: Tensor<T>, mut pass: Pass<'_, T>) -> Gradients<T> {
    let mut flow = Flow::new(0, slot + 1);
    flow.add(slot, seed);
    replay_retained(&mut pass, 0..end, slot, &mut flow);
    flow.finish(&pass)
}

#[track_caller]
fn replay_retained<T: Float>(
    pass: &mut Pass<'_, T>,
    nodes: std::ops::Range<usize>,
    last: u32,
    flow: &mut Flow<T>,
) {
    for at in nodes.rev() {
        let node = pass.tape.lock::<T>().nodes[at].clone();
        if node.first > last {
            continue;
        }
        if let Some(grads) = flow.at_outputs(&node, pass) {
            let gradients = pass.rule(&node, &grads);
            flow.distribute(&node, gradients);
        }
    }
}

/// The record stays, and the replay is recorded on it.
#[track_caller]
fn linked<'a, T: Float>(
    tape: &'a Tape,
    slot: u32,
    seed: Tensor<T>,
    observer: Option<&'a mut dyn Observer<T>>,
) -> Gradients<T> {
    let (end, mut pass) = Pass::of(tape, observer);
    let _replaying = tape.replaying();
    let mut flow = Flow::new(0, slot + 1);
    flow.add(slot, seed);
    replay_linked(&mut pass, 0..end, slot, &mut flow);
    flow.finish(&pass)
}

/// What becomes of the record when a part of it is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Mode {
    /// It is emptied as it is replayed, and closed.
    Drain,
    /// It stays.
    Retain,
    /// It stays, and the replay is recorded on it.
    Graph,
}

/// What the `wanted` slots receive from gradients at others, replaying only what was recorded since a mark
/// that lies before all of them.
#[track_caller]
pub(crate) fn pull<T: Float>(
    tape: &Tape,
    mark: Mark,
    seeds: &[(u32, Tensor<T>)],
    wanted: &[u32],
    mode: Mode,
) -> Vec<Option<Tensor<T>>> {
    let Some(last) = seeds.iter().map(|(slot, _)| *slot).max() else { return vec![None; wanted.len()] };
    let mut flow = Flow::new(mark.slot, last + 1);
    for (slot, seed) in seeds {
        // A tensor from before the mark depends on nothing that is wanted.
        if *slot >= mark.slot {
            flow.add(*slot, if mode == Mode::Graph { seed.clone() } else { seed.value.clone().into() });
        }
    }
    let mut pass = Pass::within(tape);
    pass.kept = wanted.to_vec();
    pass.kept.sort_unstable();
    let end = {
        let record = tape.lock::<T>();
        if record.drained {
            drop(record);
            refuse_drained();
        }
        record.nodes.len()
    };
    match mode {
        Mode::Drain => {
            let nodes = tape.lock::<T>().drain().nodes;
            replay_drained(&mut pass, nodes, mark.node, last, &mut flow);
        }
        Mode::Retain => replay_retained(&mut pass, mark.node..end, last, &mut flow),
        Mode::Graph => replay_linked(&mut pass, mark.node..end, last, &mut flow),
    }
    wanted.iter().map(|&slot| flow.peek(slot).cloned()).collect()
}

#[track_caller]
fn replay_linked<T: Float>(
    pass: &mut Pass<'_, T>,
    nodes: std::ops::Range<usize>,
    last: u32,
    flow: &mut Flow<T>,
) {
    let tape = pass.tape;
    for at in nodes.rev() {
        let node = tape.lock::<T>().nodes[at].clone();
        if node.first > last {
            continue;
        }
        let Some(grads) = flow.at_outputs(&node, pass) else { continue };
        // What the replay records belongs to the part of the model that it is the gradient of.
        let _scope = tape.reenter(node.scope);
        let gradients = match node.function.fused() {
            None => run_rule(&Backward { node: &node, tape: Some(tape) }, &grads),
            Some(_) => {
                let mut inner = through_composed(tape, &node, &grads);
                let own = |input: &Input| {
                    let at = inner.iter().position(|(slot, _)| Some(*slot) == input.slot)?;
                    Some(inner.swap_remove(at).1)
                };
                node.inputs.iter().map(own).collect()
            }
        };
        pass.show(&Step { node: &node, grads: &grads, gradients: &gradients, took: None });
        flow.distribute(&node, gradients);
    }
}

/// The outputs of a fused function in tensor operations.
pub(crate) fn composed<T: Float>(function: &dyn Function<T>, inputs: &[Tensor<T>]) -> Tensors<T> {
    let composed = || function.fused().expect("a fused function").composed(inputs);
    #[cfg(feature = "mutation")]
    let composed = || mutation::within(&format!("{}/composed", function.name()), composed);
    composed()
}

/// Records a fused node's result once more in tensor operations, and replays those: the gradients of the
/// node's input slots.
#[track_caller]
fn through_composed<T: Float>(
    tape: &Tape,
    node: &Node<T>,
    grads: &[Option<Tensor<T>>],
) -> Vec<(u32, Tensor<T>)> {
    let (start, base) = {
        let record = tape.lock::<T>();
        (record.nodes.len(), record.slots)
    };
    let cx = Backward { node, tape: Some(tape) };
    let inputs: Vec<Tensor<T>> = (0..node.inputs.len()).map(|i| cx.input(i)).collect();
    let outputs = composed(&*node.function, &inputs);
    let (end, next) = {
        let record = tape.lock::<T>();
        (record.nodes.len(), record.slots)
    };
    let mut inner = Flow::new(base, next);
    for (output, grad) in outputs.iter().zip(grads) {
        let slot = output.place.as_ref().and_then(|p| p.slot);
        if let (Some(slot), Some(grad)) = (slot, grad) {
            inner.add(slot, grad.clone());
        }
    }
    replay_linked(&mut Pass::within(tape), start..end, next, &mut inner);
    inner.below
}

#[cold]
#[track_caller]
fn refuse_drained() -> ! {
    panic!(
        "backward: this tape was already drained by a backward pass; keep the record with \
         backward_with(Replay::new().retain(true)) to replay it more than once"
    );
}
