//! PNG files that are written, and read again.

use proptest::prelude::*;
use wengert::data::picture::{self, Color, Grid, Reader};
use wengert::data::{Error, digits};
use wengert::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_again(height in 1usize..9, width in 1usize..9, gray: bool, seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let channels = if gray { 1 } else { 3 };
        let values = (0..channels * height * width).map(|_| f32::from(rng.random::<u8>()) / 255.0).collect();
        let x = Tensor::from_vec([channels, height, width], values);
        let reader = Reader::new().color(if gray { Color::Gray } else { Color::Rgb });
        let y = reader.decode(&picture::encode(&x)).unwrap();
        prop_assert_eq!((y.shape(), y.to_vec()), (x.shape(), x.to_vec()));
    }
}

#[test]
fn values_that_no_byte_has_become_the_nearest_and_nan_becomes_black() {
    let values = vec![f32::NAN, -1.0, f32::NEG_INFINITY, 2.0, f32::INFINITY, 0.5 / 255.0, 0.49 / 255.0, 0.5];
    let x = Tensor::from_vec([1, 2, 4], values);
    let y = Reader::new().color(Color::Gray).decode(&picture::encode(&x)).unwrap();
    let bytes: Vec<f32> = y.to_vec().iter().map(|v| v * 255.0).collect();
    assert_eq!(bytes, [0.0, 0.0, 0.0, 255.0, 255.0, 1.0, 0.0, 128.0]);
}

#[test]
fn alpha_is_written_laid_over_a_ground_or_dropped() {
    use picture::Alpha;
    // A red pixel, half to be seen; a green one that is not.
    let x = Tensor::from_vec([4, 1, 2], vec![1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.6, 0.0]);
    let bytes = picture::encode(&x);
    let close = |y: Tensor<f32>, expected: [f32; 6]| {
        assert_eq!(y.shape(), [3, 1, 2]);
        for (y, expected) in y.to_vec().into_iter().zip(expected) {
            assert!((y - expected).abs() < 1e-6, "{y} instead of {expected}");
        }
    };
    close(picture::decode(&bytes).unwrap(), [1.0, 1.0, 0.4, 1.0, 0.4, 1.0]);
    let black = Reader::new().alpha(Alpha::Over([0.0; 3]));
    close(black.decode(&bytes).unwrap(), [0.6, 0.0, 0.0, 0.0, 0.0, 0.0]);
    close(Reader::new().alpha(Alpha::Drop).decode(&bytes).unwrap(), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    let gray_alpha = Tensor::from_vec([2, 1, 1], vec![0.2, 0.6]);
    let y = Reader::new().color(Color::Gray).decode(&picture::encode(&gray_alpha)).unwrap();
    assert!((y.item() - 0.52).abs() < 1e-6);
}

#[test]
fn a_file_is_replaced_whole_and_a_failure_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("picture.png");
    let x = digits().batch(&[0]).inputs.squeeze(0);
    picture::write(&path, &Tensor::ones([3, 40, 40])).unwrap();
    picture::write(&path, &x).unwrap();
    assert_eq!(picture::read(&path).unwrap().shape(), [3, 8, 8]);
    let nowhere = dir.path().join("none").join("picture.png");
    let error = picture::write(&nowhere, &x).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot write {}: ", nowhere.display())), "{error}");
    // A folder is not replaced by a file.
    let error = picture::write(dir.path(), &x).unwrap_err();
    assert!(matches!(error, Error::Write { .. }));
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["picture.png"]);
}

#[test]
fn a_sheet_has_its_pictures_in_rows() {
    let x = Tensor::from_vec([3, 1, 1, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let sheet = Grid::new().columns(2).padding(1).fill(9.0).layout(&x);
    assert_eq!(sheet.shape(), [1, 5, 7]);
    #[rustfmt::skip]
    let expected = [
        9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0,
        9.0, 1.0, 2.0, 9.0, 3.0, 4.0, 9.0,
        9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0,
        9.0, 5.0, 6.0, 9.0, 9.0, 9.0, 9.0,
        9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0,
    ];
    assert_eq!(sheet.to_vec(), expected);
    // Fewer pictures than columns take their own width.
    assert_eq!(Grid::new().layout(&x).shape(), [1, 5, 14]);
    assert_eq!(Grid::new().padding(0).layout(&Tensor::zeros([0, 3, 4, 4])).shape(), [3, 0, 0]);
}

#[test]
#[should_panic(
    expected = "picture: expected [c, h, w] of 1 to 4 channels and at least a pixel, found [5, 2, 2]"
)]
fn pictures_of_five_channels_are_not_written() {
    picture::encode(&Tensor::zeros([5, 2, 2]));
}

#[test]
#[should_panic(expected = "at least a pixel, found [3, 0, 2]")]
fn pictures_without_pixels_are_not_written() {
    picture::encode(&Tensor::zeros([3, 0, 2]));
}
