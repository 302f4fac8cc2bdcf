use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::Float;

fn geometry(dilated: bool) -> impl Strategy<Value = Pool2dGeometry> {
    let axis = || (1usize..6, 1usize..4, 0usize..3, 1usize..4);
    let general = (0usize..4, 0usize..12, 0usize..40, axis(), axis(), any::<bool>());
    let halving = (1usize..4, 2usize..12, 2usize..40, Just((2, 2, 0, 1)), Just((2, 2, 0, 1)), any::<bool>());
    prop_oneof![3 => general, 1 => halving].prop_filter_map("the window must fit", move |sizes| {
        let (planes, height, width, rows, columns, ceil_mode) = sizes;
        let g = Pool2dGeometry {
            planes,
            height,
            width,
            kernel: [rows.0, columns.0],
            stride: [rows.1, columns.1],
            padding: [rows.2, columns.2],
            dilation: if dilated { [rows.3, columns.3] } else { [1, 1] },
            ceil_mode,
        };
        let fits = |input, axis: usize| {
            let (k, s, p, d) = (g.kernel[axis], g.stride[axis], g.padding[axis], g.dilation[axis]);
            output_extent(input, k, s, p, d, ceil_mode).is_some()
        };
        (fits(height, 0) && fits(width, 1)).then_some(g)
    })
}

/// Small whole numbers, so that there are ties and sums are exact; sometimes NaN and −∞.
fn data<T: Float>(len: usize, rng: &mut ChaCha8Rng) -> Vec<T> {
    let special = rng.random_bool(0.5);
    let draw = |rng: &mut ChaCha8Rng| match rng.random_range(0..12) {
        0 if special => f64::NAN,
        1..4 if special => f64::NEG_INFINITY,
        _ => f64::from(rng.random_range(-3..4)),
    };
    (0..len).map(|_| T::from_f64(draw(rng))).collect()
}

fn whole<T: Float>(len: usize, rng: &mut ChaCha8Rng) -> Vec<T> {
    (0..len).map(|_| T::from_f64(f64::from(rng.random_range(-9..10)))).collect()
}

/// The places of the input that each output's window covers, in order, and the window's padded size.
fn windows(g: &Pool2dGeometry) -> Vec<(Vec<usize>, usize)> {
    let [p_len, q_len] = g.output();
    let mut windows = Vec::new();
    for p in 0..p_len {
        for q in 0..q_len {
            let (mut places, mut padded) = (Vec::new(), 0);
            for r in 0..g.kernel[0] {
                for s in 0..g.kernel[1] {
                    let h = p * g.stride[0] + r * g.dilation[0];
                    let w = q * g.stride[1] + s * g.dilation[1];
                    padded += usize::from(h < g.height + 2 * g.padding[0] && w < g.width + 2 * g.padding[1]);
                    let (h, w) = (h.wrapping_sub(g.padding[0]), w.wrapping_sub(g.padding[1]));
                    if h < g.height && w < g.width {
                        places.push(h * g.width + w);
                    }
                }
            }
            windows.push((places, padded));
        }
    }
    windows
}

