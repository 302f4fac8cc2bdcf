//! Smoothing.

use super::pad::Border;
use ndarray::{Array3, ArrayView3};

/// A picture smoothed by a Gaussian of `sigma` pixels, (σx, σy), cut off to `kernel_size` = (kx, ky) pixels; beyond the
/// edge the picture is mirrored at its outermost pixel.
///
/// The weights are exp(−i²/2σ²) for i from −(k − 1)/2 on, divided by their sum.
///
/// # Panics
/// When a size is even, or a σ is not positive.
#[track_caller]
pub fn gaussian_blur(
    picture: ArrayView3<'_, f32>,
    kernel_size: (usize, usize),
    sigma: (f64, f64),
) -> Array3<f32> {
    assert!(
        kernel_size.0 % 2 == 1 && kernel_size.1 % 2 == 1,
        "gaussian_blur: the sizes {kernel_size:?} are not odd"
    );
    assert!(sigma.0 > 0.0 && sigma.1 > 0.0, "gaussian_blur: the σ {sigma:?} are not positive");
    let picture = picture.as_standard_layout();
    let (c, h, w) = picture.dim();
    if picture.is_empty() {
        return picture.into_owned();
    }
    let old = picture.as_slice().expect("standard layout");
    let pixel = |place: usize, half: usize, length| {
        let place = place as isize - half as isize;
        Border::Reflect.pixel(place, length).expect("a mirror has a pixel everywhere")
    };
    let across = kernel(kernel_size.0, sigma.0);
    let mut smooth = Vec::with_capacity(old.len());
    let mut wide = vec![0.0; w + across.len() - 1];
    for row in old.chunks_exact(w) {
        wide.iter_mut().enumerate().for_each(|(i, x)| *x = row[pixel(i, across.len() / 2, w)]);
        smooth.extend(
            wide.windows(across.len()).map(|x| x.iter().zip(&across).map(|(x, k)| x * k).sum::<f32>()),
        );
    }
    let down = kernel(kernel_size.1, sigma.1);
    let mut blurred = vec![0.0; old.len()];
    for (plane, new) in smooth.chunks_exact(h * w).zip(blurred.chunks_exact_mut(h * w)) {
        for (i, new) in new.chunks_exact_mut(w).enumerate() {
            for (j, weight) in down.iter().enumerate() {
                let row = &plane[pixel(i + j, down.len() / 2, h) * w..][..w];
                new.iter_mut().zip(row).for_each(|(new, x)| *new += x * weight);
            }
        }
    }
    Array3::from_shape_vec((c, h, w), blurred).expect("a value a pixel")
}

fn kernel(size: usize, sigma: f64) -> Vec<f32> {
    let middle = (size / 2) as f64;
    let weight = |i: usize| (-0.5 * ((i as f64 - middle) / sigma).powi(2)).exp();
    let sum: f64 = (0..size).map(weight).sum();
    (0..size).map(|i| (weight(i) / sum) as f32).collect()
}
