//! A file of tensors, opened, and what is to be taken from it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use autodiff::{Float, Tensor};

use super::report::{Entry, LoadError, LoadReport, clipped, quoted};
use super::source::{Problem, Source};
use super::stored::Stored;
use super::{format, targets};
use crate::Module;

/// The tensors of a file by name, of which some or all can be loaded into a module.
///
/// Files that other programs wrote are read as they are: safetensors, what PyTorch's `torch.save` makes of a
/// state dict or of a dictionary that holds one (`.pt`, `.pth`), and NumPy's `.npz` and `.npy`. Which it is,
/// the file's first bytes say. [`Module::load`] takes a whole file; here is what lies between: a part of a
/// checkpoint, other names, all but the head.
///
/// ```no_run
/// use wengert::prelude::*;
///
/// # let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let net = Sequential::<f32>::new()
///     .push_named("conv", Conv2d::new(3, 8, 3, &mut rng))
///     .push(Flatten::new())
///     .push_named("fc", Linear::new(288, 10, &mut rng));
/// // {"epoch": 3, "model": {"module.conv.weight": …}, "optimizer": …}, of a model with 1000 classes.
/// let checkpoint = StateDict::open("checkpoint.pt")?;
/// println!("{checkpoint}");
/// let report = checkpoint.select("model")?.strip_prefix("module.")?.except("fc").load_into(&net)?;
/// assert_eq!(report.loaded, ["conv.weight", "conv.bias"]);
/// # Ok::<(), wengert::nn::LoadError>(())
/// ```
///
/// Opening reads the names, shapes and places; a tensor is read when it is loaded, so that a large file costs
/// no memory. A file is not believed: every size it claims is compared with its true one before anything is
/// allocated, and a PyTorch file is never run: its pickle is read by a machine that knows a state dict's few
/// names and builds no objects. What is no tensor (an epoch, a name) is passed over.
#[derive(Debug)]
pub struct StateDict<'a> {
    pub(super) origin: String,
    /// What the file is, as messages name it.
    format: &'static str,
    source: Source<'a>,
    pub(super) entries: BTreeMap<String, Stored>,
    /// Paths whose entries are neither in `entries` nor asked of the module.
    pub(super) excepted: Vec<String>,
}

impl StateDict<'static> {
    /// Opens a safetensors, PyTorch or NumPy file.
    ///
    /// # Errors
    /// The file cannot be read, or is none of these, or damaged; the text says where.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        let path = path.as_ref();
        let refused = |source| LoadError::Io { path: path.to_owned(), source };
        let source = Source::open(path).map_err(refused)?;
        Self::new(source, path.display().to_string())
    }
}

impl<'a> StateDict<'a> {
    /// The same from the bytes of such a file.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let layer = Linear::<f32>::new(2, 3, &mut ChaCha8Rng::seed_from_u64(0));
    /// let bytes = layer.to_bytes();
    /// let dict = StateDict::from_bytes(&bytes)?;
    /// assert_eq!(dict.names().collect::<Vec<_>>(), ["bias", "weight"]);
    /// assert_eq!(dict.tensor::<f32>("weight")?.shape(), [3, 2]);
    /// # Ok::<(), wengert::nn::LoadError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`open`](StateDict::open).
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, LoadError> {
        Self::new(Source::memory(bytes), "bytes".to_owned())
    }

    fn new(source: Source<'a>, origin: String) -> Result<Self, LoadError> {
        let (format, entries) = format::read(&source);
        match entries {
            Ok(entries) => Ok(Self { origin, format, source, entries, excepted: Vec::new() }),
            Err(problem) => Err(failure(problem, origin, format)),
        }
    }

