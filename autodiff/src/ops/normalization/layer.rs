//! Layer and root-mean-square normalization, over trailing axes.

use smallvec::smallvec;

use super::super::{one, only};
use super::rows::{Rows, present};
use crate::Float;
use crate::function::{Backward, Composed, Forward, Function, InputGradients, Outputs, Tensors, builtin};
use crate::kernels::group_norm::Groups;
use crate::shape::{Shape, ShapeError, Shapes, keepdim};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(LayerNorm, RmsNorm);

/// The shape must end with the one to normalize over, which the weight and the bias have.
fn check(normalized: &[usize], inputs: &[&[usize]], names: &[&str]) -> Result<Shapes, ShapeError> {
    if normalized.is_empty() {
        return Err(ShapeError::new("there is no axis to normalize over"));
    }
    if !inputs[0].ends_with(normalized) {
        return Err(ShapeError::new(format!("the input's last axes are not {normalized:?}")));
    }
    for (name, shape) in names.iter().zip(&inputs[1..]) {
        if *shape != normalized {
            return Err(ShapeError::new(format!("the {name} {shape:?} has not the shape {normalized:?}")));
        }
    }
    Ok(one(inputs[0]))
}

/// One row for each index of the leading axes, a channel for each of its elements.
fn rows_of(normalized: &[usize], x: &[usize]) -> Groups {
    let leading = x[..x.len() - normalized.len()].iter().product();
    Groups { batch: leading, groups: 1, channels: normalized.iter().product(), positions: 1 }
}

/// The trailing axes.
fn trailing(normalized: &[usize]) -> Vec<isize> {
    (1..=normalized.len() as isize).map(|axis| -axis).collect()
}

/// y = w·(x − μ)/√(σ² + ε) + b with the mean μ and the biased variance σ² of each slice of the trailing axes;
/// fused.
///
/// Inputs x, then w if there is one, then b if there is one. With x̂ = (x − μ)/√(σ² + ε), g = w·dy and means over the
/// slice: dx = (g − mean g − x̂·mean(g·x̂))/√(σ² + ε), dw = Σ dy·x̂, db = Σ dy over the leading axes.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    /// The sizes of the trailing axes.
    pub normalized_shape: Shape,
    /// What is added to the variance, ε.
    pub eps: f64,
    /// Whether there is a weight w.
    pub weight: bool,
    /// Whether there is a bias b.
    pub bias: bool,
}

impl LayerNorm {
    fn rows(&self, x: &[usize]) -> Rows {
        let groups = rows_of(&self.normalized_shape, x);
        Rows { groups, eps: self.eps, centred: true, weight: self.weight, bias: self.bias }
    }
}

impl<T: Float> Function<T> for LayerNorm {
    fn name(&self) -> &'static str {
        "layer_norm"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let names: &[&str] = if self.weight { &["weight", "bias"] } else { &["bias"] };
        check(&self.normalized_shape, inputs, names)
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        self.rows(inputs[0].shape()).forward(inputs, cx)
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        self.rows(cx.input_shape(0)).backward(cx, only(grads))
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

impl<T: Float> Composed<T> for LayerNorm {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let x = &inputs[0];
        let axes = || keepdim(&trailing(&self.normalized_shape)[..]);
        let centred = x - x.mean(axes());
        let deviation = (centred.square().mean(axes()) + self.eps).sqrt();
        smallvec![self.rows(x.shape()).affine(centred / deviation, inputs, &self.normalized_shape)]
    }
}

/// y = w·x/√(mean x² + ε) over the trailing axes; fused.
///
/// Inputs x, then w if there is one. With x̂ = x/√(mean x² + ε), g = w·dy and means over the slice:
/// dx = (g − x̂·mean(g·x̂))/√(mean x² + ε), dw = Σ dy·x̂ over the leading axes.
#[derive(Clone, Debug)]
pub struct RmsNorm {
    /// The sizes of the trailing axes.
    pub normalized_shape: Shape,
    /// What is added to the mean square, ε.
    pub eps: f64,
    /// Whether there is a weight w.
    pub weight: bool,
}

