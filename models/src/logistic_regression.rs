//! Logistic regression.

use autodiff::{Float, Parameter, Tensor};
use nn::{Layer, Linear, Module};

/// Logistic regression: P(y = 1 | x) = σ(w·x + b), for examples [batch, features].
///
/// It starts at zero, which is as good as anywhere: the loss is convex. `forward` gives one logit w·x + b for
/// each example, \[batch\], as [`binary_cross_entropy_with_logits`] takes them.
///
/// [`binary_cross_entropy_with_logits`]: Tensor::binary_cross_entropy_with_logits
///
/// ```
/// use wengert::prelude::*;
///
/// let model = LogisticRegression::<f64>::new(2);
/// let x = Tensor::from_vec([3, 2], vec![1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
/// assert_eq!(model.probability(&x).to_vec(), [0.5; 3]);
///
/// let y = Tensor::from_vec([3], vec![1.0, 0.0, 1.0]);
/// let logits = model.forward(&Tape::new().constant(&x));
/// let grads = logits.binary_cross_entropy_with_logits(&y).backward();
/// // The gradient with respect to b is the mean of p − y.
/// let bias = model.linear.bias.as_ref().unwrap();
/// assert!((grads.get(bias).unwrap().item() - (0.5 - 2.0 / 3.0)).abs() < 1e-12);
/// ```
#[derive(Clone, Debug, Module)]
pub struct LogisticRegression<T: Float = f32> {
    /// w [1, features] and b \[1\].
    pub linear: Linear<T>,
}

impl<T: Float> LogisticRegression<T> {
    /// For a number of features, all parameters 0.
    ///
    /// # Panics
    /// If there are more features than the address space holds.
    #[track_caller]
    pub fn new(features: usize) -> Self {
        let zeros = |shape: &[usize]| Parameter::new(Tensor::zeros(shape));
        Self { linear: Linear { weight: zeros(&[1, features]), bias: Some(zeros(&[1])) } }
    }

    /// P(y = 1 | x) for each example, \[batch\].
    #[track_caller]
    pub fn probability(&self, x: &Tensor<T>) -> Tensor<T> {
        self.forward(x).sigmoid()
    }
}

impl<T: Float> Layer<T> for LogisticRegression<T> {
    fn forward(&self, x: &Tensor<T>) -> Tensor<T> {
        self.linear.forward(x).squeeze(-1)
    }
}
