//! Norms, deviations, and what is measured with them.

use smallvec::smallvec;

use super::elementwise::Share;
use super::reduction::with_reduced_axes;
use super::{map, map2, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::reduce;
use crate::shape::{Axes, ShapeError, Shapes, keepdim, reduced, refuse};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Norm);

/// y = (Σ|x|ᵖ)^(1/p) over a set of axes, for a finite p other than 0.
///
/// Rule: dx = dy·sign(x)·(|x| / y)ᵖ⁻¹, which is 0 where x or y is 0: the subgradient at the zero vector. Elements
/// whose powers do not fit into the type are scaled first.
#[derive(Clone, Debug)]
pub struct Norm {
    /// The exponent p.
    pub p: f64,
    /// The axes reduced.
    pub axes: Axes,
}

impl<T: Float> Function<T> for Norm {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        if !self.p.is_finite() || self.p == 0.0 {
            return Err(ShapeError::new(format!("p = {} is not a finite number other than 0", self.p)));
        }
        let axes = self.axes.resolve(inputs[0].len())?;
        Ok(smallvec![reduced(inputs[0], &axes, self.axes.keeps_dims())])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        cx.save_output(0);
        let (x, p) = (inputs[0], self.p);
        let axes = self.axes.resolve(x.shape().len()).expect("checked by output_shapes");
        let shape = reduced(x.shape(), &axes, true);
        let root = T::from_f64(1.0 / p);
        let norm_of = |x: &Value<T>| {
            let sums = Value::build(&shape, |out| reduce::power_sum(x.view(), &axes, p, out));
            let enough = T::min_positive_value() / T::epsilon();
            let fits = sums.view().iter().all(|&s| s.is_nan() || (s.is_finite() && s >= enough));
            let norm = if p == 2.0 { map(&sums, |s| s.sqrt()) } else { map(&sums, move |s| s.powf(root)) };
            (norm, fits)
        };
        let (norm, fits) = norm_of(x);
        let norm = if fits {
            norm
        } else {
            let largest = Value::build(&shape, |out| reduce::max_abs(x.view(), &axes, out));
            let scale = map(&largest, |m| if m > T::zero() && m.is_finite() { m } else { T::one() });
            let (norm, _) = norm_of(&map2(x, &scale, |x, m| x / m));
            map2(&norm, &scale, |y, m| y * m)
        };
        norm.reshaped(&reduced(x.shape(), &axes, self.axes.keeps_dims())).into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let x = cx.input(0);
        let y = with_reduced_axes(&cx.output(0), x.shape(), &self.axes);
        let dy = with_reduced_axes(only(grads), x.shape(), &self.axes);
        // Nothing flows where the norm is 0, to any order.
        let zero = |x: &Tensor<T>| map(&x.value, |x| if x == T::zero() { T::one() } else { T::zero() });
        let here = map(&y.value, |y| if y == T::zero() { T::zero() } else { T::one() });
        let dy = apply_one(Share, &[&dy, &here.into()]);
        let ratio = &x / (&y + Tensor::from(zero(&y)));
        if self.p == 2.0 {
            return single(dy * ratio);
        }
        // An element that is 0 is no base of a negative power; its sign is 0.
        let size = ratio.abs() + Tensor::from(zero(&x));
        single(dy * (x.sign() * size.pow(self.p - 1.0)))
    }
}

impl<T: Float> Tensor<T> {
    /// The p-norm over a set of axes, (Σ|x|ᵖ)^(1/p): 2 for the Euclidean one, 1 for the sum of sizes,
    /// `f64::INFINITY` for the largest size, `f64::NEG_INFINITY` for the smallest, 0 for the number of elements
    /// that are not 0, which has no gradient.
    ///
    /// The gradient at the zero vector is 0. Elements that tie for the largest size share the gradient evenly.
    /// Large and small elements do not overflow.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![3.0, 4.0, 0.0, -5.0]);
    /// assert_eq!(x.norm(2.0, 1).to_vec(), [5.0, 5.0]);
    /// assert_eq!(x.norm(1.0, ..).item(), 12.0);
    /// assert_eq!(x.norm(f64::INFINITY, keepdim(0)).to_vec(), [3.0, 5.0]);
    /// assert_eq!(x.norm(0.0, ..).item(), 3.0);
    /// ```
    ///
    /// # Panics
    /// If p is NaN, an axis is out of range or named twice, or nothing has a norm: over empty axes if p is negative
    /// or infinite.
    #[track_caller]
    pub fn norm(&self, p: f64, axes: impl Into<Axes>) -> Self {
        let axes = axes.into();
        let n = self.count("norm", &axes);
        let problem = if p.is_nan() {
            Some("p is NaN".to_owned())
        } else if n == 0 && (p < 0.0 || p == f64::INFINITY) {
            Some(format!("nothing has no norm of p = {p}"))
        } else {
            None
        };
        if let Some(problem) = problem {
            refuse(ShapeError::new(problem).of("norm", &[self.shape()]));
        }
        if p == 0.0 {
            let present = map(&self.value, |x| if x == T::zero() { T::zero() } else { T::one() });
            Self::from(present).sum(axes)
        } else if p == 1.0 {
            self.abs().sum(axes)
        } else if p == f64::INFINITY {
            self.abs().max(axes)
        } else if p == f64::NEG_INFINITY {
            self.abs().min(axes)
        } else {
            apply_one(Norm { p, axes }, &[self])
        }
    }

