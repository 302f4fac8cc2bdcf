//! The file format of a state: a safetensors file whose metadata describe what the tensors belong to.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use autodiff::Float;
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorView};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Error, StateProblem};

/// The metadata entry that describes the optimizer.
const KEY: &str = "wengert.optimizer";

/// What every description begins with.
#[derive(Deserialize)]
struct Kind {
    algorithm: String,
    element: String,
}

/// A tensor of the file.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
}

impl Entry {
    /// One with elements of the parameters' type.
    pub(crate) fn of<T: Float>(name: String, shape: &[usize]) -> Self {
        Self { name, dtype: dtype::<T>(), shape: shape.to_vec() }
    }

    /// Numbers that are `f64` whatever the parameters are.
    pub(crate) fn numbers(name: String, shape: &[usize]) -> Self {
        Self { name, dtype: Dtype::F64, shape: shape.to_vec() }
    }
}

fn dtype<T: Float>() -> Dtype {
    if size_of::<T>() == 4 { Dtype::F32 } else { Dtype::F64 }
}

pub(crate) fn encode<T: Float>(elements: &[T]) -> Vec<u8> {
    if size_of::<T>() == 4 {
        elements.iter().flat_map(|&x| (x.to_f64() as f32).to_le_bytes()).collect()
    } else {
        elements.iter().flat_map(|&x| x.to_f64().to_le_bytes()).collect()
    }
}

pub(crate) fn decode<T: Float>(bytes: &[u8]) -> Vec<T> {
    if size_of::<T>() == 4 {
        let (elements, _) = bytes.as_chunks();
        elements.iter().map(|&b| T::from_f64(f64::from(f32::from_le_bytes(b)))).collect()
    } else {
        let (elements, _) = bytes.as_chunks();
        elements.iter().map(|&b| T::from_f64(f64::from_le_bytes(b))).collect()
    }
}

/// A file of these tensors. The description holds `algorithm` and `element` among others.
pub(crate) fn serialize(description: &impl Serialize, tensors: &[(Entry, Vec<u8>)]) -> Vec<u8> {
    let views = tensors.iter().map(|(entry, bytes)| {
        let view = TensorView::new(entry.dtype, entry.shape.clone(), bytes);
        (entry.name.as_str(), view.expect("as many bytes as the shape needs"))
    });
    let description = serde_json::to_string(description).expect("numbers and strings");
    // One entry only: the map's order would show in the bytes.
    let metadata = HashMap::from([(KEY.to_owned(), description)]);
    safetensors::serialize(views, Some(metadata)).expect("well-formed tensors")
}

/// A file whose header was read. Nothing is allocated for a size that it claims before that is compared with
/// what the optimizer needs.
pub(crate) struct Archive<R> {
    reader: R,
    len: u64,
    /// Where the tensors begin.
    start: u64,
    metadata: Metadata,
}

impl<R: Read> Archive<R> {
    /// Reads the header of `len` bytes that hold at most `tensors` tensors.
    pub(crate) fn open(mut reader: R, len: u64, tensors: usize) -> Result<Self, StateProblem> {
        const LENGTH: u64 = 8;
        if len < LENGTH {
            return Err(StateProblem::Truncated { expected: LENGTH, found: len });
        }
        let mut length = [0; LENGTH as usize];
        reader.read_exact(&mut length)?;
        let claimed = u64::from_le_bytes(length);
        // A tensor's entry takes about a hundred bytes.
        let limit = (1 << 20) + (1 << 10) * tensors as u64;
        if claimed > limit {
            return Err(StateProblem::HeaderTooLarge { limit, found: claimed });
        }
        let start = LENGTH + claimed;
        if len < start {
            return Err(StateProblem::Truncated { expected: start, found: len });
        }
        let mut header = vec![0; claimed as usize];
        reader.read_exact(&mut header)?;
        let metadata = serde_json::from_slice(&header).map_err(StateProblem::Header)?;
        Ok(Self { reader, len, start, metadata })
    }

    /// How many tensors the header lists.
    pub(crate) fn count(&self) -> usize {
        self.metadata.offset_keys().len()
    }

