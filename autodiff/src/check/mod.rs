//! Numerical proof of gradients: two-sided differences against what the tape says.
//!
//! [`gradients`] checks a function of tensors, [`parameters`] whatever is computed from parameters: a
//! module, a whole training loss with its regularization. [`Check`] sets the order, the number of random
//! directions, the step and the bounds. Checks are done in `f64`: in `f32` rounding hides what they look
//! for, so a model is built at `T = f64` to be checked.
//!
//! The outputs are joined into one number s by random weights between ½ and 1½ with random signs, so that
//! no error hides where a plain sum has no gradient (the sum of a softmax is always 1). The derivative of s
//! by each component θ is measured by the four-point difference
//!
//! n = (8·(s(θ+h) − s(θ−h)) − (s(θ+2h) − s(θ−2h))) / 12h,  h = ε·max(|θ|, 1),
//!
//! whose error is of the order of h⁴, and compared with the gradient a of one backward pass by the
//! normalized distance E = ‖n − a‖₂ / (‖n‖₂ + ‖a‖₂), input by input. Where a component disagrees, it is
//! measured again with smaller steps, and the value counts that changes least from one step to the next:
//! this is what a small θ or a nearby kink asks for.
//!
//! Second order compares the derivative of the gradient along a random direction v, measured by the same
//! difference, with the gradient of ⟨v, ∇s⟩ through a replay that was recorded (`create_graph`); a Hessian
//! is symmetric, so that one direction shows an error in any of its rows. It also compares the recorded
//! replay's gradient with the plain one's, which proves a fused function equal to its composed form, and the
//! differences of all outputs along v with their derivatives in forward mode
//! ([`jvp`](crate::transform::jvp)).
//!
//! With the feature `proptest`, the module `property` puts operations, functions and modules through thousands of random
//! cases.
//!
//! A function must give the same bits whenever it is called. Dropout does on a training tape of the same
//! seed ([`Check::training`]): each call runs on a new one.

mod difference;
mod error;
mod outputs;
#[cfg(feature = "proptest")]
pub mod property;
mod report;
mod restore;
mod subject;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

pub use error::CheckError;
pub use outputs::IntoOutputs;
pub use report::{Comparison, Component, Quantity, Report, Verdict};

use crate::{Parameter, Tape, Tensor};
use restore::Restore;
use subject::Subject;

/// Checks the gradients of a function by every element of its inputs, with the default [`Check`].
///
/// ```
/// use wengert::autodiff::check;
/// use wengert::prelude::*;
///
/// let x = Tensor::from_vec([3], vec![0.3, -1.2, 2.0]);
/// let w = Tensor::from_vec([2, 3], vec![0.1, 0.2, -0.3, 0.4, -0.5, 0.6]);
/// let report = check::gradients(|x| x[1].matmul(&x[0]).tanh(), &[x, w]).unwrap();
/// assert!(report.is_right(), "{report}");
/// ```
///
/// # Errors
/// As [`Check::gradients`].
pub fn gradients<R: IntoOutputs<f64>>(
    f: impl Fn(&[Tensor<f64>]) -> R,
    inputs: &[Tensor<f64>],
) -> Result<Report, CheckError> {
    Check::new().gradients(f, inputs)
}

/// Checks the gradients of a function by every element of some parameters, with the default [`Check`].
///
/// ```
/// use wengert::autodiff::check;
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::from_vec([2], vec![0.5, -0.25]));
/// let loss = |tape: &Tape| {
///     let w = tape.watch(&w);
///     w.sigmoid().ln().sum(..) + 0.01 * w.square().sum(..)
/// };
/// check::parameters(loss, &[w.clone()]).unwrap().assert();
/// ```
///
/// # Errors
/// As [`Check::gradients`].
pub fn parameters<R: IntoOutputs<f64>>(
    f: impl Fn(&Tape) -> R,
    parameters: &[Parameter<f64>],
) -> Result<Report, CheckError> {
    Check::new().parameters(f, parameters)
}

