//! Rows: pooling, with overlap, padding, gaps, and windows over the edge.

use std::array;

use proptest::prelude::*;
use wengert::autodiff::ops::Pool;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, cases, up_to};

/// Batch and channels, or channels alone, and the sizes of `D` axes: small, or large for that many axes.
fn inputs<const D: usize>() -> impl Strategy<Value = (Vec<usize>, [usize; D])> {
    let batch = prop_oneof![6 => (1..=2usize).prop_map(Some), 1 => Just(Some(0)), 2 => Just(None)];
    let size = || up_to([7, 6, 4][D - 1], [3000, 70, 18][D - 1]);
    let planes =
        (batch, up_to(2, 20)).prop_map(|(batch, channels)| batch.into_iter().chain([channels]).collect());
    (planes, array::from_fn(|_| size()))
}

/// Inputs and a window that fits into them. `pool` is a maximum: a dilated window may see nothing but padding,
/// whose maximum is −∞.
fn windows<const D: usize>(
    dilated: bool,
    pool: fn(&Tensor<f32>, Pool<D>) -> Tensor<f32>,
) -> impl Strategy<Value = Plan<Pool<D>>> {
    let each = |range: std::ops::RangeInclusive<usize>| array::from_fn::<_, D, _>(|_| range.clone());
    let sizes = (each(1..=3), each(1..=3), each(0..=1), each(1..=if dilated { 2 } else { 1 }));
    let counts = (any::<bool>(), any::<bool>(), prop::option::weighted(0.2, 1..=5usize));
    (inputs::<D>(), sizes, counts).prop_filter_map(
        "the window fits",
        move |((mut x, size), (kernel, stride, padding, dilation), (ceil, count, divisor))| {
            let padding = array::from_fn(|a| padding[a].min(kernel[a] / 2));
            let reach = |a: usize| dilation[a] * (kernel[a] - 1) + 1;
            if (0..D).any(|a| reach(a) > size[a] + 2 * padding[a]) {
                return None;
            }
            let window = Pool::new(kernel).stride(stride).padding(padding).dilation(dilation);
            let window = window.ceil_mode(ceil).count_include_pad(count);
            let window = divisor.map_or(window, |d| window.divisor_override(d));
            x.extend(size);
            let sees = pool(&Tensor::zeros(&x), window).to_vec().iter().all(|y| y.is_finite());
            sees.then_some((vec![x], window))
        },
    )
}

/// The maxima once more: what stands at their positions among the last `dims` axes.
fn at<T: Float>(x: &Tensor<T>, positions: &Indices, dims: usize) -> Tensor<T> {
    let lead = positions.shape().len() - dims;
    let mut flat = positions.shape()[..lead].to_vec();
    flat.push(positions.shape()[lead..].iter().product());
    x.flatten_from(lead).gather(-1, &positions.reshape(&flat)).reshape(positions.shape())
}

row!(max_pool1d, cases(windows(true, |x, w| x.max_pool1d(w)), -2.0..=2.0), |x, window: Pool1d| {
    let (y, positions) = x[0].max_pool1d_with_indices(*window);
    [x[0].max_pool1d(*window), at(&x[0], &positions, 1), y]
});
row!(max_pool2d, cases(windows(true, |x, w| x.max_pool2d(w)), -2.0..=2.0), |x, window: Pool2d| {
    let (y, positions) = x[0].max_pool2d_with_indices(*window);
    [x[0].max_pool2d(*window), at(&x[0], &positions, 2), y]
});
row!(max_pool3d, cases(windows(true, |x, w| x.max_pool3d(w)), -2.0..=2.0), |x, window: Pool3d| {
    let (y, positions) = x[0].max_pool3d_with_indices(*window);
    [x[0].max_pool3d(*window), at(&x[0], &positions, 3), y]
});
row!(avg_pool1d, cases(windows(false, |x, w| x.max_pool1d(w)), -2.0..=2.0), |x, window: Pool1d| {
    x[0].avg_pool1d(*window)
});
row!(avg_pool2d, cases(windows(false, |x, w| x.max_pool2d(w)), -2.0..=2.0), |x, window: Pool2d| {
    x[0].avg_pool2d(*window)
});
row!(avg_pool3d, cases(windows(false, |x, w| x.max_pool3d(w)), -2.0..=2.0), |x, window: Pool3d| {
    x[0].avg_pool3d(*window)
});

