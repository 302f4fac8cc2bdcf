use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};

use super::*;
use crate::kernels::parallel::same_at_any_thread_count;

pub(super) fn geometry() -> impl Strategy<Value = Conv2dGeometry> {
    let small = (0usize..4, 1usize..4, 0usize..6, 0usize..40, 0usize..14, 0usize..40);
    // Kernel, stride, padding before the input, dilation, and behind it: as much as the padding, and then some
    // outputs more or fewer.
    let window = || (1usize..5, 1usize..4, 0usize..4, 1usize..4, prop_oneof![3 => Just(0), 1 => -2isize..3]);
    (small, window(), window()).prop_filter_map("the window must fit", |(sizes, rows, columns)| {
        let (batch, groups, in_group, out_group, height, width) = sizes;
        let output = |n: usize, axis: (usize, usize, usize, usize, isize)| {
            let (kernel, stride, padding, dilation, more) = axis;
            let positions = (n + 2 * padding).checked_sub(dilation * (kernel - 1) + 1)? / stride + 1;
            positions.checked_add_signed(more).filter(|&n| n > 0)
        };
        let g = Conv2dGeometry {
            batch,
            in_channels: groups * in_group,
            height,
            width,
            out_channels: groups * out_group,
            kernel: [rows.0, columns.0],
            stride: [rows.1, columns.1],
            padding: [rows.2, columns.2],
            dilation: [rows.3, columns.3],
            output: [output(height, rows)?, output(width, columns)?],
            groups,
        };
        (g.operations() < 20_000_000).then_some(g)
    })
}

pub(super) fn random<T: Float>(len: usize, rng: &mut impl Rng) -> Vec<T> {
    (0..len).map(|_| T::from_f64(rng.random_range(-1.0..1.0))).collect()
}

/// Data with a few NaNs and infinities in random places.
pub(super) fn spoiled<T: Float>(len: usize, rng: &mut impl Rng) -> Vec<T> {
    let mut x = random(len, rng);
    for special in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        if len > 0 && rng.random_bool(0.7) {
            x[rng.random_range(0..len)] = T::from_f64(special);
        }
    }
    x
}

/// Equal within rounding of sums of `terms` products of numbers below 1; NaN and ∞ only in the same places.
fn assert_close<T: Float>(name: &str, found: &[T], expected: &[T], terms: usize) {
    let epsilon = if T::NAME == "f32" { 1.2e-7 } else { 2.3e-16 };
    let bound = 2.0 * epsilon * terms as f64;
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let (found, expected) = (Float::to_f64(*found), Float::to_f64(*expected));
        let same = if expected.is_finite() {
            (found - expected).abs() <= bound
        } else {
            found == expected || (found.is_nan() && expected.is_nan())
        };
        assert!(same, "{name}[{i}]: {found} instead of {expected}");
    }
}

type Forward<'a, T> = &'a (dyn Fn(&Conv2dGeometry, &[T], &[T], Option<&[T]>, &mut [T]) + Sync);
type WeightGradient<'a, T> = &'a (dyn Fn(&Conv2dGeometry, &[T], &[T], &mut [T]) + Sync);
/// The forward pass, the input gradient and the weight gradient.
pub(super) type Kernels<'a, T> = (Forward<'a, T>, Forward<'a, T>, WeightGradient<'a, T>);

pub(super) fn compare<T: Float>(
    g: &Conv2dGeometry,
    seed: u64,
    data: fn(usize, &mut ChaCha8Rng) -> Vec<T>,
    kernels: Kernels<T>,
) {
    compare_within(g, seed, data, kernels, 4);
}