/// How gradients are checked.
///
/// ```
/// use wengert::autodiff::check::Check;
/// use wengert::prelude::*;
///
/// let x = Tensor::from_vec([2, 2], vec![0.1, 0.7, -0.4, 1.5]);
/// Check::new().order(2).gradients(|x| x[0].softmax(1), &[x.clone()]).unwrap().assert();
///
/// // A big input along a few random directions, with dropout on.
/// let big = Tensor::full([300, 100], 0.5);
/// let check = Check::new().directions(4).training(7);
/// check.gradients(|x| x[0].dropout(0.5).square().mean(..), &[big]).unwrap().assert();
/// ```
#[derive(Clone, Debug)]
pub struct Check {
    order: usize,
    directions: Option<usize>,
    epsilon: f64,
    tolerance: f64,
    floor: f64,
    training: Option<u64>,
    seed: u64,
}

impl Default for Check {
    fn default() -> Self {
        Self::new()
    }
}

impl Check {
    /// First order, every component, ε = 2⁻¹⁰, right below 1e-7, floor 1e-5, an evaluating tape.
    pub const fn new() -> Self {
        Self {
            order: 1,
            directions: None,
            epsilon: 1.0 / 1024.0,
            tolerance: 1e-7,
            floor: 1e-5,
            training: None,
            seed: 0,
        }
    }

    /// 1 for gradients (the default), 2 for gradients and their gradients.
    ///
    /// # Panics
    /// If the order is another.
    #[track_caller]
    pub const fn order(mut self, order: usize) -> Self {
        assert!(order == 1 || order == 2, "Check::order: gradients are checked to order 1 or 2");
        self.order = order;
        self
    }

    /// Compares the derivatives along `n` random directions through all inputs at once, in place of those by
    /// each component: four calls of the function a direction, whatever the size of the inputs.
    ///
    /// # Panics
    /// If there are none.
    #[track_caller]
    pub const fn directions(mut self, n: usize) -> Self {
        assert!(n > 0, "Check::directions: no direction compares nothing");
        self.directions = Some(n);
        self
    }

    /// The step ε by which a component θ with |θ| ≤ 1 is moved; larger ones move by ε·|θ| (default: 2⁻¹⁰).
    ///
    /// # Panics
    /// If it is not a positive number.
    #[track_caller]
    pub const fn epsilon(mut self, epsilon: f64) -> Self {
        assert!(epsilon > 0.0 && epsilon.is_finite(), "Check::epsilon: the step must be positive");
        self.epsilon = epsilon;
        self
    }

    /// The distance E below which a gradient counts as right (default: 1e-7).
    pub const fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The least ‖n‖ + ‖a‖ that E divides by, so that the rounding errors of a gradient which is truly zero
    /// do not count as a distance (default: 1e-5). Where the
    /// outputs, or for the second order the gradients, are larger than 1, so are the rounding errors of their
    /// differences, and the floor grows with them.
    pub const fn floor(mut self, floor: f64) -> Self {
        self.floor = floor;
        self
    }

    /// Runs the function on tapes of [`Tape::training`] with this seed, so that dropout is on, the same at
    /// each call. Layers that learn statistics learn from each call.
    pub const fn training(mut self, seed: u64) -> Self {
        self.training = Some(seed);
        self
    }

    /// The seed of the random weights and directions (default: 0).
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Checks the gradients of a function by its inputs, which it is given on a tape. It returns one tensor
    /// or several: a vector, an array or a tuple of tensors.
    ///
    /// # Errors
    /// If two calls differ, an output is not finite, or no output depends on an input.
    pub fn gradients<R: IntoOutputs<f64>>(
        &self,
        f: impl Fn(&[Tensor<f64>]) -> R,
        inputs: &[Tensor<f64>],
    ) -> Result<Report, CheckError> {
        let inputs: Vec<_> = inputs.iter().map(Tensor::detach).collect();
        self.run(&Subject {
            names: (0..inputs.len()).map(|i| format!("input {i}")).collect(),
            tape: &|| self.tape(),
            record: &|tape, point| {
                let leaves: Vec<_> = point.iter().map(|x| tape.variable(x)).collect();
                let outputs = f(&leaves).into_outputs();
                (leaves, outputs)
            },
            point: inputs,
        })
    }

