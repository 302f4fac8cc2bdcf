//! Copies a strided view into row-major order.
//!
//! The view's axes are first joined into as few as describe it. If the innermost is then contiguous, whole
//! runs are copied; if it is repeated (stride 0), runs are filled. Otherwise some other axis usually has
//! the small stride, as in a transposed matrix, and the two are copied in square blocks, so that each cache
//! line of either side is used up while it is at hand.

use ndarray::ArrayViewD;
use rayon::prelude::*;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::lanes::{Extension, columns_to_rows, with_lanes};
use super::layout::{Axes, coalesce, for_each_run};
use super::parallel::{CHUNK, Shared, Source, each, worthwhile};

/// Side of the square blocks of a transposition.
const BLOCK: usize = 16;

/// out ← the elements of `view` in row-major order.
pub(crate) fn copy_strided<T: Copy + Send + Sync>(view: ArrayViewD<T>, out: &mut [T]) {
    assert_eq!(view.len(), out.len(), "copy_strided: the lengths differ");
    if out.is_empty() {
        return;
    }
    let axes = coalesce(view.shape(), [view.strides()]);
    let source = Source::new(view.as_ptr());
    let inner = axes[axes.len() - 1].strides[0];
    if !(0..=1).contains(&inner) {
        let smallest =
            (0..axes.len()).filter(|&i| axes[i].strides[0] != 0).min_by_key(|&i| axes[i].strides[0].abs());
        if let Some(lead) = smallest.filter(|&i| i + 1 < axes.len() && axes[i].strides[0].abs() < inner.abs())
        {
            // SAFETY: the axes describe the elements of `view`, and their product is the length of `out`.
            unsafe { transpose(&axes, lead, source, out) };
            return;
        }
    }
    let copy = |start: usize, out: &mut [T]| {
        for_each_run(&axes, start..start + out.len(), |position, [offset], len| {
            let out = &mut out[position - start..position - start + len];
            // SAFETY: the axes describe the elements of `view`; a run of stride 1 is contiguous.
            unsafe {
                let run = source.get().offset(offset);
                match inner {
                    1 if len < 16 => {
                        for (i, out) in out.iter_mut().enumerate() {
                            *out = *run.add(i);
                        }
                    }
                    1 => out.copy_from_slice(std::slice::from_raw_parts(run, len)),
                    0 => out.fill(*run),
                    _ => {
                        for (i, out) in out.iter_mut().enumerate() {
                            *out = *run.offset(i as isize * inner);
                        }
                    }
                }
            }
        });
    };
    if worthwhile(out.len()) {
        out.par_chunks_mut(CHUNK).enumerate().for_each(|(i, out)| copy(i * CHUNK, out));
    } else {
        copy(0, out);
    }
}

/// Whether the elements, which are numbers, can be moved as `f32` are.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn of_four_bytes<T>() -> bool {
    const { assert!(BLOCK <= super::lanes::LANES, "a block is a square of vectors") };
    size_of::<T>() == size_of::<f32>() && align_of::<T>() == align_of::<f32>()
}

