//! Reading a file of weights.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use autodiff::{Float, Tensor};

use super::layer::{DarknetLayer, Part, Turns, VARIANCES, transposed};
use super::{Loaded, Version, WeightsError};

pub(super) fn from_file<T: Float>(
    layers: &[DarknetLayer<'_, T>],
    path: &Path,
    cutoff: Option<usize>,
) -> Result<Loaded, WeightsError> {
    let origin = path.display().to_string();
    let cannot = |source| WeightsError::Io { origin: origin.clone(), source };
    let file = File::open(path).map_err(cannot)?;
    let len = file.metadata().map_err(cannot)?.len();
    Source { origin: origin.clone(), len, reader: BufReader::new(file) }.load(layers, cutoff)
}

pub(super) fn from_bytes<T: Float>(
    layers: &[DarknetLayer<'_, T>],
    bytes: &[u8],
    cutoff: Option<usize>,
) -> Result<Loaded, WeightsError> {
    Source { origin: "bytes".to_owned(), len: bytes.len() as u64, reader: bytes }.load(layers, cutoff)
}

/// The bytes of a file, and how many there are.
struct Source<R> {
    origin: String,
    len: u64,
    reader: R,
}

/// A layer with its number.
struct Numbered<'l, 'a, T: Float> {
    number: usize,
    layer: &'l DarknetLayer<'a, T>,
}

impl<R: Read> Source<R> {
    fn load<T: Float>(
        mut self,
        layers: &[DarknetLayer<'_, T>],
        cutoff: Option<usize>,
    ) -> Result<Loaded, WeightsError> {
        let (version, seen) = self.header()?;
        let header = version.header_len();
        let bytes = self.len.saturating_sub(header as u64);
        if !bytes.is_multiple_of(4) {
            return Err(WeightsError::Ragged { origin: self.origin, header, found: bytes });
        }
        let numbered: Vec<Numbered<'_, '_, T>> = layers
            .iter()
            .enumerate()
            .map(|(at, layer)| Numbered { number: layer.number.unwrap_or(at), layer })
            .filter(|numbered| cutoff.is_none_or(|cutoff| numbered.number < cutoff))
            .collect();
        let left_over = self.check_len(&numbered, bytes / 4, cutoff.is_some())?;
        // All is read before anything changes.
        let mut values = Vec::new();
        for layer in &numbered {
            for part in layer.layer.parts() {
                let value = self.part(layer, &part, version)?;
                values.push((part.target, value));
            }
        }
        values.iter().for_each(|(target, value)| target.set(value));
        Ok(Loaded { version, seen, layers: numbered.len(), left_over })
    }

    fn header(&mut self) -> Result<(Version, u64), WeightsError> {
        let least = 16;
        if self.len < least {
            let problem = format!(
                "a file of weights begins with a header of {least} or 20 bytes, this one has {}",
                self.len
            );
            return Err(WeightsError::Header { origin: self.origin.clone(), problem });
        }
        let mut numbers = [0u32; 3];
        for (number, name) in numbers.iter_mut().zip(["major", "minor", "revision"]) {
            let signed = i32::from_le_bytes(self.bytes()?);
            *number = signed.try_into().map_err(|_| WeightsError::Header {
                origin: self.origin.clone(),
                problem: format!("the {name} version in the header is {signed}, expected a number from 0 on"),
            })?;
        }
        let [major, minor, revision] = numbers;
        let version = Version { major, minor, revision };
        if !version.is_wide() {
            return Ok((version, u32::from_le_bytes(self.bytes()?).into()));
        }
        if self.len < version.header_len() as u64 {
            let problem = format!(
                "the header of version {major}.{minor}.{revision} has {} bytes, the file {}",
                version.header_len(),
                self.len
            );
            return Err(WeightsError::Header { origin: self.origin.clone(), problem });
        }
        Ok((version, u64::from_le_bytes(self.bytes()?)))
    }

    /// Whether the file has the numbers of the layers; how many it has beyond.
    fn check_len<T: Float>(
        &self,
        layers: &[Numbered<'_, '_, T>],
        found: u64,
        may_have_more: bool,
    ) -> Result<u64, WeightsError> {
        let needed: u64 = layers.iter().map(|layer| layer.layer.numbers()).sum();
        let origin = self.origin.clone();
        if found > needed && !may_have_more {
            let (layer, name) = layers.last().map_or((0, ""), |last| (last.number, last.layer.name.as_str()));
            let (name, left_over) = (name.to_owned(), found - needed);
            return Err(WeightsError::TooLong { origin, layer, name, left_over, found, needed });
        }
        let mut before = 0;
        for numbered in layers {
            for part in numbered.layer.parts() {
                let expected = part.len as u64;
                let end = before + expected;
                if found < end {
                    return Err(WeightsError::TooShort {
                        origin,
                        layer: numbered.number,
                        name: numbered.layer.name.clone(),
                        part: part.what,
                        missing: end - found,
                        expected,
                        found,
                        needed,
                    });
                }
                before = end;
            }
        }
        Ok(found - needed)
    }

    fn part<T: Float>(
        &mut self,
        layer: &Numbered<'_, '_, T>,
        part: &Part<'_, T>,
        version: Version,
    ) -> Result<Tensor<T>, WeightsError> {
        let mut bytes = vec![0; part.len * 4];
        self.reader.read_exact(&mut bytes).map_err(|source| self.io(source))?;
        let (numbers, _) = bytes.as_chunks::<4>();
        let mut numbers: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let none = |x: &f32| !(x.is_finite() && *x >= 0.0);
        if part.what == VARIANCES
            && let Some(channel) = numbers.iter().position(none)
        {
            return Err(WeightsError::Variance {
                origin: self.origin.clone(),
                layer: layer.number,
                name: layer.layer.name.clone(),
                channel,
                found: numbers[channel],
            });
        }
        let shape = part.target.shape();
        if part.turns == Turns::Always || part.turns == Turns::ByVersion && version.is_transposed() {
            // The file has [in, out].
            numbers = transposed(&numbers, part.len / shape[0]);
        }
        Ok(Tensor::from_vec(shape, numbers.into_iter().map(|x| T::from_f64(x.into())).collect()))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], WeightsError> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(|source| self.io(source))?;
        Ok(bytes)
    }

    fn io(&self, source: io::Error) -> WeightsError {
        WeightsError::Io { origin: self.origin.clone(), source }
    }
}
