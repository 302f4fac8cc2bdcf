//! Reading a safetensors file piece by piece, without believing it.
//!
//! The file is 8 bytes with the length of the header, the header in JSON, and the tensors' bytes in the order
//! of their offsets. The lengths it claims are compared with its true size before anything is allocated, and
//! a tensor is read only when the module holds one of that shape.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use autodiff::{Float, Tensor};
use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::report::{LoadError, clipped};

/// The longest header that is read: the limit of the reference implementation.
const HEADER_LIMIT: u64 = 100_000_000;

/// Bytes converted at a time; a multiple of every element's size.
const CHUNK: usize = 1 << 16;

/// A safetensors file or its bytes, with the header read and checked.
pub(super) struct Archive<R> {
    /// The file's path, or "bytes".
    pub(super) origin: String,
    path: PathBuf,
    reader: R,
    metadata: Metadata,
    /// Where the tensors' bytes begin.
    start: u64,
}

impl Archive<BufReader<File>> {
    pub(super) fn open(path: &Path) -> Result<Self, LoadError> {
        let refused = |source| LoadError::Io { path: path.to_owned(), source };
        // Before opening: to open a pipe would wait for its other end.
        if !fs::metadata(path).map_err(refused)?.is_file() {
            return Err(refused(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
        }
        let file = File::open(path).map_err(refused)?;
        let length = file.metadata().map_err(refused)?.len();
        let mut archive = Self::new(BufReader::new(file), length, path.display().to_string())?;
        archive.path = path.to_owned();
        Ok(archive)
    }
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the header of `length` bytes.
    pub(super) fn new(mut reader: R, length: u64, origin: String) -> Result<Self, LoadError> {
        let path = PathBuf::from(&origin);
        let refused = |source| LoadError::Io { path: path.clone(), source };
        let wrong = |problem: String| LoadError::Format { origin: origin.clone(), problem };
        let Some(after_prefix) = length.checked_sub(8) else {
            return Err(wrong(format!(
                "it has {length} bytes; a safetensors file begins with 8 that give the length of its header"
            )));
        };
        let mut prefix = [0; 8];
        reader.read_exact(&mut prefix).map_err(refused)?;
        let header_length = u64::from_le_bytes(prefix);
        if header_length > after_prefix {
            return Err(wrong(format!(
                "it claims a header of {header_length} bytes, but only {after_prefix} follow"
            )));
        }
        if header_length > HEADER_LIMIT {
            return Err(wrong(format!(
                "it claims a header of {header_length} bytes; at most {HEADER_LIMIT} are read"
            )));
        }
        let mut header = vec![0; header_length as usize];
        reader.read_exact(&mut header).map_err(refused)?;
        // The sizes, offsets and element types are checked here: gaps, overlaps and products that overflow.
        let metadata: Metadata = serde_json::from_slice(&header)
            .map_err(|e| wrong(format!("its header is wrong: {}", clipped(&e.to_string()))))?;
        let (claimed, found) = (metadata.data_len() as u64, after_prefix - header_length);
        if claimed != found {
            return Err(wrong(format!("its tensors take {claimed} bytes, but {found} follow the header")));
        }
        Ok(Self { origin, path, reader, metadata, start: 8 + header_length })
    }

    /// The names of the tensors, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = self.metadata.offset_keys();
        names.sort_unstable();
        names
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.metadata.info(name).is_some()
    }

    /// The shape of a tensor that is there.
    pub(super) fn shape(&self, name: &str) -> &[usize] {
        &self.info(name).shape
    }

    fn info(&self, name: &str) -> &TensorInfo {
        self.metadata.info(name).expect("the caller asked before")
    }

    /// A tensor that is there, its elements converted to the nearest `T`.
    pub(super) fn read<T: Float>(&mut self, name: &str) -> Result<Tensor<T>, LoadError> {
        let TensorInfo { dtype, shape, data_offsets: (from, to) } = self.info(name).clone();
        let convert: fn(&[u8]) -> T = match dtype {
            Dtype::F64 => |b| T::from_f64(f64::from_le_bytes(bytes(b))),
            Dtype::F32 => |b| T::from_f64(f32::from_le_bytes(bytes(b)).into()),
            Dtype::F16 => |b| T::from_f64(f16::from_le_bytes(bytes(b)).into()),
            Dtype::BF16 => |b| T::from_f64(bf16::from_le_bytes(bytes(b)).into()),
            other => {
                return Err(LoadError::ElementType {
                    origin: self.origin.clone(),
                    name: name.to_owned(),
                    found: other.to_string(),
                });
            }
        };
        let size = dtype.bitsize() / 8;
        let mut elements = Vec::with_capacity((to - from) / size);
        let mut chunk = vec![0; CHUNK.min(to - from)];
        let mut left = to - from;
        let refused = |source| LoadError::Io { path: self.path.clone(), source };
        self.reader.seek(SeekFrom::Start(self.start + from as u64)).map_err(refused)?;
        while left > 0 {
            let part = &mut chunk[..CHUNK.min(left)];
            self.reader.read_exact(part).map_err(refused)?;
            elements.extend(part.chunks_exact(size).map(convert));
            left -= part.len();
        }
        Ok(Tensor::from_vec(shape, elements))
    }
}

fn bytes<const N: usize>(b: &[u8]) -> [u8; N] {
    b.try_into().expect("chunks of the element's size")
}