/// Norms of positive inputs, with no option but the window's size and stride and ceil mode.
fn norms<const D: usize>() -> impl Strategy<Value = Plan<(f64, Pool<D>)>> {
    let each = || array::from_fn::<_, D, _>(|_| 1..=3usize);
    (inputs::<D>(), each(), each(), any::<bool>(), prop::sample::select(vec![1.0, 1.5, 2.0, 3.0])).prop_map(
        |((mut x, size), kernel, stride, ceil, p)| {
            x.extend(size);
            let kernel: [usize; D] = array::from_fn(|a| kernel[a].min(size[a]));
            (vec![x], (p, Pool::new(kernel).stride(stride).ceil_mode(ceil)))
        },
    )
}

row!(lp_pool1d, cases(norms(), 0.5..=2.0), |x, o: (f64, Pool1d)| x[0].lp_pool1d(o.0, o.1));
row!(lp_pool2d, cases(norms(), 0.5..=2.0), |x, o: (f64, Pool2d)| x[0].lp_pool2d(o.0, o.1));
row!(lp_pool3d, cases(norms(), 0.5..=2.0), |x, o: (f64, Pool3d)| x[0].lp_pool3d(o.0, o.1));

/// Inputs and the size of the result: a part of the input's, the input's, larger than it, or none given.
fn adaptive<const D: usize>() -> impl Strategy<Value = Plan<[Option<usize>; D]>> {
    let size = || prop::option::weighted(0.8, up_to(6, 24));
    (inputs::<D>(), array::from_fn(|_| size())).prop_map(|((mut x, size), output)| {
        x.extend(size);
        (vec![x], output)
    })
}

row!(adaptive_max_pool1d, cases(adaptive(), -2.0..=2.0), |x, size: [Option<usize>; 1]| {
    let (y, positions) = x[0].adaptive_max_pool1d_with_indices(*size);
    [x[0].adaptive_max_pool1d(*size), at(&x[0], &positions, 1), y]
});
row!(adaptive_max_pool2d, cases(adaptive(), -2.0..=2.0), |x, size: [Option<usize>; 2]| {
    let (y, positions) = x[0].adaptive_max_pool2d_with_indices(*size);
    [x[0].adaptive_max_pool2d(*size), at(&x[0], &positions, 2), y]
});
row!(adaptive_max_pool3d, cases(adaptive(), -2.0..=2.0), |x, size: [Option<usize>; 3]| {
    let (y, positions) = x[0].adaptive_max_pool3d_with_indices(*size);
    [x[0].adaptive_max_pool3d(*size), at(&x[0], &positions, 3), y]
});
row!(adaptive_avg_pool1d, cases(adaptive(), -2.0..=2.0), |x, size: [Option<usize>; 1]| {
    x[0].adaptive_avg_pool1d(*size)
});
row!(adaptive_avg_pool2d, cases(adaptive(), -2.0..=2.0), |x, size: [Option<usize>; 2]| {
    x[0].adaptive_avg_pool2d(*size)
});
row!(adaptive_avg_pool3d, cases(adaptive(), -2.0..=2.0), |x, size: [Option<usize>; 3]| {
    x[0].adaptive_avg_pool3d(*size)
});

/// [N, C, …] with two axes more.
fn channels() -> impl Strategy<Value = Plan<()>> {
    let batch = prop_oneof![6 => 1..=2usize, 1 => Just(0)];
    (batch, up_to(2, 20), inputs::<2>()).prop_map(|(n, c, (_, [h, w]))| (vec![vec![n, c, h, w]], ()))
}

row!(global_avg_pool, cases(channels(), -2.0..=2.0), |x| x[0].global_avg_pool());
row!(global_max_pool, cases(channels(), -2.0..=2.0), |x| x[0].global_max_pool());

/// How elements are put back: the window, step and padding of the pooling, the size of the result, whether it is
/// given, and a number that decides on the positions, of which several can be equal.
#[derive(Clone, Copy, Debug)]
struct Unpooling<const D: usize> {
    kernel: [usize; D],
    stride: [usize; D],
    padding: [usize; D],
    size: [usize; D],
    given: bool,
    seed: u32,
}

impl<const D: usize> Unpooling<D> {
    fn window(&self) -> Pool<D> {
        Pool::new(self.kernel).stride(self.stride).padding(self.padding)
    }

    fn output_size(&self) -> Option<[usize; D]> {
        self.given.then_some(self.size)
    }

