//! Buffers that come back: a bounded store of vectors between the allocator and the tensors.
//!
//! A training step allocates the same sizes again and again. Returned to the system, large buffers cost a
//! page fault for every 4 KiB at their next use, which can take as long as the convolution that fills
//! them; so the last handle of a value gives its vector to a pool instead, and the next value of that size
//! class takes it from there.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::recorded::Recorded;

/// Vectors shorter than this are left to the system's allocator, which is quick at small sizes.
const SMALLEST: usize = 1 << 12;
/// Bytes of a cache line, on which large buffers begin.
const CACHE_LINE: usize = 64;
/// Size classes: four to each power of two, so that at most a quarter of a buffer is unused.
const CLASSES: usize = 4 * 48;
/// Bytes the pools of both types may hold together until [`set_limit`] says otherwise: 1 GiB.
const DEFAULT_LIMIT: usize = 1 << 30;

static LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_LIMIT);
static HELD: AtomicUsize = AtomicUsize::new(0);
/// Signed: a vector that was made elsewhere may come back without having been taken.
static IN_USE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

/// Sets how many bytes of unused buffers are kept for reuse at the most (default: 1 GiB).
///
/// Buffers beyond the limit go back to the system as they are dropped; call [`clear`] to give back those
/// that are held already.
pub fn set_limit(bytes: usize) {
    LIMIT.store(bytes, Ordering::Relaxed);
}

/// Bytes of unused buffers held at this moment.
///
/// ```
/// use wengert::autodiff::pool;
///
/// pool::clear();
/// assert_eq!(pool::held(), 0);
/// ```
pub fn held() -> usize {
    HELD.load(Ordering::Relaxed)
}

/// Bytes of the large buffers that values and kernels use at this moment, in the whole process: what was taken
/// from the pool and has not come back. Buffers of fewer than 4096 elements are not counted.
///
/// ```
/// use wengert::autodiff::pool;
/// use wengert::prelude::*;
///
/// let before = pool::in_use();
/// let x = Tensor::<f32>::zeros([1 << 20]);
/// assert!(pool::in_use() - before >= 4 << 20);
/// drop(x);
/// assert_eq!(pool::in_use(), before);
/// ```
pub fn in_use() -> usize {
    IN_USE.load(Ordering::Relaxed).max(0) as usize
}

/// The most that was [in use](in_use) since the last call.
pub(crate) fn take_peak() -> usize {
    let now = IN_USE.load(Ordering::Relaxed);
    PEAK.swap(now, Ordering::Relaxed).max(now).max(0) as usize
}

fn count(bytes: usize) {
    let now = IN_USE.fetch_add(bytes as i64, Ordering::Relaxed) + bytes as i64;
    PEAK.fetch_max(now, Ordering::Relaxed);
}

fn discount(bytes: usize) {
    IN_USE.fetch_sub(bytes as i64, Ordering::Relaxed);
}

/// Whether the pool keeps vectors of a capacity.
fn is_kept(capacity: usize) -> bool {
    capacity >= SMALLEST && class_for(capacity).1 == capacity
}

/// Counts a vector of a capacity that was made elsewhere and will come to the pool.
pub(crate) fn adopt<T>(capacity: usize) {
    if is_kept(capacity) {
        count(capacity * size_of::<T>());
    }
}

/// Takes a vector of a capacity, which left for good, out of the count.
pub(crate) fn release<T>(capacity: usize) {
    if is_kept(capacity) {
        discount(capacity * size_of::<T>());
    }
}

/// Gives every unused buffer back to the system, and the memory kept for the nodes of later tapes.
pub fn clear() {
    drop((f32::spare_nodes().take(), f64::spare_nodes().take()));
    f32::pool().clear();
    f64::pool().clear();
}

/// The unused buffers of one element type.
#[doc(hidden)]
#[derive(Debug)]
pub struct Pool<T> {
    classes: Mutex<Vec<Vec<Vec<T>>>>,
}

/// An element type that has a pool. It is sealed with [`Float`](crate::Float).
pub trait Pooled: Sized + 'static {
    #[doc(hidden)]
    fn pool() -> &'static Pool<Self>;
}