/// Copies with the axis `lead`, the one of smallest stride, and the last one in blocks.
///
/// # Safety
/// The axes must describe readable elements, and the product of their lengths must be the length of `out`.
unsafe fn transpose<T: Copy + Send + Sync>(axes: &Axes<1>, lead: usize, source: Source<T>, out: &mut [T]) {
    let last = axes[axes.len() - 1];
    let (rows, from_row) = (axes[lead].len, axes[lead].strides[0]);
    let (columns, from_column) = (last.len, last.strides[0]);
    let to_row: usize = axes[lead + 1..].iter().map(|a| a.len).product();

    // The other axes, each with its stride in the view and in the output.
    let mut others = axes.clone();
    others.pop();
    others.remove(lead);
    let mut step = columns;
    let mut to_strides: Vec<usize> = Vec::with_capacity(axes.len());
    for i in (0..axes.len() - 1).rev() {
        if i != lead {
            to_strides.push(step);
        }
        step *= axes[i].len;
    }
    to_strides.reverse();

    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    let extension = Extension::available().next().filter(|_| of_four_bytes::<T>() && from_row == 1);
    let bands = rows.div_ceil(BLOCK);
    let outer: usize = others.iter().map(|a| a.len).product();
    let target = Shared::new(out);
    let band = move |item: usize| {
        let (mut rest, band) = (item / bands, item % bands);
        let (mut from, mut to) = (0isize, 0usize);
        for (axis, to_stride) in others.iter().zip(&to_strides).rev() {
            let index = rest % axis.len;
            rest /= axis.len;
            from += index as isize * axis.strides[0];
            to += index * to_stride;
        }
        let top = band * BLOCK;
        let height = BLOCK.min(rows - top);
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        if let Some(extension) = extension {
            // SAFETY: the processor has the extension, elements are numbers of four bytes, every index stays below its
            // axis' length, and bands write disjoint elements.
            unsafe {
                let from = source.get().offset(from + top as isize).cast();
                let to = target.get().add(to + top * to_row).cast();
                with_lanes!(extension, V => columns_to_rows::<V>(from, from_column, columns, height, to, to_row));
            }
            return;
        }
        for left in (0..columns).step_by(BLOCK) {
            let width = BLOCK.min(columns - left);
            // SAFETY: every index stays below its axis' length; bands write disjoint elements.
            unsafe {
                let from = source.get().offset(from + top as isize * from_row + left as isize * from_column);
                let to = target.get().add(to + top * to_row + left);
                if height == BLOCK && width == BLOCK {
                    // Through a small square, so that each cache line of either side is touched once:
                    // lines a power of two apart would push each other out of the cache.
                    let mut square = [[std::mem::MaybeUninit::<T>::uninit(); BLOCK]; BLOCK];
                    for (j, line) in square.iter_mut().enumerate() {
                        let from = from.offset(j as isize * from_column);
                        if from_row == 1 {
                            std::ptr::copy_nonoverlapping(from, line.as_mut_ptr().cast(), BLOCK);
                        } else {
                            for (i, element) in line.iter_mut().enumerate() {
                                element.write(*from.offset(i as isize * from_row));
                            }
                        }
                    }
                    for i in 0..BLOCK {
                        let to = to.add(i * to_row);
                        for (j, line) in square.iter().enumerate() {
                            *to.add(j) = line[i].assume_init();
                        }
                    }
                } else {
                    for i in 0..height {
                        for j in 0..width {
                            *to.add(i * to_row + j) =
                                *from.offset(i as isize * from_row + j as isize * from_column);
                        }
                    }
                }
            }
        }
    };
    if worthwhile(outer * rows * columns) {
        let grain = (CHUNK / (BLOCK * columns)).max(1);
        each(outer * bands, grain, &band);
    } else {
        (0..outer * bands).for_each(band);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::parallel::same_at_any_thread_count;
    use ndarray::{Array, ArrayD, Axis, IxDyn, Slice};
    use proptest::prelude::*;

    fn numbered(shape: &[usize]) -> ArrayD<i64> {
        let n: usize = shape.iter().product();
        Array::from_iter(0..n as i64).into_shape_with_order(IxDyn(shape)).expect("sizes agree")
    }

    fn copied<T: Copy + Default + Send + Sync>(view: ArrayViewD<T>) -> Vec<T> {
        let mut out = vec![T::default(); view.len()];
        copy_strided(view, &mut out);
        out
    }

    fn plain<T: Copy>(view: &ArrayViewD<T>) -> Vec<T> {
        view.iter().copied().collect()
    }

    #[test]
    fn large_views() {
        for (shape, order) in [
            (vec![300, 401], vec![1, 0]),
            (vec![20, 31, 77], vec![0, 2, 1]),
            (vec![20, 31, 77], vec![2, 1, 0]),
            (vec![20, 31, 77], vec![1, 0, 2]),
            (vec![4, 17, 18, 65], vec![3, 0, 2, 1]),
            (vec![4, 17, 18, 65], vec![0, 2, 3, 1]),
        ] {
            let view = numbered(&shape);
            let view = view.view().permuted_axes(IxDyn(&order));
            let out = same_at_any_thread_count(|| copied(view.view()));
            assert_eq!(out, plain(&view), "{shape:?} {order:?}");
        }
        let row = numbered(&[1, 400, 1]);
        let wide = row.broadcast(IxDyn(&[90, 400, 3])).expect("broadcasts");
        assert_eq!(copied(wide.view()), plain(&wide));
    }

    #[test]
    fn empty_and_scalar() {
        assert_eq!(copied(numbered(&[]).view()), [0]);
        assert_eq!(copied(numbered(&[3, 0, 2]).view().permuted_axes(IxDyn(&[2, 1, 0]))), [0i64; 0]);
        assert_eq!(copied(Array::from_elem(IxDyn(&[2]), true).view()), [true, true]);
    }

    proptest! {
        #[test]
        fn any_strides(
            shape in prop::collection::vec(1usize..20, 0..5),
            seed in any::<u64>(),
            steps in prop::collection::vec(prop::sample::select(vec![1isize, 2, 3, -1, -2]), 5),
        ) {
            let array = numbered(&shape);
            let mut view = array.view();
            for (axis, &step) in steps.iter().enumerate().take(shape.len()) {
                view.slice_axis_inplace(Axis(axis), Slice::new(0, None, step));
            }
            let mut order: Vec<usize> = (0..shape.len()).collect();
            let mut state = seed;
            for i in (1..order.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                order.swap(i, (state >> 33) as usize % (i + 1));
            }
            let view = view.permuted_axes(IxDyn(&order));
            prop_assert_eq!(copied(view.view()), plain(&view));
        }
    }
}
