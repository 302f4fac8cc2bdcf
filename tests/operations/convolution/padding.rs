//! What stands around the input.

use wengert::prelude::*;

/// Every dimension, through the kernels for `f32` and those for `f64`.
fn in_all_dimensions(check: impl Fn(usize)) {
    (1..=3).for_each(check);
}

fn convolved<T: Float>(x: &Tensor<T>, w: &Tensor<T>, dims: usize, same: bool) -> Tensor<T> {
    match dims {
        1 if same => x.conv1d(w, None, Conv1dOptions::new().padding(Padding::Same)),
        2 if same => x.conv2d(w, None, Conv2dOptions::new().padding(Padding::Same)),
        3 if same => x.conv3d(w, None, Conv3dOptions::new().padding(Padding::Same)),
        1 => x.conv1d(w, None, ()),
        2 => x.conv2d(w, None, ()),
        _ => x.conv3d(w, None, ()),
    }
}

#[test]
fn same_pads_more_behind_than_before() {
    in_all_dimensions(|dims| {
        let x = Tensor::<f64>::ones([vec![1, 1], vec![3; dims]].concat());
        let w = Tensor::ones([vec![1, 1], vec![4; dims]].concat());
        // One zero before and two behind: windows of 3, 3 and 2 elements along each axis.
        let along = [3.0, 3.0, 2.0];
        let expected: Vec<f64> = (0..3usize.pow(dims as u32))
            .map(|i| (0..dims).map(|axis| along[i / 3usize.pow(axis as u32) % 3]).product())
            .collect();
        assert_eq!(convolved(&x, &w, dims, true).to_vec(), expected);
        let widths = [vec![(0, 0); 2], vec![(1, 2); dims]].concat();
        assert_eq!(convolved(&x.pad(&widths, 0.0), &w, dims, false).to_vec(), expected);
    });
}

fn padding_takes_no_part<T: Float>() {
    in_all_dimensions(|dims| {
        let x = Tensor::<T>::ones([vec![1, 1], vec![4; dims]].concat());
        let mut weights = vec![T::one(); 3usize.pow(dims as u32)];
        weights[0] = T::infinity();
        let w = Tensor::from_vec([vec![1, 1], vec![3; dims]].concat(), weights);
        let y = convolved(&x, &w, dims, true).to_vec();
        let outermost = |i: usize| (0..dims).any(|axis| (i / 4usize.pow(axis as u32)).is_multiple_of(4));
        for (i, &y) in y.iter().enumerate() {
            // The first tap meets padding at the first element of any axis, and the input elsewhere.
            assert!(if outermost(i) { y.is_finite() } else { y == T::infinity() }, "{dims}, {i}: {y}");
        }
    });
}

#[test]
fn padding_takes_no_part_in_a_sum() {
    padding_takes_no_part::<f32>();
    padding_takes_no_part::<f64>();
}