    /// The description, if it is that of this algorithm for parameters of this element type.
    pub(crate) fn description<D: DeserializeOwned, T: Float>(
        &self,
        algorithm: &'static str,
    ) -> Result<D, StateProblem> {
        let entries = self.metadata.metadata().as_ref();
        let text = entries.and_then(|m| m.get(KEY)).ok_or(StateProblem::NoOptimizer(KEY))?;
        let damaged = |source| StateProblem::Description { key: KEY, source };
        let kind: Kind = serde_json::from_str(text).map_err(damaged)?;
        if kind.algorithm != algorithm {
            return Err(StateProblem::Algorithm { expected: algorithm, found: kind.algorithm });
        }
        if kind.element != T::NAME {
            return Err(StateProblem::ElementType { expected: T::NAME, found: kind.element });
        }
        serde_json::from_str(text).map_err(damaged)
    }

    /// The bytes of the tensors in the order of `expected`, if the file has those and no others.
    pub(crate) fn tensors(mut self, expected: &[Entry]) -> Result<Vec<Vec<u8>>, StateProblem> {
        let mut left = self.metadata.tensors();
        let mut places = HashMap::new();
        for (place, entry) in expected.iter().enumerate() {
            let Some(info) = left.remove(&entry.name) else {
                return Err(StateProblem::MissingTensor(entry.name.clone()));
            };
            if info.dtype != entry.dtype || info.shape != entry.shape {
                let shown = |dtype: Dtype, shape: &[usize]| format!("{dtype:?} {shape:?}");
                return Err(StateProblem::Tensor {
                    name: entry.name.clone(),
                    expected: shown(entry.dtype, &entry.shape),
                    found: shown(info.dtype, &info.shape),
                });
            }
            places.insert(entry.name.as_str(), place);
        }
        if let Some(name) = left.into_keys().min() {
            return Err(StateProblem::UnexpectedTensor(name));
        }
        let (found, expected_len) = (self.len, self.start + self.metadata.data_len() as u64);
        if found < expected_len {
            return Err(StateProblem::Truncated { expected: expected_len, found });
        }
        if found > expected_len {
            return Err(StateProblem::Oversized { expected: expected_len, found });
        }
        let mut tensors = vec![Vec::new(); expected.len()];
        for name in self.metadata.offset_keys() {
            let (from, to) = self.metadata.info(&name).expect("a key of the file").data_offsets;
            let bytes = &mut tensors[places[name.as_str()]];
            bytes.resize(to - from, 0);
            self.reader.read_exact(bytes)?;
        }
        Ok(tensors)
    }
}

/// Whether options have the values they should.
pub(crate) fn compare_options(
    place: &str,
    expected: &[(String, f64)],
    found: &[(String, f64)],
) -> Result<(), StateProblem> {
    let names = |options: &[(String, f64)]| options.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>();
    if names(found) != names(expected) {
        return Err(StateProblem::HyperParameterNames { expected: names(expected), found: names(found) });
    }
    match expected.iter().zip(found).find(|((_, e), (_, f))| e != f) {
        Some((&(ref name, expected), &(_, found))) => {
            Err(StateProblem::HyperParameter { name: format!("{name}{place}"), expected, found })
        }
        None => Ok(()),
    }
}

/// Writes a state to a file, which appears in full or not at all.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    autodiff::files::write_whole(path, bytes).map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Gives `take` an opened file and its length.
pub(crate) fn load(
    path: &Path,
    take: impl FnOnce(File, u64) -> Result<(), StateProblem>,
) -> Result<(), Error> {
    let open = || {
        // Opening a pipe would wait for a writer.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok((file, len))
    };
    let (file, len) = open().map_err(|source| Error::Read { path: path.to_owned(), source })?;
    take(file, len).map_err(|problem| Error::State { origin: path.display().to_string(), problem })
}

/// The error of a state that came as bytes.
pub(crate) fn in_bytes(problem: StateProblem) -> Error {
    Error::State { origin: "bytes".to_owned(), problem }
}
