//! The array a tensor holds, whose buffer is recycled.

use std::fmt;
use std::sync::Arc;

use ndarray::{
    ArcArray, Array1, ArrayD, ArrayViewD, ArrayViewMutD, Axis, IxDyn, ShapeBuilder, Slice, StrideShape, s,
};
use smallvec::SmallVec;

use crate::Float;
use crate::pool;
use crate::shape::{Shape, copied};

/// Buffers from this many elements on start at a cache line.
const ALIGNED_FROM: usize = 1 << 12;

/// As many elements need no buffer of their own.
const INLINE: usize = 4;

/// A shared, immutable array of dynamic rank.
///
/// It is one pointer; a clone shares the elements. The last handle gives the buffer to the
/// [pool](crate::pool), from which the next value of that size is built. Any strides are possible (slices and
/// permutations share their source's buffer); what [`build`](Self::build) makes is row-major and, when large,
/// aligned to a cache line.
pub struct Value<T: Float>(Arc<Array<T>>);

/// How the elements of a value lie in a buffer.
struct Array<T: Float> {
    shape: Shape,
    len: usize,
    /// Where the lowest of the elements lies in the buffer.
    low: usize,
    /// In elements, one for each axis; row-major if there are none.
    strides: Option<Box<[isize]>>,
    source: Source<T>,
}

/// Whose buffer it is.
enum Source<T: Float> {
    Own(Buffer<T>),
    /// The buffer of another value, which owns it.
    Of(Value<T>),
}

/// Elements that return to the pool. A few stand inline: a number needs no allocation beside its value's.
struct Buffer<T: Float>(SmallVec<[T; INLINE]>);

impl<T: Float> Buffer<T> {
    /// Takes the elements, out of the pool's sight.
    fn take(&mut self) -> Vec<T> {
        let buffer = std::mem::take(&mut self.0).into_vec();
        pool::release::<T>(buffer.capacity());
        buffer
    }
}

impl<T: Float> Drop for Buffer<T> {
    fn drop(&mut self) {
        if self.0.spilled() {
            T::pool().give(std::mem::take(&mut self.0).into_vec());
        }
    }
}

impl<T: Float> Array<T> {
    fn buffer(&self) -> &[T] {
        match &self.source {
            Source::Own(buffer) => &buffer.0,
            Source::Of(value) => value.0.buffer(),
        }
    }

    /// The buffer, if no other value uses it.
    fn own(&mut self) -> Option<&mut Buffer<T>> {
        match &mut self.source {
            Source::Own(buffer) => Some(buffer),
            Source::Of(value) => Arc::get_mut(&mut value.0)?.own(),
        }
    }

    /// The shape as ndarray takes it, of the elements from the lowest one on.
    fn layout(&self) -> StrideShape<IxDyn> {
        let shape = IxDyn(&self.shape);
        match &self.strides {
            None => shape.into(),
            Some(strides) => {
                // ndarray reads strides as signed numbers.
                let strides: SmallVec<[usize; 4]> = strides.iter().map(|&stride| stride as usize).collect();
                shape.strides(IxDyn(&strides))
            }
        }
    }
}

impl<T: Float> Value<T> {
    /// A row-major value of `len` elements of a buffer, from `low` on.
    fn of(shape: &[usize], buffer: SmallVec<[T; INLINE]>, low: usize, len: usize) -> Self {
        let source = Source::Own(Buffer(buffer));
        Self(Arc::new(Array { shape: copied(shape), len, low, strides: None, source }))
    }

    /// A row-major value of a shape, whose elements `fill` writes. It must write all of them: what it
    /// finds there is unspecified.
    pub fn build(shape: &[usize], fill: impl FnOnce(&mut [T])) -> Self {
        let len = shape.iter().product::<usize>();
        if len <= INLINE {
            let mut few = [T::zero(); INLINE];
            fill(&mut few[..len]);
            return Self::of(shape, SmallVec::from_buf_and_len(few, len), 0, len);
        }
        if len < ALIGNED_FROM {
            // Not `vec![zero; len]`, which asks for memory of zeros: that is slower to get than memory used before.
            let mut buffer = Vec::with_capacity(len);
            buffer.resize(len, T::zero());
            fill(&mut buffer);
            return Self::of(shape, SmallVec::from_vec(buffer), 0, len);
        }
        let (mut buffer, start) = T::pool().take_aligned(len);
        fill(&mut buffer[start..start + len]);
        Self::of(shape, SmallVec::from_vec(buffer), start, len)
    }

    /// A value of a shape whose elements are all `x`.
    pub fn full(shape: &[usize], x: T) -> Self {
        Self::build(shape, |out| crate::kernels::vector::fill(out, x))
    }