    /// The names of the tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The tensors with shapes and element types, sorted by name.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let bytes = Linear::<f64>::new(2, 3, &mut ChaCha8Rng::seed_from_u64(0)).to_bytes();
    /// let dict = StateDict::from_bytes(&bytes)?;
    /// let bias = dict.entries().next().unwrap();
    /// assert_eq!((&*bias.name, &*bias.shape, &*bias.dtype), ("bias", &[3][..], "F64"));
    /// assert_eq!(dict.to_string(), "bias F64 [3]\nweight F64 [3, 2]\n");
    /// # Ok::<(), wengert::nn::LoadError>(())
    /// ```
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.entries.iter().map(|(name, stored)| entry(name, stored))
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Reads one tensor, its elements converted to the nearest `T`.
    ///
    /// # Errors
    /// There is none of that name, its elements are no floating-point numbers, it repeats elements to more than
    /// the file's size, or the file cannot be read.
    pub fn tensor<T: Float>(&self, name: &str) -> Result<Tensor<T>, LoadError> {
        let Some(stored) = self.entries.get(name) else { return Err(self.not_found(name)) };
        // A shape alone allocates nothing that the file does not hold.
        if !stored.is_held() {
            let text = format!(
                "{} of shape {:?} repeats the few elements that are there",
                quoted(&clipped(name)),
                stored.shape
            );
            return Err(failure(Problem::new(text), self.origin.clone(), self.format));
        }
        self.read(name, false)
    }

    /// Keeps what lies below a path, and takes the path off the names: of a checkpoint with the entries
    /// `model.fc.weight` and `optimizer.state.0.exp_avg`, `select("model")` gives `fc.weight`.
    ///
    /// # Errors
    /// Nothing lies below the path; the text says what is there.
    pub fn select(mut self, path: &str) -> Result<Self, LoadError> {
        let entries = std::mem::take(&mut self.entries);
        let inside = |name: &str| Some(name.strip_prefix(path)?.strip_prefix('.')?.to_owned());
        let found: BTreeMap<String, Stored> =
            entries.iter().filter_map(|(name, stored)| Some((inside(name)?, stored.clone()))).collect();
        if found.is_empty() {
            self.entries = entries;
            return Err(self.not_found(path));
        }
        self.entries = found;
        Ok(self)
    }

    /// Keeps the tensors whose names are wanted.
    pub fn filter(mut self, mut wanted: impl FnMut(&str) -> bool) -> Self {
        self.entries.retain(|name, _| wanted(name));
        self
    }

    /// Leaves what lies at or below a path out, in the file and in the module: loading strictly does not ask
    /// for it, as where a new head is trained on an old network. The path is that in the module, so this comes
    /// after any renaming.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let mut rng = ChaCha8Rng::seed_from_u64(0);
    /// let mut net = |classes| {
    ///     Sequential::<f32>::new()
    ///         .push_named("body", Linear::new(4, 8, &mut rng))
    ///         .push_named("fc", Linear::new(8, classes, &mut rng))
    /// };
    /// let (old, new) = (net(1000), net(3));
    /// let bytes = old.to_bytes();
    /// let report = StateDict::from_bytes(&bytes)?.except("fc").load_into(&new)?;
    /// assert_eq!(report.loaded, ["body.weight", "body.bias"]);
    /// # Ok::<(), wengert::nn::LoadError>(())
    /// ```
    pub fn except(mut self, path: &str) -> Self {
        self.entries.retain(|name, _| !lies_below(name, path));
        self.excepted.push(path.to_owned());
        self
    }

    /// Gives every tensor another name, or the same.
    ///
    /// ```
    /// use wengert::prelude::*;
    ///
    /// let layer = Linear::<f32>::new(2, 3, &mut ChaCha8Rng::seed_from_u64(0));
    /// let bytes = layer.to_bytes();
    /// let dict = StateDict::from_bytes(&bytes)?.rename(|name| format!("encoder.{name}"))?;
    /// assert_eq!(dict.names().collect::<Vec<_>>(), ["encoder.bias", "encoder.weight"]);
    /// # Ok::<(), wengert::nn::LoadError>(())
    /// ```
    ///
    /// # Errors
    /// Two tensors get the same name.
    pub fn rename(mut self, mut name: impl FnMut(&str) -> String) -> Result<Self, LoadError> {
        let mut olds: HashMap<String, String> = HashMap::new();
        let mut entries = BTreeMap::new();
        for (old, stored) in self.entries {
            let new = name(&old);
            if let Some(other) = olds.insert(new.clone(), old.clone()) {
                return Err(LoadError::Collision {
                    origin: self.origin,
                    first: other,
                    second: old,
                    name: new,
                });
            }
            entries.insert(new, stored);
        }
        self.entries = entries;
        Ok(self)
    }

