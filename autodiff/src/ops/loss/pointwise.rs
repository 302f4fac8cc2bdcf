//! Losses of single elements, fused: one pass over predictions and targets forward, one for each gradient.

use std::fmt::Debug;

use smallvec::smallvec;

use super::super::{map2, one, only};
use crate::Float;
use crate::function::{Backward, InputGradients, Outputs};
use crate::kernels::vector;
use crate::shape::{ShapeError, Shapes};
use crate::tensor::Tensor;
use crate::value::Value;

/// The loss of one prediction x and one target y, and how it is differentiated.
pub(super) trait Pointwise: Copy + Debug + Send + Sync {
    /// l(x, y).
    fn loss<T: Float>(self, x: T, y: T) -> T;
    /// ∂l/∂x.
    fn slope<T: Float>(self, x: T, y: T) -> T;
    /// ∂l/∂y.
    fn target_slope<T: Float>(self, x: T, y: T) -> T;
}

pub(super) fn output_shapes(inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
    if inputs[0] != inputs[1] {
        return Err(ShapeError::new("predictions and targets must have the same shape"));
    }
    Ok(one(inputs[0]))
}

pub(super) fn forward<T: Float>(loss: impl Pointwise, inputs: &[&Value<T>]) -> Outputs<T> {
    map2(
        inputs[0],
        inputs[1],
        #[inline(always)]
        move |x, y| loss.loss(x, y),
    )
    .into()
}

pub(super) fn backward<T: Float>(
    loss: impl Pointwise,
    cx: &Backward<'_, T>,
    grads: &[Option<Tensor<T>>],
) -> InputGradients<T> {
    let (x, y) = (cx.input(0).value.contiguous(), cx.input(1).value.contiguous());
    let scale = only(grads).value.contiguous();
    let all = [&x, &y, &scale].map(|v| v.as_slice().expect("row-major"));
    let dx = cx.needs(0).then(|| {
        Value::build(x.shape(), |out| {
            vector::map3(
                all,
                out,
                #[inline(always)]
                move |x, y, scale| loss.slope(x, y) * scale,
            );
        })
        .into()
    });
    let dy = cx.needs(1).then(|| {
        Value::build(x.shape(), |out| {
            vector::map3(
                all,
                out,
                #[inline(always)]
                move |x, y, scale| loss.target_slope(x, y) * scale,
            );
        })
        .into()
    });
    smallvec![dx, dy]
}

/// Declares a fused loss of single elements: its struct, its formulas, and what it is in tensor operations.
macro_rules! pointwise {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$about:meta])* $field:ident: f64,)* }, $text:literal,
        loss |$s:ident, $x:ident, $y:ident| $loss:expr,
        slope $slope:expr,
        target $target:expr,
        composed $composed:expr
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $name {
            $($(#[$about])* pub $field: f64,)*
        }

        $crate::function::builtin!($name);

        impl super::pointwise::Pointwise for $name {
            #[inline(always)]
            fn loss<T: Float>(self, $x: T, $y: T) -> T {
                let $s = self;
                $loss
            }

            #[inline(always)]
            #[allow(unused_variables)]
            fn slope<T: Float>(self, $x: T, $y: T) -> T {
                let $s = self;
                $slope
            }

            #[inline(always)]
            #[allow(unused_variables)]
            fn target_slope<T: Float>(self, $x: T, $y: T) -> T {
                let $s = self;
                $target
            }
        }

        impl<T: Float> Function<T> for $name {
            fn name(&self) -> &'static str {
                $text
            }

            fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
                super::pointwise::output_shapes(inputs)
            }

            fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
                super::pointwise::forward(*self, inputs)
            }

            fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
                super::pointwise::backward(*self, cx, grads)
            }

            fn fused(&self) -> Option<&dyn Composed<T>> {
                Some(self)
            }
        }

        impl<T: Float> Composed<T> for $name {
            fn composed(&self, inputs: &[Tensor<T>]) -> Tensors<T> {
                let ($s, $x, $y) = (*self, &inputs[0], &inputs[1]);
                smallvec::smallvec![$composed]
            }
        }
    };
}
pub(super) use pointwise;
