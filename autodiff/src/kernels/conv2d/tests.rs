use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};

use super::*;

fn geometry() -> impl Strategy<Value = Conv2dGeometry> {
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

fn random<T: Float>(len: usize, rng: &mut impl Rng) -> Vec<T> {
    (0..len).map(|_| T::from_f64(rng.random_range(-1.0..1.0))).collect()
}

/// Data with a few NaNs and infinities in random places.
fn spoiled<T: Float>(len: usize, rng: &mut impl Rng) -> Vec<T> {
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

type Forward<T> = fn(&Conv2dGeometry, &[T], &[T], Option<&[T]>, &mut [T]);
type WeightGradient<T> = fn(&Conv2dGeometry, &[T], &[T], &mut [T]);
type Kernels<T> = (Forward<T>, Forward<T>, WeightGradient<T>);

fn compare<T: Float>(
    g: &Conv2dGeometry,
    seed: u64,
    data: fn(usize, &mut ChaCha8Rng) -> Vec<T>,
    kernels: Kernels<T>,
) {
    compare_within(g, seed, data, kernels, 4);
}

/// The same; the error may be that of `more` terms more than a sum has.
fn compare_within<T: Float>(
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

fn chosen<T: Float>() -> Kernels<T> {
    (forward, input_gradient, weight_gradient)
}

fn portable<T: Float>() -> Kernels<T> {
    (portable::forward, portable::input_gradient, portable::weight_gradient)
}

fn by_rows<T: Float>() -> Kernels<T> {
    (rows::forward, rows::input_gradient, rows::weight_gradient)
}

proptest! {
    #[test]
    fn chosen_kernels_follow_the_formula(g in geometry(), seed: u64) {
        compare::<f32>(&g, seed, random, chosen());
        compare::<f64>(&g, seed, random, chosen());
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

/// Kernels of 3×3 with stride 1 and channels enough for Winograd's convolution.
#[cfg(target_arch = "x86_64")]
fn three_by_three() -> impl Strategy<Value = Conv2dGeometry> {
    let axis = || (1usize..22, 0usize..4, prop_oneof![2 => Just(0), 1 => -2isize..3]);
    let sizes = (1usize..4, 1usize..3, 16usize..36, 16usize..70);
    (sizes, axis(), axis()).prop_filter_map("the window must fit", |(sizes, rows, columns)| {
        let (batch, groups, in_group, out_group) = sizes;
        let output = |(n, padding, more): (usize, usize, isize)| {
            (n + 2 * padding).checked_sub(2)?.checked_add_signed(more).filter(|&n| n > 0)
        };
        Some(Conv2dGeometry {
            batch,
            in_channels: groups * in_group,
            height: rows.0,
            width: columns.0,
            out_channels: groups * out_group,
            kernel: [3, 3],
            padding: [rows.1, columns.1],
            output: [output(rows)?, output(columns)?],
            groups,
            ..UNIT
        })
    })
}

#[cfg(target_arch = "x86_64")]
fn by_winograd<const FOUR: bool>() -> Kernels<f32> {
    use super::avx512::each_way::{Way, forward, input_gradient, weight_gradient};
    const fn way<const FOUR: bool>() -> Way {
        if FOUR { Way::Four } else { Way::Two }
    }
    (
        |g, x, w, bias, y| forward(way::<FOUR>(), g, x, w, bias, y),
        |g, dy, w, bias, dx| input_gradient(way::<FOUR>(), g, dy, w, bias, dx),
        |g, x, dy, dw| weight_gradient(way::<FOUR>(), g, x, dy, dw),
    )
}

#[cfg(target_arch = "x86_64")]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn winograd_follows_the_formula(g in three_by_three(), seed: u64) {
        if is_x86_feature_detected!("avx512f") {
            compare(&g, seed, random, by_winograd::<false>());
            // Its rounding does not fall with the number of terms.
            compare_within(&g, seed, random, by_winograd::<true>(), 64);
        }
    }

    #[test]
    fn winograd_leaves_nan_and_infinity_where_they_belong(g in three_by_three(), seed: u64) {
        compare_within(&g, seed, spoiled, chosen::<f32>(), 64);
    }
}

const UNIT: Conv2dGeometry = Conv2dGeometry {
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
fn square(n: usize, c: usize, k: usize, size: usize, r: usize, stride: usize, pad: usize) -> Conv2dGeometry {
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
fn layers() -> Vec<Conv2dGeometry> {
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

#[test]
fn results_have_the_same_bits_at_any_number_of_threads() {
    for (seed, g) in layers().iter().enumerate() {
        for (forward, input_gradient, weight_gradient) in [chosen(), portable()] {
            let rng = &mut ChaCha8Rng::seed_from_u64(seed as u64);
            let (x, w) = (random(g.input_len(), rng), random(g.weight_len(), rng));
            let dy: Vec<f32> = random(g.output_len(), rng);
            let results = [1, 2, 3, 8].map(|threads| {
                rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
                    let mut y = vec![f32::NAN; dy.len()];
                    let (mut dx, mut dw) = (vec![f32::NAN; x.len()], vec![f32::NAN; w.len()]);
                    forward(g, &x, &w, None, &mut y);
                    input_gradient(g, &dy, &w, None, &mut dx);
                    weight_gradient(g, &x, &dy, &mut dw);
                    [y, dx, dw].concat().into_iter().map(f32::to_bits).collect::<Vec<_>>()
                })
            });
            for other in &results[1..] {
                assert!(*other == results[0], "{g:?}");
            }
        }
    }
}

/// The error of `found`, and the greatest, as shares of the root mean square of `exact`.
#[cfg(target_arch = "x86_64")]
fn errors(found: &[f32], exact: &[f64]) -> (f64, f64) {
    let mean_square = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>() / exact.len() as f64;
    let differences = || found.iter().zip(exact).map(|(&x, &y)| f64::from(x) - y);
    let size = mean_square(&mut exact.iter().copied()).sqrt();
    let greatest = differences().map(f64::abs).fold(0.0, f64::max);
    (mean_square(&mut differences()).sqrt() / size, greatest / size)
}

/// Single precision against double, every way to compute: of uniform data, as a table that `--nocapture` shows.
#[test]
#[cfg(target_arch = "x86_64")]
fn every_way_is_as_exact_as_single_precision() {
    use super::avx512::each_way::{self, Way};
    if !is_x86_feature_detected!("avx512f") {
        return;
    }
    println!("| shape | way | y: rms, max | dx | dw |\n| --- | --- | --- | --- | --- |");
    // Of the last, the weight gradient is made in several pieces of one picture.
    let layers = [(1, 16, 32), (1, 64, 56), (1, 128, 28), (1, 256, 14), (2, 512, 7), (1, 64, 130)];
    for (seed, (batch, channels, size)) in layers.into_iter().enumerate() {
        let g = square(batch, channels, channels, size, 3, 1, 1);
        let rng = &mut ChaCha8Rng::seed_from_u64(seed as u64);
        let (x, w): (Vec<f32>, _) = (random(g.input_len(), rng), random::<f32>(g.weight_len(), rng));
        let dy: Vec<f32> = random(g.output_len(), rng);
        let double = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        let (x64, w64, dy64) = (double(&x), double(&w), double(&dy));
        let mut exact = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
        portable::forward(&g, &x64, &w64, None, &mut exact.0);
        portable::input_gradient(&g, &dy64, &w64, None, &mut exact.1);
        portable::weight_gradient(&g, &x64, &dy64, &mut exact.2);
        for way in [None, Some(Way::Channels), Some(Way::Pixels), Some(Way::Two), Some(Way::Four)] {
            let mut found = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
            match way {
                Some(way) => {
                    each_way::forward(way, &g, &x, &w, None, &mut found.0);
                    each_way::input_gradient(way, &g, &dy, &w, None, &mut found.1);
                    each_way::weight_gradient(way, &g, &x, &dy, &mut found.2);
                }
                None => {
                    portable::forward(&g, &x, &w, None, &mut found.0);
                    portable::input_gradient(&g, &dy, &w, None, &mut found.1);
                    portable::weight_gradient(&g, &x, &dy, &mut found.2);
                }
            }
            let all = [errors(&found.0, &exact.0), errors(&found.1, &exact.1), errors(&found.2, &exact.2)];
            let name = way.map_or("unfolded".to_owned(), |way| format!("{way:?}"));
            let cells = all.map(|(mean, greatest)| format!("{mean:.1e}, {greatest:.1e}")).join(" | ");
            println!("| {channels} @ {size} | {name} | {cells} |");
            for (mean, greatest) in all {
                assert!(mean < 5e-6 && greatest < 5e-5, "{name}, {g:?}: {mean:.1e}, {greatest:.1e}");
            }
        }
    }
}
