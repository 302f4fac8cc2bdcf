//! Ten parts of each picture.

use wengert::models::vision::ten_crop_probabilities;
use wengert::prelude::*;

use crate::small::network;

#[test]
fn the_probabilities_are_the_mean_over_corners_and_middle_and_their_mirror_pictures() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let model = network(4).init::<f32>(&mut rng);
    let x: Tensor = Init::normal(0.0, 1.0).tensor([3, 1, 12, 10], &mut rng);
    let mut sum = Tensor::zeros([3, 4]);
    for (top, left) in [(0, 0), (0, 2), (4, 0), (4, 2), (2, 1)] {
        let part = x.narrow(2, top, 8).narrow(3, left, 8);
        sum = sum + model.forward(&part).softmax(1) + model.forward(&part.flip(3)).softmax(1);
    }
    let found = ten_crop_probabilities(&model, &x, (8, 8)).to_vec();
    assert!(found.iter().zip((sum / 10.0).to_vec()).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
}

#[test]
fn no_pictures_have_no_probabilities() {
    let model = network(4).init::<f32>(&mut ChaCha8Rng::seed_from_u64(0));
    assert_eq!(ten_crop_probabilities(&model, &Tensor::zeros([0, 1, 9, 9]), (8, 8)).shape(), [0, 4]);
}

#[test]
#[should_panic(expected = "ten_crop")]
fn parts_larger_than_the_pictures_panic() {
    let model = network(4).init::<f32>(&mut ChaCha8Rng::seed_from_u64(0));
    ten_crop_probabilities(&model, &Tensor::zeros([1, 1, 8, 7]), (8, 8));
}
