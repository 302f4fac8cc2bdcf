//! L-BFGS, which asks for the loss as often as it needs it.

mod evaluation;
mod flat;
mod line_search;
mod memory;
mod state;
mod vector;

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use autodiff::{Float, Parameter};

use crate::group::{checked_rate, checked_schedule, non_negative};
use crate::{Error, Schedule, archive};
pub use evaluation::Evaluation;
use line_search::{Point, strong_wolfe};
use memory::Memory;
use vector::{dot, max_abs, sum_abs};

const NAME: &str = "Lbfgs";

/// L-BFGS: Newton's method with an inverse Hessian H guessed from the last steps.
///
/// For losses of a whole data set, without chance in them. One [`step`](Self::step) is up to
/// [`max_iter`](Self::max_iter) iterations. Each takes from the gradient's last change y along the last step
/// s what it tells of the curvature, in the order of the last [`history_size`](Self::history_size) pairs
/// with ρ = 1/(y·s):
///
/// - H ← (I − ρ·s·yᵀ) H (I − ρ·y·sᵀ) + ρ·s·sᵀ, from H = (y·s)/(y·y)·I with the newest pair
/// - d = −H·g; at the very first iteration d = −g
/// - x ← x + t·d with t = α, at the very first iteration t = α·min(1, 1/Σ|gᵢ|); or with the t that a line
///   search finds from there, see [`line_search_fn`](Self::line_search_fn)
///
/// H is never formed: d costs about four products of vectors for each pair. A step ends early where the
/// gradient or the change becomes small.
///
/// Defaults: no line search, 20 iterations, 25 evaluations, 100 pairs, as in PyTorch, whose α is 1 where none is
/// given. There are no groups and no weight decay, as there: add a penalty to the loss.
///
/// D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization" (1989).
///
/// ```
/// use wengert::prelude::*;
///
/// // Rosenbrock's valley, least at (1, 1).
/// let w = Parameter::new(Tensor::<f64>::from_vec([2], vec![-1.2, 1.0]));
/// let mut lbfgs = Lbfgs::new([w.clone()], 1.0).line_search_fn(LineSearch::StrongWolfe);
/// for _ in 0..3 {
///     lbfgs.step(|| {
///         let x = Tape::new().watch(&w);
///         let (a, b) = (x.slice(0, 0..1), x.slice(0, 1..2));
///         ((1.0 - &a).square() + (b - a.square()).square() * 100.0).sum(..)
///     });
/// }
/// assert!((w.value() - 1.0).abs().max(..).item() < 1e-4);
/// ```
pub struct Lbfgs<T: Float = f32> {
    parameters: Vec<Parameter<T>>,
    shapes: Vec<Vec<usize>>,
    schedule: Arc<dyn Schedule>,
    maximize: bool,
    max_iter: usize,
    max_eval: Option<usize>,
    tolerance_grad: f64,
    tolerance_change: f64,
    history_size: usize,
    line_search_fn: Option<LineSearch>,
    steps: u64,
    /// Over all steps.
    iterations: u64,
    evaluations: u64,
    memory: Memory<T>,
}

/// How [`Lbfgs`] finds the length of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineSearch {
    /// A length that satisfies the strong Wolfe conditions: the loss falls by at least 10⁻⁴ of what its slope
    /// promises, and the slope to at most 0.9 of its size.
    StrongWolfe,
}

