//! Penalties on weights as terms of the loss.

use autodiff::{Float, Parameter, Tensor};
use serde::{Deserialize, Serialize};

/// A term of the loss that grows with the weights: λ₁‖w‖₁ + λ₂/2‖w‖₂², summed over all elements of the chosen
/// parameters.
///
/// The regularized cost over m examples is often written J = 1/m ΣL + λ/(2m) ‖w‖²: that is
/// `Penalty::l2(lambda / m)` beside the mean loss, and adds λ/m·w to the gradient. λ₁‖w‖₁ adds λ₁·sign(w), 0 where a
/// weight is 0, and drives weights to exactly 0 on average. Both together are the elastic net.
///
/// ```
/// use wengert::nn::regularization::Penalty;
/// use wengert::prelude::*;
///
/// let model = Linear::<f64>::new(3, 1, &mut ChaCha8Rng::seed_from_u64(0));
/// let weights = model.parameters_matching("*weight")?; // not the bias
/// let (lambda, m) = (0.7, 5.0);
///
/// let tape = Tape::training(0);
/// let loss = model.forward(&tape.constant(Tensor::ones([5, 3]))).square().mean(..);
/// let regularized = &loss + Penalty::l2(lambda / m).of(&weights, &loss);
/// let norm = model.weight.value().square().sum(..).item();
/// assert!((regularized.item() - loss.item() - lambda / (2.0 * m) * norm).abs() < 1e-15);
/// assert!(regularized.backward().get(&model.weight).is_some());
/// # Ok::<(), wengert::nn::NoMatch>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Penalty {
    /// λ₁, the factor of Σ|w|.
    pub l1: f64,
    /// λ₂, twice the factor of Σw².
    pub l2: f64,
}

impl Penalty {
    /// λ Σ|w|: the lasso.
    pub const fn l1(lambda: f64) -> Self {
        Self { l1: lambda, l2: 0.0 }
    }

    /// λ/2 Σw²: ridge regression, Tikhonov regularization.
    pub const fn l2(lambda: f64) -> Self {
        Self { l1: 0.0, l2: lambda }
    }

    /// λ₁ Σ|w| + λ₂/2 Σw². After Zou and Hastie, "Regularization and variable selection via the elastic net" (2005).
    pub const fn elastic_net(l1: f64, l2: f64) -> Self {
        Self { l1, l2 }
    }

    /// The term for these parameters, a scalar on the tape of `loss`, to be added to it; a number on no tape where
    /// the loss is on none. It is for the same watched parameters that the layers use, so the gradients add up.
    ///
    /// # Panics
    /// If the tape was drained by a backward pass.
    #[track_caller]
    pub fn of<'a, T: Float>(
        &self,
        parameters: impl IntoIterator<Item = &'a Parameter<T>>,
        loss: &Tensor<T>,
    ) -> Tensor<T> {
        let mut total = Tensor::zeros([]);
        for parameter in parameters {
            let w = parameter.on_tape_of(loss);
            // A factor of 0 costs nothing, and takes no gradient from anywhere.
            if self.l1 != 0.0 {
                total = total + w.abs().sum(..) * self.l1;
            }
            if self.l2 != 0.0 {
                total = total + w.square().sum(..) * (self.l2 / 2.0);
            }
        }
        total
    }
}
