//! Vectors of sixteen elements, in whatever registers a processor has for them.
//!
//! The kernels are written once, for any [`Lanes`]: one register of AVX-512, two of AVX2 or four of NEON. What differs
//! beside is how many fit into the registers at once, and so how large a tile of sums is.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
pub(super) mod outer;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::ops::{Add, Mul, Sub};

#[cfg(target_arch = "x86_64")]
pub(super) use self::avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(super) use self::avx512::Avx512;
#[cfg(target_arch = "aarch64")]
pub(super) use self::neon::Neon;

/// Elements of a vector.
pub(super) const LANES: usize = 16;

/// Which lanes of a vector: bit i stands for lane i.
pub(super) type Mask = u16;

/// The first `n` lanes.
#[inline(always)]
pub(super) fn mask(n: usize) -> Mask {
    if n >= LANES { !0 } else { (1 << n) - 1 }
}

/// A vector of sixteen `f32`. There is one only where the processor has its extension: whoever makes the first vouches
/// for it.
///
/// Everything is to be called from within [`Lanes::run`], where it becomes instructions of the extension.
pub(super) trait Lanes:
    Copy + Debug + Add<Output = Self> + Sub<Output = Self> + Mul<f32, Output = Self>
{
    /// Whether the registers hold 28 vectors of sums beside what these are made of, or only 6.
    const WIDE: bool;
    /// Vectors of output channels in a tile of sums.
    const VECTORS: usize = if Self::WIDE { 2 } else { 1 };
    /// Output channels of such a tile.
    const BLOCK: usize = Self::VECTORS * LANES;
    /// Pixels of such a tile at the most.
    const PIXELS: usize = if Self::WIDE { 14 } else { 6 };

    /// Whether the processor has the extension.
    fn available() -> bool;

    /// Calls `f`, an `#[inline(always)]` closure, compiled for the extension.
    ///
    /// # Safety
    /// The processor has the extension.
    // Not `FnOnce`: a closure called as such goes through a shim that is not inlined.
    unsafe fn run<R>(f: impl FnMut() -> R) -> R;

    /// # Safety
    /// The processor has the extension.
    unsafe fn splat(x: f32) -> Self;

    /// # Safety
    /// The processor has the extension.
    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller vouches for the processor.
        unsafe { Self::splat(0.0) }
    }

    /// # Safety
    /// The processor has the extension, and sixteen elements can be read.
    unsafe fn load(from: *const f32) -> Self;

    /// The elements of some lanes, and zeros.
    ///
    /// # Safety
    /// The processor has the extension, and the elements of these lanes can be read.
    unsafe fn load_some(lanes: Mask, from: *const f32) -> Self;

    /// # Safety
    /// Sixteen elements can be written.
    unsafe fn store(self, to: *mut f32);

    /// Writes the elements of some lanes.
    ///
    /// # Safety
    /// These elements can be written.
    unsafe fn store_some(self, lanes: Mask, to: *mut f32);

    /// self + a·b, rounded once.
    fn plus(self, a: Self, b: Self) -> Self;

    /// self + factor·other, rounded once.
    #[inline(always)]
    fn plus_scaled(self, factor: f32, other: Self) -> Self {
        // SAFETY: there is a vector.
        self.plus(unsafe { Self::splat(factor) }, other)
    }

    /// The sum of all sixteen.
    fn sum(self) -> f32;

    /// Transposes sixteen vectors as a 16×16 matrix.
    fn transpose(rows: &mut [Self; LANES]);

    /// a₀ b₀ a₁ b₁ …: the first and the second sixteen.
    fn interleave(a: Self, b: Self) -> [Self; 2];

    /// The elements of even number: the inverse of [`Lanes::interleave`], without the others.
    fn even(low: Self, high: Self) -> Self;

    /// The elements 0, `stride`, 2·`stride`, … of a slice, `present` of them, and zeros.
    ///
    /// # Safety
    /// The processor has the extension.
    #[inline(always)]
    unsafe fn gather(from: &[f32], stride: usize, present: usize) -> Self {
        let mut x = [0.0; LANES];
        for (i, x) in x.iter_mut().enumerate().take(present) {
            *x = from[i * stride];
        }
        // SAFETY: the caller vouches for the processor, and there are sixteen elements.
        unsafe { Self::load(x.as_ptr()) }
    }

    /// Fetches the line of an address into the cache, to be written. Any address will do.
    fn fetch(at: *const f32);
}

/// A vector extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extension {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

