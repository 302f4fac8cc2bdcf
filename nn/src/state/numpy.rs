//! Reading NumPy's arrays: `.npy` and the `.npz` archive of them that `np.savez` writes.
//!
//! An array is a magic number, a version, the length of the header, the header (a dictionary in Python's
//! notation that gives element type, order and shape), and the elements. Arrays of Python objects, which are
//! pickles, and of records are refused.

use std::collections::BTreeMap;

use super::dtype::Dtype;
use super::report::{clipped, quoted};
use super::source::{Problem, Source};
use super::stored::{Part, Stored};

pub(super) const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// The longest header that is read; that of an array with 64 axes has 1,400 bytes.
const HEADER_LIMIT: usize = 1 << 14;

/// The arrays of an archive by name.
pub(super) fn archive(
    source: &Source<'_>,
    parts: BTreeMap<String, Part>,
) -> Result<BTreeMap<String, Stored>, Problem> {
    let mut entries = BTreeMap::new();
    for (file, part) in parts {
        let inside = |problem| match problem {
            Problem::Content(text) => Problem::new(format!("{}: {text}", quoted(&file))),
            io => io,
        };
        let name = file.strip_suffix(".npy").ok_or_else(|| inside(Problem::new("it is no .npy array")))?;
        let stored = array(source, part).map_err(inside)?;
        entries.insert(name.to_owned(), stored);
    }
    Ok(entries)
}

/// A file that is a single array.
pub(super) fn single(source: &Source<'_>) -> Result<BTreeMap<String, Stored>, Problem> {
    let part = Part { bytes: 0..source.length(), size: source.length(), deflated: false, crc: None };
    Ok(BTreeMap::from([(String::new(), array(source, part)?)]))
}

fn array(source: &Source<'_>, part: Part) -> Result<Stored, Problem> {
    let mut stream = part.stream(source);
    let mut prefix = [0; 8];
    stream.read(&mut prefix)?;
    if prefix[..6] != MAGIC {
        return Err(Problem::new("it does not begin as a .npy array does"));
    }
    let (prefix_length, header_length) = match prefix[6] {
        1 => {
            let mut length = [0; 2];
            stream.read(&mut length)?;
            (10, usize::from(u16::from_le_bytes(length)))
        }
        2 | 3 => {
            let mut length = [0; 4];
            stream.read(&mut length)?;
            (12, u32::from_le_bytes(length) as usize)
        }
        version => {
            return Err(Problem::new(format!("it has version {version} of the format; 1 to 3 are read")));
        }
    };
    if header_length > HEADER_LIMIT {
        return Err(Problem::new(format!(
            "it claims a header of {header_length} bytes; at most {HEADER_LIMIT} are read"
        )));
    }
    let mut header = vec![0; header_length];
    stream.read(&mut header)?;
    let text = str::from_utf8(&header).map_err(|_| Problem::new("its header is not UTF-8"))?;
    let header = Header::parse(text)?;
    let (dtype, big_endian) = dtype(&header.descr)?;
    let start = prefix_length + header_length as u64;
    let elements = header.shape.iter().try_fold(1, |n: u64, &size| n.checked_mul(size));
    let expected = elements.and_then(|n| n.checked_mul(dtype.size())?.checked_add(start));
    if expected != Some(part.size) {
        return Err(Problem::new(format!(
            "a shape of {:?} of type {} is not what the {} bytes behind its header hold",
            header.shape,
            header.descr,
            part.size - start
        )));
    }
    let stored = match header.fortran_order {
        true => Stored::column_major(dtype, header.shape, part, start)?,
        false => Stored::row_major(dtype, header.shape, part, start)?,
    };
    Ok(stored.big_endian(big_endian))
}

