//! What layer, group and root-mean-square normalization have in common: rows that are normalized apart.

use smallvec::SmallVec;

use crate::Float;
use crate::function::{Backward, Forward, InputGradients, Outputs};
use crate::kernels::group_norm::{self as kernel, Groups, Statistics};
use crate::tensor::Tensor;
use crate::value::Value;

/// Which elements belong together, and what is done with them. The inputs are x, and the weight and the bias
/// where there are.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    pub(super) groups: Groups,
    pub(super) eps: f64,
    pub(super) centred: bool,
    pub(super) weight: bool,
    pub(super) bias: bool,
}

/// The element's own row-major slice.
fn elements<T: Float>(value: &Value<T>) -> &[T] {
    value.as_slice().expect("row-major")
}

impl Rows {
    pub(super) fn forward<T: Float>(&self, inputs: &[&Value<T>], cx: &mut Forward<'_, T>) -> Outputs<T> {
        let inputs: SmallVec<[Value<T>; 3]> = inputs.iter().map(|x| x.contiguous()).collect();
        let mut optional = inputs[1..].iter().map(elements);
        let weight = self.weight.then(|| optional.next().expect("a weight"));
        let bias = self.bias.then(|| optional.next().expect("a bias"));
        let rows = [self.groups.rows()];
        let [mut high, mut low, mut inverse] = [(); 3].map(|()| Value::full(&rows, T::zero()));
        let y = {
            let (mut high, mut low, mut inverse) = (high.view_mut(), low.view_mut(), inverse.view_mut());
            let statistics =
                [&mut high, &mut low, &mut inverse].map(|s| s.as_slice_mut().expect("row-major"));
            Value::build(inputs[0].shape(), |y| {
                let x = elements(&inputs[0]);
                kernel::forward(self.groups, x, weight, bias, self.eps, self.centred, y, statistics);
            })
        };
        for statistic in [high, low, inverse] {
            cx.save(statistic);
        }
        y.into()
    }

    pub(super) fn backward<T: Float>(&self, cx: &Backward<'_, T>, dy: &Tensor<T>) -> InputGradients<T> {
        let (x, dy) = (cx.input(0).value.contiguous(), dy.value.contiguous());
        let weight = self.weight.then(|| cx.input(1).value.contiguous());
        let [high, low, inverse] = [0, 1, 2].map(|k| cx.extra(k).value);
        let statistics =
            Statistics { high: elements(&high), low: elements(&low), inverse: elements(&inverse) };
        let mut gradients = InputGradients::new();
        gradients.push(cx.needs(0).then(|| {
            let weight = weight.as_ref().map(elements);
            let (x, dy) = (elements(&x), elements(&dy));
            let dx = Value::build(cx.input_shape(0), |dx| {
                kernel::input_gradient(self.groups, x, weight, statistics, dy, self.centred, dx);
            });
            dx.into()
        }));
        if !(1..cx.inputs()).any(|i| cx.needs(i)) {
            gradients.resize(cx.inputs(), None);
            return gradients;
        }
        let shape = cx.input_shape(1);
        let mut db = Value::full(shape, T::zero());
        let dw = {
            let mut db = db.view_mut();
            let db = db.as_slice_mut().expect("row-major");
            Value::build(shape, |dw| {
                kernel::weight_gradients(self.groups, elements(&x), statistics, elements(&dy), dw, db);
            })
        };
        if self.weight {
            gradients.push(Some(dw.into()));
        }
        if self.bias {
            gradients.push(Some(db.into()));
        }
        gradients
    }

    /// x̂·w + b in tensor operations, for x̂ of x's shape and weights that broadcast to it.
    pub(super) fn affine<T: Float>(
        &self,
        normalized: Tensor<T>,
        inputs: &[Tensor<T>],
        shape: &[usize],
    ) -> Tensor<T> {
        let mut optional = inputs[1..].iter();
        let mut y = normalized;
        if self.weight {
            y = y * optional.next().expect("a weight").reshape(shape);
        }
        if self.bias {
            y = y + optional.next().expect("a bias").reshape(shape);
        }
        y
    }
}

/// x and the optional inputs that are there.
pub(super) fn present<'a, T: Float>(
    x: &'a Tensor<T>,
    optional: [Option<&'a Tensor<T>>; 2],
) -> SmallVec<[&'a Tensor<T>; 3]> {
    std::iter::once(x).chain(optional.into_iter().flatten()).collect()
}