impl<T: Float> Lbfgs<T> {
    /// An optimizer of these parameters with the default options.
    ///
    /// The learning rate is the length of an iteration's step, or the first length that a line search tries: 1
    /// in most cases.
    ///
    /// # Panics
    /// If a parameter stands twice among them, or the schedule begins with a rate that is negative or not
    /// finite.
    #[track_caller]
    pub fn new(
        parameters: impl IntoIterator<Item = Parameter<T>>,
        learning_rate: impl Schedule + 'static,
    ) -> Self {
        let parameters: Vec<_> = parameters.into_iter().collect();
        let mut known = HashSet::new();
        for (index, parameter) in parameters.iter().enumerate() {
            if !known.insert(parameter.id()) {
                panic!("{NAME}::new: parameter {index}, {parameter:?}, is listed twice");
            }
        }
        Self {
            shapes: parameters.iter().map(Parameter::shape).collect(),
            parameters,
            schedule: checked_schedule("Lbfgs::new", learning_rate),
            maximize: false,
            max_iter: 20,
            max_eval: None,
            tolerance_grad: 1e-7,
            tolerance_change: 1e-9,
            history_size: 100,
            line_search_fn: None,
            steps: 0,
            iterations: 0,
            evaluations: 0,
            memory: Memory::new(),
        }
    }

