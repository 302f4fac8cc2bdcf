//! The report of the first NaN or ∞.

use std::fmt::{self, Write};
use std::panic::Location;

use crate::Float;
use crate::function::Saved;
use crate::observe::{Call, Step};
use crate::value::Value;

/// What the elements of an array are like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Range {
    /// The smallest and the largest of the finite ones.
    finite: Option<(f64, f64)>,
    pub(crate) nan: usize,
    pub(crate) infinite: usize,
}

impl Range {
    pub(crate) fn of<T: Float>(value: &Value<T>) -> Self {
        let mut range = Self { finite: None, nan: 0, infinite: 0 };
        for &x in &value.view() {
            let x = x.to_f64();
            if x.is_nan() {
                range.nan += 1;
            } else if x.is_infinite() {
                range.infinite += 1;
            } else {
                let (low, high) = range.finite.unwrap_or((x, x));
                range.finite = Some((low.min(x), high.max(x)));
            }
        }
        range
    }

    /// Whether nothing but zeros is there.
    pub(crate) fn is_zero(&self) -> bool {
        self.is_finite() && self.finite.is_none_or(|range| range == (0.0, 0.0))
    }

    pub(crate) fn is_finite(&self) -> bool {
        self.nan == 0 && self.infinite == 0
    }
}

/// How many NaN and ∞ there are, as in `3 NaN and 1 ∞`.
struct Count(Range);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.nan, self.0.infinite) {
            (nan, 0) => write!(f, "{nan} NaN"),
            (0, infinite) => write!(f, "{infinite} ∞"),
            (nan, infinite) => write!(f, "{nan} NaN and {infinite} ∞"),
        }
    }
}

/// As in `from -1.5 to 3, 2 NaN`.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |x: f64| {
            let text = format!("{x}");
            match x.abs() {
                _ if text.len() <= 8 => text,
                1e-3..1e4 => format!("{x:.4}"),
                _ => format!("{x:.3e}"),
            }
        };
        match self.finite {
            Some((low, high)) if low == high => write!(f, "all {}", number(low))?,
            Some((low, high)) => write!(f, "from {} to {}", number(low), number(high))?,
            None if self.is_finite() => f.write_str("empty")?,
            None => f.write_str("nothing finite")?,
        }
        if !self.is_finite() {
            write!(f, ", {}", Count(*self))?;
        }
        Ok(())
    }
}

/// Where an operation was called, as in `log at src/main.rs:5:9 in encoder.0`.
pub(crate) fn site(operation: &str, caller: &Location<'_>, path: &str) -> String {
    let part = if path.is_empty() { String::new() } else { format!(" in {path}") };
    format!("{operation} at {caller}{part}")
}

/// What `after` holds that is not excused by `before`: a NaN always, an ∞ where none was given.
fn anomalous(before: &[Range], after: &Range) -> bool {
    after.nan > 0 || (after.infinite > 0 && before.iter().all(|range| range.infinite == 0))
}

fn line<T: Float>(report: &mut String, what: &str, value: &Value<T>, range: &Range) {
    write!(report, "\n    {what} {:?}: {range}", value.shape()).expect("to a string");
}

/// An error with the report if a call gave the first NaN or ∞.
pub(crate) fn check_call<T: Float>(
    call: &Call<'_, T>,
    caller: &Location<'_>,
    path: impl FnOnce() -> String,
) -> Result<(), String> {
    let after: Vec<Range> = call.outputs.iter().map(Range::of).collect();
    if after.iter().all(Range::is_finite) {
        return Ok(());
    }
    let before: Vec<Range> = call.inputs.iter().map(|x| Range::of(&x.value)).collect();
    let Some(first) = after.iter().position(|range| anomalous(&before, range)) else { return Ok(()) };
    let which = if after.len() == 1 { "its output".to_string() } else { format!("its output {first}") };
    let mut report =
        format!("{}: {which} holds {}", site(call.function.name(), caller, &path()), Count(after[first]));
    if let Some(input) = before.iter().position(|range| range.nan > 0) {
        write!(report, "; input {input} held NaN before, from outside the tape").expect("to a string");
    }
    for (i, (x, range)) in call.inputs.iter().zip(&before).enumerate() {
        line(&mut report, &format!("input {i}"), &x.value, range);
    }
    for (i, (y, range)) in call.outputs.iter().zip(&after).enumerate() {
        line(&mut report, &format!("output {i}"), y, range);
    }
    Err(report)
}

/// The same for the rule of an operation.
pub(crate) fn check_step<T: Float>(step: &Step<'_, T>, path: impl FnOnce() -> String) -> Result<(), String> {
    let wanted = || {
        let inputs = step.node.inputs.iter().zip(step.gradients).enumerate();
        inputs.filter_map(|(i, (input, g))| Some((i, g.as_ref().filter(|_| input.slot.is_some())?)))
    };
    let after: Vec<(usize, Range)> = wanted().map(|(i, g)| (i, Range::of(&g.value))).collect();
    if after.iter().all(|(_, range)| range.is_finite()) {
        return Ok(());
    }
    let arrived = || step.grads.iter().enumerate().filter_map(|(i, g)| Some((i, g.as_ref()?)));
    let before: Vec<Range> = arrived().map(|(_, g)| Range::of(&g.value)).collect();
    let Some((first, range)) = after.iter().find(|(_, range)| anomalous(&before, range)) else {
        return Ok(());
    };
    let node = step.node;
    let mut report = format!(
        "backward of {}: the gradient of its input {first} holds {}",
        site(node.function.name(), node.caller, &path()),
        Count(*range)
    );
    if before.iter().any(|range| range.nan > 0) {
        report.push_str("; NaN arrived with the gradient");
    }
    for ((i, gradient), range) in arrived().zip(&before) {
        line(&mut report, &format!("gradient of output {i}"), &gradient.value, range);
    }
    for saved in &node.saved {
        match saved {
            Saved::Input(i, value) => line(&mut report, &format!("input {i}"), value, &Range::of(value)),
            Saved::Output(i, value) => line(&mut report, &format!("output {i}"), value, &Range::of(value)),
            Saved::Extra(value) => line(&mut report, "intermediate", value, &Range::of(value)),
            Saved::Indices(_) | Saved::Mask(_) => {}
        }
    }
    for (i, input) in node.inputs.iter().enumerate() {
        let is_saved = |s: &Saved<T>| matches!(s, Saved::Input(j, _) if *j as usize == i);
        if !node.saved.iter().any(is_saved) {
            write!(report, "\n    input {i} {:?}: not kept", &input.shape[..]).expect("to a string");
        }
    }
    for ((i, gradient), (_, range)) in wanted().zip(&after) {
        line(&mut report, &format!("gradient of input {i}"), &gradient.value, range);
    }
    Err(report)
}
