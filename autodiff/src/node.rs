//! What a tape is made of: its recorded operations.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use smallvec::SmallVec;

use crate::Float;
use crate::function::{Saved, SharedFunction};
use crate::shape::Shape;
#[cfg(feature = "proptest")]
use crate::value::Value;

/// An input of a node: its slot if it wants a gradient, and its shape.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) slot: Option<u32>,
    pub(crate) shape: Shape,
}

/// One recorded operation.
#[derive(Clone)]
pub(crate) struct Node<T: Float> {
    pub(crate) function: SharedFunction<T>,
    pub(crate) inputs: SmallVec<[Input; 2]>,
    pub(crate) saved: SmallVec<[Saved<T>; 2]>,
    /// The slot of the first output; the others follow.
    pub(crate) first: u32,
    pub(crate) outputs: u32,
    /// The scope it was recorded in; 0 is that of the whole tape.
    pub(crate) scope: u32,
    /// The line that called the operation.
    pub(crate) caller: &'static Location<'static>,
}

impl<T: Float> Node<T> {
    /// The inputs that the forward pass saved, in their order: all of them, if the function is fused.
    #[cfg(feature = "proptest")]
    pub(crate) fn kept_inputs(&self) -> impl Iterator<Item = Value<T>> + '_ {
        let kept = |i: usize| {
            self.saved.iter().find_map(move |saved| match saved {
                Saved::Input(at, value) if *at as usize == i => Some(value.clone()),
                _ => None,
            })
        };
        (0..self.inputs.len()).filter_map(kept)
    }

    pub(crate) fn output_slot(&self, i: usize) -> u32 {
        self.first + i as u32
    }
}

impl<T: Float> fmt::Debug for Node<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.function.name(), self.caller)
    }
}

/// The memory of an earlier record, without nodes.
#[doc(hidden)]
pub struct SpareNodes<T: Float>(Mutex<Vec<Node<T>>>);

impl<T: Float> SpareNodes<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    pub(crate) fn take(&self) -> Vec<Node<T>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn give(&self, nodes: Vec<Node<T>>) {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.capacity() < nodes.capacity() {
            *spare = nodes;
        }
    }
}

/// Nodes in the order of their recording.
///
/// Their memory is that of an earlier record: a tape is made for each step, and would grow anew each time.
#[derive(Default)]
pub(crate) struct Nodes<T: Float>(Vec<Node<T>>);

/// Memory for more nodes than this is not kept.
const MOST_KEPT: usize = 1 << 16;

impl<T: Float> Nodes<T> {
    /// Adds a node, to be completed where it stands.
    #[inline(always)]
    pub(crate) fn push(&mut self, node: Node<T>) -> &mut Node<T> {
        if self.0.capacity() == 0 {
            self.0 = T::spare_nodes().take();
        }
        self.0.push(node);
        self.0.last_mut().expect("just pushed")
    }

    /// Drops the last node where it stands: to take it out costs more.
    pub(crate) fn drop_last(&mut self) {
        self.0.truncate(self.0.len().saturating_sub(1));
    }
}

impl<T: Float> Deref for Nodes<T> {
    type Target = [Node<T>];

    fn deref(&self) -> &[Node<T>] {
        &self.0
    }
}

impl<T: Float> Drop for Nodes<T> {
    fn drop(&mut self) {
        let mut nodes = std::mem::take(&mut self.0);
        if (1..=MOST_KEPT).contains(&nodes.capacity()) {
            // Before the lock: what is dropped may hold tapes of its own.
            nodes.clear();
            T::spare_nodes().give(nodes);
        }
    }
}