/// The same; the error may be that of `more` terms more than a sum has.
pub(super) fn compare_within<T: Float>(
    g: &Conv2dGeometry,
    seed: u64,
    data: fn(usize, &mut ChaCha8Rng) -> Vec<T>,
    kernels: Kernels<T>,
    more: usize,
) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let (x, w, dy) = (data(g.input_len(), rng), data(g.weight_len(), rng), data(g.output_len(), rng));
    let bias = rng.random_bool(0.5).then(|| random(g.out_channels, rng));
    let transposed_bias = rng.random_bool(0.5).then(|| random(g.in_channels, rng));
    let run = |len: usize, f: &dyn Fn(&mut [T])| {
        let mut result = vec![T::from_f64(7e30); len];
        f(&mut result);
        result
    };
    let (y, expected) = (
        run(dy.len(), &|y| (kernels.0)(g, &x, &w, bias.as_deref(), y)),
        run(dy.len(), &|y| reference::forward(g, &x, &w, bias.as_deref(), y)),
    );
    assert_close("y", &y, &expected, g.in_group() * g.taps() + more);
    let (dx, expected) = (
        run(x.len(), &|dx| (kernels.1)(g, &dy, &w, transposed_bias.as_deref(), dx)),
        run(x.len(), &|dx| reference::input_gradient(g, &dy, &w, transposed_bias.as_deref(), dx)),
    );
    assert_close("dx", &dx, &expected, g.out_group() * g.taps() + more);
    let (dw, expected) = (
        run(w.len(), &|dw| (kernels.2)(g, &x, &dy, dw)),
        run(w.len(), &|dw| reference::weight_gradient(g, &x, &dy, dw)),
    );
    assert_close("dw", &dw, &expected, g.output_len() / g.out_channels.max(1) + more);
}

/// A forward pass with an epilogue.
pub(super) type Finished<'a> =
    &'a dyn Fn(&Conv2dGeometry, &[f32], &[f32], Option<&[f32]>, &Epilogue<'_, f32>, &mut [f32]);

/// Fails unless a forward pass finishes the results that it has without an epilogue.
pub(super) fn finishes(
    g: &Conv2dGeometry,
    seed: u64,
    data: fn(usize, &mut ChaCha8Rng) -> Vec<f32>,
    forward: Finished,
) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let (x, w) = (data(g.input_len(), rng), data(g.weight_len(), rng));
    let bias: Vec<f32> = random(g.out_channels, rng);
    let (scale, shift): (Vec<f32>, Vec<f32>) = (random(g.out_channels, rng), random(g.out_channels, rng));
    let residual: Vec<f32> = random(g.output_len(), rng);
    let positions = (g.output[0] * g.output[1]).max(1);
    let mut plain = vec![7e30; residual.len()];
    forward(g, &x, &w, Some(&bias), &Epilogue::NONE, &mut plain);
    let affine = Some([&scale[..], &shift[..]]);
    for (affine, residual, slope) in [
        (None, None, 0.0),
        (None, Some(&residual[..]), 0.1),
        (affine, None, 1.0),
        (affine, None, 0.25),
        (affine, Some(&residual[..]), 0.0),
    ] {
        let mut found = vec![7e30; plain.len()];
        forward(g, &x, &w, Some(&bias), &Epilogue { affine, residual, slope }, &mut found);
        for (i, (&found, &z)) in found.iter().zip(&plain).enumerate() {
            let channel = i / positions % g.out_channels;
            let z = affine.map_or(z, |[scale, shift]| scale[channel] * z + shift[channel]);
            let z = residual.map_or(z, |residual| z + residual[i]);
            let low = if slope == 0.0 { 0.0 } else { slope as f32 * z };
            let expected = if z <= 0.0 { low } else { z };
            // The sign of a NaN says nothing.
            let same = found == expected || (found.is_nan() && expected.is_nan());
            assert!(same, "element {i}, slope {slope}: {found} instead of {expected}");
        }
    }
}

fn chosen<T: Float>() -> Kernels<'static, T> {
    (&|g, x, w, bias, y| forward(g, x, w, bias, &Epilogue::NONE, y), &input_gradient, &weight_gradient)
}

fn portable<T: Float>() -> Kernels<'static, T> {
    (&portable::forward, &portable::input_gradient, &portable::weight_gradient)
}

fn by_rows<T: Float>() -> Kernels<'static, T> {
    (&rows::forward, &rows::input_gradient, &rows::weight_gradient)
}

proptest! {
    #[test]
    fn chosen_kernels_follow_the_formula(g in geometry(), seed: u64) {
        compare::<f32>(&g, seed, random, chosen());
        compare::<f64>(&g, seed, random, chosen());
    }

    #[test]
    fn chosen_kernels_finish_their_results(g in geometry(), seed: u64) {
        finishes(&g, seed, random, &forward);
        finishes(&g, seed, spoiled, &forward);
    }

    #[test]
    fn portable_kernels_follow_the_formula(g in geometry(), seed: u64) {
        compare::<f32>(&g, seed, random, portable());
        compare::<f64>(&g, seed, random, portable());
        compare::<f64>(&g, seed, random, by_rows());
    }

    #[test]
    fn nan_and_infinity_reach_the_sums_that_hold_them(g in geometry(), seed: u64) {
        compare::<f32>(&g, seed, spoiled, chosen());
        compare::<f32>(&g, seed, spoiled, portable());
        compare::<f64>(&g, seed, spoiled, by_rows());
    }
}

