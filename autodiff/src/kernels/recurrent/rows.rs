//! Loops over a row, one array written at a time.
//!
//! A loop that writes several of a cell's arrays reads so many others that the compiler gives up on proving that
//! they do not overlap, and takes one element at a time. A row of each array fits into the nearest cache, so that
//! one loop an array costs little.

/// out\[j\] ← f(out\[j\], a\[j\]).
#[inline(always)]
pub(super) fn update<T: Copy>(out: &mut [T], a: &[T], f: impl Fn(T, T) -> T) {
    for (out, &a) in out.iter_mut().zip(a) {
        *out = f(*out, a);
    }
}

/// out\[j\] ← f(out\[j\], a\[j\], b\[j\]).
#[inline(always)]
pub(super) fn update2<T: Copy>(out: &mut [T], a: &[T], b: &[T], f: impl Fn(T, T, T) -> T) {
    for ((out, &a), &b) in out.iter_mut().zip(a).zip(b) {
        *out = f(*out, a, b);
    }
}

/// out\[j\] ← f(out\[j\], a\[j\], b\[j\], c\[j\]).
#[inline(always)]
pub(super) fn update3<T: Copy>(out: &mut [T], a: &[T], b: &[T], c: &[T], f: impl Fn(T, T, T, T) -> T) {
    for (((out, &a), &b), &c) in out.iter_mut().zip(a).zip(b).zip(c) {
        *out = f(*out, a, b, c);
    }
}

/// out\[j\] ← f(a\[j\], b\[j\], c\[j\], d\[j\]).
#[inline(always)]
pub(super) fn map4<T: Copy>(out: &mut [T], a: &[T], b: &[T], c: &[T], d: &[T], f: impl Fn(T, T, T, T) -> T) {
    for ((((out, &a), &b), &c), &d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *out = f(a, b, c, d);
    }
}
