//! Convolution of `f32` on processors with AVX-512, AVX2 or NEON: direct, without an unfolded copy and with sums kept
//! in registers, or Winograd's.

mod correlation;
mod direct;
mod panels;
mod pixel_taps;
mod pixels;
mod slab;
mod taps;
#[cfg(test)]
mod tests;
mod winograd;

use std::any::TypeId;

use self::correlation::Correlation;
use self::winograd::Tiles;
use super::geometry::Conv2dGeometry;
use super::portable::all_finite;
use crate::Float;
use crate::kernels::epilogue::Epilogue;
use crate::kernels::lanes::{Extension, LANES, Lanes, with_lanes};

/// The forward pass, finished, or false when it is left to the portable kernels.
pub(super) fn forward<T: Float>(
    g: &Conv2dGeometry,
    x: &[T],
    w: &[T],
    bias: Option<&[T]>,
    epilogue: &Epilogue<'_, T>,
    y: &mut [T],
) -> bool {
    let (Some(by), Some(x), Some(w), Some(y)) = (applies(g), as_f32(x), as_f32(w), as_f32_mut(y)) else {
        return false;
    };
    let (c, bias) = (Correlation::forward(g), bias.and_then(as_f32));
    let epilogue = Epilogue {
        affine: epilogue.affine.and_then(|[scale, shift]| Some([as_f32(scale)?, as_f32(shift)?])),
        residual: epilogue.residual.and_then(as_f32),
        slope: epilogue.slope,
    };
    ways(by, &c).any(|way| correlate(by, way, &c, x, w, bias, &epilogue, y))
}

/// The input gradient, or false when it is left to the portable kernels.
pub(super) fn input_gradient<T: Float>(
    g: &Conv2dGeometry,
    dy: &[T],
    w: &[T],
    bias: Option<&[T]>,
    dx: &mut [T],
) -> bool {
    let (Some(by), Some(dy), Some(w), Some(dx)) = (applies(g), as_f32(dy), as_f32(w), as_f32_mut(dx)) else {
        return false;
    };
    let (c, bias) = (Correlation::input_gradient(g), bias.and_then(as_f32));
    ways(by, &c).any(|way| correlate(by, way, &c, dy, w, bias, &Epilogue::NONE, dx))
}

/// The weight gradient, or false when it is left to the portable kernels.
pub(super) fn weight_gradient<T: Float>(g: &Conv2dGeometry, x: &[T], dy: &[T], dw: &mut [T]) -> bool {
    let (Some(by), Some(x), Some(dy), Some(dw)) = (applies(g), as_f32(x), as_f32(dy), as_f32_mut(dw)) else {
        return false;
    };
    let c = Correlation::forward(g);
    ways(by, &c).any(|way| sum_products(by, way, &c, x, dy, dw))
}

/// A way to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// With output channels in vectors.
    Channels,
    /// With pixels in vectors.
    Pixels,
    /// Winograd's.
    Winograd(Tiles),
}

/// The ways to compute a correlation, by its shape alone: that of least work, which may not be able to tell where a NaN
/// or ∞ belongs, and then one that is.
fn ways(extension: Extension, c: &Correlation) -> impl Iterator<Item = Way> {
    let fill = |n: usize| n as f64 / n.next_multiple_of(LANES) as f64;
    // A single vector of channels leaves a load to every multiplication, unlike two.
    let channels = fill(c.outputs) * if c.outputs <= LANES { 0.8 } else { 1.0 };
    let pixels = fill(c.phase_extent()[1]);
    let direct = if pixels > channels { Way::Pixels } else { Way::Channels };
    // A pointwise correlation is a product of matrices, which with narrow tiles is not faster here than elsewhere.
    let product = c.is_pointwise() && !with_lanes!(extension, V => V::WIDE);
    winograd::tiles(c).map(Way::Winograd).into_iter().chain((!product).then_some(direct))
}

/// output ← the correlation of source with w (+ bias), finished, or false when that may not be so for NaN or ∞.
#[allow(clippy::too_many_arguments)]
fn correlate(
    extension: Extension,
    way: Way,
    c: &Correlation,
    source: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    epilogue: &Epilogue<'_, f32>,
    output: &mut [f32],
) -> bool {
    with_lanes!(extension, V => match way {
        Way::Channels => direct::correlate::<V>(c, source, w, bias, epilogue, output),
        Way::Pixels => pixels::correlate::<V>(c, source, w, bias, epilogue, output),
        Way::Winograd(tiles) => winograd::correlate::<V>(c, tiles, source, w, bias, epilogue, output),
    })
}

/// dw ← the weight gradient, or false when that may not be so for NaN or ∞; `c` is the forward pass.
fn sum_products(
    extension: Extension,
    way: Way,
    c: &Correlation,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) -> bool {
    with_lanes!(extension, V => match way {
        Way::Channels => taps::weight_gradient::<V>(c, x, dy, dw),
        Way::Pixels => pixel_taps::weight_gradient::<V>(c, x, dy, dw),
        Way::Winograd(tiles) => winograd::weight_gradient::<V>(c, tiles, x, dy, dw),
    });
    // Where padding is multiplied as zeros, or elements of a window mixed, NaN or ∞ may have spread; but never without
    // a trace.
    (!c.pads() && !matches!(way, Way::Winograd(_))) || all_finite(dw)
}

/// The widest extension, if the processor has one and there is anything to sum.
fn applies(g: &Conv2dGeometry) -> Option<Extension> {
    // Weights are gathered from sixteen rows, which a `Lanes` may do with 32-bit indices.
    let fits = g.operations() > 0 && g.input_len() > 0 && g.weight_len() < 1 << 26;
    Extension::available().next().filter(|_| fits)
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