fn same<T: Float>(a: &[T], b: &[T]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

/// The same for windows that divide a plane.
fn adaptive_windows(input: [usize; 2], output: [usize; 2]) -> Vec<(Vec<usize>, usize)> {
    let range = |axis: usize, i: usize| {
        let (n, m) = (input[axis] as f64, output[axis] as f64);
        (i as f64 * n / m).floor() as usize..((i + 1) as f64 * n / m).ceil() as usize
    };
    let window = |o: usize| {
        let (rows, columns) = (range(0, o / output[1]), range(1, o % output[1]));
        rows.flat_map(|h| columns.clone().map(move |w| h * input[1] + w)).collect::<Vec<_>>()
    };
    (0..output[0] * output[1]).map(window).map(|places| (places.clone(), places.len())).collect()
}

fn check_max<T: Float>(g: &Windows2d, windows: &[(Vec<usize>, usize)], seed: u64) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let (planes, source, plane) = (g.planes(), g.input_plane(), g.output_plane());
    assert_eq!(windows.len(), plane);
    let x: Vec<T> = data(planes * source, rng);
    let (mut y, mut indices) = (vec![T::one(); planes * plane], vec![77; planes * plane]);
    max(g, &x, &mut y, &mut indices);
    for i in 0..y.len() {
        let x = &x[i / plane * source..];
        let (mut best, mut place) = (T::neg_infinity(), -1);
        for &at in &windows[i % plane].0 {
            if place == -1 || x[at] > best || x[at].is_nan() {
                (best, place) = (x[at], at as i64);
            }
        }
        assert!(same(&[y[i]], &[best]) && indices[i] == place, "{i}: {} at {}", y[i], indices[i]);
    }

    let (dy, t): (Vec<T>, Vec<T>) = (whole(y.len(), rng), whole(x.len(), rng));
    let (mut dx, mut ty) = (vec![T::one(); x.len()], vec![T::one(); y.len()]);
    scatter_planes(planes, &dy, &indices, &mut dx);
    gather_planes(planes, &t, &indices, &mut ty);
    let (mut sums, mut picked) = (vec![T::zero(); x.len()], vec![T::zero(); y.len()]);
    for i in (0..y.len()).filter(|&i| indices[i] >= 0) {
        let at = i / plane * source + indices[i] as usize;
        sums[at] += dy[i];
        picked[i] = t[at];
    }
    assert!(same(&dx, &sums) && same(&ty, &picked));
}

fn check_average<T: Float>(
    g: &Windows2d,
    windows: &[(Vec<usize>, usize)],
    include: bool,
    divisor: Option<usize>,
    seed: u64,
) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let (planes, source, plane) = (g.planes(), g.input_plane(), g.output_plane());
    assert_eq!(windows.len(), plane);
    let (x, dy): (Vec<T>, Vec<T>) = (data(planes * source, rng), data(planes * plane, rng));
    let (mut y, mut dx) = (vec![T::one(); dy.len()], vec![T::one(); x.len()]);
    average(g, include, divisor, &x, &mut y);
    average_gradient(g, include, divisor, &dy, &mut dx);
    let (mut means, mut sums) = (vec![T::zero(); dy.len()], vec![T::zero(); x.len()]);
    for i in 0..y.len() {
        let (places, padded) = &windows[i % plane];
        let size = divisor.unwrap_or(if include { *padded } else { places.len() });
        let size = T::from_f64(size as f64);
        let first = i / plane * source;
        if !places.is_empty() {
            means[i] = places.iter().map(|at| x[first + at]).sum::<T>() / size;
        }
        for at in places {
            sums[first + at] += dy[i] / size;
        }
    }
    assert!(same(&y, &means), "{y:?} instead of {means:?}");
    for (found, expected) in dx.iter().zip(&sums) {
        let distance = (*found - *expected).abs();
        assert!(distance < T::from_f64(1e-5) || same(&[*found], &[*expected]), "{found} {expected}");
    }
}

