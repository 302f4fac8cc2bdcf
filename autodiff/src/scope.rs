//! Which part of a model an operation belongs to.
//!
//! Two sources are joined. A [`Scope`] says that what is recorded while it is open belongs to the part it names.
//! And the names of a model's parameters ([`Tape::name_parameters`]) say to which part an operation on one of
//! them belongs, and where in the model the scopes around it stand: a container that enters scopes `0`, `1`, …
//! knows nothing of the field that holds it, but if the parameter of the operation in scope `0` is called
//! `backbone.0.weight`, then its scopes are `backbone.0`, `backbone.1`, …, also where nothing is learned.
//!
//! Nothing of this is worked out before a report asks for it: a node holds the number of its scope.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use crate::Float;
use crate::node::Node;
use crate::parameter::{Parameter, ParameterId};
use crate::tape::{Leaf, Record, Tape};

/// What is recorded by this thread while the guard lives belongs to the part of the model that it names: see
/// [`Tape::scope`].
#[derive(Debug)]
#[must_use = "a scope ends where its guard is dropped; `let _scope = ...` holds it to the end of the block"]
pub struct Scope {
    tape: Tape,
    id: u32,
}

/// The scopes of a tape.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    /// Scope number i + 1. A scope is another each time it is entered.
    entered: Vec<Entered>,
    names: Vec<Arc<str>>,
    by_name: HashMap<Arc<str>, u32>,
    /// Those that are open, of all threads, in the order of their entering.
    open: Vec<(ThreadId, u32)>,
    parameters: HashMap<ParameterId, Arc<str>>,
}

#[derive(Clone, Copy, Debug)]
struct Entered {
    /// 0 for none.
    parent: u32,
    name: u32,
}

impl Scopes {
    fn current(&self, thread: ThreadId) -> u32 {
        self.open.iter().rev().find(|(t, _)| *t == thread).map_or(0, |&(_, id)| id)
    }
}