pub(super) const UNIT: Conv2dGeometry = Conv2dGeometry {
    batch: 1,
    in_channels: 1,
    height: 1,
    width: 1,
    out_channels: 1,
    kernel: [1, 1],
    stride: [1, 1],
    padding: [0, 0],
    dilation: [1, 1],
    output: [1, 1],
    groups: 1,
};

/// A square convolution: batch, channels in and out, size, kernel, stride, padding.
pub(super) fn square(
    n: usize,
    c: usize,
    k: usize,
    size: usize,
    r: usize,
    stride: usize,
    pad: usize,
) -> Conv2dGeometry {
    fitting(Conv2dGeometry {
        batch: n,
        in_channels: c,
        height: size,
        width: size,
        out_channels: k,
        kernel: [r, r],
        stride: [stride, stride],
        padding: [pad, pad],
        ..UNIT
    })
}

/// With as many outputs as windows fit into the input with the same padding all around.
fn fitting(g: Conv2dGeometry) -> Conv2dGeometry {
    let positions = |axis: usize, n: usize| {
        (n + 2 * g.padding[axis] - g.dilation[axis] * (g.kernel[axis] - 1) - 1) / g.stride[axis] + 1
    };
    Conv2dGeometry { output: [positions(0, g.height), positions(1, g.width)], ..g }
}

/// Layers of the networks the kernels are meant for, some a little off the round sizes.
pub(super) fn layers() -> Vec<Conv2dGeometry> {
    vec![
        square(64, 1, 6, 28, 5, 1, 2),
        square(17, 6, 16, 14, 5, 1, 0),
        square(1, 16, 6, 14, 5, 1, 0),
        square(3, 3, 64, 40, 7, 2, 3),
        square(2, 64, 64, 28, 3, 1, 1),
        square(1, 65, 67, 29, 3, 2, 1),
        square(1, 64, 33, 53, 3, 2, 1),
        square(3, 40, 96, 7, 3, 1, 1),
        square(3, 256, 256, 7, 3, 1, 1),
        square(1, 96, 160, 30, 3, 1, 1),
        square(2, 256, 128, 14, 1, 1, 0),
        square(2, 64, 128, 15, 1, 2, 0),
        square(5, 16, 16, 32, 3, 1, 1),
        Conv2dGeometry { groups: 48, ..square(2, 48, 48, 19, 3, 2, 1) },
        fitting(Conv2dGeometry { groups: 4, dilation: [2, 3], ..square(2, 64, 80, 23, 3, 1, 3) }),
        fitting(Conv2dGeometry { kernel: [7, 1], stride: [1, 2], ..square(2, 20, 33, 31, 1, 1, 3) }),
    ]
}

#[test]
fn layers_of_known_networks_follow_the_formula() {
    for (seed, g) in layers().iter().enumerate() {
        compare::<f32>(g, seed as u64, random, chosen());
        compare::<f32>(g, seed as u64, random, portable());
    }
}

/// Fails unless the results have the same bits at any number of threads.
pub(super) fn same_at_any_number_of_threads(g: &Conv2dGeometry, seed: u64, kernels: Kernels<f32>) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let (x, w) = (random(g.input_len(), rng), random(g.weight_len(), rng));
    let dy: Vec<f32> = random(g.output_len(), rng);
    same_at_any_thread_count(|| {
        let mut y = vec![f32::NAN; dy.len()];
        let (mut dx, mut dw) = (vec![f32::NAN; x.len()], vec![f32::NAN; w.len()]);
        kernels.0(g, &x, &w, None, &mut y);
        kernels.1(g, &dy, &w, None, &mut dx);
        kernels.2(g, &x, &dy, &mut dw);
        [y, dx, dw].concat().into_iter().map(f32::to_bits).collect::<Vec<_>>()
    });
}

#[test]
fn results_have_the_same_bits_at_any_number_of_threads() {
    for (seed, g) in layers().iter().enumerate() {
        same_at_any_number_of_threads(g, seed as u64, chosen());
        same_at_any_number_of_threads(g, seed as u64, portable());
    }
}
