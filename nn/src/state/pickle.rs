//! Reading the pickle inside a PyTorch file, without Python and without running anything.
//!
//! A pickle is a program for a small stack machine. This machine knows the instructions that Python writes
//! for protocols 2 to 5, and instead of building objects it notes what they would be: dictionaries, lists,
//! text, numbers, and tensors as a shape, strides, and the name of a storage. The functions and classes that a
//! program may name are those in [`global`]; every other one ends the reading. What it builds is counted, so
//! that no program takes more than 32 MB, and since the values lie in one table and refer to
//! each other by index, cycles and deep nesting cost nothing.

mod build;
pub(super) mod global;
mod machine;

use self::global::{Global, Type};
use self::machine::Machine;
use super::dtype::Dtype;
use super::source::Problem;

/// A value on the machine's stack.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    /// What no tensor needs: `None`, a truth value, a float, bytes, a very large integer, a set.
    Other,
    Int(i64),
    Text(Span),
    Global(Global),
    Node(u32),
}

/// A piece of the pickle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    start: u32,
    length: u32,
}

/// A value that others refer to.
#[derive(Debug)]
pub(super) enum Node {
    Tuple(Box<[Value]>),
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Storage(Storage),
    Tensor(Box<TensorNote>),
}

/// The bytes that tensors lie in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Storage {
    /// What follows `data/` in the name of its file.
    pub(super) key: Span,
    /// The type of its elements; bytes have none.
    pub(super) element: Option<Type>,
    /// How many elements, or bytes, it claims to hold.
    pub(super) length: u64,
}

/// What a pickle says of a tensor.
#[derive(Debug)]
pub(super) struct TensorNote {
    pub(super) storage: Storage,
    pub(super) dtype: Dtype,
    /// In elements.
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    pub(super) strides: Vec<u64>,
}

/// A pickle that was read.
#[derive(Debug)]
pub(super) struct Pickle<'p> {
    bytes: &'p [u8],
    nodes: Vec<Node>,
    root: Value,
}

impl<'p> Pickle<'p> {
    /// Runs the program.
    pub(super) fn read(bytes: &'p [u8]) -> Result<Self, Problem> {
        let mut machine = Machine::new(bytes);
        match machine.run() {
            Ok(root) => Ok(Self { bytes, nodes: machine.nodes, root }),
            Err(text) => Err(Problem::new(format!("its pickle, before byte {}: {text}", machine.at))),
        }
    }

    pub(super) fn root(&self) -> Value {
        self.root
    }

    pub(super) fn node(&self, index: u32) -> &Node {
        &self.nodes[index as usize]
    }

    pub(super) fn text(&self, span: Span) -> &'p str {
        text(self.bytes, span)
    }
}

fn text(bytes: &[u8], span: Span) -> &str {
    let piece = &bytes[span.start as usize..][..span.length as usize];
    str::from_utf8(piece).expect("checked when it was read")
}
