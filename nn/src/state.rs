//! Saving a module's parameters and buffers, and loading them, as safetensors.

mod archive;
mod atomic;
mod report;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;
use std::path::Path;

use autodiff::{Float, Tensor};
use safetensors::{Dtype, View};

use self::archive::Archive;
pub use self::report::{Entry, LoadError, LoadReport, MisShaped, SaveError};
use crate::Module;
use crate::module::leaves::{Leaf, LeafId, leaves};

/// The one name that safetensors keeps for itself.
const RESERVED: &str = "__metadata__";

/// A parameter or buffer with all its paths.
struct Target<T: Float> {
    leaf: Leaf<T>,
    paths: Vec<String>,
}

impl<T: Float> Target<T> {
    fn value(&self) -> Tensor<T> {
        match &self.leaf {
            Leaf::Parameter(parameter) => parameter.value(),
            Leaf::Buffer(buffer) => buffer.value(),
        }
    }

    fn set(&self, value: &Tensor<T>) {
        match &self.leaf {
            Leaf::Parameter(parameter) => parameter.set(value),
            Leaf::Buffer(buffer) => buffer.set(value),
        }
    }
}

/// The leaves of a module in the order of their first paths.
#[track_caller]
fn targets<T: Float>(module: &(impl Module<T> + ?Sized), operation: &str) -> Vec<Target<T>> {
    let mut targets: Vec<Target<T>> = Vec::new();
    let mut places: HashMap<LeafId, usize> = HashMap::new();
    let mut owners: HashMap<String, LeafId> = HashMap::new();
    for (path, leaf) in leaves(module) {
        assert!(path != RESERVED, "{operation}: safetensors keeps the name `{RESERVED}` for itself");
        let id = leaf.id();
        match owners.insert(path.clone(), id) {
            Some(owner) if owner == id => continue,
            Some(_) => panic!("{operation}: two parameters or buffers of the module have the path `{path}`"),
            None => {}
        }
        let place = *places.entry(id).or_insert(targets.len());
        match targets.get_mut(place) {
            Some(target) => target.paths.push(path),
            None => targets.push(Target { leaf, paths: vec![path] }),
        }
    }
    targets
}

/// A tensor as safetensors asks for it.
struct Elements<T: Float>(Tensor<T>);

impl<T: Float> View for Elements<T> {
    fn dtype(&self) -> Dtype {
        if size_of::<T>() == 4 { Dtype::F32 } else { Dtype::F64 }
    }

    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut bytes = Vec::with_capacity(self.data_len());
        let single = self.dtype() == Dtype::F32;
        for &x in self.0.view() {
            match single {
                true => bytes.extend_from_slice(&(x.to_f64() as f32).to_le_bytes()),
                false => bytes.extend_from_slice(&x.to_f64().to_le_bytes()),
            }
        }
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        self.0.len() * size_of::<T>()
    }
}

#[track_caller]
pub(crate) fn to_bytes<T: Float>(module: &(impl Module<T> + ?Sized)) -> Vec<u8> {
    // By name, so that the bytes do not depend on the order of the fields.
    let entries: BTreeMap<String, Elements<T>> = targets(module, "to_bytes")
        .into_iter()
        .flat_map(|target| {
            let value = target.value();
            target.paths.into_iter().map(move |path| (path, Elements(value.clone())))
        })
        .collect();
    let format = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize(entries, Some(format)).expect("the names take less than 100 MB")
}

#[track_caller]
pub(crate) fn save<T: Float>(module: &(impl Module<T> + ?Sized), path: &Path) -> Result<(), SaveError> {
    let bytes = to_bytes(module);
    atomic::write(path, &bytes).map_err(|source| SaveError::Io { path: path.to_owned(), source })
}

#[track_caller]
pub(crate) fn load<T: Float>(
    module: &(impl Module<T> + ?Sized),
    path: &Path,
    strict: bool,
) -> Result<LoadReport, LoadError> {
    fill(module, Archive::open(path)?, strict)
}

#[track_caller]
pub(crate) fn load_bytes<T: Float>(
    module: &(impl Module<T> + ?Sized),
    bytes: &[u8],
    strict: bool,
) -> Result<LoadReport, LoadError> {
    fill(module, Archive::new(Cursor::new(bytes), bytes.len() as u64, "bytes".to_owned())?, strict)
}

/// Sets the module's leaves from the archive. Everything is read before the first one changes.
#[track_caller]
fn fill<T: Float, R: std::io::Read + std::io::Seek>(
    module: &(impl Module<T> + ?Sized),
    mut archive: Archive<R>,
    strict: bool,
) -> Result<LoadReport, LoadError> {
    let targets = targets(module, "load");
    let mut report = LoadReport::default();
    let mut fitting = Vec::new();
    for target in &targets {
        let value = target.value();
        let shape = value.shape();
        let present: Vec<&String> = target.paths.iter().filter(|path| archive.contains(path)).collect();
        if present.is_empty() {
            report.missing.push(Entry { name: target.paths[0].clone(), shape: shape.to_vec() });
        }
        let (fit, unfit): (Vec<_>, Vec<_>) =
            present.into_iter().partition(|path| archive.shape(path) == shape);
        report.mis_shaped.extend(unfit.iter().map(|path| MisShaped {
            name: path.to_string(),
            expected: shape.to_vec(),
            found: archive.shape(path).to_vec(),
        }));
        if unfit.is_empty() && !fit.is_empty() {
            fitting.push((target, fit));
        }
    }
    let known: HashMap<&str, &Leaf<T>> =
        targets.iter().flat_map(|t| t.paths.iter().map(|path| (path.as_str(), &t.leaf))).collect();
    for name in archive.names() {
        if !known.contains_key(name.as_str()) && !is_batch_counter(&name, &known) {
            report.unexpected.push(Entry { shape: archive.shape(&name).to_vec(), name });
        }
    }
    if strict && !report.is_complete() {
        return Err(LoadError::Mismatch { origin: archive.origin, report });
    }
    let mut values = Vec::with_capacity(fitting.len());
    for (target, paths) in &fitting {
        let value: Tensor<T> = archive.read(paths[0])?;
        for other in &paths[1..] {
            let other_value = archive.read::<T>(other)?;
            // By bits, so that NaN equals itself.
            let mut pairs = value.view().into_iter().zip(other_value.view());
            if pairs.any(|(&a, &b)| a.to_f64().to_bits() != b.to_f64().to_bits()) {
                return Err(LoadError::Conflict {
                    origin: archive.origin,
                    first: paths[0].clone(),
                    second: other.to_string(),
                });
            }
        }
        report.loaded.extend(paths.iter().map(|path| path.to_string()));
        values.push((target, value));
    }
    for (target, value) in values {
        target.set(&value);
    }
    Ok(report)
}

/// Whether this is the number of batches that PyTorch's batch normalization has seen, which ours does not keep.
fn is_batch_counter<T: Float>(name: &str, known: &HashMap<&str, &Leaf<T>>) -> bool {
    name.strip_suffix("num_batches_tracked")
        .filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
        .is_some_and(|prefix| {
            matches!(known.get(format!("{prefix}running_mean").as_str()), Some(Leaf::Buffer(_)))
        })
}
