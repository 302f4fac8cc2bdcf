//! A model as a table: its parts, what they give, what they cost.

mod parts;

use std::fmt;

use autodiff::profile::{Profile, bytes, flops, table};
use autodiff::{Float, Parameter, Tape, Tensor};

use self::parts::parts;
use crate::{Inspect, Layer, Module};

/// What a model consists of, with what each part gave and cost in a forward pass; made by [`summary`] and
/// [`summary_with`]. It prints as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    parts: Vec<Part>,
}

/// A part of a model, with the parts inside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// The path in the model; empty for the whole.
    pub path: String,
    /// The type, as `Conv2d`; empty for a [scope](Tape::scope) that is no module.
    pub kind: String,
    /// How many parts of the model it lies in.
    pub depth: usize,
    /// The shape of the last result that was used elsewhere in the model. None where the part was not called, or
    /// recorded nothing under its name.
    pub output: Option<Vec<usize>>,
    /// How many operations it recorded.
    pub operations: usize,
    /// How many numbers its parameters hold, shared ones counted once.
    pub parameters: usize,
    /// How many of these are not frozen.
    pub trainable: usize,
    /// Floating-point operations of the forward pass; a multiplication and an addition are two.
    pub flops: u64,
    /// Bytes kept for the backward pass; what several operations keep counts for the first, parameters for none.
    pub saved: u64,
}

/// The summary of a layer for an input, by a dry run: a training step forward, which leaves the model and its running
/// statistics as they are.
///
/// What operations belong to which part follows from the parameters they are on, from the layers of a [`Sequential`],
/// and from scopes: a layer without parameters that is called elsewhere is found if it is called with
/// [`Layer::forward_in`].
///
/// ```
/// use wengert::prelude::*;
///
/// let model = LeNet5::<f32>::new(10, &mut ChaCha8Rng::seed_from_u64(0));
/// let summary = wengert::nn::summary(&model, &Tensor::zeros([1, 1, 28, 28]));
/// assert_eq!(summary.total().parameters, 61_706);
/// let c1 = summary.get("c1").unwrap();
/// assert_eq!((c1.kind.as_str(), c1.parameters), ("Conv2d", 156));
/// assert_eq!(c1.output, Some(vec![1, 6, 28, 28]));
/// println!("{summary}");
/// ```
///
/// [`Sequential`]: crate::Sequential
///
/// # Panics
/// Where the forward pass does.
#[track_caller]
pub fn summary<T: Float, M: Layer<T> + ?Sized>(model: &M, x: &Tensor<T>) -> Summary {
    // Not in a closure, which would hide the caller's line.
    let unfrozen = Unfrozen::of(model);
    let tape = tape(model);
    let output = model.forward(&tape.constant(x));
    let profile = tape.profile();
    if unfrozen.restore() {
        let tape = self::tape(model);
        model.forward(&tape.constant(x));
        return build(model, &output, &profile, &tape.profile());
    }
    build(model, &output, &profile, &profile)
}

/// The summary of any module, by a function that calls it on a tape and gives its output.
///
/// ```
/// use wengert::prelude::*;
///
/// let lstm = LstmConfig::new(10, 20).num_layers(2).init::<f32>(&mut ChaCha8Rng::seed_from_u64(0));
/// let x = Tensor::zeros([5, 3, 10]);
/// let summary = wengert::nn::summary_with(&lstm, |tape| lstm.forward_with(&tape.constant(&x), None, None).0);
/// assert_eq!(summary.total().output, Some(vec![5, 3, 20]));
/// ```
///
/// # Panics
/// Where the function does.
pub fn summary_with<T: Float, M: Module<T> + ?Sized>(
    model: &M,
    mut forward: impl FnMut(&Tape) -> Tensor<T>,
) -> Summary {
    let unfrozen = Unfrozen::of(model);
    let tape = tape(model);
    let output = forward(&tape);
    let profile = tape.profile();
    if unfrozen.restore() {
        let tape = self::tape(model);
        forward(&tape);
        return build(model, &output, &profile, &tape.profile());
    }
    build(model, &output, &profile, &profile)
}

fn tape<T: Float, M: Module<T> + ?Sized>(model: &M) -> Tape {
    let tape = Tape::rehearsing(0).profiled();
    tape.name(model);
    tape
}

