//! PNG and JPEG files of every kind.

use image::{ExtendedColorType, ImageEncoder, codecs::jpeg::JpegEncoder, codecs::png::PngEncoder};
use wengert::data::picture::{self, Color, Reader};
use wengert::prelude::*;

/// A picture without hard edges, which JPEG keeps nearly as it is.
pub(crate) fn photograph(height: usize, width: usize) -> Tensor<f32> {
    let value = |i: usize| {
        let (c, y, x) = (i / (height * width), i / width % height, i % width);
        0.5 + 0.3 * ((x as f32 * 0.2 + c as f32).sin() * (y as f32 * 0.15).cos())
    };
    Tensor::from_vec([3, height, width], (0..3 * height * width).map(value).collect())
}

fn interleaved(picture: &Tensor<f32>) -> Vec<u8> {
    let view = picture.view().into_dimensionality::<ndarray::Ix3>().unwrap();
    view.permuted_axes([1, 2, 0]).iter().map(|v| (v * 255.0).round() as u8).collect()
}

pub(crate) fn jpeg(picture: &Tensor<f32>, quality: u8) -> Vec<u8> {
    let (height, width) = (picture.shape()[1] as u32, picture.shape()[2] as u32);
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    encoder.write_image(&interleaved(picture), width, height, ExtendedColorType::Rgb8).unwrap();
    bytes
}

#[test]
fn a_jpeg_is_nearly_what_it_was_made_of() {
    let x = photograph(24, 33);
    let y = picture::decode(&jpeg(&x, 95)).unwrap();
    assert_eq!(y.shape(), [3, 24, 33]);
    let worst = x.to_vec().iter().zip(y.to_vec()).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max);
    assert!(worst < 0.03, "{worst}");
}

#[test]
fn sixteen_bits_are_not_cut_to_eight() {
    let values: Vec<u16> = vec![0, 1, 256, 65535, 32768, 40000];
    let mut bytes = Vec::new();
    let raw: Vec<u8> = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
    PngEncoder::new(&mut bytes).write_image(&raw, 3, 2, ExtendedColorType::L16).unwrap();
    let y = Reader::new().color(Color::Gray).decode(&bytes).unwrap();
    assert_eq!(y.to_vec(), values.iter().map(|&v| f32::from(v) / 65535.0).collect::<Vec<_>>());
}

#[test]
fn the_name_of_a_file_does_not_matter() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("really_a.png");
    std::fs::write(&path, jpeg(&photograph(8, 8), 90)).unwrap();
    assert_eq!(picture::read(&path).unwrap().shape(), [3, 8, 8]);
}

#[test]
fn the_camera_is_held_as_exif_says() {
    // Dark on the left, bright on the right.
    let x = Tensor::from_vec([3, 8, 16], (0..384).map(|i| if i % 16 < 8 { 0.0 } else { 1.0 }).collect());
    let plain = jpeg(&x, 95);
    for (orientation, shape, bright) in [
        (1u8, [3, 8, 16], (4, 12)),
        (2, [3, 8, 16], (4, 4)),
        (3, [3, 8, 16], (4, 4)),
        (6, [3, 16, 8], (12, 4)),
        (8, [3, 16, 8], (4, 4)),
        // No orientation there is.
        (9, [3, 8, 16], (4, 12)),
    ] {
        // TIFF in big-endian order with one entry: tag 0x112, a short.
        let exif = [
            &b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"[..],
            &[orientation],
            b"\0\0\0\0\0\0",
        ]
        .concat();
        let app1 = [&b"\xff\xe1"[..], &(exif.len() as u16 + 2).to_be_bytes(), &exif].concat();
        let y = picture::decode(&[&plain[..2], &app1, &plain[2..]].concat()).unwrap();
        assert_eq!(y.shape(), shape, "orientation {orientation}");
        let view = y.view();
        let (height, width) = (shape[1], shape[2]);
        assert!(view[[0, bright.0, bright.1]] > 0.9, "orientation {orientation}");
        assert!(view[[0, height - 1 - bright.0, width - 1 - bright.1]] < 0.1);
    }
}
