//! Batch normalization on arrays [batch, channels, positions].
//!
//! Both passes reduce each channel to two sums and then apply a function of each element whose coefficients
//! depend on the channel only. Sums are taken plane by plane and added in the order of the batch; a channel
//! is never divided between threads, so that the bits do not depend on their number.

use super::parallel::{CHUNK, Shared, each, worthwhile};
use super::simd::vectorized;
use crate::Float;

/// The sizes of the array: batch, channels, positions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Channels {
    pub(crate) batch: usize,
    pub(crate) channels: usize,
    pub(crate) positions: usize,
}

impl Channels {
    pub(crate) fn of(shape: &[usize]) -> Self {
        Self { batch: shape[0], channels: shape[1], positions: shape[2..].iter().product() }
    }

    fn len(self) -> usize {
        self.batch * self.channels * self.positions
    }
}

/// Channels are handled in groups of this many where each has few positions, so that rows are contiguous.
const GROUP: usize = 64;
/// Partial sums side by side: two vectors of the widest kind in f32.
const LANES: usize = 32;

/// Σ a and Σ a·(x − shift) over the batch and positions, for each channel.
pub(crate) fn sums<T: Float>(
    c: Channels,
    x: &[T],
    shift: &[T],
    a: &[T],
    plain: &mut [T],
    weighted: &mut [T],
) {
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
                let shift = &shift[first..first + width];
                vectorized(
                    #[inline(always)]
                    || {
                        for j in 0..width {
                            for s in j * c.positions..(j + 1) * c.positions {
                                p[j] += a[s];
                                w[j] += a[s] * (x[s] - shift[j]);
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
            let (s, p) = vectorized(
                #[inline(always)]
                || plane_sums(a, x, shift[j]),
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
fn plane_sums<T: Float>(a: &[T], x: &[T], shift: T) -> (T, T) {
    let mut plain = [T::zero(); LANES];
    let mut weighted = [T::zero(); LANES];
    let (blocks_a, rest_a) = a.as_chunks::<LANES>();
    let (blocks_x, rest_x) = x.as_chunks::<LANES>();
    for (a, x) in blocks_a.iter().zip(blocks_x) {
        for l in 0..LANES {
            plain[l] += a[l];
            weighted[l] += a[l] * (x[l] - shift);
        }
    }
    for (l, (&a, &x)) in rest_a.iter().zip(rest_x).enumerate() {
        plain[l] += a;
        weighted[l] += a * (x - shift);
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

/// out ← scale·(x − shift) + offset, with the three by channel.
pub(crate) fn normalize<T: Float>(
    c: Channels,
    x: &[T],
    shift: &[T],
    scale: &[T],
    offset: &[T],
    out: &mut [T],
) {
    by_channel(
        c,
        x,
        x,
        out,
        [shift, scale, offset],
        #[inline(always)]
        |[shift, scale, offset], x, _| scale * (x - shift) + offset,
    );
}

/// out ← a·dy + b·(x − shift) + d, with a, b, d and shift by channel.
#[allow(clippy::too_many_arguments)]
pub(crate) fn combine<T: Float>(
    c: Channels,
    x: &[T],
    dy: &[T],
    shift: &[T],
    a: &[T],
    b: &[T],
    d: &[T],
    out: &mut [T],
) {
    by_channel(
        c,
        x,
        dy,
        out,
        [shift, a, b, d],
        #[inline(always)]
        |[shift, a, b, d], x, dy| a * dy + b * (x - shift) + d,
    );
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
            sums(c, &x, &shift, &a, &mut plain, &mut weighted);
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
            sums(c, &x, &shift, &x, &mut p, &mut w);
            normalize(c, &x, &p, &w, &shift, &mut y);
            (p.iter().chain(&w).chain(&y).map(|v| v.to_bits()).collect::<Vec<_>>(),)
        });
    }
}