impl Tape {
    /// Enters a part of the model: until the guard is dropped, what this thread records on the tape belongs to
    /// it, in every report. Scopes nest; their names are joined by dots.
    ///
    /// ```
    /// use wengert::autodiff::graph::Graph;
    /// use wengert::prelude::*;
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::<f32>::scalar(1.0));
    /// let y = {
    ///     let _backbone = tape.scope("backbone");
    ///     let _layer = tape.scope("layer3.0");
    ///     x.exp()
    /// };
    /// assert_eq!(Graph::<f32>::of(&tape).path(&y), Some("backbone.layer3.0"));
    /// ```
    ///
    /// `Sequential` enters a scope for each of its layers, and `Layer::forward_in` one for a layer in a model
    /// written by hand; the names of parameters do the rest (see [`name_parameters`](Self::name_parameters)).
    ///
    /// A scope is its thread's: what another thread records meanwhile is not in it, and a thread that works on
    /// a part of the model enters the scope itself. An empty name changes no path.
    pub fn scope(&self, name: &str) -> Scope {
        let thread = thread::current().id();
        let mut scopes = self.scopes();
        let name = match scopes.by_name.get(name) {
            Some(&id) => id,
            None => {
                let (id, name) = (scopes.names.len() as u32, Arc::<str>::from(name));
                scopes.names.push(name.clone());
                scopes.by_name.insert(name, id);
                id
            }
        };
        let parent = scopes.current(thread);
        scopes.entered.push(Entered { parent, name });
        self.open_scope(scopes, thread)
    }

    /// Enters a scope again that was entered before, for what belongs to it and is recorded later.
    pub(crate) fn reenter(&self, scope: u32) -> Option<Scope> {
        if scope == 0 {
            return None;
        }
        let mut scopes = self.scopes();
        let thread = thread::current().id();
        scopes.open.push((thread, scope));
        self.inner().open_scopes.fetch_add(1, Ordering::Relaxed);
        Some(Scope { tape: self.clone(), id: scope })
    }

    fn open_scope(&self, mut scopes: MutexGuard<'_, Scopes>, thread: ThreadId) -> Scope {
        let id = scopes.entered.len() as u32;
        scopes.open.push((thread, id));
        self.inner().open_scopes.fetch_add(1, Ordering::Relaxed);
        Scope { tape: self.clone(), id }
    }

    /// Tells the tape the names of parameters, which are paths in a model: `layer1.0.conv1.weight`.
    ///
    /// Reports then name the parameters, and know of each operation on one of them that it belongs to
    /// `layer1.0.conv1`, without a scope. With a model at hand, `tape.name(&model)` does it (the trait `Inspect`
    /// of the package's prelude).
    ///
    /// ```
    /// use wengert::autodiff::graph::Graph;
    /// use wengert::prelude::*;
    ///
    /// let w = Parameter::new(Tensor::<f32>::scalar(2.0));
    /// let tape = Tape::new();
    /// tape.name_parameters([("layer1.0.weight", &w)]);
    /// let y = tape.watch(&w).exp();
    /// assert_eq!(Graph::<f32>::of(&tape).path(&y), Some("layer1.0"));
    /// ```
    pub fn name_parameters<'a, T: Float, N: Into<String>>(
        &self,
        parameters: impl IntoIterator<Item = (N, &'a Parameter<T>)>,
    ) {
        let named: Vec<_> =
            parameters.into_iter().map(|(name, p)| (p.id(), Arc::from(name.into()))).collect();
        self.scopes().parameters.extend(named);
    }

    fn scopes(&self) -> MutexGuard<'_, Scopes> {
        self.inner().scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The scope that the calling thread is in.
    pub(crate) fn current_scope(&self) -> u32 {
        if self.inner().open_scopes.load(Ordering::Relaxed) == 0 { 0 } else { self.look_up_scope() }
    }

    #[inline(never)]
    fn look_up_scope(&self) -> u32 {
        let thread = thread::current().id();
        self.scopes().current(thread)
    }

    /// The name that a parameter was given.
    pub(crate) fn name_of(&self, id: ParameterId) -> Option<Arc<str>> {
        self.scopes().parameters.get(&id).cloned()
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        let mut scopes = self.tape.scopes();
        if let Some(at) = scopes.open.iter().rposition(|&(_, id)| id == self.id) {
            scopes.open.remove(at);
            self.tape.inner().open_scopes.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// A scope, and the parameters on which an operation was called in it.
pub(crate) type Use = (u32, Vec<ParameterId>);

/// The parameters among the inputs of a node.
pub(crate) fn parameters_of<T: Float>(record: &Record<T>, node: &Node<T>) -> Vec<ParameterId> {
    parameters_at(&record.leaves, node.inputs.iter().filter_map(|input| input.slot))
}

/// The parameters in some slots.
pub(crate) fn parameters_at(leaves: &[(u32, Leaf)], slots: impl Iterator<Item = u32>) -> Vec<ParameterId> {
    let parameter = |slot: u32| {
        let at = leaves.binary_search_by_key(&slot, |(s, _)| *s).ok()?;
        match leaves[at].1 {
            Leaf::Parameter(id) => Some(id),
            Leaf::Variable => None,
        }
    };
    slots.filter_map(parameter).collect()
}

/// The paths of the parts of a model, worked out from the scopes entered and the names of parameters.
#[derive(Debug)]
pub(crate) struct Modules {
    /// By scope; the first is the whole tape's.
    places: Vec<Located>,
    /// The path of the part that a parameter belongs to.
    parameters: HashMap<ParameterId, Vec<Arc<str>>>,
}

#[derive(Clone, Debug, Default)]
struct Located {
    /// Names of scopes that are no part of the model.
    before: Vec<Arc<str>>,
    /// The path in the model.
    path: Vec<Arc<str>>,
}

fn components(path: &str) -> Vec<Arc<str>> {
    path.split('.').filter(|name| !name.is_empty()).map(Arc::from).collect()
}

impl Modules {
    /// Of everything a tape has recorded.
    pub(crate) fn of<T: Float>(tape: &Tape) -> Self {
        Self::from_uses(tape, &Self::uses::<T>(tape))
    }

    /// In which scopes which parameters were used.
    pub(crate) fn uses<T: Float>(tape: &Tape) -> Vec<Use> {
        let record = tape.lock::<T>();
        record.nodes.iter().map(|node| (node.scope, parameters_of(&record, node))).collect()
    }

    pub(crate) fn from_uses(tape: &Tape, uses: &[Use]) -> Self {
        let scopes = tape.scopes();
        let mut parameters = HashMap::new();
        for (&id, name) in &scopes.parameters {
            let mut path = components(name);
            path.pop();
            parameters.insert(id, path);
        }
        let entered: Vec<(usize, Vec<Arc<str>>)> = scopes
            .entered
            .iter()
            .map(|e| (e.parent as usize, components(&scopes.names[e.name as usize])))
            .collect();
        drop(scopes);
        let scope = |id: usize| &entered[id - 1];

        // Each use of a named parameter votes: its path must contain the names of the scopes around it, from
        // the innermost outwards as far to the right as they fit. A name may also occur further right, inside
        // the part; the use for which it does not decides.
        let mut length: Vec<Option<usize>> = vec![None; entered.len() + 1];
        let mut paths: Vec<&[Arc<str>]> = vec![&[]; entered.len() + 1];
        for (id, used) in uses {
            for path in used.iter().filter_map(|p| parameters.get(p)) {
                let (mut id, mut end) = (*id as usize, path.len());
                while id != 0 {
                    let (parent, name) = scope(id);
                    if !name.is_empty()
                        && let Some(at) = path[..end].windows(name.len()).rposition(|w| w == name)
                    {
                        let full = at + name.len();
                        if length[id].is_none_or(|known| full < known) {
                            (length[id], paths[id]) = (Some(full), path);
                        }
                        end = at;
                    }
                    id = *parent;
                }
            }
        }
        let mut places: Vec<Option<Located>> = (0..=entered.len())
            .map(|id| length[id].map(|n| Located { before: Vec::new(), path: paths[id][..n].to_vec() }))
            .collect();
        // A scope without a name stands where its first child stands without that one's name.
        let mut holds_located = vec![false; entered.len() + 1];
        for id in (1..=entered.len()).rev() {
            let (parent, name) = scope(id);
            if let Some(place) = &places[id] {
                let above = place.path[..place.path.len() - name.len().min(place.path.len())].to_vec();
                holds_located[*parent] = true;
                if *parent != 0 && scope(*parent).1.is_empty() {
                    places[*parent] = Some(Located { before: Vec::new(), path: above });
                }
            } else if holds_located[id] {
                holds_located[*parent] = true;
            }
        }
        let mut out = vec![Located::default()];
        for id in 1..=entered.len() {
            let (parent, name) = scope(id);
            let above = &out[*parent];
            let place = match places[id].take() {
                Some(place) => Located { before: above.before.clone(), path: place.path },
                None if holds_located[id] && above.path.is_empty() => {
                    Located { before: [&above.before[..], name].concat(), path: Vec::new() }
                }
                None => Located { before: above.before.clone(), path: [&above.path[..], name].concat() },
            };
            out.push(place);
        }
        Self { places: out, parameters }
    }

    /// The path of an operation: that of its parameters, if they have names, otherwise its scope's.
    pub(crate) fn path(&self, scope: u32, used: &[ParameterId]) -> String {
        // A scope entered after this was worked out is not known; its operation is no part of the record.
        let empty = Located::default();
        let place = self.places.get(scope as usize).unwrap_or(&empty);
        let mut named = used.iter().filter_map(|p| self.parameters.get(p));
        let module = named.next().map(|first| {
            let same = |n: usize, other: &Vec<Arc<str>>| {
                first[..n].iter().zip(other).take_while(|(a, b)| a == b).count()
            };
            &first[..named.fold(first.len(), same)]
        });
        let path = match module {
            Some(module) if module.starts_with(&place.path) => module.to_vec(),
            Some(module) => [&place.path[..], module].concat(),
            None => place.path.clone(),
        };
        [&place.before[..], &path].concat().join(".")
    }

    /// The path of the part that a parameter belongs to.
    pub(crate) fn of_parameter(&self, id: ParameterId) -> Option<String> {
        self.parameters.get(&id).map(|path| path.join("."))
    }
}
