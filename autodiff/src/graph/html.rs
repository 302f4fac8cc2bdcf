//! A record as a page that a browser shows without a network.

use std::path::Path;

use serde_json::{Value, json};

use super::{Graph, summary};
use crate::Float;

/// The page around the data. It lays the graph out in the browser, where parts of the model open and close.
const PAGE: &str = include_str!("page.html");

impl<T: Float> Graph<T> {
    /// The record as one self-contained, interactive HTML page: the operations with shapes, bytes saved, values,
    /// gradients, and times if [`Graph::profile`] gave them, in the parts of the model they belong to, which open
    /// and close; with a search and the details of what is clicked.
    ///
    /// ```
    /// use wengert::autodiff::graph::Graph;
    /// use wengert::prelude::*;
    ///
    /// let tape = Tape::new();
    /// let _ = tape.variable(Tensor::<f32>::ones([3])).exp().sum(..);
    /// let page = Graph::<f32>::of(&tape).to_html("three exponentials");
    /// assert!(page.starts_with("<!doctype html>") && page.contains("three exponentials"));
    /// ```
    pub fn to_html(&self, title: &str) -> String {
        let micros = |t: std::time::Duration| t.as_nanos() as f64 / 1e3;
        let node = |(slot, e): (&u32, &super::Entry<T>)| -> Value {
            let mut node =
                json!({ "id": slot, "op": e.operation, "in": e.inputs.iter().flatten().collect::<Vec<_>>() });
            let fields = node.as_object_mut().expect("an object");
            if !e.path.is_empty() {
                fields.insert("path".into(), json!(e.path));
            }
            if let Some(shape) = &e.shape {
                fields.insert("shape".into(), json!(shape.to_vec()));
            }
            if e.inputs.iter().any(Option::is_none) {
                fields.insert("constants".into(), json!(e.inputs.iter().filter(|i| i.is_none()).count()));
            }
            if e.caller.is_none() {
                fields.insert("leaf".into(), json!(true));
            }
            fields.extend(e.name.as_ref().map(|name| ("name".into(), json!(name))));
            fields.extend(e.caller.map(|caller| ("at".into(), json!(caller.to_string()))));
            fields.extend((e.saved > 0).then(|| ("saved".into(), json!(e.saved))));
            fields.extend((e.output > 0).then(|| ("output".into(), json!(e.output))));
            fields.extend(e.value.as_ref().map(|value| ("value".into(), json!(summary(value)))));
            fields.extend(e.gradient.as_ref().map(|g| ("gradient".into(), json!(summary(g)))));
            if let Some(cost) = e.cost {
                fields.insert("forward".into(), json!(micros(cost.forward)));
                fields.insert("backward".into(), json!(micros(cost.backward)));
                fields.insert("flops".into(), json!(cost.flops));
            }
            node
        };
        let nodes: Vec<Value> = self.entries.iter().map(node).collect();
        let data = json!({ "title": title, "type": T::NAME, "size": size_of::<T>(), "nodes": nodes });
        // In a script no text may look like a tag.
        let data = data.to_string().replace('<', "\\u003c");
        let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        // The title stands first: nothing in the data is taken for it.
        PAGE.replacen("{{data}}", &data, 1).replacen("{{title}}", &title, 1)
    }

    /// Writes [`to_html`](Self::to_html) to a file.
    ///
    /// # Errors
    /// The file system refuses; the text names the path.
    pub fn write_html(&self, title: &str, path: impl AsRef<Path>) -> std::io::Result<()> {
        let path = path.as_ref();
        std::fs::write(path, self.to_html(title))
            .map_err(|e| std::io::Error::new(e.kind(), format!("cannot write {}: {e}", path.display())))
    }
}
