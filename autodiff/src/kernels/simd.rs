//! Loops compiled for the vectors the processor has.

use pulp::{Arch, Simd, WithSimd};

/// Runs `f` compiled for the widest vectors this processor has, for loops the compiler vectorizes itself.
///
/// What `f` calls must be `#[inline(always)]`, and so must `f` itself, or it stays compiled for the
/// smallest processor. It is taken as `FnMut` because a closure called as `FnOnce` goes through a shim
/// that is not inlined.
pub(crate) fn vectorized<R>(f: impl FnMut() -> R) -> R {
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
