//! What an L-BFGS step asks of a program.

use autodiff::{Float, Gradients, Tensor};

/// A loss and its gradients: what the closure of [`Lbfgs::step`](crate::Lbfgs::step) returns.
///
/// Either the loss on its tape, which is replayed then, or the pair of its value and its gradients, where a
/// program has a hand in them: clips them, or adds those of several batches.
pub trait Evaluation<T: Float> {
    /// The loss's value and gradients.
    ///
    /// # Panics
    /// If a loss is no scalar, or lies on no tape.
    #[track_caller]
    fn loss_and_gradients(self) -> (T, Gradients<T>);
}

impl<T: Float> Evaluation<T> for Tensor<T> {
    fn loss_and_gradients(self) -> (T, Gradients<T>) {
        let gradients = self.backward();
        (self.item(), gradients)
    }
}

impl<T: Float> Evaluation<T> for (T, Gradients<T>) {
    fn loss_and_gradients(self) -> (T, Gradients<T>) {
        self
    }
}
