//! What follows a sum in the same pass over its results: a factor and a summand by channel, a residual, a rectifier.

use super::channels::Channels;
use super::parallel::{CHUNK, Shared, each, worthwhile};
use super::simd::vectorized;
use super::vector;
use crate::Float;

/// What becomes of sums before they are written: z where z > 0, slope·z elsewhere.
///
/// One form serves a plain sum (slope 1), the rectifier (0) and the leaky one: reading and writing takes longer than
/// these few instructions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rectifier<T> {
    slope: T,
    /// 0·∞ would be NaN, and 0·(−1) be −0.
    zero: bool,
}

impl<T: Float> Rectifier<T> {
    pub(crate) fn new(slope: f64) -> Self {
        let slope = T::from_f64(slope);
        Self { slope, zero: slope == T::zero() }
    }

    #[inline(always)]
    pub(super) fn value(self, z: T) -> T {
        // NaN, which compares with nothing, stays.
        let low = if self.zero { T::zero() } else { self.slope * z };
        if z <= T::zero() { low } else { z }
    }

    /// dz for the gradient of the value at z.
    #[inline(always)]
    pub(super) fn gradient(self, z: T, dy: T) -> T {
        // As PyTorch has it: at NaN a ReLU lets the gradient through, a leaky one does not.
        if self.zero {
            if z <= T::zero() { T::zero() } else { dy }
        } else if z > T::zero() {
            dy
        } else {
            self.slope * dy
        }
    }
}

/// dz of a rectified sum, from its gradient dy and its value y, which has the sign of z for slopes from 0 on.
pub(crate) fn rectifier_gradient<T: Float>(rectifier: Rectifier<T>, y: &[T], dy: &[T], dz: &mut [T]) {
    vector::map2(
        y,
        dy,
        dz,
        #[inline(always)]
        move |y, dy| rectifier.gradient(y, dy),
    );
}

/// rectified(scale·z + shift + residual) for each result z.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epilogue<'a, T> {
    /// Scale and shift of each channel.
    pub(crate) affine: Option<[&'a [T]; 2]>,
    /// As many elements as there are results.
    pub(crate) residual: Option<&'a [T]>,
    pub(crate) slope: f64,
}

