//! The pictures: the shipped digits, a folder of IDX files, or one picture of the user's.

use std::error::Error;
use std::path::Path;

use image::GrayImage;
use image::imageops::FilterType;
use wengert::data::{Dataset, digits, idx, transform};
use wengert::prelude::*;

/// Height and width of the network's input.
pub(crate) const SIZE: usize = 28;

/// What is learned from, and what is only tested on.
pub(crate) struct Sets {
    pub(crate) description: String,
    pub(crate) train: Dataset,
    pub(crate) test: Dataset,
}

/// The sets in a folder, or the shipped digits. A set that has no training part gives four fifths of itself.
pub(crate) fn load(folder: Option<&Path>) -> Result<Sets, Box<dyn Error>> {
    let (description, train, test) = match folder {
        None => {
            let (train, test) = split(&digits());
            ("Handwritten digits of 13 writers (Alpaydin and Kaynak, 1998)".to_string(), train, test)
        }
        Some(folder) => {
            let sets = idx::folder(folder)?;
            let (train, test) = match sets.train {
                Some(train) => (train, sets.test),
                None => split(&sets.test),
            };
            (format!("The pictures in {}", folder.display()), train, test)
        }
    };
    // The digits have 8 × 8 pixels and are enlarged; a set of another size is brought to the network's.
    let fit = |set: &Dataset| match set.example_shape() {
        [1, SIZE, SIZE] => set.clone(),
        _ => set.map_inputs(|x| transform::resize_bilinear(x, SIZE, SIZE)),
    };
    Ok(Sets { description, train: fit(&train), test: fit(&test) })
}

/// A fixed stratified fifth is held out: the split must not follow the seed of the training.
fn split(all: &Dataset) -> (Dataset, Dataset) {
    let [train, test] = all.split([0.8, 0.2], &mut ChaCha8Rng::seed_from_u64(2026));
    (train, test)
}

/// A picture of the user's as the network wants it: grey, light strokes on dark ground, cut to the strokes, made
/// square, the network's size. A picture of that size already is taken as it is.
pub(crate) fn picture(path: &Path) -> Result<Tensor<f32>, Box<dyn Error>> {
    let image = image::open(path).map_err(|e| format!("cannot read the picture {}: {e}", path.display()))?;
    let mut grey = image.to_luma8();
    // Ink on paper: the ground is what most pixels show.
    let mean = grey.pixels().map(|p| u64::from(p.0[0])).sum::<u64>() / (grey.len().max(1) as u64);
    if mean > 127 {
        image::imageops::invert(&mut grey);
    }
    if grey.dimensions() != (SIZE as u32, SIZE as u32) {
        grey = square_of_ink(&grey).ok_or_else(|| format!("there is nothing drawn in {}", path.display()))?;
    }
    let small = image::imageops::resize(&grey, SIZE as u32, SIZE as u32, FilterType::Triangle);
    let pixels = small.pixels().map(|p| f32::from(p.0[0]) / 255.0).collect();
    Ok(Tensor::from_vec([1, 1, SIZE, SIZE], pixels))
}

/// The smallest square around the pixels that are at least half as light as the lightest.
fn square_of_ink(grey: &GrayImage) -> Option<GrayImage> {
    let lightest = grey.pixels().map(|p| p.0[0]).max().filter(|&p| p > 0)?;
    let ink = || grey.enumerate_pixels().filter(|(_, _, p)| p.0[0] >= lightest.div_ceil(2));
    let (left, right) = (ink().map(|p| p.0).min()?, ink().map(|p| p.0).max()?);
    let (top, bottom) = (ink().map(|p| p.1).min()?, ink().map(|p| p.1).max()?);
    let (width, height) = (right - left + 1, bottom - top + 1);
    let side = width.max(height);
    let mut square = GrayImage::new(side, side);
    let cut = image::imageops::crop_imm(grey, left, top, width, height).to_image();
    image::imageops::replace(
        &mut square,
        &cut,
        i64::from((side - width) / 2),
        i64::from((side - height) / 2),
    );
    Some(square)
}
