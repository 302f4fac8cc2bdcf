//! Rows: convolution and its two gradients.

use proptest::prelude::*;
use wengert::autodiff::ops::{Conv2dInputGradient, Conv2dWeightGradient};
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, cases};

fn convolved() -> impl Strategy<Value = Plan<Conv2dOptions>> {
    let channels = (1..=3usize, 1..=2usize, 1..=2usize);
    let taps = (
        [1..=3usize, 1..=3usize],
        [1..=3usize, 1..=3usize],
        [0..=2usize, 0..=2usize],
        [1..=2usize, 1..=2usize],
    );
    let batch = prop_oneof![6 => 1..=2usize, 1 => Just(0)];
    (batch, channels, [1..=5usize, 1..=5usize], taps, any::<bool>()).prop_filter_map(
        "the kernel fits",
        |(n, (groups, c, k), size, (kernel, stride, padding, dilation), bias)| {
            let reach = |a: usize| dilation[a] * (kernel[a] - 1) + 1;
            if (0..2).any(|a| reach(a) > size[a] + 2 * padding[a]) {
                return None;
            }
            let x = vec![n, groups * c, size[0], size[1]];
            let w = vec![groups * k, c, kernel[0], kernel[1]];
            let b = bias.then(|| vec![groups * k]);
            let options =
                Conv2dOptions::new().stride(stride).padding(padding).dilation(dilation).groups(groups);
            Some(([x, w].into_iter().chain(b).collect(), options))
        },
    )
}

/// The gradient of the output in place of the bias.
fn with_gradient() -> impl Strategy<Value = Plan<Conv2dOptions>> {
    convolved().prop_map(|(mut shapes, options)| {
        let zeros = |s: &[usize]| Tensor::<f32>::zeros(s);
        let y = zeros(&shapes[0]).conv2d(&zeros(&shapes[1]), None, options);
        shapes.truncate(2);
        shapes.push(y.shape().to_vec());
        (shapes, options)
    })
}

row!(conv2d, cases(convolved(), -2.0..=2.0), |x, o: Conv2dOptions| x[0].conv2d(&x[1], x.get(2), *o));
row!(conv2d_input_gradient, cases(with_gradient(), -2.0..=2.0), |x, o: Conv2dOptions| {
    let shape = x[0].shape().iter().copied().collect();
    autodiff::try_apply(Conv2dInputGradient { options: *o, shape }, &[&x[2], &x[1]]).unwrap().to_vec()
});
row!(conv2d_weight_gradient, cases(with_gradient(), -2.0..=2.0), |x, o: Conv2dOptions| {
    let shape = x[1].shape().iter().copied().collect();
    autodiff::try_apply(Conv2dWeightGradient { options: *o, shape }, &[&x[0], &x[2]]).unwrap().to_vec()
});
