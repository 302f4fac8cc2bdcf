//! Which parameters learn nothing, and why.
//!
//! A replay that keeps the record is watched: at each operation, what arrived and what the rule made of it. For
//! a parameter with no gradient the record is followed forward from where it was watched, to the operations whose
//! results lead nowhere; for one whose gradient is all zeros or not finite, to the operations that made it so of
//! one that was not.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::panic::Location;

use crate::Float;
use crate::anomaly::{Range, site};
use crate::node::Node;
use crate::observe::{Observer, Step};
use crate::parameter::Parameter;
use crate::replay::look_on;
use crate::scope::{Modules, parameters_of};
use crate::tape::{Cut, Leaf, Place};
use crate::tensor::Tensor;

/// What an audit found: the parameters that get no useful gradient, and where each of them loses it.
///
/// ```
/// use wengert::autodiff::audit::{Audit, Problem};
/// use wengert::prelude::*;
///
/// let (w, v) = (Parameter::new(Tensor::<f32>::ones([3])), Parameter::new(Tensor::ones([3])));
/// let tape = Tape::new();
/// let hidden = tape.watch(&w).exp();
/// let loss = (hidden.detach() * tape.watch(&v)).sum(..);
/// let audit = Audit::of(&loss, [("w", &w), ("v", &v)]);
/// let [finding] = audit.findings() else { panic!("w alone gets no gradient") };
/// assert_eq!((finding.name.as_str(), finding.problem), ("w", Problem::Missing));
/// assert_eq!(finding.causes[0].operation, "exp"); // … at line 6; and it says: detach at line 7
/// println!("{audit}");
/// ```
#[derive(Clone, Debug)]
pub struct Audit {
    parameters: usize,
    numbers: usize,
    findings: Vec<Finding>,
}

/// A parameter that gets no useful gradient.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The parameter's name, as it was given.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// What is wrong.
    pub problem: Problem,
    /// Where the gradient is lost or spoiled, at the most four places. None for a parameter that was not watched.
    pub causes: Vec<Cause>,
}

/// What is wrong with a parameter's gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The parameter is frozen: it was taken out of training.
    Frozen,
    /// The tape never watched the parameter: the forward pass did not use it, or used its value alone.
    NotWatched,
    /// No gradient flows from the loss to the parameter.
    Missing,
    /// Each entry of the gradient is zero.
    Zero,
    /// A NaN or ∞ is in the gradient.
    NotFinite,
}

/// A place where gradients are lost or spoiled.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cause {
    /// The operation; `parameter` if none used the parameter.
    pub operation: &'static str,
    /// The line that called it.
    pub caller: Option<&'static Location<'static>>,
    /// The part of the model it belongs to; empty if it is in none.
    pub path: String,
    /// What happens there, in words.
    pub what: String,
}

const MOST_CAUSES: usize = 4;

/// What arrived somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Nothing,
    Zero,
    Useful,
    NotFinite,
}

impl State {
    fn of<T: Float>(gradient: Option<&Tensor<T>>) -> Self {
        let Some(gradient) = gradient else { return Self::Nothing };
        match Range::of(&gradient.value) {
            range if !range.is_finite() => Self::NotFinite,
            range if range.is_zero() => Self::Zero,
            _ => Self::Useful,
        }
    }

    /// Of the gradients that arrived at the outputs of a node.
    fn together(states: &[Self]) -> Self {
        [Self::NotFinite, Self::Useful, Self::Zero]
            .into_iter()
            .find(|s| states.contains(s))
            .unwrap_or(Self::Nothing)
    }
}

/// By the first slot of each node that a gradient reached: what arrived, and what its inputs were given.
#[derive(Default)]
struct Steps(HashMap<u32, (State, Vec<State>)>);

impl<T: Float> Observer<T> for Steps {
    fn step(&mut self, step: &Step<'_, T>) -> Result<(), String> {
        let arrived: Vec<State> = step.grads.iter().map(|g| State::of(g.as_ref())).collect();
        let given = step.gradients.iter().map(|g| State::of(g.as_ref())).collect();
        self.0.insert(step.node.first, (State::together(&arrived), given));
        Ok(())
    }
}

/// The record, and how gradients flowed through it.
struct Search<T: Float> {
    nodes: Vec<Node<T>>,
    /// By slot, the nodes that read it.
    readers: Vec<Vec<usize>>,
    paths: Vec<String>,
    cuts: Vec<Cut>,
    steps: Steps,
    loss: u32,
}

impl<T: Float> Search<T> {
    fn cause(&self, at: usize, what: impl Into<String>) -> Cause {
        let node = &self.nodes[at];
        let path = self.paths[at].clone();
        Cause { operation: node.function.name(), caller: Some(node.caller), path, what: what.into() }
    }

