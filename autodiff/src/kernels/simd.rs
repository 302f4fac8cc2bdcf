//! Loops compiled for the widest vectors of the machine they run on.

use pulp::{Arch, Simd, WithSimd};

/// Calls `f` compiled for the widest vectors of this machine: AVX-512, AVX2, NEON, or the plain target's.
///
/// The program is compiled for a plain target; this holds one more copy of `f` for each vector extension
/// and picks one at run time. It is for loops over elements that the compiler can vectorize. `f`, and
/// whatever it calls in its loops, must be `#[inline(always)]`: code that is not inlined keeps the plain
/// target's instructions. The copies differ in width only: no multiplication is fused with an addition, so
/// that each gives the same bits.
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
// `FnMut` because a closure called as `FnOnce` goes through a shim that is not inlined.
#[inline(always)]
pub fn vectorized<R>(f: impl FnMut() -> R) -> R {
    struct Loop<F>(F);

    impl<R, F: FnMut() -> R> WithSimd for Loop<F> {
        type Output = R;

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _: S) -> R {
            (self.0)()
        }
    }

    Arch::new().dispatch(Loop(f))
}
