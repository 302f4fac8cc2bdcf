//! The bytes of a file or of memory, read at any place.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rawzip::{FileReader, ReaderAt};

/// Why a file's content was not understood, before the file's name is known.
#[derive(Debug)]
pub(super) enum Problem {
    /// The file system refused.
    Io(io::Error),
    /// The content is wrong.
    Content(String),
}

impl Problem {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self::Content(text.into())
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        // Sizes are compared with the true one before anything is read: only a file that shrinks meanwhile, or
        // compressed data, ends early.
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::new("it ends before its content does"),
            _ => Self::Io(error),
        }
    }
}

/// A file or bytes in memory, with their true length.
#[derive(Debug)]
pub(super) struct Source<'a> {
    bytes: Bytes<'a>,
    length: u64,
}

#[derive(Debug)]
enum Bytes<'a> {
    File(FileReader),
    Memory(&'a [u8]),
}

impl Source<'static> {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Before opening: to open a pipe would wait for its other end.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { bytes: Bytes::File(file.into()), length })
    }
}

impl<'a> Source<'a> {
    pub(super) fn memory(bytes: &'a [u8]) -> Self {
        Self { bytes: Bytes::Memory(bytes), length: bytes.len() as u64 }
    }

    /// The true length, which every claim is compared with.
    pub(super) fn length(&self) -> u64 {
        self.length
    }
}

impl ReaderAt for Source<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match &self.bytes {
            Bytes::File(file) => file.read_at(buffer, offset),
            Bytes::Memory(bytes) => bytes.read_at(buffer, offset),
        }
    }
}
