//! What became of a module that was saved or loaded.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The most entries of a kind that a text lists.
const LISTED: usize = 12;

/// A tensor of a file or module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its path in the module.
    pub name: String,
    /// The sizes of its axes.
    pub shape: Vec<usize>,
    /// The type of its elements, as safetensors names it: `F32`, `BF16`, `I64`.
    pub dtype: String,
}

/// A tensor that has another shape in the file than in the module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MisShaped {
    /// Its path in the module.
    pub name: String,
    /// The shape in the module.
    pub expected: Vec<usize>,
    /// The shape in the file.
    pub found: Vec<usize>,
}

/// What a file gave a module, and where the two differ.
///
/// ```
/// use wengert::prelude::*;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let small = Linear::<f32>::new(2, 3, &mut rng);
/// let report = Linear::<f32>::new(2, 4, &mut rng).load_bytes_lenient(&small.to_bytes())?;
/// assert!(!report.is_complete());
/// assert_eq!(
///     report.to_string(),
///     "0 loaded; shapes that differ: `weight` expected [4, 2], found [3, 2], `bias` expected [4], found [3]"
/// );
/// # Ok::<(), wengert::nn::LoadError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// The paths that were read, in the module's order.
    pub loaded: Vec<String>,
    /// What the module has and the file lacks, in the module's order.
    pub missing: Vec<Entry>,
    /// What the file has and the module lacks, by name.
    pub unexpected: Vec<Entry>,
    /// What both have in different shapes, in the module's order.
    pub mis_shaped: Vec<MisShaped>,
}

impl LoadReport {
    /// Whether file and module had the same entries with the same shapes.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.mis_shaped.is_empty()
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} loaded", self.loaded.len())?;
        let entry = |e: &Entry| format!("{} {:?}", quoted(&e.name), e.shape);
        list(f, "missing", &self.missing, entry)?;
        list(f, "unexpected", &self.unexpected, entry)?;
        list(f, "shapes that differ", &self.mis_shaped, |m| {
            format!("{} expected {:?}, found {:?}", quoted(&m.name), m.expected, m.found)
        })
    }
}

fn list<E>(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    entries: &[E],
    text: impl Fn(&E) -> String,
) -> fmt::Result {
    for (i, entry) in entries.iter().take(LISTED).enumerate() {
        match i {
            0 => write!(f, "; {title}: {}", clipped(&text(entry)))?,
            _ => write!(f, ", {}", clipped(&text(entry)))?,
        }
    }
    match entries.len() {
        n if n > LISTED => write!(f, " and {} more", n - LISTED),
        _ => Ok(()),
    }
}

/// The beginnings of the names in a file, as far as a line holds them.
fn beginnings(found: &[String]) -> String {
    let names: Vec<String> = found.iter().take(LISTED).map(|name| quoted(name)).collect();
    let more =
        if found.len() > LISTED { format!(" and {} more", found.len() - LISTED) } else { String::new() };
    if found.is_empty() { "no tensors".to_owned() } else { format!("{}{more}", clipped(&names.join(", "))) }
}

/// A name out of a file, with whatever a terminal would obey made visible.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.escape_debug())
}

/// The beginning of a text that a file can make as long as it likes.
pub(super) fn clipped(text: &str) -> String {
    const LIMIT: usize = 300;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

/// Why a module could not be saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The file system refused. There is no half-written file.
    #[error("cannot save to {}: {source}", .path.display())]
    Io {
        /// The file that was to be written.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// Why a module could not be loaded. The module is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file system refused.
    #[error("cannot load {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Not a file of a known format, or a damaged one.
    #[error("{origin} is no valid {format} file: {problem}")]
    Format {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// What it seems to be.
        format: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// An entry whose elements are not floating-point numbers.
    #[error("{origin}: {} has elements of type {found}, expected F64, F32, F16 or BF16", quoted(.name))]
    ElementType {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// The entry.
        name: String,
        /// Its element type.
        found: String,
    },
    /// Two entries that are one parameter in the module have different values.
    #[error(
        "{origin}: {} and {} have different values, but are the same parameter in the module",
        quoted(.first), quoted(.second)
    )]
    Conflict {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// An entry.
        first: String,
        /// Another one, with another value.
        second: String,
    },
    /// What was asked for is not there.
    #[error("{origin} has nothing under {}; there are {}", quoted(.path), beginnings(.found))]
    NotFound {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// The path that was asked for.
        path: String,
        /// What the names in the file begin with.
        found: Vec<String>,
    },
    /// Two entries have the same name after renaming.
    #[error("{origin}: {} and {} both become {}", quoted(.first), quoted(.second), quoted(.name))]
    Collision {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// An entry.
        first: String,
        /// Another one.
        second: String,
        /// The name that both got.
        name: String,
    },
    /// File and module do not have the same entries.
    #[error("{origin} does not fit the module: {report}")]
    Mismatch {
        /// The file's path, or "bytes" for data in memory.
        origin: String,
        /// What is missing, unexpected or has another shape. Nothing was loaded.
        report: LoadReport,
    },
}