impl RmsNorm {
    fn rows(&self, x: &[usize]) -> Rows {
        let groups = rows_of(&self.normalized_shape, x);
        Rows { groups, eps: self.eps, centred: false, weight: self.weight, bias: false }
    }
}

impl<T: Float> Function<T> for RmsNorm {
    fn name(&self) -> &'static str {
        "rms_norm"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        check(&self.normalized_shape, inputs, &["weight"])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        self.rows(inputs[0].shape()).forward(inputs, cx)
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        self.rows(cx.input_shape(0)).backward(cx, only(grads))
    }

    fn fused(&self) -> Option<&dyn Composed<T>> {
        Some(self)
    }
}

impl<T: Float> Composed<T> for RmsNorm {
    fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
        let x = &inputs[0];
        let square = x.square().mean(keepdim(&trailing(&self.normalized_shape)[..]));
        let normalized = x / (square + self.eps).sqrt();
        smallvec![self.rows(x.shape()).affine(normalized, inputs, &self.normalized_shape)]
    }
}

impl<T: Float> Tensor<T> {
    /// Layer normalization over the trailing axes, whose sizes are `normalized_shape`:
    /// y = weight·(x − μ)/√(σ² + ε) + bias with the mean μ and the biased variance σ² of each slice. Weight and
    /// bias have the shape `normalized_shape`. PyTorch's default ε is 1e-5.
    ///
    /// After Ba, Kiros and Hinton, "Layer normalization" (2016).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![1.0, 3.0, 10.0, 30.0]);
    /// assert_eq!(x.layer_norm([2], None, None, 0.0).to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    /// let (w, b) = (Tensor::full([2], 2.0), Tensor::ones([2]));
    /// assert_eq!(x.layer_norm([2], Some(&w), Some(&b), 0.0).to_vec(), [-1.0, 3.0, -1.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor's shape does not end with `normalized_shape`, this is empty, or the weight or the bias has
    /// another shape.
    #[track_caller]
    pub fn layer_norm(
        &self,
        normalized_shape: impl AsRef<[usize]>,
        weight: Option<&Self>,
        bias: Option<&Self>,
        eps: f64,
    ) -> Self {
        let normalized_shape = Shape::from_slice(normalized_shape.as_ref());
        let norm = LayerNorm { normalized_shape, eps, weight: weight.is_some(), bias: bias.is_some() };
        apply_one(norm, &present(self, [weight, bias]))
    }

    /// Root-mean-square normalization over the trailing axes, whose sizes are `normalized_shape`:
    /// y = weight·x/√(mean x² + ε) for each slice. The weight has the shape `normalized_shape`. Without ε it is the
    /// distance of 1 from the next number of the element type, as in PyTorch.
    ///
    /// After Zhang and Sennrich, "Root mean square layer normalization" (2019).
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([1, 2], vec![2.0, -2.0]);
    /// assert_eq!(x.rms_norm([2], None, 0.0).to_vec(), [1.0, -1.0]);
    /// let w = Tensor::from_vec([2], vec![5.0, 10.0]);
    /// assert_eq!(x.rms_norm([2], Some(&w), 0.0).to_vec(), [5.0, -10.0]);
    /// ```
    ///
    /// # Panics
    /// If the tensor's shape does not end with `normalized_shape`, this is empty, or the weight has another
    /// shape.
    #[track_caller]
    pub fn rms_norm(
        &self,
        normalized_shape: impl AsRef<[usize]>,
        weight: Option<&Self>,
        eps: impl Into<Option<f64>>,
    ) -> Self {
        let normalized_shape = Shape::from_slice(normalized_shape.as_ref());
        let eps = eps.into().unwrap_or_else(|| T::epsilon().to_f64());
        apply_one(RmsNorm { normalized_shape, eps, weight: weight.is_some() }, &present(self, [weight, None]))
    }
}
