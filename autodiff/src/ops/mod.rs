//! The operations: each a struct with its shape rule, its forward pass, its backward rule and its
//! documentation, and the method of [`Tensor`] that applies it.
//!
//! Adding an operation means one struct here, its name in the line of `builtin!`, one method, and one row in
//! the table that drives the gradient tests (`tests/operations/`). The structs are public so that they can be
//! applied with [`try_apply`](crate::try_apply).

mod activation;
mod arithmetic;
mod choice;
mod comparison;
mod convolution;
mod curve;
mod diagonal;
mod dropout;
mod einsum;
mod elementwise;
mod embedding;
mod epilogue;
mod error_function;
mod exponential;
mod index_update;
mod indexing;
mod interpolation;
mod layout;
mod linear_algebra;
mod loss;
mod masking;
mod matmul;
mod norm;
mod normalization;
mod one_hot;
mod padding;
mod patches;
mod pixel_shuffle;
mod pooling;
mod product;
mod recurrent;
mod reduction;
mod repetition;
mod reversal;
mod rounding;
mod scan;
mod sizes;
mod slicing;
mod softmax;
mod sorting;
mod splitting;
mod triangle;
mod trigonometric;

pub use activation::*;
pub use arithmetic::*;
pub use choice::*;
pub use comparison::*;
pub use convolution::*;
pub use diagonal::*;
pub use dropout::*;
pub use elementwise::*;
pub use embedding::*;
pub use epilogue::Epilogue;
pub use error_function::*;
pub use exponential::*;
pub use index_update::*;
pub use indexing::*;
pub use interpolation::*;
pub use layout::*;
pub use loss::*;
pub use matmul::*;
pub use norm::*;
pub use normalization::*;
pub use padding::*;
pub use patches::*;
pub use pooling::*;
pub use product::*;
pub use recurrent::*;
pub use reduction::*;
pub use repetition::*;
pub use reversal::*;
pub use scan::*;
pub use sizes::*;
pub use slicing::*;
pub use softmax::*;
pub use sorting::*;
pub use splitting::*;
pub use triangle::*;
pub use trigonometric::*;

use smallvec::smallvec;

use crate::Float;
use crate::function::InputGradients;
use crate::kernels::{broadcast, vector};
use crate::shape::{ShapeError, Shapes, broadcast as broadcast_shapes, copied, same};
use crate::tensor::Tensor;
use crate::value::Value;

/// One output of this shape.
fn one(shape: &[usize]) -> Shapes {
    smallvec![copied(shape)]
}

/// The axis must be one of the shape's: a function's struct can be made with any.
fn check_axis(axis: usize, shape: &[usize]) -> Result<(), ShapeError> {
    if axis < shape.len() {
        return Ok(());
    }
    Err(ShapeError::new(format!("axis {axis} is out of range for a tensor of rank {}", shape.len())))
}

/// The gradient of the only input.
fn single<T: Float>(gradient: Tensor<T>) -> InputGradients<T> {
    smallvec![Some(gradient)]
}

/// The only output's gradient, which is there whenever a rule is called.
fn only<T: Float>(grads: &[Option<Tensor<T>>]) -> &Tensor<T> {
    grads[0].as_ref().expect("a rule is called when a gradient has arrived")
}

/// f of each element.
fn map<T: Float>(x: &Value<T>, f: impl Fn(T) -> T + Copy + Send + Sync) -> Value<T> {
    let x = x.contiguous();
    Value::build(x.shape(), |out| vector::map(x.as_slice().expect("row-major"), out, f))
}

/// f of each pair of elements, broadcast.
fn map2<T: Float>(a: &Value<T>, b: &Value<T>, f: impl Fn(T, T) -> T + Copy + Send + Sync) -> Value<T> {
    if same(a.shape(), b.shape())
        && let (Some(a_elements), Some(b_elements)) = (a.as_slice(), b.as_slice())
    {
        return Value::build(a.shape(), |out| vector::map2(a_elements, b_elements, out, f));
    }
    let shape = broadcast_shapes(a.shape(), b.shape()).expect("checked by output_shapes");
    Value::build(&shape, |out| broadcast::map2_broadcast(a.view(), b.view(), &shape, out, f))
}
