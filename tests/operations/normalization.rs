//! Rows: normalization.

use proptest::prelude::*;

use wengert::prelude::*;

use crate::bend::keep_off;
use crate::row;
use crate::strategies::{Cases, Input, Plan, cases, full_shape, shape, some, up_to};

fn eps() -> impl Strategy<Value = f64> + Clone {
    prop::sample::select(vec![0.1, 0.5, 1.0])
}

fn by_channel() -> impl Strategy<Value = Plan<f64>> {
    (some(), some(), full_shape(0..=2), eps()).prop_map(|(n, c, positions, eps)| {
        let x = [&[n, c], &positions[..]].concat();
        (vec![x, vec![c], vec![c]], eps)
    })
}

/// Whether there is a weight and a bias, and ε.
type Affine = (bool, bool, f64);

fn affine() -> impl Strategy<Value = Affine> {
    (any::<bool>(), any::<bool>(), eps())
}

/// The shapes of x and of what weights there are.
fn inputs(x: Vec<usize>, weights: &[usize], (weight, bias, _): Affine) -> Vec<Vec<usize>> {
    let count = usize::from(weight) + usize::from(bias);
    std::iter::once(x).chain(vec![weights.to_vec(); count]).collect()
}

/// The weight and the bias behind the first input.
fn weights<T: Float>(x: &[Tensor<T>], (weight, bias, _): Affine) -> [Option<&Tensor<T>>; 2] {
    let mut rest = x[1..].iter();
    [weight.then(|| rest.next().unwrap()), bias.then(|| rest.next().unwrap())]
}

/// Leading axes, and the trailing ones to normalize over.
fn trailing() -> impl Strategy<Value = Plan<(Vec<usize>, Affine)>> {
    let cut = |s: Vec<usize>| (1..=s.len(), affine(), Just(s));
    shape(1..=4).prop_flat_map(cut).prop_map(|(many, affine, s)| {
        let normalized = s[s.len() - many..].to_vec();
        (inputs(s, &normalized, affine), (normalized, affine))
    })
}

fn grouped() -> impl Strategy<Value = Plan<(usize, Affine)>> {
    let sizes = (up_to(3, 20), up_to(3, 6), up_to(3, 9), shape(0..=2), affine());
    sizes.prop_map(|(n, groups, channels, positions, affine)| {
        let c = groups * channels;
        let x = [&[n, c], &positions[..]].concat();
        (inputs(x, &[c], affine), (groups, affine))
    })
}

fn instances() -> impl Strategy<Value = Plan<Affine>> {
    (up_to(3, 9), up_to(3, 9), full_shape(1..=2), affine()).prop_map(|(n, c, positions, affine)| {
        let x = [&[n, c], &positions[..]].concat();
        (inputs(x, &[c], affine), affine)
    })
}

fn with_statistics() -> impl Strategy<Value = Plan<Affine>> {
    (up_to(3, 9), up_to(3, 20), shape(0..=2), affine()).prop_map(|(n, c, positions, affine)| {
        let mut shapes = inputs([&[n, c], &positions[..]].concat(), &[c], affine);
        shapes.splice(1..1, [vec![c], vec![c]]);
        (shapes, affine)
    })
}

/// Pictures, and windows of even and odd sizes, wider than the channels too.
fn windows() -> impl Strategy<Value = Plan<(usize, f64, f64, f64)>> {
    let number = |numbers: [f64; 3]| prop::sample::select(numbers.to_vec());
    let options = (1..=7usize, number([0.5, 1.0, 2.0]), number([0.75, 0.5, 1.25]), number([1.0, 2.0, 0.75]));
    (up_to(3, 4), up_to(5, 40), shape(1..=2), options)
        .prop_map(|(n, c, positions, options)| (vec![[&[n, c], &positions[..]].concat()], options))
}

row!(batch_norm, cases(by_channel(), -2.0..=2.0), |x, eps: f64| x[0].batch_norm(&x[1], &x[2], *eps));
/// ε, the slope, and whether there is a residual.
type Rectified = (f64, f64, bool);

