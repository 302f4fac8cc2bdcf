//! Elements of one tensor or another: by a mask, or mixed by a weight.

use smallvec::smallvec;

use super::{Operand, only};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::kernels::broadcast::map3_broadcast;
use crate::mask::Mask;
use crate::shape::{Shape, ShapeError, Shapes, broadcast};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Where, Lerp);

/// a where the mask is true, b elsewhere, all three broadcast. Rule: da = dc where the mask is true, db = dc where it
/// is false; 0 elsewhere.
#[derive(Clone, Debug)]
pub struct Where {
    /// Where a is taken.
    pub mask: Mask,
}

/// The shape that three operands broadcast to.
fn common_shape(a: &[usize], b: &[usize], c: &[usize]) -> Result<Shape, ShapeError> {
    broadcast(&broadcast(a, b)?, c)
}

impl<T: Float> Function<T> for Where {
    fn name(&self) -> &'static str {
        "where"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        let shape = broadcast(inputs[0], inputs[1])?;
        match broadcast(self.mask.shape(), &shape) {
            Ok(shape) => Ok(smallvec![shape]),
            Err(_) => Err(ShapeError::new(format!(
                "the mask {:?} does not broadcast with the operands' {:?}",
                self.mask.shape(),
                &shape[..]
            ))),
        }
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let (mask, a, b) = (self.mask.view(), inputs[0].view(), inputs[1].view());
        let shape = common_shape(mask.shape(), a.shape(), b.shape()).expect("checked by output_shapes");
        Value::build(&shape, |out| {
            map3_broadcast(
                mask,
                a,
                b,
                &shape,
                out,
                #[inline(always)]
                |mask, a, b| if mask { a } else { b },
            );
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (dc, zero) = (only(grads), Tensor::scalar(0.0));
        smallvec![
            cx.needs(0).then(|| apply_one(self.clone(), &[dc, &zero])),
            cx.needs(1).then(|| apply_one(self.clone(), &[&zero, dc])),
        ]
    }
}

/// a + w·(b − a) of inputs a, b and w, broadcast. Rule: da = (1 − w)·dc, db = w·dc, dw = (b − a)·dc.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lerp;

impl<T: Float> Function<T> for Lerp {
    fn name(&self) -> &'static str {
        "lerp"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(smallvec![common_shape(inputs[0], inputs[1], inputs[2])?])
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        if cx.needs(2) {
            cx.save_input(0);
            cx.save_input(1);
        }
        cx.save_input(2);
        let (a, b, w) = (inputs[0].view(), inputs[1].view(), inputs[2].view());
        let shape = common_shape(a.shape(), b.shape(), w.shape()).expect("checked by output_shapes");
        let half = T::from_f64(0.5);
        Value::build(&shape, |out| {
            map3_broadcast(
                a,
                b,
                w,
                &shape,
                out,
                // From the nearer end, so that it is a at w = 0 and b at w = 1.
                #[inline(always)]
                move |a, b, w| {
                    let from_b = b - (b - a) * (T::one() - w);
                    if w < half { a + w * (b - a) } else { from_b }
                },
            );
        })
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (dc, w) = (only(grads), cx.input(2));
        smallvec![
            cx.needs(0).then(|| dc * (1.0 - &w)),
            cx.needs(1).then(|| dc * &w),
            cx.needs(2).then(|| dc * (cx.input(1) - cx.input(0))),
        ]
    }
}

impl<T: Float> Tensor<T> {
    /// The elements of `a` where the mask is true, those of `b` elsewhere, as PyTorch's `where`. All three
    /// broadcast; `a` and `b` may be numbers. A gradient goes to the elements that were taken only, so that a NaN
    /// or an infinity among the others does no harm in this operation.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let x = Tensor::<f64>::from_vec([3], vec![-2.0, 0.5, 3.0]);
    /// assert_eq!(Tensor::where_(&x.gt(0.0), &x, &x * 10.0).to_vec(), [-20.0, 0.5, 3.0]);
    /// assert_eq!(Tensor::where_(&x.gt(0.0), &x, 0.0).to_vec(), [0.0, 0.5, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn where_(mask: &Mask, a: impl Operand<T>, b: impl Operand<T>) -> Self {
        apply_one(Where { mask: mask.clone() }, &[&a.operand(), &b.operand()])
    }

    /// `value` where the mask is true, this tensor's elements elsewhere. The value is a number, or a tensor; all
    /// broadcast.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let scores = Tensor::<f64>::from_vec([3], vec![1.0, 2.0, 1.0]);
    /// let padding = Mask::from_vec([3], vec![false, true, false]);
    /// let weights = scores.masked_fill(&padding, f64::NEG_INFINITY).softmax(0);
    /// assert_eq!(weights.to_vec(), [0.5, 0.0, 0.5]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn masked_fill(&self, mask: &Mask, value: impl Operand<T>) -> Self {
        apply_one(Where { mask: mask.clone() }, &[&value.operand(), self])
    }

    /// (1 − w)·a + w·b of this tensor's elements a, those b of `end`, and a weight w that is a number or a tensor;
    /// all broadcast. It is exact at w = 0 and w = 1.
    ///
    /// ```
    /// # use wengert::prelude::*;
    /// let a = Tensor::<f64>::from_vec([2], vec![1.0, 2.0]);
    /// let b = Tensor::from_vec([2], vec![3.0, 6.0]);
    /// assert_eq!(a.lerp(&b, 0.25).to_vec(), [1.5, 3.0]);
    /// assert_eq!(a.lerp(&b, &Tensor::from_vec([2], vec![0.5, 1.0])).to_vec(), [2.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn lerp(&self, end: &Self, weight: impl Operand<T>) -> Self {
        apply_one(Lerp, &[self, end, &weight.operand()])
    }
}