    /// Positions in planes of the result for an input of this shape.
    fn positions(&self, shape: &[usize]) -> Indices {
        let plane = self.size.iter().product::<usize>() as u64;
        let place = |i: usize| (i as u64 * 2_654_435_761 + u64::from(self.seed)) % 1_000_003 % plane;
        Indices::from_vec(shape, (0..shape.iter().product()).map(|i| place(i) as i64).collect())
    }
}

fn unpooled<const D: usize>() -> impl Strategy<Value = Plan<Unpooling<D>>> {
    let each = |range: std::ops::RangeInclusive<usize>| array::from_fn::<_, D, _>(|_| range.clone());
    let longer = prop::option::of(0..=2usize);
    (inputs::<D>(), each(1..=3), each(1..=3), each(0..=1), longer, any::<u32>()).prop_filter_map(
        "an axis is left",
        |((mut x, size), kernel, stride, padding, longer, seed)| {
            let padding: [usize; D] = array::from_fn(|a| padding[a].min(kernel[a] / 2));
            let least = |a: usize| ((size[a] - 1) * stride[a] + kernel[a]).checked_sub(2 * padding[a]);
            if (0..D).any(|a| least(a).is_none_or(|n| n == 0)) {
                return None;
            }
            let more = longer.unwrap_or(0);
            let to = array::from_fn(|a| least(a).unwrap_or(0) + more.min(stride[a] - 1));
            x.extend(size);
            let given = longer.is_some();
            Some((vec![x], Unpooling { kernel, stride, padding, size: to, given, seed }))
        },
    )
}

macro_rules! unpool_row {
    ($name:ident, $dims:literal) => {
        row!($name, cases(unpooled(), -2.0..=2.0), |x, o: Unpooling<$dims>| {
            x[0].$name(&o.positions(x[0].shape()), o.window(), o.output_size())
        });
    };
}

unpool_row!(max_unpool1d, 1);
unpool_row!(max_unpool2d, 2);
unpool_row!(max_unpool3d, 3);

#[test]
fn of_elements_unpooled_to_one_place_the_last_stays() {
    let tape = Tape::new();
    let x = tape.variable(Tensor::<f64>::from_vec([1, 2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let at = Indices::from_vec([1, 2, 3], vec![4, 1, 4, 0, 1, 7]);
    let y = x.max_unpool2d(&at, Pool2d::new((2, 2)).stride((2, 1)), None);
    assert_eq!(y.shape(), [1, 4, 4]);
    let mut expected = [0.0; 16];
    (expected[0], expected[1], expected[4], expected[7]) = (4.0, 5.0, 3.0, 6.0);
    assert_eq!(y.to_vec(), expected);
    let weights = Tensor::from_vec([1, 4, 4], (1..=16).map(f64::from).collect());
    let grads = (y * weights).sum(..).backward();
    assert_eq!(grads.get(&x).unwrap().to_vec(), [0.0, 0.0, 5.0, 1.0, 2.0, 8.0]);
}

#[test]
fn a_volume_is_pooled_in_the_order_of_its_elements() {
    // Ties and NaNs in every order, against a scan of each window.
    let (d, h, w) = (3, 3, 4);
    let values = [1.0, 2.0, 2.0, f64::NAN, f64::NEG_INFINITY];
    for seed in 0..40usize {
        let element = |i: usize| values[(i * 7 + seed * i * i + seed) % if seed % 3 == 0 { 5 } else { 3 }];
        let x: Vec<f64> = (0..d * h * w).map(element).collect();
        let window = Pool3d::new(2).stride(1).padding(1);
        let (y, positions) = Tensor::from_vec([1, d, h, w], x.clone()).max_pool3d_with_indices(window);
        assert_eq!(y.shape(), [1, d + 1, h + 1, w + 1]);
        for (i, (y, at)) in y.to_vec().into_iter().zip(positions.to_vec()).enumerate() {
            let corner = [i / ((h + 1) * (w + 1)), i / (w + 1) % (h + 1), i % (w + 1)];
            let (mut best, mut place) = (f64::NEG_INFINITY, None);
            for tap in 0..8 {
                let [a, b, c] =
                    array::from_fn(|axis| (corner[axis] + (tap >> (2 - axis) & 1)).wrapping_sub(1));
                if a < d && b < h && c < w {
                    let here = (a * h + b) * w + c;
                    if place.is_none() || x[here] > best || x[here].is_nan() {
                        (best, place) = (x[here], Some(here as i64));
                    }
                }
            }
            assert!(y == best || (y.is_nan() && best.is_nan()), "{y} and {best} at {i}");
            assert_eq!(Some(at), place, "at {i} of {x:?}");
        }
    }
}
