//! Convolution, and the two functions that are its gradients.

use proptest::prelude::*;
use wengert::autodiff;
use wengert::autodiff::ops::{ConvOptions, ConvolutionTranspose, ConvolutionWeightGradient};
use wengert::prelude::*;

use super::{along, batch, channels, padding, shape};
use crate::row;
use crate::strategies::{Plan, cases};

pub(crate) fn convolved<const D: usize>(
    n: usize,
    most: usize,
) -> impl Strategy<Value = Plan<ConvOptions<D>>> {
    let sizes = (batch(), channels(), along::<D>(n, most), 0..8u8, any::<[bool; 2]>());
    sizes.prop_filter_map("the kernel fits", |(batch, (groups, c, k), mut axes, name, [bias, unit])| {
        if unit || name == 1 {
            axes.iter_mut().for_each(|a| a.stride = 1);
        }
        let options = ConvOptions::new()
            .stride(axes.map(|a| a.stride))
            .padding(padding(&axes, name))
            .dilation(axes.map(|a| a.dilation))
            .groups(groups);
        let padded = |a: usize| match name {
            0 => axes[a].size,
            1 => usize::MAX,
            _ => axes[a].size + 2 * axes[a].padding,
        };
        if (0..D).any(|a| axes[a].dilation * (axes[a].kernel - 1) + 1 > padded(a)) {
            return None;
        }
        let x = shape(batch, [groups * c], axes.map(|a| a.size));
        let w = shape(None, [groups * k, c], axes.map(|a| a.kernel));
        let b = bias.then(|| vec![groups * k]);
        Some(([x, w].into_iter().chain(b).collect(), options))
    })
}

/// The gradient of the output in place of the bias.
fn with_gradient<const D: usize>(n: usize, most: usize) -> impl Strategy<Value = Plan<ConvOptions<D>>> {
    convolved::<D>(n, most).prop_map(|(mut shapes, options)| {
        let zeros = |s: &[usize]| Tensor::<f32>::zeros(s);
        let function = autodiff::ops::Convolution::new(options);
        let y = autodiff::apply(function, &[&zeros(&shapes[0]), &zeros(&shapes[1])]).remove(0);
        shapes.truncate(2);
        shapes.push(y.shape().to_vec());
        (shapes, options)
    })
}

row!(conv1d, cases(convolved::<1>(6, 400), -2.0..=2.0), |x, o: Conv1dOptions| {
    x[0].conv1d(&x[1], x.get(2), *o)
});
row!(conv2d, cases(convolved::<2>(5, 40), -2.0..=2.0), |x, o: Conv2dOptions| {
    x[0].conv2d(&x[1], x.get(2), *o)
});
row!(conv3d, cases(convolved::<3>(4, 12), -2.0..=2.0), |x, o: Conv3dOptions| {
    x[0].conv3d(&x[1], x.get(2), *o)
});

/// The gradients of input and weight as functions.
macro_rules! gradients {
    ($($input:ident, $weight:ident: $options:ty, $sizes:expr;)*) => {$(
        row!($input, cases($sizes, -2.0..=2.0), |x, o: $options| {
            let function = ConvolutionTranspose::input_gradient(*o, x[0].shape());
            autodiff::apply(function, &[&x[2], &x[1]]).to_vec()
        });
        row!($weight, cases($sizes, -2.0..=2.0), |x, o: $options| {
            let function = ConvolutionWeightGradient::new(*o, x[1].shape());
            autodiff::apply(function, &[&x[0], &x[2]]).to_vec()
        });
    )*};
}
gradients! {
    conv1d_input_gradient, conv1d_weight_gradient: Conv1dOptions, with_gradient::<1>(6, 400);
    conv2d_input_gradient, conv2d_weight_gradient: Conv2dOptions, with_gradient::<2>(5, 40);
    conv3d_input_gradient, conv3d_weight_gradient: Conv3dOptions, with_gradient::<3>(3, 12);
}
