//! A tensor as it lies in a file, and reading it.

use std::io::{self, BufReader, Read};
use std::ops::Range;

use autodiff::{Float, Tensor};
use flate2::Crc;
use flate2::bufread::DeflateDecoder;
use rawzip::{RangeReader, ReaderAt};

use super::dtype::Dtype;
use super::source::{Problem, Source};

/// Bytes read and converted at a time; a multiple of every element's size.
const CHUNK: usize = 1 << 16;

/// What a gap in a tensor's elements must exceed for a small piece to be read on its far side.
const PAGE: usize = 1 << 12;

/// The most axes of a tensor: PyTorch's and NumPy's limit.
const MAX_AXES: usize = 64;

/// A piece of a file that holds the elements of one or several tensors.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Where it lies in the file.
    pub(super) bytes: Range<u64>,
    /// How many bytes it is when unpacked.
    pub(super) size: u64,
    pub(super) deflated: bool,
    /// The checksum of the unpacked bytes, if the format has one.
    pub(super) crc: Option<u32>,
}

impl Part {
    /// The unpacked bytes from the first to the last; `finish` compares them with what the file claims.
    pub(super) fn stream<'s>(&self, source: &'s Source<'_>) -> Stream<'s> {
        let bytes =
            BufReader::with_capacity(CHUNK, RangeReader::new(source as &dyn ReaderAt, self.bytes.clone()));
        let unpacker = match self.deflated {
            true => Unpacker::Deflated(DeflateDecoder::new(bytes)),
            false => Unpacker::Stored(bytes),
        };
        Stream { unpacker, crc: Crc::new(), expected: self.crc, left: self.size }
    }

    /// All unpacked bytes of a part that is at most `limit` long.
    pub(super) fn read(&self, source: &Source<'_>, limit: u64) -> Result<Vec<u8>, Problem> {
        if self.size > limit {
            return Err(Problem::new(format!("it has {} bytes; at most {limit} are read", self.size)));
        }
        let mut bytes = vec![0; self.size as usize];
        let mut stream = self.stream(source);
        stream.read(&mut bytes)?;
        stream.finish()?;
        Ok(bytes)
    }
}

type Bytes<'s> = BufReader<RangeReader<&'s (dyn ReaderAt + 's)>>;

enum Unpacker<'s> {
    Stored(Bytes<'s>),
    Deflated(DeflateDecoder<Bytes<'s>>),
}

/// The unpacked bytes of a part in order, counted and summed.
pub(super) struct Stream<'s> {
    unpacker: Unpacker<'s>,
    crc: Crc,
    expected: Option<u32>,
    left: u64,
}

impl Stream<'_> {
    fn unpack(&mut self, buffer: &mut [u8]) -> Result<(), Problem> {
        let result = match &mut self.unpacker {
            Unpacker::Stored(bytes) => bytes.read_exact(buffer),
            Unpacker::Deflated(bytes) => bytes.read_exact(buffer),
        };
        result.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                Problem::new(format!("its compressed bytes are damaged: {error}"))
            }
            _ => error.into(),
        })
    }

    /// Fills the buffer.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<(), Problem> {
        self.left = self
            .left
            .checked_sub(buffer.len() as u64)
            .ok_or_else(|| Problem::new("it ends before its content does"))?;
        self.unpack(buffer)?;
        if self.expected.is_some() {
            self.crc.update(buffer);
        }
        Ok(())
    }

    /// Whether the bytes end here as the file claims, and have the checksum it claims.
    pub(super) fn finish(mut self) -> Result<(), Problem> {
        debug_assert!(self.left == 0);
        if let Unpacker::Deflated(bytes) = &mut self.unpacker
            && bytes.read(&mut [0])? != 0
        {
            return Err(Problem::new("its compressed bytes unpack to more than it claims"));
        }
        match self.expected.filter(|&crc| crc != self.crc.sum()) {
            Some(crc) => Err(Problem::new(format!(
                "its checksum is {:08x} and not {crc:08x} as it claims: the file is damaged",
                self.crc.sum()
            ))),
            None => Ok(()),
        }
    }
}

