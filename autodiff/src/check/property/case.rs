//! A case: inputs, how they lie in memory, and the operation's options.

use std::fmt;
use std::sync::Arc;

use crate::{Float, Tensor};
use ndarray::Slice;

/// How an input lies in memory when the operation sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Row-major.
    Contiguous,
    /// A transposed view: the axes reversed in memory.
    Transposed,
    /// A view that goes backward through one axis of its buffer.
    Reversed(usize),
    /// A view of every second element of one axis of its buffer.
    Stepped(usize),
    /// The middle of a larger axis.
    Inner(usize),
}

impl Layout {
    /// The same tensor, lying like this, and connected to the one given.
    pub fn of<T: Float>(self, x: &Tensor<T>) -> Tensor<T> {
        let copied = |x: &Tensor<T>| x.reshape([x.len()]).reshape(x.shape());
        match self {
            Self::Contiguous => x.clone(),
            Self::Transposed => {
                let axes: Vec<isize> = (0..x.ndim() as isize).rev().collect();
                copied(&x.permute(&axes)).permute(&axes)
            }
            Self::Reversed(axis) => {
                let backward = Slice::new(0, None, -1);
                copied(&x.slice(axis as isize, backward)).slice(axis as isize, backward)
            }
            Self::Stepped(axis) => {
                let mut widths = vec![(0, 0); x.ndim() + 1];
                widths[axis + 1] = (0, 1);
                let mut shape = x.shape().to_vec();
                shape[axis] *= 2;
                let spread = x.unsqueeze(axis as isize + 1).pad(&widths, 9.0).reshape(&shape);
                spread.slice(axis as isize, Slice::new(0, None, 2))
            }
            Self::Inner(axis) => {
                let mut widths = vec![(0, 0); x.ndim()];
                widths[axis] = (2, 1);
                let n = x.shape()[axis] as isize;
                x.pad(&widths, 9.0).slice(axis as isize, 2..2 + n)
            }
        }
    }
}

/// One input.
#[derive(Clone)]
pub struct Input {
    /// The sizes of the axes.
    pub shape: Vec<usize>,
    /// The elements in row-major order.
    pub values: Vec<f64>,
    /// How it lies in memory.
    pub layout: Layout,
}

impl Input {
    /// The input, row-major.
    pub fn tensor(&self) -> Tensor<f64> {
        Tensor::from_vec(&self.shape, self.values.clone())
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {:?}, ", self.shape, self.layout)?;
        match self.values.len() {
            0..=200 => write!(f, "{:?}", self.values),
            n => write!(f, "{n} values in random order"),
        }
    }
}

/// An operation at one element type, with its options filled in.
pub(super) type Run<T> = Arc<dyn Fn(&[Tensor<T>]) -> Vec<Tensor<T>> + Send + Sync>;

/// The inputs of an operation, and the operation with its options.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) inputs: Vec<Input>,
    pub(super) options: String,
    pub(super) double: Run<f64>,
    pub(super) single: Run<f32>,
}

impl Case {
    pub(super) fn tensors(&self) -> Vec<Tensor<f64>> {
        self.inputs.iter().map(Input::tensor).collect()
    }

    /// The inputs as the operation is to see them.
    pub(super) fn lay_out<T: Float>(&self, tensors: &[Tensor<T>]) -> Vec<Tensor<T>> {
        self.inputs.iter().zip(tensors).map(|(input, x)| input.layout.of(x)).collect()
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, input) in self.inputs.iter().enumerate() {
            writeln!(f, "  input {i}: {input:?}")?;
        }
        write!(f, "  options: {}", self.options)
    }
}
