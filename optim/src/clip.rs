//! Gradients cut to size, against steps that are too long.

mod adaptive;
mod norm;

use autodiff::{Float, Gradients};

pub use adaptive::{AdaptiveClip, clip_adaptive};
pub use norm::{ClipNorm, clip_global_norm, clip_norm};

/// Cuts each element of the parameters' gradients to \[−`limit`, `limit`\]. NaN stays NaN.
///
/// PyTorch's `clip_grad_value_`.
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f32>::from_vec([3], vec![-4.0, 0.1, 2.0]));
/// let tape = Tape::new();
/// let mut grads = tape.watch(&w).square().sum(..).backward();
/// clip_value(&mut grads, 1.0);
/// assert_eq!(grads.get(&w).unwrap().to_vec(), [-1.0, 0.2, 1.0]);
/// ```
///
/// # Panics
/// If the limit is negative or NaN.
#[track_caller]
pub fn clip_value<T: Float>(gradients: &mut Gradients<T>, limit: f64) {
    if limit.is_nan() || limit < 0.0 {
        panic!("clip_value: expected a limit ≥ 0, found {limit}");
    }
    for (_, gradient) in gradients.parameters_mut() {
        *gradient = gradient.detach().clamp(-limit, limit);
    }
}
