//! From a tensor to a PNG file.

use crate::Error;
use autodiff::{Tensor, files};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use ndarray::Ix3;
use std::path::Path;

/// Writes a picture `[c, h, w]` as a PNG file, whole or not at all: a file of that name is replaced once the
/// new one is on the disk.
///
/// One channel is grey, two are grey and alpha, three red, green and blue, four with alpha, each in 8 bits: a
/// value in `0..=1` becomes the nearest multiple of 1/255. What lies outside becomes 0 or 1, and NaN becomes
/// 0.
///
/// ```no_run
/// use wengert::data::{digits, picture};
///
/// let first = digits().batch(&[0]).inputs.squeeze(0);
/// picture::write("zero.png", &first)?;
/// # Ok::<(), wengert::data::Error>(())
/// ```
///
/// # Errors
/// When the file cannot be written.
///
/// # Panics
/// When the picture has another rank, no pixels, or none or more than four channels.
#[track_caller]
pub fn write(path: impl AsRef<Path>, picture: &Tensor<f32>) -> Result<(), Error> {
    let path = path.as_ref();
    let bytes = encode(picture);
    files::write_whole(path, &bytes).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// The bytes of the file that [`write()`] writes.
///
/// # Panics
/// As [`write()`].
#[track_caller]
pub fn encode(picture: &Tensor<f32>) -> Vec<u8> {
    let shape = picture.shape();
    let planes = match picture.view().into_dimensionality::<Ix3>() {
        Ok(planes) if !planes.is_empty() && shape[0] <= 4 => planes,
        _ => panic!("picture: expected [c, h, w] of 1 to 4 channels and at least a pixel, found {shape:?}"),
    };
    let (channels, height, width) = planes.dim();
    let side = |length: usize| u32::try_from(length).expect("a PNG's sides are below 2³²");
    let pixels: Vec<u8> = planes.permuted_axes([1, 2, 0]).iter().map(|&value| to_byte(value)).collect();
    let color = match channels {
        1 => ExtendedColorType::L8,
        2 => ExtendedColorType::La8,
        3 => ExtendedColorType::Rgb8,
        _ => ExtendedColorType::Rgba8,
    };
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(&pixels, side(width), side(height), color)
        .expect("a vector takes what is written to it");
    bytes
}

/// The cast takes NaN to 0 and stops at both ends.
fn to_byte(value: f32) -> u8 {
    (value * 255.0).round() as u8
}
