//! Reading a safetensors file without believing it.
//!
//! The file is 8 bytes with the length of the header, the header in JSON, and the tensors' bytes in the order
//! of their offsets.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use rawzip::ReaderAt;
use safetensors::tensor::Metadata;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::report::{clipped, quoted};
use super::source::{Problem, Source};
use super::stored::{Part, Stored};

/// The longest header that is read: the limit of the reference implementation.
const HEADER_LIMIT: u64 = 100_000_000;

/// The file's tensors by name.
pub(super) fn entries(source: &Source<'_>) -> Result<BTreeMap<String, Stored>, Problem> {
    let length = source.length();
    let Some(after_prefix) = length.checked_sub(8) else {
        return Err(Problem::new(format!(
            "it has {length} bytes; a safetensors file begins with 8 that give the length of its header"
        )));
    };
    let mut prefix = [0; 8];
    source.read_exact_at(&mut prefix, 0)?;
    let header_length = u64::from_le_bytes(prefix);
    if header_length > after_prefix {
        return Err(Problem::new(format!(
            "it claims a header of {header_length} bytes, but only {after_prefix} follow"
        )));
    }
    if header_length > HEADER_LIMIT {
        return Err(Problem::new(format!(
            "it claims a header of {header_length} bytes; at most {HEADER_LIMIT} are read"
        )));
    }
    let mut header = vec![0; header_length as usize];
    source.read_exact_at(&mut header, 8)?;
    let wrong =
        |e: serde_json::Error| Problem::new(format!("its header is wrong: {}", clipped(&e.to_string())));
    let Unique = serde_json::from_slice(&header).map_err(wrong)?;
    // The sizes, offsets and element types are checked here: gaps, overlaps and products that overflow.
    let metadata: Metadata = serde_json::from_slice(&header).map_err(wrong)?;
    drop(header);
    let (claimed, found) = (metadata.data_len() as u64, after_prefix - header_length);
    if claimed != found {
        return Err(Problem::new(format!("its tensors take {claimed} bytes, but {found} follow the header")));
    }
    let start = 8 + header_length;
    let mut entries = BTreeMap::new();
    for name in metadata.offset_keys() {
        let info = metadata.info(&name).expect("a key of the header");
        let (from, to) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
        let part = Part { bytes: start + from..start + to, size: to - from, deflated: false, crc: None };
        let shape = info.shape.iter().map(|&size| size as u64).collect();
        let stored = Stored::row_major(info.dtype.into(), shape, part, 0)?;
        entries.insert(name, stored);
    }
    Ok(entries)
}

/// A header without any name twice, of which the last would be taken silently.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Names)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, IgnoredAny)) = map.next_entry::<String, _>()? {
            if let Some(name) = names.replace(name) {
                return Err(A::Error::custom(format_args!("it has {} twice", quoted(&clipped(&name)))));
            }
        }
        Ok(Unique)
    }
}