/// Shapes with those of a residual, or without.
fn rectified(plans: impl Strategy<Value = Plan<f64>> + 'static) -> impl Strategy<Value = Plan<Rectified>> {
    let slope = prop::sample::select(vec![0.0, 0.1, 1.0, 1.5]);
    (plans, slope, any::<bool>()).prop_map(|((mut shapes, eps), slope, residual)| {
        if residual {
            shapes.push(shapes[0].clone());
        }
        (shapes, (eps, slope, residual))
    })
}

fn affine_by_channel() -> impl Strategy<Value = Plan<f64>> {
    (up_to(3, 9), up_to(3, 20), shape(0..=2)).prop_map(|(n, c, positions)| {
        let x = [&[n, c], &positions[..]].concat();
        (vec![x, vec![c], vec![c]], 0.0)
    })
}

/// The cases with a summand for each channel, input 2, that puts the bend of the rectifier, 0, into the widest gap of
/// what the rectifier gets.
fn off_the_bend(
    cases: Cases<Rectified>,
    operation: impl Fn(&[Tensor<f64>], &Rectified) -> Tensor<f64> + 'static,
) -> Cases<Rectified> {
    let moved = move |(mut inputs, options): (Vec<Input>, Rectified)| {
        let x: Vec<_> = inputs.iter().map(Input::tensor).collect();
        let (eps, _, residual) = options;
        keep_off(&operation(&x, &(eps, 1.0, residual)), 1, &mut inputs[2]);
        (inputs, options)
    };
    cases.prop_map(moved).boxed()
}

fn by_the_batch<T: Float>(x: &[Tensor<T>], &(eps, slope, _): &Rectified) -> [Tensor<T>; 3] {
    x[0].batch_norm_rectified(&x[1], &x[2], eps, x.get(3), slope).into()
}

fn as_given<T: Float>(x: &[Tensor<T>], &(_, slope, _): &Rectified) -> Tensor<T> {
    x[0].channel_affine(&x[1], &x[2], x.get(3), slope)
}

row!(
    batch_norm_rectified,
    off_the_bend(cases(rectified(by_channel()), -2.0..=2.0), |x, o| by_the_batch(x, o)[0].clone()),
    |x, o: Rectified| by_the_batch(x, o)
);
row!(
    channel_affine,
    off_the_bend(cases(rectified(affine_by_channel()), -2.0..=2.0), as_given),
    |x, o: Rectified| as_given(x, o)
);
row!(layer_norm, cases(trailing(), -2.0..=2.0), |x, o: (Vec<usize>, Affine)| {
    let [weight, bias] = weights(x, o.1);
    x[0].layer_norm(&o.0, weight, bias, o.1.2)
});
row!(rms_norm, cases(trailing(), -2.0..=2.0), |x, o: (Vec<usize>, Affine)| {
    let [weight, bias] = weights(x, o.1);
    let y = x[0].rms_norm(&o.0, weight, o.1.2);
    [Some(y), bias.cloned()].into_iter().flatten().collect::<Vec<_>>()
});
row!(group_norm, cases(grouped(), -2.0..=2.0), |x, o: (usize, Affine)| {
    let [weight, bias] = weights(x, o.1);
    x[0].group_norm(o.0, weight, bias, o.1.2)
});
row!(instance_norm, cases(instances(), -2.0..=2.0), |x, o: Affine| {
    let [weight, bias] = weights(x, *o);
    x[0].instance_norm(weight, bias, o.2)
});
row!(batch_norm_with, cases(with_statistics(), -2.0..=2.0), |x, o: Affine| {
    let [weight, bias] = weights(&x[2..], *o);
    x[0].batch_norm_with(&x[1], &x[2].square(), weight, bias, o.2)
});
row!(local_response_norm, cases(windows(), -2.0..=2.0), |x, o: (usize, f64, f64, f64)| {
    x[0].local_response_norm(o.0, o.1, o.2, o.3)
});
