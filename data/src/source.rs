//! Bytes from a file or from memory, unpacked when they are gzip, with a bound on how many can come out.

use crate::Error;
use flate2::bufread::MultiGzDecoder;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

/// The most bytes that a reader takes from one source: four times what the largest of MNIST's relatives
/// (EMNIST by class, 547 MB) needs.
pub(crate) const MAX_BYTES: u64 = 1 << 31;

/// No deflate stream unpacks to more than this many times its length: a match of 258 bytes takes at least two
/// bits.
const MAX_DEFLATE_RATIO: u64 = 1032;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A stream of bytes with what is known of its length beforehand.
pub(crate) struct Source<'a> {
    /// Where the bytes come from, for messages.
    pub(crate) origin: String,
    /// The bytes, unpacked. Reading beyond [`MAX_BYTES`] is an error.
    pub(crate) reader: Bounded<Box<dyn Read + 'a>>,
    /// The true length before unpacking, where the source tells it: as much as may be reserved at once.
    pub(crate) packed_len: u64,
    /// No more bytes than this can come out of `reader`.
    pub(crate) at_most: u64,
}

impl Source<'static> {
    /// Opens a file. Whether it is gzip is seen from its first bytes, never from its name.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder, not a file")));
        }
        // Pipes and devices do not tell their length.
        let len = metadata.is_file().then_some(metadata.len());
        Source::new(path.display().to_string(), BufReader::with_capacity(1 << 16, file), len).map_err(failed)
    }
}

impl<'a> Source<'a> {
    /// Reads from memory.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Source::new("bytes".to_owned(), bytes, Some(bytes.len() as u64))
            .expect("reading from memory cannot fail")
    }

    fn new(origin: String, mut reader: impl BufRead + 'a, len: Option<u64>) -> io::Result<Self> {
        let gzip = reader.fill_buf()?.starts_with(&GZIP_MAGIC);
        let at_most = match len {
            Some(len) if gzip => len.saturating_mul(MAX_DEFLATE_RATIO),
            Some(len) => len,
            None => MAX_BYTES,
        };
        let inner: Box<dyn Read + 'a> =
            if gzip { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) };
        let reader = Bounded { inner, left: MAX_BYTES };
        Ok(Source { origin, reader, packed_len: len.unwrap_or(0), at_most })
    }
}

/// Whether a file's name has one of these endings, in capitals or not.
pub(crate) fn ends_in(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().unwrap_or_default();
    extensions.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// A reader that fails, instead of going on, when more than `left` bytes come out of it.
pub(crate) struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {MAX_BYTES} bytes come out of it"))
        })?;
        Ok(read)
    }
}

#[cfg(test)]
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_gzip_and_leaves_other_bytes_alone() {
        for bytes in [&b""[..], b"x", b"hello"] {
            let mut plain = Vec::new();
            Source::of(bytes).reader.read_to_end(&mut plain).unwrap();
            assert_eq!(plain, bytes);
            let packed = gzip(bytes);
            let mut unpacked = Vec::new();
            Source::of(&packed).reader.read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, bytes);
        }
    }

    #[test]
    fn the_bound_on_a_deflate_stream_holds_for_the_most_compressible_bytes() {
        let zeros = vec![0; 1 << 22];
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        io::Write::write_all(&mut encoder, &zeros).unwrap();
        let packed = encoder.finish().unwrap();
        assert!(Source::of(&packed).at_most >= zeros.len() as u64);
    }

    #[test]
    fn a_bounded_reader_stops() {
        let mut reader = Bounded { inner: io::repeat(7), left: 1000 };
        let mut bytes = Vec::new();
        let error = reader.read_to_end(&mut bytes).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(bytes.len() <= 1000);
    }
}