    fn readers(&self, slot: u32) -> &[usize] {
        self.readers.get(slot as usize).map_or(&[], Vec::as_slice)
    }

    /// What a node gave to the inputs that lie in a slot, and what had arrived at it.
    fn given(&self, at: usize, slot: u32) -> (State, State) {
        let node = &self.nodes[at];
        let Some((arrived, given)) = self.steps.0.get(&node.first) else {
            return (State::Nothing, State::Nothing);
        };
        let own = node.inputs.iter().zip(given).filter(|(input, _)| input.slot == Some(slot));
        (*arrived, State::together(&own.map(|(_, state)| *state).collect::<Vec<_>>()))
    }

    fn outputs(&self, at: usize) -> std::ops::Range<u32> {
        self.nodes[at].first..self.nodes[at].first + self.nodes[at].outputs
    }

    /// The places at which the value of a slot left the record, in words.
    fn leaving(&self, slots: std::ops::Range<u32>) -> Option<String> {
        let cuts: Vec<String> = self
            .cuts
            .iter()
            .filter(|cut| slots.contains(&cut.slot))
            .map(|cut| format!("{} at {}", cut.operation, cut.caller))
            .take(3)
            .collect();
        (!cuts.is_empty()).then(|| cuts.join(", "))
    }

    /// Where the way from a slot to the loss ends.
    fn missing(&self, slot: u32) -> Vec<Cause> {
        if self.readers(slot).is_empty() {
            let what = match self.leaving(slot..slot + 1) {
                Some(cuts) => format!("it was watched, and left the record by {cuts}"),
                None => "it was watched, but no operation on the tape used it".to_string(),
            };
            return vec![Cause { operation: "parameter", caller: None, path: String::new(), what }];
        }
        let (mut seen, mut open) = (BTreeSet::new(), vec![slot]);
        let (mut causes, mut ends) = (BTreeSet::new(), BTreeSet::new());
        while let Some(slot) = open.pop() {
            for &at in self.readers(slot) {
                let (arrived, given) = self.given(at, slot);
                if arrived != State::Nothing && given == State::Nothing {
                    causes.insert(at);
                } else if seen.insert(at) {
                    let before = open.len();
                    open.extend(self.outputs(at).filter(|&s| !self.readers(s).is_empty()));
                    if open.len() == before && !self.outputs(at).contains(&self.loss) {
                        ends.insert(at);
                    }
                }
            }
        }
        let stopped =
            causes.into_iter().rev().map(|at| self.cause(at, "its rule gives this input no gradient"));
        let ended = |at: usize| match self.leaving(self.outputs(at)) {
            Some(cuts) => (0, self.cause(at, format!("its result left the record by {cuts}"))),
            None => (1, self.cause(at, "its result reaches the loss on no way that is recorded")),
        };
        // Those of which it is known how they end come first, the last recorded before the others.
        let mut ended: Vec<_> = ends.into_iter().rev().map(ended).collect();
        ended.sort_by_key(|(order, _)| *order);
        stopped.chain(ended.into_iter().map(|(_, cause)| cause)).take(MOST_CAUSES).collect()
    }

    /// Where a gradient became what it is at a slot.
    fn spoiled(&self, slot: u32, state: State, what: &str) -> Vec<Cause> {
        let (mut seen, mut open, mut causes) = (BTreeSet::from([slot]), vec![slot], BTreeSet::new());
        let mut sums = BTreeSet::new();
        let mut seeded = false;
        while let Some(slot) = open.pop() {
            seeded |= slot == self.loss;
            let mut found = false;
            for &at in self.readers(slot) {
                let (arrived, given) = self.given(at, slot);
                if given != state {
                    continue;
                }
                found = true;
                if arrived == state {
                    open.extend(self.outputs(at).filter(|&s| seen.insert(s)));
                } else {
                    causes.insert(at);
                }
            }
            let mut used = self.readers(slot).iter().filter(|&&at| self.given(at, slot).1 != State::Nothing);
            if !found && let Some(&at) = used.next_back() {
                sums.insert(at);
            }
        }
        let mut out: Vec<Cause> = causes.into_iter().map(|at| self.cause(at, what)).collect();
        let words = "the gradients that this and other operations give its input add up to it";
        out.extend(sums.into_iter().map(|at| self.cause(at, words)));
        if out.is_empty() && seeded {
            out.push(Cause {
                operation: "backward",
                caller: None,
                path: String::new(),
                what: "the replay starts with it".into(),
            });
        }
        out.truncate(MOST_CAUSES);
        out
    }
}

