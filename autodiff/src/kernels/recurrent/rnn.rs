//! One step of a plain recurrent cell.

use crate::Float;
use crate::kernels::simd::vectorized;

/// h = tanh(a + b) or max(a + b, 0) for the sums a of the step and the bias b.
pub(super) fn forward<T: Float>(relu: bool, bias: &[T], sums: &[T], h: &mut [T]) {
    if bias.is_empty() {
        return;
    }
    vectorized(
        #[inline(always)]
        || {
            for (sums, h) in sums.chunks_exact(bias.len()).zip(h.chunks_exact_mut(bias.len())) {
                let row = h.iter_mut().zip(sums).zip(bias);
                if relu {
                    row.for_each(|((h, &a), &b)| {
                        let x = a + b;
                        // Written so that NaN, which compares with nothing, stays.
                        *h = if x <= T::zero() { T::zero() } else { x };
                    });
                } else {
                    row.for_each(|((h, &a), &b)| *h = (a + b).vtanh());
                }
            }
        },
    );
}

/// The gradients of a step's sums from those of its states: dh·(1 − h²), or dh where h > 0.
pub(super) fn backward<T: Float>(relu: bool, h: &[T], dh: &[T], d_sums: &mut [T]) {
    vectorized(
        #[inline(always)]
        || {
            let elements = d_sums.iter_mut().zip(h).zip(dh);
            if relu {
                elements.for_each(|((d, &h), &dh)| *d = if h > T::zero() { dh } else { T::zero() });
            } else {
                elements.for_each(|((d, &h), &dh)| *d = dh * (T::one() - h * h));
            }
        },
    );
}
