//! Local response normalization, across neighbouring channels.

use smallvec::smallvec;

use super::super::{one, only, single};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors, builtin};
use crate::kernels::local_response::LocalResponse;
use crate::shape::{ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(LocalResponseNorm);

/// y = x·d^(−β) with d = k + α/size·Σ x² over a window of `size` channels around each; fused.
///
/// The window of channel c goes from c − ⌊size/2⌋ to c + ⌊(size − 1)/2⌋; channels that do not exist count as 0. With
/// t = dy·x·d^(−β−1): dx = dy·d^(−β) − 2αβ/size·x·Σ t over the windows that hold x.
#[derive(Clone, Copy, Debug)]
pub struct LocalResponseNorm {
    /// The channels of a window.
    pub size: usize,
    /// The factor α, which is divided by the size.
    pub alpha: f64,
    /// The exponent β.
    pub beta: f64,
    /// The constant k.
    pub k: f64,
}

impl LocalResponseNorm {
    /// How many channels a window reaches back and ahead of its own, where there are so many.
    fn reach(&self, channels: usize) -> [usize; 2] {
        [self.size / 2, (self.size - 1) / 2].map(|n| n.min(channels.saturating_sub(1)))
    }

    fn kernel(&self, x: &[usize]) -> LocalResponse {
        let [before, after] = self.reach(x[1]);
        LocalResponse {
            batch: x[0],
            channels: x[1],
            positions: x[2..].iter().product(),
            before,
            after,
            scale: self.alpha / self.size as f64,
            beta: self.beta,
            k: self.k,
        }
    }
}

impl<T: Float> Function<T> for LocalResponseNorm {
    fn name(&self) -> &'static str {
        "local_response_norm"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        if inputs[0].len() < 3 {
            return Err(ShapeError::new("the input is not [batch, channels, positions, …]"));
        }
        if self.size == 0 {
            return Err(ShapeError::new("a window of 0 channels is none"));
        }
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let x = inputs[0].contiguous();
        Value::build(x.shape(), |y| self.kernel(x.shape()).forward(x.as_slice().expect("row-major"), y))
            .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (x, dy) = (cx.input(0).value.contiguous(), only(grads).value.contiguous());
        let (x_elements, dy) = (x.as_slice().expect("row-major"), dy.as_slice().expect("row-major"));
        let dx = Value::build(x.shape(), |dx| self.kernel(x.shape()).backward(x_elements, dy, dx));
        single(dx.into())
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

impl<T: Float> Composed<T> for LocalResponseNorm {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let x = &inputs[0];
        if x.is_empty() {
            return smallvec![x.clone()];
        }
        let [before, after] = self.reach(x.shape()[1]);
        let mut widths = vec![(0, 0); x.ndim()];
        widths[1] = (before as isize, after as isize);
        let squares = x.square().pad(widths, 0.0).windows(1, before + after + 1, 1).sum(-1);
        let denominators = squares * (self.alpha / self.size as f64) + self.k;
        smallvec![x * denominators.pow(-self.beta)]
    }
}

impl<T: Float> Tensor<T> {
    /// Local response normalization of [N, C, …]: y = x/(k + α/size·Σ x²)^β, with the sum over the `size` channels
    /// around each: from ⌊size/2⌋ before it to ⌊(size − 1)/2⌋ after it, as far as they exist.
    ///
    /// PyTorch's defaults are α = 1e-4, β = 0.75, k = 1; like PyTorch and Caffe it divides α by the size. Krizhevsky,
    /// Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks" (2012) do not: their
    /// k = 2, n = 5, α = 1e-4, β = 0.75 is `local_response_norm(5, 5e-4, 0.75, 2.0)`. GoogLeNet's paper
    /// ("Going deeper with convolutions", 2014) prints no constants; its published Caffe model has size 5,
    /// α = 1e-4, β = 0.75 and k = 1, which are these arguments as they stand.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 3, 1], vec![1.0, 2.0, 4.0]);
    /// let y = x.local_response_norm(2, 2.0, 1.0, 0.0);
    /// let expected = [1.0, 2.0 / (1.0 + 4.0), 4.0 / (4.0 + 16.0)];
    /// assert!(y.to_vec().iter().zip(expected).all(|(y, z)| (y - z).abs() < 1e-12));
    /// ```
    ///
    /// # Panics
    /// If the input has fewer than three axes or the size is 0.
    #[track_caller]
    pub fn local_response_norm(&self, size: usize, alpha: f64, beta: f64, k: f64) -> Self {
        apply_one(LocalResponseNorm { size, alpha, beta, k }, &[self])
    }
}
