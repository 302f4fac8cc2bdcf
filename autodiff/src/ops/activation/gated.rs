//! Activations with a gate: a learned slope, or a half of the input.

use smallvec::smallvec;

use super::super::{map2, one, only};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::shape::{Shape, ShapeError, Shapes, refuse, resolve_axis};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Prelu);

/// x where x > 0, w·x elsewhere, with one slope w for all elements or one for each channel (axis 1). Rule:
/// dx = dy where x > 0, w·dy elsewhere; dw = Σ x·dy over the elements of the channel with x ≤ 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prelu;

/// The shape with which slopes of shape `weight` broadcast to `x`.
fn along_channels(x: &[usize], weight: &[usize]) -> Result<Shape, ShapeError> {
    let channels = x.get(1).copied();
    match weight {
        [] | [1] => Ok(Shape::new()),
        &[n] if channels == Some(n) => {
            let mut shape = Shape::from_elem(1, x.len() - 1);
            shape[0] = n;
            Ok(shape)
        }
        &[n] => Err(ShapeError::new(match channels {
            Some(c) => format!("the weight has {n} slopes, axis 1 of the input {c} channels"),
            None => format!("the weight has {n} slopes, an input without axis 1 takes one"),
        })),
        _ => Err(ShapeError::new(format!("the weight has {} axes, not one", weight.len()))),
    }
}

impl<T: Float> Function<T> for Prelu {
    fn name(&self) -> &'static str {
        "prelu"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        along_channels(inputs[0], inputs[1])?;
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(0);
        if cx.needs(0) {
            cx.save_input(1);
        }
        let slopes = along_channels(inputs[0].shape(), inputs[1].shape()).expect("checked by output_shapes");
        map2(
            inputs[0],
            &inputs[1].reshaped(&slopes),
            #[inline(always)]
            |x, w| if x > T::zero() { x } else { w * x },
        )
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (dy, x) = (only(grads), cx.input(0));
        let slopes = along_channels(cx.input_shape(0), cx.input_shape(1)).expect("checked by output_shapes");
        let positive = x.gt(0.0);
        let dx = cx.needs(0).then(|| Tensor::where_(&positive, dy, &(dy * cx.input(1).reshape(&slopes))));
        let dw = cx.needs(1).then(|| {
            let each = (dy * &x).masked_fill(&positive, 0.0);
            let sum = if slopes.is_empty() {
                each.sum(..)
            } else {
                let others: Vec<isize> = (0..x.ndim() as isize).filter(|&axis| axis != 1).collect();
                each.sum(&others[..])
            };
            sum.reshape(cx.input_shape(1))
        });
        smallvec![dx, dw]
    }
}

impl<T: Float> Tensor<T> {
    /// x where x > 0, w·x elsewhere, with a learned slope w (He, Zhang, Ren and Sun 2015).
    ///
    /// The weight holds one slope for all elements, or one for each channel of axis 1. The derivative at 0 is w.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([2, 2], vec![-2.0, -2.0, 3.0, -4.0]);
    /// let weight = Tensor::from_vec([2], vec![0.25, 0.5]);
    /// assert_eq!(x.prelu(&weight).to_vec(), [-0.5, -1.0, 3.0, -2.0]);
    /// ```
    ///
    /// # Panics
    /// If the weight is no vector, or has neither one element nor one for each channel.
    #[track_caller]
    pub fn prelu(&self, weight: &Self) -> Self {
        apply_one(Prelu, &[self, weight])
    }

    /// a·σ(b), where a and b are the first and the second half along an axis: the gated linear unit (Dauphin, Fan,
    /// Auli and Grangier 2017). PyTorch's axis is −1 by default.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([4], vec![2.0, -4.0, 0.0, 1e3]);
    /// assert_eq!(x.glu(-1).to_vec(), [1.0, -4.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or has an odd number of elements.
    #[track_caller]
    pub fn glu(&self, axis: isize) -> Self {
        let shape = self.shape();
        let n = match resolve_axis(axis, shape.len()) {
            Ok(a) => shape[a] as isize,
            Err(error) => refuse(error.of("glu", &[shape])),
        };
        if n % 2 == 1 {
            let odd = format!("axis {axis} has {n} elements, which cannot be halved");
            refuse(ShapeError::new(odd).of("glu", &[shape]));
        }
        self.slice(axis, 0..n / 2) * self.slice(axis, n / 2..n).sigmoid()
    }
}
