//! A record in the language of Graphviz.

use std::fmt::Write;

use super::{Graph, summary};
use crate::Float;

impl<T: Float> Graph<T> {
    /// The record as a DOT digraph: leaves are ellipses, results of operations are boxes.
    ///
    /// ```
    /// use wengert::autodiff::graph::Graph;
    /// use wengert::prelude::*;
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::<f32>::scalar(3.0));
    /// let _ = x.exp();
    /// let dot = Graph::<f32>::of(&tape).to_dot();
    /// assert!(dot.contains("n0 -> n1"));
    /// ```
    pub fn to_dot(&self) -> String {
        let mut out = String::from("digraph record {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
        for (slot, e) in &self.entries {
            let leaf = e.inputs.is_empty();
            let mut lines = vec![match (&e.name, leaf) {
                (Some(name), true) => name.clone(),
                (Some(name), false) => format!("{name} = {}", e.operation),
                (None, _) => e.operation.to_string(),
            }];
            lines.extend(e.value.as_ref().map(|v| format!("value {}", summary(v))));
            lines.extend(e.gradient.as_ref().map(|g| format!("gradient {}", summary(g))));
            let label = lines.join("\n").replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let shape = if leaf { "ellipse" } else { "box" };
            let tooltip = e.caller.map_or_else(String::new, |c| {
                format!(", tooltip=\"{}\"", c.to_string().replace('\\', "\\\\").replace('"', "\\\""))
            });
            writeln!(out, "  n{slot} [label=\"{label}\", shape={shape}{tooltip}];").expect("to a string");
        }
        for (slot, e) in &self.entries {
            for input in e.inputs.iter().flatten() {
                writeln!(out, "  n{input} -> n{slot};").expect("to a string");
            }
        }
        out.push_str("}\n");
        out
    }
}
