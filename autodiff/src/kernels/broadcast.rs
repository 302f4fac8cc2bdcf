//! Element-by-element functions of two arrays of different shapes and strides, NumPy's broadcasting.
//!
//! The axes of both operands are joined where both allow, which leaves few patterns along the innermost
//! one: both contiguous, or one repeated (a bias along its features, a scale along its pixels). Those have
//! loops that vectorize; any other stride is walked.

use ndarray::ArrayViewD;

use super::layout::{broadcast_strides, coalesce, for_each_run};
use super::parallel::{Shared, Source, in_pieces};
use super::simd::vectorized;
use super::vector::{map2, map2_loop};

/// out ← f(a, b) with `a` and `b` broadcast to `shape`, in row-major order.
///
/// The output may be of any type: a comparison writes `bool`.
pub(crate) fn map2_broadcast<A, B, O>(
    a: ArrayViewD<A>,
    b: ArrayViewD<B>,
    shape: &[usize],
    out: &mut [O],
    f: impl Fn(A, B) -> O + Copy + Send + Sync,
) where
    A: Copy + Send + Sync,
    B: Copy + Send + Sync,
    O: Copy + Send,
{
    assert_eq!(shape.iter().product::<usize>(), out.len(), "map2_broadcast: the output has another length");
    if a.shape() == shape
        && b.shape() == shape
        && let (Some(a), Some(b)) = (a.as_slice(), b.as_slice())
    {
        map2(a, b, out, f);
        return;
    }
    if out.is_empty() {
        return;
    }
    let a_strides = broadcast_strides(a.shape(), a.strides(), shape);
    let b_strides = broadcast_strides(b.shape(), b.strides(), shape);
    let axes = coalesce(shape, [&a_strides[..], &b_strides[..]]);
    let (a, b) = (Source::new(a.as_ptr()), Source::new(b.as_ptr()));
    let steps = axes[axes.len() - 1].strides;
    let target = Shared::new(out);
    in_pieces(shape.iter().product(), &|range| {
        let start = range.start;
        // SAFETY: the pieces do not overlap.
        let out = unsafe { target.slice(start, range.len()) };
        vectorized(
            #[inline(always)]
            || {
                for_each_run(
                    &axes,
                    start..start + out.len(),
                    #[inline(always)]
                    |position, [at_a, at_b], len| {
                        let out = &mut out[position - start..position - start + len];
                        // SAFETY: the axes describe elements of the two views: broadcasting repeats them.
                        unsafe { combine(a.get().offset(at_a), b.get().offset(at_b), steps, out, f) };
                    },
                );
            },
        );
    });
}

/// out\[i\] ← f(a\[i·s\], b\[i·t\]) for steps \[s, t\].
///
/// # Safety
/// Both pointers must be readable at all the elements that the steps reach.
#[inline(always)]
unsafe fn combine<A: Copy, B: Copy, O>(
    a: *const A,
    b: *const B,
    steps: [isize; 2],
    out: &mut [O],
    f: impl Fn(A, B) -> O,
) {
    let n = out.len();
    // SAFETY: the caller vouches for the elements; stride 1 makes them a slice.
    unsafe {
        match steps {
            [1, 1] => {
                map2_loop(std::slice::from_raw_parts(a, n), std::slice::from_raw_parts(b, n), out, f);
            }
            [1, 0] => {
                let b = *b;
                for (out, &a) in out.iter_mut().zip(std::slice::from_raw_parts(a, n)) {
                    *out = f(a, b);
                }
            }
            [0, 1] => {
                let a = *a;
                for (out, &b) in out.iter_mut().zip(std::slice::from_raw_parts(b, n)) {
                    *out = f(a, b);
                }
            }
            [s, t] => {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = f(*a.offset(i as isize * s), *b.offset(i as isize * t));
                }
            }
        }
    }
}

