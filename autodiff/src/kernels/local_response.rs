//! Local response normalization: each element divided by a power of the mean square of its neighbours in other
//! channels.
//!
//! The sums over windows of w channels are those of van Herk and of Gil and Werman for maxima: the channels are
//! cut into blocks of w, so that each window is the end of one block and the beginning of the next. Sums up to the
//! end of each block and from the beginning of each give every window's with three additions an element, whatever
//! w is; and since nothing is ever subtracted, nothing drifts and an infinity stays where it is.
//!
//! The work is cut into tiles of neighbouring positions of an image, whose channels fit into the cache.

use super::math::Math;
use super::parallel::{Shared, each, worthwhile};
use super::scratch::Scratch;
use super::simd::vectorized;
use crate::Float;

/// Positions of a tile.
const TILE: usize = 64;

/// The sizes of the array [batch, channels, positions], the window and the constants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalResponse {
    pub(crate) batch: usize,
    pub(crate) channels: usize,
    pub(crate) positions: usize,
    /// Channels of the window before and after its own; below the number of channels.
    pub(crate) before: usize,
    pub(crate) after: usize,
    /// What a sum of squares is multiplied with.
    pub(crate) scale: f64,
    pub(crate) beta: f64,
    pub(crate) k: f64,
}

/// sums\[c\] ← Σ v\[c − before ..= c + after\], for rows of `width` elements; `run` is one row of working memory.
#[inline(always)]
fn window_sums<T: Float>(v: &[T], width: usize, [before, after]: [usize; 2], sums: &mut [T], run: &mut [T]) {
    let channels = v.len() / width;
    let window = before + after + 1;
    // Window c begins at place c of the channels with `before` places of zeros in front.
    for start in (0..channels).step_by(window) {
        run.fill(T::zero());
        for place in (start..start + window).rev() {
            if (before..before + channels).contains(&place) {
                add(run, &v[(place - before) * width..][..width]);
            }
            if place < channels {
                sums[place * width..][..width].copy_from_slice(run);
            }
        }
        run.fill(T::zero());
        for place in start + window..start + 2 * window - 1 {
            let c = place + 1 - window;
            if c >= channels {
                break;
            }
            if place < before + channels {
                add(run, &v[(place - before) * width..][..width]);
            }
            add(&mut sums[c * width..][..width], run);
        }
    }
}

#[inline(always)]
fn add<T: Float>(acc: &mut [T], x: &[T]) {
    for (acc, &x) in acc.iter_mut().zip(x) {
        *acc += x;
    }
}

/// out\[i\] ← d\[i\]^(−β).
#[inline(always)]
fn inverse_powers<T: Float>(d: &[T], beta: f64, out: &mut [T]) {
    if beta == 0.75 {
        for (out, &d) in out.iter_mut().zip(d) {
            let root = T::one() / d.sqrt();
            *out = root * root.sqrt();
        }
    } else {
        // In double precision, where the product with the logarithm costs single precision nothing.
        for (out, &d) in out.iter_mut().zip(d) {
            *out = T::from_f64((-beta * d.to_f64().vln()).vexp());
        }
    }
}

impl LocalResponse {
    fn len(&self) -> usize {
        self.batch * self.channels * self.positions
    }

    /// Where row c of a tile begins in the array.
    #[inline(always)]
    fn at(&self, image: usize, c: usize, left: usize) -> usize {
        (image * self.channels + c) * self.positions + left
    }

    /// Calls `tile(image, left, width)` for each tile.
    fn for_each_tile(&self, tile: impl Fn(usize, usize, usize) + Sync) {
        if self.len() == 0 {
            return;
        }
        let across = self.positions.div_ceil(TILE);
        let run = |task: usize| {
            let left = task % across * TILE;
            tile(task / across, left, TILE.min(self.positions - left));
        };
        if worthwhile(self.len()) {
            each(self.batch * across, 1, &run);
        } else {
            (0..self.batch * across).for_each(run);
        }
    }

    /// For a tile: squares ← x², denominators ← k + scale·Σ x² over the window.
    #[inline(always)]
    fn denominators<T: Float>(
        &self,
        x: &[T],
        [image, left, width]: [usize; 3],
        squares: &mut [T],
        denominators: &mut [T],
        run: &mut [T],
    ) {
        for (c, squares) in squares.chunks_exact_mut(width).enumerate() {
            let x = &x[self.at(image, c, left)..][..width];
            for (square, &x) in squares.iter_mut().zip(x) {
                *square = x * x;
            }
        }
        window_sums(squares, width, [self.before, self.after], denominators, run);
        let (scale, k) = (T::from_f64(self.scale), T::from_f64(self.k));
        for d in denominators {
            *d = k + scale * *d;
        }
    }

