use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::kernels::parallel::same_at_any_thread_count;

fn geometry() -> impl Strategy<Value = Conv3dGeometry> {
    let channels = (0usize..3, 1usize..3, 0usize..4, 0usize..4);
    // Size, kernel, stride, padding before and behind, dilation.
    let axis = || (0usize..9, 1usize..4, 1usize..4, 0isize..4, -1isize..4, 1usize..3);
    (channels, [axis(), axis(), axis()]).prop_filter_map("the window fits", |(channels, axes)| {
        let (batch, groups, in_group, out_group) = channels;
        let mut output = [0; 3];
        for (output, (n, kernel, stride, before, after, dilation)) in output.iter_mut().zip(axes) {
            *output = output_extent(n, kernel, stride, [before, after], dilation)?;
        }
        Some(Conv3dGeometry {
            batch,
            in_channels: groups * in_group,
            out_channels: groups * out_group,
            groups,
            input: axes.map(|axis| axis.0),
            kernel: axes.map(|axis| axis.1),
            stride: axes.map(|axis| axis.2),
            padding: axes.map(|axis| axis.3 as usize),
            dilation: axes.map(|axis| axis.5),
            output,
        })
    })
}

/// Calls `visit(x, w, y)` with the three positions of every product in the convolution.
fn for_each_product(g: &Conv3dGeometry, mut visit: impl FnMut(usize, usize, usize)) {
    let boxes = |[a, b, c]: [usize; 3]| {
        (0..a * b * c).map(move |i| (i, [i / (b * c), i / c % b, i % c])).collect::<Vec<_>>()
    };
    let out_group = g.out_channels / g.groups;
    let [input, taps, output] = [g.input, g.kernel, g.output].map(|sizes| sizes.iter().product::<usize>());
    for n in 0..g.batch {
        for k in 0..g.out_channels {
            for c in 0..g.in_group() {
                for (p, position) in boxes(g.output) {
                    for (t, tap) in boxes(g.kernel) {
                        let place: [usize; 3] = std::array::from_fn(|a| {
                            (position[a] * g.stride[a] + tap[a] * g.dilation[a]).wrapping_sub(g.padding[a])
                        });
                        if (0..3).all(|a| place[a] < g.input[a]) {
                            let channel = n * g.in_channels + k / out_group * g.in_group() + c;
                            let i = (place[0] * g.input[1] + place[1]) * g.input[2] + place[2];
                            visit(
                                channel * input + i,
                                (k * g.in_group() + c) * taps + t,
                                (n * g.out_channels + k) * output + p,
                            );
                        }
                    }
                }
            }
        }
    }
}

/// The lengths of x, w and y.
fn lengths(g: &Conv3dGeometry) -> [usize; 3] {
    let size = |sizes: [usize; 3]| sizes.iter().product::<usize>();
    [
        g.batch * g.in_channels * size(g.input),
        g.out_channels * g.in_group() * size(g.kernel),
        g.batch * g.out_channels * size(g.output),
    ]
}

/// y, dx and dw as their formulas read, with a bias in the first two.
fn reference(g: &Conv3dGeometry, data: &[Vec<f64>; 5]) -> [Vec<f64>; 3] {
    let [x, w, dy, bias, transposed_bias] = data;
    let of_channel = |len: usize, bias: &[f64], plane: usize| {
        (0..len).map(|i| bias[i / plane % bias.len()]).collect::<Vec<_>>()
    };
    let mut y = of_channel(dy.len(), bias, g.output.iter().product());
    let mut dx = of_channel(x.len(), transposed_bias, g.input.iter().product());
    let mut dw = vec![0.0; w.len()];
    for_each_product(g, |i, j, o| {
        y[o] += x[i] * w[j];
        dx[i] += dy[o] * w[j];
        dw[j] += x[i] * dy[o];
    });
    [y, dx, dw]
}

fn computed<T: Float>(g: &Conv3dGeometry, data: &[Vec<f64>; 5]) -> [Vec<f64>; 3] {
    let [x, w, dy, bias, transposed_bias] =
        data.each_ref().map(|x| x.iter().map(|&x| T::from_f64(x)).collect::<Vec<_>>());
    let unset = |len: usize| vec![T::from_f64(7e30); len];
    let (mut y, mut dx, mut dw) = (unset(dy.len()), unset(x.len()), unset(w.len()));
    forward(g, &x, &w, Some(&bias), &Epilogue::NONE, &mut y);
    input_gradient(g, &dy, &w, Some(&transposed_bias), &mut dx);
    weight_gradient(g, &x, &dy, &mut dw);
    [y, dx, dw].map(|x| x.into_iter().map(Float::to_f64).collect())
}

fn random(g: &Conv3dGeometry, seed: u64, special: bool) -> [Vec<f64>; 5] {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let [x, w, y] = lengths(g);
    [x, w, y, g.out_channels, g.in_channels].map(|len| {
        let mut x: Vec<f64> = (0..len).map(|_| rng.random_range(-1.0..1.0)).collect();
        if special && len > 0 {
            x[rng.random_range(0..len)] = [f64::NAN, f64::INFINITY][rng.random_range(0..2)];
        }
        x
    })
}

/// Equal within rounding of sums of numbers below 1; NaN and ∞ only in the same places.
fn assert_close(g: &Conv3dGeometry, found: &[Vec<f64>; 3], expected: &[Vec<f64>; 3], epsilon: f64) {
    let [taps, positions] = [g.kernel, g.output].map(|sizes| sizes.iter().product::<usize>());
    let terms = [g.in_group() * taps, g.out_channels / g.groups * taps, g.batch * positions];
    for (i, (name, terms)) in ["y", "dx", "dw"].iter().zip(terms).enumerate() {
        let bound = 2.0 * epsilon * (terms as f64 + 4.0);
        for (at, (&found, &expected)) in found[i].iter().zip(&expected[i]).enumerate() {
            let same = if expected.is_finite() {
                (found - expected).abs() <= bound
            } else {
                found == expected || (found.is_nan() && expected.is_nan())
            };
            assert!(same, "{name}[{at}]: {found} instead of {expected} in {g:?}");
        }
    }
}

proptest! {
    #[test]
    fn kernels_follow_the_formula(g in geometry(), seed: u64) {
        let data = random(&g, seed, false);
        let expected = reference(&g, &data);
        assert_close(&g, &computed::<f64>(&g, &data), &expected, 2.3e-16);
        assert_close(&g, &computed::<f32>(&g, &data), &expected, 1.2e-7);
    }

    #[test]
    fn nan_and_infinity_reach_the_sums_that_hold_them(g in geometry(), seed: u64) {
        let data = random(&g, seed, true);
        let expected = reference(&g, &data);
        assert_close(&g, &computed::<f64>(&g, &data), &expected, 2.3e-16);
        assert_close(&g, &computed::<f32>(&g, &data), &expected, 1.2e-7);
    }
}

/// Large enough for several stacks and several threads.
#[test]
fn large_ones_follow_the_formula_at_any_number_of_threads() {
    let g = Conv3dGeometry {
        batch: 3,
        in_channels: 16,
        out_channels: 20,
        groups: 2,
        input: [13, 33, 40],
        kernel: [3, 3, 2],
        stride: [2, 1, 1],
        padding: [1, 1, 0],
        dilation: [1, 1, 1],
        output: [7, 33, 39],
    };
    let data = random(&g, 5, false);
    let expected = reference(&g, &data);
    let found = same_at_any_thread_count(|| computed::<f32>(&g, &data));
    assert_close(&g, &found, &expected, 1.2e-7);
}
