//! The array a tensor holds, whose buffer is recycled.

use std::fmt;

use ndarray::{ArcArray, Array1, ArrayD, ArrayViewD, ArrayViewMutD, Axis, IxDyn, Slice, s};

use crate::Float;

/// Buffers from this many elements on start at a cache line.
const ALIGNED_FROM: usize = 1 << 12;

/// A shared, immutable array of dynamic rank.
///
/// A clone shares the elements. The last handle gives the buffer to the [pool](crate::pool), from which
/// the next value of that size is built. Any strides are possible (slices and permutations share their
/// source's buffer); what [`build`](Self::build) makes is row-major and, when large, aligned to a cache
/// line.
pub struct Value<T: Float> {
    /// Always `Some` until the drop takes it.
    array: Option<ArcArray<T, IxDyn>>,
}

impl<T: Float> Value<T> {
    /// A row-major value of a shape, whose elements `fill` writes. It must write all of them: what it
    /// finds there is unspecified.
    pub fn build(shape: &[usize], fill: impl FnOnce(&mut [T])) -> Self {
        let len = shape.iter().product::<usize>();
        let array = if len < ALIGNED_FROM {
            let mut buffer = vec![T::zero(); len];
            fill(&mut buffer);
            ArrayD::from_shape_vec(IxDyn(shape), buffer).expect("a buffer of the shape's length")
        } else {
            let (mut buffer, start) = T::pool().take_aligned(len);
            fill(&mut buffer[start..start + len]);
            Array1::from_vec(buffer)
                .slice_move(s![start..start + len])
                .into_shape_with_order(IxDyn(shape))
                .expect("a buffer of the shape's length")
        };
        Self::from_arc(array.into_shared())
    }

    /// A value of a shape whose elements are all `x`.
    pub fn full(shape: &[usize], x: T) -> Self {
        Self::build(shape, |out| crate::kernels::vector::fill(out, x))
    }

    /// A value of rank 0.
    pub fn scalar(x: T) -> Self {
        Self::from(ArrayD::from_elem(IxDyn(&[]), x))
    }

    fn array(&self) -> &ArcArray<T, IxDyn> {
        self.array.as_ref().expect("present until dropped")
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> &[usize] {
        self.array().shape()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.array().len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as an ndarray view.
    pub fn view(&self) -> ArrayViewD<'_, T> {
        self.array().view()
    }

    /// The elements in row-major order, if they lie so in memory.
    pub fn as_slice(&self) -> Option<&[T]> {
        self.array().as_slice()
    }

    /// The same elements in row-major order: this value, or a copy if its strides are others.
    pub fn contiguous(&self) -> Self {
        if self.array().is_standard_layout() {
            return self.clone();
        }
        Self::build(self.shape(), |out| crate::kernels::copy::copy_strided(self.view(), out))
    }

    /// The same elements under another shape of as many; copies if they are not row-major.
    pub(crate) fn reshaped(&self, shape: &[usize]) -> Self {
        let array = self.contiguous().array().clone();
        Self::from_arc(array.into_shape_with_order(IxDyn(shape)).expect("as many elements"))
    }

    /// The same buffer with its axes in another order.
    pub(crate) fn permuted(&self, axes: &[usize]) -> Self {
        Self::from_arc(self.array().clone().permuted_axes(IxDyn(axes)))
    }

    /// A part of the same buffer: the elements along one axis that a slice picks.
    pub(crate) fn sliced(&self, axis: usize, part: Slice) -> Self {
        let mut array = self.array().clone();
        array.slice_axis_inplace(Axis(axis), part);
        Self::from_arc(array)
    }

    /// The elements for writing; copies them first if another handle shares them.
    pub fn view_mut(&mut self) -> ArrayViewMutD<'_, T> {
        self.array.as_mut().expect("present until dropped").view_mut()
    }

    /// Adds `x`, of the same shape, in place if no other handle shares the elements.
    pub(crate) fn accumulate(&mut self, x: &Self) {
        let array = self.array.take().expect("present until dropped");
        match array.try_into_owned_nocopy() {
            Ok(mut owned) => {
                match (owned.as_slice_mut(), x.as_slice()) {
                    (Some(acc), Some(x)) => crate::kernels::vector::accumulate(acc, x),
                    _ => owned += &x.view(),
                }
                self.array = Some(owned.into_shared());
            }
            Err(shared) => {
                let shared = Self::from_arc(shared).contiguous();
                let x = x.contiguous();
                let (a, b) = (shared.as_slice().expect("row-major"), x.as_slice().expect("row-major"));
                *self = Self::build(shared.shape(), |out| {
                    crate::kernels::vector::map2(a, b, out, |a, b| a + b);
                });
            }
        }
    }

    fn from_arc(array: ArcArray<T, IxDyn>) -> Self {
        Self { array: Some(array) }
    }

    /// The elements as an owned array: without a copy if no other handle shares them.
    pub fn into_array(mut self) -> ArrayD<T> {
        match self.array.take().expect("present until dropped").try_into_owned_nocopy() {
            Ok(owned) => {
                if owned.len() >= ALIGNED_FROM {
                    crate::pool::release::<T>(owned.len());
                }
                owned
            }
            Err(shared) => shared.into_owned(),
        }
    }
}

impl<T: Float> Drop for Value<T> {
    fn drop(&mut self) {
        // The array is gone already where it was moved out, and a small buffer is not worth the look.
        if let Some(array) = self.array.take()
            && let Ok(owned) = array.try_into_owned_nocopy()
        {
            T::pool().give(owned.into_raw_vec_and_offset().0);
        }
    }
}

impl<T: Float> Clone for Value<T> {
    fn clone(&self) -> Self {
        Self { array: self.array.clone() }
    }
}

impl<T: Float> From<ArrayD<T>> for Value<T> {
    fn from(array: ArrayD<T>) -> Self {
        crate::pool::adopt::<T>(array.len());
        Self::from_arc(array.into_shared())
    }
}

impl<T: Float> From<ArcArray<T, IxDyn>> for Value<T> {
    fn from(array: ArcArray<T, IxDyn>) -> Self {
        Self::from_arc(array)
    }
}

impl<T: Float> fmt::Debug for Value<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.array(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_value_is_aligned_and_its_buffer_returns() {
        let value = Value::<f32>::full(&[100, 1000], 1.0);
        let address = value.view().as_ptr() as usize;
        assert_eq!(address % 64, 0);
        let slice = value.sliced(0, Slice::from(3..5));
        drop(value);
        assert_eq!(slice.view()[[0, 0]], 1.0);
        assert_eq!(slice.into_array().shape(), [2, 1000]);
    }

    #[test]
    fn writing_leaves_other_handles_alone() {
        let mut a = Value::<f64>::full(&[3], 1.0);
        let b = a.clone();
        a.view_mut()[0] = 5.0;
        assert_eq!((a.view()[0], b.view()[0]), (5.0, 1.0));
        let c = a.clone();
        a.accumulate(&b);
        assert_eq!((a.view()[0], c.view()[0]), (6.0, 5.0));
    }
}
