//! Batch normalization on arrays [batch, channels, positions].
//!
//! Both passes reduce each channel to two sums and then apply a function of each element whose coefficients
//! depend on the channel only. Sums are taken plane by plane and added in the order of the batch; a channel
//! is never divided between threads, so that the bits do not depend on their number.

use super::channels::Channels;
use super::epilogue::Rectifier;
use super::parallel::{CHUNK, Shared, each, worthwhile};
use super::simd::vectorized;
use crate::Float;

/// By what a gradient is multiplied before it is summed or used: the rectifier's derivative at
/// z = scale·(x − shift) + offset, which is computed again.
#[derive(Clone, Copy)]
pub(crate) struct Rectified<'a, T> {
    pub(crate) rectifier: Rectifier<T>,
    pub(crate) scale: &'a [T],
    pub(crate) offset: &'a [T],
}

/// Channels are handled in groups of this many where each has few positions, so that rows are contiguous.
const GROUP: usize = 64;
/// Partial sums side by side: two vectors of the widest kind in f32.
const LANES: usize = 32;

/// Σ a and Σ a·(x − shift) over the batch and positions, for each channel; of a rectified sum a is dz for dy.
pub(crate) fn sums<T: Float>(
    c: Channels,
    x: &[T],
    shift: &[T],
    a: &[T],
    rectified: Option<Rectified<'_, T>>,
    plain: &mut [T],
    weighted: &mut [T],
) {
    match rectified {
        None => sums_of(
            c,
            x,
            [shift],
            a,
            #[inline(always)]
            |_, _, a| a,
            plain,
            weighted,
        ),
        Some(Rectified { rectifier, scale, offset }) => sums_of(
            c,
            x,
            [shift, scale, offset],
            a,
            #[inline(always)]
            move |[shift, scale, offset], x, dy| rectifier.gradient(scale * (x - shift) + offset, dy),
            plain,
            weighted,
        ),
    }
}

/// Σ f and Σ f·(x − shift) for f(coefficients of the channel, x, a), the first of which is the shift.
#[allow(clippy::too_many_arguments)]
fn sums_of<T: Float, const N: usize>(
    c: Channels,
    x: &[T],
    coefficients: [&[T]; N],
    a: &[T],
    f: impl Fn([T; N], T, T) -> T + Copy + Sync,
    plain: &mut [T],
    weighted: &mut [T],
) {
    let coefficients = coefficients.map(|all| &all[..c.channels]);
    let (plain, weighted) = (Shared::new(plain), Shared::new(weighted));
    if c.positions < 8 {
        let group = |i: usize| {
            let first = i * GROUP;
            let width = GROUP.min(c.channels - first);
            // SAFETY: each group has its own channels.
            let (p, w) = unsafe { (plain.slice(first, width), weighted.slice(first, width)) };
            p.fill(T::zero());
            w.fill(T::zero());
            let row = width * c.positions;
            for n in 0..c.batch {
                let start = (n * c.channels + first) * c.positions;
                let (a, x) = (&a[start..start + row], &x[start..start + row]);
                let own = coefficients.map(|all| &all[first..first + width]);
                vectorized(
                    #[inline(always)]
                    || {
                        for j in 0..width {
                            let own = own.map(|all| all[j]);
                            for s in j * c.positions..(j + 1) * c.positions {
                                let a = f(own, x[s], a[s]);
                                p[j] += a;
                                w[j] += a * (x[s] - own[0]);
                            }
                        }
                    },
                );
            }
        };
        return for_each(c.channels.div_ceil(GROUP), c.len(), group);
    }
    let channel = |j: usize| {
        let (mut sum, mut product) = (T::zero(), T::zero());
        for n in 0..c.batch {
            let start = (n * c.channels + j) * c.positions;
            let (a, x) = (&a[start..start + c.positions], &x[start..start + c.positions]);
            let own = coefficients.map(|all| all[j]);
            let (s, p) = vectorized(
                #[inline(always)]
                || plane_sums(a, x, own, f),
            );
            sum += s;
            product += p;
        }
        // SAFETY: each channel has its own place.
        unsafe {
            plain.slice(j, 1)[0] = sum;
            weighted.slice(j, 1)[0] = product;
        }
    };
    for_each(c.channels, c.len(), channel);
}

