//! IDX, the file format of MNIST and its relatives (Fashion-MNIST, Kuzushiji-MNIST, EMNIST).
//!
//! A file is: two zero bytes, a byte for the element type, a byte for the number of axes, each axis' length
//! as a big-endian `u32`, and the elements, big-endian, in row-major order. See
//! <http://yann.lecun.com/exdb/mnist/>.
//!
//! [`read`] and [`parse`] give the array as it is; [`folder`] gives the train and test parts of a whole data
//! set.
//!
//! ```
//! use wengert::data::idx::{self, IdxArray};
//!
//! let bytes = [0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 11, 12, 20, 21, 22];
//! let IdxArray::U8(array) = idx::parse(&bytes)? else { panic!("element type 0x08 is u8") };
//! assert_eq!(array, ndarray::array![[10, 11, 12], [20, 21, 22]].into_dyn());
//!
//! let error = idx::parse(&bytes[..16]).unwrap_err().to_string();
//! assert_eq!(error, "bytes: truncated: the header claims [2, 3], 6 bytes, but at most 4 can follow it");
//! # Ok::<(), wengert::data::Error>(())
//! ```

mod folder;

use crate::{
    Error, IdxProblem,
    source::{MAX_BYTES, Source},
};
use ndarray::{ArrayD, IxDyn};
use std::{
    io::{ErrorKind, Read},
    path::Path,
};

pub use folder::{Folder, folder};

/// The array of an IDX file, in the element type of the file.
#[derive(Clone, Debug, PartialEq)]
pub enum IdxArray {
    /// Element type 0x08.
    U8(ArrayD<u8>),
    /// Element type 0x09.
    I8(ArrayD<i8>),
    /// Element type 0x0b.
    I16(ArrayD<i16>),
    /// Element type 0x0c.
    I32(ArrayD<i32>),
    /// Element type 0x0d.
    F32(ArrayD<f32>),
    /// Element type 0x0e.
    F64(ArrayD<f64>),
}

impl IdxArray {
    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        match self {
            IdxArray::U8(array) => array.shape(),
            IdxArray::I8(array) => array.shape(),
            IdxArray::I16(array) => array.shape(),
            IdxArray::I32(array) => array.shape(),
            IdxArray::F32(array) => array.shape(),
            IdxArray::F64(array) => array.shape(),
        }
    }

    /// The name of the element type, such as "u8".
    pub fn element_type(&self) -> &'static str {
        match self {
            IdxArray::U8(_) => "u8",
            IdxArray::I8(_) => "i8",
            IdxArray::I16(_) => "i16",
            IdxArray::I32(_) => "i32",
            IdxArray::F32(_) => "f32",
            IdxArray::F64(_) => "f64",
        }
    }

    /// The values as `f32`, rounded where `f32` cannot hold them exactly.
    pub fn to_f32(&self) -> ArrayD<f32> {
        match self {
            IdxArray::U8(array) => array.mapv(f32::from),
            IdxArray::I8(array) => array.mapv(f32::from),
            IdxArray::I16(array) => array.mapv(f32::from),
            IdxArray::I32(array) => array.mapv(|v| v as f32),
            IdxArray::F32(array) => array.clone(),
            IdxArray::F64(array) => array.mapv(|v| v as f32),
        }
    }
}

/// Reads an IDX file, gzipped or not (its first bytes tell, not its name).
///
/// What the header claims is compared with the length of the file before any memory is taken for it, and
/// nothing beyond the claimed elements is unpacked. More than 2 GiB of elements are refused.
///
/// # Errors
/// When the file cannot be read or unpacked, is not an IDX file, or is shorter or longer than its header
/// says.
pub fn read(path: impl AsRef<Path>) -> Result<IdxArray, Error> {
    array(Source::open(path.as_ref())?)
}

/// Reads an IDX file from memory; else as [`read`].
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8]) -> Result<IdxArray, Error> {
    array(Source::of(bytes))
}

fn array(mut source: Source<'_>) -> Result<IdxArray, Error> {
    decode(&mut source).map_err(|problem| Error::Idx { origin: source.origin, problem })
}

