//! Gradients scaled down to a norm.

use autodiff::{Float, Gradients, Tensor};
use rayon::prelude::*;

/// Elements whose powers are added as one partial sum.
pub(super) const CHUNK: usize = 1 << 14;
/// Sums side by side in it. With 16 of them the loop over a gradient larger than the caches takes ten times
/// as long.
const LANES: usize = 32;

/// The greatest norm that gradients may have, and which norm: (Σ|gᵢ|ᵖ)^(1/p), by default with p = 2, the
/// Euclidean one. A plain number is the greatest Euclidean norm.
///
/// ```
/// use wengert::prelude::*;
///
/// let w = Parameter::new(Tensor::<f64>::from_vec([2], vec![3.0, -1.0]));
/// let tape = Tape::new();
/// let mut grads = (tape.watch(&w).square().sum(..) * 0.5).backward();
/// assert_eq!(clip_global_norm(&mut grads, ClipNorm::new(f64::INFINITY).norm_type(1.0)), 4.0);
/// assert_eq!(clip_global_norm(&mut grads, ClipNorm::new(1.5).norm_type(f64::INFINITY)), 3.0);
/// assert_eq!(grads.get(&w).unwrap().to_vec(), [1.5, -0.5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClipNorm {
    max: f64,
    p: f64,
}

impl ClipNorm {
    /// The greatest Euclidean norm. Infinity lets all pass.
    pub fn new(max: f64) -> Self {
        Self { max, p: 2.0 }
    }

    /// Sets which norm, by its p > 0: 1 for the sum of sizes, 2 for the Euclidean one (the default), infinity
    /// for the largest size. PyTorch's `norm_type`.
    pub fn norm_type(mut self, p: f64) -> Self {
        self.p = p;
        self
    }

    #[track_caller]
    fn check(self, place: &str) -> Self {
        let Self { max, p } = self;
        if max.is_nan() || max < 0.0 {
            panic!("{place}: expected a norm ≥ 0, found {max}");
        }
        if p.is_nan() || p <= 0.0 {
            panic!("{place}: expected a norm type p > 0, found {p}");
        }
        self
    }
}

impl From<f64> for ClipNorm {
    fn from(max: f64) -> Self {
        Self::new(max)
    }
}

/// Scales the parameters' gradients together so that their global norm √(Σ gᵢ²) is `max_norm` where it is
/// more, and returns the norm before. Other norms: see [`ClipNorm`].
///
/// If the norm is NaN or infinite (a gradient is) the gradients are left as they are: look at the result,
/// and skip the step. With `max_norm` = ∞ the norm is only measured. The powers are added in `f64`,
/// in an order that depends on the shapes alone. The gradients of variables are not touched.
///
/// PyTorch's `clip_grad_norm_`, which adds 10⁻⁶ to the norm by which it divides and so ends a little below
/// `max_norm`.
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
/// If `max_norm` is negative or NaN, or the norm's p is not above 0.
#[track_caller]
pub fn clip_global_norm<T: Float>(gradients: &mut Gradients<T>, max_norm: impl Into<ClipNorm>) -> f64 {
    let ClipNorm { max, p } = max_norm.into().check("clip_global_norm");
    let powers = gradients.parameters().map(|(_, gradient)| power(gradient, p));
    let norm = root(if p == f64::INFINITY { powers.fold(0.0, larger) } else { powers.sum() }, p);
    if norm.is_finite() && norm > max {
        for (_, gradient) in gradients.parameters_mut() {
            *gradient = gradient.detach() * (max / norm);
        }
    }
    norm
}

/// Scales each of the parameters' gradients by itself so that its norm is `max_norm` where it is more, and
/// returns the largest norm before. Other norms: see [`ClipNorm`].
///
/// Unlike [`clip_global_norm`], it changes the direction of the step. A gradient whose norm is NaN or infinite
/// is left as it is, and so is the result.
///
/// ```
/// use wengert::prelude::*;
///
/// let (a, b) = (Parameter::new(Tensor::<f64>::scalar(3.0)), Parameter::new(Tensor::scalar(0.5)));
/// let tape = Tape::new();
/// let mut grads = (tape.watch(&a).square() + tape.watch(&b).square()).backward();
/// assert_eq!(clip_norm(&mut grads, 2.0), 6.0);
/// assert_eq!((grads.get(&a).unwrap().item(), grads.get(&b).unwrap().item()), (2.0, 1.0));
/// ```
///
/// # Panics
/// If `max_norm` is negative or NaN, or the norm's p is not above 0.
#[track_caller]
pub fn clip_norm<T: Float>(gradients: &mut Gradients<T>, max_norm: impl Into<ClipNorm>) -> f64 {
    let ClipNorm { max, p } = max_norm.into().check("clip_norm");
    let mut largest = 0.0;
    for (_, gradient) in gradients.parameters_mut() {
        let norm = root(power(gradient, p), p);
        if norm.is_finite() && norm > max {
            *gradient = gradient.detach() * (max / norm);
        }
        largest = larger(largest, norm);
    }
    largest
}

/// The larger of two sizes; NaN if one of them is. Numbers that are not negative are ordered as their bits are,
/// with NaN above all, and comparing these takes no branch.
#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    f64::from_bits(a.to_bits().max(b.to_bits()))
}

/// The norm from the sum of powers.
fn root(power: f64, p: f64) -> f64 {
    if p == 2.0 {
        power.sqrt()
    } else if p == 1.0 || p == f64::INFINITY {
        power
    } else {
        power.powf(1.0 / p)
    }
}

/// Σ|x|ᵖ, or the largest |x| where p is infinite.
fn power<T: Float>(gradient: &Tensor<T>, p: f64) -> f64 {
    let gradient = gradient.value().contiguous();
    let gradient = gradient.as_slice().expect("row-major");
    if p == 2.0 {
        reduce(gradient, sum_of_squares, |a, b| a + b)
    } else if p == 1.0 {
        reduce(gradient, |x| chunk(x, |x| x.abs(), |a, b| a + b), |a, b| a + b)
    } else if p == f64::INFINITY {
        reduce(gradient, |x| chunk(x, |x| x.abs(), larger), larger)
    } else {
        reduce(gradient, |x| chunk(x, |x| x.abs().powf(p), |a, b| a + b), |a, b| a + b)
    }
}

/// The parts' results, put together in the order of the parts, which does not depend on the threads.
fn reduce<T: Float>(
    x: &[T],
    part: impl Fn(&[T]) -> f64 + Sync + Send,
    join: impl Fn(f64, f64) -> f64,
) -> f64 {
    if x.len() <= CHUNK {
        return part(x);
    }
    let partial: Vec<f64> = x.par_chunks(CHUNK).map(part).collect();
    partial.into_iter().fold(0.0, join)
}

/// Σx² of a row.
pub(super) fn sum_of_squares<T: Float>(x: &[T]) -> f64 {
    chunk(x, |x| x * x, |a, b| a + b)
}

#[inline(always)]
fn chunk<T: Float>(x: &[T], size: impl Fn(f64) -> f64, join: impl Fn(f64, f64) -> f64) -> f64 {
    autodiff::vectorized(
        #[inline(always)]
        || {
            let mut lanes = [0.0; LANES];
            let (rows, rest) = x.as_chunks::<LANES>();
            for row in rows {
                for (lane, &x) in lanes.iter_mut().zip(row) {
                    *lane = join(*lane, size(x.to_f64()));
                }
            }
            for (lane, &x) in lanes.iter_mut().zip(rest) {
                *lane = join(*lane, size(x.to_f64()));
            }
            lanes.into_iter().fold(0.0, &join)
        },
    )
}