impl Pooled for f32 {
    fn pool() -> &'static Pool<f32> {
        static POOL: Pool<f32> = Pool::new();
        &POOL
    }
}

impl Pooled for f64 {
    fn pool() -> &'static Pool<f64> {
        static POOL: Pool<f64> = Pool::new();
        &POOL
    }
}

/// The class whose buffers hold at least `len` elements, and how many elements they hold.
fn class_for(len: usize) -> (usize, usize) {
    let power = usize::BITS - 1 - len.leading_zeros();
    let quarter = 1usize << (power - 2);
    let steps = (len - (1 << power)).div_ceil(quarter);
    let class = 4 * power as usize + steps;
    (class, (1usize << power) + steps * quarter)
}

impl<T> Pool<T> {
    const fn new() -> Self {
        Self { classes: Mutex::new(Vec::new()) }
    }

    fn clear(&self) {
        let classes = std::mem::take(&mut *self.classes.lock().unwrap_or_else(PoisonError::into_inner));
        let bytes: usize = classes.iter().flatten().map(|b| b.capacity() * size_of::<T>()).sum();
        HELD.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl<T: Copy + Default> Pool<T> {
    /// A vector of `len` elements whose contents are unspecified: zeros, or what an earlier user left.
    pub(crate) fn take(&self, len: usize) -> Vec<T> {
        if len < SMALLEST {
            return vec![T::default(); len];
        }
        let (class, capacity) = class_for(len);
        count(capacity * size_of::<T>());
        let found = {
            let mut classes = self.classes.lock().unwrap_or_else(PoisonError::into_inner);
            classes.get_mut(class).and_then(Vec::pop)
        };
        match found {
            Some(mut buffer) => {
                HELD.fetch_sub(buffer.capacity() * size_of::<T>(), Ordering::Relaxed);
                buffer.resize(len, T::default());
                buffer
            }
            None => {
                // Zeroed pages of the system are not touched here, so this costs no pass over memory.
                let mut buffer = vec![T::default(); capacity];
                buffer.truncate(len);
                buffer
            }
        }
    }

    /// A vector as [`take`](Self::take) gives it, and the index at which `len` elements on a cache line begin.
    pub(crate) fn take_aligned(&self, len: usize) -> (Vec<T>, usize) {
        let slack = CACHE_LINE / size_of::<T>();
        let buffer = self.take(len + slack);
        let start = (buffer.as_ptr() as usize).wrapping_neg() % CACHE_LINE / size_of::<T>();
        (buffer, start)
    }

    /// Keeps a vector for later, or drops it when it is small, of no class's size, or beyond the limit.
    pub(crate) fn give(&self, buffer: Vec<T>) {
        let capacity = buffer.capacity();
        if capacity < SMALLEST {
            return;
        }
        let (class, exact) = class_for(capacity);
        let bytes = capacity * size_of::<T>();
        if exact != capacity || class >= CLASSES {
            return;
        }
        discount(bytes);
        if HELD.fetch_add(bytes, Ordering::Relaxed) + bytes > LIMIT.load(Ordering::Relaxed) {
            HELD.fetch_sub(bytes, Ordering::Relaxed);
            return;
        }
        let mut classes = self.classes.lock().unwrap_or_else(PoisonError::into_inner);
        if classes.is_empty() {
            classes.resize_with(CLASSES, Vec::new);
        }
        classes[class].push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_holds_what_was_asked_and_little_more() {
        for len in (SMALLEST..SMALLEST + 5000).chain([1 << 20, (1 << 20) + 1, 3 << 20, (1 << 21) - 1]) {
            let (class, capacity) = class_for(len);
            assert!(capacity >= len && capacity <= len + len / 4, "{len}: {capacity}");
            assert_eq!(class_for(capacity), (class, capacity), "a class's own size is in that class");
        }
    }

    #[test]
    fn a_buffer_comes_back() {
        let pool = Pool::<f32>::new();
        let first = pool.take(10_000);
        let address = first.as_ptr();
        pool.give(first);
        let second = pool.take(9_900);
        assert_eq!(second.as_ptr(), address);
        assert_eq!(second.len(), 9_900);
        pool.give(second);
        pool.clear();
        assert_ne!(pool.take(10_000).len(), 0);
    }
}
