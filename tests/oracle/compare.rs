//! Runs a case and compares all it gives with what the file says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use wengert::prelude::*;

use crate::cases::{Array, Case, Expected};
use crate::operations::Operation;

/// How the inputs lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    RowMajor,
    /// First axis fastest: a view for most kernels.
    ColumnMajor,
    /// Every second element of a longer last axis: no dense layout at all.
    Strided,
}

/// One way to run the cases.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) layout: Layout,
    /// The largest difference allowed, relative to the largest entry.
    pub(crate) tolerance: f64,
}

impl Run {
    fn tensor<T: Float>(self, shape: &[usize], values: &[f64]) -> Tensor<T> {
        let dense = ArrayD::from_shape_vec(shape, values.iter().map(|&x| T::from_f64(x)).collect())
            .expect("as many values as the shape holds");
        match self.layout {
            Layout::RowMajor => dense.into(),
            Layout::ColumnMajor => {
                let mut turned = ArrayD::from_elem(IxDyn(shape).f(), T::zero());
                turned.assign(&dense);
                turned.into()
            }
            Layout::Strided => match shape.split_last() {
                None => dense.into(),
                Some((&last, outer)) => {
                    let wide = [outer, &[last * 2]].concat();
                    let mut array = ArrayD::from_elem(wide, T::from_f64(77.0));
                    let axis = ndarray::Axis(outer.len());
                    let every_second = ndarray::Slice::new(0, None, 2);
                    array.slice_axis_mut(axis, every_second).assign(&dense);
                    Tensor::from(array).slice(-1, every_second)
                }
            },
        }
    }

