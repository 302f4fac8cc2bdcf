//! Seeing a record: its operations with values and gradients, as a table, as a summary, as DOT, as a picture and
//! as an interactive page.

mod dot;
mod html;
mod summary;
mod svg;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::panic::Location;
use std::time::Duration;

pub use self::summary::{Row, Summary};
use crate::Float;
use crate::function::Saved;
use crate::gradients::Gradients;
use crate::profile::{Profile, span};
use crate::scope::{Modules, parameters_at};
use crate::shape::Shape;
use crate::tape::{Leaf, Tape};
use crate::tensor::Tensor;

/// A copy of what a tape has recorded for tensors of one element type, with names, values and gradients as
/// far as they are given.
///
/// Take it before the backward pass, which drains the tape.
///
/// ```
/// use wengert::autodiff::graph::Graph;
/// use wengert::prelude::*;
///
/// let tape = Tape::new();
/// let (b, c) = (tape.variable(Tensor::<f64>::scalar(3.0)), tape.variable(Tensor::scalar(2.0)));
/// let u = &b * &c;
/// let mut graph = Graph::of(&tape);
/// graph.name("b", &b).name("c", &c).name("u", &u);
/// graph.gradients(&u.backward());
/// assert_eq!(
///     graph.to_string(),
///     "slot  name  operation  inputs  shape  value  gradient\n   \
///         0  b     variable           []         3         2\n   \
///         1  c     variable           []         2         3\n   \
///         2  u     mul        b, c    []         6\n"
/// );
/// assert!(graph.to_svg().starts_with("<svg"));
/// ```
#[derive(Clone, Debug)]
pub struct Graph<T: Float> {
    tape: u64,
    /// By slot.
    entries: BTreeMap<u32, Entry<T>>,
}

/// One tensor of the record: a leaf, or an output of an operation.
#[derive(Clone, Debug)]
struct Entry<T: Float> {
    /// The operation's name; `variable` or `parameter` for a leaf.
    operation: &'static str,
    /// The slots it was made from. Inputs that want no gradient have none.
    inputs: Vec<Option<u32>>,
    shape: Option<Shape>,
    caller: Option<&'static Location<'static>>,
    /// The part of the model it belongs to; empty for none.
    path: String,
    /// Bytes that the operation keeps and none before it kept; those of an operation stand at its first output.
    saved: u64,
    /// Which output of its operation it is.
    output: usize,
    name: Option<String>,
    value: Option<Tensor<T>>,
    gradient: Option<Tensor<T>>,
    cost: Option<Times>,
}

/// What a profile says of an operation.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    forward: Duration,
    backward: Duration,
    flops: u64,
}

impl<T: Float> Graph<T> {
    /// The record of a tape as it stands.
    pub fn of(tape: &Tape) -> Self {
        // Copied, so that functions are asked for their shapes outside the lock; the values are shared.
        let (leaves, nodes) = {
            let record = tape.lock::<T>();
            (record.leaves.clone(), record.nodes.to_vec())
        };
        let modules = Modules::of::<T>(tape);
        let mut entries = BTreeMap::new();
        // The buffers of parameters live anyway.
        let mut kept: HashSet<usize> = HashSet::new();
        for node in &nodes {
            for saved in &node.saved {
                if let Saved::Input(i, _) = saved
                    && let Some(slot) = node.inputs[*i as usize].slot
                    && !parameters_at(&leaves, [slot].into_iter()).is_empty()
                {
                    kept.extend(span(saved).map(|(start, _)| start));
                }
            }
        }
        for &(slot, leaf) in &leaves {
            let (name, path) = match leaf {
                Leaf::Parameter(id) => (tape.name_of(id).map(|n| n.to_string()), modules.of_parameter(id)),
                Leaf::Variable => (None, None),
            };
            let entry = Entry {
                operation: leaf.name(),
                inputs: Vec::new(),
                shape: None,
                caller: None,
                path: path.unwrap_or_default(),
                saved: 0,
                output: 0,
                name,
                value: None,
                gradient: None,
                cost: None,
            };
            entries.insert(slot, entry);
        }
        for node in &nodes {
            let shapes: Vec<&[usize]> = node.inputs.iter().map(|i| &i.shape[..]).collect();
            let outputs = node.function.output_shapes(&shapes).unwrap_or_default();
            let used = parameters_at(&leaves, node.inputs.iter().filter_map(|input| input.slot));
            let path = modules.path(node.scope, &used);
            let new = node.saved.iter().filter_map(span).filter(|(start, _)| kept.insert(*start));
            let saved: usize = new.map(|(start, end)| end - start).sum();
            for i in 0..node.outputs as usize {
                let entry = Entry {
                    operation: node.function.name(),
                    inputs: node.inputs.iter().map(|input| input.slot).collect(),
                    shape: outputs.get(i).cloned(),
                    caller: Some(node.caller),
                    path: path.clone(),
                    saved: if i == 0 { saved as u64 } else { 0 },
                    output: i,
                    name: None,
                    value: None,
                    gradient: None,
                    cost: None,
                };
                entries.insert(node.output_slot(i), entry);
            }
            for input in &node.inputs {
                if let Some(entry) = input.slot.and_then(|slot| entries.get_mut(&slot)) {
                    entry.shape.get_or_insert_with(|| input.shape.clone());
                }
            }
        }
        Self { tape: tape.id(), entries }
    }

