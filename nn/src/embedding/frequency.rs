//! Gradients by how often an id occurs.

use std::collections::HashMap;

use autodiff::function::{Backward, Forward, Function, InputGradients, Outputs};
use autodiff::{Float, Indices, Shape, ShapeError, Shapes, Tensor, Value, apply};

/// y = x, with the rule dx = dy·f.
struct ScaledGradient<T: Float> {
    factors: Tensor<T>,
}

impl<T: Float> Function<T> for ScaledGradient<T> {
    fn name(&self) -> &'static str {
        "scale_grad_by_freq"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok([Shape::from_slice(inputs[0])].into_iter().collect())
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        inputs[0].clone().into()
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        grads.iter().map(|dy| dy.as_ref().map(|dy| dy * &self.factors)).collect()
    }
}

/// The rows looked up, [ids…, features], whose gradients are divided by the number of times that their id occurs.
#[track_caller]
pub(super) fn scaled<T: Float>(rows: &Tensor<T>, ids: &Indices) -> Tensor<T> {
    let mut counts = HashMap::new();
    for &id in ids.as_slice() {
        *counts.entry(id).or_insert(0.0) += 1.0;
    }
    let factors = ids.as_slice().iter().map(|id| T::from_f64(1.0 / counts[id])).collect();
    let factors = Tensor::from_vec(ids.shape(), factors).unsqueeze(-1);
    apply(ScaledGradient { factors }, &[rows]).remove(0)
}
