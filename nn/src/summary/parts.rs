//! The parts of a model, as its fields show them.

use std::collections::HashSet;

use autodiff::{Float, Parameter};

use super::Part;
use crate::{Buffer, Module, Visitor};

/// The model and its parts, in the order of their declaration.
pub(super) fn parts<T: Float>(model: &(impl Module<T> + ?Sized)) -> Vec<Part> {
    let mut walk = Walk { open: vec![Node::at(String::new(), model.kind())] };
    model.visit(&mut walk);
    let root = walk.open.pop().expect("each leave follows an enter");
    let mut parts = Vec::new();
    root.list(0, &mut parts);
    parts
}

struct Walk<T: Float> {
    /// The nodes entered and not yet left.
    open: Vec<Node<T>>,
}

struct Node<T: Float> {
    path: String,
    kind: &'static str,
    /// Whether it is itself a parameter or buffer.
    is_leaf: bool,
    /// Whether anything in it is one.
    holds_leaf: bool,
    /// Those of all parts in it.
    parameters: Vec<Parameter<T>>,
    parts: Vec<Node<T>>,
}

impl<T: Float> Node<T> {
    fn at(path: String, kind: &'static str) -> Self {
        Self { path, kind, is_leaf: false, holds_leaf: false, parameters: Vec::new(), parts: Vec::new() }
    }

    /// A field of plain data is no part, nor is a list of such; a list, or what did not say its kind, is one if it
    /// holds one or a parameter.
    fn is_part(&self) -> bool {
        let is_module = !self.kind.is_empty() && !is_container(self.kind);
        !self.is_leaf && (is_module || self.holds_leaf || !self.parts.is_empty())
    }

    fn list(self, depth: usize, parts: &mut Vec<Part>) {
        let mut seen = HashSet::new();
        let own: Vec<&Parameter<T>> = self.parameters.iter().filter(|p| seen.insert(p.id())).collect();
        parts.push(Part {
            path: self.path,
            kind: short(self.kind),
            depth,
            parameters: own.iter().map(|p| p.len()).sum(),
            trainable: own.iter().filter(|p| !p.is_frozen()).map(|p| p.len()).sum(),
            ..Part::default()
        });
        self.parts.into_iter().for_each(|part| part.list(depth + 1, parts));
    }
}

impl<T: Float> Walk<T> {
    fn top(&mut self) -> &mut Node<T> {
        self.open.last_mut().expect("each leave follows an enter")
    }
}

impl<T: Float> Visitor<T> for Walk<T> {
    fn parameter(&mut self, parameter: &Parameter<T>) {
        let top = self.top();
        top.is_leaf = true;
        top.parameters.push(parameter.clone());
    }

    fn buffer(&mut self, _: &Buffer<T>) {
        self.top().is_leaf = true;
    }

    fn enter(&mut self, name: &str) {
        let above = &self.top().path;
        let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        self.open.push(Node::at(path, ""));
    }

    fn kind(&mut self, kind: &'static str) {
        self.top().kind = kind;
    }

    fn leave(&mut self) {
        let node = self.open.pop().expect("each leave follows an enter");
        let above = self.top();
        above.holds_leaf |= node.is_leaf || node.holds_leaf;
        above.parameters.extend(node.parameters.iter().cloned());
        if node.is_part() {
            above.parts.push(node);
        }
    }
}

fn is_container(kind: &str) -> bool {
    let name = kind.split('<').next().unwrap_or(kind);
    name.starts_with(['[', '(']) || name.ends_with("::Vec") || name.ends_with("::BTreeMap")
}

/// A type's name without its path and parameters; of a layer of this package over so many axes with their number, as
/// its alias has it: `Conv2d` for `Conv<2, f32>`.
fn short(kind: &str) -> String {
    let (path, parameters) = kind.split_once('<').unwrap_or((kind, ""));
    match path.chars().next() {
        Some('[') => return "array".to_owned(),
        Some('(') => return "tuple".to_owned(),
        _ => {}
    }
    let name = path.rsplit("::").next().unwrap_or(path);
    let axes = parameters.split([',', '>']).next().and_then(|first| first.parse::<u8>().ok());
    match axes.filter(|_| path.starts_with(concat!(env!("CARGO_CRATE_NAME"), "::"))) {
        Some(axes) => format!("{name}{axes}d"),
        None => name.to_owned(),
    }
}
