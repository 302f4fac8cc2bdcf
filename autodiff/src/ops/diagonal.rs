//! Diagonals taken out of two axes, and put there.

use smallvec::smallvec;

use super::{check_axis, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::diagonal::Diagonals;
use crate::shape::{Shape, ShapeError, Shapes, refuse, resolve_axis};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Diagonal, DiagonalEmbed);

/// The diagonals of the matrices in two axes, as a last axis in their stead. Rule: dx = dy placed on the
/// diagonals of zeros.
#[derive(Clone, Copy, Debug)]
pub struct Diagonal {
    /// Which diagonal: 0 the main one, positive above it, negative below.
    pub offset: isize,
    /// The axis of the rows, and that of the columns.
    pub axes: [usize; 2],
}

impl Diagonal {
    fn diagonals(&self) -> Diagonals {
        Diagonals { offset: self.offset, axes: self.axes }
    }

    fn taken_shape(&self, shape: &[usize]) -> Result<Shape, ShapeError> {
        self.axes.iter().try_for_each(|&axis| check_axis(axis, shape))?;
        if self.axes[0] == self.axes[1] {
            return Err(ShapeError::new(format!("axis {} has no diagonal with itself", self.axes[0])));
        }
        let kept = (0..shape.len()).filter(|axis| !self.axes.contains(axis)).map(|axis| shape[axis]);
        Ok(kept.chain([self.diagonals().len(shape)]).collect())
    }
}

impl<T: Float> Function<T> for Diagonal {
    fn name(&self) -> &'static str {
        "diagonal"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(smallvec![self.taken_shape(inputs[0])?])
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        let shape = self.taken_shape(x.shape()).expect("checked by output_shapes");
        let take = |y: &mut [T]| self.diagonals().take(x.as_slice().expect("row-major"), x.shape(), y);
        Value::build(&shape, take).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let embed = DiagonalEmbed { diagonal: *self, shape: Shape::from_slice(cx.input_shape(0)) };
        single(apply_one(embed, &[only(grads)]))
    }
}

/// The last axis put on the diagonals of matrices of zeros in two axes: the adjoint of [`Diagonal`]. Rule: dx =
/// the diagonals of dy.
#[derive(Clone, Debug)]
pub struct DiagonalEmbed {
    /// Which diagonals.
    pub diagonal: Diagonal,
    /// The shape of the result.
    pub shape: Shape,
}

impl<T: Float> Function<T> for DiagonalEmbed {
    fn name(&self) -> &'static str {
        "diag_embed"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let taken = self.diagonal.taken_shape(&self.shape)?;
        if taken[..] != *inputs[0] {
            return Err(ShapeError::new(format!(
                "the diagonals of {:?} have the shape {:?}",
                &self.shape[..],
                &taken[..]
            )));
        }
        Ok(one(&self.shape))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let y = inputs[0].contiguous();
        let place = |x: &mut [T]| {
            x.fill(T::zero());
            self.diagonal.diagonals().place(y.as_slice().expect("row-major"), &self.shape, x);
        };
        Value::build(&self.shape, place).into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        single(apply_one(self.diagonal, &[only(grads)]))
    }
}

impl<T: Float> Tensor<T> {
    /// The diagonals of the matrices whose rows lie along `axis1` and columns along `axis2`. The two axes are
    /// removed, and the one along the diagonals comes last. An offset above 0 takes a diagonal above the main
    /// one, one below 0 a diagonal below.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(x.diagonal(0, 0, 1).to_vec(), [1.0, 5.0]);
    /// assert_eq!(x.diagonal(1, 0, 1).to_vec(), [2.0, 6.0]);
    /// assert_eq!(x.diagonal(-1, 0, 1).to_vec(), [4.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range, or both are the same.
    #[track_caller]
    pub fn diagonal(&self, offset: isize, axis1: isize, axis2: isize) -> Self {
        let axes = [self.axis("diagonal", axis1), self.axis("diagonal", axis2)];
        apply_one(Diagonal { offset, axes }, &[self])
    }

    /// Matrices of zeros with the last axis on a diagonal. Their rows lie along `axis1` of the result and their
    /// columns along `axis2`; they are square and as large as the offset asks for. In PyTorch the axes are −2
    /// and −1 unless said otherwise.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
    /// assert_eq!(x.diag_embed(0, -2, -1).to_vec(), [1.0, 0.0, 0.0, 2.0]);
    /// assert_eq!(x.diag_embed(1, 0, 1).shape(), [3, 3]);
    /// ```
    ///
    /// # Panics
    /// If the tensor has no axis, an axis is out of range for the result, or both are the same.
    #[track_caller]
    pub fn diag_embed(&self, offset: isize, axis1: isize, axis2: isize) -> Self {
        let Some((&n, kept)) = self.shape().split_last() else {
            let error = ShapeError::new("a number is no diagonal");
            refuse(error.of("diag_embed", &[self.shape()]));
        };
        let resolved = resolve_axis(axis1, self.ndim() + 1)
            .and_then(|a| resolve_axis(axis2, self.ndim() + 1).map(|b| [a, b]))
            .and_then(|axes| match axes[0] == axes[1] {
                true => Err(ShapeError::new(format!("axis {} has no diagonal with itself", axes[0]))),
                false => Ok(axes),
            });
        let axes = match resolved {
            Ok(axes) => axes,
            Err(error) => refuse(error.of("diag_embed", &[self.shape()])),
        };
        let mut kept = kept.iter();
        let side = n.saturating_add(offset.unsigned_abs());
        let size = |axis| if axes.contains(&axis) { side } else { *kept.next().expect("as many axes") };
        let shape = (0..=self.ndim()).map(size).collect();
        apply_one(DiagonalEmbed { diagonal: Diagonal { offset, axes }, shape }, &[self])
    }

    /// The sum of the main diagonal of a matrix.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.trace().item(), 5.0);
    /// ```
    ///
    /// # Panics
    /// If the tensor is no matrix.
    #[track_caller]
    pub fn trace(&self) -> Self {
        if self.ndim() != 2 {
            let error = ShapeError::new(format!("a tensor of rank {} is no matrix", self.ndim()));
            refuse(error.of("trace", &[self.shape()]));
        }
        self.diagonal(0, 0, 1).sum(..)
    }
}