#[inline(always)]
fn plane_sums<T: Float, const N: usize>(
    a: &[T],
    x: &[T],
    own: [T; N],
    f: impl Fn([T; N], T, T) -> T,
) -> (T, T) {
    let mut plain = [T::zero(); LANES];
    let mut weighted = [T::zero(); LANES];
    let (blocks_a, rest_a) = a.as_chunks::<LANES>();
    let (blocks_x, rest_x) = x.as_chunks::<LANES>();
    for (a, x) in blocks_a.iter().zip(blocks_x) {
        for l in 0..LANES {
            let a = f(own, x[l], a[l]);
            plain[l] += a;
            weighted[l] += a * (x[l] - own[0]);
        }
    }
    for (l, (&a, &x)) in rest_a.iter().zip(rest_x).enumerate() {
        let a = f(own, x, a);
        plain[l] += a;
        weighted[l] += a * (x - own[0]);
    }
    (tree(plain), tree(weighted))
}

#[inline(always)]
fn tree<T: Float>(mut lanes: [T; LANES]) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for l in 0..width {
            let other = lanes[l + width];
            lanes[l] += other;
        }
        width /= 2;
    }
    lanes[0]
}

/// out ← scale·(x − shift) + offset (+ residual), rectified, with the three by channel.
#[allow(clippy::too_many_arguments)]
pub(crate) fn normalize<T: Float>(
    c: Channels,
    x: &[T],
    [shift, scale, offset]: [&[T]; 3],
    residual: Option<&[T]>,
    rectifier: Rectifier<T>,
    out: &mut [T],
) {
    let coefficients = [shift, scale, offset];
    match residual {
        None => by_channel(
            c,
            x,
            x,
            out,
            coefficients,
            #[inline(always)]
            move |[shift, scale, offset], x, _| rectifier.value(scale * (x - shift) + offset),
        ),
        Some(residual) => by_channel(
            c,
            x,
            residual,
            out,
            coefficients,
            #[inline(always)]
            move |[shift, scale, offset], x, r| rectifier.value(scale * (x - shift) + offset + r),
        ),
    }
}

/// out ← a·dy + b·(x − shift) + d, with shift, a, b and d by channel; of a rectified sum with dz for dy.
pub(crate) fn combine<T: Float>(
    c: Channels,
    x: &[T],
    dy: &[T],
    coefficients: [&[T]; 4],
    rectified: Option<Rectified<'_, T>>,
    out: &mut [T],
) {
    let [shift, a, b, d] = coefficients;
    match rectified {
        None => by_channel(
            c,
            x,
            dy,
            out,
            coefficients,
            #[inline(always)]
            |[shift, a, b, d], x, dy| a * dy + b * (x - shift) + d,
        ),
        Some(Rectified { rectifier, scale, offset }) => by_channel(
            c,
            x,
            dy,
            out,
            [shift, a, b, d, scale, offset],
            #[inline(always)]
            move |[shift, a, b, d, scale, offset], x, dy| {
                let dz = rectifier.gradient(scale * (x - shift) + offset, dy);
                a * dz + b * (x - shift) + d
            },
        ),
    }
}

/// out ← scale·dy, with scale by channel; of a rectified sum scale·dz.
pub(crate) fn scale<T: Float>(
    c: Channels,
    x: &[T],
    dy: &[T],
    scale: &[T],
    rectified: Option<Rectified<'_, T>>,
    out: &mut [T],
) {
    match rectified {
        None => by_channel(
            c,
            x,
            dy,
            out,
            [scale],
            #[inline(always)]
            |[scale], _, dy| scale * dy,
        ),
        Some(Rectified { rectifier, scale, offset }) => by_channel(
            c,
            x,
            dy,
            out,
            [scale, offset],
            #[inline(always)]
            move |[scale, offset], x, dy| scale * rectifier.gradient(scale * x + offset, dy),
        ),
    }
}