/// out ← f(a, b, c) with all three broadcast to `shape`, in row-major order.
pub(crate) fn map3_broadcast<A, B, C, O>(
    a: ArrayViewD<A>,
    b: ArrayViewD<B>,
    c: ArrayViewD<C>,
    shape: &[usize],
    out: &mut [O],
    f: impl Fn(A, B, C) -> O + Copy + Send + Sync,
) where
    A: Copy + Send + Sync,
    B: Copy + Send + Sync,
    C: Copy + Send + Sync,
    O: Copy + Send,
{
    assert_eq!(shape.iter().product::<usize>(), out.len(), "map3_broadcast: the output has another length");
    if out.is_empty() {
        return;
    }
    let a_strides = broadcast_strides(a.shape(), a.strides(), shape);
    let b_strides = broadcast_strides(b.shape(), b.strides(), shape);
    let c_strides = broadcast_strides(c.shape(), c.strides(), shape);
    let axes = coalesce(shape, [&a_strides[..], &b_strides[..], &c_strides[..]]);
    let (a, b, c) = (Source::new(a.as_ptr()), Source::new(b.as_ptr()), Source::new(c.as_ptr()));
    let steps = axes[axes.len() - 1].strides;
    let target = Shared::new(out);
    in_pieces(shape.iter().product(), &|range| {
        let start = range.start;
        // SAFETY: the pieces do not overlap.
        let out = unsafe { target.slice(start, range.len()) };
        vectorized(
            #[inline(always)]
            || {
                for_each_run(
                    &axes,
                    start..start + out.len(),
                    #[inline(always)]
                    |position, [at_a, at_b, at_c], len| {
                        let out = &mut out[position - start..position - start + len];
                        // SAFETY: the axes describe elements of the views: broadcasting repeats them.
                        unsafe {
                            let (a, b, c) =
                                (a.get().offset(at_a), b.get().offset(at_b), c.get().offset(at_c));
                            combine3(a, b, c, steps, out, f);
                        }
                    },
                );
            },
        );
    });
}