/// An expression with the vectors of an extension as the type `$V`.
macro_rules! with_lanes {
    ($extension:expr, $V:ident => $e:expr) => {
        match $extension {
            #[cfg(target_arch = "x86_64")]
            $crate::kernels::lanes::Extension::Avx512 => {
                type $V = $crate::kernels::lanes::Avx512;
                $e
            }
            #[cfg(target_arch = "x86_64")]
            $crate::kernels::lanes::Extension::Avx2 => {
                type $V = $crate::kernels::lanes::Avx2;
                $e
            }
            #[cfg(target_arch = "aarch64")]
            $crate::kernels::lanes::Extension::Neon => {
                type $V = $crate::kernels::lanes::Neon;
                $e
            }
        }
    };
}

pub(super) use with_lanes;

impl Extension {
    const ALL: &[Self] = &[
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "aarch64")]
        Self::Neon,
    ];

    /// Those that the processor has, the widest first. (The standard library asks it once and keeps the answer.)
    pub(super) fn available() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|&extension| with_lanes!(extension, V => V::available()))
    }
}

/// Writes `rows` rows (sixteen at the most) of `len` elements, `pitch` apart, as `len` vectors, `stride` apart; missing
/// rows are zeros.
///
/// # Safety
/// The processor has the extension, there are those rows, and there is room for the vectors.
pub(super) unsafe fn rows_to_lanes<V: Lanes>(
    from: *const f32,
    pitch: usize,
    rows: usize,
    len: usize,
    to: *mut f32,
    stride: usize,
) {
    debug_assert!(rows <= LANES);
    // SAFETY: the masks end with the rows, and each column is one of `len`.
    unsafe {
        V::run(
            #[inline(always)]
            move || {
                for start in (0..len).step_by(LANES) {
                    let present = mask(len - start);
                    let mut square = [V::zero(); LANES];
                    for (i, row) in square.iter_mut().enumerate().take(rows) {
                        *row = V::load_some(present, from.add(i * pitch + start));
                    }
                    V::transpose(&mut square);
                    for (i, &column) in square.iter().enumerate().take(len - start) {
                        column.store(to.add((start + i) * stride));
                    }
                }
            },
        );
    }
}

/// Writes the first `rows` lanes (sixteen at the most) of `len` vectors, `stride` apart, as rows of `len` elements,
/// `pitch` apart.
///
/// # Safety
/// The processor has the extension, there are those vectors, and there is room for the rows.
pub(super) unsafe fn lanes_to_rows<V: Lanes>(
    from: *const f32,
    stride: usize,
    len: usize,
    rows: usize,
    to: *mut f32,
    pitch: usize,
) {
    debug_assert!(rows <= LANES);
    // SAFETY: each column is one of `len`, and the masks end with the rows.
    unsafe {
        V::run(
            #[inline(always)]
            move || {
                for start in (0..len).step_by(LANES) {
                    let present = mask(len - start);
                    let mut square = [V::zero(); LANES];
                    for (i, column) in square.iter_mut().enumerate().take(len - start) {
                        *column = V::load(from.add((start + i) * stride));
                    }
                    V::transpose(&mut square);
                    for (i, &row) in square.iter().enumerate().take(rows) {
                        row.store_some(present, to.add(i * pitch + start));
                    }
                }
            },
        );
    }
}

/// Writes `columns` columns, `step` apart, of `height` neighbouring elements each (sixteen at the most) as `height` rows
/// of `columns` elements, `pitch` apart. The elements are copied bit by bit, whatever they stand for.
///
/// # Safety
/// The processor has the extension, there are those columns, and there is room for the rows.
pub(super) unsafe fn columns_to_rows<V: Lanes>(
    from: *const f32,
    step: isize,
    columns: usize,
    height: usize,
    to: *mut f32,
    pitch: usize,
) {
    debug_assert!(height <= LANES);
    // SAFETY: the masks end with the columns and with the rows.
    unsafe {
        V::run(
            #[inline(always)]
            move || {
                let there = mask(height);
                for left in (0..columns).step_by(LANES) {
                    let mut square = [V::zero(); LANES];
                    for (j, column) in square.iter_mut().enumerate().take(columns - left) {
                        *column = V::load_some(there, from.offset((left + j) as isize * step));
                    }
                    V::transpose(&mut square);
                    let present = mask(columns - left);
                    for (i, &row) in square.iter().enumerate().take(height) {
                        row.store_some(present, to.add(i * pitch + left));
                    }
                }
            },
        );
    }
}
