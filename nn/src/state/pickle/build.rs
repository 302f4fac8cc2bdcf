//! What the functions that a pickle may call give.

use super::global::Global;
use super::machine::{Machine, Step, no};
use super::{Node, Storage, TensorNote, Value};

/// The most axes of a tensor: PyTorch's limit. Checked here because a tuple costs nothing to name again.
const MAX_AXES: usize = 64;

impl Machine<'_> {
    /// Calls a function with a tuple of arguments, and pushes the result.
    pub(super) fn call(&mut self, function: Value, arguments: Value) -> Step {
        let Value::Global(global) = function else {
            return no(format!("it calls {}, which is no function", self.shown(function)));
        };
        let Some(arguments) = self.tuple(arguments) else {
            return no(format!("it calls `{global}` with {} in place of arguments", self.shown(arguments)));
        };
        match (global, arguments) {
            (Global::RebuildTensor(version), arguments) => {
                let note = self.tensor(version, arguments)?;
                self.spend(1, size_of::<TensorNote>() + 2 * size_of::<u64>() * note.shape.len())?;
                self.push_node(Node::Tensor(Box::new(note)))
            }
            (Global::RebuildParameter { with_state }, &[data, ..])
                if arguments.len() == if with_state { 4 } else { 3 } && self.is_tensor(data) =>
            {
                self.push(data)
            }
            (
                Global::RebuildFromType,
                &[function @ Value::Global(Global::RebuildTensor(_)), class, arguments, _],
            )
            | (
                Global::RebuildFromType,
                &[function @ Value::Global(Global::RebuildParameter { .. }), class, arguments, _],
            ) if matches!(class, Value::Global(Global::TensorType)) => self.call(function, arguments),
            (Global::OrderedDict, []) => self.push_node(Node::Dict(Vec::new())),
            (Global::Size, &[sizes]) if self.tuple(sizes).is_some() => self.push(sizes),
            (Global::Opaque, _) => self.push(Value::Other),
            (_, arguments) => {
                no(format!("it calls `{global}` with {} arguments, which do not fit", arguments.len()))
            }
        }
    }

    fn is_tensor(&self, value: Value) -> bool {
        matches!(value, Value::Node(index) if matches!(self.nodes[index as usize], Node::Tensor(_)))
    }

    /// The tensor that `_rebuild_tensor` and its later versions give.
    fn tensor(&self, version: u8, arguments: &[Value]) -> Step<TensorNote> {
        // Whether it needs a gradient, and its hooks, follow from version 2 on; then, in 3, its type.
        let (storage, offset, shape, strides, dtype, metadata) = match (version, arguments) {
            (1, &[storage, offset, shape, strides]) => (storage, offset, shape, strides, None, None),
            (2, &[storage, offset, shape, strides, _, _]) => (storage, offset, shape, strides, None, None),
            (2, &[storage, offset, shape, strides, _, _, metadata]) => {
                (storage, offset, shape, strides, None, Some(metadata))
            }
            (3, &[storage, offset, shape, strides, _, _, dtype]) => {
                (storage, offset, shape, strides, Some(dtype), None)
            }
            (3, &[storage, offset, shape, strides, _, _, dtype, metadata]) => {
                (storage, offset, shape, strides, Some(dtype), Some(metadata))
            }
            _ => return no(format!("it rebuilds a tensor from {} arguments", arguments.len())),
        };
        let Value::Node(index) = storage else {
            return no(format!("it rebuilds a tensor from {} in place of a storage", self.shown(storage)));
        };
        let Node::Storage(storage) = self.nodes[index as usize] else {
            return no(format!("it rebuilds a tensor from {} in place of a storage", self.shown(storage)));
        };
        let dtype = match (dtype, storage.element) {
            (Some(Value::Global(Global::Type(element))), _) | (None, Some(element)) => element.dtype(),
            _ => return no("it rebuilds a tensor whose element type it does not give"),
        };
        // The bits that say "conjugated" or "negated".
        match metadata {
            None | Some(Value::Other) => {}
            Some(Value::Node(index)) if matches!(&self.nodes[index as usize], Node::Dict(d) if d.is_empty()) =>
                {}
            Some(_) => return no("it holds a tensor that is conjugated or negated lazily: save x.clone()"),
        }
        let offset = self.size(offset, "storage offset")?;
        let (shape, strides) = (self.sizes(shape, "size")?, self.sizes(strides, "stride")?);
        if shape.len() != strides.len() {
            return no(format!("it rebuilds a tensor of sizes {shape:?} with strides {strides:?}"));
        }
        Ok(TensorNote { storage, dtype, offset, shape, strides })
    }

    fn size(&self, value: Value, what: &str) -> Step<u64> {
        let number = match value {
            Value::Int(number) => u64::try_from(number).ok(),
            _ => None,
        };
        number.ok_or_else(|| format!("it gives {} as a {what}", self.shown(value)))
    }

    fn sizes(&self, value: Value, what: &str) -> Step<Vec<u64>> {
        let Some(items) = self.tuple(value) else {
            return no(format!("it gives {} in place of {what}s", self.shown(value)));
        };
        if items.len() > MAX_AXES {
            return no(format!("it has a tensor of {} axes; at most {MAX_AXES} are read", items.len()));
        }
        items.iter().map(|&item| self.size(item, what)).collect()
    }

    /// Pushes the storage that a persistent id stands for: a tuple of the word "storage", its class, its key,
    /// the device it was on, and how many elements it has.
    pub(super) fn push_storage(&mut self, id: Value) -> Step {
        let Some(&[Value::Text(word), class, Value::Text(key), _, length]) = self.tuple(id) else {
            return no(format!("it refers to a storage by {}", self.shown(id)));
        };
        let Value::Global(Global::Storage(element)) = class else {
            return no(format!("it refers to a storage of class {}", self.shown(class)));
        };
        if super::text(self.bytes, word) != "storage" {
            return no(format!("it refers to {}, which is no storage", self.shown(Value::Text(word))));
        }
        let length = self.size(length, "storage's length")?;
        self.push_node(Node::Storage(Storage { key, element, length }))
    }

    /// Whether what lies on the stack can have been given attributes, which are passed over: an ordered
    /// dictionary (the versions of its modules) or a parameter.
    pub(super) fn check_state(&self) -> Step {
        let value = self.top()?;
        match value {
            Value::Other => Ok(()),
            Value::Node(index) if matches!(self.nodes[index as usize], Node::Dict(_) | Node::Tensor(_)) => {
                Ok(())
            }
            _ => no(format!("it gives attributes to {}", self.shown(value))),
        }
    }
}
