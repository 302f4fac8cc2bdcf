//! One kernel for every plane, flipped or not.

use proptest::collection::vec;
use proptest::prelude::*;
use wengert::autodiff::filters;
use wengert::prelude::*;

use super::{along, padding};
use crate::row;
use crate::strategies::{Plan, cases, up_to};

fn filtered() -> impl Strategy<Value = Plan<Conv2dOptions>> {
    let planes = vec(up_to(2, 8), 0..=2);
    (planes, along::<2>(5, 50), 2..8u8).prop_filter_map("the kernel fits", |(mut x, axes, name)| {
        if axes.iter().any(|a| a.dilation * (a.kernel - 1) + 1 > a.size + 2 * a.padding) {
            return None;
        }
        x.extend(axes.map(|a| a.size));
        let options = Conv2dOptions::new()
            .stride(axes.map(|a| a.stride))
            .padding(padding(&axes, name))
            .dilation(axes.map(|a| a.dilation));
        Some((vec![x, axes.map(|a| a.kernel).to_vec()], options))
    })
}

row!(correlate2d, cases(filtered(), -2.0..=2.0), |x, o: Conv2dOptions| x[0].correlate2d(&x[1], *o));
row!(convolve2d, cases(filtered(), -2.0..=2.0), |x, o: Conv2dOptions| x[0].convolve2d(&x[1], *o));

/// y\[i, j\] = Σ x\[i − r, j − s\]·k\[r, s\] of two infinite planes of zeros but for x and k, cut to where the whole
/// kernel meets x.
fn convolution(x: &Tensor<f64>, k: &Tensor<f64>) -> Vec<f64> {
    let (x, k) = (x.view(), k.view());
    let (rows, columns) = (k.shape()[0], k.shape()[1]);
    let mut y = Vec::new();
    for i in rows - 1..x.shape()[0] {
        for j in columns - 1..x.shape()[1] {
            let terms = (0..rows).flat_map(|r| (0..columns).map(move |s| (r, s)));
            y.push(terms.map(|(r, s)| x[[i - r, j - s]] * k[[r, s]]).sum());
        }
    }
    y
}

#[test]
fn convolution_is_the_one_of_mathematics() {
    let x = Tensor::from_vec([4, 5], (0..20).map(|i| f64::from(i * i % 17)).collect());
    let k = Tensor::from_vec([2, 3], vec![1.0, -2.0, 3.0, 5.0, -7.0, 11.0]);
    assert_eq!(x.convolve2d(&k, ()).to_vec(), convolution(&x, &k));
    assert_ne!(x.correlate2d(&k, ()).to_vec(), convolution(&x, &k));
    let kernels = [
        filters::vertical_edge(),
        filters::horizontal_edge(),
        filters::sobel_vertical(),
        filters::sobel_horizontal(),
        filters::scharr_vertical(),
        filters::scharr_horizontal(),
        filters::prewitt_vertical(),
        filters::prewitt_horizontal(),
    ];
    for k in kernels {
        assert_eq!(x.convolve2d(&k, ()).to_vec(), convolution(&x, &k));
        // Flipping these changes their sign.
        assert_eq!(x.correlate2d(&-&k, ()).to_vec(), convolution(&x, &k));
    }
}

#[test]
fn filters_answer_to_edges_of_their_direction() {
    // Brighter to the left by 2 a column, brighter at the top by 5 a row.
    let plane = |i: usize| -2.0 * (i % 6) as f64 - 5.0 * (i / 6) as f64;
    let x = Tensor::from_vec([6, 6], (0..36).map(plane).collect());
    // A kernel that weighs rows by a and looks two columns far answers 2·Σa to a slope of 1.
    let pairs = [
        (filters::vertical_edge(), filters::horizontal_edge(), 3.0),
        (filters::prewitt_vertical(), filters::prewitt_horizontal(), 3.0),
        (filters::sobel_vertical(), filters::sobel_horizontal(), 4.0),
        (filters::scharr_vertical(), filters::scharr_horizontal(), 16.0),
    ];
    for (vertical, horizontal, weight) in pairs {
        assert_eq!(x.correlate2d(&vertical, ()).to_vec(), [2.0 * 2.0 * weight; 16]);
        assert_eq!(x.correlate2d(&horizontal, ()).to_vec(), [2.0 * 5.0 * weight; 16]);
        assert_eq!(vertical.transpose(0, 1).to_vec(), horizontal.to_vec());
    }
}
