//! Working memory of a kernel, recycled.

use std::ops::{Deref, DerefMut};

use crate::Float;

/// A buffer from the pool that begins on a cache line and goes back to the pool when dropped.
///
/// Its contents are unspecified until written.
pub(crate) struct Scratch<T: Float> {
    buffer: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Float> Scratch<T> {
    /// A buffer of `len` elements.
    pub(crate) fn new(len: usize) -> Self {
        let (buffer, start) = T::pool().take_aligned(len);
        Self { buffer, start, len }
    }
}

impl<T: Float> Deref for Scratch<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.buffer[self.start..self.start + self.len]
    }
}

impl<T: Float> DerefMut for Scratch<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.buffer[self.start..self.start + self.len]
    }
}

impl<T: Float> Drop for Scratch<T> {
    fn drop(&mut self) {
        T::pool().give(std::mem::take(&mut self.buffer));
    }
}
