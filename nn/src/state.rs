//! Saving a module's parameters and buffers as safetensors, and loading them from that and other formats.

mod dict;
mod dtype;
mod fill;
mod format;
mod numpy;
mod pickle;
mod pytorch;
mod report;
mod safetensors;
mod source;
mod stored;
mod zip;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ::safetensors::{Dtype, View};
use autodiff::{Float, Tensor, files};

pub use self::dict::StateDict;
pub use self::report::{Entry, LoadError, LoadReport, MisShaped, SaveError};
use crate::Module;
use crate::module::leaves::{Leaf, LeafId, leaves};

/// Writes a file so that it appears whole or not at all, as [`Module::save`] does: beside its place under another
/// name, flushed to the disk, and renamed. For models with a file format of their own.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("wengert-whole-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("file");
/// wengert::nn::write_whole(&path, b"all of it")?;
/// assert_eq!(std::fs::read(&path)?, b"all of it");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The file system refuses; the text names the path.
pub fn write_whole(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), SaveError> {
    let path = path.as_ref();
    files::write_whole(path, bytes).map_err(|source| SaveError::Io { path: path.to_owned(), source })
}

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

    fn is_count(&self) -> bool {
        matches!(&self.leaf, Leaf::Buffer(buffer) if buffer.is_count())
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
struct Elements<T: Float> {
    value: Tensor<T>,
    is_count: bool,
}

impl<T: Float> View for Elements<T> {
    fn dtype(&self) -> Dtype {
        match size_of::<T>() {
            _ if self.is_count => Dtype::I64,
            4 => Dtype::F32,
            _ => Dtype::F64,
        }
    }

    fn shape(&self) -> &[usize] {
        self.value.shape()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut bytes = Vec::with_capacity(self.data_len());
        let dtype = self.dtype();
        for &x in self.value.view() {
            match dtype {
                Dtype::I64 => bytes.extend_from_slice(&(x.to_f64() as i64).to_le_bytes()),
                Dtype::F32 => bytes.extend_from_slice(&(x.to_f64() as f32).to_le_bytes()),
                _ => bytes.extend_from_slice(&x.to_f64().to_le_bytes()),
            }
        }
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        self.value.len() * self.dtype().bitsize() / 8
    }
}

#[track_caller]
pub(crate) fn to_bytes<T: Float>(module: &(impl Module<T> + ?Sized)) -> Vec<u8> {
    // By name, so that the bytes do not depend on the order of the fields.
    let entries: BTreeMap<String, Elements<T>> = targets(module, "to_bytes")
        .into_iter()
        .flat_map(|target| {
            let (value, is_count) = (target.value(), target.is_count());
            target.paths.into_iter().map(move |path| (path, Elements { value: value.clone(), is_count }))
        })
        .collect();
    let format = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    ::safetensors::serialize(entries, Some(format)).expect("the names take less than 100 MB")
}

#[track_caller]
pub(crate) fn save<T: Float>(module: &(impl Module<T> + ?Sized), path: &Path) -> Result<(), SaveError> {
    write_whole(path, &to_bytes(module))
}

#[track_caller]
pub(crate) fn load<T: Float>(
    module: &(impl Module<T> + ?Sized),
    path: &Path,
    strict: bool,
) -> Result<LoadReport, LoadError> {
    let targets = targets(module, "load");
    StateDict::open(path)?.fill(targets, strict)
}

#[track_caller]
pub(crate) fn load_bytes<T: Float>(
    module: &(impl Module<T> + ?Sized),
    bytes: &[u8],
    strict: bool,
) -> Result<LoadReport, LoadError> {
    let targets = targets(module, "load_bytes");
    StateDict::from_bytes(bytes)?.fill(targets, strict)
}
