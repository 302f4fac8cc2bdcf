//! Gradients cut in proportion to what they change.

use std::collections::HashMap;

use autodiff::{Float, Gradients, Parameter, Tensor};
use rayon::prelude::*;

use super::norm::{CHUNK, sum_of_squares};
use crate::group::non_negative;

/// How large a gradient may be in comparison with its parameter; see [`clip_adaptive`]. A plain number is the
/// clipping factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptiveClip {
    clipping: f64,
    eps: f64,
}

impl AdaptiveClip {
    /// The clipping factor λ (default 0.01).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn new(clipping: f64) -> Self {
        Self {
            clipping: non_negative("AdaptiveClip::new (the clipping factor)", clipping),
            ..Self::default()
        }
    }

    /// Sets the least norm ε that a parameter is taken to have, so that one that begins at zero can learn
    /// (default 10⁻³).
    ///
    /// # Panics
    /// If it is negative or not finite.
    #[track_caller]
    pub fn eps(mut self, eps: f64) -> Self {
        self.eps = non_negative("AdaptiveClip::eps", eps);
        self
    }
}

impl Default for AdaptiveClip {
    fn default() -> Self {
        Self { clipping: 0.01, eps: 1e-3 }
    }
}

impl From<f64> for AdaptiveClip {
    fn from(clipping: f64) -> Self {
        Self { clipping, ..Self::default() }
    }
}

/// Adaptive gradient clipping: scales the gradient G of each unit with the weights W to the norm
/// λ·max(‖W‖, ε) where it is more, and returns the number of units it scaled.
///
/// A unit is an index of the first axis, which is an output of a linear or convolutional layer; a parameter of
/// one axis or none is one unit. The defaults of the paper are λ = 0.01 and ε = 10⁻³. Only the gradients of the
/// `parameters` given are cut: leave out those of the last layer, as the paper does. A unit whose gradient has
/// no finite norm is left as it is.
///
/// A. Brock et al., "High-performance large-scale image recognition without normalization" (2021).
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::from_vec([2, 2], vec![3.0, 4.0, 0.0, 1.0]));
/// let tape = Tape::new();
/// let g = Tensor::from_vec([2, 2], vec![0.0, -2.0, 0.0, 0.001]);
/// let mut grads = (tape.watch(&w) * g).sum(..).backward();
/// assert_eq!(clip_adaptive(&mut grads, [w.clone()], 0.01), 1);
/// assert_eq!(grads.get(&w).unwrap().to_vec(), [0.0, -0.05, 0.0, 0.001]);
/// ```
///
/// # Panics
/// If a gradient has another shape than its parameter, or λ is negative or not finite.
#[track_caller]
pub fn clip_adaptive<T: Float>(
    gradients: &mut Gradients<T>,
    parameters: impl IntoIterator<Item = Parameter<T>>,
    options: impl Into<AdaptiveClip>,
) -> usize {
    let options = options.into();
    non_negative("clip_adaptive (the clipping factor)", options.clipping);
    let parameters: HashMap<_, _> = parameters.into_iter().map(|p| (p.id(), p)).collect();
    let mut scaled = 0;
    for (id, gradient) in gradients.parameters_mut() {
        let Some(parameter) = parameters.get(&id) else { continue };
        let value = parameter.value();
        if gradient.shape() != value.shape() {
            panic!(
                "clip_adaptive: the gradient has shape {:?}, its parameter {:?}",
                gradient.shape(),
                value.shape()
            );
        }
        scaled += clip_units(gradient, &value, options);
    }
    scaled
}

fn clip_units<T: Float>(gradient: &mut Tensor<T>, value: &Tensor<T>, options: AdaptiveClip) -> usize {
    if gradient.is_empty() {
        return 0;
    }
    let unit = if gradient.ndim() < 2 { gradient.len() } else { gradient.len() / gradient.shape()[0] };
    let value = value.value().contiguous();
    let value = value.as_slice().expect("row-major");
    let mut elements = gradient.to_vec();
    let scaled = elements
        .par_chunks_mut(unit)
        .zip(value.par_chunks(unit))
        .with_min_len((CHUNK / unit).max(1))
        .filter_map(|(g, w)| {
            let limit = options.clipping * sum_of_squares(w).sqrt().max(options.eps);
            let norm = sum_of_squares(g).sqrt();
            if !(norm.is_finite() && norm > limit) {
                return None;
            }
            let factor = T::from_f64(limit / norm);
            g.iter_mut().for_each(|g| *g *= factor);
            Some(())
        })
        .count();
    if scaled > 0 {
        *gradient = Tensor::from_vec(gradient.shape(), elements);
    }
    scaled
}
