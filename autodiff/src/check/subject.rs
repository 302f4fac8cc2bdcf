//! What is checked: outputs that depend on a point.

use rand::rngs::ChaCha8Rng;

use super::{CheckError, weight};
use crate::replay::Mode;
use crate::transform::Start;
use crate::{Gradients, Replay, Tape, Tensor};

/// One tensor for each input, or for each output.
pub(super) type Tensors = Vec<Tensor<f64>>;

type Record<'a> = &'a dyn Fn(&Tape, &[Tensor<f64>]) -> (Tensors, Tensors);

/// A function of a point: a tensor for each input or parameter.
pub(super) struct Subject<'a> {
    pub(super) names: Vec<String>,
    pub(super) point: Tensors,
    /// A new tape, the same each time.
    pub(super) tape: &'a dyn Fn() -> Tape,
    /// Puts a point on a tape and runs the function there: the leaves and the outputs.
    pub(super) record: Record<'a>,
}

impl Subject<'_> {
    /// The outputs at the point, which two calls must agree on to the bit.
    pub(super) fn deterministic_outputs(&self) -> Result<Tensors, CheckError> {
        let first = self.outputs(&self.point)?;
        let second = self.outputs_like(&first, &self.point)?;
        for (output, (a, b)) in first.iter().zip(&second).enumerate() {
            let pairs = || a.to_vec().into_iter().zip(b.to_vec());
            if let Some((at, (first, second))) =
                pairs().enumerate().find(|(_, (a, b))| a.to_bits() != b.to_bits())
            {
                let index = coordinates(at, a.shape());
                return Err(CheckError::NotDeterministic { output, index, first, second });
            }
        }
        Ok(first)
    }

    /// The outputs at a point, all finite.
    fn outputs(&self, point: &[Tensor<f64>]) -> Result<Tensors, CheckError> {
        let (_, outputs) = (self.record)(&(self.tape)(), point);
        for (output, y) in outputs.iter().enumerate() {
            if let Some((at, value)) = y.to_vec().into_iter().enumerate().find(|(_, y)| !y.is_finite()) {
                return Err(CheckError::NotFinite { output, index: coordinates(at, y.shape()), value });
            }
        }
        Ok(outputs.iter().map(Tensor::detach).collect())
    }

    /// The outputs at a point, all finite and of the shapes of others.
    pub(super) fn outputs_like(
        &self,
        others: &[Tensor<f64>],
        point: &[Tensor<f64>],
    ) -> Result<Tensors, CheckError> {
        let outputs = self.outputs(point)?;
        same_shapes(others, &outputs)?;
        Ok(outputs)
    }

    /// The leaves, and the weighted sum of the outputs.
    fn weighted_sum(
        &self,
        point: &[Tensor<f64>],
        weights: &[Tensor<f64>],
    ) -> Result<(Tensors, Tensor<f64>), CheckError> {
        let (leaves, outputs) = (self.record)(&(self.tape)(), point);
        same_shapes(weights, &outputs)?;
        let parts = outputs.iter().zip(weights).map(|(y, w)| (y * w).sum(..));
        let sum = parts.reduce(|a, b| a + b).filter(Tensor::requires_grad);
        Ok((leaves, sum.ok_or(CheckError::NothingToCheck)?))
    }

    /// The gradient of the weighted sum at a point, zero where none flows.
    pub(super) fn gradient_at(
        &self,
        point: &[Tensor<f64>],
        weights: &[Tensor<f64>],
    ) -> Result<Tensors, CheckError> {
        let (leaves, sum) = self.weighted_sum(point, weights)?;
        Ok(of_leaves(&sum.backward(), &leaves))
    }

    /// The gradient of the weighted sum by a recorded replay, and the product of its Hessian with a direction.
    pub(super) fn hessian_product(
        &self,
        weights: &[Tensor<f64>],
        direction: &[Tensor<f64>],
    ) -> Result<(Tensors, Tensors), CheckError> {
        let (leaves, sum) = self.weighted_sum(&self.point, weights)?;
        let gradients = sum.backward_with(Replay::new().create_graph(true));
        let along = leaves
            .iter()
            .zip(direction)
            .filter_map(|(leaf, v)| gradients.get(leaf).map(|g| (g * v).sum(..)))
            .reduce(|a, b| a + b);
        // A function that is linear has a gradient that depends on nothing.
        let product = match along.filter(Tensor::requires_grad) {
            Some(along) => of_leaves(&along.backward(), &leaves),
            None => leaves.iter().map(|x| Tensor::zeros(x.shape())).collect(),
        };
        Ok((of_leaves(&gradients, &leaves), product))
    }

    /// The derivative of each output along a direction, in forward mode.
    pub(super) fn forward_product(&self, direction: &[Tensor<f64>]) -> Tensors {
        let tape = (self.tape)();
        let start = Start::of::<f64>(tape);
        let (leaves, outputs) = (self.record)(start.tape(), &self.point);
        let outputs: Vec<&Tensor<f64>> = outputs.iter().collect();
        let leaves: Vec<&Tensor<f64>> = leaves.iter().collect();
        start.push_forward(&outputs, &leaves, &direction.iter().collect::<Vec<_>>(), Mode::Retain)
    }

    /// The point with one component moved.
    pub(super) fn moved_component(&self, input: usize, at: usize, by: f64) -> Tensors {
        let mut point = self.point.clone();
        let mut values = point[input].to_vec();
        values[at] += by;
        point[input] = Tensor::from_vec(self.point[input].shape(), values);
        point
    }

    /// The point moved along a direction.
    pub(super) fn moved(&self, direction: &[Tensor<f64>], by: f64) -> Tensors {
        self.point.iter().zip(direction).map(|(x, v)| x + v * by).collect()
    }

    /// A random direction in which every component moves, by more where it is larger. Its length is about
    /// that of a step of one component, whatever the number of components.
    pub(super) fn direction(&self, rng: &mut ChaCha8Rng) -> Tensors {
        let n = self.point.iter().map(Tensor::len).sum::<usize>().max(1) as f64;
        let mut along = |x: f64| weight(rng) * x.abs().max(1.0) / n.sqrt();
        let part =
            |x: &Tensor<f64>| Tensor::from_vec(x.shape(), x.to_vec().into_iter().map(&mut along).collect());
        self.point.iter().map(part).collect()
    }
}

/// The sum of the products of all elements.
pub(super) fn dot(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a * b).sum(..).item()).sum()
}

fn of_leaves(gradients: &Gradients<f64>, leaves: &[Tensor<f64>]) -> Tensors {
    leaves.iter().map(|x| gradients.get(x).map_or_else(|| Tensor::zeros(x.shape()), Tensor::detach)).collect()
}

fn same_shapes(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> Result<(), CheckError> {
    if a.iter().map(Tensor::shape).eq(b.iter().map(Tensor::shape)) {
        return Ok(());
    }
    Err(CheckError::ShapesChanged { first: shapes(a), second: shapes(b) })
}

fn shapes(tensors: &[Tensor<f64>]) -> Vec<Vec<usize>> {
    tensors.iter().map(|x| x.shape().to_vec()).collect()
}

/// The coordinates of an element of a row-major array.
pub(super) fn coordinates(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (i, &n) in index.iter_mut().zip(shape).rev() {
        *i = at % n;
        at /= n;
    }
    index
}