fn decode(source: &mut Source<'_>) -> Result<IdxArray, IdxProblem> {
    let mut magic = [0; 4];
    read_header(source, &mut magic, 0)?;
    let [zero, zero_too, element_type, axes] = magic;
    if (zero, zero_too) != (0, 0) {
        return Err(IdxProblem::Magic(magic));
    }
    let element_size: u64 = match element_type {
        0x08 | 0x09 => 1,
        0x0b => 2,
        0x0c | 0x0d => 4,
        0x0e => 8,
        unknown => return Err(IdxProblem::ElementType(unknown)),
    };
    if axes == 0 {
        return Err(IdxProblem::NoAxes);
    }
    let mut lengths = [0; 4 * u8::MAX as usize];
    let lengths = &mut lengths[..4 * usize::from(axes)];
    read_header(source, lengths, magic.len())?;
    let shape: Vec<usize> =
        lengths.as_chunks().0.iter().map(|&bytes| u32::from_be_bytes(bytes) as usize).collect();

    // Axes of length zero must not hide lengths whose product no array can have.
    let capacity = shape
        .iter()
        .filter(|&&length| length > 0)
        .try_fold(element_size, |product, &length| product.checked_mul(length as u64));
    let expected = match capacity {
        Some(_) if shape.contains(&0) => 0,
        Some(bytes) => bytes,
        None => u64::MAX,
    };
    let header = (magic.len() + lengths.len()) as u64;
    let found = source.at_most.saturating_sub(header);
    if capacity.is_none_or(|bytes| bytes > MAX_BYTES - header) {
        return Err(IdxProblem::TooLarge { shape, limit: MAX_BYTES - header });
    }
    if expected > found {
        return Err(IdxProblem::Truncated { shape, expected, found });
    }

    // One byte more than expected: it tells whether the data go on, and makes gzip compare its checksum.
    let mut bytes = Vec::with_capacity(expected.min(source.packed_len) as usize + 1);
    let reader = source.reader.by_ref();
    reader.take(expected + 1).read_to_end(&mut bytes)?;
    let read = bytes.len() as u64;
    if read < expected {
        return Err(IdxProblem::Truncated { shape, expected, found: read });
    }
    if read > expected {
        return Err(IdxProblem::TrailingBytes { shape, expected });
    }

    fn numbers<T, const SIZE: usize>(shape: &[usize], bytes: &[u8], from: fn([u8; SIZE]) -> T) -> ArrayD<T> {
        array_of(shape, bytes.as_chunks().0.iter().map(|&chunk| from(chunk)).collect())
    }
    Ok(match element_type {
        0x08 => IdxArray::U8(array_of(&shape, bytes)),
        0x09 => IdxArray::I8(numbers(&shape, &bytes, i8::from_be_bytes)),
        0x0b => IdxArray::I16(numbers(&shape, &bytes, i16::from_be_bytes)),
        0x0c => IdxArray::I32(numbers(&shape, &bytes, i32::from_be_bytes)),
        0x0d => IdxArray::F32(numbers(&shape, &bytes, f32::from_be_bytes)),
        _ => IdxArray::F64(numbers(&shape, &bytes, f64::from_be_bytes)),
    })
}

fn array_of<T>(shape: &[usize], elements: Vec<T>) -> ArrayD<T> {
    ArrayD::from_shape_vec(IxDyn(shape), elements)
        .expect("the number of elements was compared with the shape")
}

/// Fills `buffer` with header bytes; `before` of them have been read already.
fn read_header(source: &mut Source<'_>, buffer: &mut [u8], before: usize) -> Result<(), IdxProblem> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.reader.read(&mut buffer[filled..]) {
            Ok(0) => {
                let (expected, found) = (before + buffer.len(), before + filled);
                return Err(IdxProblem::TruncatedHeader { expected, found });
            }
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// An IDX file of the given element type, shape and elements.
#[cfg(test)]
fn encode(element_type: u8, shape: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, element_type, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|length| length.to_be_bytes()));
    bytes.extend(elements);
    bytes
}

#[cfg(test)]
mod tests;
