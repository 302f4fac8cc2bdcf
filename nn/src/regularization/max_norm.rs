//! A limit to the norms of weights, imposed after a step.

use autodiff::{Float, Parameter};
use serde::{Deserialize, Serialize};

use crate::ConfigError;
use crate::config::{Check, expect, two};

/// Scales the slices of parameters along an axis down to a largest norm: w ← w·min(1, max / ‖w‖).
///
/// A weight is [out, in, …], so the slices along axis 0, the default, are what leads into one neuron each. Slices
/// within the limit stay as they are to the bit. As in `torch.renorm` the others are divided by ‖w‖ + 1e-7, which
/// leaves them just below the limit. After Srebro and Shraibman, "Rank, trace-norm and max-norm" (2005), and Hinton
/// et al., "Improving neural networks by preventing co-adaptation of feature detectors" (2012).
///
/// ```
/// use wengert::nn::regularization::MaxNorm;
/// use wengert::prelude::*;
///
/// let weight = Parameter::new(Tensor::<f64>::from_vec([2, 2], vec![3.0, 4.0, 0.5, 0.0]));
/// MaxNorm::new(1.0).apply([&weight]);
/// let rows = weight.value().norm(2.0, 1).to_vec();
/// assert!((rows[0] - 1.0).abs() < 1e-7 && rows[1] == 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxNorm {
    max: f64,
    #[serde(default = "two")]
    p: f64,
    #[serde(default)]
    axis: usize,
}

impl MaxNorm {
    /// With the largest Euclidean norm along axis 0.
    pub const fn new(max: f64) -> Self {
        Self { max, p: 2.0, axis: 0 }
    }

    /// Which p-norm, p > 0; `f64::INFINITY` for the largest size (default: 2).
    pub const fn p(mut self, p: f64) -> Self {
        self.p = p;
        self
    }

    /// The axis whose slices are limited, each by itself (default: 0).
    pub const fn axis(mut self, axis: usize) -> Self {
        self.axis = axis;
        self
    }

    /// Whether the limit is one.
    ///
    /// # Errors
    /// The largest norm is negative or NaN, or p is not positive.
    pub fn check(&self) -> Result<(), ConfigError> {
        let check = Check("MaxNorm");
        check.that(self.max >= 0.0, "max", self.max, "a number from 0 on")?;
        check.that(self.p > 0.0, "p", self.p, "a positive number")
    }

    /// Limits these parameters: after each step of the optimizer.
    ///
    /// # Panics
    /// If the limit is none, or a parameter has no such axis.
    #[track_caller]
    pub fn apply<'a, T: Float>(&self, parameters: impl IntoIterator<Item = &'a Parameter<T>>) {
        expect(self.check());
        for parameter in parameters {
            let shape = parameter.shape();
            if self.axis >= shape.len() {
                panic!("MaxNorm: a parameter of shape {shape:?} has no axis {}", self.axis);
            }
            // Elements are [before, slices, after].
            let (slices, after) = (shape[self.axis], shape[self.axis + 1..].iter().product::<usize>());
            parameter.update(|values| {
                let values = values.as_slice_mut().expect("the view is row-major");
                let slice = |i: usize| i / after % slices;
                let mut norms = vec![0.0f64; slices];
                for (i, x) in values.iter().enumerate() {
                    let (size, norm) = (Float::to_f64(*x).abs(), &mut norms[slice(i)]);
                    *norm = match self.p {
                        f64::INFINITY => norm.max(size),
                        2.0 => *norm + size * size,
                        p => *norm + size.powf(p),
                    };
                }
                let factor = |norm: f64| {
                    let norm = if self.p == f64::INFINITY { norm } else { norm.powf(1.0 / self.p) };
                    (norm > self.max).then(|| self.max / (norm + 1e-7))
                };
                let factors: Vec<Option<f64>> = norms.into_iter().map(factor).collect();
                for (i, x) in values.iter_mut().enumerate() {
                    if let Some(factor) = factors[slice(i)] {
                        *x = T::from_f64(Float::to_f64(*x) * factor);
                    }
                }
            });
        }
    }
}