    /// Takes a beginning off the names that have it: `strip_prefix("module.")` for a model that was saved from
    /// within PyTorch's `DataParallel`.
    ///
    /// # Errors
    /// Two tensors get the same name.
    pub fn strip_prefix(self, prefix: &str) -> Result<Self, LoadError> {
        self.rename(|name| name.strip_prefix(prefix).unwrap_or(name).to_owned())
    }

    /// Sets a module's parameters and buffers. Names and shapes must be the same on both sides.
    ///
    /// Elements of type F64, F32, F16 and BF16 are converted to the module's, rounded to the nearest. Of a
    /// parameter that occurs several times, one of its paths suffices. A batch normalization's count of batches
    /// may be missing. Everything is read before the first value changes, and never more than the module holds.
    ///
    /// # Errors
    /// The file cannot be read, or does not fit the module; the text names every entry that does not, with
    /// what was expected and what was found. The module is then unchanged.
    ///
    /// # Panics
    /// If two different parameters or buffers have the same path.
    #[track_caller]
    pub fn load_into<T: Float>(&self, module: &(impl Module<T> + ?Sized)) -> Result<LoadReport, LoadError> {
        self.fill(targets(module, "load_into"), true)
    }

    /// The same, but takes what fits and reports the rest.
    ///
    /// # Errors
    /// The file cannot be read, or an entry that fits by name and shape has elements that are no floating-point
    /// numbers. The module is then unchanged.
    ///
    /// # Panics
    /// If two different parameters or buffers have the same path.
    #[track_caller]
    pub fn load_into_lenient<T: Float>(
        &self,
        module: &(impl Module<T> + ?Sized),
    ) -> Result<LoadReport, LoadError> {
        self.fill(targets(module, "load_into_lenient"), false)
    }

    /// Reads a tensor that is there. Integers are read where they are a count.
    pub(super) fn read<T: Float>(&self, name: &str, is_count: bool) -> Result<Tensor<T>, LoadError> {
        let stored = &self.entries[name];
        if !(stored.dtype.is_float() || is_count && stored.dtype.is_number()) {
            return Err(LoadError::ElementType {
                origin: self.origin.clone(),
                name: name.to_owned(),
                found: stored.dtype.to_string(),
            });
        }
        stored.read(&self.source).map_err(|problem| {
            let problem = match problem {
                Problem::Content(text) => Problem::Content(format!("{}: {text}", quoted(&clipped(name)))),
                io => io,
            };
            failure(problem, self.origin.clone(), self.format)
        })
    }

    fn not_found(&self, path: &str) -> LoadError {
        let beginnings = self.names().map(|name| name.split('.').next().unwrap_or_default().to_owned());
        let found: BTreeSet<String> = beginnings.collect();
        LoadError::NotFound {
            origin: self.origin.clone(),
            path: path.to_owned(),
            found: found.into_iter().collect(),
        }
    }
}

/// A line for each tensor: name, element type, shape.
impl fmt::Display for StateDict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries
            .iter()
            .try_for_each(|(name, s)| writeln!(f, "{} {} {:?}", name.escape_debug(), s.dtype, s.shape))
    }
}

pub(super) fn entry(name: &str, stored: &Stored) -> Entry {
    Entry { name: name.to_owned(), shape: stored.shape.clone(), dtype: stored.dtype.to_string() }
}

fn failure(problem: Problem, origin: String, format: &'static str) -> LoadError {
    match problem {
        Problem::Io(source) => LoadError::Io { path: PathBuf::from(origin), source },
        Problem::Content(problem) => LoadError::Format { origin, format, problem },
    }
}

/// Whether a name is a path or leads on from it.
pub(super) fn lies_below(name: &str, path: &str) -> bool {
    name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