    /// Checks the gradients of a function by parameters, which it watches on the tape it is given. Frozen
    /// parameters are left out.
    ///
    /// The parameters are moved while the check runs and have their old values after it, also if the
    /// function panics. Nothing else should use them meanwhile.
    ///
    /// # Errors
    /// As [`gradients`](Self::gradients).
    pub fn parameters<R: IntoOutputs<f64>>(
        &self,
        f: impl Fn(&Tape) -> R,
        parameters: &[Parameter<f64>],
    ) -> Result<Report, CheckError> {
        let named: Vec<_> =
            parameters.iter().enumerate().map(|(i, p)| (format!("parameter {i}"), p.clone())).collect();
        self.named_parameters(f, &named)
    }

    /// The same with names for the report: the pairs of a module's `named_parameters`.
    ///
    /// # Errors
    /// As [`gradients`](Self::gradients).
    pub fn named_parameters<R: IntoOutputs<f64>>(
        &self,
        f: impl Fn(&Tape) -> R,
        parameters: &[(String, Parameter<f64>)],
    ) -> Result<Report, CheckError> {
        let (names, parameters): (Vec<String>, Vec<Parameter<f64>>) =
            parameters.iter().filter(|(_, p)| !p.is_frozen()).cloned().unzip();
        let restore = Restore::new(&parameters);
        self.run(&Subject {
            names,
            tape: &|| self.tape(),
            record: &|tape, point| {
                for (parameter, x) in parameters.iter().zip(point) {
                    parameter.set(x);
                }
                let leaves = parameters.iter().map(|p| tape.watch(p)).collect();
                (leaves, f(tape).into_outputs())
            },
            point: restore.values().to_vec(),
        })
    }

    /// A new tape of the kind the function is run on.
    pub fn tape(&self) -> Tape {
        self.training.map_or_else(Tape::new, Tape::training)
    }

    fn run(&self, subject: &Subject<'_>) -> Result<Report, CheckError> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let outputs = subject.deterministic_outputs()?;
        let weights: Vec<Tensor<f64>> = outputs
            .iter()
            .map(|y| Tensor::from_vec(y.shape(), (0..y.len()).map(|_| weight(&mut rng)).collect()))
            .collect();
        let gradient = subject.gradient_at(&subject.point, &weights)?;
        let mut report = Report::new(self.tolerance, self.floor * largest(&outputs).max(1.0));
        match self.directions {
            None => self.by_component(subject, &weights, &gradient, &mut report)?,
            Some(n) => self.by_direction(subject, &weights, &gradient, n, &mut rng, &mut report)?,
        }
        if self.order == 2 {
            report.set_floor(self.floor * largest(&outputs).max(largest(&gradient)).max(1.0));
            for _ in 0..self.directions.unwrap_or(1) {
                let direction = subject.direction(&mut rng);
                self.second_order(subject, &weights, &gradient, &direction, &mut report)?;
                self.forward(subject, &outputs, &direction, &mut report)?;
            }
        }
        Ok(report)
    }

    /// Moves each component by itself.
    fn by_component(
        &self,
        subject: &Subject<'_>,
        weights: &[Tensor<f64>],
        gradient: &[Tensor<f64>],
        report: &mut Report,
    ) -> Result<(), CheckError> {
        for (i, (x, gradient)) in subject.point.iter().zip(gradient).enumerate() {
            let (values, analytical) = (x.to_vec(), gradient.to_vec());
            let mut numerical = Vec::with_capacity(values.len());
            for (j, (&value, &a)) in values.iter().zip(&analytical).enumerate() {
                let slope = |h: f64| {
                    let moved = |t: f64| subject.outputs_like(weights, &subject.moved_component(i, j, t));
                    Ok(vec![difference::of_weighted(moved, weights, h * value.abs().max(1.0))?])
                };
                numerical.push(self.settled(slope, &[a], report.floor())?[0]);
            }
            report.push(Quantity::Gradient, &subject.names[i], x.shape(), numerical, analytical);
        }
        Ok(())
    }

