//! Sums, differences, products and quotients, with broadcasting and with numbers.

use std::ops;

use smallvec::smallvec;

use super::{map, map2, one, only, single};
use crate::Float;
use crate::function::{Backward, Forward, Function, InputGradients, Outputs, builtin};
use crate::shape::{ShapeError, Shapes, broadcast};
use crate::tensor::{Tensor, apply_one};
use crate::value::Value;

builtin!(Add, Sub, Mul, Div, Affine);

fn broadcast_pair(inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
    Ok(smallvec![broadcast(inputs[0], inputs[1])?])
}

/// a + b, broadcast. Rule: da = dc, db = dc.
#[derive(Clone, Copy, Debug, Default)]
pub struct Add;

impl<T: Float> Function<T> for Add {
    fn name(&self) -> &'static str {
        "add"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        broadcast_pair(inputs)
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        map2(
            inputs[0],
            inputs[1],
            #[inline(always)]
            |a, b| a + b,
        )
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let dc = only(grads);
        smallvec![cx.needs(0).then(|| dc.clone()), cx.needs(1).then(|| dc.clone())]
    }
}

/// a − b, broadcast. Rule: da = dc, db = −dc.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sub;

impl<T: Float> Function<T> for Sub {
    fn name(&self) -> &'static str {
        "sub"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        broadcast_pair(inputs)
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        map2(
            inputs[0],
            inputs[1],
            #[inline(always)]
            |a, b| a - b,
        )
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let dc = only(grads);
        smallvec![cx.needs(0).then(|| dc.clone()), cx.needs(1).then(|| -dc)]
    }
}

/// k·a·b, broadcast, with a constant k (1 for the operator). Rule: da = k·dc·b, db = k·dc·a.
#[derive(Clone, Copy, Debug)]
pub struct Mul {
    /// The constant factor k.
    pub factor: f64,
}

impl Default for Mul {
    fn default() -> Self {
        Self { factor: 1.0 }
    }
}

impl<T: Float> Function<T> for Mul {
    fn name(&self) -> &'static str {
        "mul"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        broadcast_pair(inputs)
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        if cx.needs(0) {
            cx.save_input(1);
        }
        if cx.needs(1) {
            cx.save_input(0);
        }
        if self.factor == 1.0 {
            return map2(
                inputs[0],
                inputs[1],
                #[inline(always)]
                |a, b| a * b,
            )
            .into();
        }
        let k = T::from_f64(self.factor);
        map2(
            inputs[0],
            inputs[1],
            #[inline(always)]
            move |a, b| k * a * b,
        )
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let dc = only(grads);
        smallvec![
            cx.needs(0).then(|| apply_one(*self, &[dc, &cx.input(1)])),
            cx.needs(1).then(|| apply_one(*self, &[dc, &cx.input(0)])),
        ]
    }
}

/// a / b, broadcast. Rule: da = dc / b, db = −dc·c / b.
#[derive(Clone, Copy, Debug, Default)]
pub struct Div;

impl<T: Float> Function<T> for Div {
    fn name(&self) -> &'static str {
        "div"
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        broadcast_pair(inputs)
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn forward(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        cx.save_input(1);
        if cx.needs(1) {
            cx.save_output(0);
        }
        map2(
            inputs[0],
            inputs[1],
            #[inline(always)]
            |a, b| a / b,
        )
        .into()
    }

    fn backward(&self, cx: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let da = only(grads) / cx.input(1);
        let db = cx.needs(1).then(|| apply_one(Mul { factor: -1.0 }, &[&da, &cx.output(0)]));
        smallvec![cx.needs(0).then_some(da), db]
    }
}

/// k·x + c for numbers k and c. Rule: dx = k·dy.
#[derive(Clone, Copy, Debug)]
pub struct Affine {
    /// The factor k.
    pub factor: f64,
    /// The number added, c.
    pub shift: f64,
}

impl Affine {
    /// k·x.
    pub const fn scale(factor: f64) -> Self {
        Self { factor, shift: 0.0 }
    }

    /// x + c.
    pub const fn shift(shift: f64) -> Self {
        Self { factor: 1.0, shift }
    }
}

