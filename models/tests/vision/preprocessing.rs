//! The preparation of pictures, against torchvision's `ImageClassification`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use flate2::read::GzDecoder;
use wengert::models::vision::{Preprocessing, Resampling};
use wengert::prelude::*;

use crate::weights::uniform;

#[derive(serde::Deserialize)]
struct Case {
    height: usize,
    width: usize,
    preprocessing: Preprocessing,
    values: Vec<f64>,
}

#[test]
fn pictures_are_prepared_as_torchvision_does_it() {
    let cases: Vec<Case> =
        serde_json::from_reader(GzDecoder::new(&include_bytes!("preprocessing.json.gz")[..])).unwrap();
    assert!(cases.len() >= 10);
    for Case { height, width, preprocessing, values } in cases {
        let pixels = uniform(7, 3 * height * width).map(|x| f64::from(x) / 2.0 + 0.5).collect();
        let picture = Tensor::<f64>::from_vec([3, height, width], pixels);
        let found = preprocessing.apply(&picture);
        assert_eq!(found.shape(), [3, preprocessing.crop, preprocessing.crop]);
        let worst = found.to_vec().iter().zip(&values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert_eq!(found.len(), values.len());
        assert!(worst < 1e-12, "{height}×{width}, {preprocessing:?}: {worst}");
        // A batch is its pictures, and f32 rounds.
        let batch = preprocessing.apply(&Tensor::stack(&[&picture, &picture], 0));
        assert!((batch.select(0, 1) - &found).abs().max(..).item() < 1e-14);
        let single =
            Tensor::<f32>::from_vec(picture.shape(), picture.to_vec().iter().map(|&x| x as f32).collect());
        let single = preprocessing.apply(&single).to_vec();
        assert!(single.iter().zip(&values).all(|(a, b)| (f64::from(*a) - b).abs() < 2e-5));
    }
}

#[test]
fn of_a_long_narrow_picture_only_the_middle_is_looked_at() {
    // One weight a pixel would be half a gigabyte.
    let mut x = vec![0.25f32; 3 << 19];
    x[1 << 18] = 0.75;
    let x = Preprocessing::imagenet().apply(&Tensor::from_vec([3, 1, 1 << 19], x));
    assert_eq!(x.shape(), [3, 224, 224]);
    let [red, green] = [0, 1].map(|channel| x.select(0, channel));
    assert!(red.max(..).item() > (0.7 - 0.485) / 0.229);
    assert!(green.to_vec().iter().all(|x| (x - (0.25 - 0.456) / 0.224).abs() < 1e-5));
}

#[test]
fn an_empty_batch_stays_empty() {
    let x = Preprocessing::cifar10().apply(&Tensor::<f32>::zeros([0, 3, 40, 50]));
    assert_eq!(x.shape(), [0, 3, 32, 32]);
}

#[test]
fn what_is_no_preparation_is_said() {
    let text = |change: fn(&mut Preprocessing)| {
        let mut preprocessing = Preprocessing::imagenet();
        change(&mut preprocessing);
        preprocessing.check().unwrap_err().to_string()
    };
    assert_eq!(text(|p| p.resize = 0), "Preprocessing: resize is 0, expected 1 to 8192");
    assert_eq!(text(|p| p.crop = 9000), "Preprocessing: crop is 9000, expected 1 to 8192");
    assert_eq!(
        text(|p| p.mean[1] = f64::NAN),
        "Preprocessing: mean is [0.485, NaN, 0.406], expected finite numbers"
    );
    assert_eq!(
        text(|p| p.std[1] = 0.0),
        "Preprocessing: std is [0.229, 0.0, 0.225], expected finite numbers above 0"
    );
    assert_eq!(
        text(|p| p.std.truncate(2)),
        "Preprocessing: std is of 2 numbers, expected as many as there are means, 3"
    );
    let panic = |shape: &[usize]| {
        let ask = || drop(Preprocessing::imagenet().apply(&Tensor::<f32>::zeros(shape)));
        let panic = catch_unwind(AssertUnwindSafe(ask)).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    };
    assert!(panic(&[4, 4]).contains("the pictures [4, 4] are not [channels, height, width]"));
    assert!(panic(&[1, 4, 4]).contains("the pictures [1, 4, 4] have 1 channels, the means are 3"));
    assert!(panic(&[3, 0, 4]).contains("the pictures [3, 0, 4] are empty"));
}

#[test]
fn a_preparation_survives_a_file() {
    let preprocessing = Preprocessing { interpolation: Resampling::Bicubic, ..Preprocessing::imagenet() };
    let file = serde_json::to_string(&preprocessing).unwrap();
    assert_eq!(serde_json::from_str::<Preprocessing>(&file).unwrap(), preprocessing);
}
