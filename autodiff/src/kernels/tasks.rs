//! Pieces of work on the thread pool.
//!
//! A kernel cuts its work by shape and numbers the pieces; every element of the result is written by one
//! piece, or summed from pieces in their order. So the bits do not depend on who ran which piece.

use std::marker::PhantomData;

use rayon::prelude::*;

/// Operations below which a kernel stays on the calling thread: about 20 µs of work, which is what it
/// costs to wake another.
const INLINE: usize = 1 << 21;

/// Pieces of work to aim for, so that a dozen threads find some where a shape has few by itself.
pub(crate) const PIECES: usize = 16;

/// Runs `task(0)` … `task(count − 1)`, on the pool when `operations` (of all together, in floating-point
/// operations or their like) are worth it.
pub(crate) fn run(count: usize, operations: usize, task: impl Fn(usize) + Send + Sync) {
    if count <= 1 || operations < INLINE {
        (0..count).for_each(task);
    } else {
        (0..count).into_par_iter().with_max_len(1).for_each(task);
    }
}

/// How many of `count` equal pieces to make one task of: a few microseconds' work, but no fewer than
/// sixteen tasks while there are as many pieces.
pub(crate) fn pieces_per_task(count: usize, operations: usize) -> usize {
    let few_microseconds = count.saturating_mul(1 << 20) / operations.max(1);
    few_microseconds.clamp(1, count.div_ceil(16).max(1))
}

/// A mutable slice that several tasks write to, each to elements no other task touches.
pub(crate) struct SharedMut<'a, T> {
    start: *mut T,
    len: usize,
    life: PhantomData<&'a mut [T]>,
}

// SAFETY: the pointer reaches one exclusively borrowed slice, and whoever takes parts of it vouches that
// the parts are disjoint.
unsafe impl<T: Send> Send for SharedMut<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for SharedMut<'_, T> {}

impl<'a, T> SharedMut<'a, T> {
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), life: PhantomData }
    }

    /// The elements `start..start + len`.
    ///
    /// # Safety
    /// While the part lives, no other part may overlap it.
    #[allow(clippy::mut_from_ref)]
    pub(crate) unsafe fn part(&self, start: usize, len: usize) -> &mut [T] {
        assert!(start <= self.len && len <= self.len - start);
        // SAFETY: the range lies inside the slice, and the caller vouches that it is not shared.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), len) }
    }

    /// The first element, for kernels that write strided parts.
    pub(crate) fn pointer(&self) -> *mut T {
        self.start
    }
}
