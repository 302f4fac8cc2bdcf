//! From the bytes of a file to a tensor.

use super::container;
use crate::{Error, PictureProblem};
use autodiff::Tensor;
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, metadata::Orientation,
};
use ndarray::Array3;
use std::{
    fs::File,
    io::{self, Cursor, Read},
    path::Path,
};

/// The channels of a picture that is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// Red, green, blue; a grey picture has three equal ones.
    #[default]
    Rgb,
    /// One channel: 0.299 R + 0.587 G + 0.114 B (the luma of ITU-R BT.601, as PIL's mode "L").
    Gray,
}

impl Color {
    /// How many channels there are.
    pub const fn channels(self) -> usize {
        match self {
            Color::Rgb => 3,
            Color::Gray => 1,
        }
    }
}

/// What becomes of transparency, a picture's alpha channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Alpha {
    /// The picture is laid over a ground of this colour, (red, green, blue) in `0..=1`.
    Over([f32; 3]),
    /// Alpha is left out, so that the colour of transparent pixels, which nobody ever saw, comes to light: what
    /// PIL's `convert("RGB")` does.
    Drop,
}

/// How pictures are read: channels, transparency, and a bound on their size.
///
/// | | default |
/// | --- | --- |
/// | [`color`](Self::color) | [`Color::Rgb`] |
/// | [`alpha`](Self::alpha) | over white |
/// | [`max_pixels`](Self::max_pixels) | 2²⁶, for example 8192 × 8192 |
///
/// The format is seen from the first bytes, never from the file's name. PNG of any depth and JPEG (baseline
/// and progressive; grey, YCbCr, RGB, CMYK) are read; 8-bit values are divided by 255, 16-bit ones by 65535.
/// Values are as the file has them: gamma and colour profiles are not applied. The orientation that a camera
/// noted (EXIF) is.
///
/// ```
/// use wengert::data::picture::{self, Color, Reader};
/// use wengert::prelude::*;
///
/// let bytes = picture::encode(&Tensor::from_vec([3, 1, 1], vec![1.0, 0.0, 0.0]));
/// let gray = Reader::new().color(Color::Gray).decode(&bytes)?;
/// assert_eq!(gray.shape(), [1, 1, 1]);
/// assert!((gray.item() - 0.299).abs() < 1e-6);
/// # Ok::<(), wengert::data::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reader {
    color: Color,
    alpha: Alpha,
    max_pixels: u64,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

/// The most bytes that are taken from a file.
const MAX_BYTES: u64 = 1 << 29;

/// What a decoder may need beside the pixels: tables, rows, and what a file says about itself.
const BESIDE_PIXELS: u64 = 1 << 24;

impl Reader {
    /// Without options.
    pub const fn new() -> Self {
        Self { color: Color::Rgb, alpha: Alpha::Over([1.0; 3]), max_pixels: 1 << 26 }
    }

    /// The channels.
    pub const fn color(mut self, color: Color) -> Self {
        self.color = color;
        self
    }

    /// What becomes of transparency.
    pub const fn alpha(mut self, alpha: Alpha) -> Self {
        self.alpha = alpha;
        self
    }

    /// The most pixels a picture may have. A picture that claims more is an error before it is decoded.
    pub const fn max_pixels(mut self, limit: u64) -> Self {
        self.max_pixels = limit;
        self
    }

    /// How many channels the pictures have that it reads.
    pub const fn channels(&self) -> usize {
        self.color.channels()
    }

    /// Reads a file as `[c, h, w]` in `0..=1`.
    ///
    /// # Errors
    /// When the file cannot be read or is a folder, and as [`decode`](Self::decode).
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Tensor<f32>, Error> {
        self.read_array(path.as_ref()).map(Into::into)
    }

    /// Reads the bytes of a file as `[c, h, w]` in `0..=1`.
    ///
    /// # Errors
    /// When they are no PNG or JPEG picture, end too early, are damaged (a PNG's checksums are compared; JPEG
    /// has none), or claim more pixels than the reader accepts. At most about 20 bytes a pixel of that bound
    /// are allocated on the way: 8 of RGBA in 16 bits, 12 of the result; and some mebibytes for what a file says about
    /// itself, whatever it claims.
    pub fn decode(&self, bytes: &[u8]) -> Result<Tensor<f32>, Error> {
        let picture = self.decode_array(bytes);
        picture.map(Into::into).map_err(|problem| Error::Picture { origin: "bytes".into(), problem })
    }

    pub(crate) fn read_array(&self, path: &Path) -> Result<Array3<f32>, Error> {
        with_bytes(path, |bytes| self.decode_array(bytes))
    }

    fn decode_array(&self, bytes: &[u8]) -> Result<Array3<f32>, PictureProblem> {
        let format = container::check(bytes)?;
        // The bound on pixels first: the decoder's own is one on bytes, and its message says less.
        if let Some((width, height)) = claimed_size(bytes, format)
            && u64::from(width) * u64::from(height) > self.max_pixels
        {
            return Err(PictureProblem::TooLarge { width, height, limit: self.max_pixels });
        }
        // No pixel takes more than the eight bytes of RGBA in 16 bits.
        let mut decoder = decoder(bytes, format, self.max_pixels.saturating_mul(8))?;
        let (width, height) = decoder.dimensions();
        if u64::from(width) * u64::from(height) > self.max_pixels {
            return Err(PictureProblem::TooLarge { width, height, limit: self.max_pixels });
        }
        let orientation = orientation(&mut decoder);
        let mut image = DynamicImage::from_decoder(decoder).map_err(undecodable)?;
        image.apply_orientation(orientation);
        Ok(self.planes(&image))
    }