    /// y ← x·(k + scale·Σ x²)^(−β).
    pub(crate) fn forward<T: Float>(&self, x: &[T], y: &mut [T]) {
        assert!(x.len() == self.len() && y.len() == self.len(), "local_response_norm: wrong lengths");
        let y = Shared::new(y);
        self.for_each_tile(|image, left, width| {
            let mut memory = Scratch::new((2 * self.channels + 1) * width);
            let (squares, rest) = memory.split_at_mut(self.channels * width);
            let (denominators, run) = rest.split_at_mut(self.channels * width);
            vectorized(
                #[inline(always)]
                || {
                    self.denominators(x, [image, left, width], squares, denominators, run);
                    for (c, d) in denominators.chunks_exact(width).enumerate() {
                        let at = self.at(image, c, left);
                        // SAFETY: each tile is written by one task, row by row.
                        let y = unsafe { y.slice(at, width) };
                        inverse_powers(d, self.beta, y);
                        for (y, &x) in y.iter_mut().zip(&x[at..at + width]) {
                            *y *= x;
                        }
                    }
                },
            );
        });
    }

    /// dx for the gradient dy of y. With the denominators d and t = dy·x·d^(−β−1):
    /// dx = dy·d^(−β) − 2·scale·β·x·Σ t, over the windows that hold x.
    pub(crate) fn backward<T: Float>(&self, x: &[T], dy: &[T], dx: &mut [T]) {
        assert!(x.len() == self.len() && dy.len() == self.len() && dx.len() == self.len());
        let dx = Shared::new(dx);
        let factor = term!("local_response_norm/window", T::from_f64(2.0 * self.scale * self.beta));
        self.for_each_tile(|image, left, width| {
            let mut memory = Scratch::new((2 * self.channels + 1) * width);
            let (terms, rest) = memory.split_at_mut(self.channels * width);
            let (sums, run) = rest.split_at_mut(self.channels * width);
            vectorized(
                #[inline(always)]
                || {
                    self.denominators(x, [image, left, width], terms, sums, run);
                    for (c, (t, d)) in terms.chunks_exact_mut(width).zip(sums.chunks_exact(width)).enumerate()
                    {
                        let at = self.at(image, c, left);
                        // SAFETY: each tile is written by one task, row by row.
                        let dx = unsafe { dx.slice(at, width) };
                        let (x, dy) = (&x[at..at + width], &dy[at..at + width]);
                        inverse_powers(d, self.beta, dx);
                        for (dx, &dy) in dx.iter_mut().zip(dy) {
                            *dx *= dy;
                        }
                        for ((t, (&dx, &x)), &d) in t.iter_mut().zip(dx.iter().zip(x)).zip(d) {
                            *t = dx * x / d;
                        }
                    }
                    // The windows that hold a channel reach as far the other way.
                    window_sums(terms, width, [self.after, self.before], sums, run);
                    for (c, sum) in sums.chunks_exact(width).enumerate() {
                        let at = self.at(image, c, left);
                        // SAFETY: as above.
                        let dx = unsafe { dx.slice(at, width) };
                        for ((dx, &x), &sum) in dx.iter_mut().zip(&x[at..at + width]).zip(sum) {
                            *dx -= factor * x * sum;
                        }
                    }
                },
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;

    #[test]
    fn windows_of_every_size_are_plain_sums() {
        for channels in 1..9usize {
            let v: Vec<f64> = (0..channels * 2).map(|i| ((i * 37 + 5) % 17) as f64 - 6.0).collect();
            for before in 0..channels {
                for after in 0..channels {
                    let (mut sums, mut run) = (vec![9.0; v.len()], vec![9.0; 2]);
                    window_sums(&v, 2, [before, after], &mut sums, &mut run);
                    for c in 0..channels {
                        for i in 0..2 {
                            let window = c.saturating_sub(before)..(c + after + 1).min(channels);
                            let exact: f64 = window.map(|c| v[c * 2 + i]).sum();
                            assert_eq!(sums[c * 2 + i], exact, "{channels} channels, {before} and {after}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_drifts_after_a_large_element() {
        let mut x = vec![1e-3f32; 40];
        x[3] = 1e18;
        let norm = LocalResponse {
            batch: 1,
            channels: 40,
            positions: 1,
            before: 2,
            after: 2,
            scale: 1.0,
            beta: 0.5,
            k: 0.0,
        };
        let mut y = vec![0.0; 40];
        norm.forward(&x, &mut y);
        assert!((y[20] * 5f32.sqrt() - 1.0).abs() < 1e-6, "{}", y[20]);
    }

    #[test]
    fn the_bits_do_not_depend_on_the_threads() {
        let norm = LocalResponse {
            batch: 3,
            channels: 20,
            positions: 700,
            before: 2,
            after: 1,
            scale: 0.1,
            beta: 0.6,
            k: 1.0,
        };
        let x: Vec<f32> = (0..norm.len()).map(|i| (i as f32).sin()).collect();
        same_at_any_thread_count(|| {
            let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            norm.forward(&x, &mut y);
            norm.backward(&x, &y, &mut dx);
            y.iter().chain(&dx).map(|x| x.to_bits()).collect::<Vec<_>>()
        });
    }
}