    /// Moves all components at once, along random directions.
    fn by_direction(
        &self,
        subject: &Subject<'_>,
        weights: &[Tensor<f64>],
        gradient: &[Tensor<f64>],
        n: usize,
        rng: &mut ChaCha8Rng,
        report: &mut Report,
    ) -> Result<(), CheckError> {
        let (mut numerical, mut analytical) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for _ in 0..n {
            let direction = subject.direction(rng);
            let a = subject::dot(gradient, &direction);
            let slope = |h: f64| {
                let moved = |t: f64| subject.outputs_like(weights, &subject.moved(&direction, t));
                Ok(vec![difference::of_weighted(moved, weights, h)?])
            };
            numerical.push(self.settled(slope, &[a], report.floor())?[0]);
            analytical.push(a);
        }
        report.push(Quantity::Gradient, "random directions", &[n], numerical, analytical);
        Ok(())
    }

    /// Compares the change of the gradient along a random direction with the second derivatives, and the
    /// recorded gradient with the plain one.
    fn second_order(
        &self,
        subject: &Subject<'_>,
        weights: &[Tensor<f64>],
        gradient: &[Tensor<f64>],
        direction: &[Tensor<f64>],
        report: &mut Report,
    ) -> Result<(), CheckError> {
        let (recorded, product) = subject.hessian_product(weights, direction)?;
        let slope = |h: f64| {
            let moved = |t: f64| Ok(flat(&subject.gradient_at(&subject.moved(direction, t), weights)?));
            difference::of_vector(moved, h)
        };
        let numerical = self.settled(slope, &flat(&product), report.floor())?;
        let mut rest = &numerical[..];
        for (i, name) in subject.names.iter().enumerate() {
            let (own, after) = rest.split_at(product[i].len());
            rest = after;
            let shape = subject.point[i].shape();
            report.push(Quantity::Replay, name, shape, gradient[i].to_vec(), recorded[i].to_vec());
            report.push(Quantity::SecondOrder, name, shape, own.to_vec(), product[i].to_vec());
        }
        Ok(())
    }

    /// Compares the change of the outputs along a direction with their derivatives in forward mode.
    fn forward(
        &self,
        subject: &Subject<'_>,
        outputs: &[Tensor<f64>],
        direction: &[Tensor<f64>],
        report: &mut Report,
    ) -> Result<(), CheckError> {
        let derivatives = flat(&subject.forward_product(direction));
        let slope = |h: f64| {
            let moved = |t: f64| Ok(flat(&subject.outputs_like(outputs, &subject.moved(direction, t))?));
            difference::of_vector(moved, h)
        };
        let numerical = self.settled(slope, &derivatives, report.floor())?;
        report.push(Quantity::Forward, "all outputs", &[derivatives.len()], numerical, derivatives);
        Ok(())
    }

    /// The derivative that `slope` measures with a step: by the default step if that agrees with the
    /// analytical one, otherwise by that which changes least from one step to the next smaller one.
    fn settled(
        &self,
        slope: impl Fn(f64) -> Result<Vec<f64>, CheckError>,
        analytical: &[f64],
        floor: f64,
    ) -> Result<Vec<f64>, CheckError> {
        let first = slope(self.epsilon)?;
        if report::distance(&first, analytical, floor) < self.tolerance {
            return Ok(first);
        }
        // A larger step may leave the function's domain; it only tells how well the default one does.
        let coarse = slope(8.0 * self.epsilon);
        let change = coarse.map_or(f64::INFINITY, |coarse| report::distance(&coarse, &first, floor));
        let mut best = (change, first.clone());
        let mut last = first;
        for shrink in [8.0, 64.0, 512.0] {
            let next = slope(self.epsilon / shrink)?;
            let change = report::distance(&last, &next, floor);
            if change < best.0 {
                best = (change, next.clone());
            }
            last = next;
        }
        Ok(best.1)
    }
}

/// The elements of all tensors in one row.
fn flat(tensors: &[Tensor<f64>]) -> Vec<f64> {
    tensors.iter().flat_map(Tensor::to_vec).collect()
}

fn largest(tensors: &[Tensor<f64>]) -> f64 {
    tensors.iter().flat_map(|x| x.to_vec()).fold(0.0, |m, x| m.max(x.abs()))
}

/// A random number between ½ and 1½ or between −1½ and −½.
fn weight(rng: &mut ChaCha8Rng) -> f64 {
    let size = rng.random_range(0.5..1.5);
    if rng.random() { size } else { -size }
}
