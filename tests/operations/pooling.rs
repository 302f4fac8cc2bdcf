//! Rows: pooling, with overlap, padding, gaps, and windows over the edge.

use proptest::prelude::*;
use wengert::prelude::*;

use crate::row;
use crate::strategies::{Plan, cases};

/// Pictures and a window that fits into them.
fn windows(dilated: bool) -> impl Strategy<Value = Plan<Pool2d>> {
    let most = if dilated { 2 } else { 1usize };
    let sizes =
        ([1..=3usize, 1..=3usize], [1..=3usize, 1..=3usize], [0..=1usize, 0..=1usize], [1..=most, 1..=most]);
    let counts = (any::<bool>(), any::<bool>(), prop::option::weighted(0.2, 1..=5usize));
    let planes = (prop_oneof![6 => 1..=2usize, 1 => Just(0)], 1..=2usize);
    (planes, [1..=6usize, 1..=6usize], sizes, counts).prop_filter_map(
        "the window fits",
        |((n, c), size, (kernel, stride, padding, dilation), (ceil, count, divisor))| {
            let padding = [0, 1].map(|a| padding[a].min(kernel[a] / 2));
            let reach = |a: usize| dilation[a] * (kernel[a] - 1) + 1;
            if (0..2).any(|a| reach(a) > size[a] + 2 * padding[a]) {
                return None;
            }
            let window = Pool2d::new(kernel).stride(stride).padding(padding).dilation(dilation);
            let window = window.ceil_mode(ceil).count_include_pad(count);
            let window = divisor.map_or(window, |d| window.divisor_override(d));
            // A dilated window may see nothing but padding, whose maximum is −∞.
            let x = vec![n, c, size[0], size[1]];
            let sees = Tensor::<f32>::zeros(&x).max_pool2d(window).to_vec().iter().all(|y| y.is_finite());
            sees.then_some((vec![x], window))
        },
    )
}

row!(max_pool2d, cases(windows(true), -2.0..=2.0), |x, window: Pool2d| {
    let (y, positions) = x[0].max_pool2d_with_indices(*window);
    let [n, c, p, q] = *y.shape() else { unreachable!() };
    // The maxima are what stands at the positions.
    let found = x[0].flatten_from(2).gather(2, &positions.reshape([n, c, p * q]));
    [x[0].max_pool2d(*window), found.reshape(y.shape()), y]
});
row!(avg_pool2d, cases(windows(false), -2.0..=2.0), |x, window: Pool2d| x[0].avg_pool2d(*window));