    /// Gives a tensor of the record a name, and shows its value. A tensor that is not in the record is passed
    /// over.
    pub fn name(&mut self, name: impl Into<String>, tensor: &Tensor<T>) -> &mut Self {
        let place = tensor.place.as_ref().filter(|p| p.tape.id() == self.tape);
        if let Some(entry) = place.and_then(|p| p.slot).and_then(|slot| self.entries.get_mut(&slot)) {
            entry.name = Some(name.into());
            entry.shape = Some(Shape::from_slice(tensor.shape()));
            entry.value = Some(tensor.detach());
        }
        self
    }

    /// Shows the gradients that a replay of this record gave: of leaves, and of tensors on which
    /// [`Tensor::retain_grad`] was called.
    pub fn gradients(&mut self, gradients: &Gradients<T>) -> &mut Self {
        for (&slot, entry) in &mut self.entries {
            if let Some(gradient) = gradients.at(self.tape, slot) {
                entry.gradient = Some(gradient.clone());
            }
        }
        self
    }

    /// Shows what the operations cost, as far as the profile, of this tape, has seen them.
    pub fn profile(&mut self, profile: &Profile) -> &mut Self {
        for (slot, (forward, backward, flops)) in profile.of_slot::<T>() {
            if let Some(entry) = self.entries.get_mut(&slot) {
                entry.cost = Some(Times { forward, backward, flops });
            }
        }
        self
    }

    /// The part of the model that a tensor of the record belongs to (see [`Tape::scope`]): empty if it belongs to
    /// none, `None` if the tensor is not in the record.
    pub fn path(&self, tensor: &Tensor<T>) -> Option<&str> {
        let place = tensor.place.as_ref().filter(|p| p.tape.id() == self.tape)?;
        self.entries.get(&place.slot?).map(|entry| entry.path.as_str())
    }

    /// The name of a slot, or its number.
    fn label(&self, slot: u32) -> String {
        match self.entries.get(&slot).and_then(|e| e.name.clone()) {
            Some(name) => name,
            None => format!("%{slot}"),
        }
    }

    /// The slots of the leaves and operations that each entry was made from, by name.
    fn inputs(&self, entry: &Entry<T>) -> String {
        let label = |slot: &Option<u32>| slot.map_or_else(|| "·".to_string(), |slot| self.label(slot));
        entry.inputs.iter().map(label).collect::<Vec<_>>().join(", ")
    }
}

/// A number as it is; of a larger tensor its range.
fn summary<T: Float>(tensor: &Tensor<T>) -> String {
    let short = |x: f64| {
        let text = format!("{x}");
        if text.len() <= 10 { text } else { format!("{x:.4e}") }
    };
    match tensor.len() {
        0 => "empty".into(),
        1 => short(tensor.item().to_f64()),
        _ => {
            let view = tensor.view();
            let fold = |f: fn(f64, f64) -> f64, start| view.iter().fold(start, |a, &x| f(a, x.to_f64()));
            format!("{} … {}", short(fold(f64::min, f64::INFINITY)), short(fold(f64::max, f64::NEG_INFINITY)))
        }
    }
}

/// A table of the record, one line for each tensor.
impl<T: Float> fmt::Display for Graph<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows =
            vec![["slot", "name", "operation", "inputs", "shape", "value", "gradient"].map(String::from)];
        for (slot, e) in &self.entries {
            let shape = e.shape.as_ref().map(|s| format!("{:?}", &s[..]));
            rows.push([
                slot.to_string(),
                e.name.clone().unwrap_or_default(),
                e.operation.to_string(),
                self.inputs(e),
                shape.unwrap_or_default(),
                e.value.as_ref().map(summary).unwrap_or_default(),
                e.gradient.as_ref().map(summary).unwrap_or_default(),
            ]);
        }
        let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 7] = std::array::from_fn(width);
        for row in &rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let pad = " ".repeat(widths[column] - cell.chars().count());
                // Numbers stand to the right, words to the left.
                match column {
                    0 | 5 | 6 => line.extend([&pad, cell.as_str()]),
                    _ => line.extend([cell.as_str(), &pad]),
                }
                line.push_str("  ");
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