/// The element type of NumPy's notation, and whether its bytes begin with the highest.
fn dtype(descr: &str) -> Result<(Dtype, bool), Problem> {
    let unknown = || Problem::new(format!("it has elements of the unknown type {}", quoted(&clipped(descr))));
    let mut characters = descr.chars();
    let big_endian = match characters.next() {
        Some('<' | '|') => false,
        Some('>') => true,
        _ => return Err(unknown()),
    };
    let kind = characters.next().ok_or_else(unknown)?;
    if kind == 'O' {
        return Err(Problem::new("it holds Python objects, which are not read: save numbers"));
    }
    // A date names its unit in brackets behind its size.
    let digits = characters.as_str().split('[').next().unwrap_or_default();
    let size: u64 = digits.parse().ok().filter(|&size| size < 1 << 32).ok_or_else(unknown)?;
    let dtype = match (kind, size) {
        ('f', 8) => Dtype::F64,
        ('f', 4) => Dtype::F32,
        ('f', 2) => Dtype::F16,
        ('i', 8) => Dtype::I64,
        ('i', 4) => Dtype::I32,
        ('i', 2) => Dtype::I16,
        ('i', 1) => Dtype::I8,
        ('u', 8) => Dtype::U64,
        ('u', 4) => Dtype::U32,
        ('u', 2) => Dtype::U16,
        ('u', 1) => Dtype::U8,
        ('b', 1) => Dtype::BOOL,
        ('c', 8) => Dtype::C64,
        ('c', 16) => Dtype::C128,
        ('f', 12 | 16) => Dtype::Other("long double", size),
        ('S', _) => Dtype::Other("bytes", size),
        ('U', _) => Dtype::Other("text", 4 * size),
        ('V', _) => Dtype::Other("raw bytes", size),
        ('M' | 'm', 8) => Dtype::Other("time", 8),
        _ => return Err(unknown()),
    };
    Ok((dtype, big_endian))
}

/// The three entries of an array's header.
struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<u64>,
}

impl Header {
    /// Reads a dictionary such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
    fn parse(text: &str) -> Result<Self, Problem> {
        let wrong = || Problem::new(format!("its header is wrong: {}", quoted(&clipped(text))));
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        let mut rest = Literal(text);
        rest.symbol("{").ok_or_else(wrong)?;
        while !rest.next_is("}") {
            let key = rest.string().ok_or_else(wrong)?;
            rest.symbol(":").ok_or_else(wrong)?;
            let is_new = match key {
                "descr" if rest.next_is("[") => {
                    return Err(Problem::new(
                        "it holds records, which are not read: save an array for each field",
                    ));
                }
                "descr" => descr.replace(rest.string().ok_or_else(wrong)?.to_owned()).is_none(),
                "fortran_order" => fortran_order.replace(rest.boolean().ok_or_else(wrong)?).is_none(),
                "shape" => shape.replace(rest.tuple().ok_or_else(wrong)?).is_none(),
                _ => false,
            };
            if !is_new {
                return Err(wrong());
            }
            if rest.symbol(",").is_none() && !rest.next_is("}") {
                return Err(wrong());
            }
        }
        rest.symbol("}").ok_or_else(wrong)?;
        match (descr, fortran_order, shape) {
            (Some(descr), Some(fortran_order), Some(shape)) if rest.0.trim().is_empty() => {
                Ok(Self { descr, fortran_order, shape })
            }
            _ => Err(wrong()),
        }
    }
}

/// What is left of a text in Python's notation. Each method takes what it is named for, if that comes next.
struct Literal<'t>(&'t str);

impl<'t> Literal<'t> {
    fn next_is(&self, symbol: &str) -> bool {
        self.0.trim_start().starts_with(symbol)
    }

    fn symbol(&mut self, symbol: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(symbol)?;
        Some(())
    }

    fn string(&mut self) -> Option<&'t str> {
        let text = self.0.trim_start();
        let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (string, rest) = text[1..].split_once(quote)?;
        self.0 = rest;
        (!string.contains('\\')).then_some(string)
    }

    fn boolean(&mut self) -> Option<bool> {
        let value = self.next_is("True");
        self.symbol(if value { "True" } else { "False" })?;
        Some(value)
    }

    fn tuple(&mut self) -> Option<Vec<u64>> {
        self.symbol("(")?;
        let mut numbers = Vec::new();
        while !self.next_is(")") {
            let text = self.0.trim_start();
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            numbers.push(text[..end].parse().ok()?);
            self.0 = &text[end..];
            // A single number is a tuple by its comma alone.
            if self.symbol(",").is_none() && (numbers.len() == 1 || !self.next_is(")")) {
                return None;
            }
        }
        self.symbol(")")?;
        Some(numbers)
    }
}
