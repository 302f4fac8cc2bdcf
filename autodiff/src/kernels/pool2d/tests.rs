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

fn check_max<T: Float>(g: &Pool2dGeometry, seed: u64) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let windows = windows(g);
    let (source, plane) = (g.input_plane(), g.output_plane());
    let x: Vec<T> = data(g.planes * source, rng);
    let (mut y, mut indices) = (vec![T::one(); g.planes * plane], vec![77; g.planes * plane]);
    max(&Windows2d::Sliding(*g), &x, &mut y, &mut indices);
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
    scatter_planes(g.planes, &dy, &indices, &mut dx);
    gather_planes(g.planes, &t, &indices, &mut ty);
    let (mut sums, mut picked) = (vec![T::zero(); x.len()], vec![T::zero(); y.len()]);
    for i in (0..y.len()).filter(|&i| indices[i] >= 0) {
        let at = i / plane * source + indices[i] as usize;
        sums[at] += dy[i];
        picked[i] = t[at];
    }
    assert!(same(&dx, &sums) && same(&ty, &picked));
}

fn check_average<T: Float>(g: &Pool2dGeometry, include: bool, divisor: Option<usize>, seed: u64) {
    let rng = &mut ChaCha8Rng::seed_from_u64(seed);
    let windows = windows(g);
    let (source, plane) = (g.input_plane(), g.output_plane());
    let (x, dy): (Vec<T>, Vec<T>) = (data(g.planes * source, rng), data(g.planes * plane, rng));
    let (mut y, mut dx) = (vec![T::one(); dy.len()], vec![T::one(); x.len()]);
    average(&Windows2d::Sliding(*g), include, divisor, &x, &mut y);
    average_gradient(&Windows2d::Sliding(*g), include, divisor, &dy, &mut dx);
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
        check_max::<f32>(&g, seed);
        check_max::<f64>(&g, seed);
    }

    #[test]
    fn averages_are_those_of_the_windows(
        g in geometry(false),
        include: bool,
        divisor in proptest::option::of(1usize..9),
        seed: u64,
    ) {
        check_average::<f32>(&g, include, divisor, seed);
        check_average::<f64>(&g, include, divisor, seed);
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
    let x: Vec<f32> = whole(g.planes * g.input_plane(), &mut ChaCha8Rng::seed_from_u64(1));
    let results = [1, 2, 3, 8].map(|threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| {
            let len = g.planes * g.output_plane();
            let (mut y, mut indices) = (vec![0.0; len], vec![0; len]);
            let (mut mean, mut dx, mut spread) = (vec![0.0; len], vec![0.0; x.len()], vec![0.0; x.len()]);
            max(&Windows2d::Sliding(g), &x, &mut y, &mut indices);
            average(&Windows2d::Sliding(g), true, None, &x, &mut mean);
            average_gradient(&Windows2d::Sliding(g), true, None, &mean, &mut dx);
            scatter_planes(g.planes, &mean, &indices, &mut spread);
            [y, mean, dx, spread].concat().into_iter().map(f32::to_bits).collect::<Vec<_>>()
        })
    });
    assert!(results.iter().all(|result| *result == results[0]));
}