impl Audit {
    /// Audits named parameters for a loss, whose record is replayed and kept: the tape is as it was, and no
    /// callback is called.
    ///
    /// With a model at hand, `tape.audit(&loss, &model)` is the same (the trait `Inspect` of the prelude).
    ///
    /// # Panics
    /// As [`Tensor::backward`] does: if the loss is no scalar, lies on no tape, or its tape is drained.
    #[track_caller]
    pub fn of<'a, T: Float, N: Into<String>>(
        loss: &Tensor<T>,
        parameters: impl IntoIterator<Item = (N, &'a Parameter<T>)>,
    ) -> Self {
        let (tape, loss_slot) = match &loss.place {
            Some(Place { tape, slot: Some(slot) }) if loss.len() == 1 => (tape, *slot),
            Some(Place { slot: Some(_), .. }) => {
                panic!("audit: a tensor of shape {:?} is no scalar; reduce it", loss.shape())
            }
            Some(Place { slot: None, .. }) => panic!(
                "audit: the loss came from nothing that wants a gradient: no variable and no unfrozen parameter"
            ),
            None => panic!("audit: the loss lies on no tape: the model was given an input that is on none"),
        };
        let mut steps = Steps::default();
        let seed = Tensor::<T>::ones(loss.shape());
        let gradients = look_on(tape, loss_slot, seed, &mut steps);
        let parameters: Vec<(String, &Parameter<T>)> =
            parameters.into_iter().map(|(name, p)| (name.into(), p)).collect();
        let (nodes, leaves, cuts, used) = {
            let record = tape.lock::<T>();
            let used: Vec<_> = record.nodes.iter().map(|node| parameters_of(&record, node)).collect();
            (record.nodes.to_vec(), record.leaves.clone(), record.cuts.clone(), used)
        };
        tape.name_parameters(parameters.iter().map(|(name, p)| (name.as_str(), *p)));
        let modules = Modules::of::<T>(tape);
        let mut readers: Vec<Vec<usize>> = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            for slot in node.inputs.iter().filter_map(|input| input.slot) {
                if readers.len() <= slot as usize {
                    readers.resize_with(slot as usize + 1, Vec::new);
                }
                readers[slot as usize].push(at);
            }
        }
        let paths = nodes.iter().zip(&used).map(|(node, used)| modules.path(node.scope, used)).collect();
        let search = Search { nodes, readers, paths, cuts, steps, loss: loss_slot };
        let find = |(name, parameter): &(String, &Parameter<T>)| {
            let is_this = |leaf: &(u32, Leaf)| matches!(leaf.1, Leaf::Parameter(id) if id == parameter.id());
            let slot = leaves.iter().find(|leaf| is_this(leaf)).map(|leaf| leaf.0);
            let (problem, causes) = match slot {
                None if parameter.is_frozen() => (Problem::Frozen, Vec::new()),
                None => (Problem::NotWatched, Vec::new()),
                Some(slot) => match State::of(gradients.parameter(parameter.id())) {
                    State::Useful => return None,
                    State::Nothing => (Problem::Missing, search.missing(slot)),
                    State::Zero => {
                        let what = "its rule makes all zeros of a gradient that is not";
                        (Problem::Zero, search.spoiled(slot, State::Zero, what))
                    }
                    State::NotFinite => {
                        let what = "its rule makes NaN or ∞ of a finite gradient";
                        (Problem::NotFinite, search.spoiled(slot, State::NotFinite, what))
                    }
                },
            };
            Some(Finding { name: name.clone(), shape: parameter.shape(), problem, causes })
        };
        // The memory of this replay is none of the program's.
        crate::pool::take_peak();
        Self {
            parameters: parameters.len(),
            numbers: parameters.iter().map(|(_, p)| p.len()).sum(),
            findings: parameters.iter().filter_map(find).collect(),
        }
    }

    /// The parameters that get no useful gradient, in the order they were given.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether every parameter gets a gradient that is finite and not all zeros.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frozen => "frozen",
            Self::NotWatched => "never watched",
            Self::Missing => "no gradient",
            Self::Zero => "all zeros",
            Self::NotFinite => "NaN or ∞",
        })
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bad = self.findings.len();
        writeln!(
            f,
            "audit of {} parameters ({} numbers): {} get a gradient, {bad} do not",
            self.parameters,
            self.numbers,
            self.parameters - bad
        )?;
        let names: Vec<String> = self.findings.iter().map(|x| format!("{} {:?}", x.name, x.shape)).collect();
        let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        for (finding, name) in self.findings.iter().zip(&names) {
            write!(f, "  {name}{}  {}", " ".repeat(width - name.chars().count()), finding.problem)?;
            if finding.problem == Problem::NotWatched {
                f.write_str(": the forward pass did not use it on this tape")?;
            }
            writeln!(f)?;
            for cause in &finding.causes {
                match cause.caller {
                    Some(caller) => {
                        writeln!(f, "      {}: {}", site(cause.operation, caller, &cause.path), cause.what)?;
                    }
                    None => writeln!(f, "      {}", cause.what)?,
                }
            }
        }
        Ok(())
    }
}