    /// A value of rank 0.
    pub fn scalar(x: T) -> Self {
        Self::build(&[], |out| out[0] = x)
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.0.shape
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as an ndarray view.
    pub fn view(&self) -> ArrayViewD<'_, T> {
        let elements = &self.0.buffer()[self.0.low..];
        let elements = if self.0.strides.is_none() { &elements[..self.0.len] } else { elements };
        ArrayViewD::from_shape(self.0.layout(), elements).expect("the layout lies in the buffer")
    }

    /// The elements in row-major order, if they lie so in memory.
    pub fn as_slice(&self) -> Option<&[T]> {
        let Array { low, len, ref strides, .. } = *self.0;
        strides.is_none().then(|| &self.0.buffer()[low..low + len])
    }

    /// The same elements in row-major order: this value, or a copy if its strides are others.
    pub fn contiguous(&self) -> Self {
        if self.0.strides.is_none() {
            return self.clone();
        }
        Self::build(self.shape(), |out| crate::kernels::copy::copy_strided(self.view(), out))
    }

    /// A value of the same buffer, with the elements of a view that is made of this one's.
    fn part(&self, choose: impl FnOnce(ArrayViewD<'_, T>) -> ArrayViewD<'_, T>) -> Self {
        let view = choose(self.view());
        let base = self.0.buffer().as_ptr() as usize;
        let (low, strides) = match view.as_slice() {
            // An empty view may point anywhere.
            Some([]) => (0, None),
            Some(elements) => ((elements.as_ptr() as usize - base) / size_of::<T>(), None),
            None => {
                let back =
                    view.shape().iter().zip(view.strides()).map(|(&n, &s)| (n - 1) * s.min(0).unsigned_abs());
                let first = (view.as_ptr() as usize - base) / size_of::<T>();
                (first - back.sum::<usize>(), Some(view.strides().into()))
            }
        };
        let owner = match &self.0.source {
            Source::Own(_) => self,
            Source::Of(owner) => owner,
        };
        let (shape, len) = (Shape::from_slice(view.shape()), view.len());
        Self(Arc::new(Array { shape, len, low, strides, source: Source::Of(owner.clone()) }))
    }

    /// The same elements under another shape of as many; copies if they are not row-major, unless only axes
    /// of size 1 come or go.
    pub(crate) fn reshaped(&self, shape: &[usize]) -> Self {
        let longer = |shape: &[usize]| shape.iter().copied().filter(|&n| n != 1).collect::<Shape>();
        if self.0.strides.is_some() && longer(self.shape()) == longer(shape) {
            return self.part(|mut view| {
                for axis in (0..view.ndim()).rev().filter(|&axis| self.shape()[axis] == 1) {
                    view = view.index_axis_move(Axis(axis), 0);
                }
                for axis in (0..shape.len()).filter(|&axis| shape[axis] == 1) {
                    view = view.insert_axis(Axis(axis));
                }
                view
            });
        }
        assert_eq!(shape.iter().product::<usize>(), self.len(), "as many elements");
        self.contiguous().part(|view| view.into_shape_with_order(IxDyn(shape)).expect("as many elements"))
    }

    /// The same buffer with its axes in another order.
    pub(crate) fn permuted(&self, axes: &[usize]) -> Self {
        self.part(|view| view.permuted_axes(IxDyn(axes)))
    }

    /// A part of the same buffer: the elements along one axis that a slice picks.
    pub(crate) fn sliced(&self, axis: usize, part: Slice) -> Self {
        self.part(|mut view| {
            view.slice_axis_inplace(Axis(axis), part);
            view
        })
    }

    /// The array, its elements for writing; `None` if another handle shares them.
    fn exclusive(&mut self) -> Option<&mut Array<T>> {
        let array = Arc::get_mut(&mut self.0)?;
        array.own().is_some().then_some(array)
    }

    /// The elements for writing; copies them first if another handle shares them.
    pub fn view_mut(&mut self) -> ArrayViewMutD<'_, T> {
        if self.exclusive().is_none() {
            *self = Self::build(self.shape(), |out| crate::kernels::copy::copy_strided(self.view(), out));
        }
        let array = self.exclusive().expect("just copied, or looked at");
        let (layout, low, len) = (array.layout(), array.low, array.len);
        let row_major = array.strides.is_none();
        let elements = &mut array.own().expect("exclusive").0[low..];
        let elements = if row_major { &mut elements[..len] } else { elements };
        ArrayViewMutD::from_shape(layout, elements).expect("the layout lies in the buffer")
    }

    /// Adds `x`, of the same shape, in place if no other handle shares the elements.
    pub(crate) fn accumulate(&mut self, x: &Self) {
        if self.exclusive().is_some() {
            let mut sum = self.view_mut();
            match (sum.as_slice_mut(), x.as_slice()) {
                (Some(sum), Some(x)) => crate::kernels::vector::accumulate(sum, x),
                _ => sum += &x.view(),
            }
            return;
        }
        let (shared, x) = (self.contiguous(), x.contiguous());
        let (a, b) = (shared.as_slice().expect("row-major"), x.as_slice().expect("row-major"));
        *self = Self::build(shared.shape(), |out| {
            crate::kernels::vector::map2(a, b, out, |a, b| a + b);
        });
    }

