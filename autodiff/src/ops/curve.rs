//! Functions of one element with a kernel for the value and one for the gradient.
//!
//! An activation is computed forward and backward in one pass each. The backward pass is a function of its own,
//! [`Slope`], whose rule needs the second derivative; that one is written in tensor operations, from which the
//! higher ones follow.

use std::fmt::Debug;

use smallvec::smallvec;

use super::{map2, one, only};
use crate::Float;
use crate::function::{Backward, Builtin, Forward, Function, InputGradients, Outputs};
use crate::shape::{ShapeError, Shapes};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

/// A function f of one element.
pub(super) trait Curve<T: Float>: Copy + Debug + Send + Sync + 'static {
    /// The names of the function and of its backward pass.
    fn names(self) -> [&'static str; 2];

    /// Whether the options can be taken.
    fn check(self) -> Result<(), ShapeError> {
        Ok(())
    }

    /// f(x), inlined always.
    fn value(self, x: T) -> T;

    /// g·f′(x), inlined always. Where f is constant it is 0 for any g, an infinite one too.
    fn pull(self, x: T, g: T) -> T;

    /// f″(x), or `None` where f is made of straight pieces. It is to be finite where f″ is.
    fn curvature(self, x: &Tensor<T>) -> Option<Tensor<T>>;
}

/// g·f′(x) of inputs g and x. Rule: dg = f′(x)·dz, dx = g·f″(x)·dz.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slope<C>(pub(super) C);

impl<T: Float, C: Curve<T>> Function<T> for Slope<C>
where
    Self: Builtin,
{
    fn name(&self) -> &'static str {
        self.0.names()[1]
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(inputs[0]))
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        if cx.needs(1) {
            cx.save_input(0);
        }
        cx.save_input(1);
        let curve = self.0;
        map2(
            inputs[0],
            inputs[1],
            #[inline(always)]
            move |g, x| curve.pull(x, g),
        )
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let (dz, x) = (only(grads), cx.input(1));
        let dg = cx.needs(0).then(|| apply_one(*self, &[dz, &x]));
        let bend = if cx.needs(1) { self.0.curvature(&x) } else { None };
        smallvec![dg, bend.map(|bend| dz * cx.input(0) * bend)]
    }
}

/// Makes functions of curves.
macro_rules! curves {
    ($($name:ident),+) => {$(
        builtin!($name, Slope<$name>);

        impl<T: Float> Function<T> for $name {
            fn name(&self) -> &'static str {
                Curve::<T>::names(*self)[0]
            }

            fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
                Curve::<T>::check(*self)?;
                Ok(one(inputs[0]))
            }

            fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
                cx.save_input(0);
                let curve = *self;
                map(inputs[0], #[inline(always)] move |x| curve.value(x)).into()
            }

            fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
                single(apply_one(Slope(*self), &[only(grads), &cx.input(0)]))
            }
        }
    )+};
}
pub(super) use curves;

/// x brought into ±`bound`; NaN stays. For functions that are at their limits outside, where the product of an
/// infinite x with something that is 0 would be NaN.
#[inline(always)]
pub(super) fn bounded<T: Float>(x: T, bound: f64) -> T {
    let bound = T::from_f64(bound);
    let x = if x > bound { bound } else { x };
    if x < -bound { -bound } else { x }
}

/// x, but not below −`bound`; NaN stays.
#[inline(always)]
pub(super) fn not_below<T: Float>(x: T, bound: f64) -> T {
    let least = T::from_f64(-bound);
    if x < least { least } else { x }
}
