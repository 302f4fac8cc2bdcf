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
