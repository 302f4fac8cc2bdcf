//! What a checked function may return.

use crate::{Float, Tensor};

/// One tensor or several: what a function under [`check`](super) returns.
pub trait IntoOutputs<T: Float> {
    /// The tensors in their order.
    fn into_outputs(self) -> Vec<Tensor<T>>;
}

impl<T: Float> IntoOutputs<T> for Tensor<T> {
    fn into_outputs(self) -> Vec<Tensor<T>> {
        vec![self]
    }
}

impl<T: Float> IntoOutputs<T> for Vec<Tensor<T>> {
    fn into_outputs(self) -> Vec<Tensor<T>> {
        self
    }
}

impl<T: Float, const N: usize> IntoOutputs<T> for [Tensor<T>; N] {
    fn into_outputs(self) -> Vec<Tensor<T>> {
        self.into()
    }
}

impl<T: Float, A: IntoOutputs<T>, B: IntoOutputs<T>> IntoOutputs<T> for (A, B) {
    fn into_outputs(self) -> Vec<Tensor<T>> {
        let mut all = self.0.into_outputs();
        all.extend(self.1.into_outputs());
        all
    }
}

impl<T: Float, A: IntoOutputs<T>, B: IntoOutputs<T>, C: IntoOutputs<T>> IntoOutputs<T> for (A, B, C) {
    fn into_outputs(self) -> Vec<Tensor<T>> {
        ((self.0, self.1), self.2).into_outputs()
    }
}