/// Frozen parameters, unfrozen for a while: tapes do not know a constant's name.
struct Unfrozen<T: Float>(Vec<Parameter<T>>);

impl<T: Float> Unfrozen<T> {
    fn of<M: Module<T> + ?Sized>(model: &M) -> Self {
        let frozen: Vec<_> = model.parameters().into_iter().filter(Parameter::is_frozen).collect();
        frozen.iter().for_each(Parameter::unfreeze);
        Self(frozen)
    }

    /// Freezes them again; whether there are any.
    fn restore(self) -> bool {
        !self.0.is_empty()
    }
}

/// Also where the forward pass panics.
impl<T: Float> Drop for Unfrozen<T> {
    fn drop(&mut self) {
        self.0.iter().for_each(Parameter::freeze);
    }
}

/// The parts with what they gave and cost in a pass where nothing was frozen, and what they keep as it is.
fn build<T: Float, M: Module<T> + ?Sized>(
    model: &M,
    output: &Tensor<T>,
    pass: &Profile,
    real: &Profile,
) -> Summary {
    let mut parts = parts(model);
    let (costs, kept) = (pass.by_module(), real.by_module());
    for cost in &costs {
        let Some(part) = part_at(&mut parts, &cost.name) else { continue };
        (part.operations, part.flops) = (cost.calls, cost.flops);
        part.output = Some(cost.shape.clone());
    }
    for cost in &kept {
        if let Some(part) = part_at(&mut parts, &cost.name) {
            part.saved = cost.saved;
        }
    }
    let (total, whole) = (pass.total(), &mut parts[0]);
    (whole.operations, whole.flops, whole.saved) = (total.calls, total.flops, real.total().saved);
    whole.output = Some(output.shape().to_vec());
    Summary { parts }
}

/// The part with a path; a scope that is no module comes last in the part it lies in. None for a layer that lies
/// elsewhere and is shared: it is called there by its first name.
fn part_at<'a>(parts: &'a mut Vec<Part>, path: &str) -> Option<&'a mut Part> {
    let at = match parts.iter().position(|part| part.path == path) {
        Some(at) => at,
        None => {
            let within = |part: &Part| match path.strip_prefix(&part.path) {
                Some(rest) => part.path.is_empty() || rest.starts_with('.'),
                None => false,
            };
            let above = (0..parts.len()).rev().find(|&at| within(&parts[at])).expect("the first holds all");
            let rest = path[parts[above].path.len()..].trim_start_matches('.');
            if above > 0 && parts.iter().any(|part| part.path == rest && !part.kind.is_empty()) {
                return None;
            }
            let depth = parts[above].depth + 1;
            let inside = parts[above + 1..].iter().take_while(|part| part.depth >= depth).count();
            let at = above + 1 + inside;
            parts.insert(at, Part { path: path.to_owned(), depth, ..Part::default() });
            at
        }
    };
    Some(&mut parts[at])
}

impl Summary {
    /// The whole model, then its parts in the order of their declaration, each followed by the parts inside it.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The part with a path.
    pub fn get(&self, path: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.path == path)
    }

    /// The whole model.
    pub fn total(&self) -> &Part {
        &self.parts[0]
    }
}

/// A number with a comma between thousands.
fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = ["part", "kind", "output", "parameters", "FLOP", "saved"];
        let mut rows = vec![heading.map(String::from).to_vec()];
        for part in &self.parts {
            let name = part.path.rsplit('.').next().filter(|name| !name.is_empty()).unwrap_or("model");
            let none = |is_none: bool, text: String| if is_none { String::new() } else { text };
            rows.push(vec![
                format!("{}{name}", "  ".repeat(part.depth)),
                part.kind.clone(),
                part.output.as_ref().map(|shape| format!("{shape:?}")).unwrap_or_default(),
                none(part.parameters == 0, thousands(part.parameters)),
                none(part.flops == 0, flops(part.flops)),
                none(part.saved == 0, bytes(part.saved)),
            ]);
        }
        f.write_str(&table(&rows, 3))?;
        let Part { parameters, trainable, .. } = *self.total();
        let frozen = parameters - trainable;
        writeln!(
            f,
            "\n{} parameters, {} trained, {} frozen",
            thousands(parameters),
            thousands(trainable),
            thousands(frozen)
        )
    }
}
