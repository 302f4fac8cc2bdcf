//! Element-by-element loops over contiguous slices.
//!
//! The functions given are inlined into loops that the compiler vectorizes; write them as
//! `#[inline(always)] move |x| …`, without branches. (A constant captured by reference would have to be read
//! again after each element written, and the loop would not vectorize.)

use super::parallel::{Shared, in_pieces};
use super::simd::vectorized;

#[inline(always)]
fn map_loop<A: Copy, O>(x: &[A], out: &mut [O], f: impl Fn(A) -> O) {
    for (o, &x) in out.iter_mut().zip(x) {
        *o = f(x);
    }
}

#[inline(always)]
fn update_loop<T>(x: &mut [T], f: impl Fn(&mut T)) {
    for x in x {
        f(x);
    }
}

#[inline(always)]
pub(super) fn map2_loop<A: Copy, B: Copy, O>(x: &[A], y: &[B], out: &mut [O], f: impl Fn(A, B) -> O) {
    for ((o, &x), &y) in out.iter_mut().zip(x).zip(y) {
        *o = f(x, y);
    }
}

#[inline(always)]
fn update2_loop<T, B: Copy>(x: &mut [T], y: &[B], f: impl Fn(&mut T, B)) {
    for (x, &y) in x.iter_mut().zip(y) {
        f(x, y);
    }
}

/// out\[i\] ← f(x\[i\]).
pub(crate) fn map<A, O>(x: &[A], out: &mut [O], f: impl Fn(A) -> O + Copy + Send + Sync)
where
    A: Copy + Sync,
    O: Send,
{
    assert_eq!(x.len(), out.len(), "map: the lengths differ");
    let target = Shared::new(out);
    in_pieces(x.len(), &move |range| {
        // SAFETY: the pieces do not overlap.
        let out = unsafe { target.slice(range.start, range.len()) };
        let x = &x[range];
        vectorized(
            #[inline(always)]
            || map_loop(x, out, f),
        );
    });
}

/// x\[i\] ← f(x\[i\]).
pub(crate) fn map_in_place<T>(x: &mut [T], f: impl Fn(T) -> T + Copy + Send + Sync)
where
    T: Copy + Send,
{
    let n = x.len();
    let target = Shared::new(x);
    in_pieces(n, &move |range| {
        // SAFETY: the pieces do not overlap.
        let x = unsafe { target.slice(range.start, range.len()) };
        vectorized(
            #[inline(always)]
            || {
                update_loop(
                    x,
                    #[inline(always)]
                    |x| *x = f(*x),
                );
            },
        );
    });
}

/// out\[i\] ← f(x\[i\], y\[i\]).
pub(crate) fn map2<A, B, O>(x: &[A], y: &[B], out: &mut [O], f: impl Fn(A, B) -> O + Copy + Send + Sync)
where
    A: Copy + Sync,
    B: Copy + Sync,
    O: Send,
{
    assert!(x.len() == out.len() && y.len() == out.len(), "map2: the lengths differ");
    let target = Shared::new(out);
    in_pieces(x.len(), &move |range| {
        // SAFETY: the pieces do not overlap.
        let out = unsafe { target.slice(range.start, range.len()) };
        let (x, y) = (&x[range.clone()], &y[range]);
        vectorized(
            #[inline(always)]
            || map2_loop(x, y, out, f),
        );
    });
}

/// out\[i\] ← f(x\[i\], y\[i\], z\[i\]) for the slices x, y, z.
pub(crate) fn map3<A, O>([x, y, z]: [&[A]; 3], out: &mut [O], f: impl Fn(A, A, A) -> O + Copy + Send + Sync)
where
    A: Copy + Sync,
    O: Send,
{
    assert!([x, y, z].iter().all(|v| v.len() == out.len()), "map3: the lengths differ");
    let target = Shared::new(out);
    in_pieces(x.len(), &move |range| {
        // SAFETY: the pieces do not overlap.
        let out = unsafe { target.slice(range.start, range.len()) };
        let (x, y, z) = (&x[range.clone()], &y[range.clone()], &z[range]);
        vectorized(
            #[inline(always)]
            || {
                for (((o, &x), &y), &z) in out.iter_mut().zip(x).zip(y).zip(z) {
                    *o = f(x, y, z);
                }
            },
        );
    });
}

