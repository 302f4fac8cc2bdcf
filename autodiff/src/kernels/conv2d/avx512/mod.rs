//! Convolution of `f32` on processors with AVX-512: direct, without an unfolded copy and with sums kept in registers, or
//! Winograd's.

mod correlation;
mod direct;
mod lanes;
mod outer;
mod panels;
mod pixel_taps;
mod pixels;
mod slab;
mod taps;
mod winograd;

use std::any::TypeId;

use self::correlation::Correlation;
use self::lanes::LANES;
use super::geometry::Conv2dGeometry;
use crate::Float;

/// The forward pass, or false when it is left to the portable kernels.
pub(super) fn forward<T: Float>(
    g: &Conv2dGeometry,
    x: &[T],
    w: &[T],
    bias: Option<&[T]>,
    y: &mut [T],
) -> bool {
    let (true, Some(x), Some(w), Some(y)) = (applies(g), as_f32(x), as_f32(w), as_f32_mut(y)) else {
        return false;
    };
    correlate(&Correlation::forward(g), x, w, bias.and_then(as_f32), y)
}

/// The input gradient, or false when it is left to the portable kernels.
pub(super) fn input_gradient<T: Float>(
    g: &Conv2dGeometry,
    dy: &[T],
    w: &[T],
    bias: Option<&[T]>,
    dx: &mut [T],
) -> bool {
    let (true, Some(dy), Some(w), Some(dx)) = (applies(g), as_f32(dy), as_f32(w), as_f32_mut(dx)) else {
        return false;
    };
    correlate(&Correlation::input_gradient(g), dy, w, bias.and_then(as_f32), dx)
}

/// The weight gradient, or false when it is left to the portable kernels.
pub(super) fn weight_gradient<T: Float>(g: &Conv2dGeometry, x: &[T], dy: &[T], dw: &mut [T]) -> bool {
    let (true, Some(x), Some(dy), Some(dw)) = (applies(g), as_f32(x), as_f32(dy), as_f32_mut(dw)) else {
        return false;
    };
    let c = Correlation::forward(g);
    if let Some(tiles) = winograd::tiles(&c)
        && winograd::weight_gradient(&c, tiles, x, dy, dw)
    {
        return true;
    }
    if pixels_fill_better(&c) {
        pixel_taps::weight_gradient(&c, x, dy, dw);
    } else {
        taps::weight_gradient(&c, x, dy, dw);
    }
    // Where padding is multiplied as zeros, NaN or ∞ in dy may have spread; but never without a trace.
    !c.pads() || super::portable::all_finite(dw)
}

fn correlate(c: &Correlation, source: &[f32], w: &[f32], bias: Option<&[f32]>, output: &mut [f32]) -> bool {
    if let Some(tiles) = winograd::tiles(c)
        && winograd::correlate(c, tiles, source, w, bias, output)
    {
        return true;
    }
    if pixels_fill_better(c) {
        pixels::correlate(c, source, w, bias, output)
    } else {
        direct::correlate(c, source, w, bias, output)
    }
}

/// Whether pixels fill vectors better than output channels do.
fn pixels_fill_better(c: &Correlation) -> bool {
    let fill = |n: usize| n as f64 / n.next_multiple_of(LANES) as f64;
    // A single vector of channels leaves a load to every multiplication, unlike two.
    let by_channels = fill(c.outputs) * if c.outputs <= LANES { 0.8 } else { 1.0 };
    fill(c.phase_extent()[1]) > by_channels
}

/// Whether the processor has AVX-512 and there is anything to sum.
fn applies(g: &Conv2dGeometry) -> bool {
    // The standard library asks the processor once and keeps the answer. Sixteen rows of weights must be
    // within the reach of 32-bit indices, with which they are gathered.
    is_x86_feature_detected!("avx512f") && g.operations() > 0 && g.input_len() > 0 && g.weight_len() < 1 << 26
}

/// The slice itself, if its elements are `f32`.
fn as_f32<T: Float>(x: &[T]) -> Option<&[f32]> {
    // SAFETY: T is f32.
    (TypeId::of::<T>() == TypeId::of::<f32>())
        .then(|| unsafe { std::slice::from_raw_parts(x.as_ptr().cast(), x.len()) })
}

/// The slice itself, if its elements are `f32`.
fn as_f32_mut<T: Float>(x: &mut [T]) -> Option<&mut [f32]> {
    // SAFETY: T is f32.
    (TypeId::of::<T>() == TypeId::of::<f32>())
        .then(|| unsafe { std::slice::from_raw_parts_mut(x.as_mut_ptr().cast(), x.len()) })
}

/// Each way to compute, whatever the shape would choose; for tests.
#[cfg(test)]
pub(super) mod each_way {
    use super::winograd::Tiles;
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    pub(in super::super) enum Way {
        /// Output channels in vectors.
        Channels,
        /// Pixels in vectors.
        Pixels,
        /// Winograd's, with tiles of 2×2 and 4×4.
        Two,
        Four,
    }

    fn correlate(way: Way, c: &Correlation, x: &[f32], w: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
        assert!(match way {
            Way::Channels => direct::correlate(c, x, w, bias, y),
            Way::Pixels => pixels::correlate(c, x, w, bias, y),
            Way::Two => winograd::correlate(c, Tiles::Two, x, w, bias, y),
            Way::Four => winograd::correlate(c, Tiles::Four, x, w, bias, y),
        });
    }

    pub(in super::super) fn forward(
        way: Way,
        g: &Conv2dGeometry,
        x: &[f32],
        w: &[f32],
        bias: Option<&[f32]>,
        y: &mut [f32],
    ) {
        correlate(way, &Correlation::forward(g), x, w, bias, y);
    }

    pub(in super::super) fn input_gradient(
        way: Way,
        g: &Conv2dGeometry,
        dy: &[f32],
        w: &[f32],
        bias: Option<&[f32]>,
        dx: &mut [f32],
    ) {
        correlate(way, &Correlation::input_gradient(g), dy, w, bias, dx);
    }

    pub(in super::super) fn weight_gradient(
        way: Way,
        g: &Conv2dGeometry,
        x: &[f32],
        dy: &[f32],
        dw: &mut [f32],
    ) {
        let c = &Correlation::forward(g);
        match way {
            Way::Channels => taps::weight_gradient(c, x, dy, dw),
            Way::Pixels => pixel_taps::weight_gradient(c, x, dy, dw),
            Way::Two => assert!(winograd::weight_gradient(c, Tiles::Two, x, dy, dw)),
            Way::Four => assert!(winograd::weight_gradient(c, Tiles::Four, x, dy, dw)),
        }
    }
}
