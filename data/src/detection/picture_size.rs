//! How large a picture is, without decoding it.

use crate::{Error, PictureProblem};
use image::{ImageDecoder, ImageReader, metadata::Orientation};
use std::path::Path;

/// Width and height as [`Reader`](crate::picture::Reader) gives the picture: turned as its camera noted.
pub(super) fn picture_size(path: &Path) -> Result<(usize, usize), Error> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    let wrong = |error: image::ImageError| Error::Picture {
        origin: path.display().to_string(),
        problem: PictureProblem::Decoding(Box::new(error)),
    };
    let reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format).map_err(failed)?;
    let mut decoder = reader.into_decoder().map_err(wrong)?;
    let (width, height) = decoder.dimensions();
    let turned = matches!(
        decoder.orientation().unwrap_or(Orientation::NoTransforms),
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if turned { (height, width) } else { (width, height) };
    Ok((width as usize, height as usize))
}
