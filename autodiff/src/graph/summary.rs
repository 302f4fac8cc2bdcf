//! A record in a few lines.

use std::collections::HashMap;
use std::fmt;

use super::Graph;
use crate::Float;
use crate::profile::{bytes, table};

/// A record counted together, by operation and by part of the model; made by [`Graph::summary`]. It prints as two
/// tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    operations: Vec<Row>,
    modules: Vec<Row>,
    total: Row,
}

/// What operations have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The operation, or the path of the part of the model.
    pub name: String,
    /// How many operations there are.
    pub count: usize,
    /// How many elements their outputs have together.
    pub elements: usize,
    /// The bytes they keep for the backward pass; a buffer that several keep counts for the first, those of
    /// parameters for none.
    pub saved: u64,
    /// The shapes of the outputs, each once, in the order of the record.
    pub shapes: Vec<Vec<usize>>,
}

impl<T: Float> Graph<T> {
    /// The record counted together: by operation, and by part of the model, each with the parts inside it.
    ///
    /// ```
    /// use wengert::autodiff::graph::Graph;
    /// use wengert::prelude::*;
    ///
    /// let tape = Tape::new();
    /// let x = tape.variable(Tensor::<f32>::ones([8, 4]));
    /// let y = x.exp().exp().sum(1);
    /// let summary = Graph::<f32>::of(&tape).summary();
    /// let exp = &summary.operations()[0];
    /// assert_eq!((exp.name.as_str(), exp.count, exp.saved), ("exp", 2, 2 * 8 * 4 * 4));
    /// println!("{summary}");
    /// ```
    pub fn summary(&self) -> Summary {
        let (mut operations, mut modules) = (Rows::default(), Rows::default());
        let mut total = Row { name: "all".into(), ..Row::default() };
        for entry in self.entries.values().filter(|e| e.caller.is_some()) {
            let shape = entry.shape.as_deref().unwrap_or_default();
            let add = |row: &mut Row| {
                row.count += usize::from(entry.output == 0);
                row.elements += shape.iter().product::<usize>();
                row.saved += entry.saved;
                if !row.shapes.iter().any(|s| s == shape) {
                    row.shapes.push(shape.to_vec());
                }
            };
            add(&mut total);
            add(operations.at(entry.operation));
            let ends = entry.path.match_indices('.').map(|(at, _)| at).chain([entry.path.len()]);
            for end in ends.filter(|&end| end > 0) {
                add(modules.at(&entry.path[..end]));
            }
        }
        let mut operations = operations.rows;
        operations
            .sort_by(|a, b| b.saved.cmp(&a.saved).then(b.count.cmp(&a.count)).then(a.name.cmp(&b.name)));
        Summary { operations, modules: modules.nested(), total }
    }
}

#[derive(Default)]
struct Rows {
    rows: Vec<Row>,
    places: HashMap<String, usize>,
}

impl Rows {
    fn at(&mut self, name: &str) -> &mut Row {
        let at = match self.places.get(name) {
            Some(&at) => at,
            None => {
                self.places.insert(name.to_string(), self.rows.len());
                self.rows.push(Row { name: name.to_string(), ..Row::default() });
                self.rows.len() - 1
            }
        };
        &mut self.rows[at]
    }

    /// Each part followed by the parts inside it, otherwise in the order of the record.
    fn nested(self) -> Vec<Row> {
        let Self { rows, places } = self;
        let key = |row: &Row| -> Vec<usize> {
            let ends = row.name.match_indices('.').map(|(at, _)| at).chain([row.name.len()]);
            ends.map(|end| places[&row.name[..end]]).collect()
        };
        let mut keyed: Vec<_> = rows.into_iter().map(|row| (key(&row), row)).collect();
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        keyed.into_iter().map(|(_, row)| row).collect()
    }
}

impl Summary {
    /// By operation, the one that keeps most first.
    pub fn operations(&self) -> &[Row] {
        &self.operations
    }

    /// By part of the model, each followed by the parts inside it.
    pub fn modules(&self) -> &[Row] {
        &self.modules
    }

    /// All together.
    pub fn total(&self) -> &Row {
        &self.total
    }
}

fn cells(name: String, row: &Row) -> Vec<String> {
    let mut shapes: Vec<String> = row.shapes.iter().take(3).map(|shape| format!("{shape:?}")).collect();
    if row.shapes.len() > 3 {
        shapes.push(format!("and {} more", row.shapes.len() - 3));
    }
    vec![name, shapes.join(" "), row.count.to_string(), row.elements.to_string(), bytes(row.saved)]
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading =
            |first: &str| [first, "output shapes", "count", "elements", "saved"].map(String::from).to_vec();
        let mut rows = vec![heading("operation")];
        rows.extend(self.operations.iter().map(|row| cells(row.name.clone(), row)));
        let all = Row { shapes: Vec::new(), ..self.total.clone() };
        rows.push(cells("all".into(), &all));
        f.write_str(&table(&rows, 2))?;
        if self.modules.is_empty() {
            return Ok(());
        }
        let mut rows = vec![heading("part of the model")];
        for row in &self.modules {
            let depth = row.name.matches('.').count();
            let name = row.name.rsplit('.').next().unwrap_or(&row.name);
            rows.push(cells(format!("{}{name}", "  ".repeat(depth)), row));
        }
        write!(f, "\n{}", table(&rows, 2))
    }
}