    /// The elements as an owned array: without a copy if they are row-major and no other handle shares them.
    pub fn into_array(mut self) -> ArrayD<T> {
        match self.exclusive() {
            Some(array) if array.strides.is_none() => {
                let mut elements = array.own().expect("exclusive").take();
                elements.truncate(array.low + array.len);
                let elements = Array1::from_vec(elements).slice_move(s![array.low..]);
                elements.into_shape_with_order(IxDyn(&array.shape)).expect("as many elements")
            }
            _ => self.view().to_owned(),
        }
    }
}

impl<T: Float> Clone for Value<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Float> From<ArrayD<T>> for Value<T> {
    fn from(array: ArrayD<T>) -> Self {
        let (shape, len) = (Shape::from_slice(array.shape()), array.len());
        let strides = (!array.is_standard_layout()).then(|| Box::from(array.strides()));
        let back = array
            .shape()
            .iter()
            .zip(array.strides())
            .map(|(&n, &s)| n.saturating_sub(1) * s.min(0).unsigned_abs());
        let back = back.sum::<usize>();
        let (buffer, first) = array.into_raw_vec_and_offset();
        pool::adopt::<T>(buffer.capacity());
        // There is no offset where there are no elements.
        let low = first.map_or(0, |first| first - back);
        let source = Source::Own(Buffer(SmallVec::from_vec(buffer)));
        Self(Arc::new(Array { shape, len, low, strides, source }))
    }
}

/// Copies if another handle shares the elements.
impl<T: Float> From<ArcArray<T, IxDyn>> for Value<T> {
    fn from(array: ArcArray<T, IxDyn>) -> Self {
        Self::from(array.into_owned())
    }
}

impl<T: Float> fmt::Debug for Value<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.view(), f)
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
    fn axes_of_size_one_come_and_go_without_a_copy() {
        let value = Value::<f32>::build(&[2, 1, 3], |out| out.copy_from_slice(&[0., 1., 2., 3., 4., 5.]));
        let turned = value.permuted(&[2, 1, 0]);
        let reshaped = turned.reshaped(&[1, 3, 2, 1]);
        assert_eq!(reshaped.view().as_ptr(), value.view().as_ptr());
        assert_eq!(reshaped.view()[[0, 2, 1, 0]], 5.0);
        assert_eq!(turned.reshaped(&[2, 3]).as_slice().unwrap(), [0., 3., 1., 4., 2., 5.]);
    }

    #[test]
    fn every_layout_shows_the_same_elements() {
        let value = Value::<f64>::build(&[3, 4], |out| (0..12).for_each(|i| out[i] = i as f64));
        let reversed = value.sliced(0, Slice::new(0, None, -1)).sliced(1, Slice::new(0, None, -2));
        assert_eq!(reversed.view().iter().copied().collect::<Vec<_>>(), [11., 9., 7., 5., 3., 1.]);
        let part = reversed.permuted(&[1, 0]).sliced(1, Slice::from(1..2));
        assert_eq!(part.view().iter().copied().collect::<Vec<_>>(), [7., 5.]);
        assert_eq!(part.contiguous().as_slice().unwrap(), [7., 5.]);
        assert!(
            value.sliced(0, Slice::from(2..2)).sliced(1, Slice::from(3..)).as_slice().unwrap().is_empty()
        );
        // As owned arrays lie, too.
        let from = Value::from(part.clone().into_array().reversed_axes());
        assert_eq!((from.shape(), from.view()[[0, 1]]), (&[1, 2][..], 5.0));
        let array = ndarray::Array2::from_shape_fn((3, 4), |(i, j)| (4 * i + j) as f64);
        let inner = Value::from(array.slice_move(s![1.., ..;-1]).into_dyn());
        assert_eq!(inner.view().iter().copied().collect::<Vec<_>>(), [7., 6., 5., 4., 11., 10., 9., 8.]);
    }

    #[test]
    fn an_array_that_no_other_handle_shares_is_moved_out() {
        let value = Value::<f32>::full(&[100, 1000], 1.0);
        let address = value.view().as_ptr();
        let reshaped = value.reshaped(&[1000, 100]);
        drop(value);
        let array = reshaped.into_array();
        assert_eq!((array.as_ptr(), array.shape()), (address, &[1000, 100][..]));
        let back = Value::from(array);
        let (kept, copy) = (back.clone(), back.into_array());
        assert_ne!(kept.view().as_ptr(), copy.as_ptr());
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
