//! Runs a loop compiled for the widest vectors of the machine it runs on.
//!
//! The library is compiled once for a plain target. [`dispatch`] holds one more copy of a loop for each
//! vector extension that `pulp` knows (AVX2, AVX-512) and picks a copy at run time. The copies differ in
//! width only: they contain no fused multiply-adds, so that each gives the same bits.

use std::sync::OnceLock;

use pulp::Arch;

/// Calls `f` compiled for the best instruction set of this machine.
///
/// `f`, and whatever it calls in its loops, must be `#[inline(always)]`: code that is not inlined keeps the
/// instruction set of the plain target.
#[inline(always)]
pub(crate) fn dispatch<R>(f: impl FnOnce() -> R) -> R {
    static ARCH: OnceLock<Arch> = OnceLock::new();
    ARCH.get_or_init(Arch::new).dispatch(f)
}

/// Calls `f` compiled for the widest vectors of this machine: AVX-512, AVX2, or the plain target's.
///
/// The program is compiled for a plain target; this holds one more copy of `f` for each vector extension
/// and picks one at run time. It is for loops over elements that the compiler can vectorize. `f`, and
/// whatever it calls in its loops, must be `#[inline(always)]`: code that is not inlined keeps the plain
/// target's instructions. The copies give the same bits.
///
/// ```
/// use wengert::autodiff::vectorized;
///
/// let mut x = vec![1.0_f32; 1000];
/// vectorized(
///     #[inline(always)]
///     || x.iter_mut().for_each(|x| *x = x.sqrt() + 1.0),
/// );
/// assert_eq!(x[999], 2.0);
/// ```
#[inline(always)]
pub fn vectorized<R>(f: impl FnOnce() -> R) -> R {
    dispatch(f)
}