    fn planes(&self, image: &DynamicImage) -> Array3<f32> {
        let size = (image.height() as usize, image.width() as usize);
        let (byte, word) = (|v: u8| f32::from(v) / 255.0, |v: u16| f32::from(v) / 65535.0);
        match image {
            DynamicImage::ImageLuma8(i) => self.convert(size, i.as_raw().as_chunks::<1>().0, byte),
            DynamicImage::ImageLumaA8(i) => self.convert(size, i.as_raw().as_chunks::<2>().0, byte),
            DynamicImage::ImageRgb8(i) => self.convert(size, i.as_raw().as_chunks::<3>().0, byte),
            DynamicImage::ImageRgba8(i) => self.convert(size, i.as_raw().as_chunks::<4>().0, byte),
            DynamicImage::ImageLuma16(i) => self.convert(size, i.as_raw().as_chunks::<1>().0, word),
            DynamicImage::ImageLumaA16(i) => self.convert(size, i.as_raw().as_chunks::<2>().0, word),
            DynamicImage::ImageRgb16(i) => self.convert(size, i.as_raw().as_chunks::<3>().0, word),
            DynamicImage::ImageRgba16(i) => self.convert(size, i.as_raw().as_chunks::<4>().0, word),
            // Neither PNG nor JPEG holds floats.
            other => self.convert(size, other.to_rgba16().as_raw().as_chunks::<4>().0, word),
        }
    }

    /// Pixels of one to four values side by side, grey or coloured, with or without alpha, as planes.
    fn convert<S: Copy, const N: usize>(
        &self,
        (height, width): (usize, usize),
        pixels: &[[S; N]],
        unit: impl Fn(S) -> f32,
    ) -> Array3<f32> {
        let channels = self.channels();
        let area = height * width;
        let mut planes = vec![0.0; channels * area];
        for (i, pixel) in pixels.iter().enumerate() {
            let mut rgb = match N {
                1 | 2 => [unit(pixel[0]); 3],
                _ => [unit(pixel[0]), unit(pixel[1]), unit(pixel[2])],
            };
            if let (2 | 4, Alpha::Over(ground)) = (N, self.alpha) {
                let alpha = unit(pixel[N - 1]);
                for (value, ground) in rgb.iter_mut().zip(ground) {
                    *value = *value * alpha + ground * (1.0 - alpha);
                }
            }
            match self.color {
                Color::Rgb => (0..3).for_each(|c| planes[c * area + i] = rgb[c]),
                Color::Gray => planes[i] = luma(rgb),
            }
        }
        Array3::from_shape_vec((channels, height, width), planes).expect("a plane has a value a pixel")
    }
}

/// Width and height of the picture in a file, turned as its camera noted. Of the pixels none is decoded, and there may be
/// any number.
pub(crate) fn size(path: &Path) -> Result<(usize, usize), Error> {
    with_bytes(path, |bytes| {
        let mut decoder = decoder(bytes, container::check(bytes)?, 0)?;
        let (width, height) = decoder.dimensions();
        let (width, height) = match orientation(&mut decoder) {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (height, width),
            _ => (width, height),
        };
        Ok((width as usize, height as usize))
    })
}

/// What is made of the bytes of a file, of which no more than [`MAX_BYTES`] are read.
fn with_bytes<R>(path: &Path, f: impl FnOnce(&[u8]) -> Result<R, PictureProblem>) -> Result<R, Error> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    let wrong = |problem| Error::Picture { origin: path.display().to_string(), problem };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(failed(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder, not a file")));
    }
    let too_long = || wrong(PictureProblem::TooLong { limit: MAX_BYTES });
    if metadata.len() > MAX_BYTES {
        return Err(too_long());
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    // Pipes do not tell their length, and files grow.
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(too_long());
    }
    f(&bytes).map_err(wrong)
}

/// A decoder that has read the head of a picture, and may take so many bytes for its pixels.
fn decoder(bytes: &[u8], format: ImageFormat, for_pixels: u64) -> Result<impl ImageDecoder, PictureProblem> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(for_pixels.saturating_add(BESIDE_PIXELS));
    reader.limits(limits);
    reader.into_decoder().map_err(undecodable)
}

/// A note that cannot be read is one that is not there.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

fn undecodable(error: ImageError) -> PictureProblem {
    PictureProblem::Decoding(Box::new(error))
}

/// Of a grey pixel exactly its value.
fn luma([red, green, blue]: [f32; 3]) -> f32 {
    green + 0.299 * (red - green) + 0.114 * (blue - green)
}

/// Width and height as a PNG has them at its head; the decoder says what is wrong if they are not there.
fn claimed_size(bytes: &[u8], format: ImageFormat) -> Option<(u32, u32)> {
    if format != ImageFormat::Png || bytes.get(12..16)? != b"IHDR" {
        return None;
    }
    let number = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk::<4>()?));
    Some((number(16)?, number(20)?))
}