proptest! {
    #[test]
    fn maxima_are_those_of_the_windows(g in geometry(true), seed: u64) {
        check_max::<f32>(&Windows2d::Sliding(g), &windows(&g), seed);
        check_max::<f64>(&Windows2d::Sliding(g), &windows(&g), seed);
    }

    #[test]
    fn averages_are_those_of_the_windows(
        g in geometry(false),
        include: bool,
        divisor in proptest::option::of(1usize..9),
        seed: u64,
    ) {
        check_average::<f32>(&Windows2d::Sliding(g), &windows(&g), include, divisor, seed);
        check_average::<f64>(&Windows2d::Sliding(g), &windows(&g), include, divisor, seed);
    }

    #[test]
    fn adaptive_poolings_are_those_of_the_windows(
        planes in 0usize..4,
        input in [1usize..12, 1usize..12],
        output in [1usize..9, 1usize..9],
        seed: u64,
    ) {
        let (g, windows) = (Windows2d::adaptive(planes, input, output), adaptive_windows(input, output));
        check_max::<f32>(&g, &windows, seed);
        check_max::<f64>(&g, &windows, seed);
        check_average::<f32>(&g, &windows, false, None, seed);
        check_average::<f64>(&g, &windows, true, Some(3), seed);
    }

    #[test]
    fn the_last_of_equal_indices_counts(planes in 0usize..4, indices in proptest::collection::vec(0i64..9, 12)) {
        let all: Vec<i64> = (0..planes).flat_map(|i| indices.iter().map(move |at| (at + i as i64) % 9)).collect();
        let winners = last_writers(planes, 9, &all);
        for (i, (plane, winners)) in all.chunks(12).zip(winners.chunks(12)).enumerate() {
            for (at, (&index, &winner)) in plane.iter().zip(winners).enumerate() {
                let last = plane[at + 1..].iter().all(|&later| later != index);
                prop_assert_eq!(winner, if last { index } else { -1 }, "plane {} element {}", i, at);
            }
        }
    }
}

#[test]
fn extents_are_pytorchs() {
    // torch.nn.functional.max_pool2d on an input of this size, ceil_mode off and on.
    let cases = [
        ((6, 2, 2, 0, 1), Some(3), Some(3)),
        ((7, 2, 2, 0, 1), Some(3), Some(4)),
        ((7, 3, 2, 1, 1), Some(4), Some(4)),
        ((6, 3, 2, 1, 1), Some(3), Some(4)),
        ((5, 2, 3, 1, 1), Some(2), Some(2)),
        ((5, 3, 2, 1, 2), Some(2), Some(2)),
        ((6, 1, 3, 0, 1), Some(2), Some(2)),
        ((2, 3, 1, 0, 1), None, None),
        ((2, 3, 2, 0, 1), None, Some(1)),
        ((1, 3, 2, 0, 1), None, None),
        ((1, 3, 3, 0, 1), None, Some(1)),
        ((3, 0, 1, 0, 1), None, None),
        ((3, 1, 0, 0, 1), None, None),
    ];
    for ((n, k, s, p, d), floor, ceil) in cases {
        assert_eq!(output_extent(n, k, s, p, d, false), floor, "{n} {k} {s} {p} {d}");
        assert_eq!(output_extent(n, k, s, p, d, true), ceil, "{n} {k} {s} {p} {d}");
    }
}

#[test]
fn many_planes_on_many_threads_have_the_same_bits() {
    let g = Pool2dGeometry {
        planes: 300,
        height: 31,
        width: 45,
        kernel: [3, 2],
        stride: [2, 1],
        padding: [1, 1],
        dilation: [1, 1],
        ceil_mode: true,
    };
    let adaptive = Windows2d::adaptive(300, [31, 45], [13, 7]);
    let x: Vec<f32> = whole(300 * 31 * 45, &mut ChaCha8Rng::seed_from_u64(1));
    for g in [Windows2d::Sliding(g), adaptive] {
        let results = [1, 2, 3, 8].map(|threads| {
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
                let len = g.planes() * g.output_plane();
                let (mut y, mut indices) = (vec![0.0; len], vec![0; len]);
                let (mut mean, mut dx, mut spread) = (vec![0.0; len], vec![0.0; x.len()], vec![0.0; x.len()]);
                max(&g, &x, &mut y, &mut indices);
                average(&g, true, None, &x, &mut mean);
                average_gradient(&g, true, None, &mean, &mut dx);
                scatter_planes(g.planes(), &mean, &indices, &mut spread);
                [y, mean, dx, spread].concat().into_iter().map(f32::to_bits).collect::<Vec<_>>()
            })
        });
        assert!(results.iter().all(|result| *result == results[0]));
    }
}