impl<T: Float> Function<T> for Affine {
    fn name(&self) -> &'static str {
        match (self.factor, self.shift) {
            (-1.0, 0.0) => "neg",
            (_, 0.0) => "mul_scalar",
            (1.0, _) => "add_scalar",
            _ => "affine",
        }
    }

    fn output_shapes(&self, inputs: &[&[usize]]) -> Result<Shapes, ShapeError> {
        Ok(one(inputs[0]))
    }

    fn is_elementwise(&self) -> bool {
        true
    }

    fn forward(&self, inputs: &[&Value<T>], _: &mut Forward<'_, T>) -> Outputs<T> {
        let (k, c) = (T::from_f64(self.factor), T::from_f64(self.shift));
        match (self.factor, self.shift) {
            // Not k·x + 0, which would turn −0 into 0.
            (_, 0.0) => map(
                inputs[0],
                #[inline(always)]
                move |x| k * x,
            )
            .into(),
            (1.0, _) => map(
                inputs[0],
                #[inline(always)]
                move |x| x + c,
            )
            .into(),
            _ => map(
                inputs[0],
                #[inline(always)]
                move |x| k * x + c,
            )
            .into(),
        }
    }

    fn backward(&self, _: &Backward<'_, T>, grads: &[Option<Tensor<T>>]) -> InputGradients<T> {
        let dy = only(grads);
        single(if self.factor == 1.0 { dy.clone() } else { apply_one(Self::scale(self.factor), &[dy]) })
    }
}

impl<T: Float> Tensor<T> {
    /// −x.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// assert_eq!((-Tensor::<f32>::scalar(2.0)).item(), -2.0);
    /// assert_eq!(Tensor::<f32>::scalar(2.0).neg().item(), -2.0);
    /// ```
    #[track_caller]
    #[allow(clippy::should_implement_trait)] // The operator exists too; the method reads well in chains.
    pub fn neg(&self) -> Self {
        apply_one(Affine::scale(-1.0), &[self])
    }
}

impl<T: Float> ops::Neg for &Tensor<T> {
    type Output = Tensor<T>;

    #[track_caller]
    fn neg(self) -> Tensor<T> {
        apply_one(Affine::scale(-1.0), &[self])
    }
}

impl<T: Float> ops::Neg for Tensor<T> {
    type Output = Tensor<T>;

    #[track_caller]
    fn neg(self) -> Tensor<T> {
        -&self
    }
}

/// An operator for tensors, owned and borrowed, and for a tensor with a number on its right.
macro_rules! operator {
    ($trait:ident, $method:ident, $function:expr, |$x:ident, $c:ident| $with_number:expr) => {
        impl<T: Float> ops::$trait<&Tensor<T>> for &Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, other: &Tensor<T>) -> Tensor<T> {
                apply_one($function, &[self, other])
            }
        }
        impl<T: Float> ops::$trait<Tensor<T>> for &Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, other: Tensor<T>) -> Tensor<T> {
                apply_one($function, &[self, &other])
            }
        }
        impl<T: Float> ops::$trait<&Tensor<T>> for Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, other: &Tensor<T>) -> Tensor<T> {
                apply_one($function, &[&self, other])
            }
        }
        impl<T: Float> ops::$trait<Tensor<T>> for Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, other: Tensor<T>) -> Tensor<T> {
                apply_one($function, &[&self, &other])
            }
        }
        impl<T: Float> ops::$trait<f64> for &Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, $c: f64) -> Tensor<T> {
                let $x = self;
                $with_number
            }
        }
        impl<T: Float> ops::$trait<f64> for Tensor<T> {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, number: f64) -> Tensor<T> {
                ops::$trait::$method(&self, number)
            }
        }
    };
}

operator!(Add, add, Add, |x, c| apply_one(Affine::shift(c), &[x]));
operator!(Sub, sub, Sub, |x, c| apply_one(Affine::shift(-c), &[x]));
operator!(Mul, mul, Mul::default(), |x, c| apply_one(Affine::scale(c), &[x]));
operator!(Div, div, Div, |x, c| apply_one(Div, &[x, &Tensor::scalar(c)]));

/// An operator for a number on the left of a tensor.
macro_rules! operator_of_number {
    ($trait:ident, $method:ident, |$c:ident, $x:ident| $result:expr) => {
        impl<T: Float> ops::$trait<&Tensor<T>> for f64 {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, $x: &Tensor<T>) -> Tensor<T> {
                let $c = self;
                $result
            }
        }
        impl<T: Float> ops::$trait<Tensor<T>> for f64 {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, x: Tensor<T>) -> Tensor<T> {
                ops::$trait::$method(self, &x)
            }
        }
    };
}

operator_of_number!(Add, add, |c, x| apply_one(Affine::shift(c), &[x]));
operator_of_number!(Sub, sub, |c, x| apply_one(Affine { factor: -1.0, shift: c }, &[x]));
operator_of_number!(Mul, mul, |c, x| apply_one(Affine::scale(c), &[x]));
operator_of_number!(Div, div, |c, x| apply_one(Div, &[&Tensor::scalar(c), x]));
