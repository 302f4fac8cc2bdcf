//! When and how work is cut for threads: always by size, never by the number of threads.

use std::ops::Range;

use rayon::prelude::*;

/// Elements of one piece of parallel work.
pub(crate) const CHUNK: usize = 1 << 14;

/// Work on fewer elements than this stays on the calling thread: waking another costs some microseconds.
pub(crate) const THRESHOLD: usize = 1 << 15;

/// Whether work on `elements` elements is worth more than one thread.
///
/// The answer may only choose who does the work, never what is added to what.
#[inline]
pub(crate) fn worthwhile(elements: usize) -> bool {
    elements >= THRESHOLD && rayon::current_num_threads() > 1
}

/// Calls `piece` with every stretch of `0..n`, of [`CHUNK`] elements each if `n` is worth several threads and
/// of all of them if not.
///
/// It is not generic, so that the thread pool's part of a kernel is compiled once and not for each kernel.
pub(crate) fn in_pieces(n: usize, piece: &(dyn Fn(Range<usize>) + Sync)) {
    if worthwhile(n) {
        each(n.div_ceil(CHUNK), 1, &|i| piece(i * CHUNK..((i + 1) * CHUNK).min(n)));
    } else if n > 0 {
        piece(0..n);
    }
}

/// Calls `task(0)` … `task(count − 1)` on the pool, at least `grain` of them in a row on one thread.
pub(crate) fn each(count: usize, grain: usize, task: &(dyn Fn(usize) + Sync)) {
    (0..count).into_par_iter().with_min_len(grain).for_each(task);
}

/// A pointer that several threads use, each for elements of its own.
pub(crate) struct Shared<T>(*mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Shared<T> {}

// SAFETY: the pointer alone does nothing; whoever dereferences it vouches for the element.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub(crate) fn new(slice: &mut [T]) -> Self {
        Self(slice.as_mut_ptr())
    }

    pub(crate) fn from_pointer(pointer: *mut T) -> Self {
        Self(pointer)
    }

    /// The pointer itself.
    #[inline(always)]
    pub(crate) fn get(self) -> *mut T {
        self.0
    }

    /// `len` elements from `start` on.
    ///
    /// # Safety
    /// The range lies in the slice this was made from, and nothing else uses it while the result lives.
    #[inline(always)]
    pub(crate) unsafe fn slice<'a>(self, start: usize, len: usize) -> &'a mut [T] {
        // SAFETY: the caller vouches for the range.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(start), len) }
    }
}

/// A pointer that several threads read.
pub(crate) struct Source<T>(*const T);

impl<T> Clone for Source<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Source<T> {}

// SAFETY: it is only read through, and `T: Sync` may be read by several threads.
unsafe impl<T: Sync> Send for Source<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Source<T> {}

impl<T> Source<T> {
    pub(crate) fn new(pointer: *const T) -> Self {
        Self(pointer)
    }

    /// The pointer itself.
    #[inline(always)]
    pub(crate) fn get(self) -> *const T {
        self.0
    }
}

/// Runs `f` in pools of 1, 2, 3 and 8 threads and asserts that each gives the first one's result.
#[cfg(test)]
pub(crate) fn same_at_any_thread_count<R: PartialEq + Send>(f: impl Fn() -> R + Sync) -> R {
    use std::sync::LazyLock;

    use rayon::{ThreadPool, ThreadPoolBuilder};

    static POOLS: LazyLock<[ThreadPool; 4]> = LazyLock::new(|| {
        [1, 2, 3, 8].map(|threads| ThreadPoolBuilder::new().num_threads(threads).build().expect("threads"))
    });
    let one = POOLS[0].install(&f);
    for pool in &POOLS[1..] {
        assert!(pool.install(&f) == one, "another result with {} threads", pool.current_num_threads());
    }
    one
}