/// out\[i\] ← f(a\[i·s\], b\[i·t\], c\[i·u\]) for steps \[s, t, u\].
///
/// # Safety
/// The pointers must be readable at all the elements that the steps reach.
#[inline(always)]
unsafe fn combine3<A: Copy, B: Copy, C: Copy, O>(
    a: *const A,
    b: *const B,
    c: *const C,
    steps: [isize; 3],
    out: &mut [O],
    f: impl Fn(A, B, C) -> O,
) {
    // The usual patterns have loops of their own, in which the compiler sees the steps.
    macro_rules! walk {
        ($($s:literal $t:literal $u:literal),*) => {
            match steps {
                $([$s, $t, $u] => walk!($s, $t, $u),)*
                [s, t, u] => walk!(s, t, u),
            }
        };
        ($s:expr, $t:expr, $u:expr) => {
            for (i, out) in out.iter_mut().enumerate() {
                let i = i as isize;
                // SAFETY: the caller vouches for the elements.
                *out = unsafe { f(*a.offset(i * $s), *b.offset(i * $t), *c.offset(i * $u)) };
            }
        };
    }
    walk!(1 1 1, 1 1 0, 1 0 1, 0 1 1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;
    use ndarray::{Array, ArrayD, IxDyn};
    use proptest::prelude::*;

    fn numbered(shape: &[usize], offset: f32) -> ArrayD<f32> {
        let n: usize = shape.iter().product();
        Array::from_iter((0..n).map(|i| i as f32 + offset))
            .into_shape_with_order(IxDyn(shape))
            .expect("sizes agree")
    }

    fn check(a: ArrayViewD<f32>, b: ArrayViewD<f32>, shape: &[usize]) {
        let n = shape.iter().product();
        let (difference, less) = same_at_any_thread_count(|| {
            let mut difference = vec![0.0; n];
            map2_broadcast(a.view(), b.view(), shape, &mut difference, |a, b| a - 2.0 * b);
            let mut less = vec![false; n];
            map2_broadcast(a.view(), b.view(), shape, &mut less, |a, b| a < b);
            (difference, less)
        });
        let (a, b) = (a.broadcast(IxDyn(shape)).expect("a"), b.broadcast(IxDyn(shape)).expect("b"));
        for (i, (a, b)) in a.iter().zip(&b).enumerate() {
            assert_eq!(difference[i], a - 2.0 * b, "at {i} of {shape:?}");
            assert_eq!(less[i], a < b);
        }
    }

    #[test]
    fn three_operands() {
        let big = [8, 6, 7, 130];
        for (a, b, c) in [
            (&big[..], &big[..], &big[..]),
            (&big, &[], &big),
            (&big, &big, &[]),
            (&[8, 6, 7, 1], &big, &[7, 130]),
            (&[8, 1, 1, 130], &[6, 1, 1], &[130]),
            (&[], &[6, 7, 1], &[8, 1, 1, 1]),
            (&[130], &[], &big),
        ] {
            let (a, b, c) = (numbered(a, 0.0), numbered(b, 0.5), numbered(c, 0.25));
            let (shape, n) = (IxDyn(&big), big.iter().product());
            let out = same_at_any_thread_count(|| {
                let mut out = vec![0.0; n];
                let f = |a, b, c| if a > 500.0 { b } else { c - a };
                map3_broadcast(a.view(), b.view(), c.view(), &big, &mut out, f);
                out
            });
            let (a, b, c) = (a.broadcast(shape.clone()), b.broadcast(shape.clone()), c.broadcast(shape));
            let (a, b, c) = (a.expect("a"), b.expect("b"), c.expect("c"));
            for (((o, &a), &b), &c) in out.iter().zip(&a).zip(&b).zip(&c) {
                assert_eq!(*o, if a > 500.0 { b } else { c - a });
            }
        }
        let (a, b) = (numbered(&[30, 50], 0.0), numbered(&[50, 30], 0.5));
        let mut out = vec![0.0; 1500];
        map3_broadcast(a.t(), b.view(), a.t(), &[50, 30], &mut out, |a, b, c| a * b + c);
        assert!(out.iter().zip(&a.t()).zip(&b).all(|((o, a), b)| *o == a * b + a));
        map3_broadcast(a.view(), b.t(), a.view(), &[0, 30, 50], &mut [], |a, b, c| a * b + c);
    }

    #[test]
    fn the_usual_patterns() {
        for (a, b, shape) in [
            (&[64, 1000][..], &[1000][..], &[64, 1000][..]),
            (&[8, 6, 28, 28], &[6, 1, 1], &[8, 6, 28, 28]),
            (&[6, 1, 1], &[8, 6, 28, 28], &[8, 6, 28, 28]),
            (&[300, 1], &[1, 200], &[300, 200]),
            (&[], &[200, 200], &[200, 200]),
            (&[], &[], &[]),
            (&[1], &[1], &[5, 5]),
            (&[0, 3], &[3], &[0, 3]),
            (&[7], &[7], &[7]),
        ] {
            check(numbered(a, 0.0).view(), numbered(b, 0.5).view(), shape);
        }
        let (a, b) = (numbered(&[200, 300], 0.0), numbered(&[300, 200], 0.5));
        check(a.t(), b.view(), &[300, 200]);
        check(a.t(), b.view(), &[2, 300, 200]);
    }

    proptest! {
        #[test]
        fn any_broadcast(
            axes in prop::collection::vec((1usize..6, 0u8..4), 0..5),
            cut in (0usize..4, 0usize..4),
        ) {
            let shape: Vec<usize> = axes.iter().map(|a| a.0).collect();
            let part = |bit: u8, cut: usize| -> Vec<usize> {
                let full: Vec<usize> = axes.iter().map(|a| if a.1 & bit == 0 { a.0 } else { 1 }).collect();
                full[cut.min(full.len())..].to_vec()
            };
            let (a, b) = (numbered(&part(1, cut.0), 0.0), numbered(&part(2, cut.1), 0.5));
            check(a.view(), b.view(), &shape);
        }
    }
}
