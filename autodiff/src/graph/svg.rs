//! A record as a picture.
//!
//! The layout is layered: an entry's column is one more than that of its furthest input, and within a column
//! entries stand in the order of their inputs' mean height, which keeps most lines from crossing.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Entry, Graph, summary};
use crate::Float;

const BOX: (f64, f64) = (132.0, 62.0);
const GAP: (f64, f64) = (64.0, 26.0);
const MARGIN: f64 = 20.0;

impl<T: Float> Graph<T> {
    /// The record as an SVG picture: values in black, gradients in red, from the leaves on the left to the
    /// results on the right.
    pub fn to_svg(&self) -> String {
        let places = self.layout();
        let edge = |f: fn(&(f64, f64)) -> f64| places.values().map(f).fold(0.0, f64::max);
        let (width, height) = (edge(|p| p.0) + BOX.0 + MARGIN, edge(|p| p.1) + BOX.1 + MARGIN);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" \
             markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#888\"/></marker></defs>\n"
        );
        for (slot, entry) in &self.entries {
            let (x, y) = places[slot];
            for input in entry.inputs.iter().flatten() {
                let (fx, fy) = places[input];
                let (x0, y0, y1) = (fx + BOX.0, fy + BOX.1 / 2.0, y + BOX.1 / 2.0);
                let bend = (x - x0) / 2.0;
                writeln!(
                    out,
                    "<path d=\"M{x0} {y0}C{} {y0} {} {y1} {x} {y1}\" fill=\"none\" stroke=\"#888\" \
                     marker-end=\"url(#arrow)\"/>",
                    x0 + bend,
                    x - bend
                )
                .expect("to a string");
            }
        }
        for (slot, entry) in &self.entries {
            self.draw(*slot, entry, places[slot], &mut out);
        }
        out.push_str("</svg>\n");
        out
    }

    fn draw(&self, slot: u32, entry: &Entry<T>, (x, y): (f64, f64), out: &mut String) {
        let leaf = entry.inputs.is_empty();
        let (fill, radius) = if leaf { ("#eaf2fb", 18) } else { ("#fdf6e3", 4) };
        let title = match (&entry.name, leaf) {
            (Some(name), true) => name.clone(),
            (Some(name), false) => format!("{name} = {}", entry.operation),
            (None, _) => format!("%{slot} {}", entry.operation),
        };
        let mut lines = vec![("black", "bold", title)];
        match (&entry.value, &entry.shape) {
            (Some(value), _) => lines.push(("black", "normal", summary(value))),
            (None, Some(shape)) => lines.push(("#555", "normal", format!("{:?}", &shape[..]))),
            (None, None) => {}
        }
        lines.extend(entry.gradient.as_ref().map(|g| ("#c0392b", "normal", format!("∂ {}", summary(g)))));
        writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"{radius}\" fill=\"{fill}\" \
             stroke=\"#555\"/>",
            BOX.0, BOX.1
        )
        .expect("to a string");
        let first = y + BOX.1 / 2.0 - 9.0 * (lines.len() as f64 - 1.0) + 4.0;
        for (i, (colour, weight, text)) in lines.iter().enumerate() {
            writeln!(
                out,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" fill=\"{colour}\" \
                 font-weight=\"{weight}\">{}</text>",
                x + BOX.0 / 2.0,
                first + 18.0 * i as f64,
                escape(text)
            )
            .expect("to a string");
        }
    }

    /// The upper left corner of each entry's box.
    fn layout(&self) -> BTreeMap<u32, (f64, f64)> {
        let mut column: BTreeMap<u32, usize> = BTreeMap::new();
        for (&slot, entry) in &self.entries {
            let furthest = entry.inputs.iter().flatten().map(|input| column[input] + 1).max();
            column.insert(slot, furthest.unwrap_or(0));
        }
        // A leaf stands just before the first operation that uses it.
        let mut earliest: BTreeMap<u32, usize> = BTreeMap::new();
        for (slot, entry) in &self.entries {
            for &input in entry.inputs.iter().flatten() {
                let user = earliest.entry(input).or_insert(usize::MAX);
                *user = (*user).min(column[slot]);
            }
        }
        for (slot, entry) in &self.entries {
            if entry.inputs.is_empty()
                && let Some(&user) = earliest.get(slot)
            {
                column.insert(*slot, user - 1);
            }
        }
        let mut columns = vec![Vec::new(); column.values().max().map_or(0, |c| c + 1)];
        for (&slot, &c) in &column {
            columns[c].push(slot);
        }
        let mut height: BTreeMap<u32, f64> = BTreeMap::new();
        for slots in columns {
            let mut slots: Vec<(f64, u32)> = slots
                .into_iter()
                .map(|slot| {
                    let inputs: Vec<f64> =
                        self.entries[&slot].inputs.iter().flatten().map(|input| height[input]).collect();
                    let mean = inputs.iter().sum::<f64>() / inputs.len() as f64;
                    (if inputs.is_empty() { f64::from(slot) } else { mean }, slot)
                })
                .collect();
            slots.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            // Each stands at its inputs' height, or below the one before it.
            let mut lowest = 0.0f64;
            for (wish, slot) in slots {
                let leaf = self.entries[&slot].inputs.is_empty();
                let at = if leaf { lowest } else { wish.max(lowest) };
                height.insert(slot, at);
                lowest = at + 1.0;
            }
        }
        let place = |(slot, at): (u32, f64)| {
            let x = MARGIN + column[&slot] as f64 * (BOX.0 + GAP.0);
            (slot, (x, MARGIN + at * (BOX.1 + GAP.1)))
        };
        height.into_iter().map(place).collect()
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
