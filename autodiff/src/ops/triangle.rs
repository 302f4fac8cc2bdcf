//! The triangles of matrices.

use super::{one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::arrange;
use crate::shape::{ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Triangle);

/// The elements of one triangle of each matrix, zeros elsewhere. Rule: dx = the triangle of dy.
#[derive(Clone, Copy, Debug)]
pub struct Triangle {
    /// Whether it is the lower one, j ≤ i + diagonal; else the upper one, j ≥ i + diagonal.
    pub lower: bool,
    /// The diagonal that bounds it: 0 is the main one, positive numbers lie above it.
    pub diagonal: isize,
}

impl<T: Float> Function<T> for Triangle {
    fn name(&self) -> &'static str {
        if self.lower { "tril" } else { "triu" }
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        if inputs[0].len() < 2 {
            return Err(ShapeError::new("a triangle is part of a matrix, which has at least two axes"));
        }
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        let [.., rows, columns] = *x.shape() else { unreachable!("checked by output_shapes") };
        Value::build(x.shape(), |out| {
            let x = x.as_slice().expect("row-major");
            arrange::triangle(x, [rows, columns], self.lower, self.diagonal, out);
        })
        .into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(*self, &[only(grads)]))
    }
}

impl<T: Float> Tensor<T> {
    /// The lower triangle of each matrix of [.., m, n]: the elements with j ≤ i + `diagonal`, zeros elsewhere.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::ones([2, 3]);
    /// assert_eq!(x.tril(0).to_vec(), [1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    /// assert_eq!(x.tril(-1).to_vec(), [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has fewer than two axes.
    #[track_caller]
    pub fn tril(&self, diagonal: isize) -> Self {
        apply_one(Triangle { lower: true, diagonal }, &[self])
    }

    /// The upper triangle of each matrix of [.., m, n]: the elements with j ≥ i + `diagonal`, zeros elsewhere.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::ones([2, 3]);
    /// assert_eq!(x.triu(0).to_vec(), [1.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    /// assert_eq!(x.triu(1).to_vec(), [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has fewer than two axes.
    #[track_caller]
    pub fn triu(&self, diagonal: isize) -> Self {
        apply_one(Triangle { lower: false, diagonal }, &[self])
    }
}