/// out ← f(coefficients of the channel, x, y) element by element.
///
/// The coefficients are handed over as values: read through their slices, they would be read again and checked for
/// each element, and no loop would vectorize.
fn by_channel<T: Float, const N: usize>(
    c: Channels,
    x: &[T],
    y: &[T],
    out: &mut [T],
    coefficients: [&[T]; N],
    f: impl Fn([T; N], T, T) -> T + Copy + Sync,
) {
    if c.len() == 0 {
        return;
    }
    let coefficients = coefficients.map(|all| &all[..c.channels]);
    let shared = Shared::new(out);
    if c.positions == 1 {
        let row = |n: usize| {
            let range = n * c.channels..(n + 1) * c.channels;
            // SAFETY: each image has its own part.
            let out = unsafe { shared.slice(range.start, c.channels) };
            let (x, y) = (&x[range.clone()], &y[range]);
            vectorized(
                #[inline(always)]
                || {
                    for (j, ((out, &x), &y)) in out.iter_mut().zip(x).zip(y).enumerate() {
                        *out = f(coefficients.map(|all| all[j]), x, y);
                    }
                },
            );
        };
        return for_each(c.batch, c.len(), row);
    }
    // Planes of all images, so that a batch of one is work for several threads too.
    let planes = c.batch * c.channels;
    let many = CHUNK.div_ceil(c.positions);
    let piece = |i: usize| {
        let piece = i * many..((i + 1) * many).min(planes);
        let range = piece.start * c.positions..piece.end * c.positions;
        // SAFETY: each piece has its own planes.
        let out = unsafe { shared.slice(range.start, range.len()) };
        let (x, y) = (&x[range.clone()], &y[range]);
        vectorized(
            #[inline(always)]
            || {
                let sources = x.chunks_exact(c.positions).zip(y.chunks_exact(c.positions));
                for (i, (out, (x, y))) in out.chunks_exact_mut(c.positions).zip(sources).enumerate() {
                    let own = coefficients.map(|all| all[(piece.start + i) % c.channels]);
                    for ((out, &x), &y) in out.iter_mut().zip(x).zip(y) {
                        *out = f(own, x, y);
                    }
                }
            },
        );
    };
    for_each(planes.div_ceil(many), c.len(), piece);
}

fn for_each(tasks: usize, elements: usize, run: impl Fn(usize) + Sync + Send) {
    if worthwhile(elements) && tasks > 1 {
        each(tasks, 1, &run);
    } else {
        (0..tasks).for_each(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;

    fn sample(n: usize, step: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * step + 7) % 31) as f64 / 7.0 - 2.0).collect()
    }

    #[test]
    fn sums_are_those_of_plain_loops_at_every_width() {
        for shape in [[3, 70, 1], [2, 5, 3], [2, 3, 40], [4, 2, 33], [0, 3, 4], [2, 0, 9]] {
            let c = Channels::of(&shape);
            let (x, a, shift) = (sample(c.len(), 5), sample(c.len(), 11), sample(c.channels, 3));
            let (mut plain, mut weighted) = (vec![9.0; c.channels], vec![9.0; c.channels]);
            sums(c, &x, &shift, &a, None, &mut plain, &mut weighted);
            for j in 0..c.channels {
                let places = (0..c.batch)
                    .flat_map(|n| (0..c.positions).map(move |s| (n * c.channels + j) * c.positions + s));
                let exact: f64 = places.clone().map(|i| a[i]).sum();
                let product: f64 = places.map(|i| a[i] * (x[i] - shift[j])).sum();
                assert!(
                    (plain[j] - exact).abs() < 1e-12 && (weighted[j] - product).abs() < 1e-11,
                    "{shape:?}"
                );
            }
        }
    }

    #[test]
    fn the_bits_do_not_depend_on_the_threads() {
        let c = Channels { batch: 9, channels: 13, positions: 777 };
        let (x, shift): (Vec<f32>, Vec<f32>) =
            ((0..c.len()).map(|i| (i as f32).sin()).collect(), (0..13).map(|i| i as f32 / 9.0).collect());
        same_at_any_thread_count(|| {
            let (mut p, mut w, mut y) = (vec![0f32; 13], vec![0f32; 13], vec![0f32; c.len()]);
            sums(c, &x, &shift, &x, None, &mut p, &mut w);
            normalize(c, &x, [&p, &w, &shift], None, Rectifier::new(0.1), &mut y);
            (p.iter().chain(&w).chain(&y).map(|v| v.to_bits()).collect::<Vec<_>>(),)
        });
    }
}
