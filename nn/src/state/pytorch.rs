//! Reading what `torch.save` writes: an archive with a pickle of the structure and a file for each storage.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::pickle::{Node, Pickle, TensorNote, Value};
use super::report::{clipped, quoted};
use super::source::{Problem, Source};
use super::stored::{Part, Stored};

/// The longest pickle that is read.
const PICKLE_LIMIT: u64 = 1 << 26;

/// How deep tensors may lie in dictionaries and lists.
const DEPTH: usize = 64;

/// The most values that are looked at. A dictionary that occurs several times counts each time.
const VISITS: usize = 1 << 22;

/// The most tensors, and the most bytes of a name.
const TENSORS: usize = 1 << 16;
const NAME: usize = 1 << 10;

/// How the format before PyTorch 1.6 begins: a pickle of a magic number.
pub(super) const LEGACY: [u8; 15] =
    [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.'];

/// The folder of the archive that `torch.save` wrote, with a slash, if it is one.
pub(super) fn folder(parts: &BTreeMap<String, Part>) -> Result<Option<String>, Problem> {
    let folders = parts.keys().filter_map(|name| name.strip_suffix("data.pkl"));
    let mut folders = folders.filter(|folder| folder.is_empty() || folder.ends_with('/'));
    match (folders.next(), folders.next()) {
        (_, Some(_)) => Err(Problem::new("it has more than one data.pkl")),
        (folder, None) => Ok(folder.map(str::to_owned)),
    }
}

/// The file's tensors by name: the keys on the way to each, joined by dots.
pub(super) fn entries(
    source: &Source<'_>,
    parts: &BTreeMap<String, Part>,
    folder: &str,
) -> Result<BTreeMap<String, Stored>, Problem> {
    let part = |name: &str| parts.get(&format!("{folder}{name}"));
    if part("constants.pkl").is_some() {
        return Err(Problem::new(
            "it is a TorchScript program: save torch.jit.load(path).state_dict() with torch.save",
        ));
    }
    if let Some((name, _)) = parts.iter().find(|(_, part)| part.deflated) {
        return Err(Problem::new(format!(
            "{} in it is compressed, which torch.save never does: load it in PyTorch and save it again",
            quoted(name)
        )));
    }
    let big_endian = match part("byteorder") {
        None => false,
        Some(part) => match part.read(source, 16)?.as_slice() {
            b"little" => false,
            b"big" => true,
            other => {
                let order = String::from_utf8_lossy(other).into_owned();
                return Err(Problem::new(format!("it has the byte order {}", quoted(&order))));
            }
        },
    };
    let data = part("data.pkl").expect("the folder is that of this file");
    let bytes = data.read(source, PICKLE_LIMIT)?;
    let pickle = Pickle::read(&bytes)?;
    let mut walk = Walk { pickle: &pickle, path: String::new(), visits: 0, found: Vec::new() };
    walk.value(pickle.root(), 0)?;
    let mut entries = BTreeMap::new();
    for (name, note) in walk.found {
        let stored = stored(&pickle, note, &part).map_err(|problem| match problem {
            Problem::Content(text) => Problem::new(format!("{}: {text}", quoted(&clipped(&name)))),
            io => io,
        })?;
        if entries.insert(name.clone(), stored.big_endian(big_endian)).is_some() {
            return Err(Problem::new(format!("it holds two tensors named {}", quoted(&clipped(&name)))));
        }
    }
    Ok(entries)
}

/// Where a tensor lies, if the storage is there and as large as the pickle claims.
fn stored<'a>(
    pickle: &Pickle<'_>,
    note: &TensorNote,
    part: &impl Fn(&str) -> Option<&'a Part>,
) -> Result<Stored, Problem> {
    let key = pickle.text(note.storage.key);
    let Some(part) = part(&format!("data/{key}")) else {
        return Err(Problem::new(format!("its storage {} is not in the archive", quoted(&clipped(key)))));
    };
    let element = note.storage.element.map_or(1, |element| element.dtype().size());
    let claimed = note.storage.length.checked_mul(element);
    if claimed != Some(part.size) {
        return Err(Problem::new(format!(
            "its storage claims {} elements of {element} bytes, and its file has {} bytes",
            note.storage.length, part.size
        )));
    }
    let start = note.offset.checked_mul(note.dtype.size()).filter(|&start| start <= part.size);
    let Some(start) = start else {
        return Err(Problem::new(format!(
            "it begins at element {} of a storage of {} bytes",
            note.offset, part.size
        )));
    };
    Stored::strided(note.dtype, note.shape.clone(), note.strides.clone(), part.clone(), start)
}

/// Finds the tensors in nested dictionaries, lists and tuples.
struct Walk<'p> {
    pickle: &'p Pickle<'p>,
    path: String,
    visits: usize,
    found: Vec<(String, &'p TensorNote)>,
}

impl<'p> Walk<'p> {
    fn value(&mut self, value: Value, depth: usize) -> Result<(), Problem> {
        let pickle = self.pickle;
        let Value::Node(index) = value else { return Ok(()) };
        match pickle.node(index) {
            Node::Tensor(note) => self.tensor(note),
            Node::Dict(_) | Node::List(_) | Node::Tuple(_) if depth == DEPTH => Err(Problem::new(format!(
                "its dictionaries and lists are nested deeper than {DEPTH}, or hold themselves"
            ))),
            Node::Dict(items) => items.iter().try_for_each(|&(key, value)| match key {
                Value::Text(span) => self.child(pickle.text(span), value, depth),
                Value::Int(number) => self.child(number, value, depth),
                // A name of another kind is none that a module has.
                _ => self.visit(),
            }),
            Node::List(items) => self.items(items, depth),
            Node::Tuple(items) => self.items(items, depth),
            Node::Storage(_) => Ok(()),
        }
    }

    fn items(&mut self, items: &[Value], depth: usize) -> Result<(), Problem> {
        items.iter().enumerate().try_for_each(|(i, &value)| self.child(i, value, depth))
    }

    fn child(&mut self, name: impl std::fmt::Display, value: Value, depth: usize) -> Result<(), Problem> {
        self.visit()?;
        if !matches!(value, Value::Node(_)) {
            return Ok(());
        }
        let length = self.path.len();
        let separator = if depth == 0 { "" } else { "." };
        write!(self.path, "{separator}{name}").expect("text grows");
        if self.path.len() > NAME {
            return Err(Problem::new(format!("it has a name of more than {NAME} bytes")));
        }
        let result = self.value(value, depth + 1);
        self.path.truncate(length);
        result
    }

    fn visit(&mut self) -> Result<(), Problem> {
        self.visits += 1;
        match self.visits <= VISITS {
            true => Ok(()),
            false => Err(Problem::new(format!("its dictionaries and lists have more than {VISITS} items"))),
        }
    }

    fn tensor(&mut self, note: &'p TensorNote) -> Result<(), Problem> {
        if self.found.len() == TENSORS {
            return Err(Problem::new(format!("it holds more than {TENSORS} tensors")));
        }
        self.found.push((self.path.clone(), note));
        Ok(())
    }
}
