//! Gradients cut to size, against steps that are too long.

use autodiff::{Float, Gradients, Tensor};
use rayon::prelude::*;

/// Elements whose squares are added as one partial sum.
const CHUNK: usize = 1 << 14;
/// Sums side by side in it. With 16 of them the loop over a gradient larger than the caches takes ten times
/// as long.
const LANES: usize = 32;

/// Cuts each element of the parameters' gradients to \[−`limit`, `limit`\]. NaN stays NaN.
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

/// Scales the parameters' gradients together so that their global norm √(Σ gᵢ²) is `max_norm` where it is
/// more, and returns the norm before.
///
/// If the norm is NaN or infinite (a gradient is) the gradients are left as they are: look at the result,
/// and skip the step. With `max_norm` = ∞ the norm is only measured. The squares are added in `f64`,
/// in an order that depends on the shapes alone. The gradients of variables are not touched.
///
/// R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks" (2013).
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::from_vec([2], vec![3.0, -4.0]));
/// let mut sgd = Sgd::new([w.clone()], 1.0);
/// let tape = Tape::new();
/// let mut grads = (tape.watch(&w).square().sum(..) * 0.5).backward();
/// let norm = clip_global_norm(&mut grads, 1.0);
/// assert_eq!(norm, 5.0);
/// if norm.is_finite() {
///     sgd.step(&grads);
/// }
/// assert!((w.value().view()[0] - 2.4).abs() < 1e-12);
/// ```
///
/// # Panics
/// If `max_norm` is negative or NaN.
#[track_caller]
pub fn clip_global_norm<T: Float>(gradients: &mut Gradients<T>, max_norm: f64) -> f64 {
    if max_norm.is_nan() || max_norm < 0.0 {
        panic!("clip_global_norm: expected a norm ≥ 0, found {max_norm}");
    }
    let norm = gradients.parameters().map(|(_, gradient)| sum_of_squares(gradient)).sum::<f64>().sqrt();
    if norm.is_finite() && norm > max_norm {
        for (_, gradient) in gradients.parameters_mut() {
            *gradient = gradient.detach() * (max_norm / norm);
        }
    }
    norm
}

fn sum_of_squares<T: Float>(gradient: &Tensor<T>) -> f64 {
    let gradient = gradient.value().contiguous();
    let gradient = gradient.as_slice().expect("row-major");
    if gradient.len() <= CHUNK {
        return chunk_of_squares(gradient);
    }
    let partial: Vec<f64> = gradient.par_chunks(CHUNK).map(chunk_of_squares).collect();
    partial.iter().sum()
}

fn chunk_of_squares<T: Float>(x: &[T]) -> f64 {
    autodiff::vectorized(
        #[inline(always)]
        || {
            let mut lanes = [0.0; LANES];
            let (rows, rest) = x.as_chunks::<LANES>();
            for row in rows {
                for (lane, &x) in lanes.iter_mut().zip(row) {
                    *lane += x.to_f64() * x.to_f64();
                }
            }
            for (lane, &x) in lanes.iter_mut().zip(rest) {
                *lane += x.to_f64() * x.to_f64();
            }
            lanes.iter().sum()
        },
    )
}
