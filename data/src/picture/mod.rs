//! Pictures read from PNG and JPEG files and written as PNG.
//!
//! A picture is a tensor `[c, h, w]` of values in `0..=1`, channels red, green, blue (or one of grey), rows
//! from the top, as models take them. [`read`] and [`decode`] do the usual; a [`Reader`] has options.
//!
//! ```
//! use wengert::data::picture;
//! use wengert::prelude::*;
//!
//! let red = Tensor::from_vec([3, 1, 2], vec![1.0, 0.8, 0.0, 0.0, 0.0, 0.2]);
//! let bytes = picture::encode(&red);
//! assert_eq!(picture::decode(&bytes)?.to_vec(), red.to_vec());
//! # Ok::<(), wengert::data::Error>(())
//! ```

mod container;
mod folder;
mod grid;
mod reader;
mod writer;

pub(crate) use folder::in_order;
pub use folder::{FolderSample, ImageFolder};
pub use grid::Grid;
pub(crate) use reader::size;
pub use reader::{Alpha, Color, Reader};
pub use writer::{encode, write};

use crate::Error;
use autodiff::Tensor;
use std::path::Path;

/// How the names of files of pictures end.
pub(crate) const EXTENSIONS: &[&str] = &["png", "jpg", "jpeg"];

/// Reads a PNG or JPEG file as `[3, h, w]` in `0..=1`: [`Reader::read`] without options.
///
/// ```no_run
/// let picture = wengert::data::picture::read("cat.jpg")?;
/// println!("{} × {} pixels", picture.shape()[2], picture.shape()[1]);
/// # Ok::<(), wengert::data::Error>(())
/// ```
///
/// # Errors
/// See [`Reader::read`].
pub fn read(path: impl AsRef<Path>) -> Result<Tensor<f32>, Error> {
    Reader::new().read(path)
}

/// Reads the bytes of a PNG or JPEG file as `[3, h, w]` in `0..=1`: [`Reader::decode`] without options.
///
/// # Errors
/// See [`Reader::decode`].
pub fn decode(bytes: &[u8]) -> Result<Tensor<f32>, Error> {
    Reader::new().decode(bytes)
}