    /// Sets the most iterations of one step (default 20).
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = positive("max_iter", max_iter);
        self
    }

    /// Sets after how many evaluations of the loss a step ends (default: 5/4 of the iterations, rounded down).
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn max_eval(mut self, max_eval: usize) -> Self {
        self.max_eval = Some(positive("max_eval", max_eval));
        self
    }

    /// Sets the largest element of a gradient that counts as zero (default 1e-7).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn tolerance_grad(mut self, tolerance: f64) -> Self {
        self.tolerance_grad = non_negative("Lbfgs::tolerance_grad", tolerance);
        self
    }

    /// Sets the changes of the loss and of the parameters' elements that count as none (default 1e-9).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn tolerance_change(mut self, tolerance: f64) -> Self {
        self.tolerance_change = non_negative("Lbfgs::tolerance_change", tolerance);
        self
    }

    /// Sets how many pairs of step and gradient change are kept (default 100). Each takes twice the memory of
    /// the parameters.
    ///
    /// # Panics
    /// If it is 0.
    #[track_caller]
    pub fn history_size(mut self, history_size: usize) -> Self {
        self.history_size = positive("history_size", history_size);
        self
    }

    /// Sets how the length of a step is found (default: `None`, it is the learning rate).
    pub fn line_search_fn(mut self, line_search: impl Into<Option<LineSearch>>) -> Self {
        self.line_search_fn = line_search.into();
        self
    }

    /// Sets whether the loss is brought to its maximum instead of its minimum (default: no).
    pub fn maximize(mut self, maximize: bool) -> Self {
        self.maximize = maximize;
        self
    }

    /// The number of steps taken.
    pub fn step_count(&self) -> u64 {
        self.steps
    }

    /// The number of times that a loss was asked for, in all steps together.
    pub fn evaluation_count(&self) -> u64 {
        self.evaluations
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        self.schedule.at(self.steps)
    }

    /// Writes the state to a file, which appears in full or not at all. Save the model beside it.
    ///
    /// # Errors
    /// If the file cannot be written. A file of that name is as it was then.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        archive::save(path.as_ref(), &self.to_bytes())
    }

    /// Takes over the state from a file that [`save`](Self::save) wrote, under the conditions of
    /// [`load_bytes`](Self::load_bytes).
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or is the state of another algorithm, element type or set of
    /// options or shapes. The optimizer has not changed then.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        archive::load(path.as_ref(), |file, len| self.load_from(file, len))
    }

    /// Takes over a state from [`to_bytes`](Self::to_bytes).
    ///
    /// The optimizer must be constructed as the saved one was: the same options, and as many parameters of the
    /// same shapes. Schedules are functions and not compared.
    ///
    /// # Errors
    /// If the bytes are damaged, or the state of another algorithm, element type or set of options or shapes.
    /// The optimizer has not changed then.
    pub fn load_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.load_from(bytes, bytes.len() as u64).map_err(archive::in_bytes)
    }

    /// Brings the parameters nearer to the minimum of the loss that `closure` computes, and returns the loss
    /// before.
    ///
    /// The closure is called again wherever the step looks, with the parameters set there. It gives the loss on
    /// a tape of its own, or its value and gradients: see [`Evaluation`]. It must compute the same function
    /// each time: with dropout, on a tape of the same seed. Frozen parameters stay as they are; unfrozen ones
    /// to which no gradient flows count as having one of zero.
    ///
    /// If the loss or a gradient is not finite at the beginning nothing is changed: look at the result.
    ///
    /// # Panics
    /// If none of the unfrozen parameters has a gradient, or a gradient has another shape than its parameter.
    /// If the schedule gives a rate that is negative or not finite.
    #[track_caller]
    pub fn step<E: Evaluation<T>>(&mut self, mut closure: impl FnMut() -> E) -> T {
        let rate = checked_rate(NAME, 0, self.schedule.at(self.steps), self.steps);
        let (value, gradients) = closure().loss_and_gradients();
        let mut gradient = self.flatten(&gradients);
        drop(gradients);
        let mut loss = self.signed(value);
        self.steps += 1;
        self.evaluations += 1;
        let largest = max_abs(&gradient);
        if largest <= self.tolerance_grad || !largest.is_finite() || !loss.is_finite() {
            return value;
        }
        let max_eval = self.max_eval.unwrap_or(self.max_iter * 5 / 4);
        let mut evaluations = 1;
        for iteration in 1..=self.max_iter {
            self.iterations += 1;
            let first = self.memory.is_empty();
            self.memory.advance(&gradient, self.history_size);
            self.leave_frozen();
            // Nothing has moved yet.
            self.memory.length = 0.0;
            let slope = dot(&gradient, &self.memory.direction);
            if slope > -self.tolerance_change || slope.is_nan() {
                break;
            }
            let mut t = if first { rate * (1.0 / sum_abs(&gradient)).min(1.0) } else { rate };
            let longest = max_abs(&self.memory.direction);
            let loss_before = loss;
            match self.line_search_fn {
                Some(LineSearch::StrongWolfe) => {
                    let origin = self.position();
                    let evaluate = |t| {
                        self.place(&origin, t);
                        let (loss, gradients) = closure().loss_and_gradients();
                        let gradient = self.flatten(&gradients);
                        let slope = dot(&gradient, &self.memory.direction);
                        Point { t, loss: self.signed(loss), slope, gradient }
                    };
                    let start = Point { t: 0.0, loss, slope, gradient };
                    let budget = max_eval - evaluations;
                    let (found, looked) = strong_wolfe(start, t, longest, budget, evaluate);
                    self.place(&origin, found.t);
                    evaluations += looked;
                    self.evaluations += looked as u64;
                    (t, loss, gradient) = (found.t, found.loss, found.gradient);
                }
                None => {
                    self.go(t);
                    if iteration < self.max_iter {
                        let (value, gradients) = closure().loss_and_gradients();
                        (loss, gradient) = (self.signed(value), self.flatten(&gradients));
                        evaluations += 1;
                        self.evaluations += 1;
                    }
                }
            }
            self.memory.length = t;
            if evaluations >= max_eval
                || max_abs(&gradient) <= self.tolerance_grad
                || longest * t <= self.tolerance_change
                || (loss - loss_before).abs() < self.tolerance_change
                || !loss.is_finite()
            {
                break;
            }
        }
        value
    }

    /// The loss to be minimized.
    fn signed(&self, loss: T) -> f64 {
        let loss = if self.maximize { -loss } else { loss };
        // What is no number is no better than anything.
        if loss.is_nan() { f64::INFINITY } else { loss.to_f64() }
    }
}

#[track_caller]
fn positive(option: &str, x: usize) -> usize {
    if x == 0 {
        panic!("{NAME}::{option}: expected at least 1, found 0");
    }
    x
}

impl<T: Float> fmt::Debug for Lbfgs<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(NAME)
            .field("options", &self.options())
            .field("steps", &self.steps)
            .field("parameters", &self.parameters.len())
            .field("learning_rate", &self.learning_rate())
            .finish()
    }
}
