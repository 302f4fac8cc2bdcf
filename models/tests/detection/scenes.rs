//! Pictures of rectangles, and random maps.

use wengert::data::detection::{BoundingBox, Object};
use wengert::prelude::*;

pub(crate) fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Bright rectangles on a dark ground, one channel a class: pictures [n, classes, size, size] and their objects, whose
/// corners lie on pixels.
pub(crate) fn rectangles(n: usize, classes: usize, size: usize, seed: u64) -> (Tensor, Vec<Vec<Object>>) {
    let mut rng = rng(seed);
    let mut pixels = vec![0.1f32; n * classes * size * size];
    let objects = (0..n)
        .map(|picture| {
            // One on the left, one on the right: they never hide each other.
            let half = size / 2;
            [0, half]
                .map(|left| {
                    let (w, h) = (rng.random_range(size / 5..half), rng.random_range(size / 5..size * 2 / 3));
                    let (x, y) = (left + rng.random_range(0..=half - w), rng.random_range(0..=size - h));
                    let class = rng.random_range(0..classes);
                    for row in y..y + h {
                        let start = ((picture * classes + class) * size + row) * size + x;
                        pixels[start..start + w].fill(1.0);
                    }
                    let [x, y, w, h] = [x, y, w, h].map(|n| n as f64);
                    Object::new(BoundingBox::from_corner(x, y, w, h), class)
                })
                .to_vec()
        })
        .collect();
    (Tensor::from_vec([n, classes, size, size], pixels), objects)
}

/// Numbers between −1 and 1.
pub(crate) fn random<T: Float>(shape: &[usize], seed: u64) -> Tensor<T> {
    Init::uniform(-1.0, 1.0).tensor(shape, &mut rng(seed))
}