    /// The standard deviation over a set of axes, √(Σ(x − x̄)² / (n − correction)).
    ///
    /// A correction of 1 takes the unbiased variance of a sample, 0 the mean square deviation. With n ≤ correction
    /// the result is NaN or ∞. The gradient of a deviation of 0 is 0.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![1.0, 3.0, 1.0, 3.0]);
    /// assert_eq!(x.std(.., 0).item(), 1.0);
    /// assert_eq!(x.std(.., 1).item(), 2.0 / 3f64.sqrt());
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn std(&self, axes: impl Into<Axes>, correction: usize) -> Self {
        self.std_mean(axes, correction).0
    }

    /// The standard deviation over a set of axes, as [`std`](Self::std), and the mean.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![1.0, 3.0, 1.0, 3.0]);
    /// let (std, mean) = x.std_mean(.., 0);
    /// assert_eq!((std.item(), mean.item()), (1.0, 2.0));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn std_mean(&self, axes: impl Into<Axes>, correction: usize) -> (Self, Self) {
        let axes = axes.into();
        let n = self.count("std", &axes);
        let (centred, mean) = self.centred(&axes);
        // The length of what is left of the mean: its gradient at 0 is the one wanted.
        let std = centred.norm(2.0, axes) / (n.saturating_sub(correction) as f64).sqrt();
        (std, mean)
    }

    /// The variance over a set of axes, as [`var`](Self::var), and the mean.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![1.0, 2.0, 3.0, 4.0]);
    /// let (var, mean) = x.var_mean(.., 0);
    /// assert_eq!((var.item(), mean.item()), (1.25, 2.5));
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or named twice.
    #[track_caller]
    pub fn var_mean(&self, axes: impl Into<Axes>, correction: usize) -> (Self, Self) {
        let axes = axes.into();
        let n = self.count("var", &axes);
        let (centred, mean) = self.centred(&axes);
        (centred.square().sum(axes) / n.saturating_sub(correction) as f64, mean)
    }

    /// What is left of the mean over some axes, and the mean.
    #[track_caller]
    fn centred(&self, axes: &Axes) -> (Self, Self) {
        let mean = self.mean(keepdim(axes.clone()));
        let resolved = axes.resolve(self.ndim()).expect("checked by mean");
        (self - &mean, mean.reshape(reduced(self.shape(), &resolved, axes.keeps_dims())))
    }

    /// The cosine of the angle between vectors along an axis, Σ a·b / (max(‖a‖, ε)·max(‖b‖, ε)); the other axes
    /// broadcast. PyTorch takes axis 1 and ε = 10⁻⁸ unless told otherwise.
    ///
    /// The gradient is that of this formula: below ε a norm counts as a constant.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let a = Tensor::<f64>::from_vec([1, 2], vec![3.0, 4.0]);
    /// let b = Tensor::from_vec([2, 2], vec![6.0, 8.0, 4.0, -3.0]);
    /// let cosines = a.cosine_similarity(&b, 1, 1e-8).to_vec();
    /// assert!((cosines[0] - 1.0).abs() < 1e-12 && cosines[1].abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast, or the axis is out of range for the result.
    #[track_caller]
    pub fn cosine_similarity(&self, other: &Self, axis: isize, eps: f64) -> Self {
        let shape = match crate::shape::broadcast(self.shape(), other.shape()) {
            Ok(shape) => shape,
            Err(error) => refuse(error.of("cosine_similarity", &[self.shape(), other.shape()])),
        };
        if let Err(error) = crate::shape::resolve_axis(axis, shape.len()) {
            refuse(error.of("cosine_similarity", &[self.shape(), other.shape()]));
        }
        let (a, b) = (self.broadcast_to(&shape), other.broadcast_to(&shape));
        (a.normalize(2.0, axis, eps) * b.normalize(2.0, axis, eps)).sum(axis)
    }

    /// The distance between vectors along the last axis, ‖a − b + ε‖ₚ; the other axes broadcast. The small ε,
    /// 10⁻⁶ in PyTorch, keeps equal vectors off the norm's kink; p is 2 there.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let a = Tensor::<f64>::from_vec([2, 2], vec![3.0, 4.0, 1.0, 1.0]);
    /// let b = Tensor::zeros([2]);
    /// assert_eq!(a.pairwise_distance(&b, 2.0, 0.0, false).to_vec(), [5.0, 2f64.sqrt()]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast or have no axis, or as [`norm`](Self::norm) does.
    #[track_caller]
    pub fn pairwise_distance(&self, other: &Self, p: f64, eps: f64, keep: bool) -> Self {
        if let Err(error) = crate::shape::broadcast(self.shape(), other.shape()) {
            refuse(error.of("pairwise_distance", &[self.shape(), other.shape()]));
        }
        let difference = self - other + eps;
        if keep { difference.norm(p, keepdim(-1)) } else { difference.norm(p, -1) }
    }

    /// The tensor divided by its p-norms along an axis, x / max(‖x‖ₚ, ε). PyTorch takes p = 2, axis 1 and
    /// ε = 10⁻¹² unless told otherwise.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![3.0, 4.0, 0.0, 0.0]);
    /// assert_eq!(x.normalize(2.0, 1, 1e-12).to_vec(), [0.6, 0.8, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If p or ε is NaN, or the axis is out of range, or empty where p is negative or infinite.
    #[track_caller]
    pub fn normalize(&self, p: f64, axis: isize, eps: f64) -> Self {
        let axis = self.axis("normalize", axis) as isize;
        self / self.norm(p, keepdim(axis)).clamp(eps, f64::INFINITY)
    }
}