    /// What differs, or panicked; nothing if all is well.
    pub(crate) fn failures<T: Float>(self, case: &Case, operation: Operation<T>) -> Vec<String> {
        let mut found = Vec::new();
        let run = AssertUnwindSafe(|| self.check(case, operation, &mut found));
        let panicked = catch_unwind(run).err();
        if let Some(payload) = panicked {
            let text = payload.downcast_ref::<String>().cloned();
            let text = text.or_else(|| payload.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            found.push(format!("it panicked: {}", text.unwrap_or_default()));
        }
        found.into_iter().map(|f| format!("{} ({}, {:?}): {f}", case.name, T::NAME, self.layout)).collect()
    }

    fn check<T: Float>(self, case: &Case, operation: Operation<T>, found: &mut Vec<String>) {
        let start = || {
            let tape = if case.op == "dropout" && case.options.flag("training") {
                Tape::training(0)
            } else {
                Tape::new()
            };
            let variable = |x: &Array| tape.variable::<T>(self.tensor(&x.shape, &x.numbers()));
            let inputs: Vec<Tensor<T>> = case.inputs.iter().map(variable).collect();
            let results = operation(&case.options, &inputs);
            (inputs, results)
        };
        let (inputs, results) = start();
        assert!(case.options.unread().is_empty(), "options nobody read: {:?}", case.options.unread());

        let count = (results.tensors.len(), results.integers.len());
        if count != (case.outputs.len(), case.integers.len()) {
            return found.push(format!("{count:?} tensors and indices"));
        }
        for (i, (y, expected)) in results.tensors.iter().zip(&case.outputs).enumerate() {
            if y.shape() != expected.shape {
                return found.push(format!("output {i} has shape {:?}, not {:?}", y.shape(), expected.shape));
            }
            found.extend(self.differs(&format!("output {i}"), &numbers(y), &expected.numbers()));
        }
        for (i, ((shape, values), expected)) in results.integers.iter().zip(&case.integers).enumerate() {
            let numbers: Vec<f64> = values.iter().map(|&x| x as f64).collect();
            if *shape != expected.shape || numbers != expected.numbers() {
                found.push(format!("indices {i} are {shape:?} {values:?}"));
            }
        }

        let first: Vec<_> = case.inputs.iter().zip(&case.first).map(|(x, g)| g.of(&x.shape)).collect();
        let second: Vec<_> = case.inputs.iter().zip(&case.second).map(|(x, g)| g.of(&x.shape)).collect();
        assert_eq!((first.len(), second.len()), (inputs.len(), inputs.len()));
        if !results.tensors.iter().any(Tensor::requires_grad) {
            if !first.iter().all(|g| matches!(g, Expected::Absent)) {
                found.push("no output wants a gradient".into());
            }
            return;
        }

        // The rules on plain values, the fused functions by their own kernels.
        let grads = dot(&results.tensors, weight).backward();
        self.compare_gradients("first order", &inputs, &grads, &first, found);

        // The rules recorded, the fused functions through what they are composed of.
        let (inputs, results) = start();
        let grads = dot(&results.tensors, weight).backward_with(Replay::new().create_graph(true));
        self.compare_gradients("first order, recorded", &inputs, &grads, &first, found);
        let linked: Vec<Tensor<T>> = inputs.iter().filter_map(|x| grads.get(x).cloned()).collect();
        let s = dot(&linked, direction);
        let grads = s.requires_grad().then(|| s.backward());
        for (i, (x, expected)) in inputs.iter().zip(&second).enumerate() {
            let expected = match expected {
                Expected::Numbers(expected) => expected,
                Expected::Singular => continue,
                Expected::Absent => {
                    found.push(format!("second order of input {i} is not in the file"));
                    continue;
                }
            };
            // A function without curvature may give zeros or nothing.
            let ours = match grads.as_ref().and_then(|grads| grads.get(x)) {
                Some(gradient) => numbers(gradient),
                None => vec![0.0; x.len()],
            };
            found.extend(self.differs(&format!("second order of input {i}"), &ours, expected));
        }
    }

    fn compare_gradients<T: Float>(
        self,
        what: &str,
        inputs: &[Tensor<T>],
        grads: &Gradients<T>,
        expected: &[Expected],
        found: &mut Vec<String>,
    ) {
        for (i, (x, expected)) in inputs.iter().zip(expected).enumerate() {
            let what = format!("{what} of input {i}");
            match (grads.get(x), expected) {
                (None, Expected::Absent) => {}
                (Some(ours), _) if ours.shape() != x.shape() => {
                    found.push(format!("{what} has shape {:?}, not {:?}", ours.shape(), x.shape()));
                }
                (Some(ours), Expected::Numbers(expected)) => {
                    found.extend(self.differs(&what, &numbers(ours), expected));
                }
                (Some(_), Expected::Singular) => {}
                (ours, expected) => {
                    found.push(format!("{what}: {ours:?} where {expected:?} was expected"));
                }
            }
        }
    }

    /// The worst entry, if it is too far off. NaN equals NaN, an infinity itself.
    fn differs(self, what: &str, ours: &[f64], expected: &[f64]) -> Option<String> {
        if ours.len() != expected.len() {
            return Some(format!("{what} has {} entries, not {}", ours.len(), expected.len()));
        }
        let largest = expected.iter().filter(|x| x.is_finite()).fold(0.0, |m: f64, x| m.max(x.abs()));
        let error = |a: f64, b: f64| match a == b || (a.is_nan() && b.is_nan()) {
            true => 0.0,
            false if a.is_finite() && b.is_finite() => (a - b).abs() / largest,
            false => f64::INFINITY,
        };
        let errors = ours.iter().zip(expected).map(|(&a, &b)| error(a, b)).enumerate();
        let (at, worst) = errors.fold((0, 0.0), |worst, e| if e.1 > worst.1 { e } else { worst });
        (worst > self.tolerance).then(|| {
            format!("{what}: entry {at} is {:e}, expected {:e}, off by {worst:.1e}", ours[at], expected[at])
        })
    }
}

fn numbers<T: Float>(x: &Tensor<T>) -> Vec<f64> {
    x.to_vec().into_iter().map(Float::to_f64).collect()
}

/// The weight of element k of the outputs, counted through all of them, as in `generate`.
fn weight(k: usize) -> f64 {
    ((k * 7 + 3) % 11) as f64 / 4.0 - 1.125
}

/// The same for the gradients.
fn direction(k: usize) -> f64 {
    ((k * 5 + 1) % 13) as f64 / 8.0 - 0.6875
}

/// The sum of all elements of the tensors, weighted.
fn dot<T: Float>(tensors: &[Tensor<T>], weight: fn(usize) -> f64) -> Tensor<T> {
    let mut start = 0;
    let mut total = Tensor::scalar(0.0);
    for x in tensors {
        let weights = (start..start + x.len()).map(|k| T::from_f64(weight(k))).collect();
        total = total + (x * Tensor::from_vec(x.shape(), weights)).sum(..);
        start += x.len();
    }
    total
}
