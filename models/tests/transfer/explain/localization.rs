//! A network that reads digits in a corner of a larger picture looks at that corner.

use wengert::data::Dataset;
use wengert::models::vision::explain::{grad_cam, saliency};
use wengert::ndarray::{Array4, s};
use wengert::prelude::*;

use crate::small::{accuracy, five_digits, network, train};

const SIZE: usize = 24;

/// The digits with 8×8 pixels in a corner of their own of pictures of 24×24, and the corners' top left pixels.
fn in_corners() -> (Dataset, Vec<(usize, usize)>) {
    let digits = five_digits(0);
    let far = SIZE - 8;
    let corners: Vec<_> = (0..digits.len()).map(|i| (i / 2 % 2 * far, i % 2 * far)).collect();
    let set = digits.map_inputs(|small| {
        let mut large = Array4::zeros((small.shape()[0], 1, SIZE, SIZE));
        for (i, &(top, left)) in corners.iter().enumerate() {
            large.slice_mut(s![i, 0, top..top + 8, left..left + 8]).assign(&small.slice(s![i, 0, .., ..]));
        }
        large.into_dyn()
    });
    (set, corners)
}

/// The mean share of each map that lies in its corner, of 12×12 pixels: a quarter of the picture.
fn share_in_corners(maps: &Tensor, corners: &[(usize, usize)]) -> f32 {
    let share = |(i, &(top, left)): (usize, &(usize, usize))| {
        let map = maps.select(0, i as isize);
        let (top, left) = (top.min(SIZE - 12) as isize, left.min(SIZE - 12) as isize);
        map.narrow(0, top, 12).narrow(1, left, 12).sum(..).item() / map.sum(..).item()
    };
    corners.iter().enumerate().map(share).sum::<f32>() / corners.len() as f32
}

#[test]
fn the_heat_lies_where_the_digit_is() {
    let (set, corners) = in_corners();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let model = network(5).init::<f32>(&mut rng);
    train(&model, &set.subset(&(0..600).collect::<Vec<_>>()), 32, 4, 5e-3, 0);
    let test: Vec<usize> = (700..740).collect();
    let (test, corners) = (set.subset(&test), &corners[700..740]);
    let x = test.to_batch().inputs;
    let predicted = model.forward(&x).argmax(1);
    let right = accuracy(&predicted, &test);
    assert!(right > 0.8, "{right}");
    let heat = share_in_corners(&grad_cam(&model, "layer2.0", &x, &predicted), corners);
    let pixels = share_in_corners(&saliency(&model, &x, &predicted), corners);
    // An even map has a quarter there.
    assert!(heat > 0.75, "{heat}");
    // A pixel of the dark ground would move the score too, were it light.
    assert!(pixels > 0.5, "{pixels}");
}