impl<T: Float> Epilogue<'_, T> {
    /// None at all.
    pub(crate) const NONE: Self = Self { affine: None, residual: None, slope: 1.0 };

    fn is_none(&self) -> bool {
        self.affine.is_none() && self.residual.is_none() && self.slope == 1.0
    }

    /// Panics unless there are a scale and a shift for each channel, and a residual for each result.
    #[track_caller]
    pub(crate) fn check(&self, c: Channels) {
        let affine = self.affine.iter().flatten().all(|all| all.len() == c.channels);
        assert!(affine, "epilogue: elements of scale or shift for {c:?}");
        let residual = self.residual.is_none_or(|residual| residual.len() == c.len());
        assert!(residual, "epilogue: elements of the residual for {c:?}");
    }

    /// Finishes the results from number `start` on, which are of one channel.
    pub(crate) fn finish(&self, channel: usize, start: usize, z: &mut [T]) {
        if self.is_none() {
            return;
        }
        let rectifier = Rectifier::new(self.slope);
        let residual = self.residual.map(|residual| &residual[start..start + z.len()]);
        match (self.affine.map(|[scale, shift]| (scale[channel], shift[channel])), residual) {
            (None, None) => {
                vectorized(
                    #[inline(always)]
                    || z.iter_mut().for_each(|z| *z = rectifier.value(*z)),
                );
            }
            (None, Some(residual)) => {
                vectorized(
                    #[inline(always)]
                    || z.iter_mut().zip(residual).for_each(|(z, &r)| *z = rectifier.value(*z + r)),
                );
            }
            (Some((scale, shift)), None) => {
                vectorized(
                    #[inline(always)]
                    || z.iter_mut().for_each(|z| *z = rectifier.value(scale * *z + shift)),
                );
            }
            (Some((scale, shift)), Some(residual)) => {
                vectorized(
                    #[inline(always)]
                    || {
                        let each = z.iter_mut().zip(residual);
                        each.for_each(|(z, &r)| *z = rectifier.value(scale * *z + shift + r));
                    },
                );
            }
        }
    }

    /// Finishes all results.
    pub(crate) fn finish_all(&self, c: Channels, z: &mut [T]) {
        if self.is_none() || z.is_empty() {
            return;
        }
        // Where a channel has one result in a row, a row is what lies together.
        let by_rows = c.positions == 1;
        let (width, parts) =
            if by_rows { (c.channels, c.batch) } else { (c.positions, c.batch * c.channels) };
        let (many, len) = (CHUNK.div_ceil(width), z.len());
        let shared = Shared::new(z);
        let piece = |i: usize| {
            for part in i * many..((i + 1) * many).min(parts) {
                // SAFETY: each part is finished once.
                let z = unsafe { shared.slice(part * width, width) };
                if by_rows {
                    self.finish_row(part * width, z);
                } else {
                    self.finish(part % c.channels, part * width, z);
                }
            }
        };
        if worthwhile(len) {
            each(parts.div_ceil(many), 1, &piece);
        } else {
            (0..parts.div_ceil(many)).for_each(piece);
        }
    }

    /// Finishes the results from number `start` on, one for each channel.
    fn finish_row(&self, start: usize, z: &mut [T]) {
        if let Some([scale, shift]) = self.affine {
            vectorized(
                #[inline(always)]
                || {
                    for ((z, &scale), &shift) in z.iter_mut().zip(scale).zip(shift) {
                        *z = scale * *z + shift;
                    }
                },
            );
        }
        Epilogue { affine: None, ..*self }.finish(0, start, z);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;

    fn ramp(n: usize, step: usize) -> Vec<f32> {
        (0..n).map(|i| ((i * step + 7) % 257) as f32 / 64.0 - 2.0).collect()
    }

    #[test]
    fn all_results_are_finished_at_any_number_of_threads() {
        // Rows and planes, few and enough for several threads; none at all.
        for (batch, channels, positions) in [
            (3, 5, 1),
            (700, 70, 1),
            (2, 3, 7),
            (9, 41, 130),
            (2, 2, 40_000),
            (0, 3, 4),
            (2, 0, 9),
            (2, 3, 0),
        ] {
            let c = Channels { batch, channels, positions };
            let (z, residual) = (ramp(c.len(), 5), ramp(c.len(), 11));
            let (scale, shift) = (ramp(channels, 3), ramp(channels, 17));
            for (affine, residual, slope) in [
                (None, Some(&residual[..]), 1.0),
                (Some([&scale[..], &shift[..]]), None, 0.0),
                (Some([&scale[..], &shift[..]]), Some(&residual[..]), 0.25),
            ] {
                let epilogue = Epilogue { affine, residual, slope };
                epilogue.check(c);
                let found = same_at_any_thread_count(|| {
                    let mut z = z.clone();
                    epilogue.finish_all(c, &mut z);
                    z
                });
                for (i, (&found, &z)) in found.iter().zip(&z).enumerate() {
                    let channel = i / positions % channels;
                    let z = affine.map_or(z, |[scale, shift]| scale[channel] * z + shift[channel]);
                    let z = residual.map_or(z, |residual| z + residual[i]);
                    assert_eq!(found, if z <= 0.0 { slope as f32 * z } else { z }, "{c:?}, element {i}");
                }
            }
        }
    }

    #[test]
    fn a_gradient_passes_nan_as_in_the_layers_alone() {
        let gradient = |slope, z: f32| Rectifier::new(slope).gradient(z, 3.0);
        assert_eq!([gradient(0.0, f32::NAN), gradient(0.5, f32::NAN)], [3.0, 1.5]);
        assert_eq!([gradient(0.0, 0.0), gradient(0.5, 0.0), gradient(0.5, 1.0)], [0.0, 1.5, 3.0]);
    }
}