/// The first element for which f says yes.
pub(crate) fn position<A: Copy>(x: &[A], f: impl Fn(A) -> bool + Copy) -> Option<usize> {
    /// Looked at together, which vectorizes as leaving at each element would not.
    const BLOCK: usize = 1024;
    let block = x.chunks(BLOCK).position(|x| {
        vectorized(
            #[inline(always)]
            || x.iter().fold(false, |any, &x| any | f(x)),
        )
    })?;
    let start = block * BLOCK;
    x[start..].iter().position(|&x| f(x)).map(|at| start + at)
}

/// x\[i\] ← f(x\[i\], y\[i\]).
pub(crate) fn map2_in_place<T, B>(x: &mut [T], y: &[B], f: impl Fn(T, B) -> T + Copy + Send + Sync)
where
    T: Copy + Send,
    B: Copy + Sync,
{
    assert_eq!(x.len(), y.len(), "map2_in_place: the lengths differ");
    let target = Shared::new(x);
    in_pieces(y.len(), &move |range| {
        // SAFETY: the pieces do not overlap.
        let x = unsafe { target.slice(range.start, range.len()) };
        let y = &y[range];
        vectorized(
            #[inline(always)]
            || {
                update2_loop(
                    x,
                    y,
                    #[inline(always)]
                    |x, y| *x = f(*x, y),
                );
            },
        );
    });
}

/// acc\[i\] ← acc\[i\] + x\[i\].
pub(crate) fn accumulate<T: Copy + Send + Sync + std::ops::Add<Output = T>>(acc: &mut [T], x: &[T]) {
    map2_in_place(acc, x, |a, x| a + x);
}

/// out\[i\] ← value.
pub(crate) fn fill<T: Copy + Send + Sync>(out: &mut [T], value: T) {
    let n = out.len();
    let target = Shared::new(out);
    // SAFETY: the pieces do not overlap.
    in_pieces(n, &move |range| unsafe { target.slice(range.start, range.len()) }.fill(value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;

    const LENGTHS: [usize; 8] = [0, 1, 2, 17, 1000, 32_767, 32_768, 100_003];

    fn ramp(n: usize) -> Vec<f32> {
        (0..n).map(|i| (i as f32) * 0.37 - 100.0).collect()
    }

    #[test]
    fn loops_match_the_plain_ones() {
        for n in LENGTHS {
            let (x, y) = (ramp(n), ramp(n).into_iter().rev().collect::<Vec<_>>());
            let (one, two, three, place, sum) = same_at_any_thread_count(|| {
                let mut one = vec![0f32; n];
                map(&x, &mut one, |v| v * v + 1.0);
                let mut two = vec![false; n];
                map2(&x, &y, &mut two, |a, b| a < b);
                let mut three = vec![0f32; n];
                map3([&x, &y, &one], &mut three, |a, b, c| a * b - c);
                let mut place = x.clone();
                map_in_place(&mut place, |v| v / 3.0);
                let mut sum = x.clone();
                accumulate(&mut sum, &y);
                (one, two, three, place, sum)
            });
            for i in 0..n {
                assert_eq!(one[i], x[i] * x[i] + 1.0);
                assert_eq!(two[i], x[i] < y[i]);
                assert_eq!(three[i], x[i] * y[i] - one[i]);
                assert_eq!(place[i], x[i] / 3.0);
                assert_eq!(sum[i], x[i] + y[i]);
            }
            let mut filled = vec![0u8; n];
            fill(&mut filled, 7);
            assert!(filled.iter().all(|&v| v == 7));
        }
    }

    #[test]
    fn the_first_of_several_is_found() {
        for n in LENGTHS {
            let mut x = ramp(n);
            assert_eq!(position(&x, |v| v.is_nan()), None);
            for at in [n.saturating_sub(1), n / 2, n / 3] {
                if at < n {
                    x[at] = f32::NAN;
                    assert_eq!(position(&x, |v| v.is_nan()), Some(at));
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "the lengths differ")]
    fn lengths_are_checked() {
        map(&[1.0f32], &mut [0.0f32; 2], |v| v);
    }
}
