//! A profile in columns.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use super::{Cost, Event, Profile};

/// The parts of a model, each with what it cost with the parts inside it.
#[derive(Default)]
pub(super) struct Tree {
    children: Vec<(Cost, Tree)>,
    places: HashMap<String, usize>,
}

impl Tree {
    pub(super) fn add(&mut self, event: &Event) {
        let mut tree = self;
        let mut end = 0;
        while end < event.path.len() {
            let start = if end == 0 { 0 } else { end + 1 };
            end = event.path[start..].find('.').map_or(event.path.len(), |at| start + at);
            let name = &event.path[start..end];
            let at = match tree.places.get(name) {
                Some(&at) => at,
                None => {
                    tree.places.insert(name.to_string(), tree.children.len());
                    tree.children.push((Cost::named(&event.path[..end]), Tree::default()));
                    tree.children.len() - 1
                }
            };
            let (cost, below) = &mut tree.children[at];
            cost.add(event);
            tree = below;
        }
    }

    pub(super) fn flatten(self) -> Vec<Cost> {
        let mut out = Vec::new();
        for (cost, below) in self.children {
            out.push(cost);
            out.extend(below.flatten());
        }
        out
    }
}

/// A number of bytes with a unit, as in `1.50 MiB`.
pub fn bytes(n: u64) -> String {
    scaled(n as f64, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB"])
}

/// A number of floating-point operations with a prefix, as in `1.50 M`.
pub fn flops(n: u64) -> String {
    scaled(n as f64, 1000.0, &["", "k", "M", "G", "T", "P"]).trim_end().to_string()
}

fn scaled(mut x: f64, step: f64, units: &[&str]) -> String {
    let mut unit = 0;
    while x >= step && unit + 1 < units.len() {
        x /= step;
        unit += 1;
    }
    let digits = if unit == 0 || x >= 100.0 {
        0
    } else if x >= 10.0 {
        1
    } else {
        2
    };
    format!("{x:.digits$} {}", units[unit])
}

fn time(t: Duration) -> String {
    match t.as_nanos() as f64 / 1e3 {
        us if us < 1000.0 => format!("{us:.1} µs"),
        us if us < 1e6 => format!("{:.2} ms", us / 1e3),
        us => format!("{:.2} s", us / 1e6),
    }
}

/// Rows under a heading, the first column to the left, the others to the right.
pub fn table(rows: &[Vec<String>], left: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|r| r.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for (i, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[column] - cell.chars().count());
            if column < left {
                line.extend([cell.as_str(), &pad]);
            } else {
                line.extend([&pad, cell.as_str()]);
            }
            line.push_str("  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
        if i == 0 {
            out.push_str(&"─".repeat(widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1)));
            out.push('\n');
        }
    }
    out
}

fn row(name: String, cost: &Cost, total: &Cost) -> Vec<String> {
    let share = cost.time().as_secs_f64() / total.time().as_secs_f64().max(f64::MIN_POSITIVE) * 100.0;
    vec![
        name,
        cost.calls.to_string(),
        time(cost.forward),
        time(cost.backward),
        format!("{share:.1} %"),
        flops(cost.flops),
        format!("{:.1}", cost.flops as f64 / cost.time().as_nanos().max(1) as f64),
        bytes(cost.moved),
        bytes(cost.saved),
        bytes(cost.peak),
    ]
}

fn heading(first: &str) -> Vec<String> {
    let others = ["calls", "forward", "backward", "time", "FLOP", "GFLOP/s", "moved", "saved", "peak"];
    std::iter::once(first).chain(others).map(String::from).collect()
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total();
        let mut rows = vec![heading("operation")];
        rows.extend(self.by_operation().iter().map(|cost| row(cost.name.clone(), cost, &total)));
        rows.push(row("all".into(), &total, &total));
        f.write_str(&table(&rows, 1))?;
        let modules = self.by_module();
        if modules.is_empty() {
            return Ok(());
        }
        let mut rows = vec![heading("part of the model")];
        for cost in &modules {
            let depth = cost.name.matches('.').count();
            let name = cost.name.rsplit('.').next().unwrap_or(&cost.name);
            rows.push(row(format!("{}{name}", "  ".repeat(depth)), cost, &total));
        }
        write!(f, "\n{}", table(&rows, 1))
    }
}