/// A tensor in a file, whose claims fit the part that holds it.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    big_endian: bool,
    /// Elements from one index of an axis to the next.
    strides: Vec<u64>,
    part: Part,
    /// Bytes in the part before the element of all indices 0.
    start: u64,
}

impl Stored {
    /// A tensor in row-major order that begins so many bytes after the beginning of the part.
    pub(super) fn row_major(dtype: Dtype, shape: Vec<u64>, part: Part, start: u64) -> Result<Self, Problem> {
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = u64::checked_mul(strides[axis], shape[axis].max(1))
                .ok_or_else(|| Problem::new(format!("a shape of {shape:?} overflows")))?;
        }
        Self::strided(dtype, shape, strides, part, start)
    }

    /// The same, where the first axis is the one whose elements are neighbours.
    pub(super) fn column_major(
        dtype: Dtype,
        mut shape: Vec<u64>,
        part: Part,
        start: u64,
    ) -> Result<Self, Problem> {
        shape.reverse();
        let mut stored = Self::row_major(dtype, shape, part, start)?;
        stored.shape.reverse();
        stored.strides.reverse();
        Ok(stored)
    }

    /// A tensor with a stride for each axis, in elements.
    pub(super) fn strided(
        dtype: Dtype,
        shape: Vec<u64>,
        strides: Vec<u64>,
        part: Part,
        start: u64,
    ) -> Result<Self, Problem> {
        if shape.len() > MAX_AXES {
            return Err(Problem::new(format!("it has {} axes; at most {MAX_AXES} are read", shape.len())));
        }
        // The axes of size 0 aside, since array libraries multiply the others.
        let elements = shape.iter().try_fold(1, |n: u64, &size| n.checked_mul(size.max(1)));
        if elements.and_then(|n| n.checked_mul(16)).is_none_or(|bytes| bytes > isize::MAX as u64) {
            return Err(Problem::new(format!("a shape of {shape:?} overflows")));
        }
        if !shape.contains(&0) {
            let last = shape.iter().zip(&strides).try_fold(0, |at: u64, (&size, &stride)| {
                stride.checked_mul(size - 1).and_then(|extent| at.checked_add(extent))
            });
            let end =
                last.and_then(|last| last.checked_add(1)?.checked_mul(dtype.size())?.checked_add(start));
            if end.is_none_or(|end| end > part.size) {
                return Err(Problem::new(format!(
                    "a shape of {shape:?} with strides {strides:?} of type {dtype} from byte {start} on does not \
                     fit the {} bytes that are there",
                    part.size
                )));
            }
        }
        let shape = shape.into_iter().map(|size| size as usize).collect();
        Ok(Self { dtype, shape, big_endian: false, strides, part, start })
    }

    pub(super) fn big_endian(mut self, big_endian: bool) -> Self {
        self.big_endian = big_endian;
        self
    }

    /// How many elements it has; those that lie at one place count as often as they occur.
    pub(super) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has at most as many elements as the bytes that hold them can give: not where few are repeated.
    pub(super) fn is_held(&self) -> bool {
        self.len() as u64 <= self.part.size.max(1 << 16)
    }

    /// Reads the elements and converts them to the nearest `T`. Only a number type is read.
    pub(super) fn read<T: Float>(&self, source: &Source<'_>) -> Result<Tensor<T>, Problem> {
        if self.len() == 0 {
            return Ok(Tensor::from_vec(&self.shape, Vec::new()));
        }
        // In the order in which they lie, without the axes that repeat them.
        let mut axes: Vec<usize> =
            (0..self.shape.len()).filter(|&a| self.shape[a] > 1 && self.strides[a] > 0).collect();
        axes.sort_by_key(|&a| std::cmp::Reverse(self.strides[a]));
        let sizes: Vec<usize> = axes.iter().map(|&a| self.shape[a]).collect();
        let elements = self.read_in_order(source, &axes)?;
        if sizes.len() == self.shape.len() && axes.is_sorted() {
            return Ok(Tensor::from_vec(sizes, elements));
        }
        // Each axis where it belongs, the repeating ones with size 1.
        let mut order: Vec<isize> = (0..axes.len() as isize).collect();
        order.sort_by_key(|&i| axes[i as usize]);
        let once: Vec<usize> =
            self.shape.iter().zip(&self.strides).map(|(&n, &s)| if s > 0 { n } else { 1 }).collect();
        Ok(Tensor::from_vec(sizes, elements).permute(order).reshape(once).broadcast_to(&self.shape))
    }

    /// The elements in row-major order of these axes, whose strides do not grow.
    fn read_in_order<T: Float>(&self, source: &Source<'_>, axes: &[usize]) -> Result<Vec<T>, Problem> {
        // The last axes whose elements lie side by side are one run.
        let (mut run, mut outer) = (1, axes.len());
        while outer > 0 && self.strides[axes[outer - 1]] == run as u64 {
            run *= self.shape[axes[outer - 1]];
            outer -= 1;
        }
        let size = self.dtype.size() as usize;
        let count = axes.iter().map(|&a| self.shape[a]).product();
        let mut elements = Vec::with_capacity(count);
        let is_all = outer == 0 && self.start + (run * size) as u64 == self.part.size;
        if self.part.deflated && !is_all {
            return Err(Problem::new("its elements are compressed and not in order"));
        }
        // What lies before the elements must be unpacked, or is summed where it is short.
        if is_all && (self.part.deflated || self.start <= CHUNK as u64) {
            self.read_all(source, &mut elements, run * size)?;
            return Ok(elements);
        }
        let mut window = Window { source, end: self.part.bytes.end, start: 0, bytes: Vec::new() };
        let mut indices = vec![0; outer];
        while elements.len() < count {
            let place: u64 = (0..outer).map(|i| indices[i] as u64 * self.strides[axes[i]]).sum();
            let from = self.part.bytes.start + self.start + place * size as u64;
            for offset in (0..run * size).step_by(CHUNK) {
                let bytes = window.bytes(from + offset as u64, CHUNK.min(run * size - offset))?;
                self.dtype.decode(self.big_endian, bytes, &mut elements);
            }
            for i in (0..outer).rev() {
                indices[i] += 1;
                match indices[i] < self.shape[axes[i]] {
                    true => break,
                    false => indices[i] = 0,
                }
            }
        }
        Ok(elements)
    }

    /// The elements that fill the part to its end, with its checksum.
    fn read_all<T: Float>(
        &self,
        source: &Source<'_>,
        elements: &mut Vec<T>,
        bytes: usize,
    ) -> Result<(), Problem> {
        let mut stream = self.part.stream(source);
        let mut chunk = vec![0; CHUNK];
        let mut before = self.start as usize;
        while before > 0 {
            let part = before.min(CHUNK);
            stream.read(&mut chunk[..part])?;
            before -= part;
        }
        let mut left = bytes;
        while left > 0 {
            let part = &mut chunk[..CHUNK.min(left)];
            stream.read(part)?;
            self.dtype.decode(self.big_endian, part, elements);
            left -= part.len();
        }
        stream.finish()
    }
}

/// The bytes read last, so that neighbours are read together.
struct Window<'s, 'a> {
    source: &'s Source<'a>,
    /// Where the part ends.
    end: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl Window<'_, '_> {
    /// At most a chunk of bytes, which lie inside the part.
    fn bytes(&mut self, from: u64, count: usize) -> Result<&[u8], Problem> {
        let held = self.start..self.start + self.bytes.len() as u64;
        if from < held.start || from + count as u64 > held.end {
            let near = (held.start..=held.end + PAGE as u64).contains(&from);
            let ahead = if near { CHUNK } else { PAGE.max(count) };
            self.bytes.resize((self.end - from).min(ahead as u64) as usize, 0);
            self.start = from;
            self.source.read_exact_at(&mut self.bytes, from)?;
        }
        let at = (from - self.start) as usize;
        Ok(&self.bytes[at..at + count])
    }
}
